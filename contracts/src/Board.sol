// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IHospitalRecord, READ, DELEGATE} from "./IHospitalRecord.sol";
import {IBoard} from "./IBoard.sol";

/// @dev So long a case can be acknowledged, and a successor.
uint256 constant WINDOW = 1 days;
/// @dev The longest that a case lets somebody in.
uint256 constant LONGEST = 1 days;
/// @dev From taking effect so long a case waits for its review before that is owed.
uint256 constant REVIEW = 7 days;
/// @dev Bounds the gas of looking for what a member owes.
uint256 constant MOST_UNREVIEWED = 16;

/// @title Board
/// @notice `IBoard` is the manual. Each board is a clone (ERC-1167) of this contract with its members behind its code;
/// `Boards` makes them.
contract Board is IBoard {
    bytes32 private constant DOMAIN =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant NAME = keccak256("HospitalRecordBoard");
    bytes32 private constant VERSION = keccak256("1");
    bytes32 private constant VETO = keccak256("Veto(bytes32 id)");
    bytes32 private constant APPOINT =
        keccak256("Appoint(address patient,address proxy,uint256 nonce,uint256 deadline)");

    struct State {
        Stage stage;
        uint16 acknowledged;
        uint16 reviewers; // who may still review it
        uint40 grantedAt;
    }

    struct Votes {
        uint16 members;
        uint40 until;
    }

    struct Proxy {
        address account;
        uint96 nonce;
    }

    IHospitalRecord private immutable _hospital;

    mapping(bytes32 id => State) private _cases;
    mapping(address patient => Proxy) public proxyOf;
    mapping(address successor => Votes) private _votes;
    Waiting[] private _unreviewed;
    uint16 private _left;
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
        uint16 bit = _requireVoter(members);
        if (grantee == address(0) || grantee == patient || grantee == address(this)) revert InvalidGrantee(grantee);
        if (duration == 0 || duration > LONGEST) revert InvalidDuration(duration);
        if (reason == 0) revert NoReason();
        _requireOptedIn(patient, scope);
        uint256 voters = _count(_all(members) & ~_concerned(members, patient, grantee));
        if (voters < threshold) revert TooFewMembers(voters, threshold);

        Case memory c = Case(patient, scope, grantee, duration, reason, epoch, msg.sender, uint40(block.timestamp));
        id = keccak256(abi.encode(c));
        if (_cases[id].stage != Stage.None) revert CaseExists(id);
        _cases[id].stage = Stage.Open;
        emit CaseOpened(id, patient, msg.sender, scope, grantee, duration, reason, epoch);
        if (msg.sender != grantee && msg.sender != patient) _acknowledge(id, c, threshold, members, bit, keyChanges);
    }

    function acknowledge(Case memory c, uint24 keyChanges) external {
        (uint256 threshold, address[] memory members) = board();
        uint16 bit = _requireVoter(members);
        bytes32 id = keccak256(abi.encode(c));
        State memory state = _cases[id];
        if (state.stage != Stage.Open) revert NotAtStage(id, state.stage, Stage.Open);
        uint256 until = c.openedAt + WINDOW;
        if (block.timestamp >= until) revert WindowClosed(until, block.timestamp);
        if (msg.sender == c.grantee || msg.sender == c.patient) revert OwnCase(msg.sender);
        if (state.acknowledged & bit != 0) revert AcknowledgedAlready(msg.sender);

        _acknowledge(id, c, threshold, members, state.acknowledged | bit, keyChanges);
    }

    function release(bytes32 id, bytes32 share) external {
        (, address[] memory members) = board();
        // Which member it is does not matter.
        // slither-disable-next-line unused-return
        _requireMember(members);
        Stage stage = _cases[id].stage;
        if (stage != Stage.Granted) revert NotAtStage(id, stage, Stage.Granted);
        emit ShareReleased(id, msg.sender, share);
    }

    function veto(Case memory c, address by, bytes calldata signature) external {
        if (by != c.patient && (by == address(0) || by != proxyOf[c.patient].account)) revert NotEntitled(by);
        bytes32 id = keccak256(abi.encode(c));
        _requireActOf(by, keccak256(abi.encode(VETO, id)), signature);
        State memory state = _cases[id];
        if (state.stage == Stage.None || state.stage == Stage.Vetoed) revert NotAtStage(id, state.stage, Stage.Open);

        _cases[id].stage = Stage.Vetoed;
        emit CaseVetoed(id, by);
        if (state.stage == Stage.Open) return;
        IHospitalRecord.Grant memory held = _hospital.grantOf(c.patient, c.scope, c.grantee);
        // What a later case gave is not this one's.
        bool stands = held.giver == address(this) && held.grantedAt == state.grantedAt;
        if (stands && held.expiresAt > block.timestamp) _hospital.withdraw(c.patient, c.scope, c.grantee);
    }

    function review(bytes32 id, bytes32 finding) external {
        (, address[] memory members) = board();
        uint16 bit = _requireMember(members);
        uint16 reviewers = _cases[id].reviewers;
        if (reviewers & bit == 0) revert NotForReview(id, msg.sender);

        _cases[id].reviewers = reviewers & ~bit;
        emit CaseReviewed(id, msg.sender, finding);
        uint256 count = _unreviewed.length;
        for (uint256 i; i < count; ++i) {
            if (_unreviewed[i].id != bytes25(id)) continue;
            _unreviewed[i] = _unreviewed[count - 1];
            // Once: it returns.
            // slither-disable-next-line costly-loop
            _unreviewed.pop();
            return;
        }
    }

    /* THE BOARD ITSELF */

    function resign() external {
        (, address[] memory members) = board();
        _left |= _requireMember(members);
        emit MemberResigned(msg.sender);
    }

    /// Zero: nobody follows.
    // slither-disable-next-line missing-zero-check
    function acknowledgeSuccessor(address successor) external {
        (uint256 threshold, address[] memory members) = board();
        uint16 bit = _requireVoter(members);
        Votes memory votes = _votes[successor];
        if (block.timestamp >= votes.until) votes = Votes(0, uint40(block.timestamp + WINDOW));
        if (votes.members & bit != 0) revert AcknowledgedAlready(msg.sender);

        votes.members |= bit;
        _votes[successor] = votes;
        emit SuccessorAcknowledged(successor, msg.sender);
        if (_count(votes.members & ~_left) < threshold) return;
        (_closed, _successor) = (true, successor);
        emit Closed(successor);
    }

    function appoint(address patient, address proxy, uint256 deadline, bytes calldata signature) external {
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, block.timestamp);
        Proxy storage appointed = proxyOf[patient];
        bytes32 structHash = keccak256(abi.encode(APPOINT, patient, proxy, appointed.nonce, deadline));
        _requireActOf(patient, structHash, signature);
        ++appointed.nonce;
        appointed.account = proxy;
        emit ProxyAppointed(patient, proxy);
    }

    /* VIEWS */

    function board() public view returns (uint256 threshold, address[] memory members) {
        return abi.decode(Clones.fetchCloneArgs(address(this)), (uint256, address[]));
    }

    function standing() external view returns (uint16 left, bool closed, address successor) {
        return (_left, _closed, _successor);
    }

    function caseOf(bytes32 id) external view returns (Stage stage, uint16 acknowledged, uint16 reviewers) {
        State memory state = _cases[id];
        return (state.stage, state.acknowledged, state.reviewers);
    }

    function unreviewed() external view returns (Waiting[] memory) {
        return _unreviewed;
    }

    function hospital() external view returns (address) {
        return address(_hospital);
    }

    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        (fields, name, version) = (hex"0f", "HospitalRecordBoard", "1");
        (chainId, verifyingContract) = (block.chainid, address(this));
        (salt, extensions); // none
    }

    /* STEPS */

    /// The caller, who may, is the last of those who stand behind the case; with the k-th it takes effect.
    function _acknowledge(
        bytes32 id,
        Case memory c,
        uint256 threshold,
        address[] memory members,
        uint16 acknowledged,
        uint24 keyChanges
    ) private {
        emit CaseAcknowledged(id, msg.sender);
        if (_count(acknowledged & ~_left) < threshold) {
            _cases[id].acknowledged = acknowledged;
            return;
        }
        uint16 reviewers = _all(members) & ~acknowledged & ~_concerned(members, c.patient, c.grantee);
        _cases[id] = State(Stage.Granted, acknowledged, reviewers, uint40(block.timestamp));
        if (reviewers != 0) _await(id, reviewers);
        _letIn(id, c, reviewers != 0, keyChanges);
    }

    /// No case waits because others wait for their reviews: lives may hang on it.
    function _await(bytes32 id, uint16 reviewers) private {
        Waiting memory waiting = Waiting(bytes25(id), reviewers, uint40(block.timestamp + REVIEW));
        if (_unreviewed.length < MOST_UNREVIEWED) {
            _unreviewed.push(waiting);
            return;
        }
        // Begins with the first.
        // slither-disable-next-line uninitialized-local
        uint256 oldest;
        for (uint256 i = 1; i < MOST_UNREVIEWED; ++i) {
            if (_unreviewed[i].due < _unreviewed[oldest].due) oldest = i;
        }
        emit ReviewLetGo(_unreviewed[oldest].id);
        _unreviewed[oldest] = waiting;
    }

    function _letIn(bytes32 id, Case memory c, bool reviewIsDue, uint24 keyChanges) private {
        IHospitalRecord.Grant memory own = _requireOptedIn(c.patient, c.scope);
        // Whoever grants to the board anew has not granted to what was opened before.
        if (own.grantedAt > c.openedAt) revert NotOptedIn(c.patient, c.scope);
        uint40 until = uint40(block.timestamp) + c.duration;
        if (until > own.expiresAt) until = own.expiresAt;
        emit CaseGranted(id, c.patient, until, reviewIsDue);
        _hospital.passOn(
            c.patient,
            IHospitalRecord.Permission(c.scope, c.grantee, READ, own.purpose, c.reason, c.epoch, until),
            keyChanges
        );
    }

    /* GUARDS */

    function _requireMember(address[] memory members) private view returns (uint16 bit) {
        bit = _bitOf(members, msg.sender) & ~_left;
        if (bit == 0) revert NotAMember(msg.sender);
    }

    /// The caller is a member of a board that is open, and owes nothing.
    function _requireVoter(address[] memory members) private view returns (uint16 bit) {
        bit = _requireMember(members);
        if (_closed) revert BoardClosed();
        uint256 count = _unreviewed.length;
        for (uint256 i; i < count; ++i) {
            Waiting memory waiting = _unreviewed[i];
            if (waiting.due <= block.timestamp && waiting.reviewers & bit != 0) {
                revert ReviewOwed(msg.sender, waiting.id);
            }
        }
    }

    function _requireOptedIn(address patient, bytes32 scope) private view returns (IHospitalRecord.Grant memory own) {
        own = _hospital.grantOf(patient, scope, address(this));
        // Rights are bits, and no amount.
        // slither-disable-next-line incorrect-equality
        bool enough = own.rights & (READ | DELEGATE) == READ | DELEGATE && own.expiresAt > block.timestamp;
        if (!enough || own.via != IHospitalRecord.Via.Patient) revert NotOptedIn(patient, scope);
    }

    /// Tries the key before the code: an account that delegates (EIP-7702) has both, and its code may know no signatures.
    function _requireActOf(address account, bytes32 structHash, bytes calldata signature) private view {
        if (msg.sender == account) return;
        bytes32 domain = keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid, address(this)));
        bytes32 digest = MessageHashUtils.toTypedDataHash(domain, structHash);
        // What the error is says nothing more: with any, nobody is recovered.
        // slither-disable-next-line unused-return
        (address recovered,,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (recovered == account && account != address(0)) return;
        if (!SignatureChecker.isValidERC1271SignatureNowCalldata(account, digest, signature)) {
            revert InvalidSignature(account);
        }
    }

    /* MEMBERS AS BITS */

    function _all(address[] memory members) private view returns (uint16) {
        return uint16((1 << members.length) - 1) & ~_left;
    }

    /// Members who have no say in a case, because it is about them.
    function _concerned(address[] memory members, address patient, address grantee) private pure returns (uint16) {
        return _bitOf(members, patient) | _bitOf(members, grantee);
    }

    function _bitOf(address[] memory members, address account) private pure returns (uint16) {
        for (uint256 i; i < members.length; ++i) {
            if (members[i] == account) return uint16(1 << i);
        }
        return 0;
    }

    function _count(uint16 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) {
            ++count;
        }
    }
}
