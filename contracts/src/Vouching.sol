// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IVouching} from "./IVouching.sol";
import {Signed} from "./Signed.sol";

/// @title Vouching
/// @notice `IVouching` is the manual. Every verb here checks its guards, takes effect, and emits an event.
contract Vouching is IVouching, Signed {
    bytes32 private constant VOUCH =
        keccak256("Vouch(address account,bytes32 role,uint40 until,address signer,uint256 nonce,uint256 deadline)");
    bytes32 private constant WITHDRAW =
        keccak256("Withdraw(address account,bytes32 role,address signer,uint256 nonce,uint256 deadline)");

    uint256 public immutable deployedAt = block.number;

    mapping(address voucher => mapping(address account => mapping(bytes32 role => uint40 until))) public vouchedUntil;

    function vouch(address account, bytes32 role, uint40 until) external {
        address voucher = _actor();
        if (account == address(0) || account == voucher) revert InvalidAccount(account);
        if (!_isRole(role)) revert InvalidRole(role);
        if (until <= block.timestamp) revert EndNotInFuture(until, block.timestamp);

        vouchedUntil[voucher][account][role] = until;

        emit Vouched(voucher, account, role, until);
    }

    function withdraw(address account, bytes32 role) external {
        address voucher = _actor();
        if (vouchedUntil[voucher][account][role] == 0) revert NotVouched(account, role);

        delete vouchedUntil[voucher][account][role];

        emit VouchWithdrawn(voucher, account, role);
    }

    function _domainName() internal pure override returns (string memory) {
        return "HospitalRecordVouching";
    }

    function _typeHashOf(bytes4 verb) internal pure override returns (bytes32) {
        if (verb == IVouching.vouch.selector) return VOUCH;
        if (verb == IVouching.withdraw.selector) return WITHDRAW;
        return super._typeHashOf(verb);
    }

    /// Visible characters, at least one, followed by zeros only.
    function _isRole(bytes32 role) private pure returns (bool) {
        if (role == 0) return false;
        for (; role != 0; role <<= 8) {
            bytes1 character = bytes1(role);
            if (character < 0x21 || character > 0x7e) return false;
        }
        return true;
    }
}
