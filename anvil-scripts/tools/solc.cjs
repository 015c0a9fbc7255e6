#!/usr/bin/env node
// The Solidity compiler as forge calls it: `--version`, or standard JSON from stdin to stdout.
// Sources arrive inline, so the path arguments that forge adds mean nothing here.
"use strict";
const solc = require("solc");

if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else if (process.argv.includes("--standard-json")) {
  process.stdout.write(solc.compile(require("node:fs").readFileSync(0, "utf8")));
} else {
  process.stderr.write("solc: only --version and --standard-json are offered\n");
  process.exitCode = 2;
}
