#!/usr/bin/env node
// Breaks the contracts in one small way at a time and asks the unit and fuzz tests, run by the real forge, whether they
// see it. Writes docs/mutants.md.
//
//   node contracts/test/faults/mutants.cjs [--jobs N] [--minutes M] [--file NAME] [--sample N]
//
// Without --sample it tries them all. With --minutes it stops in time (exit code 1), and goes on another time: what was tried
// with the same contracts and tests is not tried again (`.forge/mutants/tried.json`). Mutants come in an order that is
// shuffled, the same each time, so what was run is a fair sample. What the report says of files that are not tried now stays.
// No invariants (chance) and no gas measurements (everything changes those) are run.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { execFile } = require("node:child_process");
const { createHash } = require("node:crypto");
const { root, writeProject } = require("./plant.cjs");
const { mutantsOf, reasonFor, shuffle } = require("./operators.cjs");

const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
// Each with the tests that most likely see its mutants: the others are run when these do not.
const tests = {
  Liveness: "{Grants,PassingOn}*", Giving: "{Grants,PassingOn}*", Ending: "{Endings,SignedRevocation}*", GrantSlot: "{Grants,PassingOn}*",
  HospitalRecord: "{Records,Status,Attest,Readings,Profile}*", Journal: "Journal*", Signed: "Signed*", SignedForms: "Signed*",
  Vouching: "{Vouching,SignedElsewhere}*", AccessRequests: "{AccessRequests,SignedElsewhere}*", Boards: "{Board,SignedElsewhere}*",
  Board: "{Board,SignedElsewhere}*", BoardForms: "SignedElsewhere*", Membership: "{Board,SignedElsewhere}*", Reviews: "{Board,SignedElsewhere}*",
};
const files = Object.keys(tests).filter((name) => [undefined, name].includes(option("file")));

function workplace(number) {
  const place = path.join(root, `.forge/mutants/${number}`);
  fs.rmSync(place, { recursive: true, force: true });
  // With what is compiled already; else each place would compile all the tests.
  writeProject(place, ["contracts", ".forge/out", ".forge/cache"]);
  return place;
}

const forge = (place, args) =>
  new Promise((done) =>
    execFile(path.join(place, ".tools/bin/forge"), args, {
      cwd: place, timeout: 900_000, maxBuffer: 1 << 28,
      env: { ...process.env, FOUNDRY_LINT_LINT_ON_BUILD: "false", FOUNDRY_FUZZ_RUNS: "64" },
    }, (error, out, err) => done({ passed: !error, text: out + err })),
  );
const test = (place) => forge(place, ["test", "--fail-fast", "--no-match-path", "contracts/test/{Gas*,invariant/*,halmos/*}"]);
const testNear = (place, file) => forge(place, ["test", "--fail-fast", "--match-path", `contracts/test/${tests[file]}`]);

