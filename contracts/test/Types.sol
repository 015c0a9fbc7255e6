// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord} from "../src/IHospitalRecord.sol";

/// What is signed, as a client knows it: the types are written out again, from the manual.
abstract contract Types {
    string internal constant TAIL = "address signer,uint256 nonce,uint256 deadline)";
    string internal constant PERMISSION =
        "bytes32 scope,address grantee,uint8 rights,uint8 purpose,bytes32 envelope,uint16 epoch,uint40 expiresAt,uint24 keyChanges,";
    bytes32 internal constant REVOKE = keccak256(
        "Revoke(bytes32 scope,address grantee,uint16 epoch,bytes32 keyring,bool barred,address patient,uint40 grantedUpTo,uint24 keyChanges)"
    );

    function _typeOf(bytes4 verb) internal pure returns (bytes32) {
        string memory fields;
        if (verb == IHospitalRecord.setProfile.selector) fields = "SetProfile(bytes32 profile,";
        if (verb == IHospitalRecord.addRecord.selector) {
            fields = "AddRecord(address patient,uint40 folder,bytes32 id,uint24 keyChanges,";
        }
        if (verb == IHospitalRecord.replace.selector) {
            fields = "Replace(address patient,bytes32 key,bytes32 id,uint24 keyChanges,";
        }
        if (verb == IHospitalRecord.setStatus.selector) fields = "SetStatus(address patient,bytes32 key,uint8 status,";
        if (verb == IHospitalRecord.attest.selector) fields = "Attest(address patient,bytes32 key,";
        if (verb == IHospitalRecord.grant.selector) fields = string.concat("Grant(", PERMISSION);
        if (verb == IHospitalRecord.passOn.selector) fields = string.concat("PassOn(address patient,", PERMISSION);
        if (verb == IHospitalRecord.rotate.selector) {
            fields = "Rotate(uint40 folder,uint16 epoch,bytes32 keyring,uint24 keyChanges,";
        }
        if (verb == IHospitalRecord.renounce.selector) fields = "Renounce(address patient,bytes32 scope,";
        if (verb == IHospitalRecord.withdraw.selector) {
            fields = "Withdraw(address patient,bytes32 scope,address grantee,";
        }
        if (verb == IHospitalRecord.logAccess.selector) {
            fields = "LogAccess(address patient,bytes32 key,uint8 purpose,";
        }
        if (verb == IHospitalRecord.invalidateNonces.selector) fields = "InvalidateNonces(";
        return keccak256(bytes(string.concat(fields, TAIL)));
    }

    function _separator(uint256 chain, address verifier) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("HospitalRecord"),
                keccak256("1"),
                chain,
                verifier
            )
        );
    }

    function _hash(address signer, bytes memory call, uint256 nonce, uint256 deadline) internal pure returns (bytes32) {
        bytes memory arguments = new bytes(call.length - 4);
        for (uint256 i = 4; i < call.length; ++i) {
            arguments[i - 4] = call[i];
        }
        return keccak256(abi.encodePacked(_typeOf(bytes4(call)), arguments, abi.encode(signer, nonce, deadline)));
    }

    function _digestFor(address verifier, bytes32 structHash) internal view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", _separator(block.chainid, verifier), structHash));
    }
}
