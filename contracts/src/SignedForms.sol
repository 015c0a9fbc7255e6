// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord} from "./IHospitalRecord.sol";
import {Signed} from "./Signed.sol";

/// @title SignedForms
/// @notice The structs of SIGNED REQUESTS in `IHospitalRecord`, and the encoding of the three that have lists.
abstract contract SignedForms is IHospitalRecord, Signed {
    function _domainName() internal pure override returns (string memory) {
        return "HospitalRecord";
    }

    function _typeHashOf(bytes4 verb) internal pure override returns (bytes32) {
        if (verb == IHospitalRecord.setProfile.selector) return SET_PROFILE;
        if (verb == IHospitalRecord.checkpoint.selector) return CHECKPOINT;
        if (verb == IHospitalRecord.addRecord.selector) return ADD_RECORD;
        if (verb == IHospitalRecord.addRecords.selector) return ADD_RECORDS;
        if (verb == IHospitalRecord.replace.selector) return REPLACE;
        if (verb == IHospitalRecord.setStatus.selector) return SET_STATUS;
        if (verb == IHospitalRecord.attest.selector) return ATTESTATION;
        if (verb == IHospitalRecord.grant.selector) return GRANT;
        if (verb == IHospitalRecord.grantMany.selector) return GRANT_MANY;
        if (verb == IHospitalRecord.passOn.selector) return PASS_ON;
        if (verb == IHospitalRecord.rotate.selector) return ROTATE;
        if (verb == IHospitalRecord.renounce.selector) return RENOUNCE;
        if (verb == IHospitalRecord.withdraw.selector) return WITHDRAW;
        if (verb == IHospitalRecord.logAccess.selector) return LOG_ACCESS;
        if (verb == IHospitalRecord.logAccesses.selector) return LOG_ACCESSES;
        return super._typeHashOf(verb);
    }

    function _fieldsOf(bytes4 verb, bytes calldata arguments) internal pure override returns (bytes memory) {
        if (verb == IHospitalRecord.addRecords.selector) return _addRecordsFields(arguments);
        if (verb == IHospitalRecord.grantMany.selector) return _grantManyFields(arguments);
        if (verb == IHospitalRecord.logAccesses.selector) return _logAccessesFields(arguments);
        return super._fieldsOf(verb, arguments);
    }

    function _addRecordsFields(bytes calldata arguments) private pure returns (bytes memory) {
        (address patient, uint40 folder, bytes32[] memory ids, uint24 keyChanges) =
            abi.decode(arguments, (address, uint40, bytes32[], uint24));
        bytes memory canonical = abi.encode(patient, folder, ids, keyChanges);
        _requireCanonical(IHospitalRecord.addRecords.selector, arguments, canonical);
        return abi.encode(patient, folder, keccak256(abi.encodePacked(ids)), keyChanges);
    }

    function _grantManyFields(bytes calldata arguments) private pure returns (bytes memory) {
        (Permission[] memory permissions, uint24 keyChanges) = abi.decode(arguments, (Permission[], uint24));
        bytes memory canonical = abi.encode(permissions, keyChanges);
        _requireCanonical(IHospitalRecord.grantMany.selector, arguments, canonical);
        bytes32[] memory hashes = new bytes32[](permissions.length);
        for (uint256 i; i < permissions.length; ++i) {
            hashes[i] = keccak256(abi.encode(PERMISSION, permissions[i]));
        }
        return abi.encode(keccak256(abi.encodePacked(hashes)), keyChanges);
    }

    function _logAccessesFields(bytes calldata arguments) private pure returns (bytes memory) {
        (address patient, bytes32[] memory keys, Purpose purpose, bytes32 note) =
            abi.decode(arguments, (address, bytes32[], Purpose, bytes32));
        bytes memory canonical = abi.encode(patient, keys, purpose, note);
        _requireCanonical(IHospitalRecord.logAccesses.selector, arguments, canonical);
        return abi.encode(patient, keccak256(abi.encodePacked(keys)), purpose, note);
    }
}

bytes32 constant SET_PROFILE = keccak256("SetProfile(bytes32 profile,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant CHECKPOINT = keccak256("Checkpoint(bytes32 digest,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant ADD_RECORD = keccak256(
    "AddRecord(address patient,uint40 folder,bytes32 id,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant ADD_RECORDS = keccak256(
    "AddRecords(address patient,uint40 folder,bytes32[] ids,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant REPLACE = keccak256(
    "Replace(address patient,bytes32 key,bytes32 id,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant SET_STATUS =
    keccak256("SetStatus(address patient,bytes32 key,uint8 status,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant ATTESTATION =
    keccak256("Attest(address patient,bytes32 key,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant PERMISSION = keccak256(
    "Permission(bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope)"
);
bytes32 constant GRANT = keccak256(
    "Grant(bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant GRANT_MANY = keccak256(
    "GrantMany(Permission[] permissions,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)Permission(bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope)"
);
bytes32 constant PASS_ON = keccak256(
    "PassOn(address patient,bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant ROTATE = keccak256(
    "Rotate(uint40 folder,uint16 epoch,bytes32 keyring,uint24 keyChanges,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant RENOUNCE =
    keccak256("Renounce(address patient,bytes32 scope,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant WITHDRAW =
    keccak256("Withdraw(address patient,bytes32 scope,address grantee,address signer,uint256 nonce,uint256 deadline)");
bytes32 constant LOG_ACCESS = keccak256(
    "LogAccess(address patient,bytes32 key,uint8 purpose,bytes32 note,address signer,uint256 nonce,uint256 deadline)"
);
bytes32 constant LOG_ACCESSES = keccak256(
    "LogAccesses(address patient,bytes32[] keys,uint8 purpose,bytes32 note,address signer,uint256 nonce,uint256 deadline)"
);
