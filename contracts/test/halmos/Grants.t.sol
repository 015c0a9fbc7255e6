// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {READ} from "../../src/IHospitalRecord.sol";
import {Symbolic, IHospitalRecord} from "./Symbolic.sol";

contract ExpiredGrantOpensNothing is Symbolic {
    function check_expired(address patient, bytes32 key, address account) external view {
        vm.assume(account != patient);
        bytes32 folder = bytes32(uint256(hospital.recordOf(patient, key).folder));
        vm.assume(hospital.grantOf(patient, key, account).expiresAt <= NOW);
        vm.assume(hospital.grantOf(patient, folder, account).expiresAt <= NOW);
        assert(!hospital.canAccess(patient, key, account));
    }
}
