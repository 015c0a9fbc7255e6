// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, DELEGATE} from "./Base.sol";
import {IBoard} from "../src/IBoard.sol";
import {IBoards} from "../src/IBoards.sol";

/// A board of four, of whom two are needed, to which the patient granted the folder for emergencies.
abstract contract BoardBase is Base {
    IBoards internal boards;
    IBoard internal board;

    address[] internal members;
    bytes32 internal record;
    address internal constant NOBODY = address(0);
    bytes32 internal constant REASON = keccak256("reason");
    uint32 internal constant HOURS = 4 hours;
    IHospitalRecord.Purpose internal constant ETREAT = IHospitalRecord.Purpose.ETREAT;

    function setUp() public virtual override {
        super.setUp();
        record = _add(_digest("record", 0));
        boards = IBoards(deployCode("Boards", abi.encode(hospital)));
        for (uint256 i; i < 4; ++i) {
            members.push(vm.addr(200 + i));
        }
        board = IBoard(boards.create(2, members, 0));
        _optIn(address(board), READ | DELEGATE, IN_A_YEAR);
    }

    function _optIn(address to, uint8 rights, uint40 expiresAt) internal {
        IHospitalRecord.Permission memory permission = _permission(to, SCOPE, rights, expiresAt);
        permission.purpose = ETREAT;
        uint24 count = _keyChanges();
        vm.prank(patient);
        hospital.grant(permission, count);
    }

    function _boardOf(uint256 threshold, uint256 count) internal returns (IBoard made) {
        address[] memory some = new address[](count);
        for (uint256 i; i < count; ++i) {
            some[i] = members[i];
        }
        made = IBoard(boards.create(threshold, some, 0));
        _optIn(address(made), READ | DELEGATE, IN_A_YEAR);
    }

    function _open(address by) internal returns (IBoard.Case memory) {
        return _open(board, by, doctor, HOURS);
    }

    function _open(IBoard on, address by, address grantee, uint32 duration) internal returns (IBoard.Case memory) {
        uint24 count = _keyChanges();
        vm.prank(by);
        on.open(patient, SCOPE, grantee, duration, REASON, 1, count);
        return IBoard.Case(patient, SCOPE, grantee, duration, REASON, 1, by, uint40(vm.getBlockTimestamp()));
    }

    function _acknowledge(IBoard.Case memory c, address by) internal {
        uint24 count = _keyChanges();
        vm.prank(by);
        board.acknowledge(c, count);
    }

    /// A case that took effect, by the first two members.
    function _granted() internal returns (IBoard.Case memory c) {
        c = _open(members[0]);
        _acknowledge(c, members[1]);
    }

    function _review(IBoard.Case memory c, address by) internal {
        vm.prank(by);
        board.review(_idOf(c), 0);
    }

    function _idOf(IBoard.Case memory c) internal pure returns (bytes32) {
        return keccak256(abi.encode(c));
    }

    function _stage(IBoard.Case memory c) internal view returns (IBoard.Stage stage) {
        (stage,,) = board.caseOf(_idOf(c));
    }

    function _isIn(address account) internal view returns (bool) {
        return hospital.canAccess(patient, record, account);
    }
}
