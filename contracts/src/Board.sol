// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, DELEGATE} from "./IHospitalRecord.sol";
import {Reviews} from "./Reviews.sol";

/// @dev The time to acknowledge a case, from its opening, or a successor, from the first vote for it.
uint256 constant WINDOW = 1 days;
/// @dev The longest duration of a case.
uint256 constant LONGEST = 1 days;

/// @title Board
/// @notice `IBoard` is the manual. Each board is an ERC-1167 clone of this contract, with its members appended to its
/// code. `Boards` creates them.
contract Board is Reviews {
    bytes32 private constant VETO = keccak256("Veto(bytes32 id)");

    struct Votes {
        uint16 members;
        uint40 until;
    }

    IHospitalRecord private immutable _hospital;

    mapping(address patient => address) public proxyOf;
    mapping(address successor => Votes) private _votes;
    bool private _closed;
    address private _successor;

    constructor(IHospitalRecord hospital_) {
        _hospital = hospital_;
    }

    /* CASES */

    function open(
        address patient,
        bytes32 scope,
        address grantee,
        uint32 duration,
        bytes32 reason,
        uint16 epoch,
        uint24 keyChanges
    ) external returns (bytes32 id) {
        (uint256 threshold, address[] memory members) = board();
        address opener = _actor();
        uint16 bit = _requireVoter(members, opener);
        Case memory c = Case(patient, scope, grantee, duration, reason, epoch, opener, uint40(block.timestamp));
        _requireForm(c);
        _requireOptedIn(patient, scope);
        uint256 voters = _count(_all(members) & ~_concerned(members, patient, grantee));
        if (voters < threshold) revert TooFewMembers(voters, threshold);
        id = keccak256(abi.encode(c));
        if (_cases[id].stage != Stage.None) revert CaseExists(id);

        _cases[id].stage = Stage.Open;
        emit CaseOpened(id, patient, opener, scope, grantee, duration, reason, epoch);
        if (opener != grantee && opener != patient) _acknowledge(id, c, threshold, members, opener, bit, keyChanges);
    }

    function acknowledge(Case memory c, uint24 keyChanges) external {
        (uint256 threshold, address[] memory members) = board();
        address member = _actor();
        uint16 bit = _requireVoter(members, member);
        bytes32 id = keccak256(abi.encode(c));
        State memory state = _cases[id];
        if (state.stage != Stage.Open) revert NotAtStage(id, state.stage, Stage.Open);
        uint256 until = c.openedAt + WINDOW;
        if (block.timestamp >= until) revert WindowClosed(until, block.timestamp);
        if (member == c.grantee || member == c.patient) revert OwnCase(member);
        if (state.acknowledged & bit != 0) revert AcknowledgedAlready(member);

        _acknowledge(id, c, threshold, members, member, state.acknowledged | bit, keyChanges);
    }

    function release(bytes32 id, bytes32 share) external {
        (, address[] memory members) = board();
        address member = _actor();
        // Any member may release.
        // slither-disable-next-line unused-return
        _requireMember(members, member);
        Stage stage = _cases[id].stage;
        if (stage != Stage.Granted) revert NotAtStage(id, stage, Stage.Granted);
        emit ShareReleased(id, member, share);
    }

    function veto(Case memory c, address by, bytes calldata signature) external {
        if (by != c.patient && (by == address(0) || by != proxyOf[c.patient])) revert NotEntitled(by);
        bytes32 id = keccak256(abi.encode(c));
        if (msg.sender != by) _requireSigned(by, keccak256(abi.encode(VETO, id)), signature);
        State memory state = _cases[id];
        if (state.stage == Stage.None || state.stage == Stage.Vetoed) revert NotAtStage(id, state.stage, Stage.Open);

        _cases[id].stage = Stage.Vetoed;
        emit CaseVetoed(id, by);
        if (state.stage == Stage.Open) return;
        IHospitalRecord.Grant memory held = _hospital.grantOf(c.patient, c.scope, c.grantee);
        // A grant by a later case stays.
        bool stands = held.giver == address(this) && held.grantedAt == state.grantedAt;
        if (stands && held.expiresAt > block.timestamp) _hospital.withdraw(c.patient, c.scope, c.grantee);
    }

    function appoint(address proxy) external {
        address patient = _actor();
        proxyOf[patient] = proxy;
        emit ProxyAppointed(patient, proxy);
    }

    /* THE BOARD ITSELF */

    /// Zero: no successor.
    // slither-disable-next-line missing-zero-check
    function acknowledgeSuccessor(address successor) external {
        (uint256 threshold, address[] memory members) = board();
        address member = _actor();
        uint16 bit = _requireVoter(members, member);
        Votes memory votes = _votes[successor];
        if (block.timestamp >= votes.until) votes = Votes(0, uint40(block.timestamp + WINDOW));
        if (votes.members & bit != 0) revert AcknowledgedAlready(member);

        votes.members |= bit;
        _votes[successor] = votes;
        emit SuccessorAcknowledged(successor, member);
        if (_count(votes.members & ~_left) < threshold) return;
        (_closed, _successor) = (true, successor);
        emit Closed(successor);
    }

    function standing() external view returns (uint16 left, bool closed, address successor) {
        return (_left, _closed, _successor);
    }

    function hospital() external view returns (address) {
        return address(_hospital);
    }

    /* STEPS */

    /// Counts the vote of `member`, which the caller has checked. The k-th vote lets the case take effect.
    function _acknowledge(
        bytes32 id,
        Case memory c,
        uint256 threshold,
        address[] memory members,
        address member,
        uint16 acknowledged,
        uint24 keyChanges
    ) private {
        emit CaseAcknowledged(id, member);
        if (_count(acknowledged & ~_left) < threshold) {
            _cases[id].acknowledged = acknowledged;
            return;
        }
        uint16 reviewers = _all(members) & ~acknowledged & ~_concerned(members, c.patient, c.grantee);
        _cases[id] = State(Stage.Granted, acknowledged, reviewers, uint40(block.timestamp));
        if (reviewers != 0) _await(id, reviewers);
        _letIn(id, c, reviewers != 0, keyChanges);
    }

    function _letIn(bytes32 id, Case memory c, bool reviewIsDue, uint24 keyChanges) private {
        IHospitalRecord.Grant memory own = _requireOptedIn(c.patient, c.scope);
        // A new grant to the board does not cover cases that were opened before it.
        if (own.grantedAt > c.openedAt) revert NotOptedIn(c.patient, c.scope);
        uint40 until = uint40(block.timestamp) + c.duration;
        if (until > own.expiresAt) until = own.expiresAt;
        emit CaseGranted(id, c.patient, until, reviewIsDue);
        IHospitalRecord.Permission memory permission = IHospitalRecord.Permission({
            scope: c.scope,
            grantee: c.grantee,
            rights: READ,
            purpose: own.purpose,
            expiresAt: until,
            epoch: c.epoch,
            envelope: c.reason
        });
        _hospital.passOn(c.patient, permission, keyChanges);
    }

    /* GUARDS */

    function _requireForm(Case memory c) private view {
        if (c.grantee == address(0) || c.grantee == c.patient || c.grantee == address(this)) {
            revert InvalidGrantee(c.grantee);
        }
        // slither-disable-next-line incorrect-equality
        if (c.duration == 0 || c.duration > LONGEST) revert InvalidDuration(c.duration);
        // slither-disable-next-line incorrect-equality
        if (c.reason == 0) revert NoReason();
    }

    /// The account is a member without an overdue review, and the board is not closed.
    function _requireVoter(address[] memory members, address account) private view returns (uint16 bit) {
        bit = _requireMember(members, account);
        if (_closed) revert BoardClosed();
        _requireOwesNothing(account, bit);
    }

    function _requireOptedIn(address patient, bytes32 scope) private view returns (IHospitalRecord.Grant memory own) {
        own = _hospital.grantOf(patient, scope, address(this));
        // Rights are bits, not an amount.
        // slither-disable-next-line incorrect-equality
        bool enough = own.rights & (READ | DELEGATE) == READ | DELEGATE && own.expiresAt > block.timestamp;
        if (!enough || own.via != IHospitalRecord.Via.Patient) revert NotOptedIn(patient, scope);
    }
}
