// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {DELEGATE} from "../../src/IHospitalRecord.sol";
import {Acts, AnyAct, IHospitalRecord} from "./Acts.sol";

contract ExpiredGrantOpensNothing is Acts {
    function check_expired(address patient, bytes32 key, address account) external view {
        vm.assume(account != patient);
        bytes32 folder = bytes32(uint256(hospital.recordOf(patient, key).folder));
        vm.assume(hospital.grantOf(patient, key, account).expiresAt <= NOW);
        vm.assume(hospital.grantOf(patient, folder, account).expiresAt <= NOW);
        assert(!hospital.canAccess(patient, key, account));
    }
}

/// What hangs three below the patient, by the folder alone.
abstract contract Chain is Acts {
    address internal patient;
    bytes32 internal key;
    bytes32 internal folder;

    function _assumeChain(address account, address giver, address above, bytes32 ofRecord) internal {
        (patient, key) = (address(0xa11ce), ofRecord);
        folder = bytes32(uint256(hospital.recordOf(patient, key).folder));
        vm.assume(account != patient);
        vm.assume(hospital.grantOf(patient, key, account).rights == 0);
        IHospitalRecord.Grant memory g = hospital.grantOf(patient, folder, account);
        vm.assume(g.via == IHospitalRecord.Via.Scope && g.giver == giver);
        g = hospital.grantOf(patient, folder, giver);
        vm.assume(g.via == IHospitalRecord.Via.Scope && g.giver == above);
    }
}

contract NothingLivesBelowAnEndedGrant is Chain {
    function check_below(address account, address giver, address above, bytes32 ofRecord) external {
        _assumeChain(account, giver, above, ofRecord);
        IHospitalRecord.Grant memory g = hospital.grantOf(patient, folder, above);
        vm.assume(g.expiresAt <= NOW || g.rights & DELEGATE == 0);
        assert(!hospital.canAccess(patient, key, account));
    }
}

contract NothingLivesBelowAGrantGivenAnew is Chain {
    function check_anew(address account, address giver, address above, bytes32 ofRecord) external {
        _assumeChain(account, giver, above, ofRecord);
        IHospitalRecord.Grant memory g = hospital.grantOf(patient, folder, above);
        vm.assume(g.grantedAt > hospital.grantOf(patient, folder, giver).grantedAt);
        assert(!hospital.canAccess(patient, key, account));
    }
}

contract PassingOnNeverWidens is Acts {
    function check_widens(Act memory act) external {
        act.verb = PASS_ON;
        IHospitalRecord.Grant memory own = hospital.grantOf(act.patient, act.p.scope, act.by);
        if (!_do(act)) return;
        IHospitalRecord.Grant memory passed = hospital.grantOf(act.patient, act.p.scope, act.p.grantee);
        assert(own.rights & DELEGATE != 0 && own.expiresAt > NOW);
        assert(passed.rights & ~own.rights == 0 && passed.rights != 0);
        assert(passed.expiresAt <= own.expiresAt && passed.purpose == own.purpose && passed.giver == act.by);
    }
}

contract OthersLeaveGrantsAlone is AnyAct {
    function _stays(Of memory of_, Act memory act) internal override {
        vm.assume(act.by != of_.patient && act.by != of_.account);
        // Nor may it pass on, nor has it.
        vm.assume(hospital.grantOf(act.patient, act.p.scope, act.by).rights & DELEGATE == 0);
        IHospitalRecord.Grant memory a = hospital.grantOf(of_.patient, of_.scope, of_.account);
        vm.assume(a.giver != act.by);
        _do(act);
        IHospitalRecord.Grant memory b = hospital.grantOf(of_.patient, of_.scope, of_.account);
        assert(a.giver == b.giver && a.rights == b.rights && a.purpose == b.purpose && a.via == b.via);
        assert(a.expiresAt == b.expiresAt && a.grantedAt == b.grantedAt);
    }
}

contract NobodyElseLiftsABar is AnyAct {
    function _stays(Of memory of_, Act memory act) internal override {
        vm.assume(act.by != of_.patient);
        IHospitalRecord.Grant memory g = hospital.grantOf(of_.patient, of_.scope, of_.account);
        // As a revocation leaves it.
        vm.assume(g.via == IHospitalRecord.Via.Barred && g.giver == of_.patient && g.expiresAt == 0);
        _do(act);
        g = hospital.grantOf(of_.patient, of_.scope, of_.account);
        assert(g.via == IHospitalRecord.Via.Barred && g.giver == of_.patient);
    }
}

contract RevocationAlwaysTakesEffect is Acts {
    function check_revoke(address patient, IHospitalRecord.Revocation memory r, uint24 keyChanges) external {
        vm.assume(patient != address(hospital));
        IHospitalRecord.Grant memory g = hospital.grantOf(patient, r.scope, r.grantee);
        vm.assume(g.giver != address(0));
        uint24 count = _keyChanges(patient);
        vm.prank(patient);
        (bool done,) = address(hospital).call(abi.encodeCall(hospital.revoke, (r, keyChanges)));
        assert(done);
        bool barred = r.barred || g.via == IHospitalRecord.Via.Barred;
        g = hospital.grantOf(patient, r.scope, r.grantee);
        assert(g.expiresAt == 0 && g.rights == 0 && (g.via == IHospitalRecord.Via.Barred) == barred);
        unchecked {
            assert(_keyChanges(patient) == uint24(count + 1));
        }
    }
}

contract NobodyHoldsAGrantOfTheirOwn is AnyAct {
    function _stays(Of memory of_, Act memory act) internal override {
        vm.assume(hospital.grantOf(of_.patient, of_.scope, of_.patient).giver == address(0));
        _do(act);
        assert(hospital.grantOf(of_.patient, of_.scope, of_.patient).giver == address(0));
    }
}
