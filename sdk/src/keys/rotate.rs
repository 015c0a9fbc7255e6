//! Moving a folder's keys on, so that what comes later stays closed to those who left.

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    error::CoreError,
    id::{Confidentiality, Epoch, Folder},
    seal::{keyring::seal_keyring, ratchet::next_epoch},
};

use crate::{
    base::{
        builder::with_fresh_keys,
        error::{Error, Result, outcome::Outcome},
    },
    client::Client,
    journal::{epochs::MOST_UNPROVEN, known::Known},
    keys::{deal::Dealt, owed::Owed, readers::Readers},
    ledger::folder_scope,
};

/// Envelopes that one rotation waits for although nobody has them: whose is not found is left out.
const MOST_IN_VAIN: usize = 16;

/// A folder whose keys moved on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rotated {
    /// Readers who remain but whose keys could not be had or are not to be trusted: grant to them again.
    pub left_out: Vec<Address>,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

impl Client {
    /// Moves the keys of one of this person's folders on.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no act of this person concerned such a folder: a mistyped name is another folder.
    pub async fn rotate(&self, folder: &str, confidentiality: Confidentiality) -> Result<Rotated> {
        let number = self.keys().folder(folder, confidentiality).number();
        let journal = self.system().journals().of(self.address()).await?;
        let state = journal.state();
        // Where a grant was revoked in a hurry the keys are all that is left of it.
        if !state.folders.contains_key(&number) && !state.holds_folder(number) {
            return Err(Error::NotFound(format!(
                "no folder {folder:?} of confidentiality {confidentiality} holds a record or was granted: look in the \
                 list of folders for its name and confidentiality"
            )));
        }
        self.rotate_folder(self.keys().folder(folder, confidentiality)).await
    }

    pub(crate) async fn rotate_folder(&self, folder: Folder) -> Result<Rotated> {
        self.published().await?;
        with_fresh_keys!(self.rotate_once(folder).await)
    }

    async fn rotate_once(&self, folder: Folder) -> Result<Rotated> {
        let journal = self.system().journals().of(self.address()).await?;
        let ring = self.for_rotating().make_keyring(&journal, folder, None).await?;
        self.store_takes().await?;
        let (epoch, digest) = (ring.epoch, ring.digest);
        let (contract, changes) = (self.system().contract(), journal.state().key_changes);
        self.owe(&ring.owed).await?;
        let sent = self.send(contract.rotate(folder.number(), epoch, digest, changes)).await;
        let receipt = self.or_owe_no_more(&ring.owed, sent).await?;
        let transaction = receipt.transaction;
        self.confirm(self.address(), transaction, |state| state.folder(folder.number()).epoch >= epoch).await?;
        let left_out = self.publish_keyrings(vec![ring], transaction).await?;
        Ok(Rotated { left_out, transaction, gas: receipt.gas_used })
    }

    /// The same for the envelopes of one rotation: whoever may pass on can name any number that nobody has.
    pub(crate) fn for_rotating(&self) -> Self {
        Self(self.0.clone(), self.system().for_one_call(MOST_IN_VAIN))
    }

    /// Stores keyrings that are in the chain's history, and says whom they leave out. Not before: the state of an epoch
    /// is the same in every keyring for it, so one that another takes the place of, as it does where the count was
    /// outdated, would hand it to whoever that one leaves out.
    pub(crate) async fn publish_keyrings(&self, rings: Vec<Ring>, transaction: B256) -> Result<Vec<Address>> {
        let journal = self.system().journals().of(self.address()).await;
        let journal = journal.map_err(|error| error.with_outcome(Outcome::KeysNotStored { transaction }))?;
        let mut left_out = Vec::new();
        for ring in rings {
            if ring.owed.is_keyring_in(&journal) {
                self.pay(&ring.owed, transaction).await?;
                left_out.extend(ring.left_out);
            }
        }
        Ok(left_out)
    }

