// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @dev The rights of a grant; it may carry several. Read: open what is in the scope.
uint8 constant READ = 1;
/// @dev Contribute: add to the folder, and move on what one added oneself.
uint8 constant CONTRIBUTE = 2;
/// @dev Delegate: pass on what the grant gives.
uint8 constant DELEGATE = 4;
/// @dev Attest: vouch as a professional for what is in the folder.
uint8 constant ATTEST = 8;

/// @title HospitalRecord: whose records exist, who may read them, and a history nobody can shorten
/// @notice A patient owns their records. Files are encrypted on the owner's machine and stored elsewhere; this
/// contract holds what has to be agreed on: that a record exists, who wrote it, who was given access, and when that
/// ended. It holds no names, no file types, no keys and nothing that is derived from a plaintext.
///
/// This file is the manual, with `ISigned` for what all contracts here share. Whoever reads them and the events of the
/// contract can check every statement without any other program.
///
/// WHO IS WHO
/// - Every account is the *patient* of its own records. No role, owner or administrator stands above it.
/// - An account with a live grant that carries `CONTRIBUTE` on a folder may add records to that folder.
/// - An account with a live grant that carries `READ` on a folder or a record may log that it reads.
/// - An account with a live grant that carries `DELEGATE` on a folder or a record may pass on what that grant gives.
/// - An account with a live grant that carries `ATTEST` on a folder may attest its records. The patient may not, unlike
///   all else: an attestation is the word of another. An author with that right may attest its own: readers see both.
///   See ATTESTATIONS.
///
/// WHAT HOLDS FOR EVER
/// 1. A grant on a patient's scope comes into being only by an act of the patient, or of an account that the patient let
///    pass on, and within the bounds of what that account has. It ends by an act of the patient, of its giver or of its
///    grantee, with the grant it was passed on from, or by time.
/// 2. A record (author, id) is added at most once per patient and never moves. No transaction of another account can
///    occupy, change or block it.
/// 3. All state can be rebuilt from the events, exactly.
/// 4. The patient's revocation succeeds whatever others have done before it. One that bars its grantee keeps it out of
///    that scope until the patient grants to it again.
/// 5. The gas of a call does not grow with the number of records, grants or journal entries.
///
/// THE JOURNAL
/// Every change appends one entry to the journal of the patient it concerns, and every event is one entry. The head
/// of a journal is one word:
///
///     head = bytes24(link) | uint40(block.number) | uint24(keyChanges)            (high bits first)
///     link = keccak256(abi.encode(previous, block.timestamp, topic0, <all event fields except previous, in order>))
///
/// In every event the indexed fields come first and `previous`, the head before it, comes last. So, without knowing the
/// event, link = keccak256(previous, block.timestamp, the log's topics, the log's data except its last word). Who knows
/// a head can check that the events between zero and this head are all there were: none hidden, added, changed,
/// re-ordered or re-dated. The block number says where the entry before an entry is found.
///
/// KEY CHANGES
/// `keyChanges` counts the acts of the patient after which folder keys must move on: every revocation, every
/// rotation, and every grant that takes the place of one that has not expired and that either is lowered by it (a right
/// less, an earlier end) or carries `DELEGATE` (what was passed on from it ends). What others do is not counted. It
/// wraps at 2^24; compare it with `!=`. Whoever adds a record, grants, passes on or rotates names the count it has seen,
/// and is refused when the count has moved. So no record lands after a revocation that is locked with a key which the
/// revoked account holds, and no envelope with keys from before it.
///
/// SCOPES
/// A grant is on a scope: a folder, `bytes32(uint256(folder))` with 0 < folder < 2^40, or one record,
/// `keccak256(abi.encode(author, id))`, called its *key*. A grant on a folder carries any of the rights, one on a record
/// READ, or READ | DELEGATE.
///
/// PASSING ON
/// An account may pass on what a live grant of its own gives when that carries `DELEGATE`: on the same scope, or from a
/// folder on one of its records. What it passes on is never more than it has: no right more (a record in a folder: READ
/// needs READ), no later end, the same purpose; and at most three passings-on below the patient's grant. It takes the
/// place of nothing that the patient or another delegate gave and that is live, nor of a bar.
///
/// A grant of the patient is live until it expires. A grant that was passed on is live until it expires and only while
/// its giver's grant, on the scope that `via` tells, is live, covers it as above, and was not given after it (in the same
/// second is not after). So when a grant ends, or is given anew, everything below it is dead at once, without a list,
/// and for good. A check looks at no more than three grants above one, so no chain makes it cost more.
///
/// BARS
/// A revocation may bar its grantee from the scope: a mark stays in the place of the grant (giver = the patient,
/// via = Barred, all else zero), which no delegate can overwrite and only a grant of the patient lifts; another
/// revocation, barring or not, leaves it there. Without a bar a delegate whom the patient left in place may give again.
/// A bar on a folder also keeps delegates from giving the account single records of it; what the account had on single
/// records before is ended by revocations of its own. A bar on a record does not reach its folder.
///
/// ATTESTATIONS
/// Several accounts may attest a record, each once. `attestations` counts them, and `hasAttested` tells who did. An
/// account to which a delegate passed ATTEST on is refused when the record has 16. An account to which the patient gave
/// ATTEST is refused only when the record has 255. So a delegate that makes accounts keeps out nobody whom the patient
/// chose. The count says nothing of whose word counts: a reader chooses whom to believe. An attestation outlives the
/// grant and the record's status.
///
/// CHECKPOINTS
/// A patient may record the digest of a block that sums up the journal so far, such as a list of what is live. The
/// contract keeps the newest, and does not know what is in it. A reader who walks the journal learns whether it is true.
///
/// SIGNED REQUESTS
/// Every verb but `revoke` and `revokeMany` has a signed form. `ISigned` tells how requests are signed, sent and ended.
/// A struct has the verb's arguments in order. In `Grant` and `PassOn` the fields of the `Permission` stand for it.
///
///     SetProfile(bytes32 profile,~)
///     Checkpoint(bytes32 digest,~)
///     AddRecord(address patient,uint40 folder,bytes32 id,uint24 keyChanges,~)
///     AddRecords(address patient,uint40 folder,bytes32[] ids,uint24 keyChanges,~)
///     Replace(address patient,bytes32 key,bytes32 id,uint24 keyChanges,~)
///     SetStatus(address patient,bytes32 key,uint8 status,~)
///     Attest(address patient,bytes32 key,~)
///     Grant(bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope,
///           uint24 keyChanges,~)
///     GrantMany(Permission[] permissions,uint24 keyChanges,~)Permission(bytes32 scope,address grantee,uint8 rights,
///           uint8 purpose,uint40 expiresAt,uint16 epoch,bytes32 envelope)
///     PassOn(address patient,bytes32 scope,address grantee,uint8 rights,uint8 purpose,uint40 expiresAt,uint16 epoch,
///           bytes32 envelope,uint24 keyChanges,~)
///     Rotate(uint40 folder,uint16 epoch,bytes32 keyring,uint24 keyChanges,~)
///     Renounce(address patient,bytes32 scope,~)
///     Withdraw(address patient,bytes32 scope,address grantee,~)
///     LogAccess(address patient,bytes32 key,uint8 purpose,bytes32 note,~)
///     LogAccesses(address patient,bytes32[] keys,uint8 purpose,bytes32 note,~)
///     InvalidateNonces(~)                          where ~ is: address signer,uint256 nonce,uint256 deadline
///
/// without blanks or breaks. The domain's name is "HospitalRecord". Series and nonces are no part of the journal (rule 3).
/// Requests that carry keys (grants, additions) name a count of key changes: a revocation ends all signed before it.
///
/// A signed revocation (`revokeSigned`) cannot be stopped. The patient signs
///
///     Revoke(bytes32 scope,address grantee,uint16 epoch,bytes32 keyring,bool barred,address patient,uint40 grantedUpTo,
///           uint24 keyChanges)
///
/// It has no nonce and no deadline, and must bar. It ends whatever the grantee has on the scope, whoever gave it and
/// whenever, except a grant by the patient of after `grantedUpTo`. So no delegate and no other request of the patient can
/// kill it, and while a later grant by the patient stands there it is worthless. Name the present, or the last deadline
/// of the grants to this grantee that are signed and still outstanding, else a relay may carry those out first. Each is
/// made once: after that everybody has the signature. With an outdated `keyChanges` the keyring is recorded as zero, as
/// in `revoke`.
///
/// WHAT IS PUBLIC
/// Accounts, which account has which rights on which scope of which patient, purposes, times, and that records exist
/// in a folder whose number says nothing. Use an account per relation, or a permissioned chain, where that is too much.
interface IHospitalRecord is ISigned {
    /// @notice FHIR DocumentReference.status. It only ever moves to the right.
    enum Status {
        None, // no such record
        Current,
        Superseded,
        EnteredInError
    }

