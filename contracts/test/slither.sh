#!/usr/bin/env bash
# Runs Slither over the contracts; fails when it finds what is not explained beside the
# code. `timestamp` is left out: grants, deadlines and requests end by the block's time, which is meant.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=$root/.forge/slither
# In a folder without the tests, which it would compile and judge too.
rm -rf "$place" && mkdir -p "$place/contracts"
cp -R "$root/contracts/src" "$place/contracts/"
cp "$root/foundry.toml" "$place/"
ln -s "$root/.tools" "$place/.tools"
cd "$place"
PATH=$root/.tools/bin:$PATH "$root/.tools/slither/bin/python" -m slither . --filter-paths .tools --exclude timestamp --fail-low
