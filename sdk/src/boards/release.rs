//! From a case that took effect to the keys: members release their shares, and whom it lets in puts them together.

use std::collections::{BTreeMap, HashMap, hash_map::Entry};

use alloy::primitives::{Address, B256};
use hospital_record_contracts::boards::IBoard::releaseCall;
use hospital_record_core::{
    block::Verified,
    board::{
        deal::{Deal, Share, open_deal},
        release::{ShareRelease, open_release, release_share},
    },
    error::CoreError,
    id::{Digest, Scope},
    seal::envelope::{EnvelopeContext, EnvelopePayload},
};

use super::{Board, Case, account, deal::deal_context};
use crate::{
    Client, Error, Result,
    cache::{ACKNOWLEDGED, key},
    journal::Known,
    ledger::{Grant, call},
};

/// A share that was released.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Released {
    /// Which case it was for.
    pub case: B256,
    /// SHA-256 of the block with the share, sealed to whom the case lets in.
    pub share: B256,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

impl Client {
    /// Releases this member's share to whom a case lets in. Not before the patient's journal shows that it took effect, so
    /// shares of cases that were vetoed never come together.
    ///
    /// Without a [witness](crate::Config::witness) that journal is one node's word. Whoever releases a share for a case
    /// that they did not acknowledge themselves looks at more than that; [`release_due`](Client::release_due) does not.
    ///
    /// # Errors
    /// [`Error::Denied`] for others than members and for members who hold no share, [`Error::Conflict`] for cases that have
    /// not taken effect, or have ended.
    pub async fn release(&self, board: &Board, case: &Case) -> Result<Released> {
        board.require_member(self.address())?;
        self.can_pay_itself(1).await?;
        let journal = self.system().journal(case.patient).await?;
        self.require_let_in(&journal, case).await?;
        let (deal, context) = self.newest_deal(&journal, case.scope_id, case.board).await?;
        let (_, profile) = self.system().profile_of(case.grantee, None).await?;
        let (me, id) = (self.published().await?, Digest(case.id.0));
        let to = (account(case.grantee), &profile.keys.hpke);
        let block = release_share(&deal, &context, id, to, me.digest, &me.keys)?;
        let share = B256::from(self.system().publish(block).await?.0);
        let receipt = self.send(call(case.board, &releaseCall { id: case.id, share })).await?;
        Ok(Released { case: case.id, share, transaction: receipt.transaction, gas: receipt.gas_used })
    }

    /// Releases what is due of this member: for cases that it acknowledged on this machine, and where the system has a
    /// [witness](crate::Config::witness) for all that took effect; each once. So that somebody is let in, a node alone
    /// would have to deceive k members into acknowledging.
    ///
    /// Of each case that something is due of, what became of it.
    pub async fn release_due(&self, board: &Board) -> Result<Vec<(Case, Result<Released>)>> {
        let me = self.address();
        let mut done = Vec::new();
        for case in self.system().cases(board).await? {
            if !case.is_live() || case.released.contains(&me) || case.grantee == me {
                continue;
            }
            if self.system().witness().is_some() || self.has_acknowledged(case.id).await? {
                let released = self.release(board, &case).await;
                done.push((case, released));
            }
        }
        Ok(done)
    }

    async fn require_let_in(&self, journal: &Known, case: &Case) -> Result<()> {
        let now = self.system().latest_time().await?;
        let held = journal.state().live(case.scope_id, case.grantee, now);
        let by_it = |held: &&Grant| held.state.giver == Some(case.board) && held.envelope == case.reason;
        match held.filter(by_it) {
            Some(_) => Ok(()),
            None => Err(Error::Conflict(format!(
                "the patient's history does not show that the case {} lets anybody in now: nothing was released",
                case.id
            ))),
        }
    }

    /// Keeps in mind that this person acknowledged a case: a node could say so of any.
    pub(super) async fn remember_acknowledged(&self, case: B256) -> Result<()> {
        self.system().cache().put(ACKNOWLEDGED, self.acknowledged_key(case), Vec::new()).await
    }

    async fn has_acknowledged(&self, case: B256) -> Result<bool> {
        Ok(self.system().cache().get(ACKNOWLEDGED, self.acknowledged_key(case)).await?.is_some())
    }

    fn acknowledged_key(&self, case: B256) -> Vec<u8> {
        key(&[&self.system().deployment_key(), self.address().as_slice(), case.as_slice()])
    }

    /// The keys that a case of a board gives to this account, once k members have released their shares.
    pub(crate) async fn payload_by_case(
        &self,
        patient: Address,
        scope: B256,
        grant: &Grant,
    ) -> Result<EnvelopePayload> {
        let giver = grant.state.giver.unwrap_or_default();
        let board = self.system().board(giver).await?;
        let me = self.address();
        let is_it = |case: &Case| {
            (case.patient, case.scope_id, case.grantee, case.reason) == (patient, scope, me, grant.envelope)
        };
        let case = self.system().cases(&board).await?.into_iter().find(is_it).ok_or_else(|| {
            Error::NotAvailable(format!(
                "the node does not show the case of the board {giver} that lets this account in"
            ))
        })?;
        self.put_together(&board, &case).await
    }

    async fn put_together(&self, board: &Board, case: &Case) -> Result<EnvelopePayload> {
        // The newest of each member.
        let told: BTreeMap<Address, B256> = case.shares.iter().copied().collect();
        let (mut deals, mut found, mut wrong) = (HashMap::new(), HashMap::<Digest, Vec<Share>>::new(), Vec::new());
        for (member, digest) in told {
            match self.released_by(&mut deals, case, member, digest).await {
                Ok((deal, share)) => found.entry(deal).or_default().push(share),
                Err(error) => wrong.push(format!("that of {member} is no use ({error})")),
            }
        }
        let needed = usize::from(board.threshold);
        let most = found.values().map(Vec::len).max().unwrap_or_default();
        let enough = found.into_iter().find(|(_, shares)| shares.len() >= needed);
        if let Some((deal, shares)) = enough.and_then(|(digest, shares)| Some((deals.get(&digest)?, shares))) {
            let context = self.context_of(deal, case)?;
            return Ok(open_deal(deal, &context, &shares)?);
        }
        let wrong = if wrong.is_empty() { String::new() } else { format!("; {}", wrong.join("; ")) };
        Err(Error::NotAvailable(format!(
            "{most} of the {needed} shares that are needed have been released: wait for the members of the board{wrong}"
        )))
    }

    async fn released_by(
        &self,
        deals: &mut HashMap<Digest, Verified<Deal>>,
        case: &Case,
        member: Address,
        digest: B256,
    ) -> Result<(Digest, Share)> {
        let release: Verified<ShareRelease> = self.signed(Digest(digest.0)).await?;
        if release.issuer() != account(member) {
            return Err(Error::Integrity("it is a share of somebody else".into()));
        }
        let named = release.deal;
        let deal = match deals.entry(named) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(self.signed(named).await?),
        };
        let context = self.context_of(deal, case)?;
        let keys = &self.published().await?.keys;
        Ok((named, open_release(&release, deal, &context, Digest(case.id.0), keys).map_err(CoreError::from)?))
    }

    /// What a deal must be for to be of use in this case, in its own epoch: that it is, opening it checks.
    fn context_of(&self, deal: &Deal, case: &Case) -> Result<EnvelopeContext> {
        let scope = Scope::from_bytes(case.scope_id.0).map_err(CoreError::from)?;
        Ok(deal_context(self.deployment(), case.patient, case.board, scope, deal.epoch))
    }
}
