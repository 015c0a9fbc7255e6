// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, DELEGATE} from "../Base.sol";
import {RulesBase} from "./RulesBase.sol";

/// What `IHospitalRecord` says of passing on, bars, signatures and attestation.
abstract contract PeopleRules is RulesBase {
    /// What is live gives no more than the grant of the patient that it was passed on from.
    function rule6_passingOnNeverWidens() internal view {
        assertEq(handler.widened(), "");
        for (uint256 i; i < handler.givenCount(); ++i) {
            (address patient, bytes32 scope, address grantee) = handler.given(i);
            if (!handler.isLive(patient, scope, grantee)) continue;
            IHospitalRecord.Grant memory held = hospital.grantOf(patient, scope, grantee);
            (IHospitalRecord.Grant memory top, uint256 level) = _topOf(patient, scope, held);
            assertEq(top.giver, patient, "what is live hangs on no grant of the patient");
            assertLe(level, 3, "passed on too often");
            assertEq(held.rights & ~top.rights, 0, "a right more");
            assertLe(held.expiresAt, top.expiresAt, "a later end");
            assertEq(uint8(held.purpose), uint8(top.purpose), "another purpose");
        }
    }

    /// Whoever reads has a grant of the patient, or one whose givers all still have what they passed on.
    function rule7_belowADeadGiverAllIsDead() internal view {
        for (uint256 i; i < handler.addedCount(); ++i) {
            (address patient, bytes32 key) = handler.added(i);
            bytes32 folder = bytes32(uint256(hospital.recordOf(patient, key).folder));
            for (uint256 j; j < handler.peopleCount(); ++j) {
                address account = handler.people(j);
                if (account == patient || !hospital.canAccess(patient, key, account)) continue;
                bool hangs = _hangs(patient, key, account, READ) || _hangs(patient, folder, account, READ);
                assertTrue(hangs, "access below a giver that has none");
            }
        }
    }

    function rule8_noncesOnlyGrow() internal view {
        for (uint256 i; i < handler.usedCount(); ++i) {
            (address account, uint256 nonce) = handler.used(i);
            (bool used,) = hospital.nonceUsed(account, nonce);
            assertTrue(used, "a used nonce is free again");
        }
        for (uint256 i; i < handler.peopleCount(); ++i) {
            (, uint256 series) = hospital.nonceUsed(handler.people(i), 0);
            assertEq(series, handler.seriesOf(handler.people(i)), "a series is not where the account put it");
        }
    }

    function rule9_usedOrOutdatedSignaturesChangeNothing() internal view {
        assertEq(handler.misused(), "");
    }

    function rule10_aSignedRevocationLands() internal view {
        assertEq(handler.unlanded(), "");
    }

    function rule11_nobodyChangesAStrangersState() internal view {
        assertEq(handler.strange(), "");
    }

    /// Whoever is barred has a bar in the place of the grant, and no delegate gave it a record of the folder since.
    function rule12_whoIsOutStaysOut() internal view {
        assertEq(handler.readmitted(), "");
        for (uint256 i; i < handler.givenCount(); ++i) {
            (address patient, bytes32 scope, address grantee) = handler.given(i);
            uint256 since = handler.outSince(patient, scope, grantee);
            if (since == 0) continue;
            bool barred = handler.grantOf(patient, scope, grantee).via == IHospitalRecord.Via.Barred;
            IHospitalRecord.Grant memory held = hospital.grantOf(patient, scope, grantee);
            assertEq(held.giver, barred ? patient : address(0), "a revoked account has a giver");
            assertEq(uint8(held.via), uint8(barred ? IHospitalRecord.Via.Barred : IHospitalRecord.Via.Patient), "bar");
            assertEq(held.rights, 0, "a revoked account has rights");
            if (barred) _assertNothingPassedOnSince(since, patient, scope, grantee);
        }
    }

    function rule13_whoMayAttestsOnce() internal view {
        assertEq(handler.misattested(), "");
        for (uint256 i; i < handler.addedCount(); ++i) {
            (address patient, bytes32 key) = handler.added(i);
            uint8 count = hospital.recordOf(patient, key).attestations;
            assertEq(count, handler.recordOf(patient, key).attestations, "attested without an attestation, or lost it");
        }
        for (uint256 i; i < handler.attestedCount(); ++i) {
            (address patient, bytes32 key, address by) = handler.attested(i);
            assertTrue(hospital.hasAttested(patient, key, by), "who attested is forgotten");
        }
    }

    function _assertNothingPassedOnSince(uint256 since, address patient, bytes32 folder, address grantee)
        internal
        view
    {
        for (uint256 i; i < handler.addedCount(); ++i) {
            (address whose, bytes32 key) = handler.added(i);
            if (whose != patient || bytes32(uint256(hospital.recordOf(patient, key).folder)) != folder) continue;
            IHospitalRecord.Grant memory held = hospital.grantOf(patient, key, grantee);
            if (held.giver == address(0) || held.giver == patient) continue;
            assertLe(held.grantedAt, since, "a delegate went around a bar");
        }
    }

    /// The grant of the patient at the top, by the givers that the contract tells of.
    function _topOf(address patient, bytes32 scope, IHospitalRecord.Grant memory held)
        internal
        view
        returns (IHospitalRecord.Grant memory, uint256 level)
    {
        for (; held.giver != patient && level < 9; ++level) {
            if (held.via == IHospitalRecord.Via.Folder) {
                scope = bytes32(uint256(hospital.recordOf(patient, scope).folder));
            }
            held = hospital.grantOf(patient, scope, held.giver);
        }
        return (held, level);
    }

    function _hangs(address patient, bytes32 scope, address account, uint8 right) internal view returns (bool) {
        IHospitalRecord.Grant memory held = hospital.grantOf(patient, scope, account);
        for (uint256 level; level < 4; ++level) {
            if (held.rights & right != right || held.expiresAt <= vm.getBlockTimestamp()) return false;
            if (held.giver == patient) return held.via == IHospitalRecord.Via.Patient;
            if (held.via == IHospitalRecord.Via.Folder) {
                scope = bytes32(uint256(hospital.recordOf(patient, scope).folder));
            }
            IHospitalRecord.Grant memory above = hospital.grantOf(patient, scope, held.giver);
            if (!handler.covers(above, held.rights, held.purpose, held.expiresAt)) return false;
            if (above.grantedAt > held.grantedAt) return false;
            (held, right) = (above, DELEGATE);
        }
        return false;
    }
}
