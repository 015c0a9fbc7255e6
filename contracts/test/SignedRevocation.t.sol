// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "../src/ISigned.sol";
import {IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";
import {Signing} from "./Signing.sol";

/// revokeSigned: it cannot be stopped, and is worthless after the patient has changed their mind.
contract SignedRevocationTest is Signing {
    IHospitalRecord.Revocation internal r;
    bytes internal signature;

    function setUp() public override {
        super.setUp();
        _grant(doctor, SCOPE, READ | DELEGATE, NEVER);
        _grant(stranger, SCOPE, READ, NEVER);
        r = _revocation(stranger, SCOPE);
        r.barred = true;
        signature = _signRevocation(patient, r, patient, NOW, 0);
    }

    function test_revokeSigned_isARevocationWithABar() public {
        bytes32 head = hospital.journalHeadOf(patient);
        vm.warp(NOW + 1000 days); // no deadline
        vm.expectEmit();
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, stranger, 2, KEYRING, true, head);
        _revoke();
        _assertBarred();
        assertEq(_keyChanges(), 1);
    }

    function test_revokeSigned_withAnOutdatedCountNamesNoKeyring() public {
        vm.prank(patient);
        hospital.rotate(FOLDER, 1, KEYRING, 0);
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectEmit();
        emit IHospitalRecord.AccessRevoked(patient, SCOPE, stranger, 0, 0, true, head);
        _revoke();
        _assertBarred();
    }

    function test_revokeSigned_isNotStoppedByTheGrantee() public {
        vm.prank(stranger);
        hospital.renounce(patient, SCOPE);
        _revoke();
        _assertBarred();
    }

    function test_revokeSigned_isNotStoppedByADelegate() public {
        vm.prank(stranger);
        hospital.renounce(patient, SCOPE);
        vm.warp(NOW + 5);
        _passOn(doctor, stranger, SCOPE, READ, NEVER);
        _revoke();
        _assertBarred();
    }

    /// Nor when the patient has given the delegate its right anew meanwhile.
    function test_revokeSigned_isNotStoppedByADelegateGivenAnew() public {
        vm.prank(stranger);
        hospital.renounce(patient, SCOPE);
        vm.warp(NOW + 5);
        _grant(doctor, SCOPE, READ | DELEGATE, NEVER);
        _passOn(doctor, stranger, SCOPE, READ, NEVER);
        _revoke();
        _assertBarred();
    }

    /// Nor by another request of the patient, of which the relay takes its choice.
    function test_revokeSigned_isNotStoppedByInvalidationOrAnEarlierGrant() public {
        bytes memory call = abi.encodeCall(hospital.grant, (_permission(stranger, SCOPE, READ, NEVER), 0));
        bytes memory granting = _signed(patient, call, 0); // outstanding until DEADLINE
        signature = _signRevocation(patient, r, patient, uint40(DEADLINE), 0);
        vm.warp(DEADLINE);
        hospital.relay(patient, call, 0, DEADLINE, granting);
        vm.prank(patient);
        hospital.invalidateNonces();
        hospital.revokeSigned(r, patient, uint40(DEADLINE), 0, signature);
        _assertBarred();
    }

    function test_revokeSigned_isWorthlessAfterAGrantByThePatient() public {
        vm.warp(NOW + 1);
        _grant(stranger, SCOPE, READ, NEVER);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.OutdatedRevocation.selector, NOW, NOW + 1));
        _revoke();
        assertEq(hospital.grantOf(patient, SCOPE, stranger).rights, READ);
    }

    function test_revokeSigned_isMadeOnce() public {
        _revoke();
        bytes memory again = abi.encodeWithSelector(
            IHospitalRecord.AlreadyMade.selector, keccak256(abi.encode(REVOKE, r, patient, NOW, 0))
        );
        bytes32 head = hospital.journalHeadOf(patient);
        vm.expectRevert(again);
        _revoke();
        // Nor when the patient gave again, that ended, and a delegate gave: everybody has the signature by now.
        _grant(stranger, SCOPE, READ, NOW + 9);
        vm.warp(NOW + 9);
        _passOn(doctor, stranger, SCOPE, READ, NEVER);
        head = hospital.journalHeadOf(patient);
        vm.expectRevert(again);
        _revoke();
        assertEq(hospital.journalHeadOf(patient), head);
    }

    function test_revokeSigned_revertsWhenThereIsNoGrant() public {
        r.grantee = laboratory;
        signature = _signRevocation(patient, r, patient, NOW, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.NoSuchGrant.selector, SCOPE, laboratory));
        _revoke();
    }

    function test_revokeSigned_mustBar() public {
        r.barred = false;
        signature = _signRevocation(patient, r, patient, NOW, 0);
        vm.expectRevert(IHospitalRecord.NotBarring.selector);
        _revoke();
    }

    function test_revokeSigned_revertsWhenAnyFieldIsChanged() public {
        _grant(doctor, bytes32(uint256(1)), READ, NEVER);
        for (uint256 i; i < 8; ++i) {
            IHospitalRecord.Revocation memory changed = r;
            if (i == 0) changed.grantee = doctor;
            if (i == 1) changed.scope = bytes32(uint256(1));
            if (i == 2) changed.epoch = 3;
            if (i == 3) changed.keyring = 0;
            if (i == 4) changed.barred = false;
            address whose = i == 5 ? doctor : patient;
            vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, whose));
            hospital.revokeSigned(changed, whose, i == 6 ? NOW + 1 : NOW, i == 7 ? 1 : 0, signature);
        }
        IHospitalRecord other = _deploy();
        vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, patient));
        other.revokeSigned(r, patient, NOW, 0, signature);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, patient));
        _revoke();
    }

    function test_revokeSigned_takesOneFormOfASignatureAlone() public {
        (bytes32 x, bytes32 y) = abi.decode(signature, (bytes32, bytes32));
        uint8 v = uint8(signature[64]);
        bytes32 high = bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(y));
        bytes memory right = signature;
        bytes[6] memory wrong = [
            abi.encodePacked(x, y, v - 27),
            abi.encodePacked(x, high, v ^ 7),
            abi.encodePacked(x, y),
            abi.encodePacked(x, bytes32(uint256(y) | uint256(v - 27) << 255)),
            bytes(""),
            bytes.concat(right, hex"00")
        ];
        for (uint256 i; i < wrong.length; ++i) {
            signature = wrong[i];
            vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, patient));
            _revoke();
        }
        signature = right;
        _revoke();
    }

    /// What was signed to be carried out by relay is no revocation, and the reverse.
    function test_revokeSigned_isNoOtherRequest() public {
        bytes memory call = abi.encodeCall(hospital.renounce, (patient, SCOPE));
        signature = _signed(patient, call, 0);
        vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, patient));
        _revoke();
    }

    function test_revokeSigned_isForThePatientAlone() public {
        address[2] memory others = [doctor, stranger];
        for (uint256 i; i < 2; ++i) {
            signature = _signRevocation(others[i], r, patient, NOW, 0);
            vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, patient));
            _revoke();
        }
    }

    function testFuzz_revokeSigned_alwaysLandsUnlessThePatientGaveLater(uint40 time, uint24 count, uint8 what) public {
        time = uint40(bound(time, NOW + 1, NEVER - 1));
        signature = _signRevocation(patient, r, patient, NOW, count);
        vm.prank(stranger);
        if (what % 4 != 0) hospital.renounce(patient, SCOPE);
        vm.warp(time);
        if (what % 4 == 2) _passOn(doctor, stranger, SCOPE, READ, NEVER);
        bool later = what % 4 == 3;
        if (later) _grant(stranger, SCOPE, READ, NEVER);
        if (later) {
            vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.OutdatedRevocation.selector, NOW, time));
        }
        hospital.revokeSigned(r, patient, NOW, count, signature);
        if (!later) _assertBarred();
    }

    function _revoke() internal {
        hospital.revokeSigned(r, patient, NOW, 0, signature);
    }

    function _assertBarred() internal view {
        assertEq(uint8(hospital.grantOf(patient, SCOPE, stranger).via), uint8(IHospitalRecord.Via.Barred));
        assertEq(hospital.grantOf(patient, SCOPE, stranger).rights, 0);
    }
}
