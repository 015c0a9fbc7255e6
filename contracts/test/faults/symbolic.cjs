#!/usr/bin/env node
// Proves the properties of contracts/test/halmos with halmos, for any arguments and any storage. Shows that each can fail,
// too: it must see the fault that `planted.cjs` has for it, on a twin of the contracts.
//
//   node contracts/test/faults/symbolic.cjs               all
//   node contracts/test/faults/symbolic.cjs --cheap       those that take seconds each
//   node contracts/test/faults/symbolic.cjs --any-call    those that say something of every verb
//   node contracts/test/faults/symbolic.cjs NAME...       these
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { root, readContract, plant, writeProject, run, exitWith } = require("./plant.cjs");
const planted = require("./planted.cjs").filter(({ property }) => property);

const halmos = path.join(root, ".tools/halmos/bin");
const tests = path.join(root, "contracts/test/halmos");
const [real, twin] = ["real", "twin"].map((name) => path.join(root, ".forge/halmos", name));
const contracts = [
  "HospitalRecord", "Liveness", "Giving", "Ending", "Journal", "Signed", "SignedForms", "GrantSlot", "Vouching", "AccessRequests",
  "Board", "BoardForms", "Membership", "Reviews", "Boards",
];
// Their properties, in this order, number the faults.
const order = ["Slots", "Grants", "Journal", "Records", "Signed", "Beside", "Boards"].map((name) => `${name}.t.sol`);

const readTest = (file) => fs.readFileSync(path.join(tests, file), "utf8");
const testFiles = () => fs.readdirSync(tests).filter((file) => file.endsWith(".t.sol")).sort();

// Each property with its fault. A property of any call takes one proof for each verb.
function propertiesWithFaults() {
  const files = testFiles().sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const properties = files.flatMap((file) => [...readTest(file).matchAll(/^contract ([A-Za-z]+) is (\w+)/gm)]);
  const names = [...properties.map(([, name]) => name), ...planted.map(({ property }) => property)];
  const wrong = [...new Set(names)].sort().filter((name) =>
    properties.filter((match) => match[1] === name).length !== 1 || planted.filter(({ property }) => property === name).length !== 1);
  if (wrong.length > 0) throw new Error(`not every property has one fault, or a fault has no property: ${wrong.join(" ")}`);
  return properties.map(([, name, base]) => ({ name, isOfAnyCall: base === "AnyAct", fault: planted.find(({ property }) => property === name) }));
}

const verbsOf = (name) =>
  [...readContract(name).matchAll(/function ([A-Za-z]+)\([^)]*\)\s*external(\s+returns\s+\([^)]*\))?\s*;/g)].map(([, verb]) => verb);

// The tests of any call must try every verb of the contracts.
function checkVerbs() {
  const acts = readTest("Acts.sol");
  for (const verb of [...verbsOf("IHospitalRecord"), ...verbsOf("ISigned")]) {
    if (["relay", "revokeSigned"].includes(verb)) continue;
    if (!acts.includes(`(hospital.${verb}, (`)) throw new Error(`Acts.sol lacks the verb ${verb}`);
  }
  const seats = readTest("Seats.sol");
  for (const verb of [...verbsOf("IBoard"), ...verbsOf("ISigned")]) {
    if (verb === "relay") continue;
    if (!seats.includes(`(board.${verb}, (`)) throw new Error(`Seats.sol lacks the verb ${verb}`);
    if (!seats.includes(`function check_${verb}(`)) throw new Error(`Seats.sol tries no ${verb}`);
  }
}

function choose(properties, [first, ...others]) {
  if (!first) return properties;
  if (first === "--cheap") return properties.filter(({ isOfAnyCall }) => !isOfAnyCall);
  if (first === "--any-call") return properties.filter(({ isOfAnyCall }) => isOfAnyCall);
  return [first, ...others].map((wanted) => {
    const property = properties.find(({ name }) => name === wanted);
    if (!property) throw new Error(`no property '${wanted}': ${properties.map(({ name }) => name).join(" ")}`);
    return property;
  });
}

// Projects of their own, because halmos has forge build all there is.
function writeProjects(properties) {
  const copied = ["contracts/src", "contracts/test/halmos"];
  // Free functions can read the block's proposer too, and no contract here uses it.
  const sources = plant(contracts, properties.map(({ fault }) => fault), (number) => `uint160(address(block.coinbase)) == ${number}`);
  writeProject(real, copied);
  writeProject(twin, copied, sources);
  const awake = ({ name }, index) =>
    `contract Twin_${name} is ${name} { function _fault() internal pure override returns (uint160) { return ${index + 1}; } }\n`;
  fs.writeFileSync(path.join(twin, "contracts/test/halmos/Twins.t.sol"),
    ["pragma solidity ^0.8.28;\n", ...testFiles().map((file) => `import "./${file}";\n`), ...properties.map(awake)].join(""));
}

