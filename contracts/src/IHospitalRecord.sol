// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "./ISigned.sol";

/// @dev A grant carries one or more of these four rights. READ: open the records in the scope.
uint8 constant READ = 1;
/// @dev CONTRIBUTE: add records to the folder, and replace or set the status of records that the account added itself.
uint8 constant CONTRIBUTE = 2;
/// @dev DELEGATE: give other accounts access within the bounds of this grant.
uint8 constant DELEGATE = 4;
/// @dev ATTEST: confirm records of the folder as a professional.
uint8 constant ATTEST = 8;

/// @title HospitalRecord: patients' records, access to them, and a history that nobody can shorten
/// @notice A patient owns their records. The author of a record encrypts the file on its own machine and stores it
/// elsewhere. This contract registers the record and its author, and every grant with its end. It holds no names, no
/// file types, no keys, and nothing that is derived from a plaintext.
///
/// This file is the manual of the contract. `ISigned` is the manual of signed requests for all contracts here. With
/// these two files and the contract's events, anybody can check every statement below without any other program.
///
/// ROLES
/// Every account is the *patient* of its own records. No role, owner or administrator stands above it. Other accounts
/// act under a live grant:
///
/// - `READ` on a folder or a record: the account may log that it reads the record.
/// - `CONTRIBUTE` on a folder: the account may add records to the folder.
/// - `DELEGATE` on a folder or a record: the account may delegate the access that the grant gives. See DELEGATION.
/// - `ATTEST` on a folder: the account may attest records of the folder. See ATTESTATIONS.
///
/// Patients need no grant on their own records. But they cannot attest them, because an attestation is the statement of
/// another account. An author with `ATTEST` may attest its own records; readers see both addresses.
///
/// INVARIANTS
/// 1. Only the patient, or a delegate within the bounds of its own grant, creates a grant on a patient's scope. A grant
///    ends when the patient, its giver or its grantee ends it, when a grant above it ends, or when it expires.
/// 2. A record (author, id) is added at most once per patient. Its author, id and folder never change. No other account
///    can occupy its place. Only the patient and the author can change its status.
/// 3. The journal's events determine all records, attestations, grants, profiles, checkpoints and heads exactly. Only
///    replay protection (nonces, and which signed revocations were used) is not part of the journal.
/// 4. A patient's revocation of an existing grant succeeds, whatever other accounts did before. A revocation with a bar
///    keeps the grantee out of that scope until the patient grants to it again.
/// 5. The gas of a call does not grow with the number of existing records, grants or journal entries.
///
/// THE JOURNAL
/// Every change appends an entry to the journal of the patient that it concerns. Each event that this file declares is
/// one entry. The head of a journal is one word:
///
///     head = bytes24(link) | uint40(block.number) | uint24(keyChanges)            (high bits first)
///     link = keccak256(abi.encode(previous, block.timestamp, topic0, <all event fields except previous, in order>))
///
/// In every event the indexed fields come first. `previous`, the head before the entry, comes last. So a reader can
/// compute a link without knowing the event: link = keccak256(previous, block.timestamp, the log's topics, the log's
/// data except its last word).
///
/// A reader who knows a head can check the complete history from zero up to it. Nobody can hide, add, change, reorder
/// or re-date an entry in it. The block number in `previous` locates the entry before.
///
/// KEY CHANGES
/// `keyChanges` counts the acts of the patient that require new folder keys:
///
/// - every revocation;
/// - every rotation;
/// - every grant that replaces an unexpired grant and lowers it (fewer rights or an earlier end);
/// - every grant that replaces an unexpired grant with `DELEGATE`, because all grants below the old one end.
///
/// Acts of other accounts are not counted. The count wraps at 2^24: compare it with `!=`. An account that adds a
/// record, grants, delegates or rotates names the count that it saw. If the count has moved since, the contract refuses
/// with `StaleKeys`. So records and envelopes that were sealed before a revocation cannot land after it.
///
/// EPOCHS
/// An *epoch* numbers the keys of a folder, from 0. The contract records epochs and does not check them. A reader
/// ignores a keyring whose epoch is not later than the folder's current epoch, because later keys derive all earlier
/// ones.
///
/// SCOPES
/// A grant is on a *scope*: a folder or one record. The scope of a folder is `bytes32(uint256(folder))`, with a folder
/// number from 1 to 2^40 - 1. The scope of a record is its *key*, `keccak256(abi.encode(author, id))`. A grant on a
/// folder may carry any of the rights. A grant on a record carries READ, or READ | DELEGATE.
///
/// DELEGATION
/// An account whose live grant carries `DELEGATE` is a *delegate*. With `passOn` it gives other accounts access to the
/// same scope, or to a single record of the folder. A delegated grant
///
/// - has no right that the delegate's grant lacks (on a record of a folder, READ needs READ on the folder);
/// - has the same purpose, and no later end;
/// - is at most the third delegation in a row below a grant by the patient;
/// - cannot replace a live grant by the patient or by another delegate, nor a bar.
///
/// A grant by the patient is live until it expires. A delegated grant is live until it expires, and only while its
/// giver's own grant, on the scope that `via` names, meets three conditions:
///
/// - it is live;
/// - it covers the delegated grant, as listed above;
/// - it was not given in a later second than the delegated grant.
///
/// So when a grant ends, or is given again later, all grants below it end at once and for good. The contract needs no
/// list of them. A check reads at most four grants above one, so a long chain cannot make it expensive.
///
/// BARS
/// A revocation may bar its grantee from the scope. The bar then replaces the grant in storage (giver = the patient,
/// via = Barred, all else zero). No delegate can overwrite it. Only a grant by the patient lifts it; another
/// revocation, with or without a bar, leaves it in place. After a revocation without a bar, a remaining delegate can
/// give the account access again.
///
/// A bar on a folder also stops delegates from giving the account single records of that folder. Grants on single
/// records that the account already had need revocations of their own. A bar on a record does not affect its folder.
///
/// ATTESTATIONS
/// Several accounts may attest a record, each once. `attestations` counts them. `hasAttested` returns whether an
/// account is among them. At 16 attestations, the contract refuses an account that got ATTEST from a delegate. At 255,
/// it also refuses an account that got ATTEST from the patient. So a delegate that creates many accounts cannot keep
/// out an account that the patient chose.
///
/// The count does not say whose attestations are trustworthy: each reader chooses the accounts that it trusts. An
/// attestation remains when the grant ends and when the record's status changes.
///
/// CHECKPOINTS
/// A patient may record the digest of a block that summarises the journal so far, for example a list of live grants.
/// The contract keeps the newest digest and does not know the content. A reader who walks the journal can verify it.
///
/// SIGNED REQUESTS
/// Every verb except `revoke` and `revokeMany` has a signed form. `ISigned` explains how requests are signed, relayed
/// and invalidated. Each struct has the verb's arguments in order. In `Grant` and `PassOn`, the fields of the
/// `Permission` replace it.
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
/// without blanks or breaks. The domain's name is "HospitalRecord". A request that carries keys (a grant or an
/// addition) names a count of key changes. So a revocation invalidates every such request that was signed before it.
///
/// A signed revocation (`revokeSigned`) cannot be stopped. The patient signs
///
///     Revoke(bytes32 scope,address grantee,uint16 epoch,bytes32 keyring,bool barred,address patient,uint40 grantedUpTo,
///           uint24 keyChanges)
///
/// It has no nonce and no deadline, and `barred` must be true. It ends the grantee's grant on the scope, whoever gave
/// it and whenever. The only exception is a grant that the patient gave after `grantedUpTo`: while that grant stands,
/// the contract refuses the revocation. So no delegate, and no other request of the patient, can invalidate it.
///
/// Choose `grantedUpTo` as the present. If signed grants to this grantee are still outstanding, choose their last
/// deadline instead; otherwise a relay may carry them out first. Each signed revocation works once, because its
/// signature is public from then on. If its `keyChanges` is outdated, the keyring is recorded as zero, as in `revoke`.
///
/// PUBLIC DATA
/// Everybody can read the accounts, the rights of each account on each scope of each patient, the purposes and the
/// times. Everybody can also see that records exist in a numbered folder; the number carries no meaning. If that is too
/// much, use one account per relation, or a permissioned chain.
interface IHospitalRecord is ISigned {
    /// @notice FHIR DocumentReference.status. A status only moves to a later one in this list.
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
        address author; // the account that added it
        uint40 addedAt; // seconds since 1970
        uint40 folder; // never 0
        Status status; // None when there is no such record
        uint8 attestations; // number of accounts that attested it
    }

    /// @notice The grant that gave the giver of a grant the right to give it.
    enum Via {
        Patient, // none: the giver is the patient
        Scope, // the giver's own grant on the same scope
        Folder, // the giver's own grant on the record's folder
        Barred // not a grant but a bar: only the patient may grant this scope to the account
    }

    struct Grant {
        address giver; // zero when there is no grant
        uint40 expiresAt; // the grant is not live from this second on; type(uint40).max: no end
        uint40 grantedAt; // seconds since 1970
        uint8 rights; // READ | CONTRIBUTE | DELEGATE | ATTEST
        Purpose purpose;
        Via via;
    }

    /// @notice The argument of `grant` and `passOn`.
    struct Permission {
        bytes32 scope;
        address grantee;
        uint8 rights;
        Purpose purpose;
        uint40 expiresAt; // seconds since 1970; type(uint40).max: no end
        uint16 epoch; // of the folder keys in the envelope; 0 for a record
        bytes32 envelope; // SHA-256 of the block that carries the keys, sealed to the grantee
    }

    /// @notice The argument of `revoke`.
    struct Revocation {
        bytes32 scope;
        address grantee;
        uint16 epoch; // of the folder keys from now on; ignored without a keyring
        bytes32 keyring; // SHA-256 of the block with the new keys for the remaining readers; zero: `rotate` follows
        bool barred; // no delegate may give the grantee this scope again
    }

    // Each event below is an entry of the journal of `patient`. `previous` is the head before the entry.

    /// @notice `patient` published a new profile block (public keys). A reader may assume that the account itself
    /// acted.
    event ProfileSet(address indexed patient, bytes32 profile, bytes32 previous);

    /// @notice `patient` recorded the digest of a block that summarises the journal before this entry. A reader may
    /// assume that the account itself acted, but not that the block exists or is correct.
    event CheckpointMade(address indexed patient, bytes32 digest, bytes32 previous);

    /// @notice `author` added a record. `id` is the SHA-256 of its manifest; the IPFS address is CIDv1(dag-cbor,
    /// sha2-256, id). A reader may assume that `author` was the patient or had a live CONTRIBUTE grant on the folder.
    /// It may also assume that the author knew every key change that `previous` counts.
    event RecordAdded(
        address indexed patient, uint40 indexed folder, address indexed author, bytes32 id, bytes32 previous
    );

    /// @notice `by` changed a record's status. A reader may assume that `by` was the patient, or the record's author
    /// with a live CONTRIBUTE grant on its folder. `replacement` is the key of the record that supersedes it, or zero.
    event RecordStatusChanged(
        address indexed patient,
        bytes32 indexed key,
        address indexed by,
        Status status,
        bytes32 replacement,
        bytes32 previous
    );

    /// @notice `by` attested a record. A reader may assume that it had a live ATTEST grant on the record's folder, and
    /// that it had not attested the record before.
    event RecordAttested(address indexed patient, bytes32 indexed key, address indexed by, bytes32 previous);

    /// @notice The patient gave `grantee` these rights on the scope. They replace the grantee's previous grant there.
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

    /// @notice `giver`, a delegate, gave `grantee` these rights on the scope. They replace the grantee's previous grant
    /// there. A reader may assume that the giver's own grant, on the scope or (`via`) on the record's folder, was live
    /// and covered these rights.
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

    /// @notice The patient ended all rights of `grantee` on the scope. If `keyring` is not zero and the scope is a
    /// folder, its keys are those of `epoch` from here on: see EPOCHS. `keyring` is zero if the patient named none or
    /// named an outdated count of key changes. `barred` is true if the grantee is barred from the scope from here on.
    event AccessRevoked(
        address indexed patient,
        bytes32 indexed scope,
        address indexed grantee,
        uint16 epoch,
        bytes32 keyring,
        bool barred,
        bytes32 previous
    );

    /// @notice `giver`, a delegate, withdrew the grant that it gave: the grant expired at the time of this entry.
    event AccessWithdrawn(
        address indexed patient, bytes32 indexed scope, address indexed grantee, address giver, bytes32 previous
    );

    /// @notice `grantee` gave up all its rights on the scope: its grant expired at the time of this entry.
    event AccessRenounced(address indexed patient, bytes32 indexed scope, address indexed grantee, bytes32 previous);

    /// @notice The patient rotated the keys of a folder: from here on they are those of `epoch`. See EPOCHS.
    event KeysRotated(address indexed patient, uint40 indexed folder, uint16 epoch, bytes32 keyring, bytes32 previous);

    /// @notice `reader` states that it read a record. A reader of the journal may assume that `reader` had access at
    /// that time, but not that every reading is logged. `note` is the digest of a sealed block with details, or zero.
    event RecordAccessed(
        address indexed patient,
        bytes32 indexed key,
        address indexed reader,
        Purpose purpose,
        bytes32 note,
        bytes32 previous
    );

    /// @notice A digest (profile, checkpoint, id, envelope, a rotation's keyring) is zero, or a list is empty. Name at
    /// least one item, and a digest that is not zero.
    error Empty();
    /// @notice The folder is 0. Choose a number from 1 to 2^40 - 1.
    error InvalidFolder(uint40 folder);
    /// @notice The rights are zero, unknown or not allowed on a record. A record takes READ or READ | DELEGATE only.
    error InvalidRights(bytes32 scope, uint8 rights);
    /// @notice The grantee is the zero address, the patient or the delegate itself. Choose another account.
    error InvalidGrantee(address grantee);
    /// @notice The grant would end at or before `time`, the time of the block. Both are in seconds since 1970. Choose a
    /// later end.
    error ExpiryNotInFuture(uint40 expiresAt, uint256 time);
    /// @notice This author already added this id for the patient. Nothing more is needed.
    error RecordExists(bytes32 key);
    /// @notice The patient has no record with this key, or the scope is neither a folder nor such a key. Check the
    /// author and the id that make up the key.
    error NoSuchRecord(bytes32 key);
    /// @notice There is no grant to end. `withdraw` needs an unexpired grant that the caller gave as a delegate,
    /// `renounce` an unexpired grant of the caller. `revoke` needs any grant or bar on this scope.
    error NoSuchGrant(bytes32 scope, address grantee);
    /// @notice `account` has no live grant with `right` on `scope`; it needs one from the patient or a delegate.
    ///
    /// - CONTRIBUTE on a record's key: only the patient and the record's author may change the record.
    /// - READ on a record's key: the account has READ neither on the record nor on its folder.
    /// - DELEGATE on a record's key: the account has DELEGATE neither on the record nor on its folder.
    /// - DELEGATE on any scope: the account's grant may already be the third delegation in a row.
    error NotPermitted(address account, bytes32 scope, uint8 right);
    /// @notice The delegate's own grant has fewer rights, another purpose or an earlier end. Delegate less, or ask for
    /// a wider grant.
    error WiderThanOwn(address giver, bytes32 scope);
    /// @notice The grantee has a live grant on the scope from another giver. Only that giver or the patient can replace
    /// it.
    error GrantedByAnother(bytes32 scope, address grantee);
    /// @notice The patient barred the grantee from `scope`: the scope of the call, or the record's folder. Only a grant
    /// by the patient lifts the bar.
    error Barred(bytes32 scope, address grantee);
    /// @notice This account already attested the record. Nothing more is needed.
    error AlreadyAttested(bytes32 key, address by);
    /// @notice The record has 255 attestations, or it has 16 and the caller got ATTEST from a delegate. In the second
    /// case, ask the patient for ATTEST.
    error TooManyAttestations(bytes32 key);
    /// @notice A record that was entered in error cannot be attested. Attest the correct record.
    error NotAttestable(bytes32 key, Status status);
    /// @notice A status only moves forward: `asked` must come after `current` in `Status`.
    error StatusNotAllowed(bytes32 key, Status current, Status asked);
    /// @notice Each key of the list must be greater than the key before it. Sort the keys and drop duplicates.
    error KeysNotAscending();
    /// @notice The patient's key changes moved from `named` to `current`. Read the journal, seal with the new keys, and
    /// call again.
    error StaleKeys(uint24 named, uint24 current);

    /// @notice This signed revocation was already carried out. Sign a new one if the account has a grant again.
    error AlreadyMade(bytes32 structHash);
    /// @notice A signed revocation must bar. Set `barred`. Without a bar, a delegate could undo it before the patient
    /// notices.
    error NotBarring();
    /// @notice The patient gave the grant at `grantedAt`, after `grantedUpTo`. Sign a revocation with a later
    /// `grantedUpTo`.
    error OutdatedRevocation(uint40 grantedUpTo, uint40 grantedAt);

    /// @notice Publishes the caller's public keys: the SHA-256 of its profile block.
    function setProfile(bytes32 profile) external;

    /// @notice Records the digest of a block that summarises the caller's journal so far. See CHECKPOINTS.
    function checkpoint(bytes32 digest) external;

    /// @notice Adds a record to a folder of `patient`. The caller is the patient or has a live CONTRIBUTE grant on the
    /// folder.
    /// @param id SHA-256 of the record's manifest block.
    /// @param keyChanges The patient's count that the caller saw. Reverts with `StaleKeys` if it has moved.
    function addRecord(address patient, uint40 folder, bytes32 id, uint24 keyChanges) external;

    /// @notice Adds several records to one folder, all or none. A duplicate id reverts with `RecordExists`.
    function addRecords(address patient, uint40 folder, bytes32[] calldata ids, uint24 keyChanges) external;

    /// @notice Adds `id` to the folder of the record `key`, and marks that record as superseded. The caller is the
    /// patient, or the author of `key` with a live CONTRIBUTE grant on the folder.
    function replace(address patient, bytes32 key, bytes32 id, uint24 keyChanges) external;

    /// @notice Moves a record's status forward. The caller is the patient, or the record's author with a live
    /// CONTRIBUTE grant on its folder.
    function setStatus(address patient, bytes32 key, Status status) external;

    /// @notice Attests a record, once per account. The caller has a live ATTEST grant on the record's folder. A
    /// superseded record can be attested; one that was entered in error cannot. See ATTESTATIONS.
    function attest(address patient, bytes32 key) external;

    /// @notice Grants rights on one of the caller's scopes. The grant replaces the grantee's previous grant there, and
    /// lifts a bar. A record in `scope` must exist. A grant may count as a key change: see KEY CHANGES.
    /// @param keyChanges The caller's count for which the envelope was made. Reverts with `StaleKeys` if it has moved.
    function grant(Permission calldata permission, uint24 keyChanges) external;

    /// @notice Makes several grants in order, all or none. The count is compared once, before the first. If two name
    /// the same grantee and scope, the last one holds, as with two calls.
    function grantMany(Permission[] calldata permissions, uint24 keyChanges) external;

    /// @notice Delegates access that the caller has on one of `patient`'s scopes or on its folder. See DELEGATION.
    /// @param keyChanges The patient's count for which the envelope was made. Reverts with `StaleKeys` if it has moved.
    function passOn(address patient, Permission calldata permission, uint24 keyChanges) external;

    /// @notice Ends a grant on one of the caller's scopes, live or not, whoever gave it. The call succeeds if a grant
    /// or a bar exists. If `keyChanges` is outdated, the keyring is recorded as zero, because it might readmit an
    /// account that was revoked in the meantime.
    function revoke(Revocation calldata revocation, uint24 keyChanges) external;

    /// @notice Makes several revocations in order, all or none. The count is compared once, before the first. If two
    /// name the same grantee and scope, the second reverts, unless the first left a bar: the bar then stays, as with
    /// two calls.
    function revokeMany(Revocation[] calldata revocations, uint24 keyChanges) external;

    /// @notice Ends and bars a grant as `revoke` does, with the patient's signature. See SIGNED REQUESTS.
    /// @param grantedUpTo The revocation ends no grant that the patient gave after this second.
    function revokeSigned(
        Revocation calldata revocation,
        address patient,
        uint40 grantedUpTo,
        uint24 keyChanges,
        bytes calldata signature
    ) external;

    /// @notice Withdraws a grant that the caller gave as a delegate: it expires at once. It stays in storage, as in
    /// `renounce`.
    function withdraw(address patient, bytes32 scope, address grantee) external;

    /// @notice Rotates the keys of one of the caller's folders. Reverts with `StaleKeys` if the count has moved.
    function rotate(uint40 folder, uint16 epoch, bytes32 keyring, uint24 keyChanges) external;

    /// @notice Gives up the caller's own unexpired grant: it expires at once. It stays in storage, so that a pending
    /// revocation by the patient (with new keys) still finds it.
    function renounce(address patient, bytes32 scope) external;

    /// @notice Logs that the caller reads this record of `patient`. The caller must have access to it.
    /// @param note SHA-256 of a sealed block with details, or zero.
    function logAccess(address patient, bytes32 key, Purpose purpose, bytes32 note) external;

    /// @notice Logs several readings with one note, all or none. The keys strictly ascend, so each is logged once.
    function logAccesses(address patient, bytes32[] calldata keys, Purpose purpose, bytes32 note) external;

    /// @notice Whether the record exists and `account` is the patient or has a live READ grant on it or on its folder.
    function canAccess(address patient, bytes32 key, address account) external view returns (bool);

    /// @notice The grant in storage, live or not.
    function grantOf(address patient, bytes32 scope, address grantee) external view returns (Grant memory);

    function recordOf(address patient, bytes32 key) external view returns (Record memory);

    /// @notice Whether `account` has attested the record.
    function hasAttested(address patient, bytes32 key, address account) external view returns (bool);

    /// @notice The patient's newest checkpoint, or zero.
    function checkpointOf(address patient) external view returns (bytes32);

    /// @notice SHA-256 of the account's profile block, or zero.
    function profileOf(address account) external view returns (bytes32);

    /// @notice bytes24 link | uint40 block number | uint24 key changes. Zero while the journal is empty.
    function journalHeadOf(address patient) external view returns (bytes32);

    /// @notice The block in which this contract was deployed: no entry is older.
    function deployedAt() external view returns (uint256);
}
