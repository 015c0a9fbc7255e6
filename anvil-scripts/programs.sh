#!/usr/bin/env bash
# Builds the demo and the node. In one go: apart, Cargo would choose other features of what both need, and build it twice.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo build "$@" --locked -p hospital-record-demo -p hospital-record-node
