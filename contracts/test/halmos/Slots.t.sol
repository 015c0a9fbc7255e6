// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {GrantSlot, given, expired} from "../../src/GrantSlot.sol";
import {Symbolic, IHospitalRecord} from "./Symbolic.sol";

contract SlotKeepsEveryField is Symbolic {
    function check_slot(address by, uint8 via, uint40 time, IHospitalRecord.Permission memory p) external {
        vm.assume(via <= uint8(type(IHospitalRecord.Via).max));
        vm.assume(p.rights < 16);
        vm.warp(time);
        GrantSlot slot = given(by, IHospitalRecord.Via(via), p);
        IHospitalRecord.Grant memory g = slot.unpacked();
        assert(g.giver == by && g.expiresAt == p.expiresAt && g.grantedAt == time && g.rights == p.rights);
        assert(g.purpose == p.purpose && uint8(g.via) == via);
        assert(slot.giver() == by && slot.expiresAt() == p.expiresAt && slot.grantedAt() == time);
        assert(
            slot.rights() == p.rights && slot.purpose() == uint8(p.purpose) && uint8(slot.via()) == via
                && slot.isExpired() == (p.expiresAt <= time)
        );
    }
}

