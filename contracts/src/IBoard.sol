// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @title Board: k of n people must acknowledge before an account gets access
/// @notice A board is an account on HospitalRecord without a key. A patient grants READ | DELEGATE to it, for
/// emergencies with the purpose ETREAT. Then k of its members together can give an account READ, for a day at most.
/// Every grant of the board is in the patient's journal.
///
/// THE BOARD
/// - The members, their order and the *threshold* k are part of the board's address and never change. `Boards` computes
///   the address before the board exists. So a grant to a board is a grant to these members and no others.
/// - `resign` ends a member's vote at once and for good. Its earlier acknowledgements no longer count in a case that
///   has not taken effect.
/// - To change the members, k members name a *successor* (another board, or none) within `WINDOW` of the first vote for
///   it. The board is then *closed*: nobody can open a case, and no open case takes effect. Cases that took effect
///   continue until they end. The successor has no access until patients grant to it.
///
/// A CASE
/// - A member opens a case. It names the patient, the scope, the account that gets access, the duration and the reason.
///   `reason` is the digest of a block that is sealed to the patient and the members.
/// - The patient must have granted READ | DELEGATE on exactly that scope to the board. A grant by a delegate does not
///   count.
/// - Opening a case also acknowledges it, unless the opener is its grantee or patient. These two may be members, but
///   they cannot acknowledge. The rule is about accounts: the members answer for the identity of the person behind the
///   grantee.
/// - Other members acknowledge, each once, within `WINDOW` of the opening.
/// - With the k-th acknowledgement the case takes effect: the board delegates READ to the grantee, with the purpose of
///   its own grant. Access lasts `duration` from then, or until the board's own grant ends, if that is earlier.
/// - In the journal, the entry has `reason` in place of the digest of an envelope. A later case replaces the same
///   grantee's earlier access.
/// - Only acknowledgements of current members count at that moment.
/// - HospitalRecord refuses the k-th acknowledgement if the grantee has a live grant on the scope from another giver,
///   or is barred. In the first case, choose an account without such a grant, or let the grantee renounce it first.
/// - The id of a case is the digest of all fields of `Case`, `keccak256(abi.encode(...))`. The contract does not store
///   the fields.
///
/// THE PATIENT
/// - A patient who revokes the board's grant on HospitalRecord ends all access below it. If the patient grants to the
///   board again, no case that was opened before takes effect under the new grant. Nobody can stop a signed revocation.
/// - `veto` ends one case, before or after it takes effect. The members may open another.
/// - The patient may veto, and so may the *proxy* whom the patient appointed at this board. Anybody may carry a veto
///   that one of the two signed (EIP-712, `Veto(bytes32 id)`). Send it to `veto`, not to `relay`.
/// - A signed veto has no nonce and no deadline, because a veto is final. No other request of the signer can invalidate
///   it. A proxy's veto counts only while the appointment holds.
/// - The patient appoints the proxy with `appoint`. The newest appointment holds. Give the same nonce to signed
///   appointments that are outstanding together; otherwise the relay chooses their order.
///
/// KEYS
/// When a case has taken effect, members `release` their shares of the keys to its grantee. Any k of them are enough.
/// `share` is the digest of a block that is sealed to the grantee.
///
/// This contract controls access, not keys. The members hold shares of the keys that the patient dealt to them. Any k
/// members who combine their shares can decrypt without a case. Members who resigned keep their shares, and so do the
/// members of a closed or revoked board. Only new keys, dealt to a new board, protect the records locked with them.
///
/// REVIEWS
/// - After a case took effect, the members who did not take part may review it. Members who acknowledged it, its
///   grantee and its patient may not. `finding` is the digest of the reviewer's finding, or zero for no objection.
/// - One review is due within `REVIEW`. After that, none of these members can open or acknowledge anything until one of
///   them has reviewed the case.
/// - If all members took part, as in k = n, no review is due.
/// - A pending review never delays another case. If more than `MOST_UNREVIEWED` reviews are pending, the oldest is
///   dropped with an event: it is no longer due, but still possible.
///
/// SIGNED REQUESTS
/// `ISigned` explains how requests are signed and relayed. The domain's name is "HospitalRecordBoard", and its contract
/// is the board. In `Acknowledge`, the fields of the `Case` replace it. The structs are
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
/// without blanks or breaks. `openedAt` is the time of the block that opens the case. So the id of a case is known from
/// its event, not before.
///
/// PUBLIC DATA
/// Everybody can read the members, and of every case the patient, the scope, the times, the grantee, and the members
/// who acknowledged and reviewed it. A veto names the patient or the proxy.
interface IBoard is ISigned {
    struct Case {
        address patient;
        bytes32 scope;
        address grantee; // the account that gets access
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

    /// @notice A case that took effect and whose review is pending.
    struct Waiting {
        bytes25 id; // the first 25 bytes of the case's id
        uint16 reviewers; // members who may review it, as bits from the lowest up
        uint40 due; // from this second on the review is overdue
    }

    /// @notice `opener`, a member, opened a case. Its `openedAt` is the block's time. A reader may assume that the
    /// patient had granted READ | DELEGATE on the scope to the board.
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

    /// @notice `member` acknowledged the case, once. A reader may assume that the case was open and that the member is
    /// neither its grantee nor its patient.
    event CaseAcknowledged(bytes32 indexed id, address indexed member);

    /// @notice The case took effect. A reader may assume that an entry of the patient's journal grants access to its
    /// grantee until `until`, but not that the grant still stands.
    event CaseGranted(bytes32 indexed id, address indexed patient, uint40 until, bool reviewIsDue);

    /// @notice `member` released its share to the case's grantee. A reader may assume that the case had taken effect
    /// and was not vetoed, but not that the share is correct. A member may release again: the newest share counts.
    event ShareReleased(bytes32 indexed id, address indexed member, bytes32 share);

