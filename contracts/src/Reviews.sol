// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Membership} from "./Membership.sol";

/// @dev A review is due within this time after the case takes effect.
uint256 constant REVIEW = 7 days;
/// @dev The most pending reviews. Bounds the gas of the search for a member's overdue reviews.
uint256 constant MOST_UNREVIEWED = 16;

/// @title Reviews
/// @notice The storage of cases, and the reviews that are pending.
abstract contract Reviews is Membership {
    struct State {
        Stage stage;
        uint16 acknowledged;
        uint16 reviewers; // members who may still review it
        uint40 grantedAt;
    }

    mapping(bytes32 id => State) internal _cases;
    Waiting[] private _unreviewed;

    function review(bytes32 id, bytes32 finding) external {
        (, address[] memory members) = board();
        address reviewer = _actor();
        uint16 bit = _requireMember(members, reviewer);
        uint16 reviewers = _cases[id].reviewers;
        if (reviewers & bit == 0) revert NotForReview(id, reviewer);

        _cases[id].reviewers = reviewers & ~bit;
        emit CaseReviewed(id, reviewer, finding);
        uint256 count = _unreviewed.length;
        for (uint256 i; i < count; ++i) {
            if (_unreviewed[i].id != bytes25(id)) continue;
            _unreviewed[i] = _unreviewed[count - 1];
            // Runs once, because the next line returns.
            // slither-disable-next-line costly-loop
            _unreviewed.pop();
            return;
        }
    }

    function caseOf(bytes32 id) external view returns (Stage stage, uint16 acknowledged, uint16 reviewers) {
        State memory state = _cases[id];
        return (state.stage, state.acknowledged, state.reviewers);
    }

    function unreviewed() external view returns (Waiting[] memory) {
        return _unreviewed;
    }

    /// Drops the oldest pending review rather than refuse a case: a life may depend on it.
    function _await(bytes32 id, uint16 reviewers) internal {
        Waiting memory waiting = Waiting(bytes25(id), reviewers, uint40(block.timestamp + REVIEW));
        if (_unreviewed.length < MOST_UNREVIEWED) {
            _unreviewed.push(waiting);
            return;
        }
        // Starts at the first item.
        // slither-disable-next-line uninitialized-local
        uint256 oldest;
        for (uint256 i = 1; i < MOST_UNREVIEWED; ++i) {
            if (_unreviewed[i].due < _unreviewed[oldest].due) oldest = i;
        }
        emit ReviewLetGo(_unreviewed[oldest].id);
        _unreviewed[oldest] = waiting;
    }

    function _requireOwesNothing(address member, uint16 bit) internal view {
        uint256 count = _unreviewed.length;
        for (uint256 i; i < count; ++i) {
            Waiting memory waiting = _unreviewed[i];
            if (waiting.due <= block.timestamp && waiting.reviewers & bit != 0) revert ReviewOwed(member, waiting.id);
        }
    }
}
