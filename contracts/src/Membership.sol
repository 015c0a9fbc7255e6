// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {BoardForms} from "./BoardForms.sol";

/// @title Membership
/// @notice The members of a board, and how a member resigns. A set of members is a bit set, from the lowest bit up.
abstract contract Membership is BoardForms {
    uint16 internal _left;

    function resign() external {
        (, address[] memory members) = board();
        address member = _actor();
        _left |= _requireMember(members, member);
        emit MemberResigned(member);
    }

    /// Reads the threshold and the members that are appended to the clone's code.
    function board() public view returns (uint256 threshold, address[] memory members) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (uint256, address[]));
    }

    function _requireMember(address[] memory members, address account) internal view returns (uint16 bit) {
        bit = _bitOf(members, account) & ~_left;
        if (bit == 0) revert NotAMember(account);
    }

    function _all(address[] memory members) internal view returns (uint16) {
        return uint16((1 << members.length) - 1) & ~_left;
    }

    /// Members who cannot vote on a case, because they are its patient or its grantee.
    function _concerned(address[] memory members, address patient, address grantee) internal pure returns (uint16) {
        return _bitOf(members, patient) | _bitOf(members, grantee);
    }

    function _bitOf(address[] memory members, address account) internal pure returns (uint16) {
        for (uint256 i; i < members.length; ++i) {
            if (members[i] == account) return uint16(1 << i);
        }
        return 0;
    }

    function _count(uint16 bits) internal pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}
