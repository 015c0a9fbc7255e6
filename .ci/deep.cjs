#!/usr/bin/env node
// Checks of the contracts that take too long for every change. They are run by hand and recorded, each with a digest of
// what it reads, in docs/verification.md.
//
//   node .ci/deep.cjs            runs those whose inputs changed since they were recorded
//   node .ci/deep.cjs NAME...    runs these
//   node .ci/deep.cjs --check    runs nothing; fails where inputs changed
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { execFileSync, spawn } = require("node:child_process");
const { createHash } = require("node:crypto");

const root = path.resolve(__dirname, "..");
const page = path.join(root, "docs/verification.md");
// The bytecode, not the sources: a comment that is reworded changes nothing of what was shown. CI holds the two together
// (`artifact`). Slither reads comments.
const bytecode = "contracts/artifacts";
const faults = (...names) => names.map((name) => `contracts/test/faults/${name}.cjs`);
const rules = ["contracts/test/invariant", ...["Base", "Replay", "Types"].map((name) => `contracts/test/${name}.sol`), "foundry.toml"];
const properties = ["contracts/test/halmos", "anvil-scripts/tools/halmos.txt"];
// Those that `mutants.cjs` runs: no rule and no property.
const units = [":(glob)contracts/test/*.sol", "contracts/test/vectors"];
const count = (what) => (text) => (text.match(what) ?? []).length;
const last = (what) => (text) => [...text.matchAll(what)].at(-1)?.[1];

// Whether it takes hours, what it shows, the command, what it reads (paths as Git takes them), and what of its output is its result.
const checks = {
  coverage: {
    shows: "the unit tests run every line of the contracts",
    command: ["make", "coverage"],
    reads: [bytecode, ...units, "contracts/test/coverage.sh", "foundry.toml"],
    result: last(/^coverage: the tests run (all \d+ lines)$/gm),
  },
  faults: {
    shows: "each rule of the histories fails on every fault that is planted for it",
    command: ["make", "faults"],
    reads: [bytecode, ...rules, ...faults("planted", "plant", "histories")],
    result: (text) => `${count(/^rule \d+ sees/gm)(text)} faults seen`,
  },
  histories: {
    hours: true,
    shows: "the rules hold over 10,000 random histories each",
    command: ["make", "histories"],
    reads: [bytecode, ...rules],
    result: (text) => `${last(/(\d+) tests passed/g)(text)} campaigns, ${last(/runs: (\d+)/g)(text)} histories each`,
  },
  symbolic: {
    shows: "what halmos proves for any arguments and any state, and that each proof sees its planted fault",
    command: ["make", "symbolic"],
    reads: [bytecode, ...properties, ...faults("planted", "plant", "symbolic")],
    result: (text) => `${count(/^proves/gm)(text)} properties`,
  },
  "symbolic-any-call": {
    hours: true,
    shows: "the same, for properties that say something of every verb",
    command: ["make", "symbolic-any-call"],
    reads: [bytecode, ...properties, ...faults("planted", "plant", "symbolic")],
    result: (text) => `${count(/^proves/gm)(text)} properties`,
  },
  mutants: {
    hours: true,
    shows: "the unit tests notice small changes of the contracts (mutants.md)",
    command: ["make", "mutants"],
    reads: [bytecode, ...units, ...faults("operators", "plant", "mutants")],
    result: last(/^mutants: (.*)$/gm),
  },
  slither: {
    shows: "Slither finds nothing that is not explained beside the code",
    command: ["make", "slither"],
    reads: ["contracts/src", "contracts/test/slither.sh", "anvil-scripts/tools/slither.txt"],
    result: last(/, (\d+ result\(s\) found)/g),
  },
};

function digest(reads) {
  const files = execFileSync("git", ["ls-files", "-z", "--error-unmatch", "--", ...reads], { cwd: root, encoding: "utf8" }).split("\0").filter(Boolean).sort();
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\0`).update(createHash("sha256").update(fs.readFileSync(path.join(root, file))).digest());
  return hash.digest("hex").slice(0, 32);
}

function recorded() {
  const rows = fs.existsSync(page) ? fs.readFileSync(page, "utf8").split("\n") : [];
  return Object.fromEntries(rows.map((row) => row.split(" | ")).filter((cells) => cells.length === 6)
    .map(([name, , result, took, day, inputs]) => [name.slice(2), { result, took, day, inputs: inputs.replace(/[`| ]/g, "") }]));
}

function write(rows) {
  const lines = Object.entries(checks).filter(([name]) => rows[name])
    .map(([name, { shows }]) => `| ${name} | ${shows} | ${rows[name].result} | ${rows[name].took} | ${rows[name].day} | \`${rows[name].inputs}\` |`);
  fs.writeFileSync(page, [
    "# Deep checks", "",
    "Checks of the contracts that take too long for every change: `make check-deep` runs those whose inputs changed and writes",
    "this page. `inputs` is a digest of the bytecode, the tests and the scripts that the check read; CI fails when it is stale.", "",
    "`make fuzz-node` is the deep check of the node: schemathesis sends a thousand requests of each kind to each route. It takes",
    "minutes, and nothing is recorded here; `make test` sends a few.", "",
    "| check | shows | result | took | day | inputs |", "|---|---|---|---|---|---|", ...lines, "",
  ].join("\n"));
}

// What it prints goes through, and is kept.
const run = ([program, ...args]) =>
  new Promise((done) => {
    let text = "";
    const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    for (const name of ["stdout", "stderr"]) child[name].on("data", (part) => { text += part; process[name].write(part); });
    child.on("error", (error) => done({ failed: error.message, text }));
    child.on("close", (code, signal) => done({ failed: code === 0 ? "" : `exit ${code ?? signal}`, text }));
  });

async function main(args) {
  const rows = recorded();
  const stale = Object.keys(checks).filter((name) => rows[name]?.inputs !== digest(checks[name].reads));
  if (args[0] === "--check") {
    // What takes hours may lag behind, said aloud; but a record is never of other inputs.
    const lags = (name) => checks[name].hours && !rows[name];
    for (const name of stale.filter(lags)) console.log(`NOT CHECKED: ${name} was not run to its end`);
    const wrong = stale.filter((name) => !lags(name));
    for (const name of wrong) console.error(`${name}: ${rows[name] ? "what it read has changed" : "was never run"}; run make check-deep`);
    return wrong.length === 0;
  }
  const unknown = args.filter((name) => !Object.hasOwn(checks, name));
  if (unknown.length > 0) throw new Error(`no check ${unknown}: ${Object.keys(checks).join(", ")}`);
  let passed = true;
  for (const name of args.length > 0 ? args : stale) {
    const { command, reads, result } = checks[name];
    const [inputs, started] = [digest(reads), Date.now()];
    console.log(`== ${name}`);
    const { failed, text } = await run(command);
    const found = result(text);
    if (failed || !found) {
      console.error(`${name}: ${failed || "said nothing that could be recorded"}`);
      passed = false;
      continue;
    }
    const took = `${Math.ceil((Date.now() - started) / 60_000)} min`;
    rows[name] = { result: found, took, day: new Date().toISOString().slice(0, 10), inputs };
    write(rows);
  }
  return passed;
}

main(process.argv.slice(2)).then((passed) => { process.exitCode = passed ? 0 : 1; }, (error) => {
  console.error(error.message);
  process.exitCode = 2;
});
