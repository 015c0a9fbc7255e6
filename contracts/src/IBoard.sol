// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @title Board: k of n people must acknowledge before somebody is let in
/// @notice A board is an account on HospitalRecord that nobody holds a key of. A patient grants to it with READ |
/// DELEGATE, for emergencies with the purpose ETREAT; then k of its members together can pass that on, for hours, to
/// somebody who needs it, and everything they bring about is in the patient's journal.
///
/// THE BOARD
/// - Its members, their order and how many of them are needed (the *threshold*, k of n) are part of its address and never
///   change. `Boards` tells the address before the board exists. So a grant to a board is to these members and no others.
/// - `resign` takes a member's vote at once and for good, also from what it acknowledged and has not taken effect.
/// - To change anything else, k members name a *successor* within `WINDOW` of the first vote for it, another board or none.
///   From then on this one opens nothing: no case is opened, and none of the open ones takes effect. Patients grant to the
///   successor when they see fit; until then its members have nothing of theirs. What took effect stays until it ends.
///
/// A CASE
/// - A member opens it: of which patient, which scope, who is let in, for how long, and why. `reason` is the digest of a
///   block that is sealed to the patient and the members. The patient must have granted READ | DELEGATE on that very scope
///   to the board, and passings-on by others do not count. Opening is the opener's acknowledgement.
/// - Neither who is let in nor the patient acknowledges, though they may be members: opening is then no acknowledgement.
///   This is about accounts. Whether the account that is let in is the person it is said to be, the members answer for.
/// - Others acknowledge, each once, within `WINDOW` of the opening. With the k-th the case takes effect: the board passes
///   READ on, with the purpose of its own grant, until `duration` from then, or the end of its own grant if that is earlier.
///   The entry in the journal has `reason` where otherwise the digest of an envelope is. A later case of the same grantee
///   takes its place.
/// - Acknowledgements count while their members are members: what counts is who stands behind the case at that moment.
/// - The k-th is refused by HospitalRecord where the grantee has a live grant on the scope by another than the board, or is
///   barred. Let in an account that has none, or let it renounce that first.
/// - A case is named by its digest, `keccak256(abi.encode(...))` of all fields of `Case`, which the contract does not keep.
///
/// THE PATIENT
/// - Revoking the board's grant on HospitalRecord ends everything below it, and no case that was opened before a later grant
///   takes effect under it. Nobody can stop that when it is a signed revocation.
/// - `veto` ends one case, before it takes effect or after; the members may open another. The patient may do so, or the
///   proxy whom the patient appointed at this board; or anybody, with a signature of one of the two (EIP-712,
///   `Veto(bytes32 id)`). It has no nonce and no deadline, because a case is vetoed once and for good, so nothing that the
///   signer did elsewhere stops it. It is sent to `veto`, not to `relay`.
/// - The patient appoints the proxy, with `appoint`. The newest appointment holds. Two that are signed and outstanding can
///   come in any order: give them one nonce.
///
/// KEYS
/// Members `release` their shares of the keys to whom a case lets in once it took effect, any k of them: `share` is the
/// digest of a block that is sealed to that account.
/// This contract rules who is let in, not who has keys. A board's members hold shares of what the patient dealt to them, and
/// k of them who put their shares together can open it without any case. Who resigned still has a share, and so have the
/// members of a board that was closed or revoked: new keys, dealt to a new board, protect what is locked with them.
///
/// REVIEWS
/// - Every member who neither acknowledged a case nor was let in (nor is the patient) may review it, once it took effect.
///   `finding` is the digest of what the reviewer found, or zero for no objection. One review is due within `REVIEW`.
/// - From that second on, every member who could have reviewed it neither opens nor acknowledges anything, until one of
///   them has.
/// - Where all took part (as in k = n) nobody is left to review, and nothing is due.
/// - No case is held up by others that wait for their review. Of more than `MOST_UNREVIEWED` the oldest is let go: it is
///   owed no more, which an event tells, and can still be made.
///
/// SIGNED REQUESTS
/// `ISigned` tells how they are signed and sent. The domain's name is "HospitalRecordBoard", and its contract is the board:
/// each board counts nonces for itself. In `Acknowledge` the fields of the `Case` stand for it. The structs are
///
///     Open(address patient,bytes32 scope,address grantee,uint32 duration,bytes32 reason,uint16 epoch,uint24 keyChanges,~)
///     Acknowledge(address patient,bytes32 scope,address grantee,uint32 duration,bytes32 reason,uint16 epoch,
///                 address opener,uint40 openedAt,uint24 keyChanges,~)
///     Release(bytes32 id,bytes32 share,~)
///     Review(bytes32 id,bytes32 finding,~)
///     Resign(~)
///     AcknowledgeSuccessor(address successor,~)
///     Appoint(address proxy,~)
///     InvalidateNonces(~)                          where ~ is: address signer,uint256 nonce,uint256 deadline
///
/// without blanks or breaks. `openedAt` is the time of the block that opens the case, so the case's digest is known from
/// its event, not before.
///
/// WHAT IS PUBLIC
/// The members, every case with its patient, scope, times and who is let in, and who acknowledged, vetoed and reviewed it.
interface IBoard is ISigned {
    struct Case {
        address patient;
        bytes32 scope;
        address grantee; // who is let in
        uint32 duration; // seconds from the k-th acknowledgement
        bytes32 reason;
        uint16 epoch; // of the folder keys that the members hold shares of; 0 for a record
        address opener;
        uint40 openedAt; // seconds since 1970
    }

