// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @title Vouching: accounts that confirm the role of another account
/// @notice On a chain an account is a number. Here any account, the *voucher*, may state that another account acts in a
/// role until some time. A hospital does so for its doctors, a medical council for its members. The voucher may
/// withdraw the statement. No contract acts on it: a vouch gives no right to anything.
///
/// TRUST
/// - `vouchedUntil(voucher, account, role)` returns the statement of `voucher`, no more. Choose the vouchers that you
///   trust, and ask for each of them. The number of vouchers means nothing, because anybody can create accounts.
/// - Only `voucher` changes its statements, by a call or by its signature. There is no owner.
/// - The vouched account does not consent and pays nothing, so anybody can lengthen the list of vouches for an account.
///   Filter the events by voucher.
/// - The events show the past: each `Vouched` holds until its `until`, or until the next event with the same voucher,
///   account and role.
///
/// ROLES
/// A role is 1 to 32 printable ASCII characters without blanks (0x21 to 0x7e), left-aligned, the rest zero. So each
/// role has one spelling, and no role can imitate another with invisible characters. Use a code with its system where
/// there is one, such as "snomed:309343006" (physician), otherwise a word that the voucher defines, such as
/// "practitioner". No role includes another.
///
/// SIGNED REQUESTS
/// `ISigned` explains how requests are signed and relayed. The domain's name is "HospitalRecordVouching", and the
/// structs are
///
///     Vouch(address account,bytes32 role,uint40 until,~)
///     Withdraw(address account,bytes32 role,~)
///     InvalidateNonces(~)                          where ~ is: address signer,uint256 nonce,uint256 deadline
///
/// A voucher that abandons a signed vouch calls `invalidateNonces` before `withdraw`. Otherwise a relay could still
/// carry out the vouch after the withdrawal.
///
/// PUBLIC DATA
/// Everybody can read, for ever, which voucher vouched for which account in which role, and when. That ties an account
/// to an institution, so do not vouch for patients.
interface IVouching is ISigned {
    /// @notice `voucher` states that `account` acts in the role until `until`. This replaces its earlier vouch for the
    /// same account and role. A reader may assume that the voucher itself acted, not that the statement is true.
    event Vouched(address indexed voucher, address indexed account, bytes32 indexed role, uint40 until);

    /// @notice `voucher` withdrew its vouch. A reader may assume that there was one, expired or not.
    event VouchWithdrawn(address indexed voucher, address indexed account, bytes32 indexed role);

    /// @notice The account is the zero address or the voucher itself. Name another account.
    error InvalidAccount(address account);
    /// @notice The role is not printable ASCII without blanks, left-aligned. See ROLES.
    error InvalidRole(bytes32 role);
    /// @notice The vouch would end at or before `time`, the time of the block. Both are in seconds since 1970. Choose a
    /// later end.
    error EndNotInFuture(uint40 until, uint256 time);
    /// @notice The caller has not vouched for the account in this role, or already withdrew. Nothing more is needed.
    error NotVouched(address account, bytes32 role);

    /// @notice States that `account` acts in the role. It replaces the caller's earlier vouch, with a later or an
    /// earlier end.
    /// @param until The vouch no longer holds from this second on; type(uint40).max: no end. Short vouches are safer,
    /// because a voucher that lost its key can withdraw none.
    function vouch(address account, bytes32 role, uint40 until) external;

    /// @notice Withdraws the caller's vouch, expired or not.
    function withdraw(address account, bytes32 role) external;

    /// @notice The second from which on the vouch no longer holds. Zero when there is none.
    function vouchedUntil(address voucher, address account, bytes32 role) external view returns (uint40);

    /// @notice The block in which this contract was deployed: no event is older.
    function deployedAt() external view returns (uint256);
}
