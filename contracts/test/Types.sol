// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "../src/ISigned.sol";
import {IHospitalRecord} from "../src/IHospitalRecord.sol";

/// What is signed, as a client knows it: the types are written out again, from the manual.
abstract contract Types {
    string internal constant TAIL = "address signer,uint256 nonce,uint256 deadline)";
    string internal constant PERMISSION =
        "bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope";
    string internal constant COUNT = ",uint24 keyChanges,";
    bytes32 internal constant REVOKE = keccak256(
        "Revoke(bytes32 scope,address grantee,uint16 epoch,bytes32 keyring,bool barred,address patient,uint40 grantedUpTo,uint24 keyChanges)"
    );

    function _typeOf(bytes4 verb) internal pure returns (bytes32) {
        if (verb == IHospitalRecord.grantMany.selector) {
            string memory fieldsOfMany = "GrantMany(Permission[] permissions,uint24 keyChanges,";
            return keccak256(bytes(string.concat(fieldsOfMany, TAIL, "Permission(", PERMISSION, ")")));
        }
        string memory fields;
        if (verb == IHospitalRecord.setProfile.selector) fields = "SetProfile(bytes32 profile,";
        if (verb == IHospitalRecord.checkpoint.selector) fields = "Checkpoint(bytes32 digest,";
        if (verb == IHospitalRecord.addRecords.selector) {
            fields = "AddRecords(address patient,uint40 folder,bytes32[] ids,uint24 keyChanges,";
        }
        if (verb == IHospitalRecord.addRecord.selector) {
            fields = "AddRecord(address patient,uint40 folder,bytes32 id,uint24 keyChanges,";
        }
        if (verb == IHospitalRecord.replace.selector) {
            fields = "Replace(address patient,bytes32 key,bytes32 id,uint24 keyChanges,";
        }
        if (verb == IHospitalRecord.setStatus.selector) fields = "SetStatus(address patient,bytes32 key,uint8 status,";
        if (verb == IHospitalRecord.attest.selector) fields = "Attest(address patient,bytes32 key,";
        if (verb == IHospitalRecord.grant.selector) fields = string.concat("Grant(", PERMISSION, COUNT);
        if (verb == IHospitalRecord.passOn.selector) {
            fields = string.concat("PassOn(address patient,", PERMISSION, COUNT);
        }
        if (verb == IHospitalRecord.rotate.selector) {
            fields = "Rotate(uint40 folder,uint16 epoch,bytes32 keyring,uint24 keyChanges,";
        }
        if (verb == IHospitalRecord.renounce.selector) fields = "Renounce(address patient,bytes32 scope,";
        if (verb == IHospitalRecord.withdraw.selector) {
            fields = "Withdraw(address patient,bytes32 scope,address grantee,";
        }
        if (verb == IHospitalRecord.logAccess.selector) {
            fields = "LogAccess(address patient,bytes32 key,uint8 purpose,bytes32 note,";
        }
        if (verb == IHospitalRecord.logAccesses.selector) {
            fields = "LogAccesses(address patient,bytes32[] keys,uint8 purpose,bytes32 note,";
        }
        if (verb == ISigned.invalidateNonces.selector) fields = "InvalidateNonces(";
        return keccak256(bytes(string.concat(fields, TAIL)));
    }

    function _separator(uint256 chain, address verifier) internal pure returns (bytes32) {
        return _separator("HospitalRecord", chain, verifier);
    }

    function _separator(string memory name, uint256 chain, address verifier) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                chain,
                verifier
            )
        );
    }

    function _hash(address signer, bytes memory call, uint256 nonce, uint256 deadline) internal pure returns (bytes32) {
        return _hash(_typeOf(bytes4(call)), _fieldsOf(call), signer, nonce, deadline);
    }

    function _hash(bytes32 typeHash, bytes memory fields, address signer, uint256 nonce, uint256 deadline)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(typeHash, fields, abi.encode(signer, nonce, deadline)));
    }

    /// As EIP-712 encodes them: each argument is one word, and the word of a list is the hash of its items.
    function _fieldsOf(bytes memory call) internal pure returns (bytes memory) {
        (bytes4 verb, bytes memory arguments) = (bytes4(call), _argumentsOf(call));
        if (verb == IHospitalRecord.addRecords.selector) {
            (address patient, uint40 folder, bytes32[] memory ids, uint24 count) =
                abi.decode(arguments, (address, uint40, bytes32[], uint24));
            return abi.encode(patient, folder, _hashOfList(ids), count);
        }
        if (verb == IHospitalRecord.logAccesses.selector) {
            (address patient, bytes32[] memory keys, uint8 purpose, bytes32 note) =
                abi.decode(arguments, (address, bytes32[], uint8, bytes32));
            return abi.encode(patient, _hashOfList(keys), purpose, note);
        }
        if (verb == IHospitalRecord.grantMany.selector) {
            (IHospitalRecord.Permission[] memory permissions, uint24 count) =
                abi.decode(arguments, (IHospitalRecord.Permission[], uint24));
            return abi.encode(_hashOfPermissions(permissions), count);
        }
        return arguments;
    }

    function _hashOfPermissions(IHospitalRecord.Permission[] memory permissions) private pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](permissions.length);
        for (uint256 i; i < hashes.length; ++i) {
            IHospitalRecord.Permission memory p = permissions[i];
            bytes32 typeHash = keccak256(bytes(string.concat("Permission(", PERMISSION, ")")));
            hashes[i] = keccak256(
                abi.encode(typeHash, p.scope, p.grantee, p.rights, p.purpose, p.expiresAt, p.epoch, p.envelope)
            );
        }
        return _hashOfList(hashes);
    }

    function _hashOfList(bytes32[] memory words) internal pure returns (bytes32) {
        bytes memory joined;
        for (uint256 i; i < words.length; ++i) {
            joined = bytes.concat(joined, words[i]);
        }
        return keccak256(joined);
    }

    function _argumentsOf(bytes memory call) internal pure returns (bytes memory arguments) {
        arguments = new bytes(call.length - 4);
        for (uint256 i = 4; i < call.length; ++i) {
            arguments[i - 4] = call[i];
        }
    }

    function _digestFor(address verifier, bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", _separator(block.chainid, verifier), structHash));
    }
}
