#!/usr/bin/env bash
# Runs every example twice: with nothing started, and inside the stack, where it finds a chain and a store in its environment.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
names=()
for file in examples/[0-9]*.rs; do
  [ ! -f "$file" ] || names+=("$(basename "$file" .rs)")
done
[ ${#names[@]} -gt 0 ] || {
  echo "no examples yet: nothing to run"
  exit
}

# As `make test` builds them: then nothing is built again.
cargo build --locked --workspace --all-features --examples
examples=${CARGO_TARGET_DIR:-target}/debug/examples
for name in "${names[@]}"; do
  echo "-- $name, alone"
  env -u ETH_RPC_URL -u HOSPITAL_RECORD_CONTRACT -u HOSPITAL_RECORD_STORE -u HOSPITAL_RECORD_NODE "$examples/$name"
  echo "-- $name, on Anvil and Kubo"
  anvil-scripts/stack.sh run -- "$examples/$name"
done
