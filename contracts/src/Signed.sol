// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ISigned} from "./ISigned.sol";

/// @title Signed
/// @notice `ISigned` is the manual. For a signed request, the contract calls itself and appends the signer to the
/// arguments. So each verb is written once, and `_actor` returns the account that acts.
abstract contract Signed is ISigned {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string private constant VERSION = "1";
    bytes32 private constant INVALIDATE_NONCES =
        keccak256("InvalidateNonces(address signer,uint256 nonce,uint256 deadline)");

    struct Nonces {
        uint256 series;
        mapping(uint256 index => uint256) used; // one bit for each of 256 nonces that differ in their last byte
    }

    mapping(address account => Nonces) private _nonces;

    function relay(address signer, bytes calldata call, uint256 nonce, uint256 deadline, bytes calldata signature)
        external
    {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        bytes4 verb = bytes4(call);
        bytes32 typeHash = _typeHashOf(verb);
        // Requires whole words. Otherwise the appended signer could fill up an argument that is missing.
        if (typeHash == 0 || call.length % 32 != 4) revert NotRelayable(verb, call.length);
        _use(signer, nonce);
        bytes memory fields = _fieldsOf(verb, call[4:]);
        // Only the fields vary in length, so the parts cannot shift into each other.
        // slither-disable-next-line encode-packed-collision
        bytes32 structHash = keccak256(abi.encodePacked(typeHash, fields, abi.encode(signer, nonce, deadline)));
        _requireSigned(signer, structHash, signature);

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
        return (nonces.used[nonce >> 8] & (1 << (nonce & 0xff)) != 0, nonces.series);
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
        (fields, name, version) = (hex"0f", _domainName(), VERSION);
        (chainId, verifyingContract) = (block.chainid, address(this));
        (salt, extensions); // none
    }

    /* DEFINED BY EACH CONTRACT */

    /// The name in the EIP-712 domain of this contract.
    function _domainName() internal pure virtual returns (string memory);

    /// The EIP-712 type hash of a verb; zero when it has no signed form.
    function _typeHashOf(bytes4 verb) internal pure virtual returns (bytes32) {
        return verb == ISigned.invalidateNonces.selector ? INVALIDATE_NONCES : bytes32(0);
    }

    /// The fields of the struct as EIP-712 encodes them. If every argument is one word, these are the words of the
    /// call, and the verb refuses a word that does not fit its type. A verb with an array needs an override that
    /// decodes it.
    function _fieldsOf(bytes4, bytes calldata arguments) internal pure virtual returns (bytes memory) {
        return arguments;
    }

    /// `canonical` is the encoding of the decoded arguments. If it equals the call, the verb decodes the same values
    /// that were hashed.
    function _requireCanonical(bytes4 verb, bytes calldata arguments, bytes memory canonical) internal pure {
        if (keccak256(arguments) != keccak256(canonical)) revert NotRelayable(verb, 4 + arguments.length);
    }

    /* THE ACTOR */

    /// The account that acts. The contract calls itself only from `relay`, which appends the signer to the call.
    function _actor() internal view returns (address) {
        return msg.sender == address(this) ? address(bytes20(msg.data[msg.data.length - 20:])) : msg.sender;
    }

    /// Tries the key before the code, because an EIP-7702 account has both and its code may not support ERC-1271.
    function _requireSigned(address signer, bytes32 structHash, bytes calldata signature) internal view {
        // Not cached, because a fork of the chain has another domain, and so has each clone of a board.
        bytes32 domain = keccak256(
            abi.encode(DOMAIN, keccak256(bytes(_domainName())), keccak256(bytes(VERSION)), block.chainid, address(this))
        );
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        // The kind of error does not matter: with any error the recovered address is zero.
        // slither-disable-next-line unused-return
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == signer && signer != address(0)) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature)) {
            revert InvalidSignature(signer);
        }
    }

    function _use(address signer, uint256 nonce) private {
        Nonces storage nonces = _nonces[signer];
        (uint256 index, uint256 bit) = (nonce >> 8, 1 << (nonce & 0xff));
        uint256 used = nonces.used[index];
        if (nonce >> 128 != nonces.series || used & bit != 0) revert NonceUsed(signer, nonce);
        nonces.used[index] = used | bit;
    }
}
