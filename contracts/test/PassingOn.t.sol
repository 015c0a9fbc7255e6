// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";

/// passOn, withdraw, and what lives by what.
contract PassingOnTest is Base {
    uint8 internal constant ALL = READ | CONTRIBUTE | DELEGATE | ATTEST;
    address[4] internal people = [makeAddr("first"), makeAddr("second"), makeAddr("third"), makeAddr("fourth")];
    bytes32 internal key;

    function setUp() public override {
        super.setUp();
        key = _add(_digest("record", 0));
        _grant(doctor, SCOPE, ALL, IN_A_YEAR);
    }

    function test_passOn_storesAndTellsEverything() public {
        IHospitalRecord.Permission memory p = _permission(stranger, SCOPE, READ | ATTEST, IN_A_YEAR - 1);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.warp(NOW + 5);
        vm.expectEmit();
        emit IHospitalRecord.AccessPassedOn(
            patient,
            SCOPE,
            stranger,
            READ | ATTEST,
            TREAT,
            IN_A_YEAR - 1,
            1,
            p.envelope,
            doctor,
            IHospitalRecord.Via.Scope,
            head
        );
        vm.prank(doctor);
        hospital.passOn(patient, p, 0);

        IHospitalRecord.Grant memory held = hospital.grantOf(patient, SCOPE, stranger);
        assertEq(held.giver, doctor);
        assertEq(held.expiresAt, IN_A_YEAR - 1);
        assertEq(held.grantedAt, NOW + 5);
        assertEq(held.rights, READ | ATTEST);
        assertEq(uint8(held.purpose), uint8(TREAT));
        assertEq(uint8(held.via), uint8(IHospitalRecord.Via.Scope));
        assertEq(_keyChanges(), 0);
        assertTrue(hospital.canAccess(patient, key, stranger));
    }

    function test_passOn_fromTheFolderToARecordOfIt() public {
        _passOn(doctor, stranger, key, READ | DELEGATE, IN_A_YEAR);
        assertEq(uint8(hospital.grantOf(patient, key, stranger).via), uint8(IHospitalRecord.Via.Folder));
        assertTrue(hospital.canAccess(patient, key, stranger));
        assertFalse(hospital.canAccess(patient, _add(_digest("record", 1)), stranger));
        _passOn(stranger, laboratory, key, READ, IN_A_YEAR);
        assertEq(uint8(hospital.grantOf(patient, key, laboratory).via), uint8(IHospitalRecord.Via.Scope));
        _revoke(doctor, SCOPE);
        assertFalse(hospital.canAccess(patient, key, stranger));
        assertFalse(hospital.canAccess(patient, key, laboratory));
    }

    function test_passOn_ofARecordNeedsReadOnItsFolder() public {
        _grant(laboratory, SCOPE, CONTRIBUTE | DELEGATE, NEVER);
        _expectWider(laboratory, key);
        _passOn(laboratory, stranger, key, READ, IN_A_YEAR);
    }

    function test_passOn_ofARecordUsesWhatCoversIt() public {
        _grant(doctor, key, READ | DELEGATE, NOW + 10);
        _passOn(doctor, people[0], key, READ, NOW + 10);
        assertEq(uint8(hospital.grantOf(patient, key, people[0]).via), uint8(IHospitalRecord.Via.Scope));
        _passOn(doctor, people[1], key, READ, NOW + 11);
        assertEq(uint8(hospital.grantOf(patient, key, people[1]).via), uint8(IHospitalRecord.Via.Folder));
        _revoke(doctor, key);
        assertFalse(hospital.canAccess(patient, key, people[0]));
        assertTrue(hospital.canAccess(patient, key, people[1]));
    }

    function test_passOn_goesDownThreeTimes() public {
        _chain();
        assertTrue(hospital.canAccess(patient, key, people[2]));
        _expectNotPermitted(people[2], SCOPE, DELEGATE);
        _passOn(people[2], people[3], SCOPE, READ, IN_A_YEAR);
        // Nor by way of a record.
        _expectNotPermitted(people[2], key, DELEGATE);
        _passOn(people[2], people[3], key, READ, IN_A_YEAR);
    }

    function test_passOn_carriesEveryRight() public {
        _chain();
        bytes32 result = _addBy(people[2], _digest("result", 0));
        vm.startPrank(people[2]);
        hospital.logAccess(patient, key, TREAT, 0);
        hospital.setStatus(patient, result, SUPERSEDED);
        hospital.attest(patient, key);
    }

    function test_passOn_revertsWithoutTheRight() public {
        _grant(laboratory, SCOPE, READ | CONTRIBUTE | ATTEST, NEVER);
        _expectNotPermitted(laboratory, SCOPE, DELEGATE);
        _passOn(laboratory, stranger, SCOPE, READ, IN_A_YEAR);
        _expectNotPermitted(stranger, SCOPE, DELEGATE);
        _passOn(stranger, laboratory, SCOPE, READ, IN_A_YEAR);
        _expectNotPermitted(patient, SCOPE, DELEGATE);
        _passOn(patient, stranger, SCOPE, READ, IN_A_YEAR);
        bytes32 other = bytes32(uint256(FOLDER + 1));
        _expectNotPermitted(doctor, other, DELEGATE);
        _passOn(doctor, stranger, other, READ, IN_A_YEAR);
        vm.warp(IN_A_YEAR);
        _expectNotPermitted(doctor, SCOPE, DELEGATE);
        _passOn(doctor, stranger, SCOPE, READ, NEVER);
    }

    function test_passOn_revertsBeyondOnesOwn() public {
        _grant(laboratory, SCOPE, READ | DELEGATE, IN_A_YEAR);
        _expectWider(laboratory, SCOPE);
        _passOn(laboratory, stranger, SCOPE, READ | CONTRIBUTE, IN_A_YEAR);
        _expectWider(laboratory, SCOPE);
        _passOn(laboratory, stranger, SCOPE, READ, IN_A_YEAR + 1);
        IHospitalRecord.Permission memory p = _permission(stranger, SCOPE, READ, IN_A_YEAR);
        p.purpose = IHospitalRecord.Purpose.HRESCH;
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.WiderThanOwn.selector, laboratory, SCOPE));
        vm.prank(laboratory);
        hospital.passOn(patient, p, 0);
    }

    function test_passOn_revertsForNobodyThePatientAndOneself() public {
        address[3] memory wrong = [address(0), patient, doctor];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidGrantee.selector, wrong[i]));
            _passOn(doctor, wrong[i], SCOPE, READ, IN_A_YEAR);
        }
    }

    function test_passOn_hasTheFormOfAGrant() public {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidRights.selector, SCOPE, 0));
        _passOn(doctor, stranger, SCOPE, 0, IN_A_YEAR);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.InvalidRights.selector, key, READ | CONTRIBUTE));
        _passOn(doctor, stranger, key, READ | CONTRIBUTE, IN_A_YEAR);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.ExpiryNotInFuture.selector, NOW, NOW));
        _passOn(doctor, stranger, SCOPE, READ, NOW);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchRecord.selector, bytes32(0)));
        _passOn(doctor, stranger, 0, READ, IN_A_YEAR);
        IHospitalRecord.Permission memory p = _permission(stranger, SCOPE, READ, IN_A_YEAR);
        p.envelope = 0;
        vm.expectRevert(IHospitalRecord.Empty.selector);
        vm.prank(doctor);
        hospital.passOn(patient, p, 0);
    }

    function test_passOn_revertsWhenKeysHaveMoved() public {
        vm.prank(patient);
        hospital.rotate(FOLDER, 1, KEYRING, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 0, 1));
        vm.prank(doctor);
        hospital.passOn(patient, _permission(stranger, SCOPE, READ, IN_A_YEAR), 0);
    }

    function test_passOn_takesThePlaceOfNothingLiveThatAnotherGave() public {
        _grant(laboratory, SCOPE, READ | DELEGATE, IN_A_YEAR);
        _expectByAnother(laboratory);
        _passOn(doctor, laboratory, SCOPE, READ, IN_A_YEAR);
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR);
        _expectByAnother(stranger);
        _passOn(laboratory, stranger, SCOPE, READ, IN_A_YEAR);
    }

    function test_passOn_takesThePlaceOfOnesOwnAndOfWhatHasEnded() public {
        _grant(laboratory, SCOPE, READ | DELEGATE, IN_A_YEAR);
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR);
        _passOn(doctor, stranger, SCOPE, ATTEST, IN_A_YEAR - 1);
        assertEq(hospital.grantOf(patient, SCOPE, stranger).rights, ATTEST);
        _revoke(doctor, SCOPE); // the stranger's is dead now, and not expired
        _passOn(laboratory, stranger, SCOPE, READ, IN_A_YEAR);
        assertEq(hospital.grantOf(patient, SCOPE, stranger).giver, laboratory);
        _passOn(laboratory, doctor, SCOPE, READ, IN_A_YEAR); // revoked without a bar
        _grant(people[0], SCOPE, READ, NOW + 1);
        vm.warp(NOW + 1);
        _passOn(laboratory, people[0], SCOPE, READ, IN_A_YEAR); // the patient's has expired
    }

    function test_passOn_neverToWhoIsBarred() public {
        _grant(stranger, SCOPE, READ, NEVER);
        _bar(stranger, SCOPE);
        _expectBarred(SCOPE, stranger);
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR);
        // Nor the folder's records one by one.
        _expectBarred(SCOPE, stranger);
        _passOn(doctor, stranger, key, READ, IN_A_YEAR);

        _grant(stranger, key, READ, NOW + 1); // the patient may, and the folder's bar stays
        assertTrue(hospital.canAccess(patient, key, stranger));
        _expectBarred(SCOPE, stranger);
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR);
        _grant(stranger, SCOPE, READ, NOW + 1); // lifts it
        vm.warp(NOW + 1);
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR);
    }

    function test_passOn_aBarOnARecordIsForThatRecord() public {
        _passOn(doctor, stranger, key, READ, IN_A_YEAR);
        _bar(stranger, key);
        _expectBarred(key, stranger);
        _passOn(doctor, stranger, key, READ, IN_A_YEAR);
        _passOn(doctor, stranger, _add(_digest("record", 1)), READ, IN_A_YEAR);
    }

    function test_live_endsWithAnyGrantAbove() public {
        _chain();
        address[3] memory above = [doctor, people[0], people[1]];
        for (uint256 i; i < 3; ++i) {
            uint256 state = vm.snapshotState();
            _revoke(above[i], SCOPE);
            _assertChainIsDeadFrom(i == 0 ? 0 : i - 1);
            vm.revertToState(state);
            vm.prank(above[i]);
            hospital.renounce(patient, SCOPE);
            _assertChainIsDeadFrom(i == 0 ? 0 : i - 1);
            vm.revertToState(state);
        }
    }

    function test_live_endsWithAGrantAboveThatNoLongerCoversIt() public {
        uint8 less = ALL & ~DELEGATE;
        _chain();
        for (uint256 i; i < 5; ++i) {
            uint256 state = vm.snapshotState();
            IHospitalRecord.Permission memory p = _permission(doctor, SCOPE, ALL, IN_A_YEAR);
            if (i == 0) p.rights = less;
            if (i == 1) p.rights = ALL & ~ATTEST;
            if (i == 2) p.expiresAt = IN_A_YEAR - 1;
            if (i == 3) p.purpose = IHospitalRecord.Purpose.HRESCH;
            if (i == 4) vm.warp(NOW + 1); // the same, given anew
            vm.prank(patient);
            hospital.grant(p, 0);
            _assertChainIsDeadFrom(0);
            assertEq(_keyChanges(), 1, "who read through the doctor's grant has its keys");
            vm.revertToState(state);
        }
    }

    function test_live_isNotRevivedByAGrantAnew() public {
        _chain();
        vm.warp(NOW + 1);
        _revoke(people[0], SCOPE);
        _passOn(doctor, people[0], SCOPE, ALL, IN_A_YEAR);
        assertTrue(hospital.canAccess(patient, key, people[0]));
        assertFalse(hospital.canAccess(patient, key, people[1]));
        assertFalse(hospital.canAccess(patient, key, people[2]));
        _expectNotPermitted(people[1], SCOPE, DELEGATE);
        _passOn(people[1], people[3], SCOPE, READ, IN_A_YEAR);
    }

    function test_withdraw_expiresTheGrantAtOnceAndAllBelow() public {
        _chain();
        bytes32 head = hospital.journalHeadOf(patient);
        vm.warp(NOW + 9);
        vm.expectEmit();
        emit IHospitalRecord.AccessWithdrawn(patient, SCOPE, people[0], doctor, head);
        vm.prank(doctor);
        hospital.withdraw(patient, SCOPE, people[0]);
        assertEq(hospital.grantOf(patient, SCOPE, people[0]).expiresAt, NOW + 9);
        assertEq(hospital.grantOf(patient, SCOPE, people[0]).giver, doctor);
        assertEq(hospital.grantOf(patient, SCOPE, people[0]).grantedAt, NOW);
        assertTrue(hospital.canAccess(patient, key, doctor));
        _assertChainIsDeadFrom(0);
        assertEq(_keyChanges(), 0);
        _revoke(people[0], SCOPE); // still finds it
        _expectNoSuchGrant(people[0]);
        vm.prank(doctor);
        hospital.withdraw(patient, SCOPE, people[0]);
    }

    function test_withdraw_isForTheGiverAlone() public {
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR);
        address[3] memory others = [patient, stranger, laboratory];
        for (uint256 i; i < 3; ++i) {
            _expectNoSuchGrant(stranger);
            vm.prank(others[i]);
            hospital.withdraw(patient, SCOPE, stranger);
        }
        // What the patient gave is revoked, so that it counts as a key change.
        _expectNoSuchGrant(doctor);
        vm.prank(patient);
        hospital.withdraw(patient, SCOPE, doctor);
    }

    function test_withdraw_revertsWhenItHasExpired() public {
        _passOn(doctor, stranger, SCOPE, READ, NOW + 1);
        vm.warp(NOW + 1);
        _expectNoSuchGrant(stranger);
        vm.prank(doctor);
        hospital.withdraw(patient, SCOPE, stranger);
    }

    function test_renounce_worksForWhoWasPassedOnTo() public {
        _chain();
        vm.prank(people[0]);
        hospital.renounce(patient, SCOPE);
        _assertChainIsDeadFrom(0);
    }

    function test_revoke_endsWhatWasPassedOn() public {
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR);
        _revoke(stranger, SCOPE);
        assertEq(hospital.grantOf(patient, SCOPE, stranger).giver, address(0));
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR); // no bar: the patient left the doctor in place
        assertTrue(hospital.canAccess(patient, key, stranger));
    }

    function test_revoke_leavesAMarkOfABar() public {
        _passOn(doctor, stranger, SCOPE, READ, IN_A_YEAR);
        IHospitalRecord.Revocation memory r = _revocation(stranger, SCOPE);
        r.barred = true;
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, stranger, 2, KEYRING, true, head);
        vm.prank(patient);
        hospital.revoke(r, 0);
        IHospitalRecord.Grant memory mark;
        (mark.giver, mark.via) = (patient, IHospitalRecord.Via.Barred);
        assertEq(abi.encode(hospital.grantOf(patient, SCOPE, stranger)), abi.encode(mark));
        assertFalse(hospital.canAccess(patient, key, stranger));
        _expectNoSuchGrant(stranger);
        vm.prank(stranger);
        hospital.renounce(patient, SCOPE);
    }

    function test_revoke_ofABarSucceedsAndLeavesIt() public {
        _grant(stranger, SCOPE, READ, NEVER);
        _bar(stranger, SCOPE);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, stranger, 2, KEYRING, true, head);
        _revoke(stranger, SCOPE);
        assertEq(uint8(hospital.grantOf(patient, SCOPE, stranger).via), uint8(IHospitalRecord.Via.Barred));
    }

    function testFuzz_passOn_neverWidens(uint8 own, uint8 asked, uint40 ownEnd, uint40 askedEnd, uint40 time) public {
        own = uint8(bound(own, 1, ALL));
        asked = uint8(bound(asked, 1, ALL));
        ownEnd = uint40(bound(ownEnd, NOW + 1, NOW + 9));
        askedEnd = uint40(bound(askedEnd, NOW + 1, NOW + 9));
        _grant(laboratory, SCOPE, own, ownEnd);
        bool may = own & DELEGATE != 0 && own & asked == asked && askedEnd <= ownEnd;
        vm.prank(laboratory);
        try hospital.passOn(patient, _permission(stranger, SCOPE, asked, askedEnd), 0) {
            assertTrue(may);
        } catch {
            assertFalse(may);
            return;
        }
        vm.warp(bound(time, NOW, NOW + 10));
        bool live = vm.getBlockTimestamp() < askedEnd && asked & READ != 0;
        assertEq(hospital.canAccess(patient, key, stranger), live);
        if (live) assertTrue(own & READ != 0 && vm.getBlockTimestamp() < ownEnd);
    }

    /// patient -> doctor -> first -> second -> third, all with all rights.
    function _chain() internal {
        _passOn(doctor, people[0], SCOPE, ALL, IN_A_YEAR);
        _passOn(people[0], people[1], SCOPE, ALL, IN_A_YEAR);
        _passOn(people[1], people[2], SCOPE, ALL, IN_A_YEAR);
    }

    /// From people[level] on.
    function _assertChainIsDeadFrom(uint256 level) internal view {
        for (uint256 i; i < 3; ++i) {
            assertEq(hospital.canAccess(patient, key, people[i]), i < level, "chain");
        }
    }

    function _bar(address grantee, bytes32 scope) internal {
        IHospitalRecord.Revocation memory r = _revocation(grantee, scope);
        r.barred = true;
        vm.prank(patient);
        hospital.revoke(r, 0);
    }

    function _expectNotPermitted(address account, bytes32 scope, uint8 right) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NotPermitted.selector, account, scope, right));
    }

    function _expectWider(address giver, bytes32 scope) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.WiderThanOwn.selector, giver, scope));
    }

    function _expectByAnother(address grantee) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.GrantedByAnother.selector, SCOPE, grantee));
    }

    function _expectBarred(bytes32 scope, address grantee) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.Barred.selector, scope, grantee));
    }

    function _expectNoSuchGrant(address grantee) internal {
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchGrant.selector, SCOPE, grantee));
    }
}
