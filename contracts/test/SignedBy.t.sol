// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "../src/ISigned.sol";
import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IHospitalRecord, READ} from "./Base.sol";
import {Signing} from "./Signing.sol";
import {Wallet, Answering, Reentering, Looping, Reverting, Plain} from "./Wallets.sol";

/// Signers that are not plain keys.
contract SignedByTest is Signing {
    bytes internal call = abi.encodeCall(IHospitalRecord.setProfile, (keccak256("profile")));

    function test_wallet_isAskedAndActs() public {
        address wallet = address(new Wallet(doctor));
        bytes32 structHash = _hash(wallet, call, 0, DEADLINE);
        bytes memory wrong = _sign(_secrets[stranger], structHash);
        _expectInvalid(wallet);
        hospital.relay(wallet, call, 0, DEADLINE, wrong);
        hospital.relay(wallet, call, 0, DEADLINE, _sign(_secrets[doctor], structHash));
        assertEq(hospital.profileOf(wallet), keccak256("profile"));
        assertEq(hospital.profileOf(doctor), 0);
    }

    function test_wallet_revokesBySignature() public {
        address wallet = address(new Wallet(patient));
        vm.prank(wallet);
        hospital.grant(_permission(doctor, SCOPE, READ, NEVER), 0);
        IHospitalRecord.Revocation memory r = _revocation(doctor, SCOPE);
        r.barred = true;
        hospital.revokeSigned(r, wallet, NOW, 0, _signRevocation(patient, r, wallet, NOW, 0));
        assertEq(hospital.grantOf(wallet, SCOPE, doctor).rights, 0);
    }

    function test_wallet_whoseAnswerIsNoYesSaysNo() public {
        bytes4 yes = IERC1271.isValidSignature.selector;
        bytes[6] memory answers = [
            bytes(""),
            abi.encodePacked(yes), // four bytes are no word
            abi.encode(bytes32(uint256(uint32(yes)))), // on the wrong side
            abi.encode(bytes32(yes) | bytes32(uint256(1))),
            abi.encode(true),
            abi.encode(bytes32(type(uint256).max))
        ];
        for (uint256 i; i < answers.length; ++i) {
            address wallet = address(new Answering(answers[i]));
            _expectInvalid(wallet);
            hospital.relay(wallet, call, 0, DEADLINE, "");
        }
    }

    /// A wallet that says yes at length says yes; what it returns beyond the word is not copied.
    function test_wallet_thatReturnsMuchCostsLittle() public {
        bytes memory long = new bytes(100_000);
        bytes4 yes = IERC1271.isValidSignature.selector;
        for (uint256 i; i < 4; ++i) {
            long[i] = yes[i];
        }
        address wallet = address(new Answering(long));
        hospital.relay(wallet, call, 0, DEADLINE, "");
        assertEq(hospital.profileOf(wallet), keccak256("profile"));
    }

    function test_wallet_cannotUseTheMoment() public {
        address wallet = address(new Reentering(call));
        _expectInvalid(wallet);
        hospital.relay(wallet, call, 0, DEADLINE, "");
        assertEq(hospital.profileOf(wallet), 0);
    }

    function test_wallet_thatRevertsOrNeverAnswersIsNone() public {
        address loop = address(new Looping());
        vm.expectRevert();
        hospital.relay{gas: 3_000_000}(loop, call, 0, DEADLINE, "");
        assertFalse(_isUsed(loop, 0));
        address plain = address(new Plain());
        _expectInvalid(plain);
        hospital.relay(plain, call, 0, DEADLINE, "");
        _expectInvalid(address(hospital));
        hospital.relay(address(hospital), call, 0, DEADLINE, "");
    }

    /// Not even when what it reverts with is the answer.
    function test_wallet_thatRevertsWithAYesSaysNo() public {
        address wallet = address(new Reverting());
        _expectInvalid(wallet);
        hospital.relay(wallet, call, 0, DEADLINE, "");
    }

    /// The answer to one request is none to another: a wallet is asked for the digest of this one.
    function test_wallet_isAskedForTheDigestAndTheSignatureAsTheyAre() public {
        address wallet = address(new Wallet(doctor));
        bytes32 digest = _digestOf(_hash(wallet, call, 0, DEADLINE));
        bytes memory signature = _sign(_secrets[doctor], _hash(wallet, call, 0, DEADLINE));
        vm.expectCall(wallet, abi.encodeCall(IERC1271.isValidSignature, (digest, signature)), 1);
        hospital.relay(wallet, call, 0, DEADLINE, signature);
    }

    /// Its code knows no signatures; its key is still its own.
    function test_delegated_accountSignsWithItsKey() public {
        vm.signAndAttachDelegation(address(new Plain()), _secrets[patient]);
        bytes memory other = _sign(_secrets[doctor], _hash(patient, call, 0, DEADLINE));
        _expectInvalid(patient);
        hospital.relay(patient, call, 0, DEADLINE, other);
        assertTrue(patient.code.length > 0);
        _relay(patient, call, 0);
        assertEq(hospital.profileOf(patient), keccak256("profile"));
    }

    function test_delegated_accountMayAlsoSignThroughItsCode() public {
        vm.signAndAttachDelegation(address(new Wallet(doctor)), _secrets[patient]);
        hospital.relay(patient, call, 0, DEADLINE, _sign(_secrets[doctor], _hash(patient, call, 0, DEADLINE)));
        assertEq(hospital.profileOf(patient), keccak256("profile"));
    }

    function _isUsed(address account, uint256 nonce) internal view returns (bool used) {
        (used,) = hospital.nonceUsed(account, nonce);
    }

    function _expectInvalid(address signer) internal {
        vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, signer));
    }
}
