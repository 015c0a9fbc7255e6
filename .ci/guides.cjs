#!/usr/bin/env node
// Each public module of the SDK has its guide with an example that is run; each group and builder has an example or names
// the guide that has one.
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const sdk = path.join(__dirname, "../sdk");
const read = (file) => fs.readFileSync(file, "utf8");
const wrong = [];

const lib = read(`${sdk}/src/lib.rs`);
const modules = [...lib.matchAll(/^pub mod (\w+)/gm)].map(([, name]) => name);
for (const name of modules) {
  const guide = `${sdk}/guides/${name}.md`;
  const source = fs.existsSync(`${sdk}/src/${name}/mod.rs`) ? read(`${sdk}/src/${name}/mod.rs`) : lib;
  if (!source.includes(`guides/${name}.md")]`)) wrong.push(`the module ${name} does not include guides/${name}.md`);
  if (!fs.existsSync(guide) || !/^```\n[^]*?^```$/m.test(read(guide))) wrong.push(`guides/${name}.md has no example that is run`);
}

const under = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? under(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
let types = 0;
for (const file of under(`${sdk}/src`).filter((name) => name.endsWith(".rs"))) {
  // A builder is awaited; a group borrows the person.
  for (const [, comment, kind, name] of read(file).matchAll(/((?:^\/\/\/.*\n)*)^(#\[must_use = "nothing happens.*|#\[derive\(Clone, Copy, Debug\)\])\npub struct (\w+(?:<'a>\(pub\(super\) &'a Person\))?)/gm)) {
    if (kind.startsWith("#[derive") && !name.includes("Person")) continue;
    types += 1;
    const guide = comment.match(/\[guide\]\(crate::(\w+)\)/)?.[1];
    if (!comment.includes("```") && !modules.includes(guide)) wrong.push(`${path.relative(sdk, file)}: ${name.split("<")[0]} has no example and names no guide`);
  }
}

for (const text of wrong) console.error(text);
if (wrong.length === 0) console.log(`${modules.length} guides, ${types} groups and builders`);
process.exit(wrong.length === 0 ? 0 : 1);
