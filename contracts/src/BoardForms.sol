// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IBoard} from "./IBoard.sol";
import {Signed} from "./Signed.sol";

/// @title BoardForms
/// @notice The structs of SIGNED REQUESTS in `IBoard`.
abstract contract BoardForms is IBoard, Signed {
    bytes32 private constant OPEN = keccak256(
        "Open(address patient,bytes32 scope,address grantee,uint32 duration,bytes32 reason,uint16 epoch,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant ACKNOWLEDGE = keccak256(
        "Acknowledge(address patient,bytes32 scope,address grantee,uint32 duration,bytes32 reason,uint16 epoch,address opener,uint40 openedAt,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant RELEASE =
        keccak256("Release(bytes32 id,bytes32 share,address signer,uint256 nonce,uint256 deadline)");
    bytes32 private constant REVIEW_CASE =
        keccak256("Review(bytes32 id,bytes32 finding,address signer,uint256 nonce,uint256 deadline)");
    bytes32 private constant RESIGN = keccak256("Resign(address signer,uint256 nonce,uint256 deadline)");
    bytes32 private constant ACKNOWLEDGE_SUCCESSOR =
        keccak256("AcknowledgeSuccessor(address successor,address signer,uint256 nonce,uint256 deadline)");
    bytes32 private constant APPOINT =
        keccak256("Appoint(address proxy,address signer,uint256 nonce,uint256 deadline)");

    function _domainName() internal pure override returns (string memory) {
        return "HospitalRecordBoard";
    }

    function _typeHashOf(bytes4 verb) internal pure override returns (bytes32) {
        if (verb == IBoard.open.selector) return OPEN;
        if (verb == IBoard.acknowledge.selector) return ACKNOWLEDGE;
        if (verb == IBoard.release.selector) return RELEASE;
        if (verb == IBoard.review.selector) return REVIEW_CASE;
        if (verb == IBoard.resign.selector) return RESIGN;
        if (verb == IBoard.acknowledgeSuccessor.selector) return ACKNOWLEDGE_SUCCESSOR;
        if (verb == IBoard.appoint.selector) return APPOINT;
        return super._typeHashOf(verb);
    }
}
