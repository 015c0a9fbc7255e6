// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Vm} from "forge-std/Vm.sol";
import {Base, IHospitalRecord, READ, CONTRIBUTE} from "./Base.sol";
import {Replay} from "./Replay.sol";

contract JournalTest is Base {
    Replay internal replay;

    function setUp() public override {
        super.setUp();
        replay = new Replay();
        vm.recordLogs();
    }

    function test_journal_headOfNobodyIsZero() public view {
        assertEq(hospital.journalHeadOf(patient), 0);
    }

    function test_journal_headIsLinkThenBlockThenKeyChanges() public {
        bytes32 profile = _digest("profile", 0);
        vm.prank(patient);
        hospital.setProfile(profile);
        bytes32 link = keccak256(
            abi.encode(bytes32(0), vm.getBlockTimestamp(), IHospitalRecord.ProfileSet.selector, patient, profile)
        );
        bytes32 first = bytes32(abi.encodePacked(bytes24(link), uint40(vm.getBlockNumber()), uint24(0)));
        assertEq(hospital.journalHeadOf(patient), first);

        vm.warp(vm.getBlockTimestamp() + 12);
        vm.roll(vm.getBlockNumber() + 1);
        vm.prank(patient);
        hospital.rotate(FOLDER, 1, KEYRING, 0);
        link = keccak256(
            abi.encode(
                first, vm.getBlockTimestamp(), IHospitalRecord.KeysRotated.selector, patient, FOLDER, uint16(1), KEYRING
            )
        );
        bytes32 second = bytes32(abi.encodePacked(bytes24(link), uint40(vm.getBlockNumber()), uint24(1)));
        assertEq(hospital.journalHeadOf(patient), second);
    }

    function test_journal_everyCallJoins() public {
        vm.prank(patient);
        hospital.setProfile(_digest("profile", 0));
        _join(1);

        bytes32 key = _add(_digest("record", 0));
        _join(1);

        _grant(doctor, SCOPE, READ, IN_A_YEAR);
        _join(1);

        _grant(laboratory, SCOPE, READ | CONTRIBUTE, NEVER);
        _join(1);

        bytes32 result = _addBy(laboratory, _digest("record", 1));
        _join(1);

        vm.prank(laboratory);
        hospital.replace(patient, result, _digest("record", 2), 0);
        _join(2);

        vm.prank(patient);
        hospital.setStatus(patient, key, ERRONEOUS);
        _join(1);

        vm.prank(doctor);
        hospital.logAccess(patient, key, TREAT, 0);
        _join(1);

        vm.prank(doctor);
        hospital.renounce(patient, SCOPE);
        _join(1);

        _revoke(laboratory, SCOPE);
        _join(1);

        vm.prank(patient);
        hospital.rotate(FOLDER, 3, KEYRING, 1);
        _join(1);
    }

    function test_journal_everyBatchJoins() public {
        vm.startPrank(patient);
        hospital.addRecords(patient, FOLDER, _digests("record", 3), 0);
        _join(3);

        IHospitalRecord.Permission[] memory permissions = _permissions(3);
        hospital.grantMany(permissions, 0);
        _join(3);

        permissions[1].rights = CONTRIBUTE;
        hospital.grantMany(permissions, 0);
        assertEq(_keyChanges(), 1);
        _join(3);

        IHospitalRecord.Revocation[] memory revocations = new IHospitalRecord.Revocation[](2);
        revocations[0] = _revocation(permissions[0].grantee, SCOPE);
        revocations[1] = _revocation(permissions[2].grantee, SCOPE);
        hospital.revokeMany(revocations, 1);
        assertEq(_keyChanges(), 3);
        _join(2);

        bytes32[] memory keys = new bytes32[](2);
        keys[0] = _keyOf(patient, _digest("record", 2));
        keys[1] = _keyOf(patient, _digest("record", 0));
        hospital.logAccesses(patient, _ascending(keys), TREAT, 0);
        _join(2);
    }

    function test_journal_ofEachPatientIsItsOwn() public {
        _add(_digest("record", 0));
        bytes32 before = hospital.journalHeadOf(patient);
        vm.prank(stranger);
        hospital.setProfile(_digest("profile", 0));
        assertEq(hospital.journalHeadOf(patient), before);
        assertTrue(hospital.journalHeadOf(stranger) != 0);
    }

    function test_journal_keyChangesWrapToZeroAndTouchNothingElse() public {
        bytes32 head = bytes32(uint256(keccak256("head")) | type(uint24).max);
        // Charts are at slot 0, and the head is the first word of a chart.
        vm.store(address(hospital), keccak256(abi.encode(patient, 0)), head);
        assertEq(hospital.journalHeadOf(patient), head);
        vm.prank(patient);
        hospital.rotate(FOLDER, 1, KEYRING, type(uint24).max);
        assertEq(_keyChanges(), 0);
        assertEq(uint40(uint256(hospital.journalHeadOf(patient)) >> 24), vm.getBlockNumber());
    }

    /// The logs since the last call are `entries` many, join, and end at the head that the contract has.
    function _join(uint256 entries) internal {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, entries);
        for (uint256 i; i < logs.length; ++i) {
            replay.read(logs[i]);
        }
        assertEq(replay.journalHeadOf(patient), hospital.journalHeadOf(patient));
        vm.warp(vm.getBlockTimestamp() + 12);
        vm.roll(vm.getBlockNumber() + 1);
    }
}
