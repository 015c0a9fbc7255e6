//! Deals: a patient's keys for a board, encrypted under a deal key, and that key split into one share for each member.
//!
//! A deal is a signed block of kind `deal` by the patient. In the grant to the board it replaces an envelope. It holds
//! the payload of an envelope, encrypted with AES-256-GCM under `HKDF-SHA256(ikm = deal key, salt = "", info)`, and the
//! deal key in shares (Shamir over GF(2^8), the polynomial of AES). Member `i` of the board, from 1 on, gets the values
//! of the polynomials at `i`. All labels are followed by the chain, the contract and then, each of fixed width,
//! `patient[20] | board[20] | scope[32] | u16be epoch | u8 threshold | u8 members`:
//!
//! - `hospital-record/v1/deal-payload`: the key of the payload;
//! - `hospital-record/v1/deal-key`: another output of HKDF, which the block carries as `commitment`. It distinguishes
//!   shares that do not belong together from a changed payload;
//! - `hospital-record/v1/share`, with `u8 i | member[20] | blinder[32] | share[32]` after it: SHA-256 of this is the
//!   share's commitment, so that an error about a wrong share names its member;
//! - `hospital-record/v1/deal`, with `u8 i | member[20] | key id[32]` after it: the HPKE `info` under which
//!   `blinder[32] | share[32]` is sealed to the member.
//!
//! There are no commitments to the polynomial (Feldman, Pedersen), because a quantum computer breaks those, but not the
//! shares.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::split::{self, SECRET};
use crate::block::{self, Block, Body, Verified, sealed::Checked};
use crate::cbor;
use crate::error::{BlockError, CoreError, SealError};
use crate::id::{Account, Deployment, Digest, Epoch, Scope, block_digest};
use crate::identity::ProfileKeys;
use crate::seal::context::{Context, hkdf};
use crate::seal::envelope::{EnvelopeContext, EnvelopePayload, MAX_SEALED_NOTE, check_keys};
use crate::seal::gcm;
use crate::seal::payload::MAX_PAYLOAD;
use crate::seal::wrap::{HpkePublicKey, Sealed};

/// The maximum number of members of a board.
pub const MAX_MEMBERS: usize = 16;

/// The signed block of kind `deal`. Its `threshold` is that of the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deal {
    /// The board.
    pub board: Account,
    /// The folder or record.
    pub scope: Scope,
    /// The folder's epoch.
    pub epoch: Epoch,
    /// The number of members that are needed.
    pub threshold: u8,
    /// The commitment that shows that shares belong together.
    pub commitment: Digest,
    /// The payload: `nonce[12] | ciphertext | tag[16]`.
    pub payload: ByteBuf,
    /// One share for each member, in the board's order. Former members have none.
    pub shares: Vec<DealtShare>,
    /// The name the patient gave the board, as in an [`Envelope`](crate::seal::envelope::Envelope).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<ByteBuf>,
}

/// One member's share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DealtShare {
    /// The member.
    pub member: Account,
    /// SHA-256 of the member's key.
    pub key_id: Digest,
    /// The commitment to the share.
    pub commitment: Digest,
    /// The share.
    pub sealed: Sealed,
}

impl Body for Deal {
    const KIND: &'static str = "deal";
    const MAX: usize = 64 << 10;
}

impl Checked for Deal {
    fn check(&self, _: Deployment, issuer: Account) -> Result<(), BlockError> {
        let members: Vec<_> = self.shares.iter().map(|share| share.member).collect();
        check_board(issuer, self.board, self.threshold, &members)?;
        cbor::check_size(Self::KIND, self.note.as_ref().map_or(0, |note| note.len()), MAX_SEALED_NOTE)?;
        cbor::check_size(Self::KIND, self.payload.len(), gcm::NONCE + MAX_PAYLOAD + gcm::TAG)
    }
}

/// Checks that a board is valid for the keys of `patient`.
///
/// # Errors
/// [`BlockError::Invalid`] unless 1 <= threshold <= members <= 16, members are distinct, and neither the patient nor
/// the board is among them.
pub fn check_board(patient: Account, board: Account, threshold: u8, members: &[Account]) -> Result<(), BlockError> {
    let invalid = |reason| Err(BlockError::Invalid { kind: Deal::KIND, reason });
    if members.len() > MAX_MEMBERS {
        return invalid("a board has at most 16 members");
    }
    if threshold == 0 || usize::from(threshold) > members.len() {
        return invalid("of a board, between one and all of its members are needed");
    }
    let mut sorted = members.to_vec();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
        return invalid("a member of the board is there twice");
    }
    if board == patient || members.contains(&board) || members.contains(&patient) {
        return invalid("neither the patient nor the board itself is a member of the board");
    }
    Ok(())
}

