// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GrantSlot} from "./GrantSlot.sol";
import {IHospitalRecord} from "./IHospitalRecord.sol";

/// @title Journal
/// @notice The storage of each patient, and the heads that link the journal's entries.
abstract contract Journal is IHospitalRecord {
    /// The storage of one patient.
    struct Chart {
        bytes32 head;
        bytes32 profile;
        bytes32 checkpoint;
        mapping(bytes32 key => Record) records;
        mapping(bytes32 key => mapping(address account => bool)) attestedBy;
        mapping(bytes32 scope => mapping(address grantee => Held)) grants;
    }

    /// The storage of one grant.
    struct Held {
        GrantSlot slot;
    }

    mapping(address patient => Chart) internal _charts;

    function journalHeadOf(address patient) external view returns (bytes32) {
        return _charts[patient].head;
    }

    /* HEADS: bytes24 link | uint40 block number | uint24 key changes */

    function _headAfter(bytes32 previous, bytes32 link) internal view returns (bytes32) {
        return bytes32(bytes24(link)) | bytes32(block.number << 24) | bytes32(uint256(_keyChanges(previous)));
    }

    function _headAfterKeyChange(bytes32 previous, bytes32 link) internal view returns (bytes32) {
        // The count may wrap, because it is only compared for equality.
        unchecked {
            return bytes32(bytes24(link)) | bytes32(block.number << 24) | bytes32(uint256(_keyChanges(previous) + 1));
        }
    }

    function _keyChanges(bytes32 head) internal pure returns (uint24) {
        return uint24(uint256(head));
    }

    function _isFresh(bytes32 head, uint24 keyChanges) internal pure returns (bool) {
        // The comparison must be exact: another count means other keys.
        // slither-disable-next-line incorrect-equality
        return keyChanges == _keyChanges(head);
    }

    function _requireFresh(bytes32 head, uint24 keyChanges) internal pure {
        if (!_isFresh(head, keyChanges)) revert StaleKeys(keyChanges, _keyChanges(head));
    }
}
