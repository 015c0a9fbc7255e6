//! Ends pins that the chain does not name: left by programs that never came to register what they stored.
//!
//! A pin is named by an event with the digest of its root, or by a keyring that an event names: the new shares of boards
//! are named there alone. What the chain names is kept until its account gives it up. Nothing ends while it is not certain
//! what the chain names, and a pin that is repeated begins anew.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use hospital_record::{Address, B256, Cid};
use tokio::sync::watch;

use crate::{
    blocks::{
        names::Names,
        problem::{Problem, without_cids},
        room::Room,
    },
    clock::now,
};

/// The longest pause between two rounds. A round with an old unnamed pin reads all events.
const PAUSE: Duration = Duration::from_secs(7 * 86_400);
/// CBOR's head of 32 bytes, before each digest in a block.
const DIGEST: [u8; 2] = [0x58, 32];

pub(super) type Pin = (Address, Cid);

/// Ends unnamed pins older than `age` until the stop signal.
pub(super) async fn end_unnamed(room: Room, names: Names, age: Duration, mut stop: watch::Receiver<bool>) {
    loop {
        let round = async {
            match room.end_unnamed(&names, now().saturating_sub(age.as_secs())).await {
                Ok(0) => {}
                Ok(pins) => tracing::info!(pins, "pins that the chain does not name were ended"),
                Err(error) => tracing::warn!(error, "it is not known which pins the chain names: none was ended"),
            }
        };
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = round => {}
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep((age / 4).clamp(Duration::from_secs(1), PAUSE)) => {}
        }
    }
}

impl Room {
    /// Returns how many pins ended.
    async fn end_unnamed(&self, names: &Names, before: u64) -> Result<usize, String> {
        let rows = &self.0.rows;
        let in_words = |error: Problem| error.to_string();
        let old = rows.unnamed(before).await.map_err(|error| error.to_string())?;
        if old.is_empty() {
            return Ok(0);
        }
        let (digests, accounts) = (old.iter().map(digest).collect(), old.iter().map(|(account, _)| *account).collect());
        let named = names.among(&digests, &accounts).await.map_err(|error| error.to_string())?;
        let (named, rest): (Vec<_>, Vec<_>) = old.into_iter().partition(|pin| named.contains(&digest(pin)));
        rows.name(&named).await.map_err(|error| error.to_string())?;
        let (named, rest) = self.named_by_blocks(rest).await.map_err(in_words)?;
        rows.name(&named).await.map_err(|error| error.to_string())?;
        let mut ended = 0;
        for (account, root) in rest {
            ended += usize::from(self.end_if_unnamed(account, root, before).await.map_err(in_words)?);
        }
        Ok(ended)
    }

    /// The pins whose digest stands in a block that is named itself, and the others.
    async fn named_by_blocks(&self, pins: Vec<Pin>) -> Result<(Vec<Pin>, Vec<Pin>), Problem> {
        let mut of_each = HashMap::<Address, HashSet<B256>>::new();
        for pin in &pins {
            of_each.entry(pin.0).or_default().insert(digest(pin));
        }
        let mut named = HashSet::new();
        for (account, digests) in of_each {
            for cid in self.0.rows.named_blocks(account).await? {
                let block = self.0.store.get(&cid).await.map_err(|error| {
                    tracing::warn!(error = without_cids(&error.to_string()), "a named block could not be read");
                    Problem::Unavailable
                })?;
                named
                    .extend(digests_in(&block).filter(|digest| digests.contains(digest)).map(|found| (account, found)));
            }
        }
        Ok(pins.into_iter().partition(|pin| named.contains(&(pin.0, digest(pin)))))
    }

    /// Whether it was still there, and ended.
    async fn end_if_unnamed(&self, account: Address, root: Cid, before: u64) -> Result<bool, Problem> {
        let _turn = self.root(&root, self.0.patience.place).await?;
        let is_old = self.0.rows.is_unnamed(account, &root, before).await?;
        if is_old {
            self.end(account, &root).await?;
        }
        Ok(is_old)
    }
}

fn digest((_, root): &Pin) -> B256 {
    B256::try_from(root.hash().digest()).unwrap_or_default()
}

fn digests_in(block: &[u8]) -> impl Iterator<Item = B256> {
    block.windows(DIGEST.len() + 32).filter_map(|part| part.strip_prefix(&DIGEST)).map(B256::from_slice)
}
