// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GrantSlot, given} from "./GrantSlot.sol";
import {READ, CONTRIBUTE, DELEGATE, ATTEST} from "./IHospitalRecord.sol";
import {Liveness} from "./Liveness.sol";
import {SignedForms} from "./SignedForms.sol";

/// @title Giving
/// @notice How patients grant and delegates delegate.
abstract contract Giving is Liveness, SignedForms {
    function grant(Permission memory permission, uint24 keyChanges) external {
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        _requireFresh(head, keyChanges);

        chart.head = _grant(head, chart, patient, permission);
    }

    function grantMany(Permission[] calldata permissions, uint24 keyChanges) external {
        if (permissions.length == 0) revert Empty();
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        _requireFresh(head, keyChanges);

        for (uint256 i; i < permissions.length; ++i) {
            head = _grant(head, chart, patient, permissions[i]);
        }
        chart.head = head;
    }

    function passOn(address patient, Permission memory permission, uint24 keyChanges) external {
        address giver = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        _requireFresh(head, keyChanges);
        _requireForm(chart, patient, permission);
        if (permission.grantee == giver) revert InvalidGrantee(giver);
        GrantSlot passed = given(giver, Via.Scope, permission);
        Via via = _requireCovered(chart, giver, permission.scope, passed);
        Held storage place = _requireFree(chart, giver, permission.scope, permission.grantee);

        chart.head = _passOn(head, place, patient, giver, via, permission);
    }

    /* ENTRIES: each changes one thing, and returns the journal's new head */

    function _grant(bytes32 previous, Chart storage chart, address patient, Permission memory p)
        private
        returns (bytes32)
    {
        _requireForm(chart, patient, p);
        Held storage place = _heldBy(chart, p.scope, p.grantee);
        GrantSlot held = place.slot;
        // A replaced grant with DELEGATE counts too, because all grants below it end.
        bool lowered =
            !held.isExpired() && (p.expiresAt < held.expiresAt() || held.rights() & (~p.rights | DELEGATE) != 0);

        place.slot = given(patient, Via.Patient, p);

        emit AccessGranted(patient, p.scope, p.grantee, p.rights, p.purpose, p.expiresAt, p.epoch, p.envelope, previous);
        bytes32 link = keccak256(abi.encode(previous, block.timestamp, AccessGranted.selector, patient, p));
        return lowered ? _headAfterKeyChange(previous, link) : _headAfter(previous, link);
    }

    function _passOn(bytes32 previous, Held storage place, address patient, address giver, Via via, Permission memory p)
        private
        returns (bytes32)
    {
        place.slot = given(giver, via, p);

        emit AccessPassedOn(
            patient, p.scope, p.grantee, p.rights, p.purpose, p.expiresAt, p.epoch, p.envelope, giver, via, previous
        );
        bytes32 link = keccak256(abi.encode(previous, block.timestamp, AccessPassedOn.selector, patient, p, giver, via));
        return _headAfter(previous, link);
    }

    /* GUARDS */

    function _requireForm(Chart storage chart, address patient, Permission memory p) private view {
        (address grantee, bytes32 scope, uint8 rights) = (p.grantee, p.scope, p.rights);
        if (grantee == address(0) || grantee == patient) revert InvalidGrantee(grantee);
        if (p.expiresAt <= block.timestamp) revert ExpiryNotInFuture(p.expiresAt, block.timestamp);
        if (p.envelope == 0) revert Empty();
        if (_isFolder(scope)) {
            if (rights == 0 || rights > READ | CONTRIBUTE | DELEGATE | ATTEST) revert InvalidRights(scope, rights);
        } else {
            if (chart.records[scope].author == address(0)) revert NoSuchRecord(scope);
            if (rights != READ && rights != READ | DELEGATE) revert InvalidRights(scope, rights);
        }
    }

    /// The giver's grant on the scope, or on its folder, must cover the delegated grant.
    function _requireCovered(Chart storage chart, address giver, bytes32 scope, GrantSlot passed)
        private
        view
        returns (Via via)
    {
        bytes32 asked = scope;
        via = Via.Scope;
        bool mayDelegate;
        while (true) {
            GrantSlot held = _heldBy(chart, scope, giver).slot;
            if (held.rights() & DELEGATE != 0 && _lives(chart, scope, held) > 1) {
                if (held.covers(passed)) return via;
                mayDelegate = true;
            }
            if (_isFolder(scope)) break;
            (via, scope) = (Via.Folder, _folderOf(chart, scope));
        }
        if (!mayDelegate) revert NotPermitted(giver, asked, DELEGATE);
        revert WiderThanOwn(giver, asked);
    }

    /// A delegate cannot replace a live grant by another giver, nor a bar.
    function _requireFree(Chart storage chart, address giver, bytes32 scope, address grantee)
        private
        view
        returns (Held storage place)
    {
        place = _heldBy(chart, scope, grantee);
        GrantSlot held = place.slot;
        if (held.giver() != giver && _lives(chart, scope, held) != 0) {
            revert GrantedByAnother(scope, grantee);
        }
        while (!held.isGivenBy(Via.Barred)) {
            if (_isFolder(scope)) return place;
            // Otherwise an account that is barred from a folder could get its records one by one.
            scope = _folderOf(chart, scope);
            held = _heldBy(chart, scope, grantee).slot;
        }
        revert Barred(scope, grantee);
    }
}
