// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IHospitalRecord} from "../../src/IHospitalRecord.sol";
import {IBoard} from "../../src/IBoard.sol";
import {Symbolic} from "./Symbolic.sol";

/// Whatever HospitalRecord may answer, and whether it refuses: all of it is any. One call of a board asks it of one grant.
contract AnyHospital {
    IHospitalRecord.Grant private _held;
    bool private _refuses;

    function grantOf(address, bytes32, address) external view returns (IHospitalRecord.Grant memory) {
        return _held;
    }

    function passOn(address, IHospitalRecord.Permission calldata, uint24) external view {
        if (_refuses) revert();
    }

    function withdraw(address, bytes32, address) external view {
        if (_refuses) revert();
    }
}

/// Any call of anybody to a board of three, of whom any number is needed, about a case of somebody who is no member. No
/// case waits for its review, but where a property says so.
abstract contract Seats is Symbolic {
    struct Act {
        uint8 needed;
        bool letsInAMember;
        address by;
        IBoard.Case c;
        bytes32 id;
        address account;
        uint24 keyChanges;
    }

    struct State {
        IBoard.Stage stage;
        uint16 acknowledged;
        uint16 reviewers;
    }

    address private constant PATIENT = address(0xa11ce);
    address private constant GRANTEE = address(0x94a27ee);
    uint256 private constant VOTES = 5; // the slot of the votes for successors
    uint256 private constant UNREVIEWED = 3; // the slot of the list's length

    IBoard internal board;
    address[] internal members;
    bool internal succeeded;
    IBoard[] private _boards;

    function setUp() public override {
        super.setUp();
        AnyHospital any = new AnyHospital();
        svm.enableSymbolicStorage(address(any));
        address implementation = _deploy("Board.sol:Board", abi.encode(any));
        for (uint160 i = 1; i < 4; ++i) {
            members.push(address(0xb0a4d000 + i));
        }
        for (uint256 k = 1; k < 4; ++k) {
            address made = Clones.cloneWithImmutableArgs(implementation, abi.encode(k, members));
            svm.enableSymbolicStorage(made);
            vm.store(made, bytes32(UNREVIEWED), bytes32(_waiting()));
            _boards.push(IBoard(made));
        }
    }

    /// Which board it is, whose code holds the number, and who is let in: a member, or not.
    function _sit(Act memory act) internal {
        if (act.needed == 1) board = _boards[0];
        else if (act.needed == 2) board = _boards[1];
        else board = _boards[2];
        act.c.patient = PATIENT;
        act.c.grantee = act.letsInAMember ? members[2] : GRANTEE;
        // No history sets other bits than the three members', and to count sixteen takes many times as long.
        vm.assume(_left() < 8 && _stateOf(_idOf(act.c)).acknowledged < 8);
        vm.assume(uint16(uint256(vm.load(address(board), keccak256(abi.encode(act.account, VOTES))))) < 8);
    }

    function _waiting() internal pure virtual returns (uint256) {
        return 0;
    }

    function _do(Act memory act, bytes memory call) internal returns (bool) {
        // It calls itself in `relay` alone, as whoever signed: that is the signer's act.
        vm.assume(act.by != address(board));
        vm.prank(act.by);
        (succeeded,) = address(board).call(call);
        return succeeded;
    }

    function _acknowledge(Act memory act) internal returns (bool) {
        return _do(act, abi.encodeCall(board.acknowledge, (act.c, act.keyChanges)));
    }

    function _open(Act memory act) internal returns (bool) {
        IBoard.Case memory c = act.c;
        return _do(
            act,
            abi.encodeCall(board.open, (c.patient, c.scope, c.grantee, c.duration, c.reason, c.epoch, act.keyChanges))
        );
    }

    function _stateOf(bytes32 id) internal view returns (State memory s) {
        (s.stage, s.acknowledged, s.reviewers) = board.caseOf(id);
    }

    function _left() internal view returns (uint16 left) {
        (left,,) = board.standing();
    }

    function _idOf(IBoard.Case memory c) internal pure returns (bytes32) {
        return keccak256(abi.encode(c));
    }

    function _bitOf(address account) internal view returns (uint16 bit) {
        for (uint256 i; i < 3; ++i) {
            if (members[i] == account) bit = uint16(1 << i);
        }
    }

    function _count(uint16 bits) internal pure returns (uint256) {
        return (bits & 1) + (bits >> 1 & 1) + (bits >> 2 & 1);
    }
}

/// Something stays of any case. Each verb is a proof of its own, to a board of which two are needed. `faults/symbolic.cjs` compares
/// these with the manual.
abstract contract AnyActOnABoard is Seats {
    function _before(bytes32 of_, Act memory act) internal virtual;
    function _after(bytes32 of_, Act memory act) internal virtual;

    function check_open(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _open(act);
        _after(of_, act);
    }

    function check_acknowledge(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _acknowledge(act);
        _after(of_, act);
    }

    function check_release(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _do(act, abi.encodeCall(board.release, (act.id, act.c.reason)));
        _after(of_, act);
    }

    /// Without a signature: whose it is, halmos leaves open.
    function check_veto(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _do(act, abi.encodeCall(board.veto, (act.c, act.by, "")));
        _after(of_, act);
    }

    function check_review(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _do(act, abi.encodeCall(board.review, (act.id, act.c.reason)));
        _after(of_, act);
    }

    function check_resign(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _do(act, abi.encodeCall(board.resign, ()));
        _after(of_, act);
    }

    function check_acknowledgeSuccessor(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _do(act, abi.encodeCall(board.acknowledgeSuccessor, (act.account)));
        _after(of_, act);
    }

    function check_appoint(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _do(act, abi.encodeCall(board.appoint, (act.account)));
        _after(of_, act);
    }

    function check_invalidateNonces(bytes32 of_, Act memory act) external {
        _begin(of_, act);
        _do(act, abi.encodeCall(board.invalidateNonces, ()));
        _after(of_, act);
    }

    function _begin(bytes32 of_, Act memory act) private {
        act.needed = 2;
        _sit(act);
        _before(of_, act);
    }
}

/// Must fail for each verb: else what is proven of it is proven of a call that always reverts.
contract EveryVerbOfABoardCanSucceed is AnyActOnABoard {
    function _before(bytes32, Act memory) internal override {}

    function _after(bytes32, Act memory) internal view override {
        assert(!succeeded);
    }
}
