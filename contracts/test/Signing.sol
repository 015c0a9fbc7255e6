// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base, IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";
import {Types} from "./Types.sol";

/// Signs requests as a client does.
abstract contract Signing is Base, Types {
    uint256 internal constant DEADLINE = NOW + 1 hours;

    mapping(address account => uint256 key) internal _secrets;

    function setUp() public virtual override {
        super.setUp();
        string[4] memory names = ["patient", "doctor", "laboratory", "stranger"];
        for (uint256 i; i < 4; ++i) {
            (address account, uint256 key) = makeAddrAndKey(names[i]);
            _secrets[account] = key;
        }
    }

    function _digestOf(bytes32 structHash) internal view returns (bytes32) {
        return _digestFor(address(hospital), structHash);
    }

    function _sign(uint256 key, bytes32 structHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _digestOf(structHash));
        return abi.encodePacked(r, s, v);
    }

    function _signed(address signer, bytes memory call, uint256 nonce) internal view returns (bytes memory) {
        return _sign(_secrets[signer], _hash(signer, call, nonce, DEADLINE));
    }

    /// By anybody.
    function _relay(address signer, bytes memory call, uint256 nonce) internal {
        hospital.relay(signer, call, nonce, DEADLINE, _signed(signer, call, nonce));
    }

    function _signRevocation(
        address by,
        IHospitalRecord.Revocation memory r,
        address whose,
        uint40 grantedUpTo,
        uint24 count
    ) internal view returns (bytes memory) {
        return _sign(_secrets[by], keccak256(abi.encode(REVOKE, r, whose, grantedUpTo, count)));
    }

    function _revokeSigned(address grantee, bytes32 scope, uint40 grantedUpTo) internal {
        IHospitalRecord.Revocation memory r = _revocation(grantee, scope);
        r.barred = true;
        bytes memory signature = _signRevocation(patient, r, patient, grantedUpTo, _keyChanges());
        hospital.revokeSigned(r, patient, grantedUpTo, _keyChanges(), signature);
    }
}
