// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";
import {IHospitalRecord, READ, CONTRIBUTE} from "../../src/IHospitalRecord.sol";
import {Replay} from "../Replay.sol";

/// What must be the case after the calls that were made, kept without looking at the contract's state or events.
abstract contract Model is Test {
    struct Given {
        address patient;
        bytes32 scope;
        address grantee;
    }

    struct Added {
        address patient;
        bytes32 key;
    }

    IHospitalRecord public hospital;
    Replay public replay;

    address[] public people;
    uint40[] public folders;
    Given[] public given; // every grant there ever was
    Added[] public added; // every record there is
    mapping(bytes32 patientScopeGrantee => IHospitalRecord.Grant) internal _grants;
    mapping(bytes32 patientKey => IHospitalRecord.Record) internal _records;

    uint256 public calls;
    uint256 public refused;
    uint256 public mostGasPerEntry;
    /// What went wrong, in words; empty when nothing did.
    string public intrusion;
    string public blocked;
    string public unreadable;
    string public unrevoked;

    function givenCount() external view returns (uint256) {
        return given.length;
    }

    function addedCount() external view returns (uint256) {
        return added.length;
    }

    function peopleCount() external view returns (uint256) {
        return people.length;
    }

    function grantOf(address patient, bytes32 scope, address grantee)
        public
        view
        returns (IHospitalRecord.Grant memory)
    {
        return _grants[keccak256(abi.encode(patient, scope, grantee))];
    }

    function recordOf(address patient, bytes32 key) public view returns (IHospitalRecord.Record memory) {
        return _records[keccak256(abi.encode(patient, key))];
    }

    function has(address patient, bytes32 scope, address account, uint8 right) public view returns (bool) {
        IHospitalRecord.Grant memory held = grantOf(patient, scope, account);
        return held.rights & right == right && vm.getBlockTimestamp() < held.expiresAt;
    }

    function mayRead(address patient, bytes32 key, address account) public view returns (bool) {
        bytes32 folder = bytes32(uint256(recordOf(patient, key).folder));
        return account == patient || has(patient, folder, account, READ) || has(patient, key, account, READ);
    }

    /// Sends a call as `account`, and lets an auditor read what it logged.
    function _call(address account, bytes memory call) internal returns (bool succeeded) {
        vm.roll(vm.getBlockNumber() + 1);
        vm.recordLogs();
        vm.prank(account);
        uint256 gas = gasleft();
        (succeeded,) = address(hospital).call(call);
        gas -= gasleft();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        ++calls;
        if (!succeeded) {
            ++refused;
            return false;
        }
        if (gas / logs.length > mostGasPerEntry) mostGasPerEntry = gas / logs.length;
        for (uint256 i; i < logs.length; ++i) {
            try replay.read(logs[i]) {}
            catch {
                unreadable = "an entry does not join the one before";
            }
        }
    }

    function _wasAdded(address patient, address author, uint40 folder, bytes32 id) internal {
        bytes32 key = keccak256(abi.encode(author, id));
        IHospitalRecord.Record storage record = _records[keccak256(abi.encode(patient, key))];
        if (record.author != address(0)) intrusion = "a record was added twice";
        if (author != patient && !has(patient, bytes32(uint256(folder)), author, CONTRIBUTE)) {
            intrusion = "a record was added without the right to contribute";
        }
        record.author = author;
        record.addedAt = uint40(vm.getBlockTimestamp());
        record.folder = folder;
        record.status = IHospitalRecord.Status.Current;
        added.push(Added(patient, key));
    }

    function _wasMoved(Added memory which, address by, IHospitalRecord.Status status) internal {
        IHospitalRecord.Record storage record = _records[keccak256(abi.encode(which.patient, which.key))];
        bool mayContribute = has(which.patient, bytes32(uint256(record.folder)), by, CONTRIBUTE);
        if (by != which.patient && (by != record.author || !mayContribute)) {
            intrusion = "a status was moved by another than the patient and the author";
        }
        if (status <= record.status) intrusion = "a status moved to the left";
        record.status = status;
    }

    function _wasGiven(address patient, IHospitalRecord.Permission memory p) internal {
        IHospitalRecord.Grant storage held = _grants[keccak256(abi.encode(patient, p.scope, p.grantee))];
        if (held.grantedAt == 0) given.push(Given(patient, p.scope, p.grantee));
        held.giver = patient;
        held.expiresAt = p.expiresAt;
        held.grantedAt = uint32(vm.getBlockTimestamp());
        held.rights = p.rights;
        held.purpose = p.purpose;
    }

    function _wasRevoked(Given memory which) internal {
        IHospitalRecord.Grant storage held = _grants[keccak256(abi.encode(which.patient, which.scope, which.grantee))];
        // grantedAt stays: it tells that the grant is on the list.
        held.giver = address(0);
        held.expiresAt = 0;
        held.rights = 0;
        held.purpose = IHospitalRecord.Purpose.TREAT;
    }

    function _wasRenounced(Given memory which) internal {
        if (!has(which.patient, which.scope, which.grantee, 0)) intrusion = "a grant that had ended was renounced";
        _grants[keccak256(abi.encode(which.patient, which.scope, which.grantee))].expiresAt =
            uint40(vm.getBlockTimestamp());
    }
}
