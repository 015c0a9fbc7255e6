// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, DELEGATE} from "./IHospitalRecord.sol";

/// @notice `IHospitalRecord.Grant` as the one word it is stored in, laid out as the struct would be. Solidity unpacks a
/// struct field by field, which costs more than the rest of the check that asks for them, and most of the bytecode.
type GrantSlot is uint256;

using {giver, expiresAt, grantedAt, rights, isGivenBy, isExpired, expired, covers, unpacked} for GrantSlot global;

/// A grant that is given now.
function given(address by, IHospitalRecord.Via through, IHospitalRecord.Permission memory p) view returns (GrantSlot) {
    return GrantSlot.wrap(
        uint256(uint160(by)) | uint256(p.expiresAt) << 160 | uint256(uint32(block.timestamp)) << 200 | uint256(p.rights)
            << 232 | uint256(p.purpose) << 240 | uint256(through) << 248
    );
}

/// What a revocation leaves.
function ended(address by, bool barred) pure returns (GrantSlot) {
    if (!barred) return GrantSlot.wrap(0);
    return GrantSlot.wrap(uint256(uint160(by)) | uint256(IHospitalRecord.Via.Barred) << 248);
}

function unpacked(GrantSlot slot) pure returns (IHospitalRecord.Grant memory g) {
    g.giver = slot.giver();
    g.expiresAt = slot.expiresAt();
    g.grantedAt = slot.grantedAt();
    g.rights = slot.rights();
    g.purpose = IHospitalRecord.Purpose(_purpose(slot));
    g.via = IHospitalRecord.Via(GrantSlot.unwrap(slot) >> 248);
}

function giver(GrantSlot slot) pure returns (address) {
    return address(uint160(GrantSlot.unwrap(slot)));
}

function expiresAt(GrantSlot slot) pure returns (uint40) {
    return uint40(GrantSlot.unwrap(slot) >> 160);
}

function grantedAt(GrantSlot slot) pure returns (uint32) {
    return uint32(GrantSlot.unwrap(slot) >> 200);
}

function rights(GrantSlot slot) pure returns (uint8) {
    return uint8(GrantSlot.unwrap(slot) >> 232);
}

function _purpose(GrantSlot slot) pure returns (uint8) {
    return uint8(GrantSlot.unwrap(slot) >> 240);
}

function isGivenBy(GrantSlot slot, IHospitalRecord.Via via) pure returns (bool) {
    return GrantSlot.unwrap(slot) >> 248 == uint256(via);
}

function isExpired(GrantSlot slot) view returns (bool) {
    return block.timestamp >= slot.expiresAt();
}

/// The same grant, at its end.
function expired(GrantSlot slot) view returns (GrantSlot) {
    uint256 cleared = GrantSlot.unwrap(slot) & ~(uint256(type(uint40).max) << 160);
    return GrantSlot.wrap(cleared | uint256(uint40(block.timestamp)) << 160);
}

/// Whether the grant gives enough to pass the other on. It is then at least as long live.
function covers(GrantSlot slot, GrantSlot other) pure returns (bool) {
    uint8 needed = other.rights() | DELEGATE;
    return
        slot.rights() & needed == needed && _purpose(slot) == _purpose(other) && slot.expiresAt() >= other.expiresAt();
}
