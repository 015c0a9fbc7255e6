// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Membership} from "./Membership.sol";

/// @dev From taking effect so long a case waits for its review before that is owed.
uint256 constant REVIEW = 7 days;
/// @dev Bounds the gas of looking for what a member owes.
uint256 constant MOST_UNREVIEWED = 16;

/// @title Reviews
/// @notice What is kept of each case, and who owes a review.
abstract contract Reviews is Membership {
    struct State {
        Stage stage;
        uint16 acknowledged;
        uint16 reviewers; // who may still review it
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
            // Once: it returns.
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

    /// No case waits because others wait for their reviews: lives may hang on it.
    function _await(bytes32 id, uint16 reviewers) internal {
        Waiting memory waiting = Waiting(bytes25(id), reviewers, uint40(block.timestamp + REVIEW));
        if (_unreviewed.length < MOST_UNREVIEWED) {
            _unreviewed.push(waiting);
            return;
        }
        // Begins with the first.
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
