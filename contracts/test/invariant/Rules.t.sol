// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {CoreRules} from "./CoreRules.sol";
import {PeopleRules} from "./PeopleRules.sol";

/// All rules over the same histories: making one costs more than looking at it.
contract RulesTest is CoreRules, PeopleRules {
    /// With RULE in the environment that one alone: `faults/histories.cjs` asks which rule sees a fault.
    uint256 internal immutable ONLY = vm.envOr("RULE", uint256(0));

    function invariant_rules() public view {
        function() internal view[13] memory rules = [
            rule1_grantsComeFromThePatientAndEnd,
            rule2_recordsAreAddedOnceAndStay,
            rule3_eventsRebuildTheStorage,
            rule4_revocationAlwaysWorks,
            rule5_gasDoesNotGrow,
            rule6_passingOnNeverWidens,
            rule7_belowADeadGiverAllIsDead,
            rule8_noncesOnlyGrow,
            rule9_usedOrOutdatedSignaturesChangeNothing,
            rule10_aSignedRevocationLands,
            rule11_nobodyChangesAStrangersState,
            rule12_whoIsOutStaysOut,
            rule13_whoMayAttestsOnce
        ];
        if (ONLY != 0) {
            rules[ONLY - 1]();
        } else {
            for (uint256 i; i < rules.length; ++i) {
                rules[i]();
            }
        }
    }
}
