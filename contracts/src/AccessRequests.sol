// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./IHospitalRecord.sol";
import {IAccessRequests} from "./IAccessRequests.sol";

/// @title AccessRequests
/// @notice `IAccessRequests` is the manual. It only checks the form, so that nobody who reads the events has to.
contract AccessRequests is IAccessRequests {
    uint256 public immutable deployedAt = block.number;

    function ask(address patient, uint8 rights, uint8 purpose, uint40 grantUntil, uint40 answerBy, bytes32 reason)
        external
    {
        if (patient == address(0) || patient == msg.sender) revert InvalidPatient(patient);
        if (rights == 0 || rights > READ | CONTRIBUTE | DELEGATE | ATTEST) revert InvalidRights(rights);
        if (purpose > uint8(type(IHospitalRecord.Purpose).max)) revert InvalidPurpose(purpose);
        if (grantUntil <= block.timestamp || answerBy <= block.timestamp) {
            revert EndNotInFuture(grantUntil, answerBy, block.timestamp);
        }
        if (reason == 0) revert NoReason();

        emit AccessRequested(patient, msg.sender, rights, purpose, grantUntil, answerBy, reason);
    }

    function withdraw(address patient, bytes32 reason) external {
        if (patient == address(0) || patient == msg.sender) revert InvalidPatient(patient);
        if (reason == 0) revert NoReason();

        emit AccessRequestWithdrawn(patient, msg.sender, reason);
    }
}