    enum Stage {
        None, // no such case
        Open,
        Granted,
        Vetoed
    }

    /// @notice A case that took effect and waits for its review.
    struct Waiting {
        bytes25 id; // the first bytes of the case's
        uint16 reviewers; // who may make it: members as bits from the lowest up
        uint40 due; // from this second on they owe it
    }

    /// @notice A member opened a case; `openedAt` is the block's time.
    event CaseOpened(
        bytes32 indexed id,
        address indexed patient,
        address indexed opener,
        bytes32 scope,
        address grantee,
        uint32 duration,
        bytes32 reason,
        uint16 epoch
    );

    /// @notice `member` acknowledged. A reader may assume that the case was open and that it was no second time.
    event CaseAcknowledged(bytes32 indexed id, address indexed member);

    /// @notice The k-th acknowledgement was made: a grant until `until` is in the patient's journal.
    event CaseGranted(bytes32 indexed id, address indexed patient, uint40 until, bool reviewIsDue);

    /// @notice `member` released its share to whom the case lets in. It may do so again: the newest counts.
    event ShareReleased(bytes32 indexed id, address indexed member, bytes32 share);

    /// @notice `by`, the patient or the patient's proxy, ended the case.
    event CaseVetoed(bytes32 indexed id, address indexed by);

    /// @notice `reviewer` reviewed the case. A reader may assume that it neither acknowledged it nor was let in.
    event CaseReviewed(bytes32 indexed id, address indexed reviewer, bytes32 finding);

    /// @notice So many wait for their review that this one, which begins with these bytes, is owed no longer.
    event ReviewLetGo(bytes25 id);

    /// @notice `member` resigned.
    event MemberResigned(address indexed member);

    /// @notice `member` wants the board to be followed by `successor`.
    event SuccessorAcknowledged(address indexed successor, address indexed member);

    /// @notice The board is closed. `successor` follows it; zero: none does.
    event Closed(address indexed successor);

    /// @notice `proxy` may veto cases of `patient`; zero: nobody but the patient may.
    event ProxyAppointed(address indexed patient, address indexed proxy);

