#!/usr/bin/env bash
# Fails, and says where, when the unit tests leave a line of contracts/src unrun. Forge reports no functions outside
# contracts, which is GrantSlot.sol: there only the mutants show that the tests see everything (docs/mutants.md).
#
#   contracts/test/coverage.sh          runs the tests
#   contracts/test/coverage.sh REPORT   reads what Forge reported, in lcov's format
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
lcov=${1:-$PWD/.forge/lcov.info}
mkdir -p .forge
# Without via-IR the compiler runs out of stack. The gas of what is instrumented means nothing; the invariants are chance.
[ $# -gt 0 ] || FOUNDRY_PROFILE=coverage FOUNDRY_LINT_LINT_ON_BUILD=false .tools/bin/forge coverage --ir-minimum \
  --skip 'contracts/test/Gas*' 'contracts/test/invariant/*' 'contracts/test/halmos/*' --report lcov --report-file "$lcov" >.forge/coverage.log 2>&1 || {
  tail -n 40 .forge/coverage.log >&2
  exit 1
}

missed=0
for source in contracts/src/*.sol; do
  grep -qE '^(abstract )?contract ' "$source" || continue
  if ! grep -qxF "SF:$source" "$lcov"; then
    echo "coverage: nothing is known of $source" >&2
    missed=1
  fi
done
while read -r place; do
  echo "coverage: no test runs $place" >&2
  missed=1
done < <(awk -F '[:,]' '/^SF:/ { file = $2 } /^DA:/ && file ~ /^contracts\/src\// && $3 == 0 { print file ":" $2 }' "$lcov")
[ "$missed" = 0 ] || exit 1
awk -F '[:,]' '/^SF:/ { file = $2 } /^DA:/ && file ~ /^contracts\/src\// { n++ } END { print "coverage: the tests run all " n " lines" }' "$lcov"
