// Plants faults in copies of the contracts, for the checks beside this file.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { spawnSync } = require("node:child_process");

const root = path.resolve(__dirname, "../../..");

const readContract = (name) => fs.readFileSync(path.join(root, `contracts/src/${name}.sol`), "utf8");

// The named contracts with the faults in them, by name. `isAwake` makes the Solidity for FAULT from the number of a fault.
function plant(names, faults, isAwake) {
  const sources = Object.fromEntries(names.map((name) => [name, readContract(name)]));
  faults.forEach(({ what, file, from, to }, index) => {
    const at = sources[file]?.indexOf(from) ?? -1;
    if (at < 0) throw new Error(`'${what}' no longer finds its place in ${file}: ${from}`);
    const planted = to.replaceAll("FAULT", `(${isAwake(index + 1)})`);
    sources[file] = sources[file].slice(0, at) + planted + sources[file].slice(at + from.length);
  });
  // A fault reads whether it is awake, which a pure function must not.
  return Object.fromEntries(names.map((name) => [name, sources[name].replaceAll(" pure", " view")]));
}

// Writes a project for forge: copies of these files and folders, where these contracts replace the copied ones. Output of
// an earlier build stays.
function writeProject(place, copied, contracts = {}) {
  fs.rmSync(path.join(place, "contracts"), { recursive: true, force: true });
  for (const name of [...copied, "foundry.toml"]) {
    fs.cpSync(path.join(root, name), path.join(place, name), { recursive: true, preserveTimestamps: true });
  }
  for (const [name, text] of Object.entries(contracts)) fs.writeFileSync(path.join(place, `contracts/src/${name}.sol`), text);
  fs.rmSync(path.join(place, ".tools"), { force: true });
  fs.symlinkSync(path.join(root, ".tools"), path.join(place, ".tools"));
}

// Runs a program in a project, with `env` added to the environment. Its output goes to the file `log` there.
function run(place, program, args, env) {
  const file = path.join(place, "log");
  const log = fs.openSync(file, "w");
  const { status, error } = spawnSync(program, args, { cwd: place, env: { ...process.env, ...env }, stdio: ["inherit", log, log] });
  fs.closeSync(log);
  if (error) throw error;
  return { passed: status === 0, log: fs.readFileSync(file, "utf8") };
}

// Runs a check to its exit code. `check` says whether it passed, or throws what stopped it.
function exitWith(name, check) {
  try {
    process.exitCode = check() ? 0 : 1;
  } catch (error) {
    console.error(`${name}: ${error.message}`);
    process.exitCode = 1;
  }
}

module.exports = { root, readContract, plant, writeProject, run, exitWith };
