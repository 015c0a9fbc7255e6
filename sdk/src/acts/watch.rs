//! Watches acts until they are final, and sends those again that the chain dropped.

use alloy::primitives::{Address, B256, Bytes, keccak256};

use crate::{
    acts::person::Person,
    base::error::{Result, fail},
    journal::{
        earlier::Earlier,
        finality::AT_LEAST,
        missing::MissingEntry,
        vanished::{VanishedEntry, is_shown, is_superseded},
        verified::VerifiedJournal,
    },
    ledger::{Call, Contract, Effects, Event, Sent, SentBytes},
    platform::clock,
    relay::SignedRequest,
};

/// How long an act is watched that is in no journal, in seconds.
pub(crate) const MOST_WATCHED: u64 = 7 * 86_400;

/// The state of an act of this person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It can no longer be undone, or a later act supersedes it.
    Final,
    /// The chain shows it.
    Shown,
    /// The chain does not show it.
    Missing,
}

/// What is stored with an act: in which journal, and from which place, it must show.
pub(crate) struct WatchNote {
    patient: Address,
    /// The number of entries that were known when it was sent ...
    entries: u64,
    /// ... after this many reorgs.
    cuts: u64,
    /// When it was sent, in seconds since 1970 by this machine's clock.
    at: u64,
    /// Earlier acts that a reorg could drop with it.
    earlier: Earlier,
}

impl WatchNote {
    fn to_bytes(&self) -> Bytes {
        let numbers = [self.entries, self.cuts, self.at].map(u64::to_be_bytes);
        [self.patient.as_slice(), &numbers.concat(), &self.earlier.to_bytes()].concat().into()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (patient, numbers) = bytes.split_first_chunk::<20>()?;
        let (numbers, earlier) = numbers.split_first_chunk::<24>()?;
        let ([entries, cuts, at], []) = numbers.as_chunks::<8>() else { return None };
        let [entries, cuts, at] = [entries, cuts, at].map(|number| u64::from_be_bytes(*number));
        Some(Self { patient: Address::from(*patient), entries, cuts, at, earlier: Earlier::from_bytes(earlier)? })
    }
}

impl Person {
    pub(crate) async fn missing(&self) -> Result<Vec<MissingEntry>> {
        let mut missing = Vec::new();
        for vanished in self.journals.all_vanished().await? {
            let journal = self.journals.cached(vanished.patient).await?;
            if self.minds(&vanished) && !vanished.is_covered(&journal.history) {
                missing.push(MissingEntry::from(&vanished));
            }
        }
        Ok(missing)
    }

    pub(crate) async fn give_up(&self, name: B256) -> Result<()> {
        let entries = self.journals.all_vanished().await?;
        let vanished =
            entries.into_iter().find(|vanished| vanished.entry.head == name || vanished.entry.transaction == name);
        let sender = &self.sender;
        let mut is_missing = vanished.is_some();
        for act in sender.sent(self.address()).await? {
            let is_its = match &vanished {
                Some(vanished) => self.effects(&act)?.is_some_and(|effects| concerns(&effects, &vanished.entry.event)),
                None => act.id == name,
            };
            if is_its && self.standing(&act).await? == Standing::Missing {
                sender.release(self.address(), act.id).await?;
                is_missing = true;
            }
        }
        if let Some(vanished) = vanished {
            self.journals.drop_vanished(vanished).await?;
        }
        match is_missing {
            true => Ok(()),
            false => fail!(NotFound, "no missing entry is called {name}: `resume` lists them"),
        }
    }

    pub(crate) async fn note_for(&self, call: &Call) -> Result<Bytes> {
        let effects = self.contract.effects(call, self.address());
        let at = clock::now();
        let Some(Effects { patient, events }) = effects else {
            let patient = Address::ZERO;
            let earlier = Earlier::default();
            return Ok(WatchNote { patient, entries: 0, cuts: 0, at, earlier }.to_bytes());
        };
        let journal = self.journals.cached(patient).await?;
        let entries = journal.history.entries().len();
        let cuts = journal.finality.cuts();
        let earlier = Earlier::of(&events, &journal.history, journal.finality.settled(), entries);
        Ok(WatchNote { patient, entries: entries as u64, cuts, at, earlier }.to_bytes())
    }

    /// Keeps a request that others carried until it is final. The request took effect whether or not this works.
    pub(crate) async fn keep_request(&self, request: &SignedRequest, note: Bytes) {
        let Call { to, data, .. } = request.call();
        let id = keccak256(&data);
        let bytes = SentBytes::Request { to, data };
        if let Err(error) = self.sender.keep(&Sent { account: self.address(), id, bytes, note }).await {
            tracing::warn!(%error, "a request that was carried could not be kept: it is not sent again");
        }
    }

