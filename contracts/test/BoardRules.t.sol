// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "../src/ISigned.sol";
import {BoardBase, IBoard} from "./BoardBase.sol";
import {IBoards} from "../src/IBoards.sol";
import {Reverting} from "./Wallets.sol";

/// Who may stop a case, who owes a review, and how a board changes.
contract BoardRulesTest is BoardBase {
    address internal proxy = makeAddr("proxy");

    function test_veto_endsACaseBeforeItTakesEffect() public {
        IBoard.Case memory c = _open(members[0]);
        vm.expectEmit();
        emit IBoard.CaseVetoed(_idOf(c), patient);
        _veto(c, patient);
        vm.expectRevert(
            abi.encodeWithSelector(IBoard.NotAtStage.selector, _idOf(c), IBoard.Stage.Vetoed, IBoard.Stage.Open)
        );
        _acknowledge(c, members[1]);
        assertFalse(_isIn(doctor));
    }

    function test_veto_endsAccessAfterwards() public {
        IBoard.Case memory c = _granted();
        _veto(c, patient);
        assertFalse(_isIn(doctor));
        assertTrue(_stage(c) == IBoard.Stage.Vetoed);
    }

    function test_veto_leavesAloneWhatThePatientGaveSince() public {
        IBoard.Case memory c = _granted();
        _grant(doctor, SCOPE, 1, IN_A_YEAR);
        _veto(c, patient);
        assertTrue(_isIn(doctor));
    }

    function test_veto_leavesAloneWhatALaterCaseGave() public {
        IBoard.Case memory first = _granted();
        vm.warp(NOW + HOURS);
        IBoard.Case memory second = _granted();
        _veto(first, patient);
        assertTrue(_isIn(doctor));
        assertTrue(_stage(second) == IBoard.Stage.Granted);
        _veto(second, patient);
        assertFalse(_isIn(doctor));
    }

    function test_veto_ofAnOpenCaseEndsNoOther() public {
        _granted();
        IBoard.Case memory c = _open(members[2]);
        _veto(c, patient);
        assertTrue(_isIn(doctor));
    }

    function test_veto_ofWhatHasEndedIsStillNoted() public {
        IBoard.Case memory c = _granted();
        vm.warp(NOW + HOURS);
        _veto(c, patient);
        assertTrue(_stage(c) == IBoard.Stage.Vetoed);
    }

    function test_veto_isForThePatientAndTheProxyAlone() public {
        IBoard.Case memory c = _open(members[0]);
        address[4] memory others = [members[1], doctor, proxy, NOBODY];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBoard.NotEntitled.selector, others[i]));
            _veto(c, others[i]);
        }
        _appoint(proxy);
        _veto(c, proxy);
        assertTrue(_stage(c) == IBoard.Stage.Vetoed);
    }

    function test_veto_ofNoCaseOrASecondTimeReverts() public {
        IBoard.Case memory c = _granted();
        _veto(c, patient);
        vm.expectRevert(
            abi.encodeWithSelector(IBoard.NotAtStage.selector, _idOf(c), IBoard.Stage.Vetoed, IBoard.Stage.Open)
        );
        _veto(c, patient);
        c.duration = 1;
        vm.expectRevert(
            abi.encodeWithSelector(IBoard.NotAtStage.selector, _idOf(c), IBoard.Stage.None, IBoard.Stage.Open)
        );
        _veto(c, patient);
    }

    function test_veto_takesASignature() public {
        IBoard.Case memory c = _open(members[0]);
        IBoard.Case memory other = _open(members[1]);
        bytes memory signature = _signedVeto("patient", c);
        vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, patient));
        board.veto(other, patient, signature);
        board.veto(c, patient, signature);
        assertTrue(_stage(c) == IBoard.Stage.Vetoed);
        assertTrue(_stage(other) == IBoard.Stage.Open);
    }

    /// Its code would say no, or nothing at all (EIP-7702).
    function test_veto_takesTheKeyOfAnAccountWithCode() public {
        IBoard.Case memory c = _open(members[0]);
        vm.etch(patient, type(Reverting).runtimeCode);
        board.veto(c, patient, _signedVeto("patient", c));
        assertTrue(_stage(c) == IBoard.Stage.Vetoed);
    }

    function test_veto_ofAProxyIsSignedOrNotAtAllWhenItWasReplaced() public {
        IBoard.Case memory c = _open(members[0]);
        bytes memory signature = _signedVeto("proxy", c);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotEntitled.selector, proxy));
        board.veto(c, proxy, signature);
        _appoint(proxy);
        _appoint(stranger);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotEntitled.selector, proxy));
        board.veto(c, proxy, signature);
        _appoint(proxy);
        board.veto(c, proxy, signature);
        assertTrue(_stage(c) == IBoard.Stage.Vetoed);
    }

    function test_appoint_isForTheCallersOwnCases() public {
        vm.expectEmit();
        emit IBoard.ProxyAppointed(patient, proxy);
        _appoint(proxy);
        assertEq(board.proxyOf(patient), proxy);
        vm.prank(stranger);
        board.appoint(stranger);
        assertEq(board.proxyOf(patient), proxy);
        _appoint(NOBODY);
        assertEq(board.proxyOf(patient), NOBODY);
    }

    function test_review_isForWhoTookNoPart() public {
        IBoard.Case memory c = _granted();
        IBoard.Waiting[] memory waiting = board.unreviewed();
        assertEq(waiting.length, 1);
        assertEq(waiting[0].id, bytes25(_idOf(c)));
        assertEq(waiting[0].reviewers, 12);
        assertEq(waiting[0].due, NOW + 7 days);
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBoard.NotForReview.selector, _idOf(c), members[i]));
            _review(c, members[i]);
        }
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, stranger));
        _review(c, stranger);

        vm.expectEmit();
        emit IBoard.CaseReviewed(_idOf(c), members[3], 0);
        _review(c, members[3]);
        assertEq(board.unreviewed().length, 0);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotForReview.selector, _idOf(c), members[3]));
        _review(c, members[3]);
        // Who finds otherwise may still say so.
        vm.expectEmit();
        emit IBoard.CaseReviewed(_idOf(c), members[2], "objection");
        vm.prank(members[2]);
        board.review(_idOf(c), "objection");
    }

    function test_review_isOfACaseThatTookEffect() public {
        IBoard.Case memory c = _open(members[0]);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotForReview.selector, _idOf(c), members[2]));
        _review(c, members[2]);
        _acknowledge(c, members[1]);
        bytes32 similar = _idOf(c) ^ bytes32(uint256(1));
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotForReview.selector, similar, members[2]));
        vm.prank(members[2]);
        board.review(similar, 0);
    }

    function test_review_isNotForWhoWasLetIn() public {
        IBoard.Case memory c = _open(board, members[0], members[2], HOURS);
        _acknowledge(c, members[1]);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotForReview.selector, _idOf(c), members[2]));
        _review(c, members[2]);
        _review(c, members[3]);
    }

    function test_review_findsItsCaseAmongOthers() public {
        for (uint256 reviewed; reviewed < 2; ++reviewed) {
            IBoard.Case[2] memory cases;
            for (uint256 i; i < 2; ++i) {
                vm.warp(vm.getBlockTimestamp() + 1);
                cases[i] = _granted();
            }
            _review(cases[reviewed], members[2]);
            IBoard.Waiting[] memory waiting = board.unreviewed();
            assertEq(waiting.length, 1);
            assertEq(waiting[0].id, bytes25(_idOf(cases[1 - reviewed])));
            _review(cases[1 - reviewed], members[2]);
        }
    }

    function test_whoOwesAReviewNeitherOpensNorAcknowledges() public {
        IBoard.Case memory c = _granted();
        vm.warp(NOW + 7 days - 1);
        IBoard.Case memory next = _open(members[2]);
        vm.warp(NOW + 7 days);
        bytes memory owed = abi.encodeWithSelector(IBoard.ReviewOwed.selector, members[3], bytes25(_idOf(c)));
        vm.expectRevert(owed);
        _acknowledge(next, members[3]);
        vm.expectRevert(owed);
        _open(members[3]);
        vm.expectRevert(owed);
        _succeed(members[3], NOBODY);
        // Who took part goes on.
        _acknowledge(next, members[0]);
        // Any of those who owe it frees all.
        _review(c, members[2]);
        _open(members[3]);
    }

    function test_noCaseWaitsForReviews() public {
        IBoard.Case memory oldest = _granted();
        for (uint256 i = 1; i < 16; ++i) {
            vm.warp(NOW + i);
            _granted();
        }
        assertEq(board.unreviewed().length, 16);
        vm.warp(NOW + 16);
        IBoard.Case memory c = _open(members[1]);
        vm.expectEmit();
        emit IBoard.ReviewLetGo(bytes25(_idOf(oldest)));
        _acknowledge(c, members[0]);
        assertEq(board.unreviewed().length, 16);
        // Nobody owes the oldest any longer, and it can still be made.
        vm.warp(NOW + 7 days);
        _open(members[2]);
        _review(oldest, members[3]);
        assertEq(board.unreviewed().length, 16);
    }

    function test_boardOfAllOwesNoReview() public {
        board = _boardOf(4, 4);
        IBoard.Case memory c = _open(members[0]);
        for (uint256 i = 1; i < 4; ++i) {
            assertFalse(_isIn(doctor));
            if (i == 3) {
                vm.expectEmit();
                emit IBoard.CaseGranted(_idOf(c), patient, NOW + HOURS, false);
            }
            _acknowledge(c, members[i]);
        }
        assertTrue(_isIn(doctor));
        assertEq(board.unreviewed().length, 0);
    }

    function test_resign_takesTheVoteAtOnce() public {
        board = _boardOf(3, 4);
        IBoard.Case memory c = _open(members[0]);
        vm.expectEmit();
        emit IBoard.MemberResigned(members[0]);
        vm.prank(members[0]);
        board.resign();
        (uint16 left,,) = board.standing();
        assertEq(left, 1);

        _acknowledge(c, members[1]);
        _acknowledge(c, members[2]);
        assertFalse(_isIn(doctor));
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, members[0]));
        _acknowledge(c, members[0]);
        _acknowledge(c, members[3]);
        assertTrue(_isIn(doctor));
    }

    function test_resign_ofOneLeavesOthersResigned() public {
        for (uint256 i; i < 2; ++i) {
            vm.prank(members[i]);
            board.resign();
        }
        (uint16 left,,) = board.standing();
        assertEq(left, 3);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, members[0]));
        _open(members[0]);
    }

    function test_resign_isForMembersAndOnce() public {
        vm.startPrank(members[0]);
        board.resign();
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, members[0]));
        board.resign();
    }

    function test_successor_closesWithTheKthMember() public {
        address successor = makeAddr("successor");
        IBoard.Case memory c = _open(members[0]);
        vm.expectEmit();
        emit IBoard.SuccessorAcknowledged(successor, members[0]);
        _succeed(members[0], successor);
        vm.expectRevert(abi.encodeWithSelector(IBoard.AcknowledgedAlready.selector, members[0]));
        _succeed(members[0], successor);
        _succeed(members[1], NOBODY);
        (, bool closed,) = board.standing();
        assertFalse(closed);

        vm.expectEmit();
        emit IBoard.Closed(successor);
        _succeed(members[2], successor);
        address follows;
        (, closed, follows) = board.standing();
        assertTrue(closed);
        assertEq(follows, successor);

        vm.expectRevert(IBoard.BoardClosed.selector);
        _acknowledge(c, members[1]);
        vm.expectRevert(IBoard.BoardClosed.selector);
        _open(members[1]);
        vm.expectRevert(IBoard.BoardClosed.selector);
        _succeed(members[3], NOBODY);
    }

    function test_successor_isForMembersWhoHaveNotLeft() public {
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, stranger));
        _succeed(stranger, NOBODY);
        _succeed(members[0], NOBODY);
        vm.prank(members[0]);
        board.resign();
        _succeed(members[1], NOBODY);
        (, bool closed,) = board.standing();
        assertFalse(closed);
        _succeed(members[2], NOBODY);
        (, closed,) = board.standing();
        assertTrue(closed);
    }

    function test_successor_isNamedWithinTheWindow() public {
        _succeed(members[0], NOBODY);
        vm.warp(NOW + 1 days);
        _succeed(members[1], NOBODY);
        (, bool closed,) = board.standing();
        assertFalse(closed);
        vm.warp(NOW + 2 days - 1);
        _succeed(members[0], NOBODY);
        (, closed,) = board.standing();
        assertTrue(closed);
    }

    function test_closing_leavesWhatTookEffectAndItsReview() public {
        IBoard.Case memory c = _granted();
        _succeed(members[0], NOBODY);
        _succeed(members[1], NOBODY);
        assertTrue(_isIn(doctor));
        _review(c, members[2]);
        _veto(c, patient);
        assertFalse(_isIn(doctor));
    }

    function test_domain_isWhatSignaturesAreMadeFor() public view {
        (bytes1 fields, string memory name, string memory version, uint256 chain, address verifier,,) =
            board.eip712Domain();
        assertEq(fields, hex"0f");
        assertEq(keccak256(abi.encode(name, version)), keccak256(abi.encode("HospitalRecordBoard", "1")));
        assertEq(chain, block.chainid);
        assertEq(verifier, address(board));
    }

    function test_release_isToldOnceTheCaseTookEffect() public {
        IBoard.Case memory c = _open(members[0]);
        bytes32 id = _idOf(c);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAtStage.selector, id, IBoard.Stage.Open, IBoard.Stage.Granted));
        _release(id, members[0]);
        _acknowledge(c, members[1]);
        vm.expectEmit();
        emit IBoard.ShareReleased(id, members[3], "share");
        _release(id, members[3]);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, stranger));
        _release(id, stranger);
        vm.prank(members[2]);
        board.resign();
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, members[2]));
        _release(id, members[2]);
        _veto(c, patient);
        vm.expectRevert(
            abi.encodeWithSelector(IBoard.NotAtStage.selector, id, IBoard.Stage.Vetoed, IBoard.Stage.Granted)
        );
        _release(id, members[1]);
    }

    function _release(bytes32 id, address by) internal {
        vm.prank(by);
        board.release(id, "share");
    }

    function test_boards_haveTheAddressThatWasTold() public {
        address told = boards.boardOf(2, members, "other");
        vm.expectEmit();
        emit IBoards.BoardCreated(told, 2, members, "other");
        assertEq(boards.create(2, members, "other"), told);
        (uint256 threshold, address[] memory found) = IBoard(told).board();
        assertEq(threshold, 2);
        assertEq(found, members);
        assertEq(IBoard(told).hospital(), address(hospital));
        assertTrue(boards.implementation() != told);
        assertEq(boards.deployedAt(), 20_000_000);
    }

    /// It has no members, so that nobody opens a case by what every board is a clone of.
    function test_boards_theirImplementationIsNoBoard() public {
        IBoard implementation = IBoard(boards.implementation());
        vm.startPrank(members[0]);
        vm.expectRevert();
        implementation.board();
        vm.expectRevert();
        implementation.open(patient, SCOPE, doctor, HOURS, REASON, 1, 0);
        vm.expectRevert();
        implementation.acknowledgeSuccessor(NOBODY);
        vm.expectRevert();
        implementation.resign();
    }

    /// Whoever is first, the other finds the board it wanted.
    function test_boards_creatingOneThatIsThereReturnsIt() public {
        vm.recordLogs();
        vm.prank(stranger);
        assertEq(boards.create(2, members, 0), address(board));
        assertEq(vm.getRecordedLogs().length, 0);
        members[3] = members[1];
        vm.expectRevert(abi.encodeWithSelector(IBoards.InvalidMember.selector, members[1]));
        boards.create(2, members, 0);
    }

    function test_boards_thatCannotBeAreNotMade() public {
        vm.expectRevert(abi.encodeWithSelector(IBoards.InvalidThreshold.selector, 0, 4));
        boards.create(0, members, "x");
        vm.expectRevert(abi.encodeWithSelector(IBoards.InvalidThreshold.selector, 5, 4));
        boards.create(5, members, "x");
        members[3] = members[1];
        vm.expectRevert(abi.encodeWithSelector(IBoards.InvalidMember.selector, members[1]));
        boards.create(2, members, "x");
        members[3] = NOBODY;
        vm.expectRevert(abi.encodeWithSelector(IBoards.InvalidMember.selector, NOBODY));
        boards.create(2, members, "x");
        vm.expectRevert(abi.encodeWithSelector(IBoards.InvalidThreshold.selector, 5, 4));
        boards.boardOf(5, members, "x");
        vm.expectRevert(abi.encodeWithSelector(IBoards.TooManyMembers.selector, 17));
        boards.create(2, new address[](17), "x");
        delete members;
        vm.expectRevert(abi.encodeWithSelector(IBoards.InvalidThreshold.selector, 0, 0));
        boards.create(0, members, "x");
    }

    function _veto(IBoard.Case memory c, address by) internal {
        vm.prank(by);
        board.veto(c, by, "");
    }

    function _appoint(address who) internal {
        vm.prank(patient);
        board.appoint(who);
    }

    function _succeed(address by, address successor) internal {
        vm.prank(by);
        board.acknowledgeSuccessor(successor);
    }

    function _signedVeto(string memory signer, IBoard.Case memory c) internal returns (bytes memory) {
        return _sign(signer, keccak256(abi.encode(keccak256("Veto(bytes32 id)"), _idOf(c))));
    }

    function _sign(string memory signer, bytes32 structHash) internal returns (bytes memory) {
        (, uint256 key) = makeAddrAndKey(signer);
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("HospitalRecordBoard"),
                keccak256("1"),
                block.chainid,
                address(board)
            )
        );
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(r, s, v);
    }
}
