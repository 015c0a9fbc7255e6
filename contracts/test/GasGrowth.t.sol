// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE} from "./Base.sol";

/// A call costs the same, to the last gas, whether a patient has next to nothing or a long history.
/// forge-config: default.isolate = true
contract GasGrowthTest is Base {
    uint256 internal constant MANY = 300;
    string[] internal names = ["add", "contribute", "replace", "status", "grant", "lower", "revoke", "rotate", "log"];

    function setUp() public override {
        super.setUp();
        _add(_digest("old", 0));
        _grant(doctor, SCOPE, READ, NEVER);
        _grant(laboratory, SCOPE, READ | CONTRIBUTE, NEVER);
    }

    function test_gas_doesNotGrowWithRecordsGrantsOrEntries() public {
        uint256[] memory early = _measure();
        _live();
        uint256[] memory late = _measure();
        for (uint256 i; i < names.length; ++i) {
            assertEq(late[i], early[i], names[i]);
        }
    }

    /// The gas of one call of each kind, each on the state as it is.
    function _measure() internal returns (uint256[] memory gas) {
        bytes32 old = _keyOf(patient, _digest("old", 0));
        bytes32 id = _digest("new", 0);
        gas = new uint256[](names.length);
        gas[0] = _gas(patient, abi.encodeCall(hospital.addRecord, (patient, FOLDER, id, 0)));
        gas[1] = _gas(laboratory, abi.encodeCall(hospital.addRecord, (patient, FOLDER, id, 0)));
        gas[2] = _gas(patient, abi.encodeCall(hospital.replace, (patient, old, id, 0)));
        gas[3] = _gas(patient, abi.encodeCall(hospital.setStatus, (patient, old, ERRONEOUS)));
        gas[4] = _gas(patient, abi.encodeCall(hospital.grant, (_permission(stranger, SCOPE, READ, NEVER), 0)));
        gas[5] = _gas(patient, abi.encodeCall(hospital.grant, (_permission(laboratory, SCOPE, READ, NEVER), 0)));
        gas[6] = _gas(patient, abi.encodeCall(hospital.revoke, (_revocation(doctor, SCOPE), 0)));
        gas[7] = _gas(patient, abi.encodeCall(hospital.rotate, (FOLDER, 2, KEYRING, 0)));
        gas[8] = _gas(doctor, abi.encodeCall(hospital.logAccess, (patient, old, TREAT, 0)));
    }

    function _gas(address account, bytes memory call) internal returns (uint256 gas) {
        uint256 state = vm.snapshotState();
        vm.prank(account);
        (bool succeeded,) = address(hospital).call(call);
        gas = vm.lastCallGas().gasTotalUsed;
        assertTrue(succeeded);
        assertTrue(vm.revertToStateAndDelete(state));
    }

    function _live() internal {
        vm.startPrank(patient);
        hospital.addRecords(patient, FOLDER, _digests("record", MANY), 0);
        hospital.grantMany(_permissions(MANY), 0);
        vm.stopPrank();
        vm.prank(doctor);
        bytes32[] memory keys = _digests("record", MANY);
        for (uint256 i; i < MANY; ++i) {
            keys[i] = _keyOf(patient, keys[i]);
        }
        hospital.logAccesses(patient, _ascending(keys), TREAT, 0);
    }
}
