// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Symbolic, IHospitalRecord} from "./Symbolic.sol";

/// Any call of anybody: for properties of the kind "whatever is done, this stays".
abstract contract Acts is Symbolic {
    /// Which verb, on whose chart, and all arguments that any of them takes.
    struct Act {
        uint8 verb;
        address by;
        address patient;
        uint24 keyChanges;
        bytes32 digest;
        uint40 folder;
        IHospitalRecord.Status status;
        bool barred;
        IHospitalRecord.Permission p;
    }

    uint8 private constant PASS_ON = 8;
    uint8 private constant LOG = 14;
    uint8 private constant LOG_MANY = 15;

    function _do(Act memory act) internal returns (bool done) {
        // It calls itself in `relay` alone, as whoever signed: that is the signer's act, with properties of its own.
        vm.assume(act.by != address(hospital));
        if (act.verb == LOG || act.verb == LOG_MANY) _assumeDirect(act.patient, act.p.scope, act.by);
        if (act.verb == PASS_ON) {
            vm.assume(uint256(act.p.scope) <= type(uint40).max);
            _assumeDirect(act.patient, act.p.scope, act.by);
            _assumeDirect(act.patient, act.p.scope, act.p.grantee);
        }
        bytes memory call = _callOf(act);
        vm.prank(act.by);
        (done,) = address(hospital).call(call);
    }

    /// Reading and passing on look at up to four grants, each with up to three above it: thousands of paths, which halmos
    /// walks one by one. Here these grants are the patient's own, and what is passed on is a folder.
    function _assumeDirect(address patient, bytes32 scope, address account) private view {
        bytes32 folder = bytes32(uint256(hospital.recordOf(patient, scope).folder));
        vm.assume(hospital.grantOf(patient, scope, account).via == IHospitalRecord.Via.Patient);
        vm.assume(hospital.grantOf(patient, folder, account).via == IHospitalRecord.Via.Patient);
    }

    /// Every verb but `relay` and `revokeSigned`; lists have one item. `halmos.sh` compares this with the manual.
    function _callOf(Act memory a) private view returns (bytes memory) {
        IHospitalRecord.Permission memory p = a.p;
        if (a.verb == 0) return abi.encodeCall(hospital.setProfile, (a.digest));
        if (a.verb == 1) return abi.encodeCall(hospital.addRecord, (a.patient, a.folder, a.digest, a.keyChanges));
        if (a.verb == 2) {
            return abi.encodeCall(hospital.addRecords, (a.patient, a.folder, _one(a.digest), a.keyChanges));
        }
        if (a.verb == 3) return abi.encodeCall(hospital.replace, (a.patient, p.scope, a.digest, a.keyChanges));
        if (a.verb == 4) return abi.encodeCall(hospital.setStatus, (a.patient, p.scope, a.status));
        if (a.verb == 5) return abi.encodeCall(hospital.attest, (a.patient, p.scope));
        if (a.verb == 6) return abi.encodeCall(hospital.grant, (p, a.keyChanges));
        if (a.verb == 7) {
            IHospitalRecord.Permission[] memory permissions = new IHospitalRecord.Permission[](1);
            permissions[0] = p;
            return abi.encodeCall(hospital.grantMany, (permissions, a.keyChanges));
        }
        if (a.verb == 8) return abi.encodeCall(hospital.passOn, (a.patient, p, a.keyChanges));
        if (a.verb == 9) return abi.encodeCall(hospital.revoke, (_revocation(a), a.keyChanges));
        if (a.verb == 10) {
            IHospitalRecord.Revocation[] memory revocations = new IHospitalRecord.Revocation[](1);
            revocations[0] = _revocation(a);
            return abi.encodeCall(hospital.revokeMany, (revocations, a.keyChanges));
        }
        if (a.verb == 11) return abi.encodeCall(hospital.withdraw, (a.patient, p.scope, p.grantee));
        if (a.verb == 12) return abi.encodeCall(hospital.rotate, (a.folder, p.epoch, a.digest, a.keyChanges));
        if (a.verb == 13) return abi.encodeCall(hospital.renounce, (a.patient, p.scope));
        if (a.verb == 14) return abi.encodeCall(hospital.logAccess, (a.patient, p.scope, p.purpose));
        if (a.verb == 15) return abi.encodeCall(hospital.logAccesses, (a.patient, _one(p.scope), p.purpose));
        return abi.encodeCall(hospital.invalidateNonces, ());
    }

    function _revocation(Act memory a) private pure returns (IHospitalRecord.Revocation memory) {
        return IHospitalRecord.Revocation({
            grantee: a.p.grantee, scope: a.p.scope, epoch: a.p.epoch, keyring: a.digest, barred: a.barred
        });
    }

    function _one(bytes32 word) private pure returns (bytes32[] memory words) {
        words = new bytes32[](1);
        words[0] = word;
    }
}
