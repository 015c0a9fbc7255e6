#!/usr/bin/env bash
# Writes contracts/artifacts/*.json, so that the Rust crates build without forge.
# With --check: fails when a committed file is not what the sources give.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
anvil-scripts/tools.sh foundry

deployer=0x4e59b44847b379578588920cA78FbF26c0B4956C
# "hospital-record/v1" in ASCII. Another salt or another byte of code is another address.
salt=0x686f73706974616c2d7265636f72642f76310000000000000000000000000000

new=$(mktemp)
trap 'rm -f "$new"' EXIT

# arguments NAME: of the constructor, behind the code. Boards are accounts of this very HospitalRecord.
arguments() {
  [ "$1" != Boards ] || .tools/bin/cast abi-encode 'f(address)' \
    "$(node -p 'require("./contracts/artifacts/HospitalRecord.json").address')" | cut -c3-
}

# write NAME: the artifact of the contract, to $new. Sets $address.
write() {
  # Alone and in folders of its own: what is compiled beside it must not be able to change the bytecode.
  local out=.forge/artifact/$1 compiled init_code
  .tools/bin/forge build --quiet --out "$out" --cache-path "$out-cache" "contracts/src/$1.sol"
  compiled=$out/$1.sol/$1.json

  init_code=$(node -p 'require("./'"$compiled"'").bytecode.object')$(arguments "$1")
  address=$(.tools/bin/cast compute-address --salt "$salt" --init-code-hash "$(.tools/bin/cast keccak "$init_code")" "$deployer" |
    grep -oE '0x[0-9a-fA-F]{40}')

  node - "$compiled" "$salt" "$address" "$init_code" >"$new" <<'JS'
const [compiled, salt, address, initCode] = process.argv.slice(2);
const { abi, deployedBytecode } = require(require("node:path").resolve(compiled));
const places = Object.values(deployedBytecode.immutableReferences ?? {}).flat().sort((a, b) => a.start - b.start);
const sorted = (value) =>
  Array.isArray(value) ? value.map(sorted)
  : value && typeof value === "object" ? Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]))
  : value;
console.log(JSON.stringify(sorted({
  abi, address, salt,
  bytecode: initCode,
  deployedBytecode: deployedBytecode.object,
  // Compiler-internal names say nothing; what counts is which bytes the constructor fills in.
  immutableReferences: places,
}), null, 1));
JS
}

# described NAME: the address goes into the descriptors for wallets, too. What boards are clones of is the first that Boards made.
described() {
  case $1 in
  HospitalRecord) set_address HospitalRecord "$address" ;;
  Boards)
    set_address HospitalRecordBoards "$address"
    set_address HospitalRecordBoard "$(.tools/bin/cast compute-address --nonce 1 "$address" | grep -oE '0x[0-9a-fA-F]{40}')"
    ;;
  *) set_address "HospitalRecord$1" "$address" ;;
  esac
}

set_address() {
  node - "contracts/clear-signing/eip712-$1.json" "$2" <<'JS'
const { readFileSync, writeFileSync } = require("node:fs");
const [file, address] = process.argv.slice(2);
const descriptor = JSON.parse(readFileSync(file));
for (const deployment of descriptor.context.eip712.deployments) deployment.address = address;
writeFileSync(file, JSON.stringify(descriptor, null, 2) + "\n");
JS
}

mkdir -p contracts/artifacts
for name in HospitalRecord Vouching AccessRequests Boards; do
  artifact=contracts/artifacts/$name.json
  write "$name"
  if [ "${1:-}" != --check ]; then
    cp "$new" "$artifact"
    described "$name"
    echo "$artifact: $name at $address"
  elif ! cmp -s "$new" "$artifact"; then
    echo "$artifact is stale: run 'make artifacts' and commit it" >&2
    exit 1
  fi
done