async function judge(place, mutant) {
  const source = path.join(place, `contracts/src/${mutant.file}.sol`);
  const original = fs.readFileSync(source, "utf8");
  fs.writeFileSync(source, mutant.text);
  // The tests take the contracts by their names: none of them is compiled again.
  let { passed, text } = await forge(place, ["build", "contracts/src"]);
  if (passed) ({ passed, text } = await testNear(place, mutant.file));
  if (passed) ({ passed, text } = await test(place));
  fs.writeFileSync(source, original);
  if (/Compiler run failed|compilation failed/i.test(text)) return "invalid";
  if (passed) return "survived";
  return /\[FAIL/.test(text) ? "killed" : "undecided"; // took too long
}

const page = path.join(root, "docs/mutants.md");
const outcomes = ["killed", "survived", "invalid", "undecided"];
// A line of the report: how many of a file's mutants were tried, with which outcomes. Those of files that are not tried now
// are kept.
const before = fs.existsSync(page) ? fs.readFileSync(page, "utf8").split("\n") : [];
const isTriedNow = (names) => names.split(/, /).some((name) => files.includes(name.replace(".sol", "")));
const keptRows = before.filter((line) => /^\| \w.*\| \d+ of \d+ \|/.test(line) && !isTriedNow(line.split(" | ")[0].slice(2)));
const keptSurvivors = before.filter((line) => line.startsWith("- ") && !isTriedNow(line.slice(2).split(", ")[0]));

function report(results, all) {
  const rows = files.map((file) => {
    const list = results.filter((r) => r.file === file);
    const counts = outcomes.map((outcome) => list.filter((r) => r.outcome === outcome).length);
    return `| ${file} | ${list.length} of ${all.filter((m) => m.file === file).length} | ${counts.join(" | ")} |`;
  });
  const survivors = results.filter((r) => r.outcome === "survived").sort((a, b) => (a.file + String(a.line).padStart(5)).localeCompare(b.file + String(b.line).padStart(5)))
    .map((r) => `- ${r.file}.sol, ${r.name}: \`${r.was}\` to \`${r.is || "nothing"}\`${reasonFor(r)}`);
  const out = [
    "# Mutants", "",
    "Written by `node contracts/test/faults/mutants.cjs`, which breaks the contracts in one small way at a time and runs the unit",
    "and fuzz tests. A mutant that no test sees survives. What does not compile is no mutant. `tried` counts mutants of the",
    "contracts as they were when this was written, drawn by lot; of the others nothing is known.", "",
    "| file | tried | killed | survived | do not compile | took too long |", "|---|---|---|---|---|---|",
    ...[...keptRows, ...rows].sort(), "", "## Survivors", "", ...[...keptSurvivors, ...survivors].sort(), "",
  ];
  fs.mkdirSync(path.dirname(page), { recursive: true });
  fs.writeFileSync(page, out.join("\n"));
}

const memory = path.join(root, ".forge/mutants/tried.json");
const tried = fs.existsSync(memory) ? JSON.parse(fs.readFileSync(memory, "utf8")) : {};
const sources = ["src", "test"].flatMap((folder) =>
  fs.readdirSync(path.join(root, "contracts", folder)).filter((name) => name.endsWith(".sol")).sort()
    .map((name) => fs.readFileSync(path.join(root, "contracts", folder, name), "utf8")));
const keyOf = (mutant) => createHash("sha256").update(JSON.stringify([sources, mutant.file, mutant.text])).digest("hex");

function remember(mutant, outcome) {
  tried[keyOf(mutant)] = outcome;
  fs.mkdirSync(path.dirname(memory), { recursive: true });
  fs.writeFileSync(memory, JSON.stringify(tried));
}

async function main() {
  const all = shuffle(files.flatMap(mutantsOf));
  const sample = all.slice(0, Number(option("sample", all.length)));
  const until = Date.now() + 60_000 * Number(option("minutes", "100000"));
  const results = all.map((mutant) => ({ ...mutant, outcome: tried[keyOf(mutant)] })).filter((r) => r.outcome);
  const queue = sample.filter((mutant) => !tried[keyOf(mutant)]);
  await Promise.all([...Array(Number(option("jobs", "2"))).keys()].map(async (number) => {
    const place = workplace(number);
    const start = await test(place);
    if (!start.passed) throw new Error(`the tests fail on the contracts as they are:\n${start.text.slice(-3000)}`);
    while (queue.length > 0 && Date.now() < until) {
      const mutant = queue.shift();
      const outcome = await judge(place, mutant);
      results.push({ ...mutant, outcome });
      if (outcome !== "undecided") remember(mutant, outcome);
      if (outcome === "survived") console.log(`survived: ${mutant.file}.sol:${mutant.line} ${mutant.was} -> ${mutant.is}`);
      report(results, all);
    }
  }));
  const survived = results.filter((r) => r.outcome === "survived").length;
  const killed = results.filter((r) => r.outcome === "killed").length;
  console.log(`mutants: ${killed} of ${killed + survived} killed; ${all.length - results.length} not tried`);
  process.exitCode = sample.every((mutant) => tried[keyOf(mutant)]) && killed >= 0.95 * (killed + survived) ? 0 : 1;
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});
