// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, DELEGATE, ATTEST} from "../../src/IHospitalRecord.sol";
import {Replay} from "../Replay.sol";
import {Patients} from "./Patients.sol";

/// Everything that happens: besides what patients do, what delegates, attesters, relays and intruders do.
contract Handler is Patients {
    struct Note {
        Given whom;
        uint40 grantedUpTo;
        uint24 count;
        bytes signature;
        bytes32 structHash;
    }

    Note[] internal notes; // signed revocations
    mapping(bytes32 structHash => bool) internal _made; // the same may be signed twice
    address internal outsider;
    address[] internal crowd; // who attest, and do nothing else

    /// What went wrong, in words; empty when nothing did.
    string public unlanded;

    constructor(IHospitalRecord hospital_) {
        hospital = hospital_;
        replay = new Replay();
        for (uint256 i; i < 5; ++i) {
            people.push(_make(KEYS + i));
        }
        outsider = _make(KEYS + 5);
        for (uint256 i; i < 18; ++i) {
            crowd.push(_make(KEYS + 6 + i));
        }
        folders = [1, type(uint40).max];
        for (uint256 i; i < 5; ++i) {
            _begin(people[i], people[(i + 1) % 5]);
        }
    }

    /// Each has a record, and somebody who may do everything with it for a while.
    function _begin(address patient, address delegate) internal {
        bool begun = _call(patient, abi.encodeCall(hospital.addRecord, (patient, folders[0], KEYRING, 0)));
        _wasAdded(patient, patient, folders[0], KEYRING);
        uint40 end = uint40(vm.getBlockTimestamp() + 10 * STEP);
        IHospitalRecord.Permission memory p =
            IHospitalRecord.Permission(bytes32(uint256(folders[0])), delegate, 15, TREAT, end, 1, KEYRING);
        begun = begun && _call(patient, abi.encodeCall(hospital.grant, (p, 0)));
        _wasGiven(patient, p);
        if (!begun) blocked = "there was no beginning";
    }

    /* DELEGATES */

    function passOn(uint256 seed) external {
        if (given.length == 0) return;
        for (uint256 i; i < 4; ++i) {
            _passOn(uint256(keccak256(abi.encode(seed, i))));
        }
    }

    function _passOn(uint256 luck) internal {
        uint256 trick = luck % 12; // most are honest
        Given memory from = _delegate(luck >> 8, trick);
        IHospitalRecord.Permission memory p = _passing(from, luck >> 32, trick);
        if (trick / 2 == 2 && notes.length > 0) {
            uint256 which = luck >> 24 & 1 == 0 ? notes.length - 1 : (luck >> 32) % notes.length;
            (from, p) = _again(notes[which].whom);
        }
        (bool may,) = mayPassOn(from.patient, from.grantee, p);
        if (!may && luck >> 16 & 1 != 0) return;
        uint24 count = _count(from.patient, luck >> 24);
        if (_call(from.grantee, abi.encodeCall(hospital.passOn, (from.patient, p, count)))) {
            _wasPassedOn(from.patient, from.grantee, p);
        } else if (may && count == _count(from.patient, 1)) {
            blocked = "a delegate could not pass on what it may";
        }
    }

    /// Somebody who may delegate, if anybody may; half of the time who is the furthest from the patient, so that chains
    /// grow as long as they may and longer. One trick: anybody.
    function _delegate(uint256 seed, uint256 trick) internal view returns (Given memory from) {
        uint256 furthest;
        for (uint256 i; i < given.length; ++i) {
            Given memory g = given[(seed % given.length + i) % given.length];
            if (i == 0) from = g;
            if (trick == 0) break;
            (bool live, uint256 level) = _level(g.patient, g.scope, g.grantee, 0);
            if (!live || grantOf(g.patient, g.scope, g.grantee).rights & DELEGATE == 0 || level < furthest) continue;
            from = g;
            if (trick < 6) break;
            furthest = level;
        }
    }

    /// What may mostly be passed on: to the scope of the grant, or from a folder to one of its records.
    function _passing(Given memory from, uint256 seed, uint256 trick)
        internal
        view
        returns (IHospitalRecord.Permission memory p)
    {
        IHospitalRecord.Grant memory held = grantOf(from.patient, from.scope, from.grantee);
        p.scope = from.scope;
        p.rights = trick < 6 && uint8(seed >> 8) & 1 == 0 ? held.rights & uint8(seed >> 16) : held.rights;
        if (p.rights & READ == 0) p.rights = held.rights;
        if (trick == 1) p.rights = 15;
        p.purpose = trick == 2 ? IHospitalRecord.Purpose(seed % 12) : held.purpose;
        p.expiresAt = trick == 3 ? held.expiresAt + 1 : held.expiresAt / 3 * 3; // a little earlier
        p.envelope = KEYRING;
        for (uint256 i; i < added.length && seed >> 40 & 1 == 0; ++i) {
            Added memory record = added[((seed >> 48) % added.length + i) % added.length];
            if (record.patient != from.patient) continue;
            (p.scope, p.rights) = (record.key, READ | p.rights & DELEGATE);
            break;
        }
        p.grantee = _person(seed);
        for (uint256 i; i < people.length && trick > 5; ++i) {
            // Somebody who has nothing there.
            address person = _person(seed % people.length + i);
            if (person == from.patient || person == from.grantee || isLive(from.patient, p.scope, person)) continue;
            p.grantee = person;
            break;
        }
    }

    /// The same once more, to who is to lose it by a signed revocation.
    function _again(Given memory whom) internal view returns (Given memory from, IHospitalRecord.Permission memory p) {
        IHospitalRecord.Grant memory held = grantOf(whom.patient, whom.scope, whom.grantee);
        bool isFromFolder = held.via == IHospitalRecord.Via.Folder;
        from = Given(whom.patient, isFromFolder ? _folderOf(whom.patient, whom.scope) : whom.scope, held.giver);
        p = IHospitalRecord.Permission(whom.scope, whom.grantee, held.rights, held.purpose, held.expiresAt, 1, KEYRING);
    }

    function withdraw(uint256 which, uint256 who, uint256 luck) external {
        if (given.length == 0) return;
        Given memory g = given[which % given.length];
        IHospitalRecord.Grant memory held = grantOf(g.patient, g.scope, g.grantee);
        bool passed = held.giver != g.patient && vm.getBlockTimestamp() < held.expiresAt;
        if (!passed && luck % 8 != 1) return;
        address by = luck % 4 == 1 ? _person(who) : held.giver;
        if (_call(by, abi.encodeCall(hospital.withdraw, (g.patient, g.scope, g.grantee)))) {
            // The grantee may renounce, but not withdraw.
            if (by != held.giver) intrusion = "another than the giver withdrew";
            _wasEnded(g, by);
        }
    }

    function attest(uint256 which, uint256 who, uint256 luck) external {
        if (added.length == 0) return;
        Added memory record = added[which % added.length];
        address by = _person(who);
        for (uint256 i; i < people.length && luck % 4 != 1; ++i) {
            if (has(record.patient, _folderOf(record.patient, record.key), by, ATTEST)) break;
            by = people[i];
        }
        bool may = has(record.patient, _folderOf(record.patient, record.key), by, ATTEST);
        // Also of an error, and where there are too many.
        if (may && !hasAttested[record.patient][record.key][by] || luck % 4 == 1) _attest(record, by);
    }

    function _attest(Added memory record, address by) internal {
        bool may = mayAttest(record, by);
        bool succeeded = _call(by, abi.encodeCall(hospital.attest, (record.patient, record.key)));
        if (succeeded) _wasAttested(record, by);
        else if (may) misattested = "one was refused who may";
    }

    /// A delegate lets accounts attest, sometimes more than may; the patient lets the last of them.
    function attestInACrowd(uint256 which, uint256 luck) external {
        Added memory record = added[luck % 2 == 0 ? 0 : which % added.length];
        bool many = luck / 2 % 3 == 0;
        for (uint256 i = many ? 0 : crowd.length - 3; i < crowd.length; ++i) {
            bool isLast = i == crowd.length - 1;
            _admit(record, crowd[i], isLast, luck);
            bool isTooMany = !isLast && recordOf(record.patient, record.key).attestations == 16;
            if (mayAttest(record, crowd[i]) || isTooMany) _attest(record, crowd[i]);
        }
    }

    function _admit(Added memory record, address attester, bool byPatient, uint256 luck) internal {
        bytes32 folder = _folderOf(record.patient, record.key);
        if (has(record.patient, folder, attester, ATTEST)) return;
        uint40 end = uint40(vm.getBlockTimestamp() + STEP);
        IHospitalRecord.Permission memory p =
            IHospitalRecord.Permission(folder, attester, ATTEST, TREAT, end, 1, KEYRING);
        uint24 count = _count(record.patient, 1);
        if (byPatient) {
            if (_call(record.patient, abi.encodeCall(hospital.grant, (p, count)))) _wasGiven(record.patient, p);
            return;
        }
        for (uint256 i; i < people.length; ++i) {
            address by = people[(luck / 4 + i) % people.length];
            (bool may,) = mayPassOn(record.patient, by, p);
            if (!may) continue;
            bytes memory call = abi.encodeCall(hospital.passOn, (record.patient, p, count));
            if (_call(by, call)) _wasPassedOn(record.patient, by, p);
            return;
        }
    }

    /* SIGNATURES */

    function invalidateNonces(uint256 who, uint256 luck) external {
        if (luck % 2 == 0) _call(_person(who), abi.encodeCall(hospital.invalidateNonces, ()));
    }

    /// A request that its signer gives to nobody for now.
    function withhold(uint256 who, bytes32 profile) external {
        requests.push(_request(_person(who), abi.encodeCall(hospital.setProfile, (profile))));
    }

    /// A signature that was used, that came too late or that is of an earlier series; or a good one for something else.
    function misuse(uint256 which, uint256 where) external {
        if (requests.length == 0 || which % 2 == 0) return;
        Request memory r = requests[which / 2 % requests.length];
        bool good = !r.done && vm.getBlockTimestamp() <= r.deadline && r.nonce >> 128 == seriesOf[r.signer];
        if (good) _alter(r, where);
        if (_attack(_relayed(r))) misused = "a used, outdated or altered request was carried out";
    }

    function _alter(Request memory r, uint256 where) internal view {
        uint256 words = r.call.length / 32;
        if (where % 4 == 0 && words > 0) r.call[4 + 31 + where / 4 % words * 32] ^= 0x01;
        else if (where % 4 == 1) r.nonce ^= 1 << 8;
        else if (where % 4 == 2) r.signer = people[0] == r.signer ? people[1] : people[0];
        else r.deadline += 1;
    }

    /// The patient signs that a grant shall end, and keeps that.
    function noteRevocation(uint256 which) external {
        if (given.length == 0) return;
        Given memory g = given[which % given.length];
        for (uint256 i; i < given.length && which % 4 != 0; ++i) {
            g = given[(which % given.length + i) % given.length];
            bool passed = grantOf(g.patient, g.scope, g.grantee).giver != g.patient;
            if (passed && isLive(g.patient, g.scope, g.grantee)) break;
        }
        uint40 time = uint40(vm.getBlockTimestamp());
        uint24 count = _count(g.patient, 1);
        bytes32 structHash = keccak256(abi.encode(REVOKE, _revocation(g, true), g.patient, time, count));
        notes.push(Note(g, time, count, _sign(g.patient, structHash), structHash));
    }

    /// Somebody sends it, sooner or later, and perhaps again.
    function revokeSigned(uint256 which, uint256 luck) external {
        if (notes.length == 0) return;
        Note memory note = notes[which % 2 == 0 ? notes.length - 1 : which % notes.length];
        Given memory g = note.whom;
        IHospitalRecord.Grant memory held = grantOf(g.patient, g.scope, g.grantee);
        bool later = held.via == IHospitalRecord.Via.Patient && held.grantedAt > note.grantedUpTo;
        bool due = !_made[note.structHash] && held.giver != address(0) && !later;
        if (!due && luck % 8 != 0) return;
        bytes memory call = abi.encodeCall(
            hospital.revokeSigned, (_revocation(g, true), g.patient, note.grantedUpTo, note.count, note.signature)
        );
        bool succeeded = _send(RELAY, call, g.patient);
        if (succeeded && !due) misused = "an outdated or used revocation ended a grant";
        if (!succeeded && due) unlanded = "a signed revocation was stopped";
        if (!succeeded) return;
        _made[note.structHash] = true;
        _wasRevoked(g, true);
    }

    /* INTRUDERS */

    /// Must be refused, which therefore does not count; must in any case concern nobody.
    function _attack(bytes memory call) internal returns (bool succeeded) {
        succeeded = _send(outsider, call, outsider);
        --calls;
        if (!succeeded) --refused;
    }

    /// Somebody to whom nobody gave anything tries every verb on people's records and grants, or signs in their name.
    function intrude(uint256 which, uint256 verb, uint256 how) external {
        if (added.length == 0 || given.length == 0 || which % 2 != 0) return;
        Added memory record = added[which / 2 % added.length];
        Given memory g = given[which / 2 % given.length];
        bytes memory call = _intrusion(record, g, verb);
        if (how % 4 == 0) {
            Request memory r = _request(outsider, call);
            r.signer = record.patient;
            call = _relayed(r);
        } else if (how % 4 == 1) {
            call = bytes.concat(call, bytes20(g.patient), bytes32(uint256(uint160(g.patient)))); // as if from relay
        } else if (how % 4 == 2) {
            bytes memory signature =
                _sign(outsider, keccak256(abi.encode(REVOKE, _revocation(g, true), g.patient, NEVER, 0)));
            call = abi.encodeCall(hospital.revokeSigned, (_revocation(g, true), g.patient, NEVER, 0, signature));
        }
        _attack(call);
    }

    function _intrusion(Added memory record, Given memory g, uint256 verb) internal view returns (bytes memory) {
        uint24 count = _count(record.patient, 1);
        IHospitalRecord.Status status = IHospitalRecord.Status.EnteredInError;
        IHospitalRecord.Permission memory p =
            IHospitalRecord.Permission(g.scope, outsider, READ, TREAT, NEVER, 1, KEYRING);
        bytes32[] memory list = _two(record.key, KEYRING);
        bytes[12] memory calls_ = [
            abi.encodeCall(hospital.addRecord, (record.patient, folders[0], KEYRING, count)),
            abi.encodeCall(hospital.replace, (record.patient, record.key, KEYRING, count)),
            abi.encodeCall(hospital.setStatus, (record.patient, record.key, status)),
            abi.encodeCall(hospital.attest, (record.patient, record.key)),
            abi.encodeCall(hospital.passOn, (g.patient, p, _count(g.patient, 1))),
            abi.encodeCall(hospital.withdraw, (g.patient, g.scope, g.grantee)),
            abi.encodeCall(hospital.renounce, (g.patient, g.scope)),
            abi.encodeCall(hospital.logAccess, (record.patient, record.key, TREAT, 0)),
            abi.encodeCall(hospital.revoke, (_revocation(g, true), 0)),
            abi.encodeCall(hospital.addRecords, (record.patient, folders[0], list, count)),
            abi.encodeCall(hospital.logAccesses, (record.patient, list, TREAT, 0)),
            abi.encodeCall(hospital.checkpoint, (KEYRING))
        ];
        return calls_[verb % 12];
    }
}
