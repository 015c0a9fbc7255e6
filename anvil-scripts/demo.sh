#!/usr/bin/env bash
# The whole story, once, on a real chain and a real IPFS node. Its people hold no ether: a hospital's node pays.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
# Servers start when there is something to run on them.
anvil-scripts/programs.sh
anvil-scripts/stack.sh run --node -- "${CARGO_TARGET_DIR:-target}/debug/demo" "$@"
