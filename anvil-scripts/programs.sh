#!/usr/bin/env bash
# Builds the demo and the node. In one go: apart, Cargo would choose other features of what both need, and build it twice.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
which=(-p hospital-record-demo -p hospital-record-node)
# Beside the tests: as those build them.
[ "${HOSPITAL_RECORD_PROGRAMS:-}" != tested ] || which=(--workspace --all-features --bins)
cargo build "$@" --locked "${which[@]}"
