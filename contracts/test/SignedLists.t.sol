// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "../src/ISigned.sol";
import {IHospitalRecord, READ} from "./Base.sol";
import {Signing} from "./Signing.sol";

/// The signed forms that have lists: what is signed is what is carried out.
contract SignedListsTest is Signing {
    bytes32 internal key;
    bytes32 internal other;

    function setUp() public override {
        super.setUp();
        key = _add(_digest("record", 0));
        other = _add(_digest("record", 3));
    }

    function test_list_everyItemIsSigned() public {
        bytes32[] memory ids = _digests("study", 3);
        bytes memory signature = _signed(patient, _adding(ids), 0);
        bytes32[] memory fewer = _digests("study", 2);
        bytes32[] memory more = _digests("study", 4);
        bytes32[] memory swapped = _digests("study", 3);
        (swapped[0], swapped[1]) = (ids[1], ids[0]);
        bytes32[] memory tampered = _digests("study", 3);
        tampered[2] = _digest("another", 0);
        bytes32[][4] memory wrong = [fewer, more, swapped, tampered];
        for (uint256 i; i < 4; ++i) {
            _expectInvalid();
            hospital.relay(patient, _adding(wrong[i]), 0, DEADLINE, signature);
        }
        hospital.relay(patient, _adding(ids), 0, DEADLINE, signature);
        assertEq(hospital.recordOf(patient, _keyOf(patient, ids[2])).author, patient);
    }

    function test_list_everyFieldOfEveryPermissionIsSigned() public {
        bytes memory call = abi.encodeCall(hospital.grantMany, (_permissions(3), 0));
        bytes memory signature = _signed(patient, call, 0);
        for (uint256 i; i < 3; ++i) {
            for (uint256 field; field < 7; ++field) {
                IHospitalRecord.Permission[] memory p = _permissions(3);
                _change(p[i], field);
                _expectInvalid();
                hospital.relay(patient, abi.encodeCall(hospital.grantMany, (p, 0)), 0, DEADLINE, signature);
            }
        }
        hospital.relay(patient, call, 0, DEADLINE, signature);
        for (uint256 i; i < 3; ++i) {
            assertEq(hospital.grantOf(patient, SCOPE, vm.addr(1000 + i)).rights, READ);
        }
    }

    function test_list_ofKeysAndTheirNoteAreSigned() public {
        bytes32[] memory keys = new bytes32[](2);
        (keys[0], keys[1]) = (key, other);
        keys = _ascending(keys);
        bytes memory signature = _signed(patient, _logging(keys, "note"), 0);
        _expectInvalid();
        hospital.relay(patient, _logging(keys, "other"), 0, DEADLINE, signature);
        bytes32[] memory one = new bytes32[](1);
        one[0] = key;
        _expectInvalid();
        hospital.relay(patient, _logging(one, "note"), 0, DEADLINE, signature);
        hospital.relay(patient, _logging(keys, "note"), 0, DEADLINE, signature);
    }

    /// Each decodes to what was signed: still, one request has one call.
    function test_list_isTakenInOneEncodingAlone() public {
        bytes32[] memory ids = _digests("study", 2);
        bytes memory call = _adding(ids);
        bytes memory signature = _signed(patient, call, 0);
        bytes4 verb = IHospitalRecord.addRecords.selector;
        bytes memory head = abi.encode(patient, FOLDER);
        bytes memory list = abi.encode(2, ids[0], ids[1]);
        bytes[3] memory others = [
            bytes.concat(call, bytes32(0)), // a word behind it
            bytes.concat(verb, head, abi.encode(160, 0, 0), list), // a gap before the list
            bytes.concat(verb, head, abi.encode(224, 0), list, list) // two lists, of which the second is meant
        ];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ISigned.NotRelayable.selector, verb, others[i].length));
            hospital.relay(patient, others[i], 0, DEADLINE, signature);
        }
        hospital.relay(patient, call, 0, DEADLINE, signature);
    }

    function test_list_ofEveryVerbIsTakenInOneEncodingAlone() public {
        bytes32[] memory keys = new bytes32[](2);
        (keys[0], keys[1]) = (key, other);
        bytes[3] memory calls = [
            _adding(_digests("study", 2)),
            abi.encodeCall(hospital.grantMany, (_permissions(3), 0)),
            _logging(_ascending(keys), "note")
        ];
        for (uint256 i; i < 3; ++i) {
            bytes memory signature = _signed(patient, calls[i], i);
            bytes memory longer = bytes.concat(calls[i], bytes32(0));
            bytes memory refusal = abi.encodeWithSelector(ISigned.NotRelayable.selector, bytes4(longer), longer.length);
            vm.expectRevert(refusal);
            hospital.relay(patient, longer, i, DEADLINE, signature);
            hospital.relay(patient, calls[i], i, DEADLINE, signature);
        }
    }

    /// Items that reach behind the call would be the signer, or whatever else stands there.
    function test_list_thatReachesBehindTheCallIsRefused() public {
        bytes memory call = _adding(_digests("study", 2));
        call[4 + 4 * 32 + 31] = 0x03;
        bytes memory signature = _signed(patient, _adding(_digests("study", 3)), 0);
        vm.expectRevert();
        hospital.relay(patient, call, 0, DEADLINE, signature);
    }

    function test_list_withoutItemsIsRefusedAsInACall() public {
        bytes memory call = _adding(new bytes32[](0));
        bytes memory signature = _signed(patient, call, 0);
        vm.expectRevert(IHospitalRecord.Empty.selector);
        hospital.relay(patient, call, 0, DEADLINE, signature);
    }

    function _adding(bytes32[] memory ids) internal view returns (bytes memory) {
        return abi.encodeCall(IHospitalRecord.addRecords, (patient, FOLDER, ids, 0));
    }

    function _logging(bytes32[] memory keys, bytes32 note) internal view returns (bytes memory) {
        return abi.encodeCall(IHospitalRecord.logAccesses, (patient, keys, TREAT, note));
    }

    function _change(IHospitalRecord.Permission memory p, uint256 field) internal pure {
        if (field == 0) p.scope = bytes32(uint256(FOLDER + 1));
        if (field == 1) p.grantee = address(1);
        if (field == 2) p.rights |= 2;
        if (field == 3) p.purpose = IHospitalRecord.Purpose.BTG;
        if (field == 4) p.expiresAt += 1;
        if (field == 5) p.epoch += 1;
        if (field == 6) p.envelope = keccak256("another");
    }

    function _expectInvalid() internal {
        vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, patient));
    }
}
