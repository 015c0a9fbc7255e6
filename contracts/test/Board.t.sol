// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {BoardBase, IBoard} from "./BoardBase.sol";
import {IHospitalRecord, READ, CONTRIBUTE, DELEGATE} from "./Base.sol";

/// Cases: how they are opened and acknowledged, and what they bring about.
contract BoardTest is BoardBase {
    function test_case_letsInWithTheKthAcknowledgement() public {
        IBoard.Case memory c = _open(members[0]);
        assertFalse(_isIn(doctor));
        bytes32 head = hospital.journalHeadOf(patient);

        vm.expectEmit();
        emit IBoard.CaseAcknowledged(_idOf(c), members[1]);
        vm.expectEmit();
        emit IBoard.CaseGranted(_idOf(c), patient, NOW + HOURS, true);
        vm.expectEmit();
        emit IHospitalRecord.AccessPassedOn(
            patient,
            SCOPE,
            doctor,
            READ,
            ETREAT,
            NOW + HOURS,
            1,
            REASON,
            address(board),
            IHospitalRecord.Via.Scope,
            head
        );
        _acknowledge(c, members[1]);

        IHospitalRecord.Grant memory held = hospital.grantOf(patient, SCOPE, doctor);
        assertEq(held.giver, address(board));
        assertEq(held.rights, READ);
        assertTrue(held.purpose == ETREAT);
        assertEq(held.expiresAt, NOW + HOURS);
        assertTrue(_stage(c) == IBoard.Stage.Granted);
        vm.warp(NOW + HOURS - 1);
        assertTrue(_isIn(doctor));
        vm.warp(NOW + HOURS);
        assertFalse(_isIn(doctor));
    }

    function test_open_tells() public {
        IBoard.Case memory c = IBoard.Case(patient, SCOPE, doctor, HOURS, REASON, 1, members[2], NOW);
        vm.expectEmit();
        emit IBoard.CaseOpened(_idOf(c), patient, members[2], SCOPE, doctor, HOURS, REASON, 1);
        vm.expectEmit();
        emit IBoard.CaseAcknowledged(_idOf(c), members[2]);
        _open(members[2]);
        (IBoard.Stage stage, uint16 acknowledged,) = board.caseOf(_idOf(c));
        assertTrue(stage == IBoard.Stage.Open);
        assertEq(acknowledged, 4);
    }

    function test_open_endsWithTheBoardsOwnGrant() public {
        _optIn(address(board), READ | DELEGATE, NOW + 1 hours);
        _granted();
        assertEq(hospital.grantOf(patient, SCOPE, doctor).expiresAt, NOW + 1 hours);
    }

    function test_open_byOneOfABoardOfOneTakesEffect() public {
        IBoard one = _boardOf(1, 1);
        _open(one, members[0], doctor, HOURS);
        assertTrue(_isIn(doctor));
        assertEq(one.unreviewed().length, 0);
    }

    function test_open_revertsForOthersThanMembers() public {
        address[3] memory others = [patient, doctor, address(boards)];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, others[i]));
            _open(others[i]);
        }
    }

    function test_open_revertsForWhoCannotBeLetIn() public {
        address[3] memory wrong = [NOBODY, patient, address(board)];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBoard.InvalidGrantee.selector, wrong[i]));
            _open(board, members[0], wrong[i], HOURS);
        }
    }

    function test_open_revertsForOtherDurations() public {
        uint32[2] memory wrong = [uint32(0), 1 days + 1];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IBoard.InvalidDuration.selector, wrong[i]));
            _open(board, members[0], doctor, wrong[i]);
        }
        _open(board, members[0], doctor, 1 days);
    }

    function test_open_revertsWithoutAReason() public {
        vm.expectRevert(IBoard.NoReason.selector);
        vm.prank(members[0]);
        board.open(patient, SCOPE, doctor, HOURS, 0, 1, 0);
    }

    function test_open_revertsForPatientsWhoNeverOptedIn() public {
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotOptedIn.selector, stranger, SCOPE));
        vm.prank(members[0]);
        board.open(stranger, SCOPE, doctor, HOURS, REASON, 1, 0);
    }

    function test_open_revertsForLessThanReadAndDelegateAndAfterTheEnd() public {
        uint8[3] memory less = [READ, DELEGATE, READ | CONTRIBUTE];
        for (uint256 i; i < 3; ++i) {
            _optIn(address(board), less[i], IN_A_YEAR);
            vm.expectRevert(abi.encodeWithSelector(IBoard.NotOptedIn.selector, patient, SCOPE));
            _open(members[0]);
        }
        _optIn(address(board), READ | DELEGATE, NOW + 1);
        vm.warp(NOW + 1);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotOptedIn.selector, patient, SCOPE));
        _open(members[0]);
    }

    function test_open_revertsForWhatAnotherPassedOn() public {
        IBoard other = IBoard(boards.create(1, members, 0));
        _grant(laboratory, SCOPE, READ | DELEGATE, IN_A_YEAR);
        _passOn(laboratory, address(other), SCOPE, READ | DELEGATE, IN_A_YEAR);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotOptedIn.selector, patient, SCOPE));
        _open(other, members[0], doctor, HOURS);
    }

    function test_open_revertsForTheSameCaseInTheSameBlock() public {
        IBoard.Case memory c = _open(members[0]);
        vm.expectRevert(abi.encodeWithSelector(IBoard.CaseExists.selector, _idOf(c)));
        _open(members[0]);
        vm.warp(NOW + 1);
        _open(members[0]);
    }

    function test_open_revertsWhereTooFewRemain() public {
        IBoard all = _boardOf(3, 3);
        vm.expectRevert(abi.encodeWithSelector(IBoard.TooFewMembers.selector, 2, 3));
        _open(all, members[0], members[1], HOURS);
        vm.prank(members[2]);
        all.resign();
        vm.expectRevert(abi.encodeWithSelector(IBoard.TooFewMembers.selector, 2, 3));
        _open(all, members[0], doctor, HOURS);
    }

    function test_acknowledge_countsEachMemberOnce() public {
        IBoard.Case memory c = _open(members[0]);
        vm.expectRevert(abi.encodeWithSelector(IBoard.AcknowledgedAlready.selector, members[0]));
        _acknowledge(c, members[0]);
        assertFalse(_isIn(doctor));
    }

    function test_acknowledge_revertsForWhoIsLetIn() public {
        IBoard.Case memory c = _open(board, members[0], members[0], HOURS);
        (, uint16 acknowledged,) = board.caseOf(_idOf(c));
        assertEq(acknowledged, 0);
        vm.expectRevert(abi.encodeWithSelector(IBoard.OwnCase.selector, members[0]));
        _acknowledge(c, members[0]);
        _acknowledge(c, members[1]);
        assertFalse(_isIn(members[0]));
        _acknowledge(c, members[2]);
        assertTrue(_isIn(members[0]));
    }

    function test_acknowledge_revertsForThePatientWhoIsAMember() public {
        members[1] = patient;
        board = _boardOf(2, 4);
        IBoard.Case memory c = _open(patient);
        vm.expectRevert(abi.encodeWithSelector(IBoard.OwnCase.selector, patient));
        _acknowledge(c, patient);
        _acknowledge(c, members[0]);
        assertFalse(_isIn(doctor));
        _acknowledge(c, members[2]);
        assertTrue(_isIn(doctor));
        (,, uint16 reviewers) = board.caseOf(_idOf(c));
        assertEq(reviewers, 8);
    }

    function test_acknowledge_revertsWhenThePatientGrantedToTheBoardSince() public {
        IBoard.Case memory c = _open(members[0]);
        _revoke(address(board), SCOPE);
        vm.warp(NOW + 1);
        _optIn(address(board), READ | DELEGATE, IN_A_YEAR);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotOptedIn.selector, patient, SCOPE));
        _acknowledge(c, members[1]);
        c = _open(members[0]);
        _acknowledge(c, members[1]);
        assertTrue(_isIn(doctor));
    }

    function test_acknowledge_revertsWhereAnotherHasLetTheGranteeIn() public {
        IBoard.Case memory c = _open(members[0]);
        _grant(doctor, SCOPE, CONTRIBUTE, IN_A_YEAR);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.GrantedByAnother.selector, SCOPE, doctor));
        _acknowledge(c, members[1]);
        vm.prank(doctor);
        hospital.renounce(patient, SCOPE);
        _acknowledge(c, members[1]);
        assertTrue(_isIn(doctor));
    }

    function test_acknowledge_revertsAfterTheWindow() public {
        IBoard.Case memory c = _open(members[0]);
        vm.warp(NOW + 1 days);
        vm.expectRevert(abi.encodeWithSelector(IBoard.WindowClosed.selector, NOW + 1 days, NOW + 1 days));
        _acknowledge(c, members[1]);
        vm.warp(NOW + 1 days - 1);
        _acknowledge(c, members[1]);
        assertTrue(_isIn(doctor));
    }

    function test_acknowledge_revertsForOthersThanMembers() public {
        IBoard.Case memory c = _open(members[0]);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotAMember.selector, doctor));
        _acknowledge(c, doctor);
    }

    function test_acknowledge_revertsForCasesThatAreNotOpen() public {
        IBoard.Case memory c = _granted();
        vm.expectRevert(
            abi.encodeWithSelector(IBoard.NotAtStage.selector, _idOf(c), IBoard.Stage.Granted, IBoard.Stage.Open)
        );
        _acknowledge(c, members[2]);
        c.duration = 5 hours;
        vm.expectRevert(
            abi.encodeWithSelector(IBoard.NotAtStage.selector, _idOf(c), IBoard.Stage.None, IBoard.Stage.Open)
        );
        _acknowledge(c, members[2]);
    }

    function test_acknowledge_revertsAfterTheBoardWasRevoked() public {
        IBoard.Case memory c = _open(members[0]);
        _revoke(address(board), SCOPE);
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotOptedIn.selector, patient, SCOPE));
        _acknowledge(c, members[1]);
    }

    function test_acknowledge_revertsWithAnOutdatedCount() public {
        IBoard.Case memory c = _open(members[0]);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 7, 0));
        vm.prank(members[1]);
        board.acknowledge(c, 7);
        assertTrue(_stage(c) == IBoard.Stage.Open);
    }

    function test_revokingTheBoard_endsWhatItGave() public {
        _granted();
        _revoke(address(board), SCOPE);
        assertFalse(_isIn(doctor));
    }

    /// Whatever the board, its members and the order: nothing happens before the k-th distinct member, all with it.
    function testFuzz_case_takesEffectWithTheKthDistinctMember(
        uint256 size,
        uint256 threshold,
        uint256[24] memory order
    ) public {
        size = bound(size, 1, 16);
        threshold = bound(threshold, 1, size);
        delete members;
        for (uint256 i; i < size; ++i) {
            members.push(vm.addr(300 + i));
        }
        board = _boardOf(threshold, size);
        IBoard.Case memory c = _open(board, members[0], doctor, HOURS);
        uint256 distinct = 1;
        uint256 seen = 1;
        for (uint256 i; i < order.length && distinct < threshold; ++i) {
            assertFalse(_isIn(doctor));
            uint256 next = order[i] % size;
            if (seen & 1 << next != 0) vm.expectRevert();
            else ++distinct;
            _acknowledge(c, members[next]);
            seen |= 1 << next;
        }
        assertEq(_isIn(doctor), distinct >= threshold);
    }

    /// A grant to the board that is newer than the case ends it, also when 32 bits would tell another order.
    function test_case_isNotOlderThanTheBoardsGrantAfter2106() public {
        uint40 year2106 = 2 ** 32;
        vm.warp(year2106 - 1);
        _optIn(address(board), READ | DELEGATE, NEVER);
        IBoard.Case memory c = _open(members[0]);
        vm.warp(year2106 + 1);
        _optIn(address(board), READ | DELEGATE, NEVER);
        uint24 count = _keyChanges();
        vm.expectRevert(abi.encodeWithSelector(IBoard.NotOptedIn.selector, patient, SCOPE));
        vm.prank(members[1]);
        board.acknowledge(c, count);
        c = _open(members[0]);
        _acknowledge(c, members[1]);
        assertTrue(_isIn(doctor));
        vm.prank(patient);
        board.veto(c, patient, "");
        assertFalse(_isIn(doctor));
    }
}
