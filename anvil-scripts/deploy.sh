#!/usr/bin/env bash
# Deploys each contract to its one address, through the CREATE2 deployer that most chains have; prints their names and
# addresses. Does nothing where they are there already.
#
#   anvil-scripts/deploy.sh RPC_URL [how `cast send` shall sign, e.g. --ledger or --account NAME]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deployer=0x4e59b44847b379578588920cA78FbF26c0B4956C
cast=$root/.tools/bin/cast

rpc=${1:?usage: deploy.sh RPC_URL [cast send options]}
shift
"$root/anvil-scripts/tools.sh" foundry

# What does not answer has no code, and is no empty chain either.
has_code() {
  local code
  code=$("$cast" code --rpc-url "$rpc" "$1") || {
    echo "the RPC does not answer: nothing was deployed by this" >&2
    exit 1
  }
  [ "$code" != 0x ]
}

for name in HospitalRecord Vouching AccessRequests Boards; do
  # shellcheck disable=SC2016 # a JavaScript template
  read -r address calldata < <(node -p 'const a = require(process.argv[1]); `${a.address} ${a.salt}${a.bytecode.slice(2)}`' \
    "$root/contracts/artifacts/$name.json")
  if ! has_code "$address"; then
    has_code "$deployer" || {
      echo "this chain has no CREATE2 deployer at $deployer" >&2
      exit 1
    }
    "$cast" send --rpc-url "$rpc" "$@" "$deployer" "$calldata" >/dev/null
  fi
  # The address commits to the whole creation code, so code at it is our code.
  has_code "$address" || {
    echo "the deployment left no code at $address" >&2
    exit 1
  }
  echo "$name $address"
done
