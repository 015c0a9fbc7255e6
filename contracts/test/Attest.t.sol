// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";

contract AttestTest is Base {
    bytes32 internal key;

    function setUp() public override {
        super.setUp();
        key = _add(_digest("record", 0));
        _grant(doctor, SCOPE, ATTEST, IN_A_YEAR);
    }

    function test_attest_marksTheRecordAndTellsWho() public {
        IHospitalRecord.Record memory due = hospital.recordOf(patient, key);
        assertFalse(due.attested);
        due.attested = true;
        bytes32 head = hospital.journalHeadOf(patient);
        vm.warp(NOW + 5);
        vm.expectEmit();
        emit IHospitalRecord.RecordAttested(patient, key, doctor, head);
        vm.prank(doctor);
        hospital.attest(patient, key);
        assertEq(abi.encode(hospital.recordOf(patient, key)), abi.encode(due), "only the mark changes");
        assertEq(_keyChanges(), 0);
    }

    function test_attest_worksOnce() public {
        _grant(laboratory, SCOPE, ATTEST, IN_A_YEAR);
        vm.prank(doctor);
        hospital.attest(patient, key);
        address[2] memory again = [doctor, laboratory];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.AlreadyAttested.selector, key));
            vm.prank(again[i]);
            hospital.attest(patient, key);
        }
    }

    function test_attest_needsTheRightOnTheFolder() public {
        _grant(laboratory, SCOPE, READ | CONTRIBUTE | DELEGATE, IN_A_YEAR);
        _grant(stranger, bytes32(uint256(FOLDER + 1)), ATTEST, IN_A_YEAR);
        address[3] memory accounts = [laboratory, stranger, patient]; // a patient does not attest
        for (uint256 i; i < 3; ++i) {
            _expectNotPermitted(accounts[i]);
            vm.prank(accounts[i]);
            hospital.attest(patient, key);
        }
        vm.warp(IN_A_YEAR);
        _expectNotPermitted(doctor);
        vm.prank(doctor);
        hospital.attest(patient, key);
    }

    function test_attest_byTheAuthorWithTheRight() public {
        _grant(laboratory, SCOPE, CONTRIBUTE | ATTEST, IN_A_YEAR);
        bytes32 result = _addBy(laboratory, _digest("result", 0));
        vm.prank(laboratory);
        hospital.attest(patient, result);
    }

    function test_attest_followsTheStatus() public {
        bytes32 none = _keyOf(patient, _digest("record", 1));
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchRecord.selector, none));
        vm.prank(doctor);
        hospital.attest(patient, none);

        bytes32 wrong = _add(_digest("record", 2));
        vm.startPrank(patient);
        hospital.setStatus(patient, key, SUPERSEDED);
        hospital.setStatus(patient, wrong, ERRONEOUS);
        vm.stopPrank();
        vm.startPrank(doctor);
        hospital.attest(patient, key);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NotAttestable.selector, wrong, ERRONEOUS));
        hospital.attest(patient, wrong);
    }

    function test_attest_outlivesTheStatus() public {
        vm.prank(doctor);
        hospital.attest(patient, key);
        vm.prank(patient);
        hospital.setStatus(patient, key, ERRONEOUS);
        assertTrue(hospital.recordOf(patient, key).attested);
    }

    function _expectNotPermitted(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NotPermitted.selector, account, SCOPE, ATTEST));
    }
}