    /// @notice HL7 v3 PurposeOfUse.
    enum Purpose {
        TREAT, // treatment
        ETREAT, // emergency treatment
        BTG, // break the glass
        CAREMGT, // care management
        CLINTRCH, // clinical trial research
        FAMRQT, // family requested
        HLEGAL, // legal
        HOPERAT, // healthcare operations
        HPAYMT, // healthcare payment
        HRESCH, // healthcare research
        PATRQT, // patient requested
        PUBHLTH // public health
    }

    struct Record {
        address author; // who added it
        uint40 addedAt; // seconds since 1970
        uint40 folder; // never 0
        Status status; // None when there is no such record
        uint8 attestations; // how many accounts attested it
    }

    /// @notice By which grant the giver of a grant had the right to give it.
    enum Via {
        Patient, // none: it is the patient
        Scope, // the giver's own on the same scope
        Folder, // the giver's own on the folder of the record
        Barred // no grant at all: nobody but the patient may give one
    }

    struct Grant {
        address giver; // zero when there is no grant
        uint40 expiresAt; // not live from this second on; type(uint40).max has no end
        uint40 grantedAt; // seconds since 1970
        uint8 rights; // READ | CONTRIBUTE | DELEGATE | ATTEST
        Purpose purpose;
        Via via;
    }

