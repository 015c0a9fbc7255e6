// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, CONTRIBUTE} from "./IHospitalRecord.sol";

/// @title HospitalRecord
/// @notice `IHospitalRecord` is the manual. Every call here is: guards, effect, journal entry.
contract HospitalRecord is IHospitalRecord {
    /// @inheritdoc IHospitalRecord
    uint256 public immutable deployedAt = block.number;

    /// @inheritdoc IHospitalRecord
    mapping(address account => bytes32 digest) public profileOf;

    struct Journal {
        bytes32 head;
    }

    mapping(address patient => Journal) private _journals;
    mapping(address patient => mapping(bytes32 key => Record)) private _records;
    mapping(address patient => mapping(bytes32 scope => mapping(address grantee => Grant))) private _grants;

    /* PROFILE */

    /// @inheritdoc IHospitalRecord
    function setProfile(bytes32 profile) external {
        require(profile != 0, Empty());

        profileOf[msg.sender] = profile;

        Journal storage journal = _journals[msg.sender];
        bytes32 previous = journal.head;
        bytes32 link = keccak256(abi.encode(previous, block.timestamp, ProfileSet.selector, msg.sender, profile));
        journal.head = _next(previous, link);
        emit ProfileSet(msg.sender, profile, previous);
    }

    /* RECORDS */

    /// @inheritdoc IHospitalRecord
    function addRecord(address patient, uint40 folder, bytes32 id, uint24 keyChanges) external {
        Journal storage journal = _journals[patient];
        bytes32 head = journal.head;
        _requireContributor(patient, folder);
        _requireFresh(head, keyChanges);

        journal.head = _add(head, patient, folder, id);
    }

    /// @inheritdoc IHospitalRecord
    function addRecords(address patient, uint40 folder, bytes32[] calldata ids, uint24 keyChanges) external {
        require(ids.length != 0, Empty());
        Journal storage journal = _journals[patient];
        bytes32 head = journal.head;
        _requireContributor(patient, folder);
        _requireFresh(head, keyChanges);

        for (uint256 i; i < ids.length; ++i) {
            head = _add(head, patient, folder, ids[i]);
        }
        journal.head = head;
    }

    /// @inheritdoc IHospitalRecord
    function replace(address patient, bytes32 key, bytes32 id, uint24 keyChanges) external {
        Journal storage journal = _journals[patient];
        bytes32 head = journal.head;
        _requireMayChange(patient, key);
        _requireFresh(head, keyChanges);

        head = _add(head, patient, _records[patient][key].folder, id);
        journal.head = _move(head, patient, key, Status.Superseded, _keyOf(msg.sender, id));
    }

    /// @inheritdoc IHospitalRecord
    function setStatus(address patient, bytes32 key, Status status) external {
        _requireMayChange(patient, key);

        Journal storage journal = _journals[patient];
        journal.head = _move(journal.head, patient, key, status, 0);
    }

    /* ACCESS */

    /// @inheritdoc IHospitalRecord
    function grant(Permission calldata permission) external {
        Journal storage journal = _journals[msg.sender];
        journal.head = _grant(journal.head, permission);
    }

    /// @inheritdoc IHospitalRecord
    function grantMany(Permission[] calldata permissions) external {
        require(permissions.length != 0, Empty());

        Journal storage journal = _journals[msg.sender];
        bytes32 head = journal.head;
        for (uint256 i; i < permissions.length; ++i) {
            head = _grant(head, permissions[i]);
        }
        journal.head = head;
    }

    /// @inheritdoc IHospitalRecord
    function revoke(Revocation calldata revocation, uint24 keyChanges) external {
        Journal storage journal = _journals[msg.sender];
        bytes32 head = journal.head;
        journal.head = _revoke(head, revocation, keyChanges == _keyChanges(head));
    }

    /// @inheritdoc IHospitalRecord
    function revokeMany(Revocation[] calldata revocations, uint24 keyChanges) external {
        require(revocations.length != 0, Empty());

        Journal storage journal = _journals[msg.sender];
        bytes32 head = journal.head;
        bool fresh = keyChanges == _keyChanges(head);
        for (uint256 i; i < revocations.length; ++i) {
            head = _revoke(head, revocations[i], fresh);
        }
        journal.head = head;
    }

    /// @inheritdoc IHospitalRecord
    function rotate(uint40 folder, uint16 epoch, bytes32 keyring, uint24 keyChanges) external {
        Journal storage journal = _journals[msg.sender];
        bytes32 previous = journal.head;
        require(folder != 0, InvalidFolder(folder));
        require(keyring != 0, Empty());
        _requireFresh(previous, keyChanges);

        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, KeysRotated.selector, msg.sender, folder, epoch, keyring));
        journal.head = _keysMove(_next(previous, link));
        emit KeysRotated(msg.sender, folder, epoch, keyring, previous);
    }

    /// @inheritdoc IHospitalRecord
    function renounce(address patient, bytes32 scope) external {
        Grant storage held = _grants[patient][scope][msg.sender];
        require(_isLive(held), NoSuchGrant(scope, msg.sender));

        // Not deleted: the patient's own revocation must find it, also when it comes a moment later.
        held.expiresAt = uint40(block.timestamp);

        Journal storage journal = _journals[patient];
        bytes32 previous = journal.head;
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, AccessRenounced.selector, patient, scope, msg.sender));
        journal.head = _next(previous, link);
        emit AccessRenounced(patient, scope, msg.sender, previous);
    }

    /// @inheritdoc IHospitalRecord
    function logAccess(address patient, bytes32[] calldata keys, Purpose purpose) external {
        require(keys.length != 0, Empty());

        Journal storage journal = _journals[patient];
        bytes32 head = journal.head;
        for (uint256 i; i < keys.length; ++i) {
            head = _log(head, patient, keys[i], purpose);
        }
        journal.head = head;
    }

    /* VIEWS */

    /// @inheritdoc IHospitalRecord
    function canAccess(address patient, bytes32 key, address account) public view returns (bool) {
        Record storage record = _records[patient][key];
        if (record.author == address(0)) return false;
        return account == patient || _allows(patient, _scopeOf(record.folder), account, READ)
            || _allows(patient, key, account, READ);
    }

    /// @inheritdoc IHospitalRecord
    function grantOf(address patient, bytes32 scope, address grantee) external view returns (Grant memory) {
        return _grants[patient][scope][grantee];
    }

    /// @inheritdoc IHospitalRecord
    function journalHeadOf(address patient) external view returns (bytes32) {
        return _journals[patient].head;
    }

    /// @inheritdoc IHospitalRecord
    function recordOf(address patient, bytes32 key) external view returns (Record memory) {
        return _records[patient][key];
    }

    /* ENTRIES: each changes one thing and returns the journal's next head */

    function _add(bytes32 previous, address patient, uint40 folder, bytes32 id) private returns (bytes32) {
        bytes32 key = _keyOf(msg.sender, id);
        require(id != 0, Empty());
        Record storage record = _records[patient][key];
        require(record.author == address(0), RecordExists(key));

        record.author = msg.sender;
        record.addedAt = uint40(block.timestamp);
        record.folder = folder;
        record.status = Status.Current;

        emit RecordAdded(patient, folder, msg.sender, id, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, RecordAdded.selector, patient, folder, msg.sender, id));
        return _next(previous, link);
    }

    function _move(bytes32 previous, address patient, bytes32 key, Status status, bytes32 replacement)
        private
        returns (bytes32)
    {
        Record storage record = _records[patient][key];
        require(status > record.status, StatusNotAllowed(key, record.status, status));

        record.status = status;

        emit RecordStatusChanged(patient, key, msg.sender, status, replacement, previous);
        bytes32 link = keccak256(
            abi.encode(
                previous, block.timestamp, RecordStatusChanged.selector, patient, key, msg.sender, status, replacement
            )
        );
        return _next(previous, link);
    }

    function _grant(bytes32 previous, Permission calldata p) private returns (bytes32 head) {
        require(p.grantee != address(0) && p.grantee != msg.sender, InvalidGrantee(p.grantee));
        require(p.expiresAt > block.timestamp, ExpiryNotInFuture(p.expiresAt, block.timestamp));
        require(p.envelope != 0, Empty());
        _requireScope(p.scope, p.rights);

        Grant storage held = _grants[msg.sender][p.scope][p.grantee];
        bool lowered = _isLive(held) && (p.expiresAt < held.expiresAt || held.rights & ~p.rights != 0);
        held.giver = msg.sender;
        held.expiresAt = p.expiresAt;
        held.grantedAt = uint32(block.timestamp);
        held.rights = p.rights;
        held.purpose = p.purpose;

        emit AccessGranted(
            msg.sender, p.scope, p.grantee, p.rights, p.purpose, p.expiresAt, p.epoch, p.envelope, previous
        );
        bytes32 link = keccak256(
            abi.encode(
                previous,
                block.timestamp,
                AccessGranted.selector,
                msg.sender,
                p.scope,
                p.grantee,
                p.rights,
                p.purpose,
                p.expiresAt,
                p.epoch,
                p.envelope
            )
        );
        head = _next(previous, link);
        if (lowered) head = _keysMove(head);
    }

    function _revoke(bytes32 previous, Revocation calldata r, bool fresh) private returns (bytes32) {
        mapping(address grantee => Grant) storage grants = _grants[msg.sender][r.scope];
        require(grants[r.grantee].giver != address(0), NoSuchGrant(r.scope, r.grantee));

        delete grants[r.grantee];

        bytes32 keyring = fresh ? r.keyring : bytes32(0);
        uint16 epoch = keyring == 0 ? 0 : r.epoch;
        emit AccessRevoked(msg.sender, r.scope, r.grantee, epoch, keyring, previous);
        bytes32 link = keccak256(
            abi.encode(
                previous, block.timestamp, AccessRevoked.selector, msg.sender, r.scope, r.grantee, epoch, keyring
            )
        );
        return _keysMove(_next(previous, link));
    }

    function _log(bytes32 previous, address patient, bytes32 key, Purpose purpose) private returns (bytes32) {
        require(canAccess(patient, key, msg.sender), NotPermitted(msg.sender, key, READ));

        emit RecordAccessed(patient, key, msg.sender, purpose, previous);
        bytes32 link = keccak256(
            abi.encode(previous, block.timestamp, RecordAccessed.selector, patient, key, msg.sender, purpose)
        );
        return _next(previous, link);
    }

    /* HEADS: bytes24 link | uint40 block number | uint24 key changes */

    function _next(bytes32 previous, bytes32 link) private view returns (bytes32) {
        return
            bytes32(bytes24(link)) | bytes32(uint256(uint40(block.number)) << 24)
                | bytes32(uint256(_keyChanges(previous)));
    }

    function _keyChanges(bytes32 head) private pure returns (uint24) {
        return uint24(uint256(head));
    }

    function _keysMove(bytes32 head) private pure returns (bytes32) {
        unchecked {
            return bytes32(uint256(head) >> 24 << 24 | uint24(_keyChanges(head) + 1));
        }
    }

    /* GUARDS */

    function _requireFresh(bytes32 head, uint24 keyChanges) private pure {
        require(keyChanges == _keyChanges(head), StaleKeys(keyChanges, _keyChanges(head)));
    }

    function _requireContributor(address patient, uint40 folder) private view {
        require(folder != 0, InvalidFolder(folder));
        bytes32 scope = _scopeOf(folder);
        require(
            msg.sender == patient || _allows(patient, scope, msg.sender, CONTRIBUTE),
            NotPermitted(msg.sender, scope, CONTRIBUTE)
        );
    }

    function _requireMayChange(address patient, bytes32 key) private view {
        Record storage record = _records[patient][key];
        require(record.author != address(0), NoSuchRecord(key));
        require(msg.sender == patient || msg.sender == record.author, NotPermitted(msg.sender, key, CONTRIBUTE));
        _requireContributor(patient, record.folder);
    }

    function _requireScope(bytes32 scope, uint8 rights) private view {
        if (_isFolder(scope)) {
            require(rights != 0 && rights <= READ | CONTRIBUTE, InvalidRights(scope, rights));
        } else {
            require(_records[msg.sender][scope].author != address(0), NoSuchRecord(scope));
            require(rights == READ, InvalidRights(scope, rights));
        }
    }

    function _allows(address patient, bytes32 scope, address account, uint8 right) private view returns (bool) {
        Grant storage held = _grants[patient][scope][account];
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
