#!/usr/bin/env bash
# Shows that each of the five rules can fail. Makes a twin of the contract that has every fault below, one of which is
# awake; the rule's invariant must pass on the twin as long as they sleep, and fail with each that wakes.
#
#   contracts/test/faults.sh          all
#   contracts/test/faults.sh 4        those of rule 4
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
forge=$root/.tools/bin/forge # the real binary: npm's launcher exits 0 when tests fail
twin=$root/.forge/faults
only=${1:-}
rules=() names=()

# plant RULE NAME OLD NEW: where FAULT is true, NEW breaks the rule. OLD must be there; its first place is taken.
plant() {
  rules+=("$1") names+=("$2")
  [[ $code == *"$3"* ]] || { echo "faults: '$2' no longer finds its place: $3" >&2 && exit 1; }
  code=${code/"$3"/"${4//FAULT/(_fault == ${#names[@]})}"}
}

plant_all() {
  plant 1 "a grantee prolongs its own grant" \
    'held.expiresAt = uint40(block.timestamp);' \
    'held.expiresAt = FAULT ? type(uint40).max : uint40(block.timestamp);'
  plant 1 "a revocation leaves the grant" \
    'delete grants[grantee];' \
    'if (!FAULT) delete grants[grantee];'
  plant 1 "a grant lives in the second in which it ends" \
    'return block.timestamp < held.expiresAt;' \
    'return FAULT ? block.timestamp <= held.expiresAt : block.timestamp < held.expiresAt;'
  plant 1 "a contributor may read" \
    'return held.rights & right != 0' \
    'return (FAULT || held.rights & right != 0)'

  plant 2 "anybody contributes" \
    'if (msg.sender != patient && !_allows(' \
    'if (!FAULT && msg.sender != patient && !_allows('
  plant 2 "a pending id can be occupied" \
    'return keccak256(abi.encode(author, id));' \
    'return FAULT ? keccak256(abi.encode(id)) : keccak256(abi.encode(author, id));'
  plant 2 "a record is added again" \
    'if (record.author != address(0)) revert RecordExists' \
    'if (!FAULT && record.author != address(0)) revert RecordExists'
  plant 2 "a contributor moves the status of others' records" \
    'if (msg.sender != patient && msg.sender != author)' \
    'if (!FAULT && msg.sender != patient && msg.sender != author)'
  plant 2 "a status moves back" \
    'if (status <= record.status)' \
    'if (!FAULT && status <= record.status)'

  plant 3 "a link leaves out the time" \
    'block.timestamp, RecordAdded.selector' \
    'FAULT ? 0 : block.timestamp, RecordAdded.selector'
  plant 3 "an event names another folder" \
    'emit RecordAdded(patient, folder,' \
    'emit RecordAdded(patient, FAULT ? 2 : folder,'
  plant 3 "a lowered grant counts as no key change" \
    'return lowered ?' \
    'return lowered && !FAULT ?'
  plant 3 "a key change is not counted" \
    '_keyChanges(previous) + 1' \
    '_keyChanges(previous) + (FAULT ? 0 : 1)'
  plant 3 "several records leave the head where it was" \
    'chart.head = head;' \
    'if (!FAULT) chart.head = head;'
  plant 3 "a profile is told and not kept" \
    'chart.profile = profile;' \
    'if (!FAULT) chart.profile = profile;'

  plant 4 "a grantee takes its grant away from under a revocation" \
    'emit AccessRenounced(' \
    'if (FAULT) delete chart.grants[scope][msg.sender];
     emit AccessRenounced('
  plant 4 "a revocation needs the right count" \
    'bytes32 keyring = fresh ?' \
    'if (FAULT && !fresh) revert StaleKeys(0, 0);
     bytes32 keyring = fresh ?'
  plant 4 "an expired grant cannot be revoked" \
    'if (grants[grantee].giver == address(0))' \
    'if (grants[grantee].giver == address(0) || FAULT && !_isLive(grants[grantee]))'

  plant 5 "adding walks through all records" \
    'record.status = Status.Current;' \
    'record.status = Status.Current;
     if (FAULT) _walk(key);'
  plant 5 "granting walks through all grants" \
    'held.giver = msg.sender;' \
    'held.giver = msg.sender;
     if (FAULT) _walk(scope);'
}

write_twin() {
  code=$(<"$root/contracts/src/HospitalRecord.sol")
  plant_all
  local head='contract HospitalRecord is IHospitalRecord {'
  code=${code/"$head"/"$head
    uint256 private immutable _fault;
    bytes32[] private _all;

    constructor(uint256 fault) {
        _fault = fault;
    }

    function _walk(bytes32 one) private {
        _all.push(one);
        for (uint256 i; i < _all.length; ++i) if (_all[i] == 0) revert Empty();
    }
"}
  mkdir -p "$twin/contracts/src" "$twin/contracts/test"
  printf '%s\n' "${code//private pure/private view}" >"$twin/contracts/src/HospitalRecord.sol"
  cp "$root/contracts/src/IHospitalRecord.sol" "$twin/contracts/src/"
  cp -R "$root"/contracts/test/{Base.sol,Replay.sol,invariant} "$twin/contracts/test/"
  ln -sfn "$root/.tools" "$twin/.tools"
  sed 's|^allow_paths.*|allow_paths = ["'"$root"'/.tools"]|' "$root/foundry.toml" >"$twin/foundry.toml"
}

# rule_holds RULE FAULT
rule_holds() {
  (cd "$twin" && HOSPITAL_RECORD_FAULT=$2 FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT=0 FOUNDRY_LINT_LINT_ON_BUILD=false \
    "$forge" test --match-test "invariant_rule$1_") >"$twin/log" 2>&1
}

write_twin
if ! rule_holds "${only:-[1-5]}" 0; then
  cat "$twin/log" && echo "faults: the rules do not hold on a twin without a fault" >&2 && exit 1
fi

unseen=0
for ((i = 1; i <= ${#names[@]}; i++)); do
  rule=${rules[i - 1]} name=${names[i - 1]}
  [[ -z $only || $only == "$rule" ]] || continue
  if ! rule_holds "$rule" "$i" && found=$(grep -m1 -oE 'FAIL: .*' "$twin/log") &&
    [[ $found != *"too little was allowed"* && $found != *setUp* ]]; then
    found=${found#FAIL: } found=${found#assertion failed: } found=${found%%[:!]*}
    echo "rule $rule sees: $name (${found% })"
  else
    echo "rule $rule DOES NOT SEE: $name"
    unseen=$((unseen + 1))
  fi
done
[ "$unseen" = 0 ] || exit 1
