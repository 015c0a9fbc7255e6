// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord} from "../Base.sol";
import {RulesBase} from "./RulesBase.sol";

/// The five rules that `IHospitalRecord` says hold for ever.
abstract contract CoreRules is RulesBase {
    /// A register, the dearest entry, writes two new slots.
    uint256 internal constant GAS_PER_ENTRY = 60_000;

    function rule1_grantsComeFromThePatientAndEnd() internal view {
        for (uint256 i; i < handler.givenCount(); ++i) {
            (address patient, bytes32 scope, address grantee) = handler.given(i);
            IHospitalRecord.Grant memory held = hospital.grantOf(patient, scope, grantee);
            IHospitalRecord.Grant memory due = handler.grantOf(patient, scope, grantee);
            assertEq(keccak256(abi.encode(held)), keccak256(abi.encode(due)), "a grant is not what was given");
        }
        for (uint256 i; i < handler.addedCount(); ++i) {
            (address patient, bytes32 key) = handler.added(i);
            for (uint256 j; j < handler.peopleCount(); ++j) {
                address account = handler.people(j);
                bool may = handler.mayRead(patient, key, account);
                assertEq(
                    hospital.canAccess(patient, key, account), may, "access without a live grant, or none with one"
                );
            }
        }
    }

    function rule2_recordsAreAddedOnceAndStay() internal view {
        for (uint256 i; i < handler.addedCount(); ++i) {
            (address patient, bytes32 key) = handler.added(i);
            IHospitalRecord.Record memory record = hospital.recordOf(patient, key);
            IHospitalRecord.Record memory due = handler.recordOf(patient, key);
            assertEq(keccak256(abi.encode(record)), keccak256(abi.encode(due)), "a record is not what its author added");
        }
        assertEq(handler.intrusion(), "");
        assertEq(handler.blocked(), "");
    }

    function rule3_eventsRebuildTheStorage() internal view {
        assertEq(handler.unreadable(), "");
        for (uint256 i; i < handler.peopleCount(); ++i) {
            address person = handler.people(i);
            assertEq(replay.journalHeadOf(person), hospital.journalHeadOf(person), "head");
            assertEq(replay.profileOf(person), hospital.profileOf(person), "profile");
            assertEq(replay.checkpointOf(person), hospital.checkpointOf(person), "checkpoint");
        }
        for (uint256 i; i < handler.addedCount(); ++i) {
            (address patient, bytes32 key) = handler.added(i);
            bytes memory rebuilt = abi.encode(replay.recordOf(patient, key));
            assertEq(rebuilt, abi.encode(hospital.recordOf(patient, key)), "record");
        }
        for (uint256 i; i < handler.givenCount(); ++i) {
            (address patient, bytes32 scope, address grantee) = handler.given(i);
            bytes memory rebuilt = abi.encode(replay.grantOf(patient, scope, grantee));
            assertEq(rebuilt, abi.encode(hospital.grantOf(patient, scope, grantee)), "grant");
        }
        for (uint256 i; i < handler.attestedCount(); ++i) {
            (address patient, bytes32 key, address by) = handler.attested(i);
            assertEq(replay.hasAttested(patient, key, by), hospital.hasAttested(patient, key, by), "who attested");
        }
    }

    function rule4_revocationAlwaysWorks() internal view {
        assertEq(handler.unrevoked(), "");
    }

    function rule5_gasDoesNotGrow() internal view {
        assertLt(handler.mostGasPerEntry(), GAS_PER_ENTRY, "an entry takes more and more gas");
    }
}
