// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {ISigned} from "./ISigned.sol";

/// @title Signed
/// @notice `ISigned` is the manual. A signed request becomes the call that the signer could have made: the contract calls
/// itself with the signer behind the arguments, so each verb is written once and asks `_actor` whose act it is.
abstract contract Signed is ISigned {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string private constant VERSION = "1";
    bytes32 private constant INVALIDATE_NONCES =
        keccak256("InvalidateNonces(address signer,uint256 nonce,uint256 deadline)");

    struct Nonces {
        uint256 series;
        mapping(uint256 index => uint256) used; // a bit for each of 256 nonces that differ in their last byte
    }

    mapping(address account => Nonces) private _nonces;

    function relay(address signer, bytes calldata call, uint256 nonce, uint256 deadline, bytes calldata signature)
        external
    {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        bytes4 verb = bytes4(call);
        bytes32 typeHash = _typeHashOf(verb);
        // Whole words: too few arguments and the signer behind them are then too short to be taken for enough.
        if (typeHash == 0 || call.length % 32 != 4) revert NotRelayable(verb, call.length);
        _use(signer, nonce);
        bytes memory fields = _fieldsOf(verb, call[4:]);
        // Only the fields vary in length, so nothing can move between the parts.
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

    /* WHAT EACH CONTRACT SAYS OF ITSELF */

    /// The name in the domain of what is signed for this contract.
    function _domainName() internal pure virtual returns (string memory);

    /// The EIP-712 type of a verb; zero when it has no signed form.
    function _typeHashOf(bytes4 verb) internal pure virtual returns (bytes32) {
        return verb == ISigned.invalidateNonces.selector ? INVALIDATE_NONCES : bytes32(0);
    }

    /// The fields of the struct as EIP-712 encodes them. Where every argument is one word, these are the call's own words,
    /// and the verb refuses a word that is not of its type. A verb that takes an array needs an override, which decodes it.
    function _fieldsOf(bytes4, bytes calldata arguments) internal pure virtual returns (bytes memory) {
        return arguments;
    }

    /// `canonical` is the encoding of what was decoded from the arguments. What is hashed is then what is carried out.
    function _requireCanonical(bytes4 verb, bytes calldata arguments, bytes memory canonical) internal pure {
        if (keccak256(arguments) != keccak256(canonical)) revert NotRelayable(verb, 4 + arguments.length);
    }

    /* WHO ACTS */

    /// Whose act a call is. The contract calls itself from `relay` alone, and there with the signer behind the call.
    function _actor() internal view returns (address) {
        return msg.sender == address(this) ? address(bytes20(msg.data[msg.data.length - 20:])) : msg.sender;
    }

    /// Tries the key before the code: an account that delegates (EIP-7702) has both, and its code may know no signatures.
    function _requireSigned(address signer, bytes32 structHash, bytes calldata signature) internal view {
        // Not kept, because a fork of the chain is another domain, and so is each clone of a board.
        bytes32 domain = keccak256(
            abi.encode(DOMAIN, keccak256(bytes(_domainName())), keccak256(bytes(VERSION)), block.chainid, address(this))
        );
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
        (uint256 index, uint256 bit) = (nonce >> 8, 1 << (nonce & 0xff));
        uint256 used = nonces.used[index];
        if (nonce >> 128 != nonces.series || used & bit != 0) revert NonceUsed(signer, nonce);
        nonces.used[index] = used | bit;
    }
}
