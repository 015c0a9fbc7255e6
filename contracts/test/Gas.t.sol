// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, CONTRIBUTE} from "./Base.sol";
import {GasBase} from "./GasBase.sol";

/// Every number is the gas of a transaction's receipt: each call is a transaction of its own.
/// forge-config: default.isolate = true
contract GasTest is GasBase {
    function test_gas_deploy() public {
        (bool deployed,) = CREATE2_FACTORY.call(bytes.concat(keccak256("salt"), vm.getCode("HospitalRecord")));
        assertTrue(deployed);
        _snapshot("deploy", _receipt());
    }

    function test_gas_register() public {
        vm.prank(patient);
        hospital.setProfile(_digest("profile", 0));
        _snapshot("register", _receipt());
    }

    function test_gas_checkpoint() public {
        _settle();
        vm.startPrank(patient);
        hospital.checkpoint(_digest("checkpoint", 0));
        _snapshot("checkpoint", _receipt());
        hospital.checkpoint(_digest("checkpoint", 1));
        _snapshot("checkpointAgain", _receipt());
    }

    function test_gas_addRecord() public {
        _settle();
        vm.prank(patient);
        hospital.addRecord(patient, FOLDER, _digest("new", 0), 0);
        _snapshot("addRecord", _receipt());
    }

    function test_gas_addRecordByContributor() public {
        _settle();
        vm.prank(laboratory);
        hospital.addRecord(patient, FOLDER, _digest("new", 0), 0);
        _snapshot("addRecordByContributor", _receipt());
    }

    function test_gas_addRecordsTen() public {
        _settle();
        bytes32[] memory ids = _digests("new", 10);
        vm.prank(patient);
        hospital.addRecords(patient, FOLDER, ids, 0);
        _snapshot("addRecordsTen", _receipt() / 10);
    }

    function test_gas_grant() public {
        _settle();
        IHospitalRecord.Permission memory permission = _permission(stranger, SCOPE, READ, IN_A_YEAR);
        vm.prank(patient);
        hospital.grant(permission, 0);
        _snapshot("grant", _receipt());
    }

    function test_gas_grantTen() public {
        _settle();
        IHospitalRecord.Permission[] memory permissions = _permissions(10);
        vm.prank(patient);
        hospital.grantMany(permissions, 0);
        _snapshot("grantTen", _receipt() / 10);
    }

    function test_gas_revoke() public {
        _settle();
        IHospitalRecord.Revocation memory revocation = _revocation(doctor, SCOPE);
        vm.prank(patient);
        hospital.revoke(revocation, 0);
        _snapshot("revoke", _receipt());
    }

    function test_gas_revokeTen() public {
        _settle();
        IHospitalRecord.Permission[] memory permissions = _permissions(10);
        vm.prank(patient);
        hospital.grantMany(permissions, 0);
        IHospitalRecord.Revocation[] memory revocations = new IHospitalRecord.Revocation[](10);
        for (uint256 i; i < 10; ++i) {
            revocations[i] = _revocation(permissions[i].grantee, SCOPE);
        }
        vm.prank(patient);
        hospital.revokeMany(revocations, 0);
        _snapshot("revokeTen", _receipt() / 10);
    }

    function test_gas_rotate() public {
        _settle();
        vm.prank(patient);
        hospital.rotate(FOLDER, 2, _digest("keyring", 0), 0);
        _snapshot("rotate", _receipt());
    }

    function test_gas_replace() public {
        _settle();
        vm.prank(patient);
        hospital.replace(patient, _key(0), _digest("new", 0), 0);
        _snapshot("replace", _receipt());
    }

    function test_gas_setStatus() public {
        _settle();
        vm.prank(patient);
        hospital.setStatus(patient, _key(0), IHospitalRecord.Status.EnteredInError);
        _snapshot("setStatus", _receipt());
    }

    function test_gas_logAccess() public {
        _settle();
        bytes32 key = _key(0);
        vm.prank(doctor);
        hospital.logAccess(patient, key, IHospitalRecord.Purpose.TREAT, 0);
        _snapshot("logAccess", _receipt());
    }

    function test_gas_logAccessTen() public {
        _settle();
        bytes32[] memory keys = _keys(10);
        vm.prank(doctor);
        hospital.logAccesses(patient, keys, IHospitalRecord.Purpose.TREAT, 0);
        _snapshot("logAccessTen", _receipt() / 10);
    }

    function test_gas_renounce() public {
        _settle();
        vm.prank(doctor);
        hospital.renounce(patient, SCOPE);
        _snapshot("renounce", _receipt());
    }

    /// One profile, ten records, three grants, one revocation.
    function test_gas_patientYearOneByOne() public {
        vm.startPrank(patient);
        hospital.setProfile(_digest("profile", 0));
        uint256 gas = _receipt();
        for (uint256 i; i < 10; ++i) {
            hospital.addRecord(patient, FOLDER, _digest("record", i), 0);
            gas += _receipt();
        }
        IHospitalRecord.Permission[] memory permissions = _permissions(3);
        for (uint256 i; i < 3; ++i) {
            hospital.grant(permissions[i], 0);
            gas += _receipt();
        }
        hospital.revoke(_revocation(permissions[0].grantee, SCOPE), 0);
        _snapshot("patientYearOneByOne", gas + _receipt());
    }

    function test_gas_patientYearBatched() public {
        vm.startPrank(patient);
        hospital.setProfile(_digest("profile", 0));
        uint256 gas = _receipt();
        hospital.addRecords(patient, FOLDER, _digests("record", 10), 0);
        gas += _receipt();
        IHospitalRecord.Permission[] memory permissions = _permissions(3);
        hospital.grantMany(permissions, 0);
        gas += _receipt();
        hospital.revoke(_revocation(permissions[0].grantee, SCOPE), 0);
        _snapshot("patientYearBatched", gas + _receipt());
    }
}
