// The faults that are generated: small changes of the contracts, one at a time. Such a changed contract is a mutant.
"use strict";
const { readContract } = require("./plant.cjs");

// [name, what, with what]; each place on a line where it fits is one mutant.
const operators = [
  ["comparison", / == /g, " != "],
  ["comparison", / != /g, " == "],
  ["comparison", / <= /g, " < "],
  ["comparison", / >= /g, " > "],
  ["comparison", / < /g, " <= "],
  ["comparison", / > /g, " >= "],
  ["condition", / && /g, " || "],
  ["condition", / \|\| /g, " && "],
  ["condition", /if \(!/g, "if ("],
  ["refusal dropped", /^(\s*)if \((.*)\) revert .*$/g, "$1"],
  ["refusal dropped", /^(\s*)if \((.*)\) \{$/g, "$1if (false) {"],
  ["guard dropped", /^\s*_(require|expire|use)\w*\(.*\);$/g, ""],
  ["right swapped", /\bREAD\b/g, "CONTRIBUTE"],
  ["right swapped", /\bCONTRIBUTE\b/g, "READ"],
  ["right swapped", /\bDELEGATE\b/g, "READ"],
  ["right swapped", /\bATTEST\b/g, "READ"],
  ["write dropped", /^\s*\(?(record|chart|held|place|nonces|_made|vouchedUntil|_cases|_?votes|_unreviewed|_left|_closed|proxyOf)\b.* \|?= .*;$/g, ""],
  ["write dropped", /^\s*(delete |\+\+).*;$/g, ""],
  ["actor swapped", /(?<!function )\b_actor\(\)/g, "msg.sender"],
  ["domain widened", /\baddress\(this\)\)$|\bblock\.chainid\b/g, (all) => (all === "block.chainid" ? "0" : "address(0))")],
  ["entry dropped", /^\s*emit .*\);$/g, ""],
  ["arithmetic", / \+ /g, " - "],
  ["arithmetic", / - /g, " + "],
  ["arithmetic", / & /g, " | "],
  ["arithmetic", / \| /g, " & "],
  ["arithmetic", / (<<|>>) (\d+)/g, " $1 ($2 + 1)"],
  ["arithmetic", /= \+\+/g, "= 1 + "],
];

// What no test can see, and why.
const equivalents = [
  ["if (until >= own.expiresAt)", "when they are equal, it is the same second"],
  ["address patient = msg.sender", "the two verbs that say so have no signed form, so nobody carries them"],
  ["_unreviewed[i].due <= _unreviewed[oldest].due", "of two from one second either is the oldest"],
];

const reasonFor = ({ is }) => equivalents.filter(([part]) => is.includes(part)).map(([, why]) => `: ${why}`).join("");

// Each mutant of a contract, with its whole text.
function mutantsOf(file) {
  const lines = readContract(file).split("\n");
  const found = [];
  lines.forEach((line, index) => {
    if (/^\s*(\/\/|\/\*|\*|import|pragma|using|error|event)|for \(uint256 i;/.test(line)) return;
    for (const [name, what, other] of operators) {
      for (const match of line.matchAll(what)) {
        const changed = line.slice(0, match.index) + match[0].replace(new RegExp(what.source), other) + line.slice(match.index + match[0].length);
        if (changed === line) continue;
        const text = lines.with ? lines.with(index, changed) : lines.map((old, i) => (i === index ? changed : old));
        found.push({ file, line: index + 1, name, was: line.trim(), is: changed.trim(), text: text.join("\n") });
      }
    }
  });
  return found;
}

// A small generator of its own, so that the order is the same everywhere.
function shuffle(list) {
  let state = 1;
  for (let i = list.length - 1; i > 0; i--) {
    state = (state * 48271) % 2147483647;
    const j = state % (i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

module.exports = { mutantsOf, reasonFor, shuffle };
