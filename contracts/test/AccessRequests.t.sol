// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";
import {IAccessRequests} from "../src/IAccessRequests.sol";
import {READ, CONTRIBUTE, DELEGATE, ATTEST} from "../src/IHospitalRecord.sol";

contract AccessRequestsTest is Test {
    IAccessRequests internal requests;

    address internal patient = makeAddr("patient");
    address internal doctor = makeAddr("doctor");
    bytes32 internal constant REASON = keccak256("reason");
    uint40 internal constant NOW = 1_800_000_000;
    uint40 internal constant IN_A_WEEK = NOW + 7 days;
    uint40 internal constant IN_A_YEAR = NOW + 365 days;
    uint8 internal constant ALL = READ | CONTRIBUTE | DELEGATE | ATTEST;

    function setUp() public {
        vm.warp(NOW);
        vm.roll(20_000_000);
        requests = IAccessRequests(deployCode("AccessRequests"));
    }

    function test_ask_tells() public {
        vm.expectEmit();
        emit IAccessRequests.AccessRequested(patient, doctor, READ | ATTEST, 11, IN_A_YEAR, IN_A_WEEK, REASON);
        _ask(patient, READ | ATTEST, 11, IN_A_YEAR, IN_A_WEEK, REASON);
        assertEq(requests.deployedAt(), 20_000_000);
    }

    function test_ask_revertsForNobodyAndOneself() public {
        address[2] memory wrong = [address(0), doctor];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IAccessRequests.InvalidPatient.selector, wrong[i]));
            _ask(wrong[i], READ, 0, IN_A_YEAR, IN_A_WEEK, REASON);
            vm.expectRevert(abi.encodeWithSelector(IAccessRequests.InvalidPatient.selector, wrong[i]));
            _withdraw(wrong[i], REASON);
        }
    }

    function test_ask_takesEveryRightAndNoOther() public {
        for (uint256 i; i < 256; ++i) {
            uint8 rights = uint8(i);
            if (i == 0 || i > 15) {
                vm.expectRevert(abi.encodeWithSelector(IAccessRequests.InvalidRights.selector, rights));
            }
            _ask(patient, rights, 0, IN_A_YEAR, IN_A_WEEK, REASON);
        }
    }

    function test_ask_takesEveryPurposeAndNoOther() public {
        for (uint256 i; i < 256; ++i) {
            uint8 purpose = uint8(i);
            if (i > 11) vm.expectRevert(abi.encodeWithSelector(IAccessRequests.InvalidPurpose.selector, purpose));
            _ask(patient, READ, purpose, IN_A_YEAR, IN_A_WEEK, REASON);
        }
    }

    function test_ask_revertsWhenAnEndHasPassed() public {
        _expectEnd(NOW, NOW + 1);
        _ask(patient, READ, 0, NOW, NOW + 1, REASON);
        _expectEnd(NOW + 1, NOW);
        _ask(patient, READ, 0, NOW + 1, NOW, REASON);
        _ask(patient, READ, 0, NOW + 1, NOW + 1, REASON);
        _ask(patient, READ, 0, type(uint40).max, type(uint40).max, REASON);
    }

    function test_ask_revertsWithoutAReason() public {
        vm.expectRevert(IAccessRequests.NoReason.selector);
        _ask(patient, READ, 0, IN_A_YEAR, IN_A_WEEK, 0);
        vm.expectRevert(IAccessRequests.NoReason.selector);
        _withdraw(patient, 0);
    }

    function test_withdraw_tellsOfTheCallersOwn() public {
        vm.expectEmit();
        emit IAccessRequests.AccessRequestWithdrawn(patient, doctor, REASON);
        _withdraw(patient, REASON);
    }

    /// Nothing is kept of it, and whoever calls is who asks.
    function testFuzz_ask_isOneEventAndNoState(address asker, address whom, uint8 rights, uint40 until, bytes32 reason)
        public
    {
        vm.assume(asker != whom && asker != address(requests) && whom != address(0) && reason != 0);
        rights = uint8(bound(rights, 1, ALL));
        until = uint40(bound(until, NOW + 1, type(uint40).max));
        vm.record();
        vm.recordLogs();
        vm.startPrank(asker);
        requests.ask(whom, rights, 3, until, until, reason);
        requests.withdraw(whom, reason);
        (, bytes32[] memory writes) = vm.accesses(address(requests));
        assertEq(writes.length, 0);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 2);
        for (uint256 i; i < 2; ++i) {
            assertEq(logs[i].topics[1], bytes32(uint256(uint160(whom))));
            assertEq(logs[i].topics[2], bytes32(uint256(uint160(asker))));
        }
        assertEq(logs[0].data, abi.encode(rights, 3, until, until, reason));
        assertEq(logs[1].data, abi.encode(reason));
    }

    function _ask(address whom, uint8 rights, uint8 purpose, uint40 until, uint40 answerBy, bytes32 reason) internal {
        vm.prank(doctor);
        requests.ask(whom, rights, purpose, until, answerBy, reason);
    }

    function _withdraw(address whom, bytes32 reason) internal {
        vm.prank(doctor);
        requests.withdraw(whom, reason);
    }

    function _expectEnd(uint40 until, uint40 answerBy) internal {
        vm.expectRevert(abi.encodeWithSelector(IAccessRequests.EndNotInFuture.selector, until, answerBy, NOW));
    }
}
