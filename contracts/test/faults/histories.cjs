#!/usr/bin/env node
// Shows that each rule of contracts/test/invariant can fail. Writes a twin of the contracts that has every fault of
// `planted.cjs` with a rule. At most one fault is awake. While all sleep, each rule must hold on the twin. When a fault
// wakes, its rule must fail.
//
//   node contracts/test/faults/histories.cjs      all
//   node contracts/test/faults/histories.cjs 4    those of rule 4
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { root, plant, writeProject, run, exitWith } = require("./plant.cjs");
const faults = require("./planted.cjs").filter(({ rule }) => rule);

const forge = path.join(root, ".tools/bin/forge"); // the real binary: npm's launcher exits 0 when tests fail
const twin = path.join(root, ".forge/faults");

// The contracts of the twin. The forms have no fault, but their functions call functions that have.
const contracts = [
  "HospitalRecord", "Liveness", "Giving", "Ending", "Journal", "Signed", "SignedForms",
  "Board", "BoardForms", "Membership", "Reviews", "Boards",
];
const copied = [
  ...fs.readdirSync(path.join(root, "contracts/src")).filter((name) => /^(I.*|GrantSlot)\.sol$/.test(name)).map((name) => `src/${name}`),
  "test/Base.sol", "test/Replay.sol", "test/Types.sol", "test/invariant",
].map((name) => `contracts/${name}`);

// The argument of the constructor tells each contract of the twin which fault is awake.
const faulty = `pragma solidity ^0.8.28;

abstract contract Faulty {
    uint256 internal immutable _fault;
    bytes32[] private _walked;

    constructor(uint256 fault) {
        _fault = fault;
    }

    function _walk(bytes32 one) internal {
        _walked.push(one);
        for (uint256 i; i < _walked.length; ++i) if (_walked[i] == 0) revert();
    }
}
`;
// Each contract inherits it by one of the first two. The contracts that are deployed pass the argument on.
const wiring = [
  { file: "Journal", from: "is IHospitalRecord", to: "is IHospitalRecord, Faulty" },
  { file: "Signed", from: "is ISigned", to: "is ISigned, Faulty" },
  { file: "HospitalRecord", from: "is Giving, Ending {", to: "is Giving, Ending {\n    constructor(uint256 fault) Faulty(fault) {}" },
  { file: "Board", from: "(IHospitalRecord hospital_)", to: "(IHospitalRecord hospital_, uint256 fault) Faulty(fault)" },
  { file: "Boards", from: "(IHospitalRecord hospital)", to: "(IHospitalRecord hospital, uint256 fault) Faulty(fault)" },
  { file: "Boards", from: "new Board(hospital)", to: "new Board(hospital, fault)" },
].map((edit) => ({ what: "the number of the fault that is awake", ...edit }));

function writeTwin() {
  const planted = plant(contracts, [...faults, ...wiring], (number) => `_fault == ${number}`);
  const importing = Object.entries(planted).map(([name, text]) => [name, `import {Faulty} from "./Faulty.sol";\n${text}`]);
  writeProject(twin, copied, { ...Object.fromEntries(importing), Faulty: faulty });
}

// Rule 0 stands for all rules, fault 0 for none.
function ruleHolds(rule, fault, runs) {
  const campaign = rule === 0 ? "(rules|boards)" : rule >= 14 ? "boards" : "rules";
  fs.rmSync(path.join(twin, ".forge/failures"), { recursive: true, force: true });
  return run(twin, forge, ["test", "--match-test", `invariant_${campaign}`], {
    RULE: rule, HOSPITAL_RECORD_FAULT: fault, FOUNDRY_INVARIANT_RUNS: runs,
    FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT: 0, FOUNDRY_LINT_LINT_ON_BUILD: false,
  });
}

function sees({ rule, what }, number) {
  // Histories are drawn by lot: more of them may show what a few do not.
  let log;
  for (const runs of [128, 512, 2048]) {
    const result = ruleHolds(rule, number, runs);
    log = result.log;
    if (!result.passed) break;
  }
  const failure = /FAIL: .*/.exec(log)?.[0] ?? "";
  const isSeen = failure !== "" && !/too little was allowed|setUp|panic/.test(failure);
  const reason = failure.replace(/^FAIL: /, "").replace(/^failed to set up invariant testing environment: /, "")
    .replace(/^assertion failed: /, "").replace(/[:!].*/, "").replace(/ $/, "");
  console.log(isSeen ? `rule ${rule} sees: ${what} (${reason})` : `rule ${rule} DOES NOT SEE: ${what} (${failure})`);
  return isSeen;
}

exitWith("faults", () => {
  const only = Number(process.argv[2] ?? 0);
  writeTwin();
  const { passed, log } = ruleHolds(only, 0, 256);
  if (!passed) {
    process.stdout.write(log);
    throw new Error("the rules do not hold on a twin without a fault");
  }
  let unseen = 0;
  faults.forEach((fault, index) => {
    if ((only === 0 || only === fault.rule) && !sees(fault, index + 1)) unseen += 1;
  });
  return unseen === 0;
});
