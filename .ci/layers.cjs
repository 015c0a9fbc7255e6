#!/usr/bin/env node
// The rooms of the SDK import each other in one direction, and its files in no circle of more than two. A folder's mod.rs that re-exports its own files
// imports none of them by that. Each import names the file that defines the item, so that this graph is the true one.
//
//   node .ci/layers.cjs [FOLDER]      default sdk/src
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const MOST = 2;
// Each room may import those before it.
const ROOMS = ["base", "platform", "store", "ledger", "relay", "journal", "people", "node", "boards", "acts", "keys", "records", "access", "system", "client"];
// What a verb is given. Its methods stand in its own room: elsewhere they would be calls that no import shows.
const HOMES = { Clocks: ["ledger"], Journals: ["journal"], People: ["people"], Person: ["acts"], Services: ["acts"], System: ["system", "client"], Client: ["client"] };
const source = path.resolve(process.argv[2] ?? path.join(__dirname, "../sdk/src"));

const under = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
  const at = path.join(folder, entry.name);
  if (entry.isDirectory()) return entry.name === "tests" ? [] : under(at);
  return entry.name.endsWith(".rs") && entry.name !== "tests.rs" ? [at] : [];
});
// `a/b.rs` and `a/b/mod.rs` are the module a::b.
const moduleOf = (file) => path.relative(source, file).replace(/\.rs$/, "").replace(/(^|\/)mod$/, "").replaceAll("/", "::");
const files = new Map(under(source).map((file) => [moduleOf(file), file]));

// The paths in a tree of imports: `a::{b, c::D}` gives a::b and a::c::D.
function paths(tree) {
  const tokens = tree.match(/[{},]|[^{},\s]+/g) ?? [];
  const found = [];
  const stack = [""];
  let last = "";
  for (const token of tokens) {
    if (token === "{") stack.push(stack.at(-1) + last);
    else if (token === "}") stack.pop();
    else if (token !== "," && token !== "as") found.push((last = token, stack.at(-1) + token));
  }
  return found.filter((found) => !found.endsWith("::"));
}

const wrong = [];

function imports(module, file) {
  // Tests may import what they like, and prose names what it likes.
  const text = fs.readFileSync(file, "utf8").replace(/^\s*\/\/.*$/gm, "").replace(/^#\[cfg\((all\()?test[^]*?^(mod|pub\(crate\) mod) \w+ \{[^]*?^\}/gm, "");
  const trees = [...text.matchAll(/\bcrate::((?:\w+::)*)(\{[^;]*\}|\w+)/g)];
  const named = trees.flatMap(([, prefix, rest]) => (rest.startsWith("{") ? paths(rest.slice(1, -1)).map((tail) => prefix + tail) : [prefix + rest]));
  for (const [name] of module === "lib" ? [] : text.matchAll(/\bsuper::\w+|\bcrate::[A-Z]\w*|\buse crate::\{[A-Z][^;]*/g)) wrong.push(`${module}: ${name.slice(0, 60)}: import it from the file that defines it, as crate::room::file::Item`);
  for (const [, type] of text.matchAll(/^impl (\w+)/gm)) if (type in HOMES && !HOMES[type].includes(module.split("::")[0])) wrong.push(`${module}: methods of ${type} stand in ${HOMES[type][0]} alone: take it as a parameter`);
  const targets = new Set();
  for (const name of named) {
    const parts = name.split("::");
    while (parts.length > 0 && !files.has(parts.join("::"))) parts.pop();
    const target = parts.join("::");
    if (target && target !== module && !(path.basename(file) === "mod.rs" && target.startsWith(`${module}::`))) targets.add(target);
  }
  return targets;
}

const graph = new Map([...files].map(([module, file]) => [module, imports(module, file)]));

// Tarjan: what reaches each other.
function circles() {
  const [index, low, stack, open, found] = [new Map(), new Map(), [], new Set(), []];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    open.add(node);
    for (const next of graph.get(node)) {
      if (!index.has(next)) visit(next);
      if (open.has(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const circle = [];
    do open.delete(stack.at(-1)), circle.push(stack.at(-1));
    while (stack.pop() !== node);
    found.push(circle);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}

const large = circles().filter((circle) => circle.length > MOST);
for (const circle of large) {
  console.error(`a circle of ${circle.length} files:`);
  for (const node of circle) console.error(`  ${node} imports ${[...graph.get(node)].filter((next) => circle.includes(next)).join(", ")}`);
}
const place = (module) => ROOMS.indexOf(module.split("::")[0]);
const upward = [...graph].flatMap(([from, targets]) => [...targets].filter((to) => place(from) >= 0 && place(to) > place(from)).map((to) => [from, to]));
for (const [from, to] of upward) wrong.push(`${from} imports ${to}, which is above it`);
for (const name of wrong) console.error(name);
const edges = [...graph.values()].reduce((sum, targets) => sum + targets.size, 0);
const good = large.length + wrong.length === 0;
if (good) console.log(`${graph.size} files, ${edges} imports, no circle of more than ${MOST} files, none of a room above`);
process.exit(good ? 0 : 1);
