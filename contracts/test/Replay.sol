// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Vm} from "forge-std/Vm.sol";
import {IHospitalRecord} from "../src/IHospitalRecord.sol";

/// What an auditor does: rebuilds all state from the raw logs alone, checking every link on the way. It shares no code
/// with the contract.
contract Replay {
    error DoesNotJoin(bytes32 head, bytes32 previous);
    error UnknownEvent(bytes32 topic);

    mapping(address account => bytes32) public profileOf;
    mapping(address patient => bytes32) public checkpointOf;
    mapping(address patient => bytes32) public journalHeadOf;
    mapping(bytes32 patientKeyAccount => bool) internal _attested;
    mapping(address patient => mapping(bytes32 key => IHospitalRecord.Record)) internal _records;
    mapping(bytes32 patientScopeGrantee => IHospitalRecord.Grant) internal _grants;

    /// Takes a log of the block that is being executed.
    function read(Vm.Log calldata log) external {
        bytes32[] calldata topics = log.topics;
        address patient = _address(topics[1]);
        bytes32 head = journalHeadOf[patient];
        if (_lastWord(log.data) != head) revert DoesNotJoin(head, _lastWord(log.data));
        bool moved = _apply(patient, topics, log.data);
        journalHeadOf[patient] = headAfter(head, topics, log.data, block.number, block.timestamp, moved);
    }

    /// The head after an entry. `moved`: the entry is one after which folder keys must move on.
    function headAfter(
        bytes32 previous,
        bytes32[] calldata topics,
        bytes calldata data,
        uint256 number,
        uint256 time,
        bool moved
    ) public pure returns (bytes32) {
        bytes32 link = keccak256(abi.encodePacked(previous, time, topics, data[:data.length - 32]));
        uint256 keyChanges = uint256(previous) % 2 ** 24;
        if (moved) keyChanges = (keyChanges + 1) % 2 ** 24;
        return bytes32((uint256(link) >> 64 << 64) + number * 2 ** 24 + keyChanges);
    }

    function recordOf(address patient, bytes32 key) external view returns (IHospitalRecord.Record memory) {
        return _records[patient][key];
    }

    function hasAttested(address patient, bytes32 key, address account) external view returns (bool) {
        return _attested[keccak256(abi.encode(patient, key, account))];
    }

    function grantOf(address patient, bytes32 scope, address grantee)
        external
        view
        returns (IHospitalRecord.Grant memory)
    {
        return _grants[keccak256(abi.encode(patient, scope, grantee))];
    }

    function _apply(address patient, bytes32[] calldata topics, bytes calldata data) internal returns (bool moved) {
        bytes32 topic = topics[0];
        if (topic == IHospitalRecord.ProfileSet.selector) {
            profileOf[patient] = _word(data, 0);
        } else if (topic == IHospitalRecord.CheckpointMade.selector) {
            checkpointOf[patient] = _word(data, 0);
        } else if (topic == IHospitalRecord.RecordAdded.selector) {
            _add(patient, uint40(uint256(topics[2])), _address(topics[3]), _word(data, 0));
        } else if (topic == IHospitalRecord.RecordStatusChanged.selector) {
            _records[patient][topics[2]].status = IHospitalRecord.Status(uint256(_word(data, 0)));
        } else if (topic == IHospitalRecord.AccessGranted.selector) {
            return _grant(patient, topics[2], topics[3], data);
        } else if (topic == IHospitalRecord.AccessRevoked.selector) {
            _revoke(patient, topics[2], topics[3], _word(data, 64) != 0);
            return true;
        } else if (topic == IHospitalRecord.AccessPassedOn.selector) {
            _passOn(patient, topics[2], topics[3], data);
        } else if (topic == IHospitalRecord.RecordAttested.selector) {
            ++_records[patient][topics[2]].attestations;
            _attested[keccak256(abi.encode(patient, topics[2], topics[3]))] = true;
        } else if (
            topic == IHospitalRecord.AccessRenounced.selector || topic == IHospitalRecord.AccessWithdrawn.selector
        ) {
            _grants[keccak256(abi.encode(patient, topics[2], topics[3]))].expiresAt = uint40(block.timestamp);
        } else if (topic == IHospitalRecord.KeysRotated.selector) {
            return true;
        } else if (topic != IHospitalRecord.RecordAccessed.selector) {
            revert UnknownEvent(topic);
        }
    }

    function _add(address patient, uint40 folder, address author, bytes32 id) internal {
        _records[patient][keccak256(abi.encode(author, id))] =
            IHospitalRecord.Record(author, uint40(block.timestamp), folder, IHospitalRecord.Status.Current, 0);
    }

    function _grant(address patient, bytes32 scope, bytes32 grantee, bytes calldata data)
        internal
        returns (bool lowered)
    {
        IHospitalRecord.Grant storage held = _grants[keccak256(abi.encode(patient, scope, grantee))];
        uint8 rights = uint8(uint256(_word(data, 0)));
        uint40 expiresAt = uint40(uint256(_word(data, 64)));
        if (held.expiresAt > block.timestamp) {
            lowered = expiresAt < held.expiresAt || (held.rights | rights) != rights || held.rights & 4 != 0;
        }
        held.giver = patient;
        held.expiresAt = expiresAt;
        held.grantedAt = uint40(block.timestamp);
        held.rights = rights;
        held.purpose = IHospitalRecord.Purpose(uint256(_word(data, 32)));
        held.via = IHospitalRecord.Via.Patient;
    }

    function _passOn(address patient, bytes32 scope, bytes32 grantee, bytes calldata data) internal {
        _grants[keccak256(abi.encode(patient, scope, grantee))] = IHospitalRecord.Grant({
            giver: _address(_word(data, 160)),
            expiresAt: uint40(uint256(_word(data, 64))),
            grantedAt: uint40(block.timestamp),
            rights: uint8(uint256(_word(data, 0))),
            purpose: IHospitalRecord.Purpose(uint256(_word(data, 32))),
            via: IHospitalRecord.Via(uint256(_word(data, 192)))
        });
    }

    function _revoke(address patient, bytes32 scope, bytes32 grantee, bool barred) internal {
        IHospitalRecord.Grant storage held = _grants[keccak256(abi.encode(patient, scope, grantee))];
        (held.giver, held.expiresAt, held.grantedAt, held.rights) = (barred ? patient : address(0), 0, 0, 0);
        held.purpose = IHospitalRecord.Purpose.TREAT;
        held.via = barred ? IHospitalRecord.Via.Barred : IHospitalRecord.Via.Patient;
    }

    function _lastWord(bytes calldata data) internal pure returns (bytes32) {
        return _word(data, data.length - 32);
    }

    function _word(bytes calldata data, uint256 start) internal pure returns (bytes32) {
        return bytes32(data[start:start + 32]);
    }

    function _address(bytes32 word) internal pure returns (address) {
        return address(uint160(uint256(word)));
    }
}