    /// @notice The account is no member, or has left.
    error NotAMember(address account);
    /// @notice The board was closed.
    error BoardClosed();
    /// @notice A case lets somebody in other than the patient and the board.
    error InvalidGrantee(address grantee);
    /// @notice A case lasts between a second and `LONGEST`.
    error InvalidDuration(uint32 duration);
    /// @notice A reason is the digest of a block, never zero.
    error NoReason();
    /// @notice The patient has not granted READ | DELEGATE on this scope to this board, or it ended.
    error NotOptedIn(address patient, bytes32 scope);
    /// @notice Without those who left and the one who is let in, fewer members remain than are needed.
    error TooFewMembers(uint256 remaining, uint256 needed);
    /// @notice The very same case was opened in this second.
    error CaseExists(bytes32 id);
    /// @notice There is no such case, or it is at another stage.
    error NotAtStage(bytes32 id, Stage stage, Stage needed);
    /// @notice The case was to be acknowledged before `until`. Both in seconds since 1970.
    error WindowClosed(uint256 until, uint256 time);
    /// @notice The member has acknowledged this already.
    error AcknowledgedAlready(address member);
    /// @notice Neither who is let in by a case nor its patient acknowledges it.
    error OwnCase(address member);
    /// @notice The member could have reviewed the case that begins with these bytes, and nobody did in time.
    error ReviewOwed(address member, bytes25 id);
    /// @notice The case has not taken effect, or the member took part in it or has reviewed it already.
    error NotForReview(bytes32 id, address member);
    /// @notice Neither the patient nor the patient's proxy.
    error NotEntitled(address account);

    /// @notice Opens a case, which is the caller's acknowledgement. With a threshold of one it takes effect.
    /// @param duration Seconds, from when it takes effect.
    /// @param reason SHA-256 of the block that tells why.
    /// @param epoch Of the folder keys that the members hold shares of; 0 for a record.
    /// @param keyChanges The patient's count of key changes, as the caller has seen it; it matters to the k-th alone.
    /// @return id What the case is called.
    function open(
        address patient,
        bytes32 scope,
        address grantee,
        uint32 duration,
        bytes32 reason,
        uint16 epoch,
        uint24 keyChanges
    ) external returns (bytes32 id);

    /// @notice Acknowledges a case; `keyChanges` as in `open`.
    function acknowledge(Case calldata c, uint24 keyChanges) external;

    /// @notice Tells whom a case let in where the caller's share of the keys is.
    /// @param share SHA-256 of the block that holds it.
    function release(bytes32 id, bytes32 share) external;

    /// @notice Ends a case. `by` is the patient or the patient's proxy; it is the caller, or signed.
    function veto(Case calldata c, address by, bytes calldata signature) external;

    /// @notice Says what the caller thinks of a case that took effect.
    function review(bytes32 id, bytes32 finding) external;

    /// @notice The caller is a member no longer.
    function resign() external;

    /// @notice Acknowledges that `successor` follows this board, or that none does. With the k-th the board is closed.
    function acknowledgeSuccessor(address successor) external;

    /// @notice Appoints who may veto cases of the caller beside the caller; zero: nobody.
    function appoint(address proxy) external;

    /// @notice How many members are needed, and all of them in order, with those who left.
    function board() external view returns (uint256 threshold, address[] memory members);

    /// @notice The members who left, as bits from the lowest up; whether the board is closed, and who follows it.
    function standing() external view returns (uint16 left, bool closed, address successor);

    /// @notice At which stage a case is, who acknowledged it and who may still review it, as bits.
    function caseOf(bytes32 id) external view returns (Stage stage, uint16 acknowledged, uint16 reviewers);

    /// @notice The cases of which a review is due or owed, in no order.
    function unreviewed() external view returns (Waiting[] memory);

    /// @notice Whom the patient appointed, zero when nobody.
    function proxyOf(address patient) external view returns (address);

    /// @notice The `HospitalRecord` that the board is an account of.
    function hospital() external view returns (address);
}
