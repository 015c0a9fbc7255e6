// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Base} from "../Base.sol";
import {Replay} from "../Replay.sol";
import {Handler} from "./Handler.sol";

/// What the rules share. Each is shown to be able to fail by `contracts/test/faults/histories.cjs`.
abstract contract RulesBase is Base {
    Handler internal handler;
    Replay internal replay;

    function setUp() public override {
        super.setUp();
        // Each history goes through the second after which a time has more than 32 bits.
        vm.warp(2 ** 32 - 300 seconds);
        handler = new Handler(hospital);
        replay = handler.replay();
        targetContract(address(handler));
    }

    /// Otherwise the rules were shown of too little. About a third is refused; by chance a half, in one history of thousands.
    function afterInvariant() public view {
        if (handler.calls() > 30) assertLt(handler.refused(), handler.calls() / 4 * 3, "too little was allowed");
    }
}
