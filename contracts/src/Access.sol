// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GrantSlot, given, ended} from "./GrantSlot.sol";
import {READ, CONTRIBUTE, DELEGATE, ATTEST} from "./IHospitalRecord.sol";
import {Journal} from "./Journal.sol";

/// @title Access
/// @notice Grants: how they are given, passed on and ended, and when one is live.
abstract contract Access is Journal {
    /// Passings-on that may lie between a grant of the patient and one that lives by it. Bounds the gas of every check.
    uint256 private constant MOST_PASSINGS = 3;

    /* GIVE */

    function grant(Permission calldata permission, uint24 keyChanges) external {
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

    function passOn(address patient, Permission calldata permission, uint24 keyChanges) external {
        address giver = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        _requireFresh(head, keyChanges);
        _requireForm(chart, patient, permission);
        if (permission.grantee == giver) revert InvalidGrantee(giver);
        Via via = _requireCovered(chart, giver, permission);
        _requireFree(chart, giver, permission.scope, permission.grantee);

        chart.head = _passOn(head, chart, patient, giver, via, permission);
    }

    /* END */

    function revoke(Revocation calldata revocation, uint24 keyChanges) external {
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;

        chart.head = _revoke(head, chart, patient, revocation, keyChanges == _keyChanges(head));
    }

    function revokeMany(Revocation[] calldata revocations, uint24 keyChanges) external {
        if (revocations.length == 0) revert Empty();
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;

        bool fresh = keyChanges == _keyChanges(head);
        for (uint256 i; i < revocations.length; ++i) {
            head = _revoke(head, chart, patient, revocations[i], fresh);
        }
        chart.head = head;
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
        GrantSlot held = chart.grants[scope][grantee];
        // What the patient gave, the patient revokes: that counts as a key change, this does not.
        if (held.giver() != giver || giver == patient || held.isExpired()) revert NoSuchGrant(scope, grantee);

        // Not deleted, as in `renounce`.
        chart.grants[scope][grantee] = held.expired();

        bytes32 previous = chart.head;
        emit AccessWithdrawn(patient, scope, grantee, giver, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, AccessWithdrawn.selector, patient, scope, grantee, giver));
        chart.head = _headAfter(previous, link);
    }

    function renounce(address patient, bytes32 scope) external {
        address grantee = _actor();
        Chart storage chart = _charts[patient];
        GrantSlot held = chart.grants[scope][grantee];
        if (held.isExpired()) revert NoSuchGrant(scope, grantee);

        // Not deleted: the patient's own revocation must find it, also when it comes a moment later.
        chart.grants[scope][grantee] = held.expired();

        bytes32 previous = chart.head;
        emit AccessRenounced(patient, scope, grantee, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, AccessRenounced.selector, patient, scope, grantee));
        chart.head = _headAfter(previous, link);
    }

    function grantOf(address patient, bytes32 scope, address grantee) external view returns (Grant memory) {
        return _charts[patient].grants[scope][grantee].unpacked();
    }

    /* ENTRIES: each changes one thing, and returns the journal's next head */

    function _grant(bytes32 previous, Chart storage chart, address patient, Permission memory p)
        private
        returns (bytes32)
    {
        _requireForm(chart, patient, p);
        (address grantee, bytes32 scope, uint8 rights, uint40 expiresAt) = (p.grantee, p.scope, p.rights, p.expiresAt);

        GrantSlot held = chart.grants[scope][grantee];
        // Also when it could be passed on, because what was passed on from it ends.
        bool lowered = !held.isExpired() && (expiresAt < held.expiresAt() || held.rights() & (~rights | DELEGATE) != 0);
        chart.grants[scope][grantee] = given(patient, Via.Patient, p);

        emit AccessGranted(patient, scope, grantee, rights, p.purpose, expiresAt, p.epoch, p.envelope, previous);
        bytes32 link = keccak256(
            abi.encode(
                previous,
                block.timestamp,
                AccessGranted.selector,
                patient,
                scope,
                grantee,
                rights,
                p.purpose,
                expiresAt,
                p.epoch,
                p.envelope
            )
        );
        return lowered ? _headAfterKeyChange(previous, link) : _headAfter(previous, link);
    }

    function _passOn(
        bytes32 previous,
        Chart storage chart,
        address patient,
        address giver,
        Via via,
        Permission memory p
    ) private returns (bytes32) {
        chart.grants[p.scope][p.grantee] = given(giver, via, p);

        emit AccessPassedOn(
            patient, p.scope, p.grantee, giver, via, p.rights, p.purpose, p.expiresAt, p.epoch, p.envelope, previous
        );
        bytes32 link = keccak256(
            abi.encode(
                previous,
                block.timestamp,
                AccessPassedOn.selector,
                patient,
                p.scope,
                p.grantee,
                giver,
                via,
                p.rights,
                p.purpose,
                p.expiresAt,
                p.epoch,
                p.envelope
            )
        );
        return _headAfter(previous, link);
    }

    function _revoke(bytes32 previous, Chart storage chart, address patient, Revocation calldata r, bool fresh)
        private
        returns (bytes32)
    {
        (address grantee, bytes32 scope, bool barred) = (r.grantee, r.scope, r.barred);
        GrantSlot held = chart.grants[scope][grantee];
        if (held.giver() == address(0)) revert NoSuchGrant(scope, grantee);
        // Only a grant lifts a bar: a revocation that comes after another must not.
        if (held.via() == Via.Barred) barred = true;

        chart.grants[scope][grantee] = ended(patient, barred);

        bytes32 keyring = fresh ? r.keyring : bytes32(0);
        uint16 epoch = keyring == 0 ? 0 : r.epoch;
        emit AccessRevoked(patient, scope, grantee, epoch, keyring, barred, previous);
        bytes32 link = keccak256(
            abi.encode(
                previous, block.timestamp, AccessRevoked.selector, patient, scope, grantee, epoch, keyring, barred
            )
        );
        return _headAfterKeyChange(previous, link);
    }

    /* LIVENESS */

    /// Whether `account` has a live grant with `right` on the scope.
    function _allows(Chart storage chart, bytes32 scope, address account, uint8 right) internal view returns (bool) {
        GrantSlot held = chart.grants[scope][account];
        return held.rights() & right != 0 && _isLive(chart, scope, held, MOST_PASSINGS);
    }

    /// Whether the grant, by at most so many passings-on, comes from one of the patient's that has not ended.
    function _isLive(Chart storage chart, bytes32 scope, GrantSlot held, uint256 passings) private view returns (bool) {
        if (held.isExpired()) return false;
        for (; held.via() != Via.Patient; --passings) {
            if (passings == 0) return false;
            if (held.via() == Via.Folder) scope = _folderOf(chart, scope);
            GrantSlot above = chart.grants[scope][held.giver()];
            if (!above.covers(held.rights(), held.purpose(), held.expiresAt())) return false;
            // What was given anew carries nothing that was passed on before.
            if (above.grantedAt() > held.grantedAt()) return false;
            held = above;
        }
        return true;
    }

    /* GUARDS */

    function _requireForm(Chart storage chart, address patient, Permission memory p) private view {
        (address grantee, bytes32 scope, uint8 rights, uint40 expiresAt) = (p.grantee, p.scope, p.rights, p.expiresAt);
        if (grantee == address(0) || grantee == patient) revert InvalidGrantee(grantee);
        if (expiresAt <= block.timestamp) revert ExpiryNotInFuture(expiresAt, block.timestamp);
        if (p.envelope == 0) revert Empty();
        if (_isFolder(scope)) {
            if (rights == 0 || rights > READ | CONTRIBUTE | DELEGATE | ATTEST) revert InvalidRights(scope, rights);
        } else {
            if (chart.records[scope].author == address(0)) revert NoSuchRecord(scope);
            if (rights | DELEGATE != READ | DELEGATE || rights == DELEGATE) revert InvalidRights(scope, rights);
        }
    }

    /// The giver's grant on the scope, or on its folder, must give enough to pass this on.
    function _requireCovered(Chart storage chart, address giver, Permission memory p) private view returns (Via) {
        (Via via, bytes32 scope) = (Via.Scope, p.scope);
        bool mayDelegate;
        while (true) {
            GrantSlot held = chart.grants[scope][giver];
            if (held.rights() & DELEGATE != 0 && _isLive(chart, scope, held, MOST_PASSINGS - 1)) {
                if (held.covers(p.rights, p.purpose, p.expiresAt)) return via;
                mayDelegate = true;
            }
            if (_isFolder(scope)) break;
            (via, scope) = (Via.Folder, _folderOf(chart, scope));
        }
        if (!mayDelegate) revert NotPermitted(giver, p.scope, DELEGATE);
        revert WiderThanOwn(giver, p.scope, p.rights, p.purpose, p.expiresAt);
    }

    /// A delegate takes the place of nothing that another gave and that still counts.
    function _requireFree(Chart storage chart, address giver, bytes32 scope, address grantee) private view {
        GrantSlot held = chart.grants[scope][grantee];
        if (held.giver() != giver && _isLive(chart, scope, held, MOST_PASSINGS)) {
            revert GrantedByAnother(scope, grantee, held.giver());
        }
        while (held.via() != Via.Barred) {
            if (_isFolder(scope)) return;
            // Else whoever was barred from a folder would be given its records one by one.
            scope = _folderOf(chart, scope);
            held = chart.grants[scope][grantee];
        }
        revert Barred(scope, grantee);
    }

    function _folderOf(Chart storage chart, bytes32 key) private view returns (bytes32) {
        return _scopeOf(chart.records[key].folder);
    }

    function _isFolder(bytes32 scope) private pure returns (bool) {
        return scope != 0 && uint256(scope) <= type(uint40).max;
    }

    function _scopeOf(uint40 folder) internal pure returns (bytes32) {
        return bytes32(uint256(folder));
    }

    /// Whose act a call is.
    function _actor() internal view returns (address) {
        return msg.sender;
    }
}
