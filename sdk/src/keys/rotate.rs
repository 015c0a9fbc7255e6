//! Key rotation: after it, new records stay closed to everybody who left.

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    error::CoreError,
    id::{Confidentiality, Epoch, Folder},
    seal::{keyring::seal_keyring, ratchet::next_epoch},
};

use crate::{
    acts::person::Person,
    base::{
        builder::with_fresh_keys,
        error::{Error, Result, fail, outcome::Outcome},
    },
    journal::{epochs::MOST_UNPROVEN, verified::VerifiedJournal},
    keys::{
        holder::board::{self, KeyringDeals},
        keyrings, missing,
        owed::{self, OwedBlocks},
        readers::{self, Readers},
    },
    ledger::folder_scope,
};

/// How many envelopes that nobody has one rotation waits for. A reader whose envelope is not found is left out.
const MOST_IN_VAIN: usize = 16;

/// The result of a key rotation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Rotated {
    /// Readers whose keys were not available or cannot be trusted, and who did not get the new keys: grant to them
    /// again.
    pub left_out: Vec<Address>,
    /// Hash of the transaction; `None` where a relay carried it and nobody says which one it was.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) async fn rotate(person: &Person, folder: &str, confidentiality: Confidentiality) -> Result<Rotated> {
    let number = person.keys().folder(folder, confidentiality).number();
    let journal = person.journals.of(person.address()).await?;
    let state = journal.state();
    // After a revocation without a rotation, only the state of the keys shows that the folder was granted.
    if !state.folders.contains_key(&number) && !state.holds_folder(number) {
        return fail!(
            NotFound,
            "no folder {folder:?} of confidentiality {confidentiality} holds a record or was granted: look in the \
             list of folders for its name and confidentiality"
        );
    }
    rotate_folder(person, person.keys().folder(folder, confidentiality)).await
}

pub(crate) async fn rotate_folder(person: &Person, folder: Folder) -> Result<Rotated> {
    person.published().await?;
    with_fresh_keys!(rotate_once(person, folder).await)
}

async fn rotate_once(person: &Person, folder: Folder) -> Result<Rotated> {
    let journal = person.journals.of(person.address()).await?;
    let ring = make_keyring(&for_rotating(person), &journal, folder, None).await?;
    person.store_takes().await?;
    let epoch = ring.epoch;
    let digest = ring.digest;
    let contract = &person.contract;
    let changes = journal.state().key_changes;
    owed::owe(person, &ring.owed).await?;
    let result = person.send(contract.rotate(folder.number(), epoch, digest, changes)).await;
    let receipt = owed::or_owe_no_more(person, &ring.owed, result).await?;
    let transaction = receipt.transaction;
    person.confirm(person.address(), transaction, |state| state.folder(folder.number()).epoch >= epoch).await?;
    let left_out = publish_keyrings(person, vec![ring], transaction).await?;
    Ok(Rotated { left_out, transaction, gas: receipt.gas })
}

/// The same person, waiting for few envelopes: every delegate can name any number that nobody has.
pub(crate) fn for_rotating(person: &Person) -> Person {
    person.waiting_in_vain(MOST_IN_VAIN)
}

