// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "../../src/ISigned.sol";
import {Vm} from "forge-std/Vm.sol";
import {IHospitalRecord} from "../../src/IHospitalRecord.sol";
import {Replay} from "../Replay.sol";
import {Types} from "../Types.sol";
import {Model} from "./Model.sol";

/// Sends calls, a third of them by signature, and lets an auditor read what they log.
abstract contract Sender is Model, Types {
    struct Request {
        bytes call;
        address signer;
        uint256 nonce;
        uint256 deadline;
        bytes signature;
        bool done;
    }

    struct Used {
        address account;
        uint256 nonce;
    }

    uint256 internal constant KEYS = 100; // of people
    uint256 internal constant DEADLINE = 150 seconds;
    address internal constant RELAY = address(0x4e1a4);

    Replay public replay;

    mapping(address account => uint256 key) internal _keyOf;
    Request[] internal requests;
    Used[] public used;
    mapping(address account => uint256) public seriesOf;

    uint256 public calls;
    uint256 public refused;
    uint256 public mostGasPerEntry;
    /// What went wrong, in words; empty when nothing did.
    string public unreadable;
    string public strange;
    string public misused;

    function usedCount() external view returns (uint256) {
        return used.length;
    }

    /// The call as `account`'s: its own transaction, or one of somebody else with its signature.
    function _call(address account, bytes memory call) internal returns (bool succeeded) {
        address concerned = _concerned(account, call);
        if (uint256(keccak256(abi.encode(call, calls))) % 3 == 0 && _typeOf(bytes4(call)) != keccak256(bytes(TAIL))) {
            Request memory request = _request(account, call);
            succeeded = _send(RELAY, _relayed(request), concerned);
            request.done = succeeded;
            requests.push(request);
            if (succeeded) used.push(Used(account, request.nonce));
        } else {
            succeeded = _send(account, call, concerned);
        }
        if (succeeded && bytes4(call) == ISigned.invalidateNonces.selector) ++seriesOf[account];
    }

    function _request(address signer, bytes memory call) internal view returns (Request memory request) {
        // In no order. Each is new, for a run makes fewer than 1024.
        uint256 nonce = seriesOf[signer] << 128 | requests.length * 97 % 1024;
        uint256 deadline = vm.getBlockTimestamp() + DEADLINE;
        bytes memory signature = _sign(signer, _hash(signer, call, nonce, deadline));
        return Request(call, signer, nonce, deadline, signature, false);
    }

    function _relayed(Request memory r) internal view returns (bytes memory) {
        return abi.encodeCall(hospital.relay, (r.signer, r.call, r.nonce, r.deadline, r.signature));
    }

    function _sign(address signer, bytes32 structHash) internal view returns (bytes memory) {
        // In the name of nobody signs who is not entitled.
        uint256 key = signer == address(0) ? KEYS + people.length : _keyOf[signer];
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _digestFor(address(hospital), structHash));
        return abi.encodePacked(r, s, v);
    }

    /// A transaction that may change what is kept of `concerned` and of nobody else.
    function _send(address from, bytes memory call, address concerned) internal returns (bool succeeded) {
        vm.roll(vm.getBlockNumber() + 1);
        bytes32[] memory before = _states();
        vm.recordLogs();
        vm.prank(from);
        uint256 gas = gasleft();
        (succeeded,) = address(hospital).call(call);
        gas -= gasleft();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        ++calls;
        if (!succeeded) {
            ++refused;
            delete logs; // also what was undone is recorded
        }
        if (logs.length > 0 && from != RELAY && gas / logs.length > mostGasPerEntry) {
            mostGasPerEntry = gas / logs.length;
        }
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == ISigned.NoncesInvalidated.selector) continue;
            try replay.read(logs[i]) {}
            catch {
                unreadable = "an entry does not join the one before";
            }
        }
        bytes32[] memory later = _states();
        for (uint256 i; i < before.length; ++i) {
            bool isConcerned = i < people.length && people[i] == concerned;
            if (!isConcerned && later[i] != before[i]) strange = "a call changed what it does not concern";
        }
    }

    function _states() internal view returns (bytes32[] memory states) {
        states = new bytes32[](people.length + 1);
        for (uint256 i; i < people.length; ++i) {
            states[i] = _stateOf(people[i]);
        }
        states[people.length] = _stateOf(RELAY);
    }

    function _stateOf(address account) internal view returns (bytes32) {
        bytes32 head = hospital.journalHeadOf(account);
        return keccak256(abi.encode(head, hospital.profileOf(account), hospital.checkpointOf(account)));
    }

    /// Whose journal the call is to write: a patient's own, or the one that it names first.
    function _concerned(address account, bytes memory call) internal pure returns (address) {
        bytes4 verb = bytes4(call);
        bool own = verb == IHospitalRecord.setProfile.selector || verb == IHospitalRecord.checkpoint.selector
            || verb == IHospitalRecord.grant.selector || verb == IHospitalRecord.grantMany.selector
            || verb == IHospitalRecord.revoke.selector || verb == IHospitalRecord.revokeMany.selector
            || verb == IHospitalRecord.rotate.selector || verb == ISigned.invalidateNonces.selector;
        if (own) return account;
        uint256 first;
        for (uint256 i = 4; i < 36; ++i) {
            first = first << 8 | uint8(call[i]);
        }
        return address(uint160(first));
    }

    function _make(uint256 key) internal returns (address account) {
        account = vm.addr(key);
        _keyOf[account] = key;
    }

    /// The count of key changes, or one in sixteen times another.
    function _count(address patient, uint256 luck) internal view returns (uint24) {
        uint24 count = uint24(uint256(hospital.journalHeadOf(patient)));
        return luck % 16 == 0 ? count ^ 1 : count;
    }
}