    /// @notice `by`, the patient or the patient's proxy, ended the case. A reader may assume that access by this case
    /// has ended.
    event CaseVetoed(bytes32 indexed id, address indexed by);

    /// @notice `reviewer` reviewed the case. A reader may assume that the reviewer did not acknowledge the case and is
    /// neither its grantee nor its patient.
    event CaseReviewed(bytes32 indexed id, address indexed reviewer, bytes32 finding);

    /// @notice Too many reviews are pending, so the review of the case whose id begins with `id` is no longer due.
    event ReviewLetGo(bytes25 id);

    /// @notice `member` resigned. Its vote no longer counts.
    event MemberResigned(address indexed member);

    /// @notice `member` voted for `successor` as the successor of this board; zero: for none.
    event SuccessorAcknowledged(address indexed successor, address indexed member);

    /// @notice The board is closed. `successor` is its successor; zero: it has none. The contract does not check that
    /// the successor is a board.
    event Closed(address indexed successor);

    /// @notice `proxy` may veto cases of `patient`; zero: only the patient may.
    event ProxyAppointed(address indexed patient, address indexed proxy);

    /// @notice The account is not a member, or has resigned.
    error NotAMember(address account);
    /// @notice The board is closed. Ask its successor: see `standing`.
    error BoardClosed();
    /// @notice The grantee is the zero address, the patient or the board. Choose another account.
    error InvalidGrantee(address grantee);
    /// @notice The duration is zero or longer than `LONGEST`. Choose one in between.
    error InvalidDuration(uint32 duration);
    /// @notice The reason is zero. Name the digest of a block.
    error NoReason();
    /// @notice The board has no live grant with READ | DELEGATE by the patient on this scope, or the patient gave it
    /// after the case was opened. In the second case, open a new case.
    error NotOptedIn(address patient, bytes32 scope);
    /// @notice Fewer than `needed` members can acknowledge: members who resigned, the grantee and the patient cannot.
    error TooFewMembers(uint256 remaining, uint256 needed);
    /// @notice The same opener opened the same case in this second. Use that case.
    error CaseExists(bytes32 id);
    /// @notice The case is at `stage`, and the verb needs `needed`. `veto` also takes a case that is granted.
    error NotAtStage(bytes32 id, Stage stage, Stage needed);
    /// @notice The case could be acknowledged before `until` only. Both are in seconds since 1970. Open a new case.
    error WindowClosed(uint256 until, uint256 time);
    /// @notice The member already acknowledged this case or successor. Nothing more is needed.
    error AcknowledgedAlready(address member);
    /// @notice The grantee and the patient of a case cannot acknowledge it. Another member must.
    error OwnCase(address member);
    /// @notice The review of the case whose id begins with `id` is overdue. This member, or another of its reviewers,
    /// must review it first.
    error ReviewOwed(address member, bytes25 id);
    /// @notice The member cannot review this case: it has not taken effect, concerns the member, or the member already
    /// acknowledged or reviewed it.
    error NotForReview(bytes32 id, address member);
    /// @notice The account is neither the patient nor the patient's proxy. Only they may veto.
    error NotEntitled(address account);

    /// @notice Opens a case and acknowledges it, unless the caller is its grantee or patient. With a threshold of one,
    /// the acknowledgement lets the case take effect.
    /// @param duration Seconds from when the case takes effect.
    /// @param reason SHA-256 of the block that gives the reason.
    /// @param epoch Of the folder keys that the members hold shares of; 0 for a record.
    /// @param keyChanges The patient's count of key changes that the caller saw. Only the k-th acknowledgement checks
    /// it.
    /// @return id The id of the case.
    function open(
        address patient,
        bytes32 scope,
        address grantee,
        uint32 duration,
        bytes32 reason,
        uint16 epoch,
        uint24 keyChanges
    ) external returns (bytes32 id);

    /// @notice Acknowledges a case. `keyChanges` is as in `open`.
    function acknowledge(Case calldata c, uint24 keyChanges) external;

    /// @notice Releases the caller's share of the keys to the grantee of a case that took effect.
    /// @param share SHA-256 of the block that holds the share.
    function release(bytes32 id, bytes32 share) external;

    /// @notice Ends a case. `by` is the patient or the patient's proxy. If `by` is not the caller, `signature` is by
    /// `by`.
    function veto(Case calldata c, address by, bytes calldata signature) external;

    /// @notice Reviews a case that took effect. `finding` is the digest of the finding, or zero for no objection.
    function review(bytes32 id, bytes32 finding) external;

    /// @notice Ends the caller's membership for good.
    function resign() external;

    /// @notice Votes for `successor` as the successor of this board; zero: none. The k-th vote closes the board.
    function acknowledgeSuccessor(address successor) external;

    /// @notice Lets `proxy`, beside the caller, veto cases of the caller as the patient; zero: nobody.
    function appoint(address proxy) external;

    /// @notice The threshold, and all members in order, including those who resigned.
    function board() external view returns (uint256 threshold, address[] memory members);

    /// @notice The members who resigned, as bits from the lowest up; whether the board is closed; its successor, or
    /// zero.
    function standing() external view returns (uint16 left, bool closed, address successor);

    /// @notice The stage of a case; the members who acknowledged it, and those who may still review it, as bits.
    function caseOf(bytes32 id) external view returns (Stage stage, uint16 acknowledged, uint16 reviewers);

    /// @notice The cases whose review is pending or overdue, in no order.
    function unreviewed() external view returns (Waiting[] memory);

    /// @notice The patient's proxy, or zero.
    function proxyOf(address patient) external view returns (address);

    /// @notice The `HospitalRecord` on which the board is an account.
    function hospital() external view returns (address);
}
