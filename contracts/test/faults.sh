#!/usr/bin/env bash
# Shows that each rule of contracts/test/invariant can fail. Makes a twin of the contracts that has every fault below, one
# of which is awake; each rule must hold on the twin as long as they sleep, and the fault's rule fail when it wakes.
#
#   contracts/test/faults.sh          all
#   contracts/test/faults.sh 4        those of rule 4
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
forge=$root/.tools/bin/forge # the real binary: npm's launcher exits 0 when tests fail
twin=$root/.forge/faults
only=${1:-}
record=(HospitalRecord Liveness Giving Ending Journal Signed) boards=(Board Membership Reviews Boards)
rules=() names=()
declare -A code

# plant RULE NAME FILE OLD NEW: where FAULT is true, NEW breaks the rule. OLD must be there; its first place is taken.
plant() {
  rules+=("$1") names+=("$2")
  [[ ${code[$3]} == *"$4"* ]] || { echo "faults: '$2' no longer finds its place in $3: $4" >&2 && exit 1; }
  code[$3]=${code[$3]/"$4"/"${5//FAULT/(_fault == ${#names[@]})}"}
}

plant_in_record() {
  plant 1 "a grantee prolongs its own grant" Ending \
    'held.slot = held.slot.expired();' \
    'if (!FAULT) held.slot = held.slot.expired();'
  plant 1 "a revocation leaves the grant" Ending \
    'held.slot = ended(patient, barred);' \
    'if (!FAULT) held.slot = ended(patient, barred);'
  plant 1 "a grant never ends by time" Liveness \
    'if (held.isExpired()) return 0;' \
    'if (held.isExpired() && !FAULT) return 0;'
  plant 1 "a contributor may read" Liveness \
    'return held.rights() & right != 0' \
    'return (FAULT || held.rights() & right != 0)'
  plant 1 "anybody withdraws what was passed on" Ending \
    'if (held.slot.giver() != giver ||' \
    'if (!FAULT && held.slot.giver() != giver ||'

  plant 1 "the time of a grant is cut to 32 bits" Giving \
    'place.slot = given(patient, Via.Patient, p);' \
    'place.slot = given(patient, Via.Patient, p);
     if (FAULT) place.slot = GrantSlot.wrap(GrantSlot.unwrap(place.slot) & ~(uint256(0xff) << 232));'

  plant 2 "anybody contributes" HospitalRecord \
    'if (account != patient) _requireAllowed(' \
    'if (account != patient && !FAULT) _requireAllowed('
  plant 2 "a pending id can be occupied" HospitalRecord \
    'return keccak256(abi.encode(author, id));' \
    'return FAULT ? keccak256(abi.encode(id)) : keccak256(abi.encode(author, id));'
  plant 2 "a record is added again" HospitalRecord \
    'if (record.author != address(0)) revert RecordExists' \
    'if (!FAULT && record.author != address(0)) revert RecordExists'
  plant 2 "a contributor moves the status of others' records" HospitalRecord \
    'if (by != patient && by != author)' \
    'if (!FAULT && by != patient && by != author)'
  plant 2 "a status moves back" HospitalRecord \
    'if (status <= record.status)' \
    'if (!FAULT && status <= record.status)'

  plant 3 "a link leaves out the number of the block" Journal \
    'bytes32(block.number << 24)' \
    'bytes32(FAULT ? 0 : block.number << 24)'
  plant 3 "an event names another folder" HospitalRecord \
    'emit RecordAdded(patient, folder,' \
    'emit RecordAdded(patient, FAULT ? 2 : folder,'
  plant 3 "a lowered grant counts as no key change" Giving \
    'return lowered ?' \
    'return lowered && !FAULT ?'
  plant 3 "a key change is not counted" Journal \
    '_keyChanges(previous) + 1' \
    '_keyChanges(previous) + (FAULT ? 0 : 1)'
  plant 3 "several records leave the head where it was" HospitalRecord \
    'chart.head = head;' \
    'if (!FAULT) chart.head = head;'
  plant 3 "a profile is told and not kept" HospitalRecord \
    'chart.profile = profile;' \
    'if (!FAULT) chart.profile = profile;'
  plant 3 "a checkpoint is told and not kept" HospitalRecord \
    'chart.checkpoint = digest;' \
    'if (!FAULT) chart.checkpoint = digest;'
  plant 3 "a checkpoint is no entry of the journal" HospitalRecord \
    'emit CheckpointMade(patient, digest, previous);' \
    'emit CheckpointMade(patient, digest, previous);
     if (FAULT) return;'
  plant 3 "who attested is told and not kept" HospitalRecord \
    'chart.attestedBy[key][by] = true;' \
    'if (!FAULT) chart.attestedBy[key][by] = true;'
  plant 3 "a bar is not told" Ending \
    'epoch, keyring, barred, previous);' \
    'epoch, keyring, barred && !FAULT, previous);'
  plant 3 "passing on is told of another giver" Giving \
    'p.envelope, giver, via, previous' \
    'p.envelope, FAULT ? patient : giver, via, previous'

  plant 4 "a grantee takes its grant away from under a revocation" Ending \
    'emit AccessRenounced(' \
    'if (FAULT) delete chart.grants[scope][grantee];
     emit AccessRenounced('
  plant 4 "a revocation needs the right count" Ending \
    'bytes32 keyring = fresh ?' \
    'if (FAULT && !fresh) revert StaleKeys(0, 0);
     bytes32 keyring = fresh ?'
  plant 4 "an expired grant cannot be revoked" Ending \
    'if (held.slot.giver() == address(0))' \
    'if (held.slot.giver() == address(0) || FAULT && held.slot.isExpired())'

  plant 5 "adding walks through all records" HospitalRecord \
    'record.status = Status.Current;' \
    'record.status = Status.Current;
     if (FAULT) _walk(key);'
  plant 5 "granting walks through all grants" Giving \
    'place.slot = given(patient, Via.Patient, p);' \
    'place.slot = given(patient, Via.Patient, p);
     if (FAULT) _walk(p.scope);'

  plant 6 "a delegate passes on more than it has" Giving \
    'if (held.covers(passed)) return via;' \
    'if (FAULT || held.covers(passed)) return via;'
  plant 6 "a grant can be passed on for ever" Giving \
    '_lives(chart, scope, held) > 1' \
    '_lives(chart, scope, held) > (FAULT ? 0 : 1)'
  plant 6 "a delegate takes the place of the patient's grant" Giving \
    'if (held.giver() != giver &&' \
    'if (!FAULT && held.giver() != giver &&'

  plant 7 "what was passed on outlives its giver's grant" Liveness \
    'if (!above.covers(held) ||' \
    'if (!FAULT && !above.covers(held) ||'
  plant 7 "what was passed on lives again with a new grant of its giver" Liveness \
    'above.grantedAt() > held.grantedAt()' \
    '!FAULT && above.grantedAt() > held.grantedAt()'

  plant 8 "a nonce frees the others of its word" Signed \
    'nonces.used[index] = used | bit;' \
    'nonces.used[index] = FAULT ? bit : used | bit;'
  plant 8 "invalidation does nothing" Signed \
    'uint256 series = ++_nonces[account].series;' \
    'uint256 series = FAULT ? 0 : ++_nonces[account].series;'

  plant 9 "a nonce can be used again" Signed \
    'nonces.series || used & bit != 0)' \
    'nonces.series || !FAULT && used & bit != 0)'
  plant 9 "a deadline does not count" Signed \
    'if (block.timestamp > deadline)' \
    'if (!FAULT && block.timestamp > deadline)'
  plant 9 "a series does not count" Signed \
    'if (nonce >> 128 != nonces.series ||' \
    'if (!FAULT && nonce >> 128 != nonces.series ||'
  plant 9 "an altered request is carried out" Signed \
    'if (!SignatureChecker.' \
    'if (!FAULT && !SignatureChecker.'
  plant 9 "a signed revocation ends a later grant of the patient" Ending \
    'if (held.isGivenBy(Via.Patient) && held.grantedAt()' \
    'if (!FAULT && held.isGivenBy(Via.Patient) && held.grantedAt()'
  plant 9 "a signed revocation is made twice" Ending \
    'if (_made[structHash])' \
    'if (!FAULT && _made[structHash])'

  plant 10 "a delegate's newer grant stops a signed revocation" Ending \
    'held.isGivenBy(Via.Patient) && held.grantedAt()' \
    '(FAULT || held.isGivenBy(Via.Patient)) && held.grantedAt()'
  plant 10 "an outdated count stops a signed revocation" Ending \
    '_made[structHash] = true;' \
    'if (FAULT) _requireFresh(chart.head, keyChanges);
     _made[structHash] = true;'

  plant 11 "whoever appends an account to a call is taken for it" Signed \
    'return msg.sender == address(this) ?' \
    'return msg.sender == address(this) || FAULT && msg.data.length % 32 == 24 ?'
  plant 11 "a relayed call is the act of who sends it" Signed \
    'bytes20(signer)' \
    'bytes20(FAULT ? msg.sender : signer)'
  plant 11 "a signature is not compared with the signer" Signed \
    'if (recovered == signer &&' \
    'if ((FAULT || recovered == signer) &&'
  plant 11 "anybody's renunciation ends a grant" Ending \
    'if (held.slot.isExpired()) revert NoSuchGrant' \
    'if (!FAULT && held.slot.isExpired()) revert NoSuchGrant'

  plant 12 "a delegate overwrites a bar" Giving \
    'while (!held.isGivenBy(Via.Barred))' \
    'while (FAULT || !held.isGivenBy(Via.Barred))'
  plant 12 "a delegate goes around a bar on the folder" Giving \
    'if (_isFolder(scope)) return place;' \
    'if (FAULT || _isFolder(scope)) return place;'
  plant 12 "a second revocation lifts a bar" Ending \
    'if (held.slot.isGivenBy(Via.Barred)) barred = true;' \
    'if (!FAULT && held.slot.isGivenBy(Via.Barred)) barred = true;'

  plant 13 "a reader attests" HospitalRecord \
    '_requireAllowed(chart, folder, by, ATTEST);' \
    '_requireAllowed(chart, folder, by, FAULT ? READ : ATTEST);'
  plant 13 "accounts of a delegate keep out whom the patient chose" HospitalRecord \
    '(direct ? type(uint8).max : MOST_ATTESTATIONS)' \
    '(direct && !FAULT ? type(uint8).max : MOST_ATTESTATIONS)'
  plant 13 "accounts of a delegate attest without end" HospitalRecord \
    'bool direct = ' \
    'bool direct = FAULT || '
  plant 13 "a record is attested twice" HospitalRecord \
    'if (chart.attestedBy[key][by])' \
    'if (!FAULT && chart.attestedBy[key][by])'
  plant 13 "what was an error is attested" HospitalRecord \
    'if (record.status == Status.EnteredInError) revert NotAtt' \
    'if (!FAULT && record.status == Status.EnteredInError) revert NotAtt'
  plant 13 "an attestation is told and not kept" HospitalRecord \
    '++record.attestations;' \
    'if (!FAULT) ++record.attestations;'
}

plant_in_boards() {
  plant 14 "one acknowledgement fewer is enough" Board \
    'if (_count(acknowledged & ~_left) < threshold)' \
    'if (_count(acknowledged & ~_left) + (FAULT ? 1 : 0) < threshold)'
  plant 14 "who is let in acknowledges" Board \
    'if (member == c.grantee ||' \
    'if (!FAULT && member == c.grantee ||'
  plant 14 "a patient who is a member opens with a vote" Board \
    'if (opener != grantee && opener != patient)' \
    'if (opener != grantee && (FAULT || opener != patient))'
  plant 14 "an earlier acknowledgement is lost" Board \
    'state.acknowledged | bit, keyChanges' \
    '(FAULT ? 0 : state.acknowledged) | bit, keyChanges'

  plant 14 "a relayed call to a board is the act of who sends it" Signed \
    'msg.sender : signer)' \
    'msg.sender : FAULT ? msg.sender : signer)'

  plant 15 "a case lasts as long as its opener says" Board \
    'c.duration > LONGEST)' \
    '!FAULT && c.duration > LONGEST)'
  plant 15 "a case lasts as long as the board's grant" Board \
    'if (until > own.expiresAt)' \
    'if (FAULT || until > own.expiresAt)'
  plant 15 "whom a case lets in may let in others" Board \
    'rights: READ,' \
    'rights: FAULT ? own.rights : READ,'

  plant 16 "a veto leaves the access that a case gave" Board \
    'if (stands && held' \
    'if (!FAULT && stands && held'
  plant 16 "a vetoed case is acknowledged" Board \
    'if (state.stage != Stage.Open) revert' \
    'if (state.stage != Stage.Open && !(FAULT && state.stage == Stage.Vetoed)) revert'
  plant 16 "a vetoed case is opened again in the same second" Board \
    'if (_cases[id].stage != Stage.None)' \
    'if (!FAULT && _cases[id].stage != Stage.None)'
  plant 16 "anybody vetoes" Board \
    'if (by != c.patient &&' \
    'if (!FAULT && by != c.patient &&'
  plant 16 "anybody signs a veto" Board \
    'if (msg.sender != by) _requireSigned' \
    'if (msg.sender != by && !FAULT) _requireSigned'

  plant 17 "a window never closes" Board \
    'if (block.timestamp >= until) revert' \
    'if (!FAULT && block.timestamp >= until) revert'
  plant 17 "a window is a second too long" Board \
    'uint256 until = c.openedAt + WINDOW;' \
    'uint256 until = c.openedAt + WINDOW + (FAULT ? 1 : 0);'

  plant 18 "a closed board goes on" Board \
    'if (_closed)' \
    'if (!FAULT && _closed)'
  plant 18 "one member closes a board" Board \
    'if (_count(votes.members & ~_left) < threshold)' \
    'if (!FAULT && _count(votes.members & ~_left) < threshold)'
  plant 18 "votes for a successor count for ever" Board \
    'if (block.timestamp >= votes.until)' \
    'if (block.timestamp >= votes.until && !(FAULT && votes.until != 0))'
  plant 18 "what another than the patient gave is enough" Board \
    'if (!enough || own.via' \
    'if (!enough || !FAULT && own.via'
  plant 18 "a case outlives the revocation of the grant that it was opened under" Board \
    'if (own.grantedAt > c.openedAt)' \
    'if (!FAULT && own.grantedAt > c.openedAt)'

  plant 19 "who owes a review acts on" Reviews \
    'if (waiting.due <= block.timestamp &&' \
    'if (!FAULT && waiting.due <= block.timestamp &&'
  plant 19 "who acknowledged reviews" Board \
    '_all(members) & ~acknowledged &' \
    '_all(members) & (FAULT ? type(uint16).max : ~acknowledged) &'
  plant 19 "a review is made and still owed" Reviews \
    '_unreviewed.pop();' \
    'if (FAULT) _unreviewed[count - 1] = _unreviewed[i]; else _unreviewed.pop();'

  plant 20 "who resigned acts on" Membership \
    'bit = _bitOf(members, account) & ~_left;' \
    'bit = _bitOf(members, account) & ~(FAULT ? 0 : _left);'
  plant 20 "the vote of who resigned counts" Board \
    'if (_count(acknowledged & ~_left)' \
    'if (_count(acknowledged & ~(FAULT ? 0 : _left))'
  plant 20 "a board that is there stops who asks for it" Boards \
    'return board;' \
    'if (FAULT) revert(); else return board;'
  plant 20 "a resignation takes another back" Membership \
    '_left |= _requireMember(members, member);' \
    '_left = (FAULT ? 0 : _left) | _requireMember(members, member);'
}

write_twin() {
  local file
  mkdir -p "$twin/contracts/src" "$twin/contracts/test"
  for file in "${record[@]}" "${boards[@]}"; do
    code[$file]=$(<"$root/contracts/src/$file.sol")
  done
  plant_in_record
  plant_in_boards
  cat >"$twin/contracts/src/Faulty.sol" <<'SOL'
pragma solidity ^0.8.28;

abstract contract Faulty {
    uint256 internal immutable _fault;
    bytes32[] private _walked;

    constructor(uint256 fault) {
        _fault = fault;
    }

    function _walk(bytes32 one) internal {
        _walked.push(one);
        for (uint256 i; i < _walked.length; ++i) if (_walked[i] == 0) revert();
    }
}
SOL
  # Each has it from one of these two; the contracts that are deployed pass the argument on.
  code[Journal]=${code[Journal]/is IHospitalRecord/is IHospitalRecord, Faulty}
  code[Signed]=${code[Signed]/is ISigned/is ISigned, Faulty}
  code[HospitalRecord]=${code[HospitalRecord]/is Giving, Ending \{/'is Giving, Ending {
    constructor(uint256 fault) Faulty(fault) {}'}
  code[Board]=${code[Board]/'(IHospitalRecord hospital_)'/'(IHospitalRecord hospital_, uint256 fault) Faulty(fault)'}
  code[Boards]=${code[Boards]/'(IHospitalRecord hospital)'/'(IHospitalRecord hospital, uint256 fault) Faulty(fault)'}
  code[Boards]=${code[Boards]/'new Board(hospital)'/'new Board(hospital, fault)'}
  for file in SignedForms BoardForms; do
    code[$file]=$(<"$root/contracts/src/$file.sol")
  done
  for file in "${!code[@]}"; do
    printf 'import {Faulty} from "./Faulty.sol";\n%s\n' "${code[$file]// pure/ view}" >"$twin/contracts/src/$file.sol"
  done
  cp "$root"/contracts/src/{I*,GrantSlot}.sol "$twin/contracts/src/"
  cp -R "$root"/contracts/test/{Base.sol,Replay.sol,Types.sol,invariant} "$twin/contracts/test/"
  ln -sfn "$root/.tools" "$twin/.tools"
  cp "$root/foundry.toml" "$twin/foundry.toml"
}

# rule_holds RULE FAULT RUNS: 0 stands for all rules, and for no fault.
rule_holds() {
  local campaign='(rules|boards)'
  case $1 in 0) ;; 1[4-9] | 20) campaign=boards ;; *) campaign=rules ;; esac
  (cd "$twin" && rm -rf .forge/failures && RULE=$1 HOSPITAL_RECORD_FAULT=$2 FOUNDRY_INVARIANT_RUNS=$3 \
    FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT=0 FOUNDRY_LINT_LINT_ON_BUILD=false \
    "$forge" test --match-test "invariant_$campaign") >"$twin/log" 2>&1
}

write_twin
if ! rule_holds "${only:-0}" 0 256; then
  cat "$twin/log" && echo "faults: the rules do not hold on a twin without a fault" >&2 && exit 1
fi

unseen=0
for ((i = 1; i <= ${#names[@]}; i++)); do
  rule=${rules[i - 1]} name=${names[i - 1]}
  [[ -z $only || $only == "$rule" ]] || continue
  found=
  # Histories are drawn by lot: what a few do not show, more may.
  for runs in 128 512 2048; do
    rule_holds "$rule" "$i" "$runs" || break
  done
  if found=$(grep -m1 -oE 'FAIL: .*' "$twin/log") &&
    [[ $found != *"too little was allowed"* && $found != *setUp* && $found != *panic* ]]; then
    found=${found#FAIL: } found=${found#failed to set up invariant testing environment: }
    found=${found#assertion failed: } found=${found%%[:!]*}
    echo "rule $rule sees: $name (${found% })"
  else
    echo "rule $rule DOES NOT SEE: $name (${found:-})"
    unseen=$((unseen + 1))
  fi
done
[ "$unseen" = 0 ] || exit 1
