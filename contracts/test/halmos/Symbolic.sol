// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Vm} from "forge-std/Vm.sol";
import {IHospitalRecord} from "../../src/IHospitalRecord.sol";

/// The cheats of halmos that are used here.
interface Svm {
    function enableSymbolicStorage(address account) external;
    function snapshotStorage(address account) external returns (uint256);
}

/// What the properties share. Each is a contract with one `check_`, whose arguments halmos takes as any; a twin of it
/// (`faults/symbolic.cjs`) says which planted fault is awake. Only `assert` counts: halmos passes a `require` that is violated.
abstract contract Symbolic {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    Svm internal constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

    uint40 internal constant NOW = 1_800_000_000;

    IHospitalRecord internal hospital;

    function setUp() public virtual {
        vm.coinbase(address(_fault()));
        vm.warp(NOW);
        vm.roll(20_000_000);
        hospital = IHospitalRecord(_deploy("HospitalRecord.sol:HospitalRecord", ""));
    }

    /// The bytecode that is deployed, not what the tests' faster compiler settings would make of it.
    function _deploy(string memory name, bytes memory arguments) internal returns (address account) {
        bytes memory code = bytes.concat(vm.getCode(name), arguments);
        assembly {
            account := create(0, add(code, 0x20), mload(code))
        }
        assert(account != address(0));
        // Not only what some history leaves: whatever could stand in any slot.
        svm.enableSymbolicStorage(account);
    }

    function _keyChanges(address patient) internal view returns (uint24) {
        return uint24(uint256(hospital.journalHeadOf(patient)));
    }

    function _fault() internal pure virtual returns (uint160) {
        return 0;
    }
}