    /// @notice What `grant` and `passOn` take.
    struct Permission {
        bytes32 scope;
        address grantee;
        uint8 rights;
        Purpose purpose;
        uint40 expiresAt; // seconds since 1970; type(uint40).max has no end
        uint16 epoch; // of the folder keys in the envelope; 0 for a record
        bytes32 envelope; // SHA-256 of the block that carries the keys, sealed to the grantee
    }

    /// @notice What `revoke` takes.
    struct Revocation {
        bytes32 scope;
        address grantee;
        uint16 epoch; // of the folder keys from now on; ignored without a keyring
        bytes32 keyring; // SHA-256 of the block with the new keys for those who remain; zero: `rotate` follows
        bool barred; // no delegate may give the grantee this scope again
    }

    // Every event here is an entry of the journal of `patient`; `previous` is the head before it.

    /// @notice `patient` published a new profile block (public keys). A reader may assume that the account itself did it.
    event ProfileSet(address indexed patient, bytes32 profile, bytes32 previous);

    /// @notice `patient` recorded the digest of a block that sums up the journal before this entry. A reader may assume that
    /// the account itself did it, not that the block is there or true.
    event CheckpointMade(address indexed patient, bytes32 digest, bytes32 previous);

    /// @notice A record was added. `id` is the SHA-256 of its manifest: its IPFS address is CIDv1(dag-cbor, sha2-256, id).
    /// A reader may assume that `author` is the patient or had a live CONTRIBUTE grant on the folder, and that the
    /// author knew every key change counted in `previous`.
    event RecordAdded(
        address indexed patient, uint40 indexed folder, address indexed author, bytes32 id, bytes32 previous
    );

    /// @notice A record's status moved. `by` is the patient, or the record's author while it could still contribute.
    /// `replacement` is the key of the record that takes its place, or zero.
    event RecordStatusChanged(
        address indexed patient,
        bytes32 indexed key,
        address indexed by,
        Status status,
        bytes32 replacement,
        bytes32 previous
    );

    /// @notice `by` attested a record. A reader may assume that it had a live ATTEST grant on the record's folder, and that
    /// it had not attested the record before.
    event RecordAttested(address indexed patient, bytes32 indexed key, address indexed by, bytes32 previous);

    /// @notice The patient gave `grantee` these rights on the scope. They take the place of all it had there before.
    event AccessGranted(
        address indexed patient,
        bytes32 indexed scope,
        address indexed grantee,
        uint8 rights,
        Purpose purpose,
        uint40 expiresAt,
        uint16 epoch,
        bytes32 envelope,
        bytes32 previous
    );

    /// @notice `giver` passed these rights on to `grantee`. They take the place of all it had there before. A reader may
    /// assume that the giver's own live grant, on the scope or (`via`) on the record's folder, gave no less.
    event AccessPassedOn(
        address indexed patient,
        bytes32 indexed scope,
        address indexed grantee,
        uint8 rights,
        Purpose purpose,
        uint40 expiresAt,
        uint16 epoch,
        bytes32 envelope,
        address giver,
        Via via,
        bytes32 previous
    );

    /// @notice The patient ended all rights of `grantee` on the scope. When `keyring` is not zero, the folder's keys are
    /// those of `epoch` from here on. It is zero when the patient named none, or an outdated count of key changes.
    /// `barred` tells whether the grantee is barred from the scope from here on.
    event AccessRevoked(
        address indexed patient,
        bytes32 indexed scope,
        address indexed grantee,
        uint16 epoch,
        bytes32 keyring,
        bool barred,
        bytes32 previous
    );

