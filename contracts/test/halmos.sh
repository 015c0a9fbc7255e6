#!/usr/bin/env bash
# Proves the properties of contracts/test/halmos with halmos: for any arguments, and anything that may stand in storage.
# Shows of each that it can fail, too: on a twin of the contracts that has a fault planted which it must see.
#
#   contracts/test/halmos.sh               all
#   contracts/test/halmos.sh --cheap       those that take seconds each
#   contracts/test/halmos.sh --any-call    those that say something of every verb
#   contracts/test/halmos.sh NAME...       these
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
place=$root/.forge/halmos
python=$root/.tools/halmos/bin/python
files=(HospitalRecord Liveness Giving Ending Journal Signed SignedForms GrantSlot Vouching AccessRequests
  Board BoardForms Membership Reviews Boards)
names=()
# What "any call" is proven for takes a proof a verb.
any_call=" OthersLeaveGrantsAlone NobodyElseLiftsABar NobodyHoldsAGrantOfTheirOwn OthersMoveNoKeyCount NobodySetsAnothersProfile
 RecordStaysAndItsStatusMovesForwards OthersLeaveTheStatusAlone "
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
    'uint256(p.purpose) << PURPOSE' \
    'uint256(p.purpose) << (FAULT ? PURPOSE - 1 : PURPOSE)'
  plant ExpiredGrantOpensNothing "a grant never ends by time" Liveness \
    'if (held.isExpired()) return 0;' \
    'if (held.isExpired() && !FAULT) return 0;'
  plant NothingLivesBelowAnEndedGrant "what was passed on outlives the grant above it" Liveness \
    'if (!above.covers(held) ||' \
    'if (!FAULT && !above.covers(held) ||'
  plant NothingLivesBelowAGrantGivenAnew "what was passed on lives again with a new grant above it" Liveness \
    'above.grantedAt() > held.grantedAt()' \
    '!FAULT && above.grantedAt() > held.grantedAt()'
  plant PassingOnNeverWidens "a delegate passes on more than it has" Giving \
    'if (held.covers(passed)) return via;' \
    'if (FAULT || held.covers(passed)) return via;'
  plant OthersLeaveGrantsAlone "anybody withdraws what was passed on" Ending \
    'if (held.slot.giver() != giver ||' \
    'if (!FAULT && held.slot.giver() != giver ||'
  plant NobodyElseLiftsABar "a delegate overwrites a bar" Giving \
    'while (!held.isGivenBy(Via.Barred))' \
    'while (FAULT || !held.isGivenBy(Via.Barred))'
  plant RevocationAlwaysTakesEffect "an expired grant cannot be revoked" Ending \
    'if (held.slot.giver() == address(0))' \
    'if (held.slot.giver() == address(0) || FAULT && held.slot.isExpired())'
  plant NobodyHoldsAGrantOfTheirOwn "patients are given rights on what is theirs" Giving \
    'grantee == patient) revert' \
    '!FAULT && grantee == patient) revert'

  plant OthersMoveNoKeyCount "what a delegate passes on counts as a key change" Giving \
    'return _headAfter(previous, link);' \
    'return FAULT ? _headAfterKeyChange(previous, link) : _headAfter(previous, link);'
  plant OutdatedCountChangesNothing "an outdated count is taken" Journal \
    'return keyChanges == _keyChanges(head);' \
    'return FAULT || keyChanges == _keyChanges(head);'
  plant HeadIsWhatTheManualSays "a head leaves out the number of the block" Journal \
    'bytes32(block.number << 24)' \
    'bytes32(FAULT ? 0 : block.number << 24)'

  plant NobodySetsAnothersProfile "whoever adds a record sets the profile" HospitalRecord \
    'chart.head = _add(head,' \
    'if (FAULT) chart.profile = id;
     chart.head = _add(head,'
  plant RecordStaysAndItsStatusMovesForwards "a status moves back" HospitalRecord \
    'if (status <= record.status)' \
    'if (!FAULT && status <= record.status)'
  plant OthersLeaveTheStatusAlone "a contributor moves the status of others' records" HospitalRecord \
    'if (by != patient && by != author)' \
    'if (!FAULT && by != patient && by != author)'
  plant RecordIsAttestedOnce "a record is attested twice" HospitalRecord \
    'if (chart.attestedBy[key][by])' \
    'if (!FAULT && chart.attestedBy[key][by])'
  plant PatientDoesNotAttest "the patient needs no right to attest" HospitalRecord \
    '_requireMayAttest(chart, record, key, by);' \
    'if (!FAULT || by != patient) _requireMayAttest(chart, record, key, by);'

  plant NonceIsUsedOnce "a nonce can be used again" Signed \
    'nonces.series || used & bit != 0)' \
    'nonces.series || !FAULT && used & bit != 0)'
  plant InvalidatedNonceIsDead "invalidation does nothing" Signed \
    'uint256 series = ++_nonces[account].series;' \
    'uint256 series = FAULT ? 0 : ++_nonces[account].series;'
  plant AppendedAccountIsNotTheActor "whoever appends an account to a call is taken for it" Signed \
    'return msg.sender == address(this) ?' \
    'return msg.sender == address(this) || FAULT && msg.data.length % 32 == 24 ?'
  plant SignedRevocationNeedsNoCount "an outdated count stops a signed revocation" Ending \
    '_made[structHash] = true;' \
    'if (FAULT) _requireFresh(chart.head, keyChanges);
     _made[structHash] = true;'

  plant OnlyTheVoucherMovesAVouch "whoever is vouched for ends it" Vouching \
    'delete vouchedUntil[voucher][account][role];' \
    'delete vouchedUntil[FAULT ? account : voucher][account][role];
     if (FAULT) delete vouchedUntil[account][voucher][role];'
  plant AskingLeavesNothing "what was asked is kept" AccessRequests \
    'if (reason == 0) revert NoReason();' \
    'if (reason == 0) revert NoReason();
     if (FAULT) assembly { sstore(0, reason) }'

  plant AcknowledgingAddsOnesOwnVoteAlone "an earlier acknowledgement is lost" Board \
    'state.acknowledged | bit, keyChanges' \
    '(FAULT ? 0 : state.acknowledged) | bit, keyChanges'
  plant ACaseTakesEffectWithKWhoRemain "the vote of who resigned counts" Board \
    'if (_count(acknowledged & ~_left)' \
    'if (_count(acknowledged & ~(FAULT ? 0 : _left))'
  plant NothingTakesEffectAfterItsWindow "a window is a second too long" Board \
    'uint256 until = c.openedAt + WINDOW;' \
    'uint256 until = c.openedAt + WINDOW + (FAULT ? 1 : 0);'
  plant WhoOwesAReviewDoesNotVote "a review is owed a second later" Reviews \
    'if (waiting.due <= block.timestamp &&' \
    'if ((FAULT ? waiting.due < block.timestamp : waiting.due <= block.timestamp) &&'
  plant StrangersLeaveCasesAlone "who is no member acts like one" Membership \
    'if (bit == 0) revert NotAMember' \
    'if (!FAULT && bit == 0) revert NotAMember'
  plant AVetoedCaseStaysVetoed "a vetoed case is acknowledged" Board \
    'if (state.stage != Stage.Open) revert' \
    'if (state.stage != Stage.Open && !(FAULT && state.stage == Stage.Vetoed)) revert'
  plant WhoLeftStaysOutAndNobodyElseLeaves "a resignation takes another back" Membership \
    '_left |= _requireMember(members, member);' \
    '_left = (FAULT ? 0 : _left) | _requireMember(members, member);'
  plant AClosedBoardLetsNobodyIn "a closed board goes on" Board \
    'if (_closed)' \
    'if (!FAULT && _closed)'
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

# prove PROJECT CONTRACTS OPTIONS...: one line `contract worst-code least-code models passed stuck cut-loops seconds` a property.
prove() {
  local project=$place/$1 contracts=$2
  shift 2
  rm -f "$project/result.json"
  (
    cd "$project"
    # Else it leaves a folder at home, and takes a solver from there before ours.
    HOME=$project PATH=$root/.tools/bin:$PATH FOUNDRY_OUT=out FOUNDRY_CACHE_PATH=cache FOUNDRY_LINT_LINT_ON_BUILD=false \
      "$python" -m halmos --match-contract "^($contracts)\$" --no-status --json-output result.json --solver-threads 1 --loop 40 --solver-timeout-assertion 10m \
      --solver-command "$root/.tools/halmos/bin/yices-smt2 --smt2-model-format --bvconst-in-decimal" "$@"
  ) >"$project/log" 2>&1 || [ -f "$project/result.json" ] || { cat "$project/log" >&2 && die "halmos did not run"; }
  "$python" - "$project/result.json" <<'PY'
import json, sys

for contract, results in json.load(open(sys.argv[1]))["test_results"].items():
    valid = sum(bool(model["is_valid"]) for r in results for model in r["models"] or [])
    paths = [r["num_paths"] or [0, 0, 1] for r in results]
    cut = sum(r["num_bounded_loops"] or 0 for r in results)
    seconds = sum((r["time"] or [0])[0] for r in results)
    codes = [r["exitcode"] for r in results]
    print(contract.split(":")[1], max(codes), min(codes), valid, min(p[1] for p in paths), sum(p[2] for p in paths), cut, f"{seconds:.1f}")
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
verbs() {
  tr '\n' ' ' <"$root/contracts/src/$1.sol" | grep -oE 'function [A-Za-z]+\([^)]*\) *external( returns \([^)]*\))? *;' |
    sed -E 's/function ([A-Za-z]+).*/\1/'
}
for verb in $(verbs IHospitalRecord) $(verbs ISigned); do
  case $verb in relay | revokeSigned) continue ;; esac
  grep -qF "(hospital.$verb, (" "$root/contracts/test/halmos/Acts.sol" || die "Acts.sol lacks the verb $verb"
done
for verb in $(verbs IBoard) $(verbs ISigned); do
  [ "$verb" != relay ] || continue
  grep -qF "(board.$verb, (" "$root/contracts/test/halmos/Seats.sol" || die "Seats.sol lacks the verb $verb"
  grep -qF "function check_$verb(" "$root/contracts/test/halmos/Seats.sol" || die "Seats.sol tries no $verb"
done

is_of_any_call() { [[ ${any_call//$'\n'/ } == *" $1 "* ]]; }

chosen=()
case ${1:-} in
  --cheap) for name in "${names[@]}"; do is_of_any_call "$name" || chosen+=("$name"); done ;;
  --any-call) for name in "${names[@]}"; do is_of_any_call "$name" && chosen+=("$name"); done ;;
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
for each in EveryVerbCanSucceed EveryVerbOfABoardCanSucceed; do
  [[ ${1:---any-call} != --any-call ]] || [[ $(prove real "$each" --early-exit) == "$each 1 1 "* ]] ||
    die "a verb never succeeds: see $place/real/log"
done
# Asleep, the faults must change nothing: else it is not the fault that the property sees.
asleep=$([ "${1:-}" = --cheap ] || prove twin "$pattern")
twin=$(prove twin "Twin_($pattern)" --early-exit)

failed=0
for name in "${chosen[@]}"; do
  seconds=- twin_seconds=-
  read -r _ code_ _ _ passed stuck cut seconds < <(line "$real" "$name") || code_=none
  read -r _ twin_code _ models _ _ _ twin_seconds < <(line "$twin" "Twin_$name") || twin_code=none
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
