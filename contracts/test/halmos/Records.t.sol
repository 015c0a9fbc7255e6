// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Acts, AnyAct, IHospitalRecord} from "./Acts.sol";

contract NobodySetsAnothersProfile is AnyAct {
    function _stays(Of memory of_, Act memory act) internal override {
        vm.assume(act.by != of_.account);
        bytes32 before = hospital.profileOf(of_.account);
        _do(act);
        assert(hospital.profileOf(of_.account) == before);
    }
}

contract RecordStaysAndItsStatusMovesForwards is AnyAct {
    function _stays(Of memory of_, Act memory act) internal override {
        IHospitalRecord.Record memory a = hospital.recordOf(of_.patient, of_.scope);
        vm.assume(a.author != address(0));
        _do(act);
        IHospitalRecord.Record memory b = hospital.recordOf(of_.patient, of_.scope);
        assert(b.author == a.author && b.addedAt == a.addedAt && b.folder == a.folder);
        assert(b.status >= a.status && b.attestations >= a.attestations);
    }
}

contract OthersLeaveTheStatusAlone is AnyAct {
    function _stays(Of memory of_, Act memory act) internal override {
        IHospitalRecord.Record memory a = hospital.recordOf(of_.patient, of_.scope);
        vm.assume(a.author != address(0) && act.by != of_.patient && act.by != a.author);
        _do(act);
        assert(hospital.recordOf(of_.patient, of_.scope).status == a.status);
    }
}

contract RecordIsAttestedOnce is Acts {
    function check_once(address patient, bytes32 key, address by) external {
        vm.assume(by != address(hospital));
        _assumeDirect(patient, key, by);
        bool before = hospital.hasAttested(patient, key, by);
        vm.prank(by);
        (bool done,) = address(hospital).call(abi.encodeCall(hospital.attest, (patient, key)));
        assert(!(before && done));
    }
}

contract PatientDoesNotAttest is Acts {
    function check_patient(address patient, bytes32 key) external {
        vm.assume(patient != address(hospital));
        bytes32 folder = bytes32(uint256(hospital.recordOf(patient, key).folder));
        // `NobodyHoldsAGrantOfTheirOwn`
        vm.assume(hospital.grantOf(patient, folder, patient).rights == 0);
        vm.prank(patient);
        (bool done,) = address(hospital).call(abi.encodeCall(hospital.attest, (patient, key)));
        assert(!done);
    }
}
