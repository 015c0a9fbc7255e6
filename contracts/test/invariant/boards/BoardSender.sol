// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {BoardModel} from "./BoardModel.sol";

/// Sends calls, some of them with somebody's signature.
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
        done = _send(by, address(boards[b]), call);
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
        uint256 key = KEYS;
        while (people[key - KEYS] != by) ++key;
        own = luck / 128 % 8 != 0;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(own ? key : KEYS + 6, _digestFor(b, structHash));
        return (CARRIER, abi.encodePacked(r, s, v), own || by == people[6]);
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
