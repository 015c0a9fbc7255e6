// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {IHospitalRecord} from "./IHospitalRecord.sol";
import {Board} from "./Board.sol";
import {IBoards} from "./IBoards.sol";
import {Signed} from "./Signed.sol";

/// @title Boards
/// @notice `IBoards` is the manual.
contract Boards is IBoards, Signed {
    bytes32 private constant CREATE = keccak256(
        "Create(uint256 threshold,address[] members,bytes32 salt,address signer,uint256 nonce,uint256 deadline)"
    );
    uint256 private constant MOST_MEMBERS = 16;

    uint256 public immutable deployedAt = block.number;
    address public immutable implementation;

    constructor(IHospitalRecord hospital) {
        implementation = address(new Board(hospital));
    }

    function create(uint256 threshold, address[] calldata members, bytes32 salt) external returns (address board) {
        board = boardOf(threshold, members, salt);
        // The board already exists. The call must still succeed for a caller who only needs the board.
        if (board.code.length != 0) return board;
        emit BoardCreated(board, threshold, members, salt);
        // The address is already computed.
        // slither-disable-next-line unused-return
        Clones.cloneDeterministicWithImmutableArgs(implementation, abi.encode(threshold, members), salt);
    }

    function boardOf(uint256 threshold, address[] calldata members, bytes32 salt) public view returns (address) {
        _requireForm(threshold, members);
        return Clones.predictDeterministicAddressWithImmutableArgs(
            implementation, abi.encode(threshold, members), salt, address(this)
        );
    }

    function _domainName() internal pure override returns (string memory) {
        return "HospitalRecordBoards";
    }

    function _typeHashOf(bytes4 verb) internal pure override returns (bytes32) {
        return verb == IBoards.create.selector ? CREATE : super._typeHashOf(verb);
    }

    function _fieldsOf(bytes4 verb, bytes calldata arguments) internal pure override returns (bytes memory) {
        if (verb != IBoards.create.selector) return super._fieldsOf(verb, arguments);
        (uint256 threshold, address[] memory members, bytes32 salt) =
            abi.decode(arguments, (uint256, address[], bytes32));
        _requireCanonical(verb, arguments, abi.encode(threshold, members, salt));
        return abi.encode(threshold, keccak256(abi.encodePacked(members)), salt);
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
