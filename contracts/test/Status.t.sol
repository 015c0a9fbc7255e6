// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE} from "./Base.sol";

/// setStatus and replace.
contract StatusTest is Base {
    bytes32 internal constant OLD = keccak256("old");
    bytes32 internal constant NEW = keccak256("new");

    function test_setStatus_movesTheStatusAndNothingElse() public {
        bytes32 key = _add(OLD);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.warp(NOW + 5);
        vm.expectEmit();
        emit IHospitalRecord.RecordStatusChanged(patient, key, patient, ERRONEOUS, 0, head);
        vm.prank(patient);
        hospital.setStatus(patient, key, ERRONEOUS);

        IHospitalRecord.Record memory record = hospital.recordOf(patient, key);
        assertEq(uint8(record.status), uint8(ERRONEOUS));
        assertEq(record.author, patient);
        assertEq(record.addedAt, NOW);
        assertEq(record.folder, FOLDER);
        assertEq(_keyChanges(), 0);
    }

    function test_setStatus_movesOnlyToTheRight() public {
        for (uint8 from = uint8(CURRENT); from <= uint8(ERRONEOUS); ++from) {
            for (uint8 to; to <= uint8(ERRONEOUS); ++to) {
                bytes32 key = _add(_digest("record", uint256(from) * 4 + to));
                vm.startPrank(patient);
                if (from != uint8(CURRENT)) hospital.setStatus(patient, key, IHospitalRecord.Status(from));
                if (to <= from) {
                    vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StatusNotAllowed.selector, key, from, to));
                }
                hospital.setStatus(patient, key, IHospitalRecord.Status(to));
                vm.stopPrank();
                assertEq(uint8(hospital.recordOf(patient, key).status), to <= from ? from : to);
            }
        }
    }

    function test_setStatus_worksForTheAuthorWhoMayContribute() public {
        bytes32 key = _contributed();
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.RecordStatusChanged(patient, key, laboratory, SUPERSEDED, 0, head);
        vm.prank(laboratory);
        hospital.setStatus(patient, key, SUPERSEDED);
    }

    function test_setStatus_worksForThePatientOnOthersRecords() public {
        bytes32 key = _contributed();
        vm.prank(patient);
        hospital.setStatus(patient, key, ERRONEOUS);
        assertEq(uint8(hospital.recordOf(patient, key).status), uint8(ERRONEOUS));
    }

    function test_setStatus_revertsWhenThereIsNoRecord() public {
        bytes32 key = _keyOf(patient, OLD);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchRecord.selector, key));
        vm.prank(patient);
        hospital.setStatus(patient, key, ERRONEOUS);
    }

    function test_setStatus_revertsForAContributorWhoIsNotTheAuthor() public {
        bytes32 key = _add(OLD);
        _grant(laboratory, SCOPE, READ | CONTRIBUTE, NEVER);
        _expectNotPermitted(laboratory, key);
        vm.prank(laboratory);
        hospital.setStatus(patient, key, ERRONEOUS);
    }

    function test_setStatus_revertsForAnAuthorWhoMayNoLongerContribute() public {
        bytes32 key = _contributed();
        _revoke(laboratory, SCOPE);
        _expectNotPermitted(laboratory, SCOPE);
        vm.prank(laboratory);
        hospital.setStatus(patient, key, ERRONEOUS);
    }

    function test_replace_addsAndSupersedes() public {
        bytes32 key = _add(OLD);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.warp(NOW + 5);
        vm.expectEmit();
        emit IHospitalRecord.RecordAdded(patient, FOLDER, patient, NEW, head);
        vm.expectEmit(true, true, true, false); // `previous` is what the event before made it: JournalTest
        emit IHospitalRecord.RecordStatusChanged(patient, key, patient, SUPERSEDED, _keyOf(patient, NEW), 0);
        vm.prank(patient);
        hospital.replace(patient, key, NEW, 0);

        assertEq(uint8(hospital.recordOf(patient, key).status), uint8(SUPERSEDED));
        IHospitalRecord.Record memory record = hospital.recordOf(patient, _keyOf(patient, NEW));
        assertEq(record.author, patient);
        assertEq(record.addedAt, NOW + 5);
        assertEq(record.folder, FOLDER);
        assertEq(uint8(record.status), uint8(CURRENT));
    }

    function test_replace_byTheAuthorKeepsTheAuthor() public {
        bytes32 key = _contributed();
        vm.prank(laboratory);
        hospital.replace(patient, key, NEW, 0);
        assertEq(uint8(hospital.recordOf(patient, key).status), uint8(SUPERSEDED));
        assertEq(hospital.recordOf(patient, _keyOf(laboratory, NEW)).author, laboratory);
    }

    function test_replace_byThePatientOfAContributedRecordIsThePatients() public {
        bytes32 key = _contributed();
        vm.prank(patient);
        hospital.replace(patient, key, NEW, 0);
        assertEq(hospital.recordOf(patient, _keyOf(patient, NEW)).author, patient);
    }

    function test_replace_revertsWhenTheOldIsNotCurrent() public {
        bytes32 key = _add(OLD);
        vm.startPrank(patient);
        hospital.replace(patient, key, NEW, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StatusNotAllowed.selector, key, SUPERSEDED, SUPERSEDED));
        hospital.replace(patient, key, _digest("newer", 0), 0);
    }

    function test_replace_revertsWhenThereIsNoRecord() public {
        bytes32 key = _keyOf(patient, OLD);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchRecord.selector, key));
        vm.prank(patient);
        hospital.replace(patient, key, NEW, 0);
    }

    function test_replace_revertsWithItself() public {
        bytes32 key = _add(OLD);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.RecordExists.selector, key));
        vm.prank(patient);
        hospital.replace(patient, key, OLD, 0);
    }

    function test_replace_revertsWhenIdIsEmpty() public {
        bytes32 key = _add(OLD);
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(patient);
        hospital.replace(patient, key, 0, 0);
    }

    function test_replace_revertsWhenKeysHaveMoved() public {
        bytes32 key = _add(OLD);
        vm.startPrank(patient);
        hospital.rotate(FOLDER, 1, KEYRING, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 0, 1));
        hospital.replace(patient, key, NEW, 0);
    }

    function test_replace_revertsForStrangersAndFormerContributors() public {
        bytes32 key = _contributed();
        _expectNotPermitted(stranger, key);
        vm.prank(stranger);
        hospital.replace(patient, key, NEW, 0);

        _revoke(laboratory, SCOPE);
        _expectNotPermitted(laboratory, SCOPE);
        vm.prank(laboratory);
        hospital.replace(patient, key, NEW, 1);
    }

    function _contributed() internal returns (bytes32) {
        _grant(laboratory, SCOPE, CONTRIBUTE, NEVER);
        return _addBy(laboratory, OLD);
    }

    function _expectNotPermitted(address account, bytes32 scope) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NotPermitted.selector, account, scope, CONTRIBUTE));
    }
}