impl Deal {
    /// The number of `member`, counted from 1, and its share.
    pub(super) fn share_of(&self, member: Account) -> Result<(u8, &DealtShare), SealError> {
        let share = (1..).zip(&self.shares).find(|(_, share)| share.member == member);
        share.ok_or(SealError::NoShare { member })
    }
}

/// One share of a deal that matches its commitment. It is wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Share {
    pub(super) number: u8,
    blinder: [u8; SECRET],
    value: [u8; SECRET],
}

impl Share {
    /// The number of its member, counted from 1.
    pub fn number(&self) -> u8 {
        self.number
    }

    fn new(number: u8, value: &[u8; SECRET]) -> Result<Self, SealError> {
        Ok(Self { number, blinder: *gcm::random()?, value: *value })
    }

    /// Checks that an opened share is the one that was dealt.
    pub(super) fn checked(plain: &[u8], terms: &Terms<'_>, dealt: (u8, &DealtShare)) -> Result<Self, SealError> {
        let (number, dealt) = dealt;
        let wrong = || SealError::WrongShare { member: dealt.member };
        let (blinder, value) = plain.split_first_chunk().ok_or_else(wrong)?;
        let share = Self { number, blinder: *blinder, value: value.try_into().map_err(|_| wrong())? };
        if share.is(terms, dealt) { Ok(share) } else { Err(wrong()) }
    }

    pub(super) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([self.blinder, self.value].concat())
    }

    fn is(&self, terms: &Terms<'_>, dealt: &DealtShare) -> bool {
        self.commitment(terms, dealt.member) == dealt.commitment
    }

    fn commitment(&self, terms: &Terms<'_>, member: Account) -> Digest {
        let context = terms.place("hospital-record/v1/share", self.number, member);
        let bytes = self.bytes();
        block_digest(&Zeroizing::new([context.bytes(), bytes.as_slice()].concat()))
    }
}

/// The terms of a deal: its context and the size of its board.
pub(super) struct Terms<'a> {
    context: &'a EnvelopeContext,
    threshold: u8,
    count: u8,
}

impl<'a> Terms<'a> {
    fn new(context: &'a EnvelopeContext, threshold: u8, members: usize) -> Self {
        Self { context, threshold, count: u8::try_from(members).unwrap_or(u8::MAX) }
    }

    /// The terms of `deal`, if it is for the context's patient, board, scope and epoch.
    pub(super) fn of(deal: &Verified<Deal>, context: &'a EnvelopeContext) -> Result<Self, SealError> {
        let same = [
            (deal.issuer() == context.patient && context.issuer == context.patient, "patient"),
            (deal.board == context.grantee, "board"),
            (deal.scope == context.scope, "scope"),
            (deal.epoch == context.epoch, "epoch"),
        ];
        SealError::unless_same("the deal", same)?;
        Ok(Self::new(context, deal.threshold, deal.shares.len()))
    }

    fn info(&self, label: &str) -> Context {
        Context::new(label, self.context.deployment)
            .account(self.context.patient)
            .account(self.context.grantee)
            .fixed(&self.context.scope.to_bytes())
            .fixed(&self.context.epoch.to_be_bytes())
            .fixed(&[self.threshold, self.count])
    }

    pub(super) fn place(&self, label: &str, number: u8, member: Account) -> Context {
        self.info(label).fixed(&[number]).account(member)
    }

    fn has(&self, deal: &Deal, share: &Share) -> bool {
        let dealt = usize::from(share.number).checked_sub(1).and_then(|at| deal.shares.get(at));
        dealt.is_some_and(|dealt| share.is(self, dealt))
    }

    fn commitment(&self, key: &[u8; SECRET]) -> Digest {
        Digest(*hkdf(key, &[], self.info("hospital-record/v1/deal-key").bytes()))
    }

    fn payload_key(&self, key: &[u8; SECRET]) -> Zeroizing<[u8; 32]> {
        hkdf(key, &[], self.info("hospital-record/v1/deal-payload").bytes())
    }

    fn seal_share(&self, share: &Share, member: Account, key: &HpkePublicKey) -> Result<DealtShare, SealError> {
        let key_id = key.key_id();
        let info = self.place("hospital-record/v1/deal", share.number, member).fixed(key_id.as_bytes());
        let sealed = Sealed::new(key, info.bytes(), &share.bytes())?;
        Ok(DealtShare { member, key_id, commitment: share.commitment(self, member), sealed })
    }
}

