// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, CONTRIBUTE} from "./IHospitalRecord.sol";

/// @title HospitalRecord
/// @notice `IHospitalRecord` is the manual. Every call here is: guards, effect, journal entry.
contract HospitalRecord is IHospitalRecord {
    /// All that is kept of one patient.
    struct Chart {
        bytes32 head;
        bytes32 profile;
        mapping(bytes32 key => Record) records;
        mapping(bytes32 scope => mapping(address grantee => Grant)) grants;
    }

    uint256 public immutable deployedAt = block.number;

    mapping(address patient => Chart) private _charts;

    /* PROFILE */

    function setProfile(bytes32 profile) external {
        if (profile == 0) revert Empty();

        Chart storage chart = _charts[msg.sender];
        chart.profile = profile;

        bytes32 previous = chart.head;
        emit ProfileSet(msg.sender, profile, previous);
        chart.head = _headAfter(
            previous, keccak256(abi.encode(previous, block.timestamp, ProfileSet.selector, msg.sender, profile))
        );
    }

    /* RECORDS */

    function addRecord(address patient, uint40 folder, bytes32 id, uint24 keyChanges) external {
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        _requireContributor(chart, patient, folder);
        _requireFresh(head, keyChanges);

        chart.head = _add(head, chart, patient, folder, id);
    }

    function addRecords(address patient, uint40 folder, bytes32[] calldata ids, uint24 keyChanges) external {
        if (ids.length == 0) revert Empty();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        _requireContributor(chart, patient, folder);
        _requireFresh(head, keyChanges);

        for (uint256 i; i < ids.length; ++i) {
            head = _add(head, chart, patient, folder, ids[i]);
        }
        chart.head = head;
    }

    function replace(address patient, bytes32 key, bytes32 id, uint24 keyChanges) external {
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        uint40 folder = _requireMayChange(chart, patient, key);
        _requireFresh(head, keyChanges);

        head = _add(head, chart, patient, folder, id);
        chart.head = _move(head, chart, patient, key, Status.Superseded, _keyOf(msg.sender, id));
    }

    function setStatus(address patient, bytes32 key, Status status) external {
        Chart storage chart = _charts[patient];
        _requireMayChange(chart, patient, key);

        chart.head = _move(chart.head, chart, patient, key, status, 0);
    }

    /* ACCESS */

    function grant(Permission calldata permission) external {
        Chart storage chart = _charts[msg.sender];
        chart.head = _grant(chart.head, chart, permission);
    }

    function grantMany(Permission[] calldata permissions) external {
        if (permissions.length == 0) revert Empty();

        Chart storage chart = _charts[msg.sender];
        bytes32 head = chart.head;
        for (uint256 i; i < permissions.length; ++i) {
            head = _grant(head, chart, permissions[i]);
        }
        chart.head = head;
    }

    function revoke(Revocation calldata revocation, uint24 keyChanges) external {
        Chart storage chart = _charts[msg.sender];
        bytes32 head = chart.head;
        chart.head = _revoke(head, chart, revocation, keyChanges == _keyChanges(head));
    }

    function revokeMany(Revocation[] calldata revocations, uint24 keyChanges) external {
        if (revocations.length == 0) revert Empty();

        Chart storage chart = _charts[msg.sender];
        bytes32 head = chart.head;
        bool fresh = keyChanges == _keyChanges(head);
        for (uint256 i; i < revocations.length; ++i) {
            head = _revoke(head, chart, revocations[i], fresh);
        }
        chart.head = head;
    }

    function rotate(uint40 folder, uint16 epoch, bytes32 keyring, uint24 keyChanges) external {
        if (folder == 0) revert InvalidFolder(folder);
        if (keyring == 0) revert Empty();
        Chart storage chart = _charts[msg.sender];
        bytes32 previous = chart.head;
        _requireFresh(previous, keyChanges);

        emit KeysRotated(msg.sender, folder, epoch, keyring, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, KeysRotated.selector, msg.sender, folder, epoch, keyring));
        chart.head = _headAfterKeyChange(previous, link);
    }

    function renounce(address patient, bytes32 scope) external {
        Chart storage chart = _charts[patient];
        Grant storage held = chart.grants[scope][msg.sender];
        if (!_isLive(held)) revert NoSuchGrant(scope, msg.sender);

        // Not deleted: the patient's own revocation must find it, also when it comes a moment later.
        held.expiresAt = uint40(block.timestamp);

        bytes32 previous = chart.head;
        emit AccessRenounced(patient, scope, msg.sender, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, AccessRenounced.selector, patient, scope, msg.sender));
        chart.head = _headAfter(previous, link);
    }

    function logAccess(address patient, bytes32[] calldata keys, Purpose purpose) external {
        if (keys.length == 0) revert Empty();

        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        for (uint256 i; i < keys.length; ++i) {
            head = _log(head, patient, keys[i], purpose);
        }
        chart.head = head;
    }

    /* VIEWS */

    function canAccess(address patient, bytes32 key, address account) public view returns (bool) {
        Chart storage chart = _charts[patient];
        Record storage record = chart.records[key];
        if (record.author == address(0)) return false;
        return account == patient || _allows(chart, _scopeOf(record.folder), account, READ)
            || _allows(chart, key, account, READ);
    }

    function grantOf(address patient, bytes32 scope, address grantee) external view returns (Grant memory) {
        return _charts[patient].grants[scope][grantee];
    }

    function recordOf(address patient, bytes32 key) external view returns (Record memory) {
        return _charts[patient].records[key];
    }

    function profileOf(address account) external view returns (bytes32) {
        return _charts[account].profile;
    }

    function journalHeadOf(address patient) external view returns (bytes32) {
        return _charts[patient].head;
    }

    /* ENTRIES: each checks and changes one thing, and returns the journal's next head */

    function _add(bytes32 previous, Chart storage chart, address patient, uint40 folder, bytes32 id)
        private
        returns (bytes32)
    {
        bytes32 key = _keyOf(msg.sender, id);
        Record storage record = chart.records[key];
        if (id == 0) revert Empty();
        if (record.author != address(0)) revert RecordExists(key);

        record.author = msg.sender;
        record.addedAt = uint40(block.timestamp);
        record.folder = folder;
        record.status = Status.Current;

        emit RecordAdded(patient, folder, msg.sender, id, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, RecordAdded.selector, patient, folder, msg.sender, id));
        return _headAfter(previous, link);
    }

    function _move(
        bytes32 previous,
        Chart storage chart,
        address patient,
        bytes32 key,
        Status status,
        bytes32 replacement
    ) private returns (bytes32) {
        Record storage record = chart.records[key];
        if (status <= record.status) revert StatusNotAllowed(key, record.status, status);

        record.status = status;

        emit RecordStatusChanged(patient, key, msg.sender, status, replacement, previous);
        bytes32 link = keccak256(
            abi.encode(
                previous, block.timestamp, RecordStatusChanged.selector, patient, key, msg.sender, status, replacement
            )
        );
        return _headAfter(previous, link);
    }

    function _grant(bytes32 previous, Chart storage chart, Permission calldata p) private returns (bytes32) {
        (address grantee, bytes32 scope, uint8 rights, uint40 expiresAt) = (p.grantee, p.scope, p.rights, p.expiresAt);
        if (grantee == address(0) || grantee == msg.sender) revert InvalidGrantee(grantee);
        if (expiresAt <= block.timestamp) revert ExpiryNotInFuture(expiresAt, block.timestamp);
        if (p.envelope == 0) revert Empty();
        _requireScope(chart, scope, rights);

        Grant storage held = chart.grants[scope][grantee];
        bool lowered = _isLive(held) && (expiresAt < held.expiresAt || held.rights & ~rights != 0);
        held.giver = msg.sender;
        held.expiresAt = expiresAt;
        held.grantedAt = uint32(block.timestamp);
        held.rights = rights;
        held.purpose = p.purpose;

        emit AccessGranted(msg.sender, scope, grantee, rights, p.purpose, expiresAt, p.epoch, p.envelope, previous);
        bytes32 link = keccak256(
            abi.encode(
                previous,
                block.timestamp,
                AccessGranted.selector,
                msg.sender,
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

    function _revoke(bytes32 previous, Chart storage chart, Revocation calldata r, bool fresh)
        private
        returns (bytes32)
    {
        (address grantee, bytes32 scope) = (r.grantee, r.scope);
        mapping(address grantee => Grant) storage grants = chart.grants[scope];
        if (grants[grantee].giver == address(0)) revert NoSuchGrant(scope, grantee);

        delete grants[grantee];

        bytes32 keyring = fresh ? r.keyring : bytes32(0);
        uint16 epoch = keyring == 0 ? 0 : r.epoch;
        emit AccessRevoked(msg.sender, scope, grantee, epoch, keyring, previous);
        bytes32 link = keccak256(
            abi.encode(previous, block.timestamp, AccessRevoked.selector, msg.sender, scope, grantee, epoch, keyring)
        );
        return _headAfterKeyChange(previous, link);
    }

    function _log(bytes32 previous, address patient, bytes32 key, Purpose purpose) private returns (bytes32) {
        if (!canAccess(patient, key, msg.sender)) revert NotPermitted(msg.sender, key, READ);

        emit RecordAccessed(patient, key, msg.sender, purpose, previous);
        bytes32 link = keccak256(
            abi.encode(previous, block.timestamp, RecordAccessed.selector, patient, key, msg.sender, purpose)
        );
        return _headAfter(previous, link);
    }

    /* HEADS: bytes24 link | uint40 block number | uint24 key changes */

    function _headAfter(bytes32 previous, bytes32 link) private view returns (bytes32) {
        return bytes32(bytes24(link)) | bytes32(block.number << 24) | bytes32(uint256(_keyChanges(previous)));
    }

    function _headAfterKeyChange(bytes32 previous, bytes32 link) private view returns (bytes32) {
        unchecked {
            return bytes32(bytes24(link)) | bytes32(block.number << 24) | bytes32(uint256(_keyChanges(previous) + 1));
        }
    }

    function _keyChanges(bytes32 head) private pure returns (uint24) {
        return uint24(uint256(head));
    }

    /* GUARDS */

    function _requireFresh(bytes32 head, uint24 keyChanges) private pure {
        if (keyChanges != _keyChanges(head)) revert StaleKeys(keyChanges, _keyChanges(head));
    }

    function _requireContributor(Chart storage chart, address patient, uint40 folder) private view {
        if (folder == 0) revert InvalidFolder(folder);
        bytes32 scope = _scopeOf(folder);
        if (msg.sender != patient && !_allows(chart, scope, msg.sender, CONTRIBUTE)) {
            revert NotPermitted(msg.sender, scope, CONTRIBUTE);
        }
    }

    function _requireMayChange(Chart storage chart, address patient, bytes32 key) private view returns (uint40) {
        Record storage record = chart.records[key];
        (address author, uint40 folder) = (record.author, record.folder);
        if (author == address(0)) revert NoSuchRecord(key);
        if (msg.sender != patient && msg.sender != author) revert NotPermitted(msg.sender, key, CONTRIBUTE);
        _requireContributor(chart, patient, folder);
        return folder;
    }

    function _requireScope(Chart storage chart, bytes32 scope, uint8 rights) private view {
        if (_isFolder(scope)) {
            if (rights == 0 || rights > READ | CONTRIBUTE) revert InvalidRights(scope, rights);
        } else {
            if (chart.records[scope].author == address(0)) revert NoSuchRecord(scope);
            if (rights != READ) revert InvalidRights(scope, rights);
        }
    }

    function _allows(Chart storage chart, bytes32 scope, address account, uint8 right) private view returns (bool) {
        Grant storage held = chart.grants[scope][account];
        return held.rights & right != 0 && _isLive(held);
    }

    function _isLive(Grant storage held) private view returns (bool) {
        return block.timestamp < held.expiresAt;
    }

    function _isFolder(bytes32 scope) private pure returns (bool) {
        return scope != 0 && uint256(scope) <= type(uint40).max;
    }

    function _scopeOf(uint40 folder) private pure returns (bytes32) {
        return bytes32(uint256(folder));
    }

    function _keyOf(address author, bytes32 id) private pure returns (bytes32) {
        return keccak256(abi.encode(author, id));
    }
}