    /// Releases final acts, and returns how many acts of this person are not final yet.
    pub(crate) async fn watch(&self) -> Result<usize> {
        let sender = &self.sender;
        let mut watching = 0;
        for act in sender.sent(self.address()).await? {
            match self.standing(&act).await? {
                Standing::Final => sender.release(self.address(), act.id).await?,
                Standing::Shown => watching += 1,
                Standing::Missing => {}
            }
        }
        Ok(watching)
    }

    /// The state of an act, by what the journal shows: a receipt is only the node's word.
    pub(crate) async fn standing(&self, act: &Sent) -> Result<Standing> {
        let Some(note) = WatchNote::from_bytes(&act.note) else { return Ok(Standing::Final) };
        let Some(effects) = self.effects(act)? else { return self.standing_elsewhere(act, &note).await };
        let journal = self.journals.of(effects.patient).await?;
        Ok(standing_in(&journal, &effects, &note))
    }

    /// The same for an act that is in no journal. Its receipt or nonce is the only evidence.
    async fn standing_elsewhere(&self, act: &Sent, note: &WatchNote) -> Result<Standing> {
        let contract = &self.contract;
        let is_shown = match &act.bytes {
            SentBytes::Transaction { .. } => {
                self.ledger().receipt(act.id).await?.is_some_and(|receipt| receipt.succeeded)
            }
            SentBytes::Request { to, data } => match Contract::act_of(*to, data, contract.address()) {
                Some(signed_act) => contract.took_effect(&signed_act, act.call()?).await?,
                None => return Ok(Standing::Final),
            },
        };
        let is_old = clock::now().saturating_sub(note.at) >= AT_LEAST;
        Ok(match is_shown {
            true if is_old => Standing::Final,
            true => Standing::Shown,
            false => Standing::Missing,
        })
    }

    pub(crate) fn effects(&self, act: &Sent) -> Result<Option<Effects>> {
        Ok(self.contract.effects(&act.call()?, act.account))
    }

    /// Releases acts that are final by the cached journal, once a process.
    pub(crate) async fn tidy(&self) -> Result<()> {
        let sender = &self.sender;
        for act in sender.sent(self.address()).await? {
            // `resume` looks at acts that are in no journal. After some days they are released.
            let is_old = WatchNote::from_bytes(&act.note)
                .is_none_or(|note| note.patient.is_zero() && clock::now().saturating_sub(note.at) >= MOST_WATCHED);
            let is_final = match self.effects(&act)? {
                Some(effects) if !is_old => {
                    let journal = self.journals.cached(effects.patient).await?;
                    WatchNote::from_bytes(&act.note)
                        .is_some_and(|note| standing_in(&journal, &effects, &note) == Standing::Final)
                }
                _ => is_old,
            };
            if is_final {
                sender.release(self.address(), act.id).await?;
            }
        }
        Ok(())
    }

    fn minds(&self, vanished: &VanishedEntry) -> bool {
        vanished.entry.ends_access() || self.is_me(vanished.entry.event.actor(vanished.patient))
    }
}

fn concerns(effects: &Effects, event: &Event) -> bool {
    effects.events.iter().any(|effect| effect.is_same_act(event))
}

pub(crate) fn shows(effects: Option<&Effects>, vanished: &VanishedEntry) -> bool {
    effects.is_some_and(|effects| effects.patient == vanished.patient && concerns(effects, &vanished.entry.event))
}

/// All parts of an act stand or fall together.
pub(crate) fn standing_in(journal: &VerifiedJournal, effects: &Effects, note: &WatchNote) -> Standing {
    let from = note.earlier.end_in(&journal.history, journal.finality.place_of(note.entries, note.cuts));
    let later = journal.history.entries().get(from..).unwrap_or_default();
    let mut standing = Standing::Final;
    let settled = journal.finality.settled();
    for event in &effects.events {
        match is_shown(event, later) {
            Some(place) if from + place < settled => {}
            Some(_) => standing = Standing::Shown,
            None if is_superseded(event, &journal.history, from..settled) => {}
            // The entry that supersedes it is not final, and can vanish too.
            None if is_superseded(event, &journal.history, from..journal.history.entries().len()) => {
                standing = Standing::Shown;
            }
            None => return Standing::Missing,
        }
    }
    standing
}
