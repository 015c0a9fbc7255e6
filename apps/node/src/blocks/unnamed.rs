//! Ends pins that the chain does not name: left by programs that never came to register what they stored.
//!
//! A pin is named by an event with the digest of its root, or by a keyring that an event names: the new shares of boards
//! are named there alone. What the chain names is kept until its account gives it up.
//!
//! A provider may lag, or leave something out. So ages are counted from the newest block that it shows; an event that was
//! seen once must be there again; and a pin ends only if two rounds, some days apart, did not find its name. A pin that is
//! repeated begins anew.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use hospital_record::{Address, B256, Cid};
use tokio::sync::watch;

use crate::{
    blocks::{
        names::{Names, Unknown},
        problem::{Problem, without_cids},
        room::Room,
        rows::{
            RowsError,
            pins::{BY_EVENT, BY_KEYRING},
        },
    },
    clock::{now, rounds},
};

/// The longest pause between two rounds. A round with an old unnamed pin reads all events.
const PAUSE: Duration = Duration::from_secs(7 * 86_400);
/// CBOR's head of 32 bytes, before each digest in a block.
const DIGEST: [u8; 2] = [0x58, 32];

pub(super) type Pin = (Address, Cid);

/// Ends unnamed pins older than `age` until the stop signal.
pub(super) async fn end_unnamed(room: Room, names: Names, age: Duration, stop: watch::Receiver<bool>) {
    let round = || async {
        match room.end_unnamed(&names, age).await {
            Ok(0) => {}
            Ok(pins) => tracing::info!(pins, "pins that the chain does not name were ended"),
            Err(error) => tracing::warn!(%error, "it is not known which pins the chain names: none was ended"),
        }
    };
    rounds(stop, pause(age), round).await;
}

impl Room {
    /// Returns how many pins ended.
    async fn end_unnamed(&self, names: &Names, age: Duration) -> Result<usize, Unknown> {
        let newest = names.newest().await?;
        let round =
            Round { at: now(), before: now().min(newest.time).saturating_sub(age.as_secs()), pause: pause(age) };
        let missed = self.missed(names, newest.number, &round).await?;
        let mut ended = 0;
        for (account, root) in missed {
            match self.end_if_missed(account, root, &round).await {
                Ok(is_ended) => ended += usize::from(is_ended),
                Err(error) => tracing::warn!(%error, "an unnamed pin could not be ended yet"),
            }
        }
        Ok(ended)
    }

    /// Old pins that are not named. Those that are named are written down.
    async fn missed(&self, names: &Names, newest: u64, round: &Round) -> Result<Vec<Pin>, Unknown> {
        let rows = &self.0.rows;
        let old = rows.unnamed(round.before).await?;
        if old.is_empty() {
            return Ok(old);
        }
        let accounts: HashSet<Address> = old.iter().map(|(account, _)| *account).collect();
        // A young keyring names an older deal.
        let mut all: HashSet<Pin> = old.iter().copied().collect();
        for account in &accounts {
            all.extend(rows.unnamed_blocks(*account).await?);
        }
        let known: HashSet<B256> = rows.named_by_events().await?.iter().map(digest).collect();
        let wanted = all.iter().map(digest).chain(known.iter().copied()).collect();
        let found = names.among(newest, &wanted, &accounts).await?;
        match known.difference(&found).count() {
            0 => {}
            forgotten => return Err(Unknown::Forgotten(forgotten)),
        }
        let named: Vec<Pin> = all.into_iter().filter(|pin| found.contains(&digest(pin))).collect();
        rows.name(&named, BY_EVENT).await?;
        let rest = old.into_iter().filter(|pin| !found.contains(&digest(pin))).collect();
        let (named, rest) = self.named_by_blocks(rest).await?;
        rows.name(&named, BY_KEYRING).await?;
        Ok(rest)
    }

    /// The pins whose digest stands in a block that is named itself, and the others. Those of an account whose blocks
    /// cannot be read are neither.
    async fn named_by_blocks(&self, pins: Vec<Pin>) -> Result<(Vec<Pin>, Vec<Pin>), RowsError> {
        let mut of_each = HashMap::<Address, HashSet<B256>>::new();
        for pin in &pins {
            of_each.entry(pin.0).or_default().insert(digest(pin));
        }
        let (mut named, mut unread) = (HashSet::new(), HashSet::new());
        for (account, digests) in of_each {
            for cid in self.0.rows.named_blocks(account).await? {
                match self.0.store.get(&cid).await {
                    Ok(block) => {
                        let found = digests_in(&block).filter(|digest| digests.contains(digest));
                        named.extend(found.map(|found| (account, found)));
                    }
                    Err(error) => {
                        tracing::warn!(error = without_cids(&error.to_string()), "a named block could not be read");
                        unread.insert(account);
                    }
                }
            }
        }
        let pins = pins.into_iter().filter(|(account, _)| !unread.contains(account));
        Ok(pins.partition(|pin| named.contains(&(pin.0, digest(pin)))))
    }

    /// Ends a pin that an earlier round missed too. Returns whether it ended.
    async fn end_if_missed(&self, account: Address, root: Cid, round: &Round) -> Result<bool, Problem> {
        let _turn = self.root(&root, self.0.patience.place).await?;
        let until = round.at.saturating_sub(round.pause.as_secs() / 2);
        let is_missed_again = self.0.rows.miss(account, &root, round.before, round.at, until).await?;
        if is_missed_again {
            self.end(account, &root).await?;
        }
        Ok(is_missed_again)
    }
}

/// One round: its time, and the last time of the pins that it looks at.
struct Round {
    at: u64,
    before: u64,
    /// Until the next one.
    pause: Duration,
}

fn pause(age: Duration) -> Duration {
    (age / 4).clamp(Duration::from_secs(1), PAUSE)
}

fn digest((_, root): &Pin) -> B256 {
    B256::try_from(root.hash().digest()).unwrap_or_default()
}

fn digests_in(block: &[u8]) -> impl Iterator<Item = B256> {
    block.windows(DIGEST.len() + 32).filter_map(|part| part.strip_prefix(&DIGEST)).map(B256::from_slice)
}
