// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {READ, CONTRIBUTE, ATTEST} from "./IHospitalRecord.sol";
import {Giving} from "./Giving.sol";
import {Ending} from "./Ending.sol";

/// @title HospitalRecord
/// @notice `IHospitalRecord` is the manual. Every verb here checks its guards, takes effect, and appends a journal
/// entry.
contract HospitalRecord is Giving, Ending {
    /// From this number of attestations on, accounts that got ATTEST from a delegate are refused, because a delegate
    /// can create any number of accounts. Accounts that got it from the patient may attest until the counter is full.
    uint8 private constant MOST_ATTESTATIONS = 16;

    uint256 public immutable deployedAt = block.number;

    /* PROFILE AND CHECKPOINT */

    function setProfile(bytes32 profile) external {
        if (profile == 0) revert Empty();

        address account = _actor();
        Chart storage chart = _charts[account];
        chart.profile = profile;

        bytes32 previous = chart.head;
        emit ProfileSet(account, profile, previous);
        bytes32 link = keccak256(abi.encode(previous, block.timestamp, ProfileSet.selector, account, profile));
        chart.head = _headAfter(previous, link);
    }

    function checkpoint(bytes32 digest) external {
        if (digest == 0) revert Empty();

        address patient = _actor();
        Chart storage chart = _charts[patient];
        chart.checkpoint = digest;

        bytes32 previous = chart.head;
        emit CheckpointMade(patient, digest, previous);
        bytes32 link = keccak256(abi.encode(previous, block.timestamp, CheckpointMade.selector, patient, digest));
        chart.head = _headAfter(previous, link);
    }

    /* RECORDS */

    function addRecord(address patient, uint40 folder, bytes32 id, uint24 keyChanges) external {
        address author = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        _requireContributor(chart, patient, author, folder);
        _requireFresh(head, keyChanges);

        chart.head = _add(head, chart, patient, author, folder, id);
    }

    function addRecords(address patient, uint40 folder, bytes32[] calldata ids, uint24 keyChanges) external {
        if (ids.length == 0) revert Empty();
        address author = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        _requireContributor(chart, patient, author, folder);
        _requireFresh(head, keyChanges);

        for (uint256 i; i < ids.length; ++i) {
            head = _add(head, chart, patient, author, folder, ids[i]);
        }
        chart.head = head;
    }

    function replace(address patient, bytes32 key, bytes32 id, uint24 keyChanges) external {
        address by = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;
        uint40 folder = _requireMayChange(chart, patient, by, key);
        _requireFresh(head, keyChanges);

        head = _add(head, chart, patient, by, folder, id);
        chart.head = _move(head, chart, patient, by, key, Status.Superseded, _keyOf(by, id));
    }

    function setStatus(address patient, bytes32 key, Status status) external {
        address by = _actor();
        Chart storage chart = _charts[patient];
        _requireMayChange(chart, patient, by, key);

        chart.head = _move(chart.head, chart, patient, by, key, status, 0);
    }

    function attest(address patient, bytes32 key) external {
        address by = _actor();
        Chart storage chart = _charts[patient];
        Record storage record = chart.records[key];
        if (record.status == Status.None) revert NoSuchRecord(key);
        if (record.status == Status.EnteredInError) revert NotAttestable(key, record.status);
        if (chart.attestedBy[key][by]) revert AlreadyAttested(key, by);
        _requireMayAttest(chart, record, key, by);

        chart.attestedBy[key][by] = true;
        ++record.attestations;

        bytes32 previous = chart.head;
        emit RecordAttested(patient, key, by, previous);
        bytes32 link = keccak256(abi.encode(previous, block.timestamp, RecordAttested.selector, patient, key, by));
        chart.head = _headAfter(previous, link);
    }

    /* READINGS */

    function logAccess(address patient, bytes32 key, Purpose purpose, bytes32 note) external {
        Chart storage chart = _charts[patient];
        chart.head = _log(chart.head, chart, patient, key, _actor(), purpose, note);
    }

    function logAccesses(address patient, bytes32[] calldata keys, Purpose purpose, bytes32 note) external {
        if (keys.length == 0) revert Empty();
        address reader = _actor();
        Chart storage chart = _charts[patient];
        bytes32 head = chart.head;

        for (uint256 i; i < keys.length; ++i) {
            if (i != 0 && keys[i] <= keys[i - 1]) revert KeysNotAscending();
            head = _log(head, chart, patient, keys[i], reader, purpose, note);
        }
        chart.head = head;
    }

    /* VIEWS */

    function canAccess(address patient, bytes32 key, address account) external view returns (bool) {
        return _canAccess(_charts[patient], patient, key, account);
    }

    function recordOf(address patient, bytes32 key) external view returns (Record memory) {
        return _charts[patient].records[key];
    }

    function hasAttested(address patient, bytes32 key, address account) external view returns (bool) {
        return _charts[patient].attestedBy[key][account];
    }

    function checkpointOf(address patient) external view returns (bytes32) {
        return _charts[patient].checkpoint;
    }

    function profileOf(address account) external view returns (bytes32) {
        return _charts[account].profile;
    }

    /* ENTRIES: each checks and changes one thing, and returns the journal's new head */

    function _add(bytes32 previous, Chart storage chart, address patient, address author, uint40 folder, bytes32 id)
        private
        returns (bytes32)
    {
        bytes32 key = _keyOf(author, id);
        Record storage record = chart.records[key];
        if (id == 0) revert Empty();
        if (record.author != address(0)) revert RecordExists(key);

        record.author = author;
        record.addedAt = uint40(block.timestamp);
        record.folder = folder;
        record.status = Status.Current;

        emit RecordAdded(patient, folder, author, id, previous);
        bytes32 link =
            keccak256(abi.encode(previous, block.timestamp, RecordAdded.selector, patient, folder, author, id));
        return _headAfter(previous, link);
    }

    function _move(
        bytes32 previous,
        Chart storage chart,
        address patient,
        address by,
        bytes32 key,
        Status status,
        bytes32 replacement
    ) private returns (bytes32) {
        Record storage record = chart.records[key];
        if (status <= record.status) revert StatusNotAllowed(key, record.status, status);

        record.status = status;

        emit RecordStatusChanged(patient, key, by, status, replacement, previous);
        bytes32 link = keccak256(
            abi.encode(previous, block.timestamp, RecordStatusChanged.selector, patient, key, by, status, replacement)
        );
        return _headAfter(previous, link);
    }

    function _log(
        bytes32 previous,
        Chart storage chart,
        address patient,
        bytes32 key,
        address reader,
        Purpose purpose,
        bytes32 note
    ) private returns (bytes32) {
        if (!_canAccess(chart, patient, key, reader)) revert NotPermitted(reader, key, READ);

        emit RecordAccessed(patient, key, reader, purpose, note, previous);
        bytes32 link = keccak256(
            abi.encode(previous, block.timestamp, RecordAccessed.selector, patient, key, reader, purpose, note)
        );
        return _headAfter(previous, link);
    }

    /* GUARDS */

    function _canAccess(Chart storage chart, address patient, bytes32 key, address account)
        private
        view
        returns (bool)
    {
        Record storage record = chart.records[key];
        if (record.author == address(0)) return false;
        return account == patient || _allows(chart, _scopeOf(record.folder), account, READ)
            || _allows(chart, key, account, READ);
    }

    function _requireContributor(Chart storage chart, address patient, address account, uint40 folder) private view {
        if (folder == 0) revert InvalidFolder(folder);
        if (account != patient) _requireAllowed(chart, _scopeOf(folder), account, CONTRIBUTE);
    }

    function _requireMayChange(Chart storage chart, address patient, address by, bytes32 key)
        private
        view
        returns (uint40 folder)
    {
        Record storage record = chart.records[key];
        address author = record.author;
        folder = record.folder;
        if (author == address(0)) revert NoSuchRecord(key);
        if (by != patient && by != author) revert NotPermitted(by, key, CONTRIBUTE);
        _requireContributor(chart, patient, by, folder);
    }

    function _requireMayAttest(Chart storage chart, Record storage record, bytes32 key, address by) private view {
        bytes32 folder = _scopeOf(record.folder);
        _requireAllowed(chart, folder, by, ATTEST);
        bool direct = _heldBy(chart, folder, by).slot.isGivenBy(Via.Patient);
        if (record.attestations >= (direct ? type(uint8).max : MOST_ATTESTATIONS)) revert TooManyAttestations(key);
    }

    function _keyOf(address author, bytes32 id) private pure returns (bytes32) {
        return keccak256(abi.encode(author, id));
    }
}
