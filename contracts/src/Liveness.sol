// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GrantSlot} from "./GrantSlot.sol";
import {Journal} from "./Journal.sol";

/// @title Liveness
/// @notice Stored grants, and the rule when a grant is live.
abstract contract Liveness is Journal {
    /// The most delegations in a row below a grant by the patient. Bounds the gas of every check.
    uint256 private constant MOST_PASSINGS = 3;

    function grantOf(address patient, bytes32 scope, address grantee) external view returns (Grant memory) {
        return _heldBy(_charts[patient], scope, grantee).slot.unpacked();
    }

    /// Whether `account` has a live grant with `right` on the scope.
    function _allows(Chart storage chart, bytes32 scope, address account, uint8 right) internal view returns (bool) {
        GrantSlot held = _heldBy(chart, scope, account).slot;
        return held.rights() & right != 0 && _lives(chart, scope, held) != 0;
    }

    function _requireAllowed(Chart storage chart, bytes32 scope, address account, uint8 right) internal view {
        if (!_allows(chart, scope, account, right)) revert NotPermitted(account, scope, right);
    }

    /// Zero when the grant is not live; otherwise one plus the number of further delegations in a row that it allows.
    function _lives(Chart storage chart, bytes32 scope, GrantSlot held) internal view returns (uint256 left) {
        if (held.isExpired()) return 0;
        for (left = 1 + MOST_PASSINGS; !held.isGivenBy(Via.Patient) && left != 0; --left) {
            if (held.isGivenBy(Via.Folder)) scope = _folderOf(chart, scope);
            GrantSlot above = _heldBy(chart, scope, held.giver()).slot;
            // A grant that was given again later does not support earlier delegations.
            if (!above.covers(held) || above.grantedAt() > held.grantedAt()) return 0;
            held = above;
        }
    }

    function _heldBy(Chart storage chart, bytes32 scope, address account) internal view returns (Held storage) {
        return chart.grants[scope][account];
    }

    function _folderOf(Chart storage chart, bytes32 key) internal view returns (bytes32) {
        return _scopeOf(chart.records[key].folder);
    }

    function _scopeOf(uint40 folder) internal pure returns (bytes32) {
        return bytes32(uint256(folder));
    }

    function _isFolder(bytes32 scope) internal pure returns (bool) {
        return scope != 0 && uint256(scope) <= type(uint40).max;
    }
}
