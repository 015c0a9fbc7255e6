// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Acts, AnyAct, IHospitalRecord} from "./Acts.sol";

contract OthersMoveNoKeyCount is AnyAct {
    function _stays(Of memory of_, Act memory act) internal override {
        uint24 before = _keyChanges(of_.patient);
        _do(act);
        uint24 grown;
        unchecked {
            grown = _keyChanges(of_.patient) - before;
        }
        assert(grown <= (act.by == of_.patient ? 1 : 0));
    }
}

contract OutdatedCountChangesNothing is Acts {
    function check_stale(Act memory act) external {
        bool own = act.verb == 6 || act.verb == 7 || act.verb == 12;
        vm.assume(own || act.verb == 1 || act.verb == 2 || act.verb == 3 || act.verb == PASS_ON);
        vm.assume(act.keyChanges != _keyChanges(own ? act.by : act.patient));
        assert(!_do(act));
    }
}

contract HeadIsWhatTheManualSays is Acts {
    function check_head(address account, bytes32 profile, uint40 number) external {
        vm.assume(account != address(hospital) && profile != 0);
        vm.roll(number);
        bytes32 previous = hospital.journalHeadOf(account);
        vm.prank(account);
        hospital.setProfile(profile);
        bytes32 link = keccak256(abi.encode(previous, NOW, IHospitalRecord.ProfileSet.selector, account, profile));
        uint256 count = uint24(uint256(previous));
        assert(hospital.journalHeadOf(account) == bytes32(bytes24(link)) | bytes32(uint256(number) << 24 | count));
    }
}
