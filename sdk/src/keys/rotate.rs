//! Moving a folder's keys on, so that what comes later stays closed to those who left.

use crate::{
    acts::person::Person,
    base::{
        builder::with_fresh_keys,
        error::{Error, Result, outcome::Outcome},
    },
    journal::{epochs::MOST_UNPROVEN, verified::VerifiedJournal},
    keys::{
        holder::board::{self, Dealt},
        keyrings, missing,
        owed::{self, Owed},
        readers::{self, Readers},
    },
    ledger::folder_scope,
};
use alloy::primitives::{Address, B256};
use hospital_record_core::{
    error::CoreError,
    id::{Confidentiality, Epoch, Folder},
    seal::{keyring::seal_keyring, ratchet::next_epoch},
};

/// Envelopes that one rotation waits for although nobody has them: whose is not found is left out.
const MOST_IN_VAIN: usize = 16;

/// A folder whose keys moved on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rotated {
    /// Readers who remain but whose keys could not be had or are not to be trusted: grant to them again.
    pub left_out: Vec<Address>,
    /// Hash of the transaction; `None` where a relay carried it and nobody says which one it was.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) async fn rotate(person: &Person, folder: &str, confidentiality: Confidentiality) -> Result<Rotated> {
    let number = person.keys().folder(folder, confidentiality).number();
    let journal = person.journals().of(person.address()).await?;
    let state = journal.state();
    // Where a grant was revoked in a hurry the keys are all that is left of it.
    if !state.folders.contains_key(&number) && !state.holds_folder(number) {
        return Err(Error::NotFound(
            format!(
                "no folder {folder:?} of confidentiality {confidentiality} holds a record or was granted: look in the \
             list of folders for its name and confidentiality"
            )
            .into(),
        ));
    }
    rotate_folder(person, person.keys().folder(folder, confidentiality)).await
}

pub(crate) async fn rotate_folder(person: &Person, folder: Folder) -> Result<Rotated> {
    person.published().await?;
    with_fresh_keys!(rotate_once(person, folder).await)
}

async fn rotate_once(person: &Person, folder: Folder) -> Result<Rotated> {
    let journal = person.journals().of(person.address()).await?;
    let ring = make_keyring(&for_rotating(person), &journal, folder, None).await?;
    person.store_takes().await?;
    let epoch = ring.epoch;
    let digest = ring.digest;
    let contract = person.contract();
    let changes = journal.state().key_changes;
    owed::owe(person, &ring.owed).await?;
    let sent = person.send(contract.rotate(folder.number(), epoch, digest, changes)).await;
    let receipt = owed::or_owe_no_more(person, &ring.owed, sent).await?;
    let transaction = receipt.transaction;
    person.confirm(person.address(), transaction, |state| state.folder(folder.number()).epoch >= epoch).await?;
    let left_out = publish_keyrings(person, vec![ring], transaction).await?;
    Ok(Rotated { left_out, transaction, gas: receipt.gas })
}

/// The same for the envelopes of one rotation: whoever may pass on can name any number that nobody has.
pub(crate) fn for_rotating(person: &Person) -> Person {
    person.waiting_in_vain(MOST_IN_VAIN)
}

/// Stores keyrings that are in the chain's history, and says whom they leave out. Not before: the state of an epoch
/// is the same in every keyring for it, so one that another takes the place of, as it does where the count was
/// outdated, would hand it to whoever that one leaves out.
pub(crate) async fn publish_keyrings(
    person: &Person,
    rings: Vec<Ring>,
    transaction: Option<B256>,
) -> Result<Vec<Address>> {
    let journal = person.journals().of(person.address()).await;
    let journal = journal.map_err(|error| error.with_outcome(Outcome::KeysNotStored { transaction }))?;
    let mut left_out = Vec::new();
    for ring in rings {
        if ring.owed.is_keyring_in(&journal) {
            owed::pay(person, &ring.owed, transaction).await?;
            left_out.extend(ring.left_out);
        }
    }
    Ok(left_out)
}

