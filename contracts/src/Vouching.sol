// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IVouching} from "./IVouching.sol";

/// @title Vouching
/// @notice `IVouching` is the manual. Every call here is: guards, effect, event.
contract Vouching is IVouching {
    uint256 public immutable deployedAt = block.number;

    mapping(address voucher => mapping(address account => mapping(bytes32 role => uint40 until))) public vouchedUntil;

    function vouch(address account, bytes32 role, uint40 until) external {
        if (account == address(0) || account == msg.sender) revert InvalidAccount(account);
        if (!_isRole(role)) revert InvalidRole(role);
        if (until <= block.timestamp) revert EndNotInFuture(until, block.timestamp);

        vouchedUntil[msg.sender][account][role] = until;

        emit Vouched(msg.sender, account, role, until);
    }

    function withdraw(address account, bytes32 role) external {
        if (vouchedUntil[msg.sender][account][role] == 0) revert NotVouched(account, role);

        delete vouchedUntil[msg.sender][account][role];

        emit VouchWithdrawn(msg.sender, account, role);
    }

    /// Not empty; visible characters, and after the last of them zeros alone.
    function _isRole(bytes32 role) private pure returns (bool) {
        if (role == 0) return false;
        for (; role != 0; role <<= 8) {
            bytes1 character = bytes1(role);
            if (character < 0x21 || character > 0x7e) return false;
        }
        return true;
    }
}
