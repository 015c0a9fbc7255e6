// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @title Vouching: who says that an account is what it claims to be
/// @notice On a chain an account is a number. Anybody may say here of another account that it acts in a role (a hospital
/// of its doctors, a medical council of its members), until when, and may take it back. This contract decides nothing
/// by it and no other contract asks it: it gives no right to anything.
///
/// WHAT TO BELIEVE
/// - `vouchedUntil(voucher, account, role)` says what `voucher` itself said, no more. Choose whose word counts, and ask
///   for that voucher. That many accounts vouch for one says nothing: anybody can make as many as they like.
/// - Only `voucher` changes what it says, by a call or by its signature. There is no owner.
/// - It costs the account that is vouched for nothing and asks nothing of it. So a list by account, which anybody can
///   lengthen, is read with a filter by voucher.
/// - What was true at an earlier time is told by the events before it: each `Vouched` holds until its `until`, or until
///   the next event with the same voucher, account and role.
///
/// ROLES
/// A role is 1 to 32 printable ASCII characters without blanks (0x21 to 0x7e), left-aligned, the rest zero; so each has
/// one spelling, and none can hide behind what is displayed of another. It is a code with its system where there is one,
/// such as "snomed:309343006" (physician), or else a word of the voucher's, such as "practitioner". No role includes
/// another.
///
/// SIGNED REQUESTS
/// `ISigned` tells how requests are signed and sent. The domain's name is "HospitalRecordVouching", and the structs are
///
///     Vouch(address account,bytes32 role,uint40 until,~)
///     Withdraw(address account,bytes32 role,~)
///     InvalidateNonces(~)                          where ~ is: address signer,uint256 nonce,uint256 deadline
///
/// A voucher that signs a vouch and then thinks better of it calls `invalidateNonces` before it withdraws.
///
/// WHAT IS PUBLIC
/// Who vouched for which account in which role, and when, for ever. That ties an account to an institution: patients are
/// not to be vouched for.
interface IVouching is ISigned {
    /// @notice `voucher` says that `account` acts in the role until `until`. It takes the place of what it said before.
    event Vouched(address indexed voucher, address indexed account, bytes32 indexed role, uint40 until);

    /// @notice `voucher` says so no longer.
    event VouchWithdrawn(address indexed voucher, address indexed account, bytes32 indexed role);

    /// @notice Nobody vouches for nobody or for themselves.
    error InvalidAccount(address account);
    /// @notice A role is printable ASCII without blanks, left-aligned: see ROLES.
    error InvalidRole(bytes32 role);
    /// @notice A vouch ends in the future. Both in seconds since 1970.
    error EndNotInFuture(uint40 until, uint256 time);
    /// @notice The caller has not vouched for the account in this role, or has withdrawn it.
    error NotVouched(address account, bytes32 role);

    /// @notice Says that `account` acts in the role. Later or earlier than before: the last word counts.
    /// @param until It no longer holds from this second on; type(uint40).max has no end. Short ones are safer: a voucher
    /// that loses its key can take back nothing.
    function vouch(address account, bytes32 role, uint40 until) external;

    /// @notice Takes back what the caller said, whether it still held or not.
    function withdraw(address account, bytes32 role) external;

    /// @notice The second from which on it does not hold any more: it holds while the time is before it. Zero when there
    /// is none.
    function vouchedUntil(address voucher, address account, bytes32 role) external view returns (uint40);

    /// @notice The block in which this contract came into being: no event is older.
    function deployedAt() external view returns (uint256);
}