    /// @notice `giver` took back what it had passed on: the grant expired at the time of this entry.
    event AccessWithdrawn(
        address indexed patient, bytes32 indexed scope, address indexed grantee, address giver, bytes32 previous
    );

    /// @notice `grantee` gave up all its rights on the scope: its grant expired at the time of this entry.
    event AccessRenounced(address indexed patient, bytes32 indexed scope, address indexed grantee, bytes32 previous);

    /// @notice The patient moved the keys of a folder on: they are those of `epoch` from here on.
    event KeysRotated(address indexed patient, uint40 indexed folder, uint16 epoch, bytes32 keyring, bytes32 previous);

    /// @notice `reader` says that it read a record. A reader may assume that it was allowed to at that time; not that
    /// every reading was logged. `note` is the digest of a sealed block that says more, or zero.
    event RecordAccessed(
        address indexed patient,
        bytes32 indexed key,
        address indexed reader,
        Purpose purpose,
        bytes32 note,
        bytes32 previous
    );

    /// @notice A digest (profile, checkpoint, id, envelope, a rotation's keyring) is zero, or a list has no items.
    error Empty();
    /// @notice Folder numbers are 1 to 2^40 - 1.
    error InvalidFolder(uint40 folder);
    /// @notice The rights are none, unknown, or (on a record) other than READ and READ | DELEGATE.
    error InvalidRights(bytes32 scope, uint8 rights);
    /// @notice Nobody gives to nobody, to the patient or to themselves.
    error InvalidGrantee(address grantee);
    /// @notice A grant ends in the future. Both in seconds since 1970.
    error ExpiryNotInFuture(uint40 expiresAt, uint256 time);
    /// @notice This author has added this id already.
    error RecordExists(bytes32 key);
    /// @notice The patient has no record with this key, or the scope is neither a folder nor such a key.
    error NoSuchRecord(bytes32 key);
    /// @notice There is no grant to end; to withdraw: none that the caller passed on and that has not expired.
    error NoSuchGrant(bytes32 scope, address grantee);
    /// @notice `account` has no live grant with `right` on the scope. The scope is the record's key where the account is
    /// not the author of a record whose status it wants to move, or may not read it. With DELEGATE: it has none on the
    /// record's folder either, or none that has not been passed on three times already.
    error NotPermitted(address account, bytes32 scope, uint8 right);
    /// @notice `giver` may pass on, but not so much: its own grant has fewer rights, another purpose or an earlier end.
    error WiderThanOwn(address giver, bytes32 scope);
    /// @notice The grantee has a live grant there by another than the caller, who alone (or the patient) may change it.
    error GrantedByAnother(bytes32 scope, address grantee);
    /// @notice The patient barred the grantee from the scope, and alone may grant to it again.
    error Barred(bytes32 scope, address grantee);
    /// @notice This account has attested the record already.
    error AlreadyAttested(bytes32 key, address by);
    /// @notice The record has 255 attestations; or it has 16, and a delegate passed ATTEST on to the caller.
    error TooManyAttestations(bytes32 key);
    /// @notice A record with this status cannot be attested.
    error NotAttestable(bytes32 key, Status status);
    /// @notice A status only moves to the right.
    error StatusNotAllowed(bytes32 key, Status current, Status asked);
    /// @notice Each key of a list is greater than the one before it.
    error KeysNotAscending();
    /// @notice Keys have moved on since the caller looked: read the journal, seal again, call again.
    error StaleKeys(uint24 named, uint24 current);

    /// @notice This signed revocation was made before.
    error AlreadyMade(bytes32 structHash);
    /// @notice A signed revocation must bar: without a bar a delegate could undo it before the patient knows.
    error NotBarring();
    /// @notice The patient gave the grant after all that this signed revocation shall end: sign another.
    error OutdatedRevocation(uint40 grantedUpTo, uint40 grantedAt);

    /// @notice Publishes the caller's public keys: the SHA-256 of its profile block.
    function setProfile(bytes32 profile) external;

    /// @notice Records the digest of a block that sums up the caller's journal so far: see CHECKPOINTS.
    function checkpoint(bytes32 digest) external;

    /// @notice Adds a record to a folder of `patient`: the caller's own, or one it may contribute to.
    /// @param id SHA-256 of the record's manifest block.
    /// @param keyChanges The patient's count that the caller has seen; `StaleKeys` when it has moved.
    function addRecord(address patient, uint40 folder, bytes32 id, uint24 keyChanges) external;

    /// @notice Adds several records to one folder. All or none; an id that is named twice is refused.
    function addRecords(address patient, uint40 folder, bytes32[] calldata ids, uint24 keyChanges) external;

