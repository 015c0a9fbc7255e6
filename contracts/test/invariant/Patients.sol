// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, CONTRIBUTE, DELEGATE} from "../../src/IHospitalRecord.sol";
import {Sender} from "./Sender.sol";

/// What patients, contributors and readers do. Five people are all of these to each other; most of what they try is
/// allowed, so that much happens.
abstract contract Patients is Sender {
    uint256 internal constant STEP = 100 seconds;
    bytes32 internal constant KEYRING = keccak256("keyring");
    IHospitalRecord.Purpose internal constant TREAT = IHospitalRecord.Purpose.TREAT;
    uint40 internal constant NEVER = type(uint40).max;

    string public unrevoked;

    function pass(uint256 steps) external {
        vm.warp(vm.getBlockTimestamp() + STEP * bound(steps, 1, 3));
    }

    function setProfile(uint256 who, bytes32 profile) external {
        _call(_person(who), abi.encodeCall(hospital.setProfile, (profile)));
    }

    function checkpoint(uint256 who, bytes32 digest) external {
        _call(_person(who), abi.encodeCall(hospital.checkpoint, (digest)));
    }

    function add(uint256 whose, uint256 who, uint256 where, uint256 what, uint256 luck) external {
        address patient = _person(whose);
        uint40 folder = folders[where % folders.length];
        address author = _contributor(patient, folder, who, luck);
        bytes32 id = _id(patient, author, what, luck);
        uint24 count = _count(patient, luck);
        bool isNew = recordOf(patient, keccak256(abi.encode(author, id))).author == address(0);
        if (_call(author, abi.encodeCall(hospital.addRecord, (patient, folder, id, count)))) {
            _wasAdded(patient, author, folder, id);
        } else if (author == patient && isNew && count == _count(patient, 1)) {
            blocked = "a patient could not add a new record";
        }
    }

    function addMany(uint256 whose, uint256 where, uint256 what, uint256 luck) external {
        address patient = _person(whose);
        uint40 folder = folders[where % folders.length];
        bytes32[] memory ids = new bytes32[](2);
        ids[0] = _id(patient, patient, what, luck);
        ids[1] = _id(patient, patient, what ^ 1, luck);
        bytes memory call = abi.encodeCall(hospital.addRecords, (patient, folder, ids, _count(patient, luck)));
        if (!_call(patient, call)) return;
        _wasAdded(patient, patient, folder, ids[0]);
        _wasAdded(patient, patient, folder, ids[1]);
    }

    function replace(uint256 which, uint256 who, uint256 what, uint256 luck) external {
        if (added.length == 0) return;
        Added memory old = added[which % added.length];
        IHospitalRecord.Record memory record = recordOf(old.patient, old.key);
        if (record.status != IHospitalRecord.Status.Current && luck % 8 != 1) return;
        address by = _authorOrPatient(old, who, luck);
        bytes32 id = _id(old.patient, by, what, luck);
        uint24 count = _count(old.patient, luck);
        if (!_call(by, abi.encodeCall(hospital.replace, (old.patient, old.key, id, count)))) return;
        _wasAdded(old.patient, by, record.folder, id);
        _wasMoved(old, by, IHospitalRecord.Status.Superseded);
    }

    function setStatus(uint256 which, uint256 who, uint256 status, uint256 luck) external {
        if (added.length == 0) return;
        Added memory record = added[which % added.length];
        address by = _authorOrPatient(record, who, luck);
        bool allowed = status % 4 > uint8(recordOf(record.patient, record.key).status);
        if (!allowed && luck % 8 != 1) return;
        IHospitalRecord.Status asked = IHospitalRecord.Status(status % 4);
        if (_call(by, abi.encodeCall(hospital.setStatus, (record.patient, record.key, asked)))) {
            _wasMoved(record, by, asked);
        }
    }

    function grant(uint256 whose, uint256 who, uint256 where, uint256 rights, uint256 steps) external {
        address patient = _person(whose);
        IHospitalRecord.Permission memory p = _permission(patient, who, where, rights, steps);
        if (_call(patient, abi.encodeCall(hospital.grant, (p, _count(patient, steps))))) _wasGiven(patient, p);
    }

    function grantMany(uint256 whose, uint256 who, uint256 where, uint256 rights, uint256 steps) external {
        address patient = _person(whose);
        IHospitalRecord.Permission[] memory p = new IHospitalRecord.Permission[](2);
        p[0] = _permission(patient, who, where, rights, steps);
        p[1] = _permission(patient, who / 3, where / 3, rights / 3, steps / 3);
        if (!_call(patient, abi.encodeCall(hospital.grantMany, (p, _count(patient, steps))))) return;
        _wasGiven(patient, p[0]);
        _wasGiven(patient, p[1]);
    }

    function revoke(uint256 which, uint24 count, uint256 luck) external {
        if (given.length == 0) return;
        Given memory g = given[which % given.length];
        bool isThere = grantOf(g.patient, g.scope, g.grantee).giver != address(0);
        if (!isThere && luck % 8 != 1) return;
        if (luck % 2 == 0) count = _count(g.patient, 1);
        bool barred = luck % 3 == 0;
        if (_call(g.patient, abi.encodeCall(hospital.revoke, (_revocation(g, barred), count)))) _wasRevoked(g, barred);
        else if (isThere) unrevoked = "a patient could not revoke a grant";
    }

    function revokeMany(uint256 which, uint24 count) external {
        if (given.length == 0) return;
        address patient = given[which % given.length].patient;
        Given[] memory gone = _grantsBy(patient);
        if (gone.length == 0) return;
        IHospitalRecord.Revocation[] memory revocations = new IHospitalRecord.Revocation[](gone.length);
        for (uint256 i; i < gone.length; ++i) {
            revocations[i] = _revocation(gone[i], false);
        }
        if (!_call(patient, abi.encodeCall(hospital.revokeMany, (revocations, count)))) {
            unrevoked = "a patient could not revoke all grants";
            return;
        }
        for (uint256 i; i < gone.length; ++i) {
            _wasRevoked(gone[i], false);
        }
    }

    function rotate(uint256 whose, uint256 where, uint16 epoch, uint256 luck) external {
        address patient = _person(whose);
        uint40 folder = folders[where % folders.length];
        _call(patient, abi.encodeCall(hospital.rotate, (folder, epoch, KEYRING, _count(patient, luck))));
    }

    function renounce(uint256 which, uint256 luck) external {
        if (given.length == 0) return;
        Given memory g = given[which % given.length];
        if (vm.getBlockTimestamp() >= grantOf(g.patient, g.scope, g.grantee).expiresAt && luck % 8 != 1) return;
        if (_call(g.grantee, abi.encodeCall(hospital.renounce, (g.patient, g.scope)))) _wasEnded(g, g.grantee);
    }

    function logAccess(uint256 which, uint256 who, uint256 purpose) external {
        if (added.length == 0) return;
        Added memory record = added[which % added.length];
        address reader = who % 4 == 0 ? _person(who / 4) : record.patient;
        IHospitalRecord.Purpose why = IHospitalRecord.Purpose(purpose % 12);
        bool may = mayRead(record.patient, record.key, reader);
        bool succeeded = _call(reader, abi.encodeCall(hospital.logAccess, (record.patient, record.key, why, 0)));
        if (succeeded != may) intrusion = "a reading was logged without the right to read, or refused with it";
    }

    /// Of one patient, in order or not.
    function logAccesses(uint256 which, uint256 other, uint256 who) external {
        (Added memory one, Added memory two) = (added[which % added.length], added[other % added.length]);
        for (uint256 i; i < added.length && (two.patient != one.patient || two.key <= one.key) && who % 8 != 7; ++i) {
            two = added[(other % added.length + i) % added.length];
        }
        address reader = who % 4 == 0 ? _person(who / 8) : one.patient;
        bytes memory call =
            abi.encodeCall(hospital.logAccesses, (one.patient, _two(one.key, two.key), TREAT, bytes32(which)));
        bool may = mayRead(one.patient, one.key, reader) && mayRead(one.patient, two.key, reader)
            && recordOf(one.patient, two.key).author != address(0);
        if ((!may || one.key >= two.key) && who % 4 > 1) return;
        bool succeeded = _call(reader, call);
        if (succeeded != (may && one.key < two.key)) intrusion = "readings were logged out of order, or refused in it";
    }

    function _two(bytes32 one, bytes32 other) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](2);
        (list[0], list[1]) = (one, other);
    }

    function _permission(address patient, uint256 who, uint256 where, uint256 rights, uint256 steps)
        internal
        view
        returns (IHospitalRecord.Permission memory p)
    {
        p.grantee = _person(who);
        if (p.grantee == patient && steps % 8 != 1) p.grantee = _person(who ^ 1);
        p.scope = _folder(where);
        p.rights = uint8(1 + rights % 15) | (rights % 2 == 0 ? READ | DELEGATE : 0); // so that much is passed on
        p.expiresAt = uint40(vm.getBlockTimestamp() + STEP * (1 + steps % 4));
        p.purpose = IHospitalRecord.Purpose(rights / 16 % 12);
        p.envelope = KEYRING;
        // Some are on a record, and one in eight of these on another patient's.
        if (where % 4 != 0 || added.length == 0) return p;
        Added memory record = added[where / 4 % added.length];
        if (record.patient != patient && steps % 8 != 1) return p;
        (p.scope, p.rights) = (record.key, READ | p.rights & DELEGATE);
    }

    function _revocation(Given memory g, bool barred) internal pure returns (IHospitalRecord.Revocation memory) {
        return IHospitalRecord.Revocation(g.scope, g.grantee, 2, KEYRING, barred);
    }

    /// All grants of the patient that are there, live or not.
    function _grantsBy(address patient) internal view returns (Given[] memory list) {
        list = new Given[](given.length);
        uint256 count;
        for (uint256 i; i < given.length; ++i) {
            Given memory g = given[i];
            if (g.patient == patient && grantOf(patient, g.scope, g.grantee).giver != address(0)) list[count++] = g;
        }
        assembly {
            mstore(list, count)
        }
    }

    /// The patient, somebody who may contribute, or one in eight times anybody.
    function _contributor(address patient, uint40 folder, uint256 who, uint256 luck) internal view returns (address) {
        address someone = _person(who);
        bool may = has(patient, bytes32(uint256(folder)), someone, CONTRIBUTE);
        return may || luck % 8 == 7 ? someone : patient;
    }

    function _authorOrPatient(Added memory record, uint256 who, uint256 luck) internal view returns (address) {
        if (luck % 8 == 7) return _person(who);
        IHospitalRecord.Record memory r = recordOf(record.patient, record.key);
        bool may = has(record.patient, bytes32(uint256(r.folder)), r.author, CONTRIBUTE);
        return who % 2 == 0 || !may ? record.patient : r.author;
    }

    function _folder(uint256 seed) internal view returns (bytes32) {
        return bytes32(uint256(folders[seed % folders.length]));
    }

    function _person(uint256 seed) internal view returns (address) {
        return people[seed % people.length];
    }

    /// So few that two people come upon the same. One in eight times the author has added it already.
    function _id(address patient, address author, uint256 seed, uint256 luck) internal view returns (bytes32 id) {
        for (uint256 i; i < 16; ++i) {
            id = keccak256(abi.encode((seed % 16 + i) % 16));
            bool isNew = recordOf(patient, keccak256(abi.encode(author, id))).author == address(0);
            if (isNew || luck % 8 == 1) return id;
        }
    }
}
