#!/usr/bin/env bash
# Everything that must pass. The contracts, the readers in Python and the adapter run beside the crates and the whole
# system, which wait for their servers a third of the time; what those print comes at the end.
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2
for part in foundry kubo python wasm browser; do anvil-scripts/tools.sh "$part" || exit 1; done

log=$(mktemp) || exit 2
# A group of its own: Ctrl-C does not reach it, and what make has started there ends with make.
set -m
make test-contracts test-vectors test-adapter >"$log" 2>&1 </dev/null &
beside=$!
set +m
trap 'kill -- "-$beside" 2>/dev/null; rm -f "$log"' EXIT
trap 'exit 130' INT TERM

failed=0
# PACKAGE=published: the npm package as it is published, instead of one that is made sooner.
how=(--conformance)
[ "${PACKAGE:-}" = published ] || how+=(--quick)
sdk/wasm/build.sh "${how[@]}" || failed=1
make test-rust || failed=1
make test-portal || failed=1
wait "$beside" || failed=1
cat "$log"
exit $failed
