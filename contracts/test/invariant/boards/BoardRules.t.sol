// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ} from "../../Base.sol";
import {IBoard} from "../../../src/IBoard.sol";
import {IBoards} from "../../../src/IBoards.sol";
import {BoardHandler} from "./BoardHandler.sol";
import {BoardModel} from "./BoardModel.sol";

/// What `IBoard` says holds for ever. Each rule is shown to be able to fail by `contracts/test/faults/histories.cjs`.
contract BoardRulesOverHistoriesTest is Base {
    BoardHandler internal handler;
    uint256 internal immutable ONLY = vm.envOr("RULE", uint256(0));

    function setUp() public override {
        super.setUp();
        // Its twin with planted faults takes a second argument, as HospitalRecord does.
        bytes memory arguments = abi.encode(hospital, vm.envOr("HOSPITAL_RECORD_FAULT", uint256(0)));
        handler = new BoardHandler(hospital, IBoards(deployCode("Boards", arguments)));
        targetContract(address(handler));
    }

    /// Otherwise the rules were shown of too little. It is about one history, of which some begin with a board that is closed
    /// or was revoked, and have much to refuse.
    function afterInvariant() public view {
        if (handler.calls() > 30) assertLt(handler.refused() * 4, handler.calls() * 3, "too little was allowed");
    }

    function invariant_boards() public view {
        function() internal view[7] memory rules = [
            rule14_kOthersLetIn,
            rule15_whatABoardGaveEnds,
            rule16_aVetoHolds,
            rule17_nothingHappensAfterTheWindow,
            rule18_aBoardWithoutAGrantOrClosedOpensNothing,
            rule19_whoOwesAReviewWaits,
            rule20_membersStayWhoTheyAre
        ];
        for (uint256 i; i < rules.length; ++i) {
            if (ONLY == 0 || ONLY == 14 + i) rules[i]();
        }
    }

    /// Each case is where the acknowledgements of members who are there, not let in and not the patient, brought it.
    function rule14_kOthersLetIn() internal view {
        assertEq(handler.broken(0), "");
        assertEq(handler.broken(14), "");
        for (uint256 i; i < handler.caseCount(); ++i) {
            BoardModel.Kept memory k = handler.caseAt(i);
            (IBoard.Stage stage, uint16 acknowledged,) = _caseOf(k);
            assertEq(uint8(stage), uint8(k.stage), "a case is at another stage than its members brought it to");
            assertEq(acknowledged, _bits(k, handler.acknowledged, i), "others acknowledged than did");
        }
    }

    function rule15_whatABoardGaveEnds() internal view {
        assertEq(handler.broken(15), "");
        for (uint256 i; i < handler.givenCount(); ++i) {
            (address patient, bytes32 scope, address grantee) = handler.given(i);
            IHospitalRecord.Grant memory held = hospital.grantOf(patient, scope, grantee);
            IHospitalRecord.Grant memory due = handler.grantOf(patient, scope, grantee);
            assertEq(keccak256(abi.encode(held)), keccak256(abi.encode(due)), "a grant is not what was given");
            if (held.giver.code.length == 0) continue;
            assertLe(held.expiresAt, held.grantedAt + 1 days, "a board gave more than a day");
            assertEq(held.rights, READ, "a board gave more than READ");
        }
        for (uint256 i; i < handler.addedCount(); ++i) {
            (address patient, bytes32 key) = handler.added(i);
            for (uint256 j; j < handler.peopleCount(); ++j) {
                address person = handler.people(j);
                bool may = handler.mayRead(patient, key, person);
                assertEq(hospital.canAccess(patient, key, person), may, "access beyond the end, or none before");
            }
        }
    }

    function rule16_aVetoHolds() internal view {
        assertEq(handler.broken(16), "");
        for (uint256 i; i < handler.caseCount(); ++i) {
            BoardModel.Kept memory k = handler.caseAt(i);
            if (k.stage != IBoard.Stage.Vetoed) continue;
            (IBoard.Stage stage,,) = _caseOf(k);
            assertTrue(stage == IBoard.Stage.Vetoed, "a vetoed case is none");
            IHospitalRecord.Grant memory held = hospital.grantOf(k.c.patient, k.c.scope, k.c.grantee);
            bool gives = held.giver == address(handler.boards(k.board)) && held.grantedAt == k.since
                && held.expiresAt > vm.getBlockTimestamp();
            // Another case may have let the same account in within the second in which this one did, after the veto.
            bool anew = handler.grantOf(k.c.patient, k.c.scope, k.c.grantee).expiresAt > vm.getBlockTimestamp();
            assertTrue(!gives || anew, "a vetoed case gives access");
        }
    }

    function rule17_nothingHappensAfterTheWindow() internal view {
        assertEq(handler.broken(17), "");
        for (uint256 i; i < handler.caseCount(); ++i) {
            BoardModel.Kept memory k = handler.caseAt(i);
            if (k.since == 0) continue;
            assertLt(k.since, k.c.openedAt + 1 days, "a case took effect after its window");
        }
    }

    function rule18_aBoardWithoutAGrantOrClosedOpensNothing() internal view {
        assertEq(handler.broken(18), "");
        for (uint256 b; b < 2; ++b) {
            (, bool closed, address successor) = handler.boards(b).standing();
            assertEq(closed, handler.closed(b), "a board was closed, or is open again, by others than k members");
            assertEq(successor, handler.successors(b), "another successor than k members named");
            for (uint256 i; i < handler.addedCount(); ++i) {
                (address patient,) = handler.added(i);
                _assertNothingWithoutAGrant(b, patient);
            }
        }
    }

    /// Of what the patient does not let the board pass on, nobody has anything from it.
    function _assertNothingWithoutAGrant(uint256 b, address patient) internal view {
        address board = address(handler.boards(b));
        bytes32 scope = bytes32(uint256(handler.folders(0)));
        if (handler.isLive(patient, scope, board)) return;
        for (uint256 i; i < handler.peopleCount(); ++i) {
            address person = handler.people(i);
            if (person == patient || hospital.grantOf(patient, scope, person).giver != board) continue;
            (, bytes32 key) = handler.added(patient == handler.people(0) ? 0 : 1);
            assertFalse(hospital.canAccess(patient, key, person), "access by a board that has none");
        }
    }

    function rule19_whoOwesAReviewWaits() internal view {
        assertEq(handler.broken(19), "");
        uint256[2] memory waiting;
        for (uint256 i; i < handler.caseCount(); ++i) {
            BoardModel.Kept memory k = handler.caseAt(i);
            (,, uint16 reviewers) = _caseOf(k);
            assertEq(reviewers, _bits(k, handler.mayReview, i), "others may review than took no part");
            if (!k.waits) continue;
            ++waiting[k.board];
            assertTrue(_isOwed(k, _bits(k, handler.owesReview, i)), "a review is not owed by those who took no part");
        }
        for (uint256 b; b < 2; ++b) {
            assertEq(handler.boards(b).unreviewed().length, waiting[b], "a review that was made is owed");
        }
    }

    function _isOwed(BoardModel.Kept memory k, uint16 reviewers) internal view returns (bool) {
        IBoard.Waiting memory due =
            IBoard.Waiting(bytes25(keccak256(abi.encode(k.c))), reviewers, uint40(k.since + 7 days));
        IBoard.Waiting[] memory list = handler.boards(k.board).unreviewed();
        for (uint256 i; i < list.length; ++i) {
            if (keccak256(abi.encode(list[i])) == keccak256(abi.encode(due))) return true;
        }
        return false;
    }

    function rule20_membersStayWhoTheyAre() internal view {
        assertEq(handler.broken(20), "");
        for (uint256 b; b < 2; ++b) {
            (uint256 needed, address[] memory members) = handler.boards(b).board();
            assertEq(needed, handler.needed(b), "another number of members is needed");
            assertEq(members, handler.membersOf(b), "others are members");
            (uint16 left,,) = handler.boards(b).standing();
            for (uint256 i; i < members.length; ++i) {
                assertEq(left >> i & 1 != 0, handler.left(b, members[i]), "who left, or stayed, did not");
            }
        }
        for (uint256 i; i < handler.caseCount(); ++i) {
            BoardModel.Kept memory k = handler.caseAt(i);
            (IBoard.Stage stage,,) = _caseOf(k);
            assertTrue(
                stage != IBoard.Stage.Granted || k.stage == IBoard.Stage.Granted, "a vote of who resigned counted"
            );
        }
    }

    function _caseOf(BoardModel.Kept memory k) internal view returns (IBoard.Stage, uint16, uint16) {
        return handler.boards(k.board).caseOf(keccak256(abi.encode(k.c)));
    }

    /// The members for whom it is so, as bits from the lowest up.
    function _bits(
        BoardModel.Kept memory k,
        function(uint256, address) external view returns (bool) isSo,
        uint256 which
    ) internal view returns (uint16 bits) {
        address[] memory members = handler.membersOf(k.board);
        for (uint256 i; i < members.length; ++i) {
            if (isSo(which, members[i])) bits |= uint16(1 << i);
        }
    }
}
