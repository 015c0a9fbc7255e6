// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, DELEGATE} from "../../../src/IHospitalRecord.sol";
import {IBoard} from "../../../src/IBoard.sol";
import {Model} from "../Model.sol";

/// What boards must have come to after the calls that were made, and which rule a call would break: as the manual tells
/// it, by accounts and not by bits, without looking at the boards' state or events.
abstract contract BoardModel is Model {
    struct Kept {
        uint256 board;
        IBoard.Case c;
        IBoard.Stage stage;
        uint256 since; // when it took effect; zero when it did not
        bool waits; // for its review
    }

    struct Vote {
        uint256 until;
        address[] by;
    }

    uint256 internal constant VOTES = 14;
    uint256 internal constant ENDS = 15;
    uint256 internal constant VETOES = 16;
    uint256 internal constant WINDOWS = 17;
    uint256 internal constant SHUT = 18;
    uint256 internal constant REVIEWS = 19;
    uint256 internal constant MEMBERS = 20;

    bytes32 internal constant SCOPE = bytes32(uint256(7));
    IHospitalRecord.Purpose internal constant ETREAT = IHospitalRecord.Purpose.ETREAT;

    IBoard[] public boards;
    uint256[] public needed; // of the board's members
    address[][] internal _members;
    bool[] public closed;
    address[] public successors;
    mapping(uint256 board => mapping(address => bool)) public left;
    mapping(uint256 board => mapping(address successor => Vote)) internal _votes;
    mapping(uint256 board => mapping(address patient => address)) public proxies;
    mapping(uint256 board => mapping(address signer => uint256)) public nonces; // how many were used

    Kept[] internal _cases;
    mapping(uint256 which => mapping(address member => bool)) public acknowledged;
    mapping(uint256 which => mapping(address member => bool)) public mayReview;
    mapping(uint256 which => mapping(address member => bool)) public owesReview;

    /// What went wrong, in words, by the rule that it breaks; empty when nothing did.
    mapping(uint256 rule => string) public broken;

    function caseCount() external view returns (uint256) {
        return _cases.length;
    }

    function caseAt(uint256 which) external view returns (Kept memory) {
        return _cases[which];
    }

    function membersOf(uint256 b) external view returns (address[] memory) {
        return _members[b];
    }

    /* WHO MAY: the rule that would be broken, or zero */

    function _mayVote(uint256 b, address who) internal view returns (uint256 rule) {
        if (!_isMember(b, who)) return MEMBERS;
        if (closed[b]) return SHUT;
        for (uint256 i; i < _cases.length; ++i) {
            bool due = _cases[i].waits && vm.getBlockTimestamp() >= _cases[i].since + 7 days;
            if (due && _cases[i].board == b && owesReview[i][who]) return REVIEWS;
        }
    }

    function _mayOpen(uint256 b, IBoard.Case memory c) internal view returns (uint256 rule) {
        rule = _mayVote(b, c.opener);
        if (rule != 0) return rule;
        if (c.grantee == c.patient) return VOTES;
        if (c.duration == 0 || c.duration > 1 days) return ENDS;
        if (!_isOptedIn(b, c.patient)) return SHUT;
        uint256 others;
        for (uint256 i; i < _members[b].length; ++i) {
            address member = _members[b][i];
            if (!left[b][member] && member != c.grantee && member != c.patient) ++others;
        }
        if (others < needed[b]) return VOTES;
        for (uint256 i; i < _cases.length; ++i) {
            // It may have been vetoed within this second.
            bool same = _cases[i].board == b && keccak256(abi.encode(_cases[i].c)) == keccak256(abi.encode(c));
            if (same) return VETOES;
        }
    }

    function _mayAcknowledge(uint256 which, address who) internal view returns (uint256 rule) {
        Kept memory k = _cases[which];
        rule = _mayVote(k.board, who);
        if (rule != 0) return rule;
        if (k.stage == IBoard.Stage.Vetoed) return VETOES;
        if (k.stage != IBoard.Stage.Open || acknowledged[which][who]) return VOTES;
        if (who == k.c.grantee || who == k.c.patient) return VOTES;
        if (vm.getBlockTimestamp() >= k.c.openedAt + 1 days) return WINDOWS;
    }

    /// One more acknowledgement would be the k-th.
    function _isLast(uint256 which) internal view returns (bool) {
        return _behind(which) + 1 >= needed[_cases[which].board];
    }

    /// How many members stand behind the case.
    function _behind(uint256 which) internal view returns (uint256 count) {
        uint256 b = _cases[which].board;
        for (uint256 i; i < _members[b].length; ++i) {
            if (acknowledged[which][_members[b][i]] && !left[b][_members[b][i]]) ++count;
        }
    }

    /// What the case gives, and the rule that this would break.
    function _mayLetIn(uint256 b, IBoard.Case memory c)
        internal
        view
        returns (uint256 rule, IHospitalRecord.Permission memory p)
    {
        IHospitalRecord.Grant memory own = grantOf(c.patient, SCOPE, address(boards[b]));
        uint256 end = vm.getBlockTimestamp() + c.duration;
        if (end > own.expiresAt) end = own.expiresAt;
        p = IHospitalRecord.Permission(SCOPE, c.grantee, READ, ETREAT, uint40(end), c.epoch, c.reason);
        if (!_isOptedIn(b, c.patient) || own.grantedAt > c.openedAt) return (SHUT, p);
        (bool may,) = mayPassOn(c.patient, address(boards[b]), p);
        if (!may) rule = ENDS;
    }

    function _isOptedIn(uint256 b, address patient) internal view returns (bool) {
        IHospitalRecord.Grant memory own = grantOf(patient, SCOPE, address(boards[b]));
        return own.giver == patient && has(patient, SCOPE, address(boards[b]), READ | DELEGATE);
    }

    function _isMember(uint256 b, address who) internal view returns (bool) {
        for (uint256 i; i < _members[b].length; ++i) {
            if (_members[b][i] == who) return !left[b][who];
        }
        return false;
    }

    /* WHAT HAPPENED */

    function _wasOpened(uint256 b, IBoard.Case memory c) internal {
        _cases.push(Kept(b, c, IBoard.Stage.Open, 0, false));
        if (c.opener != c.grantee && c.opener != c.patient) _wasAcknowledged(_cases.length - 1, c.opener);
    }

    function _wasAcknowledged(uint256 which, address who) internal {
        acknowledged[which][who] = true;
        Kept storage k = _cases[which];
        if (_behind(which) < needed[k.board]) return;
        (k.stage, k.since) = (IBoard.Stage.Granted, vm.getBlockTimestamp());
        for (uint256 i; i < _members[k.board].length; ++i) {
            address member = _members[k.board][i];
            bool tookPart = acknowledged[which][member] || member == k.c.grantee || member == k.c.patient;
            if (tookPart || left[k.board][member]) continue;
            k.waits = mayReview[which][member] = owesReview[which][member] = true;
        }
        (, IHospitalRecord.Permission memory p) = _mayLetIn(k.board, k.c);
        _wasPassedOn(k.c.patient, address(boards[k.board]), p);
    }

    function _wasVetoed(uint256 which) internal {
        Kept storage k = _cases[which];
        k.stage = IBoard.Stage.Vetoed;
        address board = address(boards[k.board]);
        IHospitalRecord.Grant memory held = grantOf(k.c.patient, SCOPE, k.c.grantee);
        // Cases that let the same account in within one second end together.
        bool stands = k.since != 0 && held.giver == board && held.grantedAt == k.since;
        if (!stands || vm.getBlockTimestamp() >= held.expiresAt) return;
        _wasEnded(Given(k.c.patient, SCOPE, k.c.grantee), board);
    }

    function _wasSucceeded(uint256 b, address who, address successor) internal {
        Vote storage vote = _votes[b][successor];
        if (vm.getBlockTimestamp() >= vote.until) {
            delete vote.by;
            vote.until = vm.getBlockTimestamp() + 1 days;
        }
        vote.by.push(who);
        uint256 count;
        for (uint256 i; i < vote.by.length; ++i) {
            if (!left[b][vote.by[i]]) ++count;
        }
        if (count >= needed[b]) (closed[b], successors[b]) = (true, successor);
    }

    function _hasVotedFor(uint256 b, address who, address successor) internal view returns (bool voted) {
        Vote storage vote = _votes[b][successor];
        for (uint256 i; i < vote.by.length && vm.getBlockTimestamp() < vote.until; ++i) {
            voted = voted || vote.by[i] == who;
        }
    }
}
