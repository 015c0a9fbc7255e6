// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @title Boards: the factory of boards
/// @notice Anybody may create a board of any accounts. Creation needs no consent and gives nobody a right. `IBoard`
/// explains how boards work.
///
/// A board's address follows from its threshold, its members in order and a salt. Before you grant to a board, compute
/// its address with `boardOf`; do not rely on an address that somebody sent you. You can also compute it offline: it is
/// the ERC-1167 clone of `implementation`, with `abi.encode(threshold, members)` appended to its code, created by this
/// contract with CREATE2.
///
/// SIGNED REQUESTS
/// `ISigned` explains how requests are signed and relayed. The domain's name is "HospitalRecordBoards", and the structs
/// are
///
///     Create(uint256 threshold,address[] members,bytes32 salt,~)
///     InvalidateNonces(~)                          where ~ is: address signer,uint256 nonce,uint256 deadline
interface IBoards is ISigned {
    /// @notice A board was created. A reader may assume that its address follows from the other fields, and can check
    /// it.
    event BoardCreated(address indexed board, uint256 threshold, address[] members, bytes32 salt);

    /// @notice The board would have more than 16 members. Name fewer.
    error TooManyMembers(uint256 members);
    /// @notice The threshold is zero or larger than the number of members. Choose one in between.
    error InvalidThreshold(uint256 threshold, uint256 members);
    /// @notice The member is the zero address or a duplicate. Remove it.
    error InvalidMember(address member);

    /// @notice Creates a board and returns its address. If this board already exists, the call only returns its
    /// address, whoever created it. Another salt makes another board of the same members.
    function create(uint256 threshold, address[] calldata members, bytes32 salt) external returns (address board);

    /// @notice The address of the board, whether it exists or not.
    function boardOf(uint256 threshold, address[] calldata members, bytes32 salt) external view returns (address);

    /// @notice The contract of which every board is a clone.
    function implementation() external view returns (address);

    /// @notice The block in which this contract was deployed: no event is older.
    function deployedAt() external view returns (uint256);
}
