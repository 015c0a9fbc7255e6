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

cargo=(cargo run --quiet --locked -p hospital-record --all-features)
cargo build --locked -p hospital-record --all-features --examples
for name in "${names[@]}"; do
  echo "-- $name, alone"
  env -u ETH_RPC_URL -u HOSPITAL_RECORD_CONTRACT -u HOSPITAL_RECORD_STORE -u HOSPITAL_RECORD_NODE "${cargo[@]}" --example "$name"
  echo "-- $name, on Anvil and Kubo"
  anvil-scripts/stack.sh run -- "${cargo[@]}" --example "$name"
done
