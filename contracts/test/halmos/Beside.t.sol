// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IVouching} from "../../src/IVouching.sol";
import {IAccessRequests} from "../../src/IAccessRequests.sol";
import {Symbolic, Svm} from "./Symbolic.sol";

contract OnlyTheVoucherMovesAVouch is Symbolic {
    function check_vouch(address[4] memory who, bytes32[2] memory roles, uint40 until, bool ends) external {
        IVouching vouching = IVouching(_deploy("Vouching.sol:Vouching", ""));
        (address by, address voucher) = (who[0], who[1]);
        // It calls itself in `relay` alone, as whoever signed: that is the signer's act.
        vm.assume(by != voucher && by != address(vouching));
        uint40 before = vouching.vouchedUntil(voucher, who[2], roles[0]);
        vm.prank(by);
        (bool done,) = address(vouching)
            .call(
                ends
                    ? abi.encodeCall(vouching.withdraw, (who[3], roles[1]))
                    : abi.encodeCall(vouching.vouch, (who[3], roles[1], until))
            );
        done;
        assert(vouching.vouchedUntil(voucher, who[2], roles[0]) == before);
    }
}

contract AskingLeavesNothing is Symbolic {
    function check_ask(address by, address patient, uint8 rights, uint8 purpose, uint40[2] memory ends, bytes32 reason)
        external
    {
        IAccessRequests requests = IAccessRequests(_deploy("AccessRequests.sol:AccessRequests", ""));
        (uint256 own, uint256 records) =
            (svm.snapshotStorage(address(requests)), svm.snapshotStorage(address(hospital)));
        vm.prank(by);
        requests.ask(patient, rights, purpose, ends[0], ends[1], reason);
        assert(svm.snapshotStorage(address(requests)) == own && svm.snapshotStorage(address(hospital)) == records);
        vm.prank(by);
        requests.withdraw(patient, reason);
        assert(svm.snapshotStorage(address(requests)) == own && svm.snapshotStorage(address(hospital)) == records);
    }
}
