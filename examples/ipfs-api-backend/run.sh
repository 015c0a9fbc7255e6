#!/usr/bin/env bash
# Runs the program inside the stack: a chain, a Kubo node and a relay that pays, which the environment names.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
state=$(mktemp -d "${TMPDIR:-/tmp}/hospital-record-adapter.XXXXXX")
trap 'rm -rf "$state"' EXIT
chmod 700 "$state"
target/ipfs-api-backend/debug/hospital-record-ipfs-api-backend "$HOSPITAL_RECORD_STORE" "$state"