// The results of halmos for each contract that matches, and its log.
function prove(project, pattern, options = []) {
  const file = path.join(project, "result.json");
  fs.rmSync(file, { force: true });
  const { log } = run(project, path.join(halmos, "python"), [
    "-m", "halmos", "--match-contract", `^(${pattern})$`, "--no-status", "--json-output", "result.json",
    "--solver-threads", "1", "--loop", "40", "--solver-timeout-assertion", "10m",
    "--solver-command", `${path.join(halmos, "yices-smt2")} --smt2-model-format --bvconst-in-decimal`, ...options,
  ], {
    // Otherwise it leaves a folder in the user's home, and prefers a solver from there to ours.
    HOME: project, PATH: `${root}/.tools/bin:${process.env.PATH}`,
    FOUNDRY_OUT: "out", FOUNDRY_CACHE_PATH: "cache", FOUNDRY_LINT_LINT_ON_BUILD: false,
  });
  if (!fs.existsSync(file)) {
    process.stderr.write(log);
    throw new Error("halmos did not run");
  }
  const results = Object.entries(JSON.parse(fs.readFileSync(file, "utf8")).test_results);
  return { log, results: results.map(([contract, tests]) => ({ contract: contract.split(":")[1], ...summary(tests) })) };
}

function summary(tests) {
  const sum = (of) => tests.reduce((total, test) => total + of(test), 0);
  const paths = tests.map((test) => test.num_paths ?? [0, 0, 1]); // all, passed, stuck
  const codes = tests.map((test) => test.exitcode);
  return {
    worst: Math.max(...codes), least: Math.min(...codes),
    models: sum((test) => (test.models ?? []).filter((model) => model.is_valid).length),
    passed: Math.min(...paths.map((path) => path[1])), stuck: paths.reduce((total, path) => total + path[2], 0),
    cutLoops: sum((test) => test.num_bounded_loops ?? 0),
    seconds: sum((test) => test.time?.[0] ?? 0).toFixed(1),
  };
}

// The result of a contract, if there is exactly one.
function resultOf({ results }, contract) {
  const matches = results.filter((result) => result.contract === contract);
  return matches.length === 1 ? matches[0] : { seconds: "-" };
}

function verdict(ofReal, ofAsleep, ofTwin) {
  // 0: it holds on all paths. There must be some, and on none may halmos give up or stop unrolling a loop.
  if (ofReal.worst !== 0 || ofReal.passed === 0 || ofReal.stuck > 0 || ofReal.cutLoops > 0) return "FAILS   ";
  if (ofAsleep.worst !== 0) return "ASLEEP? ";
  // 1: a counterexample. Anything else (a timeout, or all paths revert) shows nothing.
  if (ofTwin.worst !== 1 || ofTwin.models === 0) return "DOES NOT SEE";
  return "proves  ";
}

// The lines of the log that say why a property failed.
function excerpt(log, name) {
  const lines = log.split("\n");
  const at = lines.findIndex((line) => line.includes("Running ") && line.endsWith(`:${name}`));
  return at < 0 ? [] : lines.slice(at, at + 13).map((line) => `         ${line}`);
}

exitWith("halmos", () => {
  const args = process.argv.slice(2);
  const properties = propertiesWithFaults();
  checkVerbs();
  const chosen = choose(properties, args);
  writeProjects(properties);
  const pattern = chosen.map(({ name }) => name).join("|");
  const onReal = prove(real, pattern);
  for (const each of !args[0] || args[0] === "--any-call" ? ["EveryVerbCanSucceed", "EveryVerbOfABoardCanSucceed"] : []) {
    const { worst, least } = resultOf(prove(real, each, ["--early-exit"]), each);
    if (worst !== 1 || least !== 1) throw new Error(`a verb never succeeds: see ${path.join(real, "log")}`);
  }
  // The faults must change nothing while they sleep. Otherwise the property may see something else than its fault.
  const onAsleep = args[0] === "--cheap" ? undefined : prove(twin, pattern);
  const onTwin = prove(twin, `Twin_(${pattern})`, ["--early-exit"]);
  const verdicts = chosen.map(({ name, fault }) => {
    const [ofReal, ofTwin] = [resultOf(onReal, name), resultOf(onTwin, `Twin_${name}`)];
    const result = verdict(ofReal, onAsleep ? resultOf(onAsleep, name) : { worst: 0 }, ofTwin);
    if (result === "FAILS   ") for (const line of excerpt(onReal.log, name)) console.log(line);
    console.log(`${result} ${name} (${ofReal.seconds} s); the twin: ${fault.what} (${ofTwin.seconds} s)`);
    return result;
  });
  return verdicts.every((result) => result === "proves  ");
});
