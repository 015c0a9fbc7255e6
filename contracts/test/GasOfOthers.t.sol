// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, DELEGATE, ATTEST} from "./Base.sol";
import {GasBase} from "./GasBase.sol";

/// What others do for a patient, and what is carried out by signature.
/// forge-config: default.isolate = true
contract GasOfOthersTest is GasBase {
    address[4] internal people = [makeAddr("first"), makeAddr("second"), makeAddr("third"), makeAddr("fourth")];

    function setUp() public override {
        super.setUp();
        _settle();
        _grant(people[0], SCOPE, READ | DELEGATE | ATTEST, IN_A_YEAR);
        for (uint256 i; i < 3; ++i) {
            _passOn(people[i], people[i + 1], SCOPE, READ | DELEGATE, IN_A_YEAR);
        }
    }

    /// Below the patient's grant there are at most three. Each is one more slot to read.
    function test_gas_canAccessByLevel() public {
        string[4] memory names = ["canAccessLevel0", "canAccessLevel1", "canAccessLevel2", "canAccessLevel3"];
        for (uint256 i; i < 4; ++i) {
            assertTrue(hospital.canAccess(patient, _key(0), people[i]));
            _snapshot(names[i], _receipt());
        }
    }

    function test_gas_logAccessLevel3() public {
        vm.prank(people[3]);
        hospital.logAccess(patient, _key(0), TREAT, 0);
        _snapshot("logAccessLevel3", _receipt());
    }

    function test_gas_passOn() public {
        IHospitalRecord.Permission memory permission = _permission(stranger, SCOPE, READ, IN_A_YEAR);
        vm.prank(people[0]);
        hospital.passOn(patient, permission, 0);
        _snapshot("passOn", _receipt());
    }

    function test_gas_withdraw() public {
        vm.prank(people[0]);
        hospital.withdraw(patient, SCOPE, people[1]);
        _snapshot("withdraw", _receipt());
    }

    function test_gas_attest() public {
        bytes32 key = _key(0);
        vm.prank(people[0]);
        hospital.attest(patient, key);
        _snapshot("attest", _receipt());
    }

    function test_gas_revokeAndBar() public {
        IHospitalRecord.Revocation memory revocation = _revocation(doctor, SCOPE);
        revocation.barred = true;
        vm.prank(patient);
        hospital.revoke(revocation, 0);
        _snapshot("revokeAndBar", _receipt());
    }

    function test_gas_revokeSigned() public {
        _revokeSigned(doctor, SCOPE, NOW);
        _snapshot("revokeSigned", _receipt());
    }

    function test_gas_invalidateNonces() public {
        vm.prank(patient);
        hospital.invalidateNonces();
        _snapshot("invalidateNonces", _receipt());
    }

    /// After the first of 256, which makes the word they share.
    function test_gas_signed() public {
        bytes memory call = abi.encodeCall(hospital.grant, (_permission(stranger, SCOPE, READ, IN_A_YEAR), 0));
        _relay(patient, abi.encodeCall(hospital.setProfile, (_digest("profile", 1))), 0);
        _relay(patient, call, 1);
        _snapshot("grantSigned", _receipt());
        call = abi.encodeCall(hospital.addRecord, (patient, FOLDER, _digest("new", 0), 0));
        _relay(patient, call, 2);
        _snapshot("addRecordSigned", _receipt());
    }

    /// Of each ten, what one takes.
    function test_gas_signedLists() public {
        _relay(patient, abi.encodeCall(hospital.setProfile, (_digest("profile", 1))), 0);
        _relay(patient, abi.encodeCall(hospital.addRecords, (patient, FOLDER, _digests("new", 10), 0)), 1);
        _snapshot("addRecordsTenSigned", _receipt() / 10);
        _relay(patient, abi.encodeCall(hospital.logAccesses, (patient, _keys(10), TREAT, 0)), 2);
        _snapshot("logAccessTenSigned", _receipt() / 10);
        _relay(patient, abi.encodeCall(hospital.grantMany, (_permissions(10), 0)), 3);
        _snapshot("grantTenSigned", _receipt() / 10);
    }
}
