#!/usr/bin/env node
// docs/errors.md from the code: the doc comments of ErrorKind, Error and Outcome, and what the matches over them say. The
// compiler sees that no match leaves one out; this sees that each has its words.
//
//   node .ci/errors.cjs            rewrites the page (`make errors`)
//   node .ci/errors.cjs --check    fails when it is stale
"use strict";
const fs = require("node:fs");
const path = require("node:path");

const root = path.join(__dirname, "..");
const page = path.join(root, "docs/errors.md");
const read = (file) => fs.readFileSync(path.join(root, file), "utf8");
const code = { kind: read("sdk/src/base/error/kind.rs"), error: read("sdk/src/base/error.rs"), outcome: read("sdk/src/base/error/outcome.rs") };
const cli = { rows: read("apps/cli/src/failure.rs"), kinds: read("apps/cli/src/sdk_errors.rs") };
const fail = (text) => { console.error(`errors: ${text}`); process.exit(1); };
const one = (text, pattern, what) => (text.match(pattern) ?? fail(`${what} is not found`))[1];

// Links stay readable without rustdoc.
const plain = (text) => text.replace(/\[(`[^`]+`)\]\([^)]*\)/g, "$1").replace(/\[(`[^`]+`)\]/g, "$1").replaceAll("|", "\\|").trim();

// The variants of an enum, each with the paragraphs of its comment.
function variants(text, name) {
  const body = one(text, new RegExp(`^pub enum ${name} \\{\\n([^]*?)^\\}`, "m"), `enum ${name}`);
  return [...body.matchAll(/((?:^ {4}\/\/\/.*\n)*)(?:^ {4}#\[[^]*?\)\]\n)?^ {4}([A-Z]\w*)/gm)].map(([, comment, variant]) => {
    const paragraphs = comment.replace(/^ {4}\/\/\/ ?/gm, "").split(/\n\s*\n/).map((text) => plain(text.replaceAll("\n", " ")));
    const act = paragraphs.find((text) => text.startsWith("*Do:* "));
    return { name: variant, means: paragraphs[0] || fail(`${name}::${variant} has no comment`), act: act?.slice("*Do:* ".length) };
  });
}

// A match's arms: which variants, and what they give.
const arms = (text, fn) => [...one(text, new RegExp(`fn ${fn}\\([^{]*\\{\\n\\s*match [^{]*\\{\\n([^]*?)\\n {8}\\}`), fn).matchAll(/^\s*([^]*?) => ([^,{]*(?:\{[^]*?\})?),?$/gm)];
const named = (arm) => [...arm.matchAll(/Self::(\w+)/g)].map(([, name]) => name);

const kinds = variants(code.kind, "ErrorKind");
const errors = variants(code.error, "Error");
const outcomes = variants(code.outcome, "Outcome");
const outages = named(one(code.kind, /fn is_outage[^]*?matches!\(self, ([^)]*)\)/, "is_outage"));
const uncertain = named(arms(code.outcome, "may_have_happened").find(([, , to]) => to === "true")?.[1] ?? fail("may_have_happened is not found"));

const kindsOf = (name) => arms(code.error, "kind").filter(([, arm]) => named(arm).includes(name)).map(([, , to]) => to.replace("ErrorKind::", ""));
const shownKinds = (name) => kindsOf(name).map((kind) => (kind === "error.kind()" ? "that of the error within" : `\`${kind}\``)).reverse().join(", or ");
const mayHaveHappened = (error) => {
  if (uncertain.includes(error.name)) return "yes";
  if (kindsOf(error.name).includes("error.kind()")) return error.name === "Halfway" ? "see `Outcome`" : "as of the error within";
  return outages.includes(kindsOf(error.name)[0]) ? "if it was sent" : "no";
};

const exits = Object.fromEntries([...cli.rows.matchAll(/Self::(\w+) => \((\d+), "([\w-]+)"\)/g)].map(([, kind, exit, word]) => [kind, { exit, word }]));
const exitOf = ({ name }) => exits[one(cli.kinds, new RegExp(`ErrorKind::${name} => Self::(\\w+)`), `the exit code of ${name}`)];

for (const { name, act } of [...kinds, ...outcomes]) if (!act) fail(`${name} does not say what to do: "*Do:* ..."`);
for (const { name } of errors) if (!kindsOf(name).length) fail(`Error::${name} has no kind`);

const table = (head, rows) => [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
const kindRows = kinds.map((kind) => [`\`${kind.name}\``, kind.means, kind.act, `${exitOf(kind).exit} \`${exitOf(kind).word}\``]);
const errorRows = errors.map((error) => [`\`${error.name}\``, error.means, shownKinds(error.name), mayHaveHappened(error)]);
const text = `# Errors

This page is made from the code: \`make errors\` writes it, \`.ci/run guides\` fails when it is stale.

Every call of the SDK fails with one type, \`Error\`. Its text is for people: it says what was wrong and what to do. An app
matches on four things:

| ask | it says |
|---|---|
| \`error.kind()\` | which class it is: [what to do](#kinds) |
| \`error.may_have_happened()\` | whether the act has taken effect, or may still do so. If so, call \`resume\` and look in the history before you repeat it |
| \`error.transaction()\` | the transaction of that act, if it is known |
| \`Error::Halfway { outcome, .. }\` | the act began, and something failed on the way: [what became of it](#outcomes) |

## Kinds

The last column is the program's exit code, and its word in \`--json\`.

${table(["\`ErrorKind\`", "it means", "what an app does", "exit"], kindRows)}

\`File\` exits with 3 where the file does not exist. The program's other exit codes are in [cli.md](cli.md#exit-codes).

## Variants

The last column says whether the act may still take effect, or has taken effect, although this was the answer. A reading is
logged before the record is decrypted: if its file cannot be written then, the reading stays in the history.

${table(["\`Error\`", "it means", "kind", "may have happened"], errorRows)}

## Outcomes

${table(["\`Outcome\`", "it means", "what an app does"], outcomes.map(({ name, means, act }) => [`\`${name}\``, means, act]))}
`;

if (process.argv[2] !== "--check") fs.writeFileSync(page, text);
else if (!fs.existsSync(page) || fs.readFileSync(page, "utf8") !== text) fail("docs/errors.md is stale: run `make errors`");
else console.log(`${kinds.length} kinds, ${errors.length} variants, ${outcomes.length} outcomes`);
