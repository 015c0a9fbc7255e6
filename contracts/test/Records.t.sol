// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE} from "./Base.sol";

contract RecordsTest is Base {
    bytes32 internal constant ID = keccak256("manifest");

    function test_addRecord_storesWhoWhenAndWhere() public {
        vm.expectEmit();
        emit IHospitalRecord.RecordAdded(patient, FOLDER, patient, ID, 0);
        bytes32 key = _add(ID);
        _assertRecord(key, patient, FOLDER, CURRENT);
    }

    function test_addRecord_ofAContributorNamesTheContributor() public {
        _grant(laboratory, SCOPE, CONTRIBUTE, NEVER);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.RecordAdded(patient, FOLDER, laboratory, ID, head);
        bytes32 key = _addBy(laboratory, ID);
        _assertRecord(key, laboratory, FOLDER, CURRENT);
        assertEq(hospital.journalHeadOf(laboratory), 0);
    }

    function test_addRecord_takesTheLargestFolder() public {
        vm.prank(patient);
        hospital.addRecord(patient, type(uint40).max, ID, 0);
        _assertRecord(_keyOf(patient, ID), patient, type(uint40).max, CURRENT);
    }

    function test_addRecord_revertsInFolderZero() public {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidFolder.selector, 0));
        vm.prank(patient);
        hospital.addRecord(patient, 0, ID, 0);
    }

    function test_addRecord_revertsWhenIdIsEmpty() public {
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(patient);
        hospital.addRecord(patient, FOLDER, 0, 0);
    }

    function test_addRecord_revertsWhenThere() public {
        bytes32 key = _add(ID);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.RecordExists.selector, key));
        vm.prank(patient);
        hospital.addRecord(patient, FOLDER + 1, ID, 0);
    }

    function test_addRecord_revertsWhenThereAlsoAfterItWasAnError() public {
        bytes32 key = _add(ID);
        vm.startPrank(patient);
        hospital.setStatus(patient, key, ERRONEOUS);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.RecordExists.selector, key));
        hospital.addRecord(patient, FOLDER, ID, 0);
    }

    function test_addRecord_ofOneIdByTwoAuthorsAreTwoRecords() public {
        _grant(laboratory, SCOPE, CONTRIBUTE, NEVER);
        bytes32 squatted = _addBy(laboratory, ID);
        bytes32 own = _add(ID);
        _assertRecord(squatted, laboratory, FOLDER, CURRENT);
        _assertRecord(own, patient, FOLDER, CURRENT);
    }

    function test_addRecord_revertsForAStranger() public {
        _expectNotPermitted(stranger, SCOPE);
        vm.prank(stranger);
        hospital.addRecord(patient, FOLDER, ID, 0);
    }

    function test_addRecord_revertsForAReader() public {
        _grant(doctor, SCOPE, READ, NEVER);
        _expectNotPermitted(doctor, SCOPE);
        vm.prank(doctor);
        hospital.addRecord(patient, FOLDER, ID, 0);
    }

    function test_addRecord_revertsInAnotherFolderThanTheGrants() public {
        _grant(laboratory, SCOPE, CONTRIBUTE, NEVER);
        _expectNotPermitted(laboratory, bytes32(uint256(FOLDER + 1)));
        vm.prank(laboratory);
        hospital.addRecord(patient, FOLDER + 1, ID, 0);
    }

    function test_addRecord_revertsFromTheSecondTheGrantEnds() public {
        _grant(laboratory, SCOPE, CONTRIBUTE, IN_A_YEAR);
        vm.warp(IN_A_YEAR - 1);
        _addBy(laboratory, ID);
        vm.warp(IN_A_YEAR);
        _expectNotPermitted(laboratory, SCOPE);
        vm.prank(laboratory);
        hospital.addRecord(patient, FOLDER, _digest("other", 0), 0);
    }

    function test_addRecord_revertsAfterTheGrantWasRevoked() public {
        _grant(laboratory, SCOPE, CONTRIBUTE, NEVER);
        _revoke(laboratory, SCOPE);
        _expectNotPermitted(laboratory, SCOPE);
        vm.prank(laboratory);
        hospital.addRecord(patient, FOLDER, ID, 1);
    }

    function test_addRecord_revertsWhenKeysHaveMoved() public {
        _grant(doctor, SCOPE, READ, NEVER);
        _grant(laboratory, SCOPE, CONTRIBUTE, NEVER);
        _revoke(doctor, SCOPE);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 0, 1));
        vm.prank(laboratory);
        hospital.addRecord(patient, FOLDER, ID, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 0, 1));
        vm.prank(patient);
        hospital.addRecord(patient, FOLDER, ID, 0);
    }

    function test_addRecord_revertsWhenTheCountIsAhead() public {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 1, 0));
        vm.prank(patient);
        hospital.addRecord(patient, FOLDER, ID, 1);
    }

    function test_addRecords_addsAllInOrder() public {
        bytes32[] memory ids = _digests("record", 3);
        vm.recordLogs();
        vm.prank(patient);
        hospital.addRecords(patient, FOLDER, ids, 0);
        for (uint256 i; i < 3; ++i) {
            _assertRecord(_keyOf(patient, ids[i]), patient, FOLDER, CURRENT);
        }
        assertEq(vm.getRecordedLogs().length, 3);
    }

    function test_addRecords_addsNoneWhenOneIsThereTwice() public {
        bytes32[] memory ids = _digests("record", 3);
        ids[2] = ids[0];
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.RecordExists.selector, _keyOf(patient, ids[0])));
        vm.prank(patient);
        hospital.addRecords(patient, FOLDER, ids, 0);
        assertEq(uint8(hospital.recordOf(patient, _keyOf(patient, ids[0])).status), uint8(NONE));
        assertEq(hospital.journalHeadOf(patient), 0);
    }

    function test_addRecords_revertsWhenEmpty() public {
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(patient);
        hospital.addRecords(patient, FOLDER, new bytes32[](0), 0);
    }

    function test_addRecords_hasTheGuardsOfAddRecord() public {
        bytes32[] memory ids = _digests("record", 2);
        _expectNotPermitted(stranger, SCOPE);
        vm.prank(stranger);
        hospital.addRecords(patient, FOLDER, ids, 0);

        vm.startPrank(patient);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidFolder.selector, 0));
        hospital.addRecords(patient, 0, ids, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 7, 0));
        hospital.addRecords(patient, FOLDER, ids, 7);
        ids[1] = 0;
        vm.expectRevert(IHospitalRecord.Empty.selector);
        hospital.addRecords(patient, FOLDER, ids, 0);
    }

    function testFuzz_addRecord_onlyByThePatientOrALiveContributor(
        address author,
        uint40 folder,
        bytes32 id,
        uint8 rights,
        uint40 expiresAt,
        uint40 time
    ) public {
        vm.assume(author != address(0) && author != patient && author != address(hospital));
        folder = uint40(bound(folder, 1, type(uint40).max));
        id = id == 0 ? ID : id;
        rights = uint8(bound(rights, READ, READ | CONTRIBUTE));
        expiresAt = uint40(bound(expiresAt, NOW + 1, NOW + 10));
        time = uint40(bound(time, NOW, NOW + 11));
        _grant(author, bytes32(uint256(folder)), rights, expiresAt);

        vm.warp(time);
        bool allowed = rights & CONTRIBUTE != 0 && time < expiresAt;
        if (!allowed) _expectNotPermitted(author, bytes32(uint256(folder)));
        vm.prank(author);
        hospital.addRecord(patient, folder, id, 0);
        if (allowed) _assertRecord(_keyOf(author, id), author, folder, CURRENT);
    }

    function _assertRecord(bytes32 key, address author, uint40 folder, IHospitalRecord.Status status) internal view {
        IHospitalRecord.Record memory record = hospital.recordOf(patient, key);
        assertEq(record.author, author);
        assertEq(record.addedAt, vm.getBlockTimestamp());
        assertEq(record.folder, folder);
        assertEq(uint8(record.status), uint8(status));
    }

    function _expectNotPermitted(address account, bytes32 scope) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NotPermitted.selector, account, scope, CONTRIBUTE));
    }
}
