// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Acts} from "./Acts.sol";

contract NobodySetsAnothersProfile is Acts {
    function check_profile(address account, Act memory act) external {
        vm.assume(act.by != account);
        bytes32 before = hospital.profileOf(account);
        _do(act);
        assert(hospital.profileOf(account) == before);
    }
}
