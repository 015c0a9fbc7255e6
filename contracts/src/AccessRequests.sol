// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./IHospitalRecord.sol";
import {IAccessRequests} from "./IAccessRequests.sol";
import {Signed} from "./Signed.sol";

/// @title AccessRequests
/// @notice `IAccessRequests` is the manual. The contract only checks the form, so readers of the events need not.
contract AccessRequests is IAccessRequests, Signed {
    bytes32 private constant ASK = keccak256(
        "Ask(address patient,uint8 rights,uint8 purpose,uint40 grantUntil,uint40 answerBy,bytes32 reason,address signer,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant WITHDRAW =
        keccak256("Withdraw(address patient,bytes32 reason,address signer,uint256 nonce,uint256 deadline)");

    uint256 public immutable deployedAt = block.number;

    function ask(address patient, uint8 rights, uint8 purpose, uint40 grantUntil, uint40 answerBy, bytes32 reason)
        external
    {
        address asker = _actor();
        if (patient == address(0) || patient == asker) revert InvalidPatient(patient);
        if (rights == 0 || rights > READ | CONTRIBUTE | DELEGATE | ATTEST) revert InvalidRights(rights);
        if (purpose > uint8(type(IHospitalRecord.Purpose).max)) revert InvalidPurpose(purpose);
        if (grantUntil <= block.timestamp || answerBy <= block.timestamp) {
            revert EndNotInFuture(grantUntil, answerBy, block.timestamp);
        }
        if (reason == 0) revert NoReason();

        emit AccessRequested(patient, asker, rights, purpose, grantUntil, answerBy, reason);
    }

    function withdraw(address patient, bytes32 reason) external {
        address asker = _actor();
        if (patient == address(0) || patient == asker) revert InvalidPatient(patient);
        if (reason == 0) revert NoReason();

        emit AccessRequestWithdrawn(patient, asker, reason);
    }

    function _domainName() internal pure override returns (string memory) {
        return "HospitalRecordAccessRequests";
    }

    function _typeHashOf(bytes4 verb) internal pure override returns (bytes32) {
        if (verb == IAccessRequests.ask.selector) return ASK;
        if (verb == IAccessRequests.withdraw.selector) return WITHDRAW;
        return super._typeHashOf(verb);
    }
}