    /// @notice Adds `id` to the folder of the record `key`, which it supersedes. By the patient, or by the author of
    /// `key` while it may contribute to the folder.
    function replace(address patient, bytes32 key, bytes32 id, uint24 keyChanges) external;

    /// @notice Moves a record's status on. By the patient, or by its author while it may contribute to the folder.
    function setStatus(address patient, bytes32 key, Status status) external;

    /// @notice Attests a record: the caller, as a professional, vouches for it, once. By an account with a live ATTEST
    /// grant on its folder: see ATTESTATIONS. A record that was superseded can be attested, one that was entered in error
    /// cannot.
    function attest(address patient, bytes32 key) external;

    /// @notice Gives rights on one of the caller's scopes; they replace what the grantee had there, and lift a bar. A
    /// record must be there. What counts as a key change: see KEY CHANGES.
    /// @param keyChanges The caller's count that the envelope was made for; `StaleKeys` when it has moved.
    function grant(Permission calldata permission, uint24 keyChanges) external;

    /// @notice Gives several, in order. All or none; the count is compared once, before the first. Where two name the same
    /// grantee and scope, the last holds, as with two calls.
    function grantMany(Permission[] calldata permissions, uint24 keyChanges) external;

    /// @notice Passes on what the caller has on one of `patient`'s scopes or on its folder: see PASSING ON.
    /// @param keyChanges The patient's count that the envelope was made for; `StaleKeys` when it has moved.
    function passOn(address patient, Permission calldata permission, uint24 keyChanges) external;

    /// @notice Ends a grant of the caller's, live or not, whoever gave it. It always succeeds when the grant, or a bar, is
    /// there: with an outdated `keyChanges` the keyring is recorded as zero, because it may readmit an account that was
    /// revoked meanwhile.
    function revoke(Revocation calldata revocation, uint24 keyChanges) external;

    /// @notice Ends several, in order. All or none; the count is compared once, before the first. Of two for the same
    /// grantee and scope the second is refused, unless the first bars: it then leaves the bar, as with two calls.
    function revokeMany(Revocation[] calldata revocations, uint24 keyChanges) external;

    /// @notice Ends a grant as `revoke` does, with a bar, because the patient signed that it shall. See SIGNED REQUESTS.
    /// @param grantedUpTo It ends no grant that the patient gave after this second.
    function revokeSigned(
        Revocation calldata revocation,
        address patient,
        uint40 grantedUpTo,
        uint24 keyChanges,
        bytes calldata signature
    ) external;

    /// @notice Takes back what the caller passed on, which expires at once. It stays there, as in `renounce`.
    function withdraw(address patient, bytes32 scope, address grantee) external;

    /// @notice Moves the keys of one of the caller's folders on; `StaleKeys` when the count has moved.
    function rotate(uint40 folder, uint16 epoch, bytes32 keyring, uint24 keyChanges) external;

    /// @notice Gives up the caller's own grant that has not expired, which expires at once. It stays there until the
    /// patient revokes it (and names new keys), so that a revocation on its way never finds it gone.
    function renounce(address patient, bytes32 scope) external;

    /// @notice Logs that the caller reads this record of `patient`, which it can access.
    /// @param note SHA-256 of a sealed block that says more, or zero.
    function logAccess(address patient, bytes32 key, Purpose purpose, bytes32 note) external;

    /// @notice Logs several with one note. All or none; the keys strictly ascend, so each is logged once.
    function logAccesses(address patient, bytes32[] calldata keys, Purpose purpose, bytes32 note) external;

    /// @notice Whether the record exists and `account` is the patient or has a live READ grant on it or its folder.
    function canAccess(address patient, bytes32 key, address account) external view returns (bool);

    /// @notice The grant as it is stored, live or not.
    function grantOf(address patient, bytes32 scope, address grantee) external view returns (Grant memory);

    function recordOf(address patient, bytes32 key) external view returns (Record memory);

    /// @notice Whether `account` has attested the record.
    function hasAttested(address patient, bytes32 key, address account) external view returns (bool);

    /// @notice The newest checkpoint of the patient, zero when there is none.
    function checkpointOf(address patient) external view returns (bytes32);

    /// @notice SHA-256 of the account's profile block, zero when it has none.
    function profileOf(address account) external view returns (bytes32);

    /// @notice bytes24 link | uint40 block number | uint24 key changes. Zero when nothing has happened yet.
    function journalHeadOf(address patient) external view returns (bytes32);

    /// @notice The block in which this contract came into being: no entry is older.
    function deployedAt() external view returns (uint256);
}
