// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GrantSlot, ended} from "./GrantSlot.sol";
import {Liveness} from "./Liveness.sol";
import {SignedForms} from "./SignedForms.sol";

/// @title Ending
/// @notice How grants end, and how folder keys rotate.
abstract contract Ending is Liveness, SignedForms {
    bytes32 private constant REVOKE = keccak256(
        "Revoke(bytes32 scope,address grantee,uint16 epoch,bytes32 keyring,bool barred,address patient,uint40 grantedUpTo,uint24 keyChanges)"
    );

    /// Signed revocations that were carried out. Their signatures are public, so each works once.
    mapping(bytes32 structHash => bool) private _made;

    function revoke(Revocation calldata revocation, uint24 keyChanges) external {
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;

        chart.head = _revoke(head, chart, patient, revocation, _isFresh(head, keyChanges));
    }

    function revokeMany(Revocation[] calldata revocations, uint24 keyChanges) external {
        if (revocations.length == 0) revert Empty();
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;

        bool fresh = _isFresh(head, keyChanges);
        for (uint256 i; i < revocations.length; ++i) {
            head = _revoke(head, chart, patient, revocations[i], fresh);
        }
        chart.head = head;
    }

    function revokeSigned(
        Revocation calldata revocation,
        address patient,
        uint40 grantedUpTo,
        uint24 keyChanges,
        bytes calldata signature
    ) external {
        bytes32 structHash = keccak256(abi.encode(REVOKE, revocation, patient, grantedUpTo, keyChanges));
        _requireSigned(patient, structHash, signature);
        if (!revocation.barred) revert NotBarring();
        if (_made[structHash]) revert AlreadyMade(structHash);
        Chart storage chart = _charts[patient];
        GrantSlot held = _heldBy(chart, revocation.scope, revocation.grantee).slot;
        if (held.isGivenBy(Via.Patient) && held.grantedAt() > grantedUpTo) {
            revert OutdatedRevocation(grantedUpTo, held.grantedAt());
        }

        _made[structHash] = true;
        bytes32 head = chart.head;
        chart.head = _revoke(head, chart, patient, revocation, _isFresh(head, keyChanges));
    }

    function rotate(uint40 folder, uint16 epoch, bytes32 keyring, uint24 keyChanges) external {
        if (folder == 0) revert InvalidFolder(folder);
        if (keyring == 0) revert Empty();
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 previous = chart.head;
        _requireFresh(previous, keyChanges);

        emit KeysRotated(patient, folder, epoch, keyring, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, KeysRotated.selector, patient, folder, epoch, keyring));
        chart.head = _headAfterKeyChange(previous, link);
    }

    function withdraw(address patient, bytes32 scope, address grantee) external {
        address giver = _actor();
        Chart storage chart = _charts[patient];
        Held storage held = _heldBy(chart, scope, grantee);
        // The patient ends its own grants with `revoke`, which counts as a key change. `withdraw` does not.
        if (held.slot.giver() != giver || giver == patient) revert NoSuchGrant(scope, grantee);
        _expire(held, scope, grantee);

        bytes32 previous = chart.head;
        emit AccessWithdrawn(patient, scope, grantee, giver, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, AccessWithdrawn.selector, patient, scope, grantee, giver));
        chart.head = _headAfter(previous, link);
    }

    function renounce(address patient, bytes32 scope) external {
        address grantee = _actor();
        Chart storage chart = _charts[patient];
        _expire(_heldBy(chart, scope, grantee), scope, grantee);

        bytes32 previous = chart.head;
        emit AccessRenounced(patient, scope, grantee, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, AccessRenounced.selector, patient, scope, grantee));
        chart.head = _headAfter(previous, link);
    }

    /// An entry: changes one thing, and returns the journal's new head.
    function _revoke(bytes32 previous, Chart storage chart, address patient, Revocation calldata r, bool fresh)
        private
        returns (bytes32)
    {
        (bytes32 scope, address grantee, bool barred) = (r.scope, r.grantee, r.barred);
        Held storage held = _heldBy(chart, scope, grantee);
        if (held.slot.giver() == address(0)) revert NoSuchGrant(scope, grantee);
        // Only a grant lifts a bar. A second revocation without a bar must not.
        if (held.slot.isGivenBy(Via.Barred)) barred = true;
        bytes32 keyring = fresh ? r.keyring : bytes32(0);
        uint16 epoch = keyring == 0 ? 0 : r.epoch;

        held.slot = ended(patient, barred);

        emit AccessRevoked(patient, scope, grantee, epoch, keyring, barred, previous);
        bytes32 link = keccak256(
            abi.encode(
                previous, block.timestamp, AccessRevoked.selector, patient, scope, grantee, epoch, keyring, barred
            )
        );
        return _headAfterKeyChange(previous, link);
    }

    /// Does not delete the grant, so that a pending revocation by the patient still finds it.
    function _expire(Held storage held, bytes32 scope, address grantee) private {
        if (held.slot.isExpired()) revert NoSuchGrant(scope, grantee);
        held.slot = held.slot.expired();
    }
}
