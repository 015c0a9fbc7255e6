// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";

contract GrantsTest is Base {
    function test_grant_storesAndTellsEverything() public {
        IHospitalRecord.Permission memory p = _permission(doctor, SCOPE, READ | CONTRIBUTE, IN_A_YEAR);
        p.purpose = IHospitalRecord.Purpose.HRESCH;
        vm.expectEmit();
        emit IHospitalRecord.AccessGranted(
            patient, SCOPE, doctor, READ | CONTRIBUTE, p.purpose, IN_A_YEAR, 1, p.envelope, 0
        );
        vm.prank(patient);
        hospital.grant(p, 0);

        IHospitalRecord.Grant memory held = hospital.grantOf(patient, SCOPE, doctor);
        assertEq(held.giver, patient);
        assertEq(held.expiresAt, IN_A_YEAR);
        assertEq(held.grantedAt, NOW);
        assertEq(held.rights, READ | CONTRIBUTE);
        assertEq(uint8(held.purpose), uint8(IHospitalRecord.Purpose.HRESCH));
        assertEq(_keyChanges(), 0);
    }

    /// 2^32 seconds after 1970 is in February 2106.
    function test_grant_knowsWhenItWasGivenAfter2106() public {
        uint40 year2106 = 2 ** 32;
        vm.warp(year2106 - 1);
        _grant(doctor, SCOPE, READ | DELEGATE, NEVER);
        vm.warp(year2106 + 5);
        _passOn(doctor, stranger, SCOPE, READ, NEVER);
        bytes32 key = _add(_digest("record", 0));
        assertEq(hospital.grantOf(patient, SCOPE, stranger).grantedAt, year2106 + 5);
        assertTrue(hospital.canAccess(patient, key, stranger));
        vm.warp(year2106 + 6);
        _grant(doctor, SCOPE, READ | DELEGATE, NEVER);
        assertFalse(hospital.canAccess(patient, key, stranger), "it was given before the grant above it");
    }

    function test_grant_onARecordNeedsTheRecord() public {
        bytes32 key = _keyOf(patient, _digest("record", 0));
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchRecord.selector, key));
        _grant(doctor, key, READ, NEVER);

        _add(_digest("record", 0));
        _grant(doctor, key, READ, NEVER);
        assertEq(hospital.grantOf(patient, key, doctor).giver, patient);
    }

    function test_grant_onARecordOfAnotherPatientReverts() public {
        bytes32 id = _digest("record", 0);
        vm.prank(stranger);
        hospital.addRecord(stranger, FOLDER, id, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchRecord.selector, _keyOf(stranger, id)));
        _grant(doctor, _keyOf(stranger, id), READ, NEVER);
    }

    function test_grant_onARecordGivesReadAndToPassItOnAlone() public {
        bytes32 key = _add(_digest("record", 0));
        _grant(doctor, key, READ, NEVER);
        _grant(laboratory, key, READ | DELEGATE, NEVER);
        for (uint256 rights; rights < 256; ++rights) {
            if (rights == READ || rights == READ | DELEGATE) continue;
            vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidRights.selector, key, rights));
            _grant(doctor, key, uint8(rights), NEVER);
        }
    }

    function test_grant_onAFolderGivesOnlyKnownRights() public {
        for (uint256 rights; rights < 256; ++rights) {
            bool known = rights > 0 && rights <= (READ | CONTRIBUTE | DELEGATE | ATTEST);
            if (!known) {
                vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidRights.selector, SCOPE, rights));
            }
            _grant(vm.addr(1000 + rights), SCOPE, uint8(rights), NEVER);
        }
    }

    function test_grant_takesEveryFolderNumberButZero() public {
        _grant(doctor, bytes32(uint256(1)), READ, NEVER);
        _grant(doctor, bytes32(uint256(type(uint40).max)), READ, NEVER);

        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchRecord.selector, bytes32(0)));
        _grant(doctor, 0, READ, NEVER);
        bytes32 tooLarge = bytes32(uint256(type(uint40).max) + 1);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchRecord.selector, tooLarge));
        _grant(doctor, tooLarge, READ, NEVER);
    }

    function test_grant_revertsToNobodyAndToOneself() public {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidGrantee.selector, address(0)));
        _grant(address(0), SCOPE, READ, NEVER);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidGrantee.selector, patient));
        _grant(patient, SCOPE, READ, NEVER);
    }

    function test_grant_revertsWhenExpiryIsPast() public {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.ExpiryNotInFuture.selector, NOW - 1, NOW));
        _grant(doctor, SCOPE, READ, NOW - 1);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.ExpiryNotInFuture.selector, NOW, NOW));
        _grant(doctor, SCOPE, READ, NOW);
        _grant(doctor, SCOPE, READ, NOW + 1);
    }

    function test_grant_revertsWithoutEnvelope() public {
        IHospitalRecord.Permission memory p = _permission(doctor, SCOPE, READ, NEVER);
        p.envelope = 0;
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(patient);
        hospital.grant(p, 0);
    }

    function test_grant_revertsWhenThePurposeIsUnknown() public {
        IHospitalRecord.Permission memory p = _permission(doctor, SCOPE, READ, NEVER);
        uint256 last = uint256(type(IHospitalRecord.Purpose).max);
        bytes memory call = abi.encodeCall(IHospitalRecord.grant, (p, 0));
        call[4 + 3 * 32 + 31] = bytes1(uint8(last + 1));
        vm.prank(patient);
        (bool succeeded,) = address(hospital).call(call);
        assertFalse(succeeded);
        call[4 + 3 * 32 + 31] = bytes1(uint8(last));
        vm.prank(patient);
        (succeeded,) = address(hospital).call(call);
        assertTrue(succeeded);
    }

    function test_grant_movesTheKeysOnlyWhenALiveOneIsLowered() public {
        _assertMoves(READ, IN_A_YEAR, false); // the first
        _assertMoves(READ, IN_A_YEAR, false); // the same
        _assertMoves(READ | CONTRIBUTE, IN_A_YEAR, false); // more rights
        _assertMoves(READ | CONTRIBUTE, NEVER, false); // longer
        _assertMoves(READ | CONTRIBUTE, NEVER - 1, true); // shorter
        _assertMoves(CONTRIBUTE, NEVER, true); // a right less
        _assertMoves(READ, NEVER, true); // another right
        _assertMoves(READ | CONTRIBUTE, IN_A_YEAR, true); // more rights, but shorter
        _assertMoves(READ, NEVER, true); // longer, but a right less
        _assertMoves(READ | DELEGATE, NEVER, false); // more rights
        _assertMoves(READ | DELEGATE, NEVER, true); // the same: what was passed on from it ends
    }

    function test_grant_movesNoKeysWhenTheOneBeforeHasEnded() public {
        _grant(doctor, SCOPE, READ | CONTRIBUTE, IN_A_YEAR);
        vm.warp(IN_A_YEAR);
        _grant(doctor, SCOPE, READ, IN_A_YEAR + 1);
        assertEq(_keyChanges(), 0);
    }

    function test_grant_movesNoKeysOfAnotherGrantee() public {
        _grant(doctor, SCOPE, READ | CONTRIBUTE, NEVER);
        _grant(laboratory, SCOPE, READ, IN_A_YEAR);
        assertEq(_keyChanges(), 0);
    }

    function test_grant_revertsWhenKeysHaveMoved() public {
        vm.startPrank(patient);
        hospital.rotate(FOLDER, 1, KEYRING, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 0, 1));
        hospital.grant(_permission(doctor, SCOPE, READ, NEVER), 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 2, 1));
        hospital.grantMany(_permissions(2), 2);
    }

    function test_grantMany_comparesTheCountOnce() public {
        IHospitalRecord.Permission[] memory permissions = _permissions(2);
        _grant(permissions[0].grantee, SCOPE, READ, NEVER);
        vm.prank(patient);
        hospital.grantMany(permissions, 0); // the first is lower
        assertEq(_keyChanges(), 1);
    }

    function test_grantMany_givesAllOrNone() public {
        IHospitalRecord.Permission[] memory permissions = _permissions(3);
        vm.prank(patient);
        hospital.grantMany(permissions, 0);
        for (uint256 i; i < 3; ++i) {
            assertEq(hospital.grantOf(patient, SCOPE, permissions[i].grantee).giver, patient);
            permissions[i].scope = bytes32(uint256(7));
        }
        permissions[2].expiresAt = NOW;
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.ExpiryNotInFuture.selector, NOW, NOW));
        vm.prank(patient);
        hospital.grantMany(permissions, 0);
        assertEq(hospital.grantOf(patient, bytes32(uint256(7)), permissions[0].grantee).giver, address(0));
    }

    function test_grantMany_revertsWhenEmpty() public {
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(patient);
        hospital.grantMany(new IHospitalRecord.Permission[](0), 0);
    }

    function testFuzz_grant_keepsWhatWasGivenAndCountsLowering(
        uint8 rights,
        uint40 expiresAt,
        uint8 laterRights,
        uint40 laterExpiresAt,
        uint40 time
    ) public {
        rights = uint8(bound(rights, 1, 15));
        laterRights = uint8(bound(laterRights, 1, 15));
        expiresAt = uint40(bound(expiresAt, NOW + 1, NEVER));
        time = uint40(bound(time, NOW, NEVER - 1));
        laterExpiresAt = uint40(bound(laterExpiresAt, uint256(time) + 1, NEVER));
        _grant(doctor, SCOPE, rights, expiresAt);
        vm.warp(time);
        _grant(doctor, SCOPE, laterRights, laterExpiresAt);

        IHospitalRecord.Grant memory held = hospital.grantOf(patient, SCOPE, doctor);
        assertEq(held.rights, laterRights);
        assertEq(held.expiresAt, laterExpiresAt);
        assertEq(held.grantedAt, time);
        bool lower = laterExpiresAt < expiresAt || rights & laterRights != rights || rights & DELEGATE != 0;
        assertEq(_keyChanges(), time < expiresAt && lower ? 1 : 0);
    }

    function _assertMoves(uint8 rights, uint40 expiresAt, bool moves) internal {
        uint24 before = _keyChanges();
        _grant(doctor, SCOPE, rights, expiresAt);
        assertEq(_keyChanges() - before, moves ? 1 : 0);
    }
}
