// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @title Boards: where boards come from
/// @notice Anybody makes a board of any accounts; it asks them nothing and gives nobody a right. `IBoard` tells what
/// boards do. A board's address follows from its threshold, its members in order and a salt: compute it with `boardOf`, or
/// yourself (ERC-1167 clone of `implementation` with `abi.encode(threshold, members)` behind its code, CREATE2 by this
/// contract), and grant to nothing that somebody only told you.
///
/// SIGNED REQUESTS
/// `ISigned` tells how they are signed and sent. The domain's name is "HospitalRecordBoards", and the structs are
///
///     Create(uint256 threshold,address[] members,bytes32 salt,~)
///     InvalidateNonces(~)                          where ~ is: address signer,uint256 nonce,uint256 deadline
interface IBoards is ISigned {
    /// @notice A board was made. Its address follows from the rest: a reader checks that.
    event BoardCreated(address indexed board, uint256 threshold, address[] members, bytes32 salt);

    /// @notice A board has at most 16 members.
    error TooManyMembers(uint256 members);
    /// @notice Of a board between one and all of its members are needed.
    error InvalidThreshold(uint256 threshold, uint256 members);
    /// @notice The member is nobody, or there twice.
    error InvalidMember(address member);

    /// @notice Makes a board, and returns its address. When this very board is there already, whoever made it, nothing
    /// happens: it is as good. With another salt there is another.
    function create(uint256 threshold, address[] calldata members, bytes32 salt) external returns (address board);

    /// @notice The address of the board, whether it was made or not.
    function boardOf(uint256 threshold, address[] calldata members, bytes32 salt) external view returns (address);

    /// @notice What every board is a clone of.
    function implementation() external view returns (address);

    /// @notice The block in which this contract came into being: no event is older.
    function deployedAt() external view returns (uint256);
}
