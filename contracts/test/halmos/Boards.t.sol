// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {AnyActOnABoard, IBoard, Seats} from "./Seats.sol";

contract AcknowledgingAddsOnesOwnVoteAlone is Seats {
    function check_vote(Act memory act) external {
        _sit(act);
        bytes32 id = _idOf(act.c);
        (State memory a, uint16 left) = (_stateOf(id), _left());
        if (!_acknowledge(act)) return;
        uint16 bit = _bitOf(act.by);
        assert(bit != 0 && bit & left == 0 && bit & a.acknowledged == 0);
        assert(a.stage == IBoard.Stage.Open && _stateOf(id).acknowledged == a.acknowledged | bit);
        assert(act.by != act.c.grantee && act.by != act.c.patient);
    }
}

contract ACaseTakesEffectWithKWhoRemain is Seats {
    function check_effect(Act memory act) external {
        _sit(act);
        (uint256 k,) = board.board();
        bytes32 id = _idOf(act.c);
        if (!_acknowledge(act)) return;
        State memory b = _stateOf(id);
        assert((b.stage == IBoard.Stage.Granted) == (_count(b.acknowledged & ~_left()) >= k));
    }
}

contract NothingTakesEffectAfterItsWindow is Seats {
    function check_window(Act memory act) external {
        _sit(act);
        vm.assume(NOW >= uint256(act.c.openedAt) + 1 days);
        assert(!_acknowledge(act));
    }
}

contract WhoOwesAReviewDoesNotVote is Seats {
    function _waiting() internal pure override returns (uint256) {
        return 1;
    }

    function check_owed(Act memory act, uint8 verb) external {
        _sit(act);
        IBoard.Waiting memory waiting = board.unreviewed()[0];
        vm.assume(waiting.due <= NOW && waiting.reviewers & _bitOf(act.by) != 0);
        if (verb == 0) assert(!_open(act));
        else if (verb == 1) assert(!_acknowledge(act));
        else assert(!_do(act, abi.encodeCall(board.acknowledgeSuccessor, (act.account))));
    }
}

contract StrangersLeaveCasesAlone is AnyActOnABoard {
    State private _was;

    function _before(bytes32 of_, Act memory act) internal override {
        vm.assume(_bitOf(act.by) & ~_left() == 0);
        address proxy = board.proxyOf(act.c.patient);
        vm.assume(act.by != act.c.patient && act.by != proxy);
        _was = _stateOf(of_);
    }

    function _after(bytes32 of_, Act memory) internal view override {
        assert(keccak256(abi.encode(_stateOf(of_))) == keccak256(abi.encode(_was)));
    }
}

contract AVetoedCaseStaysVetoed is AnyActOnABoard {
    function _before(bytes32 of_, Act memory) internal view override {
        vm.assume(_stateOf(of_).stage == IBoard.Stage.Vetoed);
    }

    function _after(bytes32 of_, Act memory) internal view override {
        assert(_stateOf(of_).stage == IBoard.Stage.Vetoed);
    }
}

contract WhoLeftStaysOutAndNobodyElseLeaves is AnyActOnABoard {
    uint16 private _were;

    function _before(bytes32, Act memory) internal override {
        _were = _left();
    }

    function _after(bytes32, Act memory act) internal view override {
        uint16 left = _left();
        assert(_were & ~left == 0 && left & ~_were & ~_bitOf(act.by) == 0);
    }
}

contract AClosedBoardLetsNobodyIn is AnyActOnABoard {
    State private _was;

    function _before(bytes32 of_, Act memory) internal override {
        (, bool closed,) = board.standing();
        vm.assume(closed);
        _was = _stateOf(of_);
    }

    function _after(bytes32 of_, Act memory) internal view override {
        (, bool closed,) = board.standing();
        assert(closed);
        State memory b = _stateOf(of_);
        assert(b.acknowledged == _was.acknowledged && (b.stage == _was.stage || b.stage == IBoard.Stage.Vetoed));
    }
}
