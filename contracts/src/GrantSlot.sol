// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, DELEGATE} from "./IHospitalRecord.sol";

/// @notice `IHospitalRecord.Grant`, packed into one word, from the lowest bit up:
///
///     giver 160 | expiresAt 40 | grantedAt 40 | rights 4 | purpose 8 | via 2
///
/// As a struct a grant would take two slots, because Solidity has no types of 4 and 2 bits.
type GrantSlot is uint256;

using {
    giver,
    expiresAt,
    grantedAt,
    rights,
    purpose,
    via,
    isGivenBy,
    isExpired,
    expired,
    covers,
    unpacked
} for GrantSlot global;

uint256 constant EXPIRES_AT = 160;
uint256 constant GRANTED_AT = 200;
uint256 constant RIGHTS = 240;
uint256 constant PURPOSE = 244;
uint256 constant VIA = 252;

/// A grant that starts now.
function given(address by, IHospitalRecord.Via through, IHospitalRecord.Permission memory p) view returns (GrantSlot) {
    uint256 times = uint256(p.expiresAt) << EXPIRES_AT | uint256(uint40(block.timestamp)) << GRANTED_AT;
    uint256 terms = uint256(p.rights) << RIGHTS | uint256(p.purpose) << PURPOSE | uint256(through) << VIA;
    return GrantSlot.wrap(uint256(uint160(by)) | times | terms);
}

/// The slot after a revocation: empty, or a bar.
function ended(address by, bool barred) pure returns (GrantSlot) {
    if (!barred) return GrantSlot.wrap(0);
    return GrantSlot.wrap(uint256(uint160(by)) | uint256(IHospitalRecord.Via.Barred) << VIA);
}

function unpacked(GrantSlot slot) pure returns (IHospitalRecord.Grant memory) {
    return IHospitalRecord.Grant({
        giver: slot.giver(),
        expiresAt: slot.expiresAt(),
        grantedAt: slot.grantedAt(),
        rights: slot.rights(),
        purpose: IHospitalRecord.Purpose(slot.purpose()),
        via: slot.via()
    });
}

function giver(GrantSlot slot) pure returns (address) {
    return address(uint160(GrantSlot.unwrap(slot)));
}

function expiresAt(GrantSlot slot) pure returns (uint40) {
    return uint40(GrantSlot.unwrap(slot) >> EXPIRES_AT);
}

function grantedAt(GrantSlot slot) pure returns (uint40) {
    return uint40(GrantSlot.unwrap(slot) >> GRANTED_AT);
}

function rights(GrantSlot slot) pure returns (uint8) {
    return uint8(GrantSlot.unwrap(slot) >> RIGHTS & 0xf);
}

function purpose(GrantSlot slot) pure returns (uint8) {
    return uint8(GrantSlot.unwrap(slot) >> PURPOSE);
}

function via(GrantSlot slot) pure returns (IHospitalRecord.Via) {
    return IHospitalRecord.Via(GrantSlot.unwrap(slot) >> VIA);
}

function isGivenBy(GrantSlot slot, IHospitalRecord.Via through) pure returns (bool) {
    return GrantSlot.unwrap(slot) >> VIA == uint256(through);
}

function isExpired(GrantSlot slot) view returns (bool) {
    return block.timestamp >= slot.expiresAt();
}

/// The same grant, expired now.
function expired(GrantSlot slot) view returns (GrantSlot) {
    uint256 cleared = GrantSlot.unwrap(slot) & ~(uint256(type(uint40).max) << EXPIRES_AT);
    return GrantSlot.wrap(cleared | uint256(uint40(block.timestamp)) << EXPIRES_AT);
}

/// Whether a holder of this grant may delegate `other`. If so, this grant expires at the same time or later.
function covers(GrantSlot slot, GrantSlot other) pure returns (bool) {
    uint8 needed = other.rights() | DELEGATE;
    return
        slot.rights() & needed == needed && slot.purpose() == other.purpose() && slot.expiresAt() >= other.expiresAt();
}
