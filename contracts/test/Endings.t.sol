// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE} from "./Base.sol";

/// revoke, revokeMany, rotate, renounce.
contract EndingsTest is Base {
    function test_revoke_endsTheGrantAndNamesTheKeyring() public {
        _grant(doctor, SCOPE, READ, NEVER);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, doctor, 2, KEYRING, false, head);
        _revoke(doctor, SCOPE);
        _assertNoGrant(doctor);
        assertEq(_keyChanges(), 1);
    }

    function test_revoke_withAnOutdatedCountTakesEffectWithoutItsKeyring() public {
        _grant(doctor, SCOPE, READ, NEVER);
        _grant(laboratory, SCOPE, READ, NEVER);
        _revoke(laboratory, SCOPE);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, doctor, 0, 0, false, head);
        vm.prank(patient);
        hospital.revoke(_revocation(doctor, SCOPE), 0);
        _assertNoGrant(doctor);
        assertEq(_keyChanges(), 2);
    }

    function test_revoke_withoutKeyringTellsNoEpoch() public {
        _grant(doctor, SCOPE, READ, NEVER);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, doctor, 0, 0, false, head);
        vm.prank(patient);
        hospital.revoke(IHospitalRecord.Revocation(SCOPE, doctor, 2, 0, false), 0);
        assertEq(_keyChanges(), 1);
    }

    function test_revoke_endsAnExpiredGrant() public {
        _grant(doctor, SCOPE, READ, IN_A_YEAR);
        vm.warp(IN_A_YEAR + 1);
        _revoke(doctor, SCOPE);
        _assertNoGrant(doctor);
        assertEq(_keyChanges(), 1);
    }

    function test_revoke_revertsWhenThereIsNoGrant() public {
        vm.startPrank(patient);
        _expectNoSuchGrant(doctor);
        hospital.revoke(_revocation(doctor, SCOPE), 0);
        hospital.grant(_permission(doctor, SCOPE, READ, NEVER), 0);
        hospital.revoke(_revocation(doctor, SCOPE), 0);
        _expectNoSuchGrant(doctor);
        hospital.revoke(_revocation(doctor, SCOPE), 1);
    }

    function test_revoke_ofAnotherPatientsGrantReverts() public {
        _grant(doctor, SCOPE, READ, NEVER);
        _expectNoSuchGrant(doctor);
        vm.prank(stranger);
        hospital.revoke(_revocation(doctor, SCOPE), 0);
        assertEq(hospital.grantOf(patient, SCOPE, doctor).giver, patient);
    }

    function test_revoke_leavesOtherScopesAndGrantees() public {
        bytes32 other = bytes32(uint256(FOLDER + 1));
        _grant(doctor, SCOPE, READ, NEVER);
        _grant(doctor, other, READ, NEVER);
        _grant(laboratory, SCOPE, READ, NEVER);
        _revoke(doctor, SCOPE);
        assertEq(hospital.grantOf(patient, other, doctor).giver, patient);
        assertEq(hospital.grantOf(patient, SCOPE, laboratory).giver, patient);
    }

    function test_revokeMany_comparesTheCountOnce() public {
        IHospitalRecord.Revocation[] memory revocations = _three();
        vm.expectEmit(true, true, true, false);
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, revocations[2].grantee, 2, KEYRING, false, 0);
        vm.prank(patient);
        hospital.revokeMany(revocations, 0);
        assertEq(_keyChanges(), 3);
        for (uint256 i; i < 3; ++i) {
            _assertNoGrant(revocations[i].grantee);
        }
    }

    function test_revokeMany_withAnOutdatedCountNamesNoKeyring() public {
        IHospitalRecord.Revocation[] memory revocations = _three();
        vm.recordLogs();
        vm.prank(patient);
        hospital.revokeMany(revocations, 9);
        bytes memory data = vm.getRecordedLogs()[2].data;
        (uint16 epoch, bytes32 keyring,,) = abi.decode(data, (uint16, bytes32, bool, bytes32));
        assertEq(epoch, 0);
        assertEq(keyring, 0);
        _assertNoGrant(revocations[2].grantee);
    }

    function test_revokeMany_endsNoneWhenOneIsNotThere() public {
        IHospitalRecord.Revocation[] memory revocations = _three();
        revocations[2].grantee = stranger;
        _expectNoSuchGrant(stranger);
        vm.prank(patient);
        hospital.revokeMany(revocations, 0);
        assertEq(hospital.grantOf(patient, SCOPE, revocations[0].grantee).giver, patient);
    }

    function test_revokeMany_isNotStoppedByOneWhoRenounces() public {
        IHospitalRecord.Revocation[] memory revocations = _three();
        vm.prank(revocations[1].grantee);
        hospital.renounce(patient, SCOPE);
        vm.prank(patient);
        hospital.revokeMany(revocations, 0);
        _assertNoGrant(revocations[2].grantee);
    }

    function test_revokeMany_revertsWhenEmpty() public {
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(patient);
        hospital.revokeMany(new IHospitalRecord.Revocation[](0), 0);
    }

    function test_rotate_movesTheKeys() public {
        vm.expectEmit();
        emit IHospitalRecord.KeysRotated(patient, FOLDER, 7, KEYRING, 0);
        vm.prank(patient);
        hospital.rotate(FOLDER, 7, KEYRING, 0);
        assertEq(_keyChanges(), 1);
    }

    function test_rotate_revertsWhenKeysHaveMoved() public {
        vm.startPrank(patient);
        hospital.rotate(FOLDER, 1, KEYRING, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 0, 1));
        hospital.rotate(FOLDER, 1, KEYRING, 0);
    }

    function test_rotate_revertsWithoutFolderOrKeyring() public {
        vm.startPrank(patient);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidFolder.selector, 0));
        hospital.rotate(0, 1, KEYRING, 0);
        vm.expectRevert(IHospitalRecord.Empty.selector);
        hospital.rotate(FOLDER, 1, 0, 0);
    }

    function test_renounce_expiresTheGrantAtOnce() public {
        _grant(doctor, SCOPE, READ, NEVER);
        bytes32 key = _add(_digest("record", 0));
        bytes32 head = hospital.journalHeadOf(patient);
        vm.warp(NOW + 9);
        vm.expectEmit();
        emit IHospitalRecord.AccessRenounced(patient, SCOPE, doctor, head);
        vm.prank(doctor);
        hospital.renounce(patient, SCOPE);

        assertFalse(hospital.canAccess(patient, key, doctor));
        IHospitalRecord.Grant memory held = hospital.grantOf(patient, SCOPE, doctor);
        assertEq(held.expiresAt, NOW + 9);
        assertEq(held.giver, patient);
        assertEq(held.grantedAt, NOW);
        assertEq(held.rights, READ);
        assertEq(_keyChanges(), 0);
    }

    function test_renounce_revertsWithoutALiveGrant() public {
        _expectNoSuchGrant(doctor);
        vm.prank(doctor);
        hospital.renounce(patient, SCOPE);

        _grant(doctor, SCOPE, READ, IN_A_YEAR);
        vm.warp(IN_A_YEAR);
        _expectNoSuchGrant(doctor);
        vm.prank(doctor);
        hospital.renounce(patient, SCOPE);
    }

    function test_renounce_worksOnce() public {
        _grant(doctor, SCOPE, READ, NEVER);
        vm.startPrank(doctor);
        hospital.renounce(patient, SCOPE);
        _expectNoSuchGrant(doctor);
        hospital.renounce(patient, SCOPE);
    }

    function test_renounce_leavesTheGrantForThePatientToRevoke() public {
        _grant(doctor, SCOPE, READ, NEVER);
        vm.prank(doctor);
        hospital.renounce(patient, SCOPE);
        _revoke(doctor, SCOPE);
        _assertNoGrant(doctor);
        assertEq(_keyChanges(), 1);
    }

    function testFuzz_revoke_alwaysTakesEffect(uint8 rights, uint40 expiresAt, uint40 time, uint24 named, bool gone)
        public
    {
        expiresAt = uint40(bound(expiresAt, NOW + 1, NEVER));
        _grant(doctor, SCOPE, uint8(bound(rights, 1, 3)), expiresAt);
        if (gone) {
            vm.prank(doctor);
            hospital.renounce(patient, SCOPE);
        }
        vm.warp(bound(time, NOW, NEVER));
        vm.expectEmit(true, true, true, false);
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, doctor, 2, KEYRING, false, 0);
        vm.prank(patient);
        hospital.revoke(_revocation(doctor, SCOPE), named);
        _assertNoGrant(doctor);
        assertEq(_keyChanges(), 1);
    }

    function _three() internal returns (IHospitalRecord.Revocation[] memory revocations) {
        IHospitalRecord.Permission[] memory permissions = _permissions(3);
        vm.prank(patient);
        hospital.grantMany(permissions, 0);
        revocations = new IHospitalRecord.Revocation[](3);
        for (uint256 i; i < 3; ++i) {
            revocations[i] = _revocation(permissions[i].grantee, SCOPE);
        }
    }

    function _assertNoGrant(address grantee) internal view {
        assertEq(keccak256(abi.encode(hospital.grantOf(patient, SCOPE, grantee))), keccak256(new bytes(192)));
    }

    function _expectNoSuchGrant(address grantee) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchGrant.selector, SCOPE, grantee));
    }
}
