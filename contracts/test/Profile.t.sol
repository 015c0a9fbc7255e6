// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord} from "./Base.sol";

contract ProfileTest is Base {
    function test_deployedAt_isTheBlockOfTheDeployment() public {
        uint256 born = vm.getBlockNumber();
        vm.roll(born + 1000);
        assertEq(hospital.deployedAt(), born);
        assertEq(_deploy().deployedAt(), born + 1000);
    }

    function test_setProfile_storesAndTellsTheDigest() public {
        bytes32 profile = _digest("profile", 0);
        assertEq(hospital.profileOf(patient), 0);
        vm.expectEmit();
        emit IHospitalRecord.ProfileSet(patient, profile, 0);
        vm.prank(patient);
        hospital.setProfile(profile);
        assertEq(hospital.profileOf(patient), profile);
        assertEq(hospital.profileOf(doctor), 0);
    }

    function test_setProfile_replacesTheOneBefore() public {
        vm.startPrank(patient);
        hospital.setProfile(_digest("profile", 0));
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.ProfileSet(patient, _digest("profile", 1), head);
        hospital.setProfile(_digest("profile", 1));
        assertEq(hospital.profileOf(patient), _digest("profile", 1));
        assertEq(_keyChanges(), 0);
    }

    function test_setProfile_revertsWhenEmpty() public {
        vm.expectRevert(IHospitalRecord.Empty.selector);
        hospital.setProfile(0);
    }

    function test_checkpoint_keepsTheNewestAndIsAnEntry() public {
        assertEq(hospital.checkpointOf(patient), 0);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.CheckpointMade(patient, _digest("checkpoint", 0), head);
        vm.startPrank(patient);
        hospital.checkpoint(_digest("checkpoint", 0));
        assertTrue(hospital.journalHeadOf(patient) != head);
        hospital.checkpoint(_digest("checkpoint", 1));
        assertEq(hospital.checkpointOf(patient), _digest("checkpoint", 1));
        assertEq(hospital.checkpointOf(doctor), 0);
        assertEq(hospital.profileOf(patient), 0);
        assertEq(_keyChanges(), 0);
    }

    function test_checkpoint_revertsForZero() public {
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(patient);
        hospital.checkpoint(0);
    }
}