/// Deals `payload` to a board and signs as the patient, whose profile block has digest `profile`. `context` is that of
/// an envelope from the patient to the board's account. `members` are in the board's order, without former members.
/// Compute the board's account from `threshold` and `members`: another source for it could name its own members.
///
/// # Errors
/// As [`check_board`]; [`SealError::TooLarge`] for names and sources above 16 KiB together; [`SealError::Mismatch`] if
/// the keys are not of the context's scope and epoch, or `keys` are not the patient's.
pub fn seal_deal(
    context: &EnvelopeContext,
    threshold: u8,
    members: &[(Account, HpkePublicKey)],
    payload: &EnvelopePayload,
    note: Option<Vec<u8>>,
    profile: Digest,
    keys: &ProfileKeys,
) -> Result<Block, CoreError> {
    if keys.account() != context.patient || context.issuer != context.patient {
        return Err(SealError::Mismatch { what: "the deal", field: "patient" }.into());
    }
    let accounts: Vec<_> = members.iter().map(|(member, _)| *member).collect();
    check_board(context.patient, context.grantee, threshold, &accounts)?;
    check_keys(context, payload)?;
    let terms = Terms::new(context, threshold, members.len());
    let key = gcm::random::<SECRET>()?;
    let values = split::split(&key, threshold, terms.count)?;
    let shares = (1..)
        .zip(values.iter().zip(members))
        .map(|(number, (value, (member, public)))| terms.seal_share(&Share::new(number, value)?, *member, public));
    let body = Deal {
        board: context.grantee,
        scope: context.scope,
        epoch: context.epoch,
        threshold,
        commitment: terms.commitment(&key),
        shares: shares.collect::<Result<_, SealError>>()?,
        payload: ByteBuf::from(gcm::seal(&terms.payload_key(&key), &payload.encode()?, "a deal")?),
        note: note.map(ByteBuf::from),
    };
    Ok(block::sign(context.deployment, profile, body, keys)?)
}

/// The share of `keys`' account in a deal that was made for `context`.
///
/// # Errors
/// [`SealError::Mismatch`] if the deal is for another context, [`SealError::NoShare`], [`SealError::Unopenable`],
/// [`SealError::WrongShare`] if the share does not match its commitment.
pub fn open_share(deal: &Verified<Deal>, context: &EnvelopeContext, keys: &ProfileKeys) -> Result<Share, SealError> {
    let terms = Terms::of(deal, context)?;
    let (member, key_id) = (keys.account(), keys.public().key_id());
    let (number, share) = deal.share_of(member)?;
    if share.key_id != key_id {
        return Err(SealError::NoShare { member });
    }
    let info = terms.place("hospital-record/v1/deal", number, member).fixed(key_id.as_bytes());
    let plain = keys.hpke().open(info.bytes(), &share.sealed, "the share")?;
    Share::checked(&plain, &terms, (number, share))
}

/// Opens a deal that was made for `context` with k of its shares. A duplicate share counts once.
///
/// # Errors
/// [`SealError::Mismatch`] if the deal is for another context or a share is of another deal,
/// [`SealError::TooFewShares`], [`SealError::Unopenable`] if the patient dealt shares that do not belong together,
/// [`SealError::Payload`].
pub fn open_deal(
    deal: &Verified<Deal>,
    context: &EnvelopeContext,
    shares: &[Share],
) -> Result<EnvelopePayload, CoreError> {
    let terms = Terms::of(deal, context)?;
    if !shares.iter().all(|share| terms.has(deal, share)) {
        return Err(SealError::Mismatch { what: "a share", field: "deal" }.into());
    }
    let mut shares: Vec<_> = shares.iter().map(|share| (share.number, &share.value)).collect();
    shares.sort_unstable_by_key(|(number, _)| *number);
    shares.dedup_by_key(|(number, _)| *number);
    let needed = usize::from(deal.threshold);
    let found = shares.len();
    let shares = shares.get(..needed).ok_or(SealError::TooFewShares { found, needed })?;
    let key = split::combine(shares);
    if terms.commitment(&key) != deal.commitment {
        return Err(SealError::Unopenable("the deal").into());
    }
    let plain = gcm::open(&terms.payload_key(&key), &deal.payload, "the deal")?;
    let payload = EnvelopePayload::decode(&plain, context.epoch)?;
    check_keys(context, &payload)?;
    Ok(payload)
}

#[cfg(test)]
mod tests;
