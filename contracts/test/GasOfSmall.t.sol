// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {IVouching} from "../src/IVouching.sol";
import {IAccessRequests} from "../src/IAccessRequests.sol";
import {READ} from "../src/IHospitalRecord.sol";

/// The two contracts beside HospitalRecord. Every number is the gas of a transaction's receipt.
/// forge-config: default.isolate = true
contract GasOfSmallTest is Test {
    IVouching internal vouching;
    IAccessRequests internal requests;

    address internal other = makeAddr("other");
    bytes32 internal constant ROLE = "snomed:309343006";
    uint40 internal constant IN_A_YEAR = 1_800_000_000 + 365 days;

    function setUp() public {
        vm.warp(1_800_000_000);
        vouching = IVouching(deployCode("Vouching"));
        requests = IAccessRequests(deployCode("AccessRequests"));
        vouching.vouch(makeAddr("known"), ROLE, IN_A_YEAR);
    }

    function test_gas_vouching() public {
        _deploy("Vouching");
        vouching.vouch(other, ROLE, IN_A_YEAR);
        _snapshot("Vouching", "vouch");
        vouching.vouch(other, ROLE, IN_A_YEAR + 1);
        _snapshot("Vouching", "vouchAgain");
        vouching.withdraw(other, ROLE);
        _snapshot("Vouching", "withdraw");
    }

    function test_gas_accessRequests() public {
        _deploy("AccessRequests");
        requests.ask(other, READ, 0, IN_A_YEAR, IN_A_YEAR, keccak256("reason"));
        _snapshot("AccessRequests", "ask");
        requests.withdraw(other, keccak256("reason"));
        _snapshot("AccessRequests", "withdraw");
    }

    function _deploy(string memory name) internal {
        (bool deployed,) = CREATE2_FACTORY.call(bytes.concat(keccak256("salt"), vm.getCode(name)));
        assertTrue(deployed);
        _snapshot(name, "deploy");
    }

    function _snapshot(string memory group, string memory name) internal {
        vm.snapshotValue(group, name, vm.lastCallGas().gasTotalUsed);
    }
}
