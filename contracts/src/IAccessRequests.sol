// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @title AccessRequests: asking a patient for access
/// @notice Whoever wants to see a patient's records tells them so here. A request is an event and nothing else: this
/// contract keeps no state but nonces, touches nobody's journal, gives no right, and costs the patient nothing, neither
/// gas nor an answer.
///
/// FOR WHO ASKS
/// - A request names rights, a purpose, how long the grant shall last, until when an answer makes sense, and the digest
///   of a reason. It names no folder, because who has no grant does not know the patient's folders.
/// - The reason is a block like any other, sealed to the patient: nobody else may learn what is wrong with whom. It names
///   its asker, because anybody can copy its digest into a request of their own.
/// - `withdraw` tells that the answer is not wanted any more. Without it a request lasts until `answerBy`.
///
/// FOR WHO IS ASKED
/// - A request is open from its event until the second `answerBy`, or `grantUntil` if that is earlier, or until the same
///   asker's `AccessRequestWithdrawn` with the same reason after it.
/// - The answer is a grant on HospitalRecord, with rights and an end of the patient's own choice, or nothing at all.
/// - Anybody can ask anybody, as often as they pay for. So look for those by accounts that are known or vouched for; the
///   patient and the asker are indexed. That `asker` asked is certain. Who it is, whether the block with the reason is
///   there, its own and true, is not.
///
/// SIGNED REQUESTS
/// `ISigned` tells how they are signed and sent. The domain's name is "HospitalRecordAccessRequests", and the structs are
///
///     Ask(address patient,uint8 rights,uint8 purpose,uint40 grantUntil,uint40 answerBy,bytes32 reason,~)
///     Withdraw(address patient,bytes32 reason,~)
///     InvalidateNonces(~)                          where ~ is: address signer,uint256 nonce,uint256 deadline
///
/// WHAT IS PUBLIC
/// Who asked which patient's account for which rights and purpose, and when, for ever. An asker whose name tells an
/// illness does better to ask by other means.
interface IAccessRequests is ISigned {
    /// @notice `asker` asks `patient` for a grant.
    event AccessRequested(
        address indexed patient,
        address indexed asker,
        uint8 rights,
        uint8 purpose,
        uint40 grantUntil,
        uint40 answerBy,
        bytes32 reason
    );

    /// @notice `asker` withdrew what it had asked of `patient` with this reason before. There need be no such request.
    event AccessRequestWithdrawn(address indexed patient, address indexed asker, bytes32 reason);

    /// @notice Nobody asks nobody or themselves.
    error InvalidPatient(address patient);
    /// @notice The rights are none or unknown. Rights are those of `IHospitalRecord`.
    error InvalidRights(uint8 rights);
    /// @notice The purpose is unknown. Purposes are the numbers of `IHospitalRecord.Purpose`.
    error InvalidPurpose(uint8 purpose);
    /// @notice Both ends of a request are in the future. All in seconds since 1970.
    error EndNotInFuture(uint40 grantUntil, uint40 answerBy, uint256 time);
    /// @notice A reason is the digest of a block, never zero.
    error NoReason();

    /// @notice Asks `patient` for access.
    /// @param rights READ | CONTRIBUTE | DELEGATE | ATTEST, one at least.
    /// @param purpose IHospitalRecord.Purpose as its number.
    /// @param grantUntil The end that the grant shall have.
    /// @param answerBy From this second on the request is closed.
    /// @param reason SHA-256 of the block that tells the reason, sealed to the patient.
    function ask(address patient, uint8 rights, uint8 purpose, uint40 grantUntil, uint40 answerBy, bytes32 reason)
        external;

    /// @notice Withdraws what the caller asked of `patient` with this reason.
    function withdraw(address patient, bytes32 reason) external;

    /// @notice The block in which this contract came into being: no event is older.
    function deployedAt() external view returns (uint256);
}
