// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IHospitalRecord} from "./IHospitalRecord.sol";
import {Board} from "./Board.sol";
import {IBoards} from "./IBoards.sol";

/// @title Boards
/// @notice `IBoards` is the manual.
contract Boards is IBoards {
    uint256 private constant MOST_MEMBERS = 16;

    uint256 public immutable deployedAt = block.number;
    address public immutable implementation;

    constructor(IHospitalRecord hospital) {
        implementation = address(new Board(hospital));
    }

    function create(uint256 threshold, address[] calldata members, bytes32 salt) external returns (address board) {
        board = boardOf(threshold, members, salt);
        if (board.code.length != 0) revert BoardExists(board);
        emit BoardCreated(board, threshold, members, salt);
        // Its address is known already.
        // slither-disable-next-line unused-return
        Clones.cloneDeterministicWithImmutableArgs(implementation, abi.encode(threshold, members), salt);
    }

    function boardOf(uint256 threshold, address[] calldata members, bytes32 salt) public view returns (address) {
        _requireForm(threshold, members);
        return Clones.predictDeterministicAddressWithImmutableArgs(
            implementation, abi.encode(threshold, members), salt, address(this)
        );
    }

    function _requireForm(uint256 threshold, address[] calldata members) private pure {
        if (members.length > MOST_MEMBERS) revert TooManyMembers(members.length);
        if (threshold == 0 || threshold > members.length) revert InvalidThreshold(threshold, members.length);
        for (uint256 i; i < members.length; ++i) {
            if (members[i] == address(0)) revert InvalidMember(members[i]);
            for (uint256 j; j < i; ++j) {
                if (members[j] == members[i]) revert InvalidMember(members[i]);
            }
        }
    }
}
