// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Symbolic, IHospitalRecord} from "./Symbolic.sol";

/// What a signer signed is any 65 bytes here: whose signature they are, halmos leaves open.
abstract contract Relayed is Symbolic {
    address internal constant SIGNER = address(0xa11ce);

    function _relay(bytes32 profile, uint256 nonce, bytes32 r, bytes32 s, uint8 v) internal returns (bool done) {
        bytes memory call = abi.encodeCall(hospital.setProfile, (profile));
        bytes memory signature = abi.encodePacked(r, s, v);
        (done,) = address(hospital).call(abi.encodeCall(hospital.relay, (SIGNER, call, nonce, NOW, signature)));
    }
}

contract NonceIsUsedOnce is Relayed {
    function check_once(bytes32[2] memory profiles, uint256 nonce, bytes32[4] memory rs, uint8[2] memory v) external {
        (bool used,) = hospital.nonceUsed(SIGNER, nonce);
        bool first = _relay(profiles[0], nonce, rs[0], rs[1], v[0]);
        assert(!(used && first));
        if (!first) return;
        (used,) = hospital.nonceUsed(SIGNER, nonce);
        assert(used && !_relay(profiles[1], nonce, rs[2], rs[3], v[1]));
    }
}

contract InvalidatedNonceIsDead is Relayed {
    function check_series(bytes32 profile, uint256 nonce, bytes32 r, bytes32 s, uint8 v) external {
        (, uint256 series) = hospital.nonceUsed(SIGNER, nonce);
        vm.assume(nonce >> 128 == series);
        vm.prank(SIGNER);
        hospital.invalidateNonces();
        assert(!_relay(profile, nonce, r, s, v));
    }
}

contract AppendedAccountIsNotTheActor is Symbolic {
    function check_appended(address by, address account, bytes32 profile) external {
        vm.assume(by != account && by != address(hospital));
        bytes32 before = hospital.profileOf(account);
        vm.prank(by);
        (bool done,) =
            address(hospital).call(bytes.concat(abi.encodeCall(hospital.setProfile, (profile)), bytes20(account)));
        assert(hospital.profileOf(account) == before && (!done || hospital.profileOf(by) == profile));
    }
}

contract SignedRevocationNeedsNoCount is Symbolic {
    function check_count(IHospitalRecord.Revocation memory r, uint40 upTo, uint24 count, bytes32[2] memory rs, uint8 v)
        external
    {
        address patient = address(0xa11ce);
        bytes memory signature = abi.encodePacked(rs[0], rs[1], v);
        (bool done, bytes memory why) =
            address(hospital).call(abi.encodeCall(hospital.revokeSigned, (r, patient, upTo, count, signature)));
        assert(done || bytes4(why) != IHospitalRecord.StaleKeys.selector);
        if (!done) return;
        IHospitalRecord.Grant memory g = hospital.grantOf(patient, r.scope, r.grantee);
        assert(g.rights == 0 && g.via == IHospitalRecord.Via.Barred);
        (done,) = address(hospital).call(abi.encodeCall(hospital.revokeSigned, (r, patient, upTo, count, signature)));
        assert(!done);
    }
}
