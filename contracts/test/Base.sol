// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "../src/IHospitalRecord.sol";

/// Accounts, digests and arguments that the tests share.
abstract contract Base is Test {
    IHospitalRecord internal hospital;

    address internal patient = makeAddr("patient");
    address internal doctor = makeAddr("doctor");
    address internal laboratory = makeAddr("laboratory");
    address internal stranger = makeAddr("stranger");

    uint40 internal constant FOLDER = 0x5e1f0a7c93;
    bytes32 internal constant SCOPE = bytes32(uint256(FOLDER));
    uint40 internal constant NOW = 1_800_000_000;
    uint40 internal constant IN_A_YEAR = NOW + 365 days;
    uint40 internal constant NEVER = type(uint40).max;
    bytes32 internal constant KEYRING = keccak256("keyring");

    IHospitalRecord.Purpose internal constant TREAT = IHospitalRecord.Purpose.TREAT;
    IHospitalRecord.Status internal constant NONE = IHospitalRecord.Status.None;
    IHospitalRecord.Status internal constant CURRENT = IHospitalRecord.Status.Current;
    IHospitalRecord.Status internal constant SUPERSEDED = IHospitalRecord.Status.Superseded;
    IHospitalRecord.Status internal constant ERRONEOUS = IHospitalRecord.Status.EnteredInError;

    function setUp() public virtual {
        vm.warp(NOW);
        vm.roll(20_000_000);
        hospital = _deploy();
    }

    /// By its name, so that the tests do not wait for its optimizer. The contract takes no arguments and ignores this
    /// one; its twin with planted faults (`faults/histories.cjs`) learns from it which of them is awake.
    function _deploy() internal returns (IHospitalRecord) {
        return IHospitalRecord(deployCode("HospitalRecord", abi.encode(vm.envOr("HOSPITAL_RECORD_FAULT", uint256(0)))));
    }

    function _add(bytes32 id) internal returns (bytes32 key) {
        uint24 count = _keyChanges();
        vm.prank(patient);
        hospital.addRecord(patient, FOLDER, id, count);
        return _keyOf(patient, id);
    }

    function _addBy(address author, bytes32 id) internal returns (bytes32 key) {
        uint24 count = _keyChanges();
        vm.prank(author);
        hospital.addRecord(patient, FOLDER, id, count);
        return _keyOf(author, id);
    }

    function _grant(address grantee, bytes32 scope, uint8 rights, uint40 expiresAt) internal {
        uint24 count = _keyChanges();
        vm.prank(patient);
        hospital.grant(_permission(grantee, scope, rights, expiresAt), count);
    }

    function _passOn(address giver, address grantee, bytes32 scope, uint8 rights, uint40 expiresAt) internal {
        uint24 count = _keyChanges();
        vm.prank(giver);
        hospital.passOn(patient, _permission(grantee, scope, rights, expiresAt), count);
    }

    function _revoke(address grantee, bytes32 scope) internal {
        uint24 count = _keyChanges();
        vm.prank(patient);
        hospital.revoke(_revocation(grantee, scope), count);
    }

    function _permission(address grantee, bytes32 scope, uint8 rights, uint40 expiresAt)
        internal
        pure
        returns (IHospitalRecord.Permission memory)
    {
        return IHospitalRecord.Permission({
            grantee: grantee,
            scope: scope,
            rights: rights,
            purpose: TREAT,
            expiresAt: expiresAt,
            epoch: 1,
            envelope: _digest("envelope", uint160(grantee))
        });
    }

    /// `count` accounts that may read the folder.
    function _permissions(uint256 count) internal pure returns (IHospitalRecord.Permission[] memory permissions) {
        permissions = new IHospitalRecord.Permission[](count);
        for (uint256 i; i < count; ++i) {
            permissions[i] = _permission(vm.addr(1000 + i), SCOPE, READ, IN_A_YEAR);
        }
    }

    function _revocation(address grantee, bytes32 scope) internal pure returns (IHospitalRecord.Revocation memory) {
        return IHospitalRecord.Revocation({grantee: grantee, scope: scope, epoch: 2, keyring: KEYRING, barred: false});
    }

    function _digest(string memory what, uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encode(what, i));
    }

    function _digests(string memory what, uint256 count) internal pure returns (bytes32[] memory digests) {
        digests = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            digests[i] = _digest(what, i);
        }
    }

    /// As `logAccesses` takes them.
    function _ascending(bytes32[] memory keys) internal pure returns (bytes32[] memory) {
        for (uint256 i = 1; i < keys.length; ++i) {
            for (uint256 j = i; j > 0 && keys[j] < keys[j - 1]; --j) {
                (keys[j], keys[j - 1]) = (keys[j - 1], keys[j]);
            }
        }
        return keys;
    }

    function _keyOf(address author, bytes32 id) internal pure returns (bytes32) {
        return keccak256(abi.encode(author, id));
    }

    /// From the storage, so that it is not taken for the call that shall revert. JournalTest shows that it is there.
    function _keyChanges() internal view returns (uint24) {
        return uint24(uint256(vm.load(address(hospital), keccak256(abi.encode(patient, 0)))));
    }
}
