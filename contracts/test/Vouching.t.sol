// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {Vm} from "forge-std/Vm.sol";
import {IVouching} from "../src/IVouching.sol";

contract VouchingTest is Test {
    IVouching internal vouching;

    address internal hospital = makeAddr("hospital");
    address internal doctor = makeAddr("doctor");
    address internal stranger = makeAddr("stranger");
    bytes32 internal constant PHYSICIAN = "snomed:309343006";
    bytes32 internal constant NURSE = "snomed:106292003";
    uint40 internal constant NOW = 1_800_000_000;
    uint40 internal constant IN_A_YEAR = NOW + 365 days;

    function setUp() public {
        vm.warp(NOW);
        vm.roll(20_000_000);
        vouching = IVouching(deployCode("Vouching"));
    }

    function test_vouch_storesAndTells() public {
        vm.expectEmit();
        emit IVouching.Vouched(hospital, doctor, PHYSICIAN, IN_A_YEAR);
        vm.prank(hospital);
        vouching.vouch(doctor, PHYSICIAN, IN_A_YEAR);
        assertEq(vouching.vouchedUntil(hospital, doctor, PHYSICIAN), IN_A_YEAR);
        assertEq(vouching.deployedAt(), 20_000_000);
    }

    function test_vouch_saysNothingElse() public {
        _vouch(hospital, doctor, PHYSICIAN, IN_A_YEAR);
        assertEq(vouching.vouchedUntil(hospital, doctor, NURSE), 0, "role");
        assertEq(vouching.vouchedUntil(hospital, stranger, PHYSICIAN), 0, "account");
        assertEq(vouching.vouchedUntil(stranger, doctor, PHYSICIAN), 0, "voucher");
        assertEq(vouching.vouchedUntil(doctor, hospital, PHYSICIAN), 0, "the reverse");
    }

    function test_vouch_theLastWordCounts() public {
        _vouch(hospital, doctor, PHYSICIAN, IN_A_YEAR);
        _vouch(hospital, doctor, PHYSICIAN, NOW + 1);
        assertEq(vouching.vouchedUntil(hospital, doctor, PHYSICIAN), NOW + 1);
        _vouch(hospital, doctor, PHYSICIAN, type(uint40).max);
        assertEq(vouching.vouchedUntil(hospital, doctor, PHYSICIAN), type(uint40).max);
    }

    function test_vouch_revertsForNobodyAndOneself() public {
        address[2] memory wrong = [address(0), hospital];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IVouching.InvalidAccount.selector, wrong[i]));
            _vouch(hospital, wrong[i], PHYSICIAN, IN_A_YEAR);
        }
    }

    function test_vouch_revertsWhenItHasEnded() public {
        vm.expectRevert(abi.encodeWithSelector(IVouching.EndNotInFuture.selector, NOW, NOW));
        _vouch(hospital, doctor, PHYSICIAN, NOW);
        _vouch(hospital, doctor, PHYSICIAN, NOW + 1);
    }

    function test_vouch_takesEveryVisibleCharacterAndNoOther() public {
        for (uint256 i; i < 256; ++i) {
            bool visible = i >= 0x21 && i <= 0x7e;
            bytes32 role = bytes32(abi.encodePacked("a", uint8(i), "b"));
            if (!visible) vm.expectRevert(abi.encodeWithSelector(IVouching.InvalidRole.selector, role));
            _vouch(hospital, doctor, role, IN_A_YEAR);
        }
        _vouch(hospital, doctor, "12345678901234567890123456789012", IN_A_YEAR);
    }

    function test_vouch_revertsWithoutARole() public {
        bytes32[3] memory wrong = [bytes32(0), bytes32("\x00a"), bytes32(uint256(0x61))];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IVouching.InvalidRole.selector, wrong[i]));
            _vouch(hospital, doctor, wrong[i], IN_A_YEAR);
        }
    }

    function test_withdraw_takesBackAndTells() public {
        _vouch(hospital, doctor, PHYSICIAN, IN_A_YEAR);
        _vouch(hospital, doctor, NURSE, IN_A_YEAR);
        vm.expectEmit();
        emit IVouching.VouchWithdrawn(hospital, doctor, PHYSICIAN);
        _withdraw(hospital, doctor, PHYSICIAN);
        assertEq(vouching.vouchedUntil(hospital, doctor, PHYSICIAN), 0);
        assertEq(vouching.vouchedUntil(hospital, doctor, NURSE), IN_A_YEAR);
        _expectNotVouched(doctor, PHYSICIAN);
        _withdraw(hospital, doctor, PHYSICIAN);
    }

    function test_withdraw_alsoWorksAfterTheEnd() public {
        _vouch(hospital, doctor, PHYSICIAN, IN_A_YEAR);
        vm.warp(IN_A_YEAR + 1);
        _withdraw(hospital, doctor, PHYSICIAN);
        assertEq(vouching.vouchedUntil(hospital, doctor, PHYSICIAN), 0);
    }

    function test_withdraw_isForTheVoucherAlone() public {
        _vouch(hospital, doctor, PHYSICIAN, IN_A_YEAR);
        address[2] memory others = [doctor, stranger];
        for (uint256 i; i < 2; ++i) {
            _expectNotVouched(doctor, PHYSICIAN);
            _withdraw(others[i], doctor, PHYSICIAN);
        }
        assertEq(vouching.vouchedUntil(hospital, doctor, PHYSICIAN), IN_A_YEAR);
    }

    /// Whatever a caller does, nothing changes but what the caller itself says.
    function testFuzz_nobodySpeaksForAnother(address caller, address account, bytes32 role, uint40 until, bool back)
        public
    {
        vm.assume(caller != hospital && caller != address(vouching));
        _vouch(hospital, doctor, PHYSICIAN, IN_A_YEAR);
        if (uint256(role) % 2 == 0) (account, role) = (doctor, PHYSICIAN);
        vm.record();
        vm.prank(caller);
        try vouching.vouch(account, role, until) {
            assertEq(vouching.vouchedUntil(caller, account, role), until);
        } catch {}
        vm.prank(caller);
        if (back) try vouching.withdraw(account, role) {} catch {}
        assertEq(vouching.vouchedUntil(hospital, doctor, PHYSICIAN), IN_A_YEAR);
        (, bytes32[] memory writes) = vm.accesses(address(vouching));
        bytes32 place = _placeOf(caller, account, role);
        for (uint256 i; i < writes.length; ++i) {
            assertEq(writes[i], place, "another's place was written");
        }
    }

    function testFuzz_vouch_isWhatWasSaid(address voucher, address account, uint256 length, uint40 until) public {
        vm.assume(account != voucher && account != address(0) && voucher != address(vouching));
        until = uint40(bound(until, NOW + 1, type(uint40).max));
        length = bound(length, 1, 32);
        bytes32 role =
            bytes32(uint256(bytes32("abcdefghijklmnopqrstuvwxyz:.-+/Z")) & type(uint256).max << 8 * (32 - length));
        vm.recordLogs();
        _vouch(voucher, account, role, until);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, 1);
        assertEq(logs[0].topics[3], role);
        assertEq(vouching.vouchedUntil(voucher, account, role), until);
    }

    /// One slot, which the test above needs to know.
    function _placeOf(address voucher, address account, bytes32 role) internal pure returns (bytes32) {
        bytes32 vouchers = keccak256(abi.encode(voucher, 1)); // behind the nonces
        return keccak256(abi.encode(role, keccak256(abi.encode(account, vouchers))));
    }

    function _vouch(address voucher, address account, bytes32 role, uint40 until) internal {
        vm.prank(voucher);
        vouching.vouch(account, role, until);
    }

    function _withdraw(address voucher, address account, bytes32 role) internal {
        vm.prank(voucher);
        vouching.withdraw(account, role);
    }

    function _expectNotVouched(address account, bytes32 role) internal {
        vm.expectRevert(abi.encodeWithSelector(IVouching.NotVouched.selector, account, role));
    }
}
