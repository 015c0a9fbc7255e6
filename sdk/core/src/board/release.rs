//! Releases: how a member's share reaches the account that needs the keys.
//!
//! A release is a signed block of kind `share` by the member: the share, sealed with HPKE to the grantee of a case of
//! the board. The `info` is the label `hospital-record/v1/share-release`, then as in [`deal`](super::deal) chain,
//! contract, patient, board, scope, epoch, threshold and members, then `u8 number | member[20] | deal[32] | case[32] |
//! grantee[20] | key id[32]`; the plaintext is `blinder[32] | share[32]`. The share is checked against the deal's
//! commitment before the release and after it is opened.

use serde::{Deserialize, Serialize};

use super::deal::{Deal, Share, Terms, open_share};
use crate::block::{self, Block, Body, Verified, sealed::Checked};
use crate::error::{CoreError, SealError};
use crate::id::{Account, Digest};
use crate::identity::ProfileKeys;
use crate::seal::context::Context;
use crate::seal::envelope::EnvelopeContext;
use crate::seal::wrap::{HpkePublicKey, Sealed};

/// The signed block of kind `share`. Only its grantee opens it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareRelease {
    /// The deal that the share belongs to.
    pub deal: Digest,
    /// The board's case.
    pub case: Digest,
    /// The account that gets the share.
    pub grantee: Account,
    /// SHA-256 of the grantee's key.
    pub key_id: Digest,
    /// The share.
    pub sealed: Sealed,
}

impl Body for ShareRelease {
    const KIND: &'static str = "share";
    const MAX: usize = 8 << 10;
}

impl Checked for ShareRelease {}

/// Seals the share of `keys`' account in `deal` to `grantee`. The caller has checked on chain that the case has taken
/// effect.
///
/// # Errors
/// As [`open_share`].
pub fn release_share(
    deal: &Verified<Deal>,
    context: &EnvelopeContext,
    case: Digest,
    (grantee, key): (Account, &HpkePublicKey),
    profile: Digest,
    keys: &ProfileKeys,
) -> Result<Block, CoreError> {
    let share = open_share(deal, context, keys)?;
    let key_id = key.key_id();
    let to = (deal.digest(), case, grantee, key_id);
    let info = info(&Terms::of(deal, context)?, share.number, keys.account(), to);
    let sealed = Sealed::new(key, info.bytes(), &share.bytes())?;
    let body = ShareRelease { deal: deal.digest(), case, grantee, key_id, sealed };
    Ok(block::sign(context.deployment, profile, body, keys)?)
}

/// Opens the share that was released to `keys` for this case of the board, and checks that it is the one that was
/// dealt.
///
/// # Errors
/// [`SealError::Mismatch`] if it is of another deal or case or for another account, [`SealError::NoShare`] if its
/// issuer is not a member, [`SealError::Unopenable`], [`SealError::WrongShare`].
pub fn open_release(
    release: &Verified<ShareRelease>,
    deal: &Verified<Deal>,
    context: &EnvelopeContext,
    case: Digest,
    keys: &ProfileKeys,
) -> Result<Share, SealError> {
    let terms = Terms::of(deal, context)?;
    let same = [
        (release.deal == deal.digest(), "deal"),
        (release.case == case, "case"),
        (release.grantee == keys.account(), "grantee"),
        (release.key_id == keys.public().key_id(), "recipient key"),
    ];
    SealError::unless_same("the share", same)?;
    let (number, dealt) = deal.share_of(release.issuer())?;
    let info = info(&terms, number, dealt.member, (release.deal, release.case, release.grantee, release.key_id));
    let plain = keys.hpke().open(info.bytes(), &release.sealed, "the share")?;
    Share::checked(&plain, &terms, (number, dealt))
}

fn info(
    terms: &Terms<'_>,
    number: u8,
    member: Account,
    (deal, case, grantee, key): (Digest, Digest, Account, Digest),
) -> Context {
    let place = terms.place("hospital-record/v1/share-release", number, member);
    place.fixed(deal.as_bytes()).fixed(case.as_bytes()).account(grantee).fixed(key.as_bytes())
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A member releases its share of `other` as if it were of `deal`. Returns the grantee's result.
    pub(in crate::board) fn released_as(
        other: &Verified<Deal>,
        deal: &Verified<Deal>,
        context: &EnvelopeContext,
        case: Digest,
        member: &ProfileKeys,
        grantee: &ProfileKeys,
    ) -> Option<SealError> {
        let share = open_share(other, context, member).unwrap();
        let terms = Terms::of(deal, context).unwrap();
        let (account, key_id) = (grantee.account(), grantee.public().key_id());
        let info = info(&terms, share.number, member.account(), (deal.digest(), case, account, key_id));
        let sealed = Sealed::new(&grantee.public().hpke, info.bytes(), &share.bytes()).unwrap();
        let body = ShareRelease { deal: deal.digest(), case, grantee: account, key_id, sealed };
        let block = block::sign(context.deployment, Digest([3; 32]), body, member).unwrap();
        let release = ShareRelease::parse(&block.bytes, context.deployment).unwrap().verify(member.public()).unwrap();
        open_release(&release, deal, context, case, grantee).err()
    }
}
