#!/usr/bin/env bash
# Proves the properties of contracts/test/halmos with halmos: for any arguments, and anything that may stand in storage.
# Shows of each that it can fail, too: on a twin of the contracts that has a fault planted which it must see.
#
#   contracts/test/halmos.sh            all
#   contracts/test/halmos.sh --cheap    those that take seconds
#   contracts/test/halmos.sh NAME...    these
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=$root/.forge/halmos
python=$root/.tools/halmos/bin/python
files=(HospitalRecord Access Journal Signed GrantSlot Vouching AccessRequests)
names=() slow=()
declare -A code fault

# plant PROPERTY FAULT FILE OLD NEW: where FAULT is true, NEW breaks the property. OLD must be there; its first place is taken.
plant() {
  names+=("$1")
  fault[$1]=$2
  [[ ${code[$3]} == *"$4"* ]] || die "'$2' no longer finds its place in $3: $4"
  # The block's proposer is what a free function can see too, and no contract here looks at.
  code[$3]=${code[$3]/"$4"/"${5//FAULT/(uint160(address(block.coinbase)) == ${#names[@]})}"}
}

die() { echo "halmos: $*" >&2 && exit 1; }

plant_all() {
  plant SlotKeepsEveryField "two fields of a grant overlap" GrantSlot \
    'uint256(p.purpose) << 240' \
    'uint256(p.purpose) << (FAULT ? 239 : 240)'
  plant ExpiredGrantOpensNothing "a grant never ends by time" Access \
    'if (held.isExpired()) return 0;' \
    'if (held.isExpired() && !FAULT) return 0;'
  plant NobodySetsAnothersProfile "a profile is set for whoever is asked to give" HospitalRecord \
    'chart.head = _add(head, chart, patient, author, folder, id);' \
    'chart.head = _add(head, chart, patient, author, folder, id);
     if (FAULT) chart.profile = id;'
}

# copy NAME: a project of its own, because halmos has forge build all there is.
copy() {
  rm -rf "$place/$1/contracts"
  mkdir -p "$place/$1/contracts/test"
  cp -R "$root/contracts/src" "$place/$1/contracts/"
  cp -R "$root/contracts/test/halmos" "$place/$1/contracts/test/"
  cp "$root/foundry.toml" "$place/$1/"
  ln -sfn "$root/.tools" "$place/$1/.tools"
}

write_twin() {
  local file i
  copy twin
  for file in "${files[@]}"; do
    printf '%s\n' "${code[$file]// pure/ view}" >"$place/twin/contracts/src/$file.sol"
  done
  {
    echo 'pragma solidity ^0.8.28;'
    for file in "$root"/contracts/test/halmos/*.t.sol; do
      printf 'import "./%s";\n' "${file##*/}"
    done
    for i in "${!names[@]}"; do
      printf 'contract Twin_%s is %s { function _fault() internal pure override returns (uint160) { return %d; } }\n' \
        "${names[i]}" "${names[i]}" $((i + 1))
    done
  } >"$place/twin/contracts/test/halmos/Twins.t.sol"
}

# prove PROJECT CONTRACTS OPTIONS...: one line `contract exit-code models paths passed stuck cut-loops seconds` a property.
prove() {
  local project=$place/$1 contracts=$2
  shift 2
  rm -f "$project/result.json"
  (
    cd "$project"
    # Else it leaves a folder at home, and takes a solver from there before ours.
    HOME=$project PATH=$root/.tools/bin:$PATH FOUNDRY_OUT=out FOUNDRY_CACHE_PATH=cache FOUNDRY_LINT_LINT_ON_BUILD=false \
      "$python" -m halmos --match-contract "^($contracts)\$" --no-status --json-output result.json --solver-threads 1 --loop 5 \
      --solver-command "$root/.tools/halmos/bin/yices-smt2 --smt2-model-format --bvconst-in-decimal" "$@"
  ) >"$project/log" 2>&1 || [ -f "$project/result.json" ] || { cat "$project/log" >&2 && die "halmos did not run"; }
  "$python" - "$project/result.json" <<'PY'
import json, sys

for contract, results in json.load(open(sys.argv[1]))["test_results"].items():
    for r in results:
        valid = sum(1 for model in r["models"] or [] if model["is_valid"])
        paths = r["num_paths"] or [0, 0, 0]
        seconds = (r["time"] or [0])[0]
        print(contract.split(":")[1], r["exitcode"], valid, *paths, r["num_bounded_loops"] or 0, f"{seconds:.1f}")
PY
}

