#!/usr/bin/env node
// Each public module of the SDK has its guide with an example that is run. Each group, each builder and each name of the
// crate's root has an example, or links to one.
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

// What an app names: the crate's root. Groups borrow the person, and builders are awaited; their modules name them.
const root = new Set(lib.match(/^pub use crate::\{\n([^]*?)^\};/m)[1].match(/\b[A-Z]\w+/g));
const under = (folder) => fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? under(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`]));
const comments = /((?:^\/\/\/.*\n)*)((?:^#\[.*\n)*)^pub (?:struct|enum|trait) (\w+)(.*)/gm;
const items = under(`${sdk}/src`).filter((file) => file.endsWith(".rs")).flatMap((file) => [...read(file).matchAll(comments)].map(([, comment, attributes, name, rest]) => ({ file, comment, attributes, name, rest })));
const hasExample = (comment) => comment.includes("```");
const shown = items.filter(({ name, attributes, rest }) => root.has(name) || attributes.includes("nothing happens until") || rest.includes("&'a Person"));
const leads = (comment) => {
  const [, kind, target] = comment.match(/\[(guide|example)\]\(crate::(\w+)\)/) ?? [];
  return hasExample(comment) || (kind === "guide" ? modules.includes(target) : items.some((item) => item.name === target && hasExample(item.comment)));
};
for (const { file, name } of shown) {
  // Two rooms can have a type of one name; an app names one of them.
  const isShown = items.some((item) => item.name === name && leads(item.comment));
  if (!isShown) wrong.push(`${path.relative(sdk, file)}: ${name} has no example and names no guide`);
}

for (const text of wrong) console.error(text);
if (wrong.length === 0) console.log(`${modules.length} guides, ${shown.length} items with an example`);
process.exit(wrong.length === 0 ? 0 : 1);
