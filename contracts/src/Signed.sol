// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {IHospitalRecord} from "./IHospitalRecord.sol";

/// @title Signed
/// @notice Lets anybody carry to the contract what an account has signed (EIP-712). A signed request becomes the call
/// that the signer could have made: the contract calls itself with the signer behind the arguments, so each verb is
/// written once. Every argument of these verbs is one word, so the call's words are what EIP-712 hashes.
abstract contract Signed is IHospitalRecord {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("HospitalRecord");
    bytes32 private constant VERSION = keccak256("1");

    /// Which of 256 nonces that differ in their last byte were used.
    struct Word {
        uint256 used;
    }

    struct Nonces {
        uint256 series;
        mapping(uint256 index => Word) words;
    }

    mapping(address account => Nonces) private _nonces;

    function relay(bytes calldata call, address signer, uint256 nonce, uint256 deadline, bytes calldata signature)
        external
    {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        bytes32 typeHash = _typeHashOf(bytes4(call));
        // Whole words: what is appended to too few arguments is then too short to be taken for one.
        if (typeHash == 0 || call.length % 32 != 4) revert NotRelayable(bytes4(call), call.length);
        _use(signer, nonce);
        bytes memory message = abi.encodePacked(typeHash, call[4:], uint256(uint160(signer)), nonce, deadline);
        _requireSigned(signer, keccak256(message), signature);

        if (!LowLevelCall.callNoReturn(address(this), bytes.concat(call, bytes20(signer)))) {
            LowLevelCall.bubbleRevert();
        }
    }

    function invalidateNonces() external {
        address account = _actor();
        uint256 series = ++_nonces[account].series;
        emit NoncesInvalidated(account, series);
    }

    function nonceUsed(address account, uint256 nonce) external view returns (bool used, uint256 series) {
        Nonces storage nonces = _nonces[account];
        return (nonces.words[nonce >> 8].used & 1 << (nonce & 0xff) != 0, nonces.series);
    }

    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        (fields, name, version) = (hex"0f", "HospitalRecord", "1");
        (chainId, verifyingContract) = (block.chainid, address(this));
        (salt, extensions); // none
    }

    /// Whose act a call is. The contract calls itself from `relay` alone, and there with the signer behind the call.
    function _actor() internal view returns (address) {
        return msg.sender == address(this) ? address(bytes20(msg.data[msg.data.length - 20:])) : msg.sender;
    }

    /// Tries the key before the code: an account that delegates (EIP-7702) has both, and its code may know no signatures.
    function _requireSigned(address signer, bytes32 structHash, bytes calldata signature) internal view {
        // Not kept, because a fork of the chain is another domain.
        bytes32 domain = keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, address(this)));
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        // What the error is says nothing more: with any, nobody is recovered.
        // slither-disable-next-line unused-return
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == signer && signer != address(0)) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature)) {
            revert InvalidSignature(signer);
        }
    }

    function _use(address signer, uint256 nonce) private {
        Nonces storage nonces = _nonces[signer];
        Word storage word = nonces.words[nonce >> 8];
        (uint256 used, uint256 bit) = (word.used, 1 << (nonce & 0xff));
        if (nonce >> 128 != nonces.series || used & bit != 0) revert NonceUsed(signer, nonce);
        word.used = used | bit;
    }

    /// The EIP-712 type of the verb that is called; zero when it has no signed form.
    function _typeHashOf(bytes4 verb) private pure returns (bytes32) {
        if (verb == IHospitalRecord.grant.selector) return GRANT;
        if (verb == IHospitalRecord.addRecord.selector) return ADD_RECORD;
        if (verb == IHospitalRecord.passOn.selector) return PASS_ON;
        if (verb == IHospitalRecord.logAccess.selector) return LOG_ACCESS;
        if (verb == IHospitalRecord.setProfile.selector) return SET_PROFILE;
        if (verb == IHospitalRecord.replace.selector) return REPLACE;
        if (verb == IHospitalRecord.setStatus.selector) return SET_STATUS;
        if (verb == IHospitalRecord.attest.selector) return ATTESTATION;
        if (verb == IHospitalRecord.rotate.selector) return ROTATE;
        if (verb == IHospitalRecord.renounce.selector) return RENOUNCE;
        if (verb == IHospitalRecord.withdraw.selector) return WITHDRAW;
        if (verb == IHospitalRecord.invalidateNonces.selector) return INVALIDATE_NONCES;
        return 0;
    }
}

bytes32 constant SET_PROFILE = keccak256("SetProfile(bytes32 profile,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant ADD_RECORD = keccak256(
    "AddRecord(address patient,uint40 folder,bytes32 id,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant REPLACE = keccak256(
    "Replace(address patient,bytes32 key,bytes32 id,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant SET_STATUS =
    keccak256("SetStatus(address patient,bytes32 key,uint8 status,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant ATTESTATION =
    keccak256("Attest(address patient,bytes32 key,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant GRANT = keccak256(
    "Grant(bytes32 scope,address grantee,uint8 rights,uint8 purpose,bytes32 envelope,uint16 epoch,uint40 expiresAt,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant PASS_ON = keccak256(
    "PassOn(address patient,bytes32 scope,address grantee,uint8 rights,uint8 purpose,bytes32 envelope,uint16 epoch,uint40 expiresAt,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant ROTATE = keccak256(
    "Rotate(uint40 folder,uint16 epoch,bytes32 keyring,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant RENOUNCE =
    keccak256("Renounce(address patient,bytes32 scope,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant WITHDRAW =
    keccak256("Withdraw(address patient,bytes32 scope,address grantee,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant LOG_ACCESS =
    keccak256("LogAccess(address patient,bytes32 key,uint8 purpose,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant INVALIDATE_NONCES = keccak256("InvalidateNonces(address signer,uint256 nonce,uint256 deadline)");
// Signed by `patient`.
bytes32 constant REVOKE = keccak256(
    "Revoke(bytes32 scope,address grantee,uint16 epoch,bytes32 keyring,bool barred,address patient,uint40 grantedUpTo,uint24 keyChanges)"
);
