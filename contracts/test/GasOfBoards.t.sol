// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {BoardBase, IBoard} from "./BoardBase.sol";

/// A board of three, two of whom are needed. Every number is the gas of a transaction's receipt.
/// forge-config: default.isolate = true
contract GasOfBoardsTest is BoardBase {
    function setUp() public override {
        super.setUp();
        board = _boardOf(2, 3);
        // Not the board's first case.
        IBoard.Case memory c = _granted();
        vm.warp(NOW + 1 days);
        _review(c, members[2]);
    }

    function test_gas_case() public {
        IBoard.Case memory c = _open(board, members[0], stranger, HOURS);
        uint256 whole = _snapshot("open");
        _acknowledge(c, members[1]);
        whole += _snapshot("acknowledgeAndGrant");
        vm.prank(members[0]);
        board.release(_idOf(c), REASON);
        _snapshot("release");
        _review(c, members[2]);
        whole += _snapshot("review");
        vm.snapshotValue("Board", "caseOfTwoOfThree", whole);
        vm.prank(patient);
        board.veto(c, patient, "");
        _snapshot("vetoAfterwards");
    }

    function test_gas_board() public {
        vm.prank(members[0]);
        board.acknowledgeSuccessor(NOBODY);
        _snapshot("acknowledgeSuccessor");
        boards.create(2, members, "another");
        _snapshot("create");
        (bool deployed,) =
            CREATE2_FACTORY.call(bytes.concat(keccak256("salt"), vm.getCode("Boards"), abi.encode(hospital)));
        assertTrue(deployed);
        _snapshot("deploy");
    }

    function _snapshot(string memory name) internal returns (uint256 gas) {
        gas = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("Board", name, gas);
    }
}
