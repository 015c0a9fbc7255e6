//! From a case that took effect to the keys: members release their shares, and whom it lets in puts them together.

use std::collections::{BTreeSet, HashMap, hash_map};

use alloy::primitives::{Address, B256};
use hospital_record_contracts::boards::IBoard::releaseCall;
use hospital_record_core::{
    block::{Block, Verified},
    board::{
        deal::{Deal, Share, open_deal},
        release::{ShareRelease, open_release, release_share},
    },
    error::CoreError,
    id::{DAG_CBOR, Digest, Scope},
    seal::envelope::{EnvelopeContext, EnvelopePayload},
};

use crate::{
    access::boards::open::A_DAY,
    base::{
        error::{Error, Result},
        record_ref::account,
    },
    boards::{
        board::Board,
        case::{Case, WINDOW},
        cases::MOST_RELEASES,
    },
    client::Client,
    journal::known::Known,
    keys::{
        deal::deal_context,
        owed::{DONE, Owed},
    },
    ledger::{Entry, Event, Grant, call},
    platform::cache::{RELEASES, key},
};

/// Cases with the same reason that are looked into.
const MOST_ALIKE: usize = 8;
/// From its opening so long a case lets somebody in, in seconds.
const LONGEST: u64 = WINDOW + A_DAY.as_secs();
const UNDER_WAY: u8 = 0;

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
        let (deal, context) = self.deal_for(case).await?;
        self.release_of(case, &deal, &context).await
    }

    /// What a case that took effect is to be given shares of.
    async fn deal_for(&self, case: &Case) -> Result<(Verified<Deal>, EnvelopeContext)> {
        let journal = self.system().journals().of(case.patient).await?;
        self.require_let_in(&journal, case).await?;
        self.newest_deal(&journal, case.scope_id, case.board).await
    }

    async fn release_of(&self, case: &Case, deal: &Verified<Deal>, context: &EnvelopeContext) -> Result<Released> {
        self.can_pay(1).await?;
        let place = self.release_key(case, deal.digest());
        let block = self.release_block(&place, case, deal, context).await?;
        let share = B256::from(block.digest().0);
        self.store_takes().await?;
        // Not stored before: a case that is vetoed meanwhile must leave no shares in the store.
        let owed = Owed::release(case.board, case.id, &place, &block);
        self.owe(&owed).await?;
        let sent = self.send(call(case.board, &releaseCall { id: case.id, share })).await;
        let receipt = self.or_owe_no_more(&owed, sent).await?;
        self.pay(&owed, receipt.transaction).await?;
        Ok(Released { case: case.id, share, transaction: receipt.transaction, gas: receipt.gas_used })
    }

    /// The same block each time it is tried again.
    async fn release_block(
        &self,
        place: &[u8],
        case: &Case,
        deal: &Verified<Deal>,
        context: &EnvelopeContext,
    ) -> Result<Block> {
        if let Some((_, bytes)) =
            self.system().cache().get(RELEASES, place.to_vec()).await?.as_deref().and_then(<[u8]>::split_first)
        {
            return Ok(Block::new(DAG_CBOR, bytes.to_vec()));
        }
        let (_, profile) = self.system().people().profile_of(case.grantee, None).await?;
        let me = self.published().await?;
        let to = (account(case.grantee), &profile.keys.hpke);
        let block = release_share(deal, context, Digest(case.id.0), to, me.digest, &me.keys)?;
        self.system().cache().put(RELEASES, place.to_vec(), [&[UNDER_WAY], &block.bytes[..]].concat()).await?;
        Ok(block)
    }

    fn release_key(&self, case: &Case, deal: Digest) -> Vec<u8> {
        key(&[&self.acknowledged_key(case), deal.as_bytes()])
    }

    /// Releases what is due of this member: for cases that it acknowledged on this machine, and where the system has a
    /// [witness](crate::Config::witness) for all that took effect; once, and again when the patient has dealt other keys.
    /// So that somebody is let in, a node alone would have to deceive k members into acknowledging.
    ///
    /// Of each case that something is due of, what became of it.
    pub async fn release_due(&self, board: &Board) -> Result<Vec<(Case, Result<Released>)>> {
        let (me, mut done) = (self.address(), Vec::new());
        board.require_member(me)?;
        for case in self.to_release(board).await? {
            if !case.is_live() || case.grantee == me {
                continue;
            }
            match self.release_if_due(&case).await {
                Ok(None) => {}
                Ok(Some(released)) => done.push((case, Ok(released))),
                Err(error) => done.push((case, Err(error))),
            }
        }
        Ok(done)
    }

    /// Cases that this member acknowledged on this machine, each asked for by its id: whatever others open, they come first.
    /// With a witness then those that were opened lately.
    async fn to_release(&self, board: &Board) -> Result<Vec<Case>> {
        let (system, now) = (self.system(), self.system().clocks().latest_time().await?);
        let mut cases = self.opened_unseen(board).await?;
        for id in self.acknowledged_and_not_over(board, now).await? {
            match system.case(board, id).await {
                Ok(case) if cases.iter().any(|known| known.id == case.id) => {}
                Ok(case) => cases.push(case),
                // A node that lags, or what was acknowledged never came about.
                Err(Error::NotFound(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if system.witness().is_some() {
            let mine: Vec<B256> = cases.iter().map(|case| case.id).collect();
            let lately = system.cases_since(board, now.saturating_sub(LONGEST)).await?.cases;
            cases.extend(lately.into_iter().filter(|case| !mine.contains(&case.id)));
        }
        Ok(cases)
    }

    async fn release_if_due(&self, case: &Case) -> Result<Option<Released>> {
        let (deal, context) = self.deal_for(case).await?;
        let before = self.system().cache().get(RELEASES, self.release_key(case, deal.digest())).await?;
        match before.is_some_and(|before| before.first() == Some(&DONE)) {
            true => Ok(None),
            false => self.release_of(case, &deal, &context).await.map(Some),
        }
    }

    /// The journal shows it, and it is no case of old that a node brings up again.
    async fn require_let_in(&self, journal: &Known, case: &Case) -> Result<()> {
        let now = self.system().clocks().latest_time().await?;
        let held = journal.state().live(case.scope_id, case.grantee, now);
        let by_it = |held: &&Grant| {
            held.state.giver == Some(case.board)
                && held.envelope == case.reason
                && held.state.expires_at <= case.latest_end()
        };
        match held.filter(by_it).filter(|_| now < case.latest_end()) {
            Some(_) => Ok(()),
            None => Err(Error::Conflict(format!(
                "the patient's history does not show that the case {} lets anybody in now: nothing was released",
                case.id
            ))),
        }
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
        let blocks = granted_in(self.system().journals().of(patient).await?.history.entries(), scope, (me, grant));
        let cases = self.system().cases_granted(&board, patient, &blocks).await?;
        let mut failure = Error::NotAvailable(format!(
            "the node does not show the case of the board {giver} that lets this account in"
        ));
        // Another member may open a case with the same reason: what was released for one counts for that alone.
        for case in cases.iter().filter(|case| is_it(case)).take(MOST_ALIKE) {
            match self.put_together(&board, case).await {
                Ok(payload) => return Ok(payload),
                Err(error) if error.is_silence() => return Err(error),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Of the newest deal of which enough shares were released: a rotation meanwhile takes nothing away.
    async fn put_together(&self, board: &Board, case: &Case) -> Result<EnvelopePayload> {
        let (mut deals, mut found, mut wrong) = (HashMap::new(), HashMap::<Digest, Vec<Share>>::new(), Vec::new());
        for (member, digest) in newest_of_each(&case.shares) {
            match self.released_by(&mut deals, case, member, digest).await {
                Ok((deal, share)) => found.entry(deal).or_default().push(share),
                Err(error) if error.is_silence() => return Err(error),
                Err(error) => wrong.push(format!("one of {member} is no use ({error})")),
            }
        }
        let needed = usize::from(board.threshold);
        let (mut most, mut newest) = (0, None::<(&Verified<Deal>, Vec<Share>)>);
        for (digest, shares) in found {
            let Some(deal) = deals.get(&digest) else { continue };
            let members = shares.iter().map(Share::number).collect::<BTreeSet<_>>().len();
            most = most.max(members);
            if members >= needed && newest.as_ref().is_none_or(|(before, _)| before.epoch < deal.epoch) {
                newest = Some((deal, shares));
            }
        }
        if let Some((deal, shares)) = newest {
            return Ok(open_deal(deal, &self.context_of(deal, case)?, &shares)?);
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
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(place) => place.insert(self.signed(named).await?),
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

/// The newest blocks in which a case with this reason let somebody in: the journal tells them, however many cases there are.
fn granted_in(entries: &[Entry], scope: B256, (grantee, grant): (Address, &Grant)) -> Vec<u64> {
    let it = |entry: &&Entry| match entry.event {
        Event::AccessPassedOn { scope: on, grantee: to, giver, envelope, .. } => {
            (on, to, Some(giver), envelope) == (scope, grantee, grant.state.giver, grant.envelope)
        }
        _ => false,
    };
    let mut blocks: Vec<u64> = entries.iter().rev().filter(it).map(|entry| entry.block).collect();
    blocks.dedup();
    blocks.truncate(MOST_ALIKE);
    blocks
}

fn newest_of_each(shares: &[(Address, B256)]) -> Vec<(Address, B256)> {
    let mut counts = HashMap::<Address, usize>::new();
    let mut few = |member: &Address| {
        let count = counts.entry(*member).or_default();
        *count += 1;
        *count <= MOST_RELEASES
    };
    shares.iter().rev().filter(|(member, _)| few(member)).copied().collect()
}
