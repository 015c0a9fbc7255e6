// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE} from "./Base.sol";

/// canAccess and logAccess.
contract ReadingsTest is Base {
    bytes32 internal key;

    function setUp() public override {
        super.setUp();
        key = _add(_digest("record", 0));
    }

    function test_canAccess_isTrueForThePatient() public view {
        assertTrue(hospital.canAccess(patient, key, patient));
        assertFalse(hospital.canAccess(patient, key, doctor));
    }

    function test_canAccess_isFalseForEveryoneWhenThereIsNoRecord() public {
        bytes32 none = _keyOf(patient, _digest("record", 1));
        _grant(doctor, SCOPE, READ, NEVER);
        assertFalse(hospital.canAccess(patient, none, patient));
        assertFalse(hospital.canAccess(patient, none, doctor));
        assertFalse(hospital.canAccess(patient, SCOPE, doctor));
        assertFalse(hospital.canAccess(doctor, key, doctor));
    }

    function test_canAccess_followsAGrantOnTheFolder() public {
        _grant(doctor, SCOPE, READ, NEVER);
        assertTrue(hospital.canAccess(patient, key, doctor));
        assertTrue(hospital.canAccess(patient, _add(_digest("record", 1)), doctor));
        vm.prank(patient);
        hospital.addRecord(patient, FOLDER + 1, _digest("record", 2), 0);
        assertFalse(hospital.canAccess(patient, _keyOf(patient, _digest("record", 2)), doctor));
    }

    function test_canAccess_followsAGrantOnTheRecord() public {
        _grant(doctor, key, READ, NEVER);
        assertTrue(hospital.canAccess(patient, key, doctor));
        assertFalse(hospital.canAccess(patient, _add(_digest("record", 1)), doctor));
    }

    function test_canAccess_isFalseForAContributorWhoMayNotRead() public {
        _grant(laboratory, SCOPE, CONTRIBUTE, NEVER);
        assertFalse(hospital.canAccess(patient, _addBy(laboratory, _digest("record", 1)), laboratory));
        _grant(laboratory, SCOPE, READ | CONTRIBUTE, NEVER);
        assertTrue(hospital.canAccess(patient, key, laboratory));
    }

    function test_canAccess_endsAtTheSecondOfExpiry() public {
        _grant(doctor, SCOPE, READ, IN_A_YEAR);
        vm.warp(IN_A_YEAR - 1);
        assertTrue(hospital.canAccess(patient, key, doctor));
        vm.warp(IN_A_YEAR);
        assertFalse(hospital.canAccess(patient, key, doctor));
    }

    function test_canAccess_outlivesOneOfTwoGrants() public {
        _grant(doctor, SCOPE, READ, NEVER);
        _grant(doctor, key, READ, IN_A_YEAR);
        _revoke(doctor, SCOPE);
        assertTrue(hospital.canAccess(patient, key, doctor));
        _revoke(doctor, key);
        assertFalse(hospital.canAccess(patient, key, doctor));
    }

    function test_canAccess_doesNotEndWithTheStatus() public {
        _grant(doctor, SCOPE, READ, NEVER);
        vm.prank(patient);
        hospital.setStatus(patient, key, ERRONEOUS);
        assertTrue(hospital.canAccess(patient, key, doctor));
    }

    function test_logAccess_tellsWhoReadWhatAndWhy() public {
        _grant(doctor, SCOPE, READ, NEVER);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.RecordAccessed(patient, key, doctor, IHospitalRecord.Purpose.BTG, _digest("note", 0), head);
        vm.prank(doctor);
        hospital.logAccess(patient, key, IHospitalRecord.Purpose.BTG, _digest("note", 0));
        assertEq(hospital.journalHeadOf(doctor), 0);
        assertEq(_keyChanges(), 0);
    }

    function test_logAccess_logsEveryRecord() public {
        bytes32[] memory keys = new bytes32[](2);
        keys[0] = key;
        keys[1] = _add(_digest("record", 1));
        vm.recordLogs();
        vm.prank(patient);
        hospital.logAccesses(patient, _ascending(keys), TREAT, 0);
        assertEq(vm.getRecordedLogs().length, 2);
    }

    function test_logAccess_revertsForAllWhenOneMayNotBeRead() public {
        _grant(doctor, key, READ, NEVER);
        bytes32[] memory keys = new bytes32[](2);
        keys[0] = key;
        keys[1] = _add(_digest("record", 1));
        bytes32 hidden = keys[1];
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NotPermitted.selector, doctor, hidden, READ));
        vm.prank(doctor);
        hospital.logAccesses(patient, _ascending(keys), TREAT, 0);
        assertEq(hospital.journalHeadOf(patient), head);
    }

    function test_logAccess_revertsForThoseWhoMayNotRead() public {
        _grant(laboratory, SCOPE, CONTRIBUTE, NEVER);
        _grant(doctor, SCOPE, READ, IN_A_YEAR);
        vm.warp(IN_A_YEAR);
        address[3] memory accounts = [stranger, laboratory, doctor];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NotPermitted.selector, accounts[i], key, READ));
            vm.prank(accounts[i]);
            hospital.logAccess(patient, key, TREAT, 0);
        }
    }

    function test_logAccess_takesKeysInAscendingOrderAlone() public {
        bytes32[] memory keys = new bytes32[](3);
        (keys[0], keys[1], keys[2]) = (key, _add(_digest("record", 1)), _add(_digest("record", 2)));
        keys = _ascending(keys);
        bytes32[] memory twice = new bytes32[](3);
        (twice[0], twice[1], twice[2]) = (keys[0], keys[1], keys[1]);
        bytes32[] memory descending = new bytes32[](3);
        (descending[0], descending[1], descending[2]) = (keys[0], keys[2], keys[1]);
        vm.startPrank(patient);
        vm.expectRevert(IHospitalRecord.KeysNotAscending.selector);
        hospital.logAccesses(patient, twice, TREAT, 0);
        vm.expectRevert(IHospitalRecord.KeysNotAscending.selector);
        hospital.logAccesses(patient, descending, TREAT, 0);
        hospital.logAccesses(patient, keys, TREAT, 0);
    }

    function test_logAccess_revertsWhenEmpty() public {
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(patient);
        hospital.logAccesses(patient, new bytes32[](0), TREAT, 0);
    }

    function testFuzz_canAccess_isExactlyALiveReadGrant(
        uint8 onFolder,
        uint40 folderExpiry,
        bool onRecord,
        uint40 recordExpiry,
        uint40 time
    ) public {
        onFolder = uint8(bound(onFolder, 0, 3));
        folderExpiry = uint40(bound(folderExpiry, NOW + 1, NOW + 10));
        recordExpiry = uint40(bound(recordExpiry, NOW + 1, NOW + 10));
        if (onFolder != 0) _grant(doctor, SCOPE, onFolder, folderExpiry);
        if (onRecord) _grant(doctor, key, READ, recordExpiry);
        vm.warp(bound(time, NOW, NOW + 11));
        bool byFolder = onFolder & READ != 0 && vm.getBlockTimestamp() < folderExpiry;
        bool byRecord = onRecord && vm.getBlockTimestamp() < recordExpiry;
        assertEq(hospital.canAccess(patient, key, doctor), byFolder || byRecord);
    }
}
