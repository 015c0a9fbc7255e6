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

    /// Of whom and of what something stays.
    struct Of {
        address patient;
        address account;
        bytes32 scope;
    }

    uint8 internal constant PASS_ON = 8;

    function _do(Act memory act) internal returns (bool done) {
        // It calls itself in `relay` alone, as whoever signed: that is the signer's act, with properties of its own.
        vm.assume(act.by != address(hospital));
        _assumeDirect(act.patient, act.p.scope, act.by);
        _assumeDirect(act.patient, bytes32(uint256(act.folder)), act.by);
        if (act.verb == PASS_ON) {
            // Above zero: a record without a folder, which any state may have and no history, would be asked for its own.
            vm.assume(act.p.scope != 0 && uint256(act.p.scope) <= type(uint40).max);
            IHospitalRecord.Grant memory g = hospital.grantOf(act.patient, act.p.scope, act.p.grantee);
            vm.assume(g.via == IHospitalRecord.Via.Patient || g.via == IHospitalRecord.Via.Barred && g.expiresAt == 0);
        }
        bytes memory call = _callOf(act);
        vm.prank(act.by);
        (done,) = address(hospital).call(call);
    }

    /// A call looks at up to four grants, each with up to three above it: thousands of paths, which halmos walks one by
    /// one. Here these grants are the patient's own, and what is passed on is a folder; `Grants.t.sol` has the chains.
    function _assumeDirect(address patient, bytes32 scope, address account) internal view {
        bytes32 folder = bytes32(uint256(hospital.recordOf(patient, scope).folder));
        vm.assume(hospital.grantOf(patient, scope, account).via == IHospitalRecord.Via.Patient);
        vm.assume(hospital.grantOf(patient, folder, account).via == IHospitalRecord.Via.Patient);
    }

    /// Every verb but `relay` and `revokeSigned`; lists have one item. `faults/symbolic.cjs` compares this with the manual.
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
        if (a.verb == 14) return abi.encodeCall(hospital.logAccess, (a.patient, p.scope, p.purpose, a.digest));
        if (a.verb == 15) return abi.encodeCall(hospital.logAccesses, (a.patient, _one(p.scope), p.purpose, a.digest));
        if (a.verb == 16) return abi.encodeCall(hospital.checkpoint, (a.digest));
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

/// Each verb is a proof of its own: one that tells them apart takes many times as long as all of these.
abstract contract AnyAct is Acts {
    function _stays(Of memory of_, Act memory act) internal virtual;

    function check_setProfile(Of memory of_, Act memory act) external {
        act.verb = 0;
        _stays(of_, act);
    }

    function check_addRecord(Of memory of_, Act memory act) external {
        act.verb = 1;
        _stays(of_, act);
    }

    function check_addRecords(Of memory of_, Act memory act) external {
        act.verb = 2;
        _stays(of_, act);
    }

    function check_replace(Of memory of_, Act memory act) external {
        act.verb = 3;
        _stays(of_, act);
    }

    function check_setStatus(Of memory of_, Act memory act) external {
        act.verb = 4;
        _stays(of_, act);
    }

    function check_attest(Of memory of_, Act memory act) external {
        act.verb = 5;
        _stays(of_, act);
    }

    function check_grant(Of memory of_, Act memory act) external {
        act.verb = 6;
        _stays(of_, act);
    }

    function check_grantMany(Of memory of_, Act memory act) external {
        act.verb = 7;
        _stays(of_, act);
    }

    function check_passOn(Of memory of_, Act memory act) external {
        act.verb = 8;
        _stays(of_, act);
    }

    function check_revoke(Of memory of_, Act memory act) external {
        act.verb = 9;
        _stays(of_, act);
    }

    function check_revokeMany(Of memory of_, Act memory act) external {
        act.verb = 10;
        _stays(of_, act);
    }

    function check_withdraw(Of memory of_, Act memory act) external {
        act.verb = 11;
        _stays(of_, act);
    }

    function check_rotate(Of memory of_, Act memory act) external {
        act.verb = 12;
        _stays(of_, act);
    }

    function check_renounce(Of memory of_, Act memory act) external {
        act.verb = 13;
        _stays(of_, act);
    }

    function check_logAccess(Of memory of_, Act memory act) external {
        act.verb = 14;
        _stays(of_, act);
    }

    function check_logAccesses(Of memory of_, Act memory act) external {
        act.verb = 15;
        _stays(of_, act);
    }

    function check_checkpoint(Of memory of_, Act memory act) external {
        act.verb = 16;
        _stays(of_, act);
    }

    function check_invalidateNonces(Of memory of_, Act memory act) external {
        act.verb = 17;
        _stays(of_, act);
    }
}

/// Must fail for each verb: else what is proven of it is proven of a call that always reverts.
contract EveryVerbCanSucceed is AnyAct {
    function _stays(Of memory, Act memory act) internal override {
        assert(!_do(act));
    }
}