# line RESULTS CONTRACT: its line, when there is exactly one.
line() {
  local found
  found=$(grep "^$2 " <<<"$1") || true
  [ "$(grep -c . <<<"$found")" = 1 ] && printf '%s\n' "$found"
}

for file in "${files[@]}"; do
  code[$file]=$(<"$root/contracts/src/$file.sol")
done
plant_all

properties=$(sed -nE 's/^contract ([A-Za-z]+) is .*/\1/p' "$root"/contracts/test/halmos/*.t.sol)
[ "$(sort <<<"$properties")" = "$(printf '%s\n' "${names[@]}" | sort)" ] ||
  die "not every property has one fault, or a fault has no property:" \
    "$(sort <(echo "$properties") <(printf '%s\n' "${names[@]}") | uniq -u | paste -sd ' ' -)"
# What "any call" means must not fall behind the contract.
for verb in $(tr '\n' ' ' <"$root/contracts/src/IHospitalRecord.sol" |
  grep -oE 'function [A-Za-z]+\([^)]*\) *external *;' | sed -E 's/function ([A-Za-z]+).*/\1/'); do
  case $verb in relay | revokeSigned) continue ;; esac
  grep -qF "(hospital.$verb, (" "$root/contracts/test/halmos/Acts.sol" || die "Acts.sol lacks the verb $verb"
done

chosen=()
case ${1:-} in
  --cheap) for name in "${names[@]}"; do [[ " ${slow[*]-} " == *" $name "* ]] || chosen+=("$name"); done ;;
  "") chosen=("${names[@]}") ;;
  *) chosen=("$@") ;;
esac
for name in "${chosen[@]}"; do
  [ -n "${fault[$name]-}" ] || die "no property '$name': ${names[*]}"
done
pattern=$(IFS='|' && echo "${chosen[*]}")

copy real
write_twin
real=$(prove real "$pattern")
# Asleep, the faults must change nothing: else it is not the fault that the property sees.
asleep=$([ "${1:-}" = --cheap ] || prove twin "$pattern")
twin=$(prove twin "Twin_($pattern)" --early-exit)

failed=0
for name in "${chosen[@]}"; do
  seconds=- twin_seconds=-
  read -r _ code_ _ _ passed stuck cut seconds < <(line "$real" "$name") || code_=none
  read -r _ twin_code models _ _ _ _ twin_seconds < <(line "$twin" "Twin_$name") || twin_code=none
  verdict="proves  "
  # 0: it holds on all paths, of which there must be some; none may end where halmos gave up or stopped to unroll a loop.
  if [[ $code_ != 0 ]] || ((passed == 0 || stuck > 0 || cut > 0)); then
    verdict="FAILS   " failed=1
    grep -A 12 "Running .*:$name\$" "$place/real/log" | sed 's/^/         /'
  elif [[ ${1:-} != --cheap ]] && [[ $(line "$asleep" "$name") != "$name 0 "* ]]; then
    verdict="ASLEEP? " failed=1
  # 1: a counterexample. Anything else (a timeout, all paths reverting) shows nothing.
  elif [[ $twin_code != 1 ]] || ((models == 0)); then
    verdict="DOES NOT SEE" failed=1
  fi
  echo "$verdict $name ($seconds s); the twin: ${fault[$name]} ($twin_seconds s)"
done
exit $failed
