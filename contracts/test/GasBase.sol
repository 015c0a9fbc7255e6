// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";
import {Signing} from "./Signing.sol";

/// What the measurements share. Every number is the gas of a transaction's receipt.
abstract contract GasBase is Signing {
    /// What a patient has after a while: a profile, records, a doctor who reads, a laboratory that contributes.
    function _settle() internal {
        vm.startPrank(patient);
        hospital.setProfile(_digest("profile", 0));
        hospital.addRecords(patient, FOLDER, _digests("record", 10), 0);
        hospital.grant(_permission(doctor, SCOPE, READ, IN_A_YEAR), 0);
        hospital.grant(_permission(laboratory, SCOPE, CONTRIBUTE, IN_A_YEAR), 0);
        vm.stopPrank();
    }

    function _keys(uint256 count) internal view returns (bytes32[] memory keys) {
        keys = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            keys[i] = _key(i);
        }
        return _ascending(keys);
    }

    function _key(uint256 i) internal view returns (bytes32) {
        return _keyOf(patient, _digest("record", i));
    }

    function _receipt() internal view returns (uint256) {
        return vm.lastCallGas().gasTotalUsed;
    }

    function _snapshot(string memory name, uint256 gas) internal {
        vm.snapshotValue("HospitalRecord", name, gas);
    }
}
