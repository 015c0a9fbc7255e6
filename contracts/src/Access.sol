// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GrantSlot, given, ended} from "./GrantSlot.sol";
import {READ, CONTRIBUTE, DELEGATE, ATTEST} from "./IHospitalRecord.sol";
import {Journal} from "./Journal.sol";
import {Signed, REVOKE} from "./Signed.sol";

/// @title Access
/// @notice Grants: how they are given, passed on and ended, and when one is live.
abstract contract Access is Journal, Signed {
    /// Passings-on that may lie between a grant of the patient and one that lives by it. Bounds the gas of every check.
    uint256 private constant MOST_PASSINGS = 3;

    /// Signed revocations that were made. Everybody knows their signatures now.
    mapping(bytes32 structHash => bool) private _made;

    /* GIVE */

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

    /* END */

    function revoke(Revocation calldata revocation, uint24 keyChanges) external {
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;

        // A count is fresh or it is not: nothing that others could move by a little.
        // slither-disable-next-line incorrect-equality
        chart.head = _revoke(head, chart, patient, revocation, keyChanges == _keyChanges(head));
    }

    function revokeMany(Revocation[] calldata revocations, uint24 keyChanges) external {
        if (revocations.length == 0) revert Empty();
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;

        // slither-disable-next-line incorrect-equality
        bool fresh = keyChanges == _keyChanges(head);
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
        bytes32 structHash = keccak256(abi.encodePacked(REVOKE, msg.data[4:4 + 8 * 32]));
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
        // A count is fresh or it is not: nothing that others could move by a little.
        // slither-disable-next-line incorrect-equality
        chart.head = _revoke(head, chart, patient, revocation, keyChanges == _keyChanges(head));
    }

    function rotate(uint40 folder, uint16 epoch, bytes32 keyring, uint24 keyChanges) external {
        if (folder == 0) revert InvalidFolder(folder);
        if (keyring == 0) revert Empty();
        address patient = _actor();
        Chart storage chart = _charts[patient];
        bytes32 previous = chart.head;
        _requireFresh(previous, keyChanges);

        emit KeysRotated(patient, folder, epoch, keyring, previous);
        bytes32 link = _link(previous, KeysRotated.selector, patient, _word(folder), _word(epoch), keyring);
        chart.head = _headAfterKeyChange(previous, link);
    }

    function withdraw(address patient, bytes32 scope, address grantee) external {
        address giver = _actor();
        Chart storage chart = _charts[patient];
        // What the patient gave, the patient revokes: that counts as a key change, this does not.
        Held storage held = _heldBy(chart, scope, grantee);
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
        bytes32 link = _link(previous, AccessRenounced.selector, patient, scope, _word(grantee));
        chart.head = _headAfter(previous, link);
    }

    function grantOf(address patient, bytes32 scope, address grantee) external view returns (Grant memory) {
        return _heldBy(_charts[patient], scope, grantee).slot.unpacked();
    }

    /* ENTRIES: each changes one thing, and returns the journal's next head */

    function _grant(bytes32 previous, Chart storage chart, address patient, Permission memory p)
        private
        returns (bytes32)
    {
        _requireForm(chart, patient, p);
        (address grantee, bytes32 scope, uint8 rights, uint40 expiresAt) = (p.grantee, p.scope, p.rights, p.expiresAt);

        Held storage place = _heldBy(chart, scope, grantee);
        GrantSlot held = place.slot;
        // Also when it could be passed on, because what was passed on from it ends.
        bool lowered = !held.isExpired() && (expiresAt < held.expiresAt() || held.rights() & (~rights | DELEGATE) != 0);
        place.slot = given(patient, Via.Patient, p);

        emit AccessGranted(patient, scope, grantee, rights, p.purpose, p.envelope, p.epoch, expiresAt, previous);
        bytes32 link = keccak256(abi.encode(previous, block.timestamp, AccessGranted.selector, patient, p));
        return lowered ? _headAfterKeyChange(previous, link) : _headAfter(previous, link);
    }

    function _passOn(bytes32 previous, Held storage place, address patient, address giver, Via via, Permission memory p)
        private
        returns (bytes32)
    {
        place.slot = given(giver, via, p);

        emit AccessPassedOn(
            patient, p.scope, p.grantee, p.rights, p.purpose, p.envelope, p.epoch, p.expiresAt, giver, via, previous
        );
        bytes32 link = keccak256(abi.encode(previous, block.timestamp, AccessPassedOn.selector, patient, p, giver, via));
        return _headAfter(previous, link);
    }

    function _revoke(bytes32 previous, Chart storage chart, address patient, Revocation calldata r, bool fresh)
        private
        returns (bytes32)
    {
        (bytes32 scope, address grantee, bool barred) = (r.scope, r.grantee, r.barred);
        Held storage held = _heldBy(chart, scope, grantee);
        if (held.slot.giver() == address(0)) revert NoSuchGrant(scope, grantee);
        // Only a grant lifts a bar: a revocation that comes after another must not.
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

    /// The patient's own revocation must still find the grant, also when it comes a moment later: so it is not deleted.
    function _expire(Held storage held, bytes32 scope, address grantee) private {
        if (held.slot.isExpired()) revert NoSuchGrant(scope, grantee);
        held.slot = held.slot.expired();
    }

    /* LIVENESS */

    /// Whether `account` has a live grant with `right` on the scope.
    function _allows(Chart storage chart, bytes32 scope, address account, uint8 right) internal view returns (bool) {
        GrantSlot held = _heldBy(chart, scope, account).slot;
        return held.rights() & right != 0 && _lives(chart, scope, held) != 0;
    }

    function _requireAllowed(Chart storage chart, bytes32 scope, address account, uint8 right) internal view {
        if (!_allows(chart, scope, account, right)) _deny(account, scope, right);
    }

    function _deny(address account, bytes32 scope, uint8 right) internal pure {
        revert NotPermitted(account, scope, right);
    }

    /// How many more times the grant could be passed on, and one: zero when it is dead.
    function _lives(Chart storage chart, bytes32 scope, GrantSlot held) private view returns (uint256 left) {
        if (held.isExpired()) return 0;
        for (left = 1 + MOST_PASSINGS; !held.isGivenBy(Via.Patient) && left != 0; --left) {
            if (held.isGivenBy(Via.Folder)) scope = _folderOf(chart, scope);
            GrantSlot above = _heldBy(chart, scope, held.giver()).slot;
            // What was given anew carries nothing that was passed on before.
            if (!above.covers(held) || above.grantedAt() > held.grantedAt()) return 0;
            held = above;
        }
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
        if (!mayDelegate) _deny(giver, asked, DELEGATE);
        revert WiderThanOwn(giver, asked);
    }

    /// A delegate takes the place of nothing that another gave and that still counts.
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
            // Else whoever was barred from a folder would be given its records one by one.
            scope = _folderOf(chart, scope);
            held = _heldBy(chart, scope, grantee).slot;
        }
        revert Barred(scope, grantee);
    }

    function _heldBy(Chart storage chart, bytes32 scope, address account) private view returns (Held storage) {
        return chart.grants[scope][account];
    }

    function _folderOf(Chart storage chart, bytes32 key) private view returns (bytes32) {
        return _word(chart.records[key].folder);
    }

    function _isFolder(bytes32 scope) private pure returns (bool) {
        return scope != 0 && uint256(scope) <= type(uint40).max;
    }
}
