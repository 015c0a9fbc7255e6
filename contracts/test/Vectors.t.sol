// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Vm} from "forge-std/Vm.sol";
import {Base, IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";

/// One story that has every event, as raw logs with the head it ends at, and the same story told falsely. Readers in
/// other languages must accept the first file and refuse the others. When the contract changes, write them anew:
/// HOSPITAL_RECORD_WRITE_VECTORS=true forge test --match-contract VectorsTest
contract VectorsTest is Base {
    struct Entry {
        uint256 number;
        uint256 time;
        bytes32[] topics;
        bytes data;
    }

    Entry[] internal entries;

    function setUp() public override {
        super.setUp();
        vm.recordLogs();
        _tell();
    }

    function test_vectors_journalJoins() public {
        _check("journal_joins");
    }

    function test_vectors_hiddenEntryDoesNotJoin() public {
        for (uint256 i = 4; i + 1 < entries.length; ++i) {
            entries[i] = entries[i + 1];
        }
        entries.pop();
        _check("journal_with_a_hidden_entry_does_not_join");
    }

    function test_vectors_missingLastEntryDoesNotJoin() public {
        entries.pop();
        _check("journal_without_its_last_entry_does_not_join");
    }

    function test_vectors_changedEntryDoesNotJoin() public {
        entries[1].data[0] ^= 0x01;
        _check("journal_with_a_changed_entry_does_not_join");
    }

    function test_vectors_redatedEntryDoesNotJoin() public {
        entries[1].time -= 1;
        _check("journal_with_a_redated_entry_does_not_join");
    }

    function test_vectors_movedEntryDoesNotJoin() public {
        entries[1].number -= 1;
        _check("journal_with_an_entry_in_another_block_does_not_join");
    }

    function test_vectors_swappedEntriesDoNotJoin() public {
        Entry memory first = entries[2];
        entries[2] = entries[3];
        entries[3] = first;
        _check("journal_with_swapped_entries_does_not_join");
    }

    function _tell() internal {
        _as(patient, abi.encodeCall(hospital.setProfile, (_digest("profile", 0))));
        _as(patient, abi.encodeCall(hospital.addRecord, (patient, FOLDER, _digest("record", 0), 0)));
        _as(patient, abi.encodeCall(hospital.addRecords, (patient, FOLDER, _digests("study", 2), 0)));
        _as(patient, abi.encodeCall(hospital.grant, (_permission(doctor, SCOPE, READ, NEVER), 0)));
        _as(patient, abi.encodeCall(hospital.grant, (_permission(laboratory, SCOPE, CONTRIBUTE, NEVER), 0)));
        _as(laboratory, abi.encodeCall(hospital.addRecord, (patient, FOLDER, _digest("result", 0), 0)));
        bytes32 result = _keyOf(laboratory, _digest("result", 0));
        _as(laboratory, abi.encodeCall(hospital.replace, (patient, result, _digest("result", 1), 0)));
        result = _keyOf(laboratory, _digest("result", 1));
        _as(patient, abi.encodeCall(hospital.grant, (_permission(stranger, result, READ, IN_A_YEAR), 0)));
        _as(doctor, abi.encodeCall(hospital.logAccess, (patient, result, TREAT, _digest("note", 0))));
        _as(patient, abi.encodeCall(hospital.grant, (_permission(doctor, SCOPE, READ, IN_A_YEAR), 0))); // lower
        _as(patient, abi.encodeCall(hospital.setStatus, (patient, _wrongKey(), ERRONEOUS)));
        _as(laboratory, abi.encodeCall(hospital.renounce, (patient, SCOPE)));
        _as(patient, abi.encodeCall(hospital.revoke, (_revocation(doctor, SCOPE), 1)));
        _as(patient, abi.encodeCall(hospital.revoke, (_revocation(laboratory, SCOPE), 1))); // outdated: no keyring
        _as(patient, abi.encodeCall(hospital.rotate, (FOLDER, 3, KEYRING, 3)));
        _tellOfPassingOn(result);
    }

    function _tellOfPassingOn(bytes32 result) internal {
        IHospitalRecord.Permission memory p = _permission(doctor, SCOPE, READ | DELEGATE | ATTEST, IN_A_YEAR);
        _as(patient, abi.encodeCall(hospital.grant, (p, 4)));
        _as(doctor, abi.encodeCall(hospital.attest, (patient, result)));
        _as(patient, abi.encodeCall(hospital.checkpoint, (_digest("checkpoint", 0))));
        p = _permission(laboratory, SCOPE, READ | DELEGATE, IN_A_YEAR);
        _as(doctor, abi.encodeCall(hospital.passOn, (patient, p, 4)));
        p = _permission(stranger, _wrongKey(), READ, IN_A_YEAR);
        _as(laboratory, abi.encodeCall(hospital.passOn, (patient, p, 4))); // from the folder
        _as(doctor, abi.encodeCall(hospital.withdraw, (patient, SCOPE, laboratory)));
        IHospitalRecord.Revocation memory r = _revocation(stranger, _wrongKey());
        (r.barred, r.epoch, r.keyring) = (true, 0, 0);
        _as(patient, abi.encodeCall(hospital.revoke, (r, 4)));
        p = _permission(doctor, SCOPE, READ | DELEGATE | ATTEST, IN_A_YEAR);
        _as(patient, abi.encodeCall(hospital.grant, (p, 5))); // the same anew: a key change
    }

    function _wrongKey() internal view returns (bytes32) {
        return _keyOf(patient, _digest("record", 0));
    }

    function _as(address account, bytes memory call) internal {
        vm.warp(vm.getBlockTimestamp() + 12);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(account);
        (bool succeeded,) = address(hospital).call(call);
        assertTrue(succeeded);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            entries.push(Entry(vm.getBlockNumber(), vm.getBlockTimestamp(), logs[i].topics, logs[i].data));
        }
    }

    function _check(string memory name) internal {
        string memory path = string.concat("contracts/test/vectors/", name, ".json");
        string memory json = _json();
        if (vm.envOr("HOSPITAL_RECORD_WRITE_VECTORS", false)) vm.writeFile(path, json);
        assertEq(vm.readFile(path), json, "stale: see the top of this file");
    }

    function _json() internal view returns (string memory json) {
        json = string.concat("{\n\"patient\": \"", vm.toString(patient), "\",\n\"head\": \"");
        json = string.concat(json, vm.toString(hospital.journalHeadOf(patient)), "\",\n\"entries\": [");
        for (uint256 i; i < entries.length; ++i) {
            json = string.concat(json, i == 0 ? "\n" : ",\n", _json(entries[i]));
        }
        json = string.concat(json, "\n]\n}\n");
    }

    function _json(Entry memory entry) internal pure returns (string memory json) {
        json = string.concat("{\"block\": ", vm.toString(entry.number), ", \"timestamp\": ", vm.toString(entry.time));
        json = string.concat(json, ",\n \"topics\": [");
        for (uint256 i; i < entry.topics.length; ++i) {
            json = string.concat(json, i == 0 ? "" : ", ", "\"", vm.toString(entry.topics[i]), "\"");
        }
        json = string.concat(json, "],\n \"data\": \"", vm.toString(entry.data), "\"}");
    }
}
