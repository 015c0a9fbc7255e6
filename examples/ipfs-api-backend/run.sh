#!/usr/bin/env bash
# Runs the program inside the stack: a Kubo node, and a hospital's node for chain and relay, which the environment names.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
state=$(mktemp -d "${TMPDIR:-/tmp}/hospital-record-adapter.XXXXXX")
trap 'rm -rf "$state"' EXIT
chmod 700 "$state"
target/ipfs-api-backend/debug/hospital-record-ipfs-api-backend "${HOSPITAL_RECORD_STORE#kubo+}" "$state"
