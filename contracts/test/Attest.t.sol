// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";

contract AttestTest is Base {
    uint8 internal constant MOST_ATTESTATIONS = 16;
    bytes32 internal key;

    function setUp() public override {
        super.setUp();
        key = _add(_digest("record", 0));
        _grant(doctor, SCOPE, ATTEST, IN_A_YEAR);
    }

    function test_attest_marksTheRecordAndTellsWho() public {
        IHospitalRecord.Record memory due = hospital.recordOf(patient, key);
        assertEq(due.attestations, 0);
        assertFalse(hospital.hasAttested(patient, key, doctor));
        due.attestations = 1;
        bytes32 head = hospital.journalHeadOf(patient);
        vm.warp(NOW + 5);
        vm.expectEmit();
        emit IHospitalRecord.RecordAttested(patient, key, doctor, head);
        vm.prank(doctor);
        hospital.attest(patient, key);
        assertEq(abi.encode(hospital.recordOf(patient, key)), abi.encode(due), "only the count changes");
        assertTrue(hospital.hasAttested(patient, key, doctor));
        assertEq(_keyChanges(), 0);
    }

    function test_attest_worksOnceForEachAccount() public {
        _grant(laboratory, SCOPE, ATTEST, IN_A_YEAR);
        address[2] memory both = [doctor, laboratory];
        for (uint256 i; i < 2; ++i) {
            _attest(both[i]);
            assertEq(hospital.recordOf(patient, key).attestations, i + 1);
            vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.AlreadyAttested.selector, key, both[i]));
            _attest(both[i]);
        }
        _revoke(doctor, SCOPE);
        _grant(doctor, SCOPE, ATTEST, IN_A_YEAR);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.AlreadyAttested.selector, key, doctor));
        _attest(doctor);
        assertFalse(hospital.hasAttested(patient, key, stranger));
    }

    /// Also when its accounts came first, and whatever it does.
    function test_attest_aDelegatesAccountsKeepOutNobodyWhomThePatientChose() public {
        _grant(laboratory, SCOPE, ATTEST | DELEGATE, IN_A_YEAR);
        for (uint256 i; i < MOST_ATTESTATIONS; ++i) {
            _attest(_puppet(i));
        }
        address puppet = _puppet(MOST_ATTESTATIONS);
        _expectTooMany();
        _attest(puppet);
        _attest(doctor);
        _attest(laboratory);
        assertEq(hospital.recordOf(patient, key).attestations, MOST_ATTESTATIONS + 2);
        _expectTooMany();
        _attest(puppet);
    }

    function test_attest_thoseWhomThePatientChoseAreTakenUntilTheCountIsFull() public {
        for (uint256 i; i < 255; ++i) {
            address professional = vm.addr(3000 + i);
            _grant(professional, SCOPE, ATTEST, IN_A_YEAR);
            _attest(professional);
        }
        assertEq(hospital.recordOf(patient, key).attestations, 255);
        _expectTooMany();
        _attest(doctor);
        assertEq(uint8(hospital.recordOf(patient, key).status), uint8(CURRENT));
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
        assertEq(hospital.recordOf(patient, key).attestations, 1);
        assertTrue(hospital.hasAttested(patient, key, doctor));
    }

    /// An account to which the laboratory passed ATTEST on.
    function _puppet(uint256 i) internal returns (address puppet) {
        puppet = vm.addr(2000 + i);
        _passOn(laboratory, puppet, SCOPE, ATTEST, IN_A_YEAR);
    }

    function _attest(address by) internal {
        vm.prank(by);
        hospital.attest(patient, key);
    }

    function _expectTooMany() internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.TooManyAttestations.selector, key));
    }

    function _expectNotPermitted(address account) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NotPermitted.selector, account, SCOPE, ATTEST));
    }
}