/// Stores keyrings that the journal names, and returns the readers that they leave out. It must not store them earlier.
/// All keyrings for an epoch carry the same state. If another keyring supersedes one (with an outdated count), the
/// superseded one would give that state to readers whom the other leaves out.
pub(crate) async fn publish_keyrings(
    person: &Person,
    rings: Vec<Ring>,
    transaction: Option<B256>,
) -> Result<Vec<Address>> {
    let journal = person.journals.of(person.address()).await;
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

/// Whether a folder's keys must move on before anything new is locked with them. This is so if somebody who may not
/// read now holds them, or got them from the newest keyring.
pub(crate) async fn is_stale(person: &Person, journal: &VerifiedJournal, folder: Folder, now: u64) -> Result<bool> {
    let proven = person.journals.proven_epoch(journal.patient, folder).await?;
    if proven > journal.folder(folder).epoch || journal.state().is_dirty(folder.number(), now) {
        return Ok(true);
    }
    let Some(newest) = journal.folder(folder).keyring().copied() else { return Ok(false) };
    if person.journals.is_burnt(journal.patient, folder, newest.epoch, newest.digest).await? {
        return Ok(true);
    }
    let readers = journal.state().folder_readers(folder.number(), now);
    match keyrings::keyring(person, journal.patient, folder, newest.digest, newest.epoch).await {
        Ok(keyring) => {
            let boards = keyring.deals.iter().map(|deal| deal.board);
            let mut holders = keyring.entries.iter().map(|entry| entry.grantee).chain(boards);
            Ok(holders.any(|account| !readers.contains(&Address::from(account.0))))
        }
        // The remaining readers cannot use a keyring that is not available.
        Err(Error::NotAvailable(_) | Error::Integrity(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Makes the keyring of a folder's next epoch, for all live readers but `without`. It is stored once it is on chain.
pub(crate) async fn make_keyring(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    without: Option<Address>,
) -> Result<Ring> {
    let now = person.clocks.latest_time().await?;
    let is_sure = readers::is_epoch_sure(person, journal, folder).await?;
    let epoch = epoch_after(person, journal, folder, is_sure).await?;
    let mut after = journal.state().clone();
    // These grants stand only because their end is missing.
    let ended_places = missing::places_of_missing_ends(person, journal).await?;
    after.grants.retain(|place, _| !ended_places.contains(place));
    if let Some(account) = without {
        // Grants that this account delegated end with it.
        after.grants.remove(&(folder_scope(folder.number()), account));
    }
    let mut accounts = own_first(journal, folder, after.folder_readers(folder.number(), now));
    let state = person.keys().folder_state(folder, epoch);
    let (deals, readers) = match is_sure {
        true => {
            let deals = board::deal_anew(person, journal, folder, &state, &accounts).await?;
            accounts.retain(|account| !deals.is_for(*account, journal.folder_grant(folder, *account)));
            (deals, readers::entitled(person, journal, folder, accounts).await?)
        }
        false => (KeyringDeals::default(), Readers { left_out: accounts, ..Readers::default() }),
    };
    let Readers { keys, mut left_out } = readers;
    let me = person.published().await?;
    left_out.extend(deals.left_out);
    let block = seal_keyring(person.deployment, folder, &state, &keys, deals.named, me.digest, &me.keys)?;
    let digest = block.digest().0.into();
    let owed = OwedBlocks::keyring(folder, epoch, &deals.blocks, &block);
    let ring = Ring { epoch, digest, owed, left_out };
    readers::remember_keyring(person, folder, epoch, digest).await?;
    Ok(ring)
}

/// The epoch after all that the patient signed for, including epochs whose entries vanished, because others have their
/// keys. The provider's word alone counts only as far beyond as an accident can reach.
async fn epoch_after(person: &Person, journal: &VerifiedJournal, folder: Folder, is_sure: bool) -> Result<Epoch> {
    let proven = person.journals.proven_epoch(journal.patient, folder).await?;
    let keys = journal.folder(folder);
    let is_final = keys.keyring().is_some_and(|keyring| keyring.entry < journal.finality.settled());
    if !is_sure && !is_final && keys.epoch > proven.saturating_add(MOST_UNPROVEN) {
        let host = person.ledger().name();
        let shown_epoch = keys.epoch;
        return fail!(
            Integrity,
            "{host} shows keys of epoch {shown_epoch} for a folder, for which no signed keyring can be had, and the patient \
             has signed up to epoch {proven}: ask another node, or name a witness"
        );
    }
    Ok(next_epoch(keys.epoch.max(proven)).map_err(CoreError::from)?)
}

/// A keyring that nobody else has yet.
pub(crate) struct Ring {
    pub(crate) epoch: u16,
    pub(crate) digest: B256,
    pub(crate) owed: OwedBlocks,
    left_out: Vec<Address>,
}

/// Puts the patient's own grantees first, because a keyring has room for a limited number. Delegates can admit any
/// number, but they cannot displace those whom the patient admitted.
pub(crate) fn own_first(journal: &VerifiedJournal, folder: Folder, mut accounts: Vec<Address>) -> Vec<Address> {
    accounts.sort_by_key(|account| journal.folder_grant(folder, *account).is_none_or(|g| g.state.giver.is_some()));
    accounts
}