    /// Whether a folder's keys must move on before anything new is locked with them: somebody who may not read now holds
    /// them, or was given them by the newest keyring while it was on its way.
    pub(crate) async fn is_stale(&self, journal: &Known, folder: Folder, now: u64) -> Result<bool> {
        let proven = self.system().journals().proven_epoch(journal.patient, folder).await?;
        if proven > journal.folder(folder).epoch || journal.state().is_dirty(folder.number(), now) {
            return Ok(true);
        }
        let Some(newest) = journal.folder(folder).keyring().copied() else { return Ok(false) };
        if self.system().journals().is_burnt(journal.patient, folder, newest.epoch, newest.digest).await? {
            return Ok(true);
        }
        let readers = journal.state().folder_readers(folder.number(), now);
        match self.keyring(journal.patient, folder, newest.digest, newest.epoch).await {
            Ok(keyring) => {
                let dealt = keyring.deals.iter().map(|dealt| dealt.board);
                let mut holders = keyring.entries.iter().map(|entry| entry.grantee).chain(dealt);
                Ok(holders.any(|account| !readers.contains(&Address::from(account.0))))
            }
            // A keyring that cannot be had helps nobody who remains either.
            Err(Error::NotAvailable(_) | Error::Integrity(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Makes the keyring of a folder's next epoch, for all live readers but `without`. It is stored when it is on chain.
    pub(crate) async fn make_keyring(&self, journal: &Known, folder: Folder, without: Option<Address>) -> Result<Ring> {
        let now = self.system().clocks().latest_time().await?;
        let is_sure = self.is_epoch_sure(journal, folder).await?;
        let epoch = self.epoch_after(journal, folder, is_sure).await?;
        let mut after = journal.state().clone();
        // These grants are there only because the end of them is missing.
        let ended = self.places_of_missing_ends(journal).await?;
        after.grants.retain(|place, _| !ended.contains(place));
        if let Some(account) = without {
            // With it goes whoever lives by it.
            after.grants.remove(&(folder_scope(folder.number()), account));
        }
        let mut accounts = own_first(journal, folder, after.folder_readers(folder.number(), now));
        let state = self.keys().folder_state(folder, epoch);
        let (dealt, readers) = match is_sure {
            true => {
                let dealt = self.deal_anew(journal, folder, &state, &accounts).await?;
                accounts.retain(|account| !dealt.is_for(*account, journal.folder_grant(folder, *account)));
                (dealt, self.entitled(journal, folder, accounts).await?)
            }
            false => (Dealt::default(), Readers { left_out: accounts, ..Readers::default() }),
        };
        let (Readers { keys, mut left_out }, me) = (readers, self.published().await?);
        left_out.extend(dealt.left_out);
        let block = seal_keyring(self.deployment(), folder, &state, &keys, dealt.named, me.digest, &me.keys)?;
        let (digest, owed) = (block.digest().0.into(), Owed::keyring(folder, epoch, &dealt.blocks, &block));
        let ring = Ring { epoch, digest, owed, left_out };
        self.remember_keyring(folder, epoch, digest).await?;
        Ok(ring)
    }
}

impl Client {
    /// The epoch that follows all that the patient has signed for: also those whose entries are gone, for their keys are
    /// in the hands of others. What a provider alone says counts as far as it can be an accident.
    async fn epoch_after(&self, journal: &Known, folder: Folder, is_sure: bool) -> Result<Epoch> {
        let proven = self.system().journals().proven_epoch(journal.patient, folder).await?;
        let keys = journal.folder(folder);
        let is_final = keys.keyring().is_some_and(|keyring| keyring.entry < journal.finality.settled());
        if !is_sure && !is_final && keys.epoch > proven.saturating_add(MOST_UNPROVEN) {
            let (host, told) = (self.system().ledger().name(), keys.epoch);
            return Err(Error::Integrity(format!(
                "{host} shows keys of epoch {told} for a folder, for which no signed keyring can be had, and the patient \
                 has signed up to epoch {proven}: ask another node, or name a witness"
            )));
        }
        Ok(next_epoch(keys.epoch.max(proven)).map_err(CoreError::from)?)
    }
}

/// A keyring that nobody else has yet.
pub(crate) struct Ring {
    pub(crate) epoch: u16,
    pub(crate) digest: B256,
    pub(crate) owed: Owed,
    left_out: Vec<Address>,
}

/// A keyring holds so many. Who may pass on can let in any number, but they take nobody's place whom the patient let in.
pub(crate) fn own_first(journal: &Known, folder: Folder, mut accounts: Vec<Address>) -> Vec<Address> {
    accounts.sort_by_key(|account| journal.folder_grant(folder, *account).is_none_or(|g| g.state.giver.is_some()));
    accounts
}