/// Whether a folder's keys must move on before anything new is locked with them: somebody who may not read now holds
/// them, or was given them by the newest keyring while it was on its way.
pub(crate) async fn is_stale(person: &Person, journal: &VerifiedJournal, folder: Folder, now: u64) -> Result<bool> {
    let proven = person.journals().proven_epoch(journal.patient, folder).await?;
    if proven > journal.folder(folder).epoch || journal.state().is_dirty(folder.number(), now) {
        return Ok(true);
    }
    let Some(newest) = journal.folder(folder).keyring().copied() else { return Ok(false) };
    if person.journals().is_burnt(journal.patient, folder, newest.epoch, newest.digest).await? {
        return Ok(true);
    }
    let readers = journal.state().folder_readers(folder.number(), now);
    match keyrings::keyring(person, journal.patient, folder, newest.digest, newest.epoch).await {
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
pub(crate) async fn make_keyring(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    without: Option<Address>,
) -> Result<Ring> {
    let now = person.clocks().latest_time().await?;
    let is_sure = readers::is_epoch_sure(person, journal, folder).await?;
    let epoch = epoch_after(person, journal, folder, is_sure).await?;
    let mut after = journal.state().clone();
    // These grants are there only because the end of them is missing.
    let ended = missing::places_of_missing_ends(person, journal).await?;
    after.grants.retain(|place, _| !ended.contains(place));
    if let Some(account) = without {
        // With it goes whoever lives by it.
        after.grants.remove(&(folder_scope(folder.number()), account));
    }
    let mut accounts = own_first(journal, folder, after.folder_readers(folder.number(), now));
    let state = person.keys().folder_state(folder, epoch);
    let (dealt, readers) = match is_sure {
        true => {
            let dealt = board::deal_anew(person, journal, folder, &state, &accounts).await?;
            accounts.retain(|account| !dealt.is_for(*account, journal.folder_grant(folder, *account)));
            (dealt, readers::entitled(person, journal, folder, accounts).await?)
        }
        false => (Dealt::default(), Readers { left_out: accounts, ..Readers::default() }),
    };
    let (Readers { keys, mut left_out }, me) = (readers, person.published().await?);
    left_out.extend(dealt.left_out);
    let block = seal_keyring(person.deployment(), folder, &state, &keys, dealt.named, me.digest, &me.keys)?;
    let digest = block.digest().0.into();
    let owed = Owed::keyring(folder, epoch, &dealt.blocks, &block);
    let ring = Ring { epoch, digest, owed, left_out };
    readers::remember_keyring(person, folder, epoch, digest).await?;
    Ok(ring)
}

/// The epoch that follows all that the patient has signed for: also those whose entries are gone, for their keys are
/// in the hands of others. What a provider alone says counts as far as it can be an accident.
async fn epoch_after(person: &Person, journal: &VerifiedJournal, folder: Folder, is_sure: bool) -> Result<Epoch> {
    let proven = person.journals().proven_epoch(journal.patient, folder).await?;
    let keys = journal.folder(folder);
    let is_final = keys.keyring().is_some_and(|keyring| keyring.entry < journal.finality.settled());
    if !is_sure && !is_final && keys.epoch > proven.saturating_add(MOST_UNPROVEN) {
        let host = person.ledger().name();
        let told = keys.epoch;
        return Err(Error::Integrity(format!(
            "{host} shows keys of epoch {told} for a folder, for which no signed keyring can be had, and the patient \
             has signed up to epoch {proven}: ask another node, or name a witness"
        ).into()));
    }
    Ok(next_epoch(keys.epoch.max(proven)).map_err(CoreError::from)?)
}

/// A keyring that nobody else has yet.
pub(crate) struct Ring {
    pub(crate) epoch: u16,
    pub(crate) digest: B256,
    pub(crate) owed: Owed,
    left_out: Vec<Address>,
}

/// A keyring holds so many. Who may pass on can let in any number, but they take nobody's place whom the patient let in.
pub(crate) fn own_first(journal: &VerifiedJournal, folder: Folder, mut accounts: Vec<Address>) -> Vec<Address> {
    accounts.sort_by_key(|account| journal.folder_grant(folder, *account).is_none_or(|g| g.state.giver.is_some()));
    accounts
}
