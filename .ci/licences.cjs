// Checks every dependency of a Cargo manifest against the licences, exceptions and bans of deny.toml.
// cargo-deny does this too; it takes minutes to build, this needs nothing.
"use strict";
const { spawnSync } = require("node:child_process");
const fs = require("node:fs");

const policy = fs.readFileSync("deny.toml", "utf8").replace(/^\s*#.*$/gm, "");
const strings = (text) => [...text.matchAll(/"([^"]+)"/g)].map((match) => match[1]);
const list = (name) => strings(policy.match(new RegExp(`^${name} = \\[([^\\]]*)\\]`, "m"))?.[1] ?? "");
const allowed = new Set(list("allow"));
const exceptions = new Map(
  [...policy.matchAll(/\{ crate = "([^"]+)", allow = \[([^\]]*)\] \}/g)].map(([, crate, names]) => [crate, strings(names)]),
);
const banned = new Set([...policy.matchAll(/\{ crate = "([^"]+)", reason/g)].map((match) => match[1]));
if (allowed.size === 0) throw new Error("deny.toml names no licence");

// SPDX expressions: OR binds weaker than AND; "A/B" is the old spelling of "A OR B".
function satisfied(expression, accepts) {
  const tokens = expression.replace(/\//g, " OR ").match(/\(|\)|[^\s()]+/g) ?? [];
  const either = () => {
    let value = both();
    while (tokens[0] === "OR") value = (tokens.shift(), both()) || value;
    return value;
  };
  const both = () => {
    let value = one();
    while (tokens[0] === "AND") value = (tokens.shift(), one()) && value;
    return value;
  };
  const one = () => {
    let token = tokens.shift();
    if (token === "(") {
      const value = either();
      tokens.shift();
      return value;
    }
    if (tokens[0] === "WITH") token = [token, tokens.shift(), tokens.shift()].join(" ");
    return accepts(token);
  };
  return either() && tokens.length === 0;
}

// npm's lock file names the licence of each package.
if (process.argv[2].endsWith("package-lock.json")) {
  const packages = Object.entries(JSON.parse(fs.readFileSync(process.argv[2], "utf8")).packages).filter(([at]) => at !== "");
  // It says its licence in a field of before 2014, which npm leaves out.
  const old = { "node_modules/memorystream": "MIT" };
  const extra = (at) => exceptions.get(at.replace(/^.*node_modules\//, "")) ?? [];
  const accepted = ([at, { license = old[at] ?? "none" }]) => satisfied(license, (id) => allowed.has(id) || extra(at).includes(id));
  const wrong = packages.filter((entry) => !accepted(entry)).map(([at, { license }]) => `${at}: licence "${license ?? "none"}" is not allowed`);
  console.log(wrong.length ? wrong.join("\n") : `${process.argv[2]}: ${packages.length} packages, all licences allowed`);
  process.exit(wrong.length ? 1 : 0);
}

// `cargo tree` knows which optional dependencies are really taken; `cargo metadata` does not.
const flags = ["--locked", "--workspace", "--all-features", "--target", "all", "--prefix", "none", "--format", "{p}|{l}"];
const tree = spawnSync("cargo", ["tree", "--manifest-path", process.argv[2], ...flags], {
  encoding: "utf8",
  maxBuffer: 1 << 28,
  stdio: ["ignore", "pipe", "inherit"],
});
if (tree.status !== 0) process.exit(1);
const seen = new Map();
for (const line of tree.stdout.split("\n").filter(Boolean)) {
  const [crate, licence] = line.split("|");
  seen.set(crate, licence.replace(/ \(\*\)$/, ""));
}
const faults = [];
for (const [crate, licence] of seen) {
  const name = crate.split(" ")[0];
  const extra = exceptions.get(name) ?? [];
  if (!satisfied(licence, (id) => allowed.has(id) || extra.includes(id))) faults.push(`${crate}: licence "${licence}" is not allowed`);
  if (banned.has(name)) faults.push(`${crate}: banned`);
}
console.log(faults.length ? faults.join("\n") : `${process.argv[2]}: ${seen.size} crates, all licences allowed`);
process.exitCode = faults.length ? 1 : 0;
