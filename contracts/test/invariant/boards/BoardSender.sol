// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IBoard} from "../../../src/IBoard.sol";
import {ISigned} from "../../../src/ISigned.sol";
import {BoardModel} from "./BoardModel.sol";

/// Sends calls, a third of them as requests that somebody signed.
abstract contract BoardSender is BoardModel {
    uint256 internal constant KEYS = 100; // of people
    address internal constant CARRIER = address(0x4e1a4);

    uint256 public calls;
    uint256 public refused;

    /// What must be refused, and is not, breaks `rule`; where that is zero, it must not be refused.
    function _ask(uint256 rule, address by, uint256 b, bytes memory call, string memory what)
        internal
        returns (bool done)
    {
        bool relayed = _typeOf(bytes4(call)) != 0 && uint256(keccak256(abi.encode(call, calls))) % 3 == 0;
        if (relayed) done = _send(CARRIER, address(boards[b]), _relayed(by, b, call));
        else done = _send(by, address(boards[b]), call);
        if (done && relayed) ++nonces[b][by];
        if (done && rule != 0) broken[rule] = string.concat(what, " though it must not be");
        if (!done && rule == 0) broken[0] = string.concat("not ", what, " though it must be");
    }

    function _send(address by, address to, bytes memory call) internal returns (bool done) {
        vm.prank(by);
        (done,) = to.call(call);
        ++calls;
        if (!done) ++refused;
    }

    /// Whose transaction carries out what `by` wants, with which signature, and whether it is `by`'s own will.
    function _as(address by, uint256 b, bytes32 structHash, uint256 luck)
        internal
        view
        returns (address from, bytes memory signature, bool own)
    {
        if (luck / 64 % 2 == 0) return (by, "", true);
        own = luck / 128 % 8 != 0;
        signature = _sign(own ? _keyOf(by) : KEYS + 6, b, structHash);
        return (CARRIER, signature, own || by == people[6]);
    }

    function _relayed(address by, uint256 b, bytes memory call) internal view returns (bytes memory) {
        (uint256 nonce, uint256 deadline) = (nonces[b][by], vm.getBlockTimestamp());
        bytes memory fields = new bytes(call.length - 4);
        for (uint256 i; i < fields.length; ++i) {
            fields[i] = call[i + 4];
        }
        bytes memory tail = abi.encode(by, nonce, deadline);
        bytes32 structHash = keccak256(abi.encodePacked(_typeOf(bytes4(call)), fields, tail));
        return abi.encodeCall(ISigned.relay, (by, call, nonce, deadline, _sign(_keyOf(by), b, structHash)));
    }

    function _sign(uint256 key, uint256 b, bytes32 structHash) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, _digestFor(b, structHash));
        return abi.encodePacked(r, s, v);
    }

    function _keyOf(address person) internal view returns (uint256 key) {
        key = KEYS;
        while (people[key - KEYS] != person) ++key;
    }

    /// Written out again, from the manual; zero when the verb has no signed form.
    function _typeOf(bytes4 verb) internal pure returns (bytes32) {
        string memory case_ =
            "address patient,bytes32 scope,address grantee,uint32 duration,bytes32 reason,uint16 epoch,";
        string memory fields;
        if (verb == IBoard.open.selector) {
            fields = string.concat("Open(", case_, "uint24 keyChanges,");
        } else if (verb == IBoard.acknowledge.selector) {
            fields = string.concat("Acknowledge(", case_, "address opener,uint40 openedAt,uint24 keyChanges,");
        } else if (verb == IBoard.review.selector) {
            fields = "Review(bytes32 id,bytes32 finding,";
        } else if (verb == IBoard.resign.selector) {
            fields = "Resign(";
        } else if (verb == IBoard.acknowledgeSuccessor.selector) {
            fields = "AcknowledgeSuccessor(address successor,";
        } else if (verb == IBoard.appoint.selector) {
            fields = "Appoint(address proxy,";
        } else {
            return 0;
        }
        return keccak256(bytes(string.concat(fields, "address signer,uint256 nonce,uint256 deadline)")));
    }

    function _digestFor(uint256 b, bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("HospitalRecordBoard"),
                keccak256("1"),
                block.chainid,
                boards[b]
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _luck(uint256 seed, uint256 i) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }

    function _count(address patient) internal view returns (uint24) {
        return uint24(uint256(hospital.journalHeadOf(patient)));
    }
}
