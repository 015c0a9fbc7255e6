// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @title AccessRequests: requests for access to a patient's records
/// @notice An account that wants to see a patient's records asks the patient here. A request is only an event. The
/// contract keeps no state except nonces, changes no journal, and gives no right. The patient pays no gas and need not
/// answer.
///
/// ASKERS
/// - A request names rights, a purpose, the end of the wanted grant, the deadline for an answer, and the digest of a
///   reason. It names no folder, because an asker without a grant does not know the patient's folders.
/// - The reason is a block that is sealed to the patient, because it may reveal a diagnosis. It names its asker,
///   because anybody can copy its digest into another request.
/// - `withdraw` announces that the asker no longer wants an answer. Otherwise the request stays open until `answerBy`.
///
/// PATIENTS
/// - A request is open from its event until the first of these: the second `answerBy`; the second `grantUntil`; a later
///   `AccessRequestWithdrawn` by the same asker with the same reason.
/// - The answer is a grant on HospitalRecord, with rights and an end that the patient chooses, or nothing at all.
/// - Anybody can ask any patient, as often as they pay for it. So look for requests from accounts that you know or that
///   a trusted authority vouches for; the patient and the asker are indexed.
/// - The event proves that `asker` asked. It does not prove the asker's identity, nor that the reason's block exists,
///   comes from the asker and is true.
///
/// SIGNED REQUESTS
/// `ISigned` explains how requests are signed and relayed. The domain's name is "HospitalRecordAccessRequests", and the
/// structs are
///
///     Ask(address patient,uint8 rights,uint8 purpose,uint40 grantUntil,uint40 answerBy,bytes32 reason,~)
///     Withdraw(address patient,bytes32 reason,~)
///     InvalidateNonces(~)                          where ~ is: address signer,uint256 nonce,uint256 deadline
///
/// PUBLIC DATA
/// Everybody can read, for ever, which account asked which patient's account for which rights and purpose, and when. If
/// the asker's name reveals an illness, ask by other means.
interface IAccessRequests is ISigned {
    /// @notice `asker` asks `patient` for a grant. A reader may assume that the asker itself acted, and that the
    /// rights, the purpose and both times were valid. It may not assume that the reason's block exists.
    event AccessRequested(
        address indexed patient,
        address indexed asker,
        uint8 rights,
        uint8 purpose,
        uint40 grantUntil,
        uint40 answerBy,
        bytes32 reason
    );

    /// @notice `asker` withdrew its earlier requests to `patient` with this reason. A reader may not assume that there
    /// is one.
    event AccessRequestWithdrawn(address indexed patient, address indexed asker, bytes32 reason);

    /// @notice The patient is the zero address or the asker itself. Name another account.
    error InvalidPatient(address patient);
    /// @notice The rights are zero or unknown. Use the rights of `IHospitalRecord`.
    error InvalidRights(uint8 rights);
    /// @notice The purpose is unknown. Use a number of `IHospitalRecord.Purpose`.
    error InvalidPurpose(uint8 purpose);
    /// @notice `grantUntil` or `answerBy` is not after `time`, the time of the block. All are in seconds since 1970.
    /// Choose later times.
    error EndNotInFuture(uint40 grantUntil, uint40 answerBy, uint256 time);
    /// @notice The reason is zero. Name the digest of a block.
    error NoReason();

    /// @notice Asks `patient` for access.
    /// @param rights READ | CONTRIBUTE | DELEGATE | ATTEST, at least one of them.
    /// @param purpose IHospitalRecord.Purpose as a number.
    /// @param grantUntil The end of the wanted grant.
    /// @param answerBy The request is closed from this second on.
    /// @param reason SHA-256 of the block with the reason, sealed to the patient.
    function ask(address patient, uint8 rights, uint8 purpose, uint40 grantUntil, uint40 answerBy, bytes32 reason)
        external;

    /// @notice Withdraws the caller's requests to `patient` with this reason.
    function withdraw(address patient, bytes32 reason) external;

    /// @notice The block in which this contract was deployed: no event is older.
    function deployedAt() external view returns (uint256);
}
