//! Who gets keys. A provider reports that a grant stands in the journal, but its giver signed that somebody was
//! admitted. So a provider cannot invent readers, and cannot bring back readers whose grants have ended.

use std::time::Duration;

use crate::{
    acts::person::Person,
    base::error::{Error, Result},
    journal::verified::VerifiedJournal,
    keys::keyrings,
    ledger::{Event, GrantEntry, folder_scope},
    platform::{
        cache::{KEYRINGS, key},
        clock::sleep,
    },
};
use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::Verified,
    id::{Account, Digest, Epoch, Folder},
    seal::{envelope::Envelope, keyring::MAX_ENTRIES, lock::HpkePublicKey},
};

/// How many accounts' envelopes are looked for: delegates can name any number without an envelope.
pub(crate) const MOST_TRIED: usize = 4 * MAX_ENTRIES;
/// Pauses while another device may still store a keyring that is on chain, in milliseconds.
const UNTIL_STORED: [u64; 4] = [100, 300, 900, 2700];

/// Readers of a folder with their keys, and those whose keys or grants cannot be trusted.
#[derive(Default)]
pub(crate) struct Readers {
    pub(crate) keys: Vec<(Account, HpkePublicKey)>,
    pub(crate) left_out: Vec<Address>,
}

/// The keys of those `accounts` that the patient or a delegate admitted under signature, up to the size of a keyring.
pub(crate) async fn entitled(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    accounts: Vec<Address>,
) -> Result<Readers> {
    let mut readers = Readers::default();
    for (index, account) in accounts.into_iter().enumerate() {
        if readers.keys.len() == MAX_ENTRIES || index >= MOST_TRIED {
            readers.left_out.push(account);
            continue;
        }
        match key_of_reader(person, journal, folder, account).await {
            Ok(key) => readers.keys.push((Account(account.into()), key)),
            Err(Error::KeyChanged { .. } | Error::Integrity(_) | Error::NotFound(_) | Error::NotAvailable(_)) => {
                readers.left_out.push(account);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(readers)
}

pub(crate) async fn key_of_reader(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    account: Address,
) -> Result<HpkePublicKey> {
    was_let_in(person, journal, folder, account).await?;
    let (_, profile) = person.people().profile_of(account, None).await?;
    Ok(profile.keys.hpke)
}

/// Checks that every grant up to the patient's own was signed by its giver.
pub(crate) async fn was_let_in(
    person: &Person,
    journal: &VerifiedJournal,
    folder: Folder,
    account: Address,
) -> Result<()> {
    let scope = folder_scope(folder.number());
    let mut next = Some(account);
    // The journal's rules already limit the depth.
    while let Some(grantee) = next {
        let grant = journal.grant(scope, grantee).ok_or_else(|| unsigned(grantee))?;
        is_as_signed(person, journal, scope, grantee, grant).await?;
        next = grant.state.giver;
    }
    Ok(())
}

async fn is_as_signed(
    person: &Person,
    journal: &VerifiedJournal,
    scope: B256,
    grantee: Address,
    grant: &GrantEntry,
) -> Result<()> {
    let giver = grant.state.giver.unwrap_or(journal.patient);
    let matching = journal.history.entries().iter().filter(|entry| match entry.event {
        Event::AccessGranted { scope: on, grantee: to, envelope, .. } => {
            (journal.patient, on, to, envelope) == (giver, scope, grantee, grant.envelope)
        }
        Event::AccessPassedOn { giver: by, scope: on, grantee: to, envelope, .. } => {
            (by, on, to, envelope) == (giver, scope, grantee, grant.envelope)
        }
        _ => false,
    });
    // The envelope of an ended grant is signed too, but no giver names one twice. An envelope named by another account does
    // not count, because a delegate could name any envelope.
    let is_unique = matching.count() == 1;
    let envelope: Verified<Envelope> = person.signed(Digest(grant.envelope.0)).await?;
    let is_same = (envelope.issuer(), envelope.patient, envelope.grantee)
        == (Account(giver.into()), Account(journal.patient.into()), Account(grantee.into()))
        && envelope.scope.to_bytes() == scope.0
        && envelope.epoch == grant.epoch;
    match is_unique && is_same {
        true => Ok(()),
        false => Err(unsigned(grantee)),
    }
}

/// Records that this machine made a keyring, so that its epoch is sure although no store has it. It also covers an act
/// that lands after the call gave up.
pub(crate) async fn remember_keyring(person: &Person, folder: Folder, epoch: Epoch, digest: B256) -> Result<()> {
    person.cache.put(KEYRINGS, keyring_key(person, folder, epoch, digest), Vec::new()).await
}

/// The key includes folder and epoch: otherwise a provider could name an old keyring for an epoch far ahead.
fn keyring_key(person: &Person, folder: Folder, epoch: Epoch, digest: B256) -> Vec<u8> {
    let folder = folder.number().to_be_bytes();
    let epoch = epoch.to_be_bytes();
    key(&[&person.deployment_key(), &folder, &epoch, digest.as_slice()])
}

/// Whether the folder's epoch is sure: the patient made its newest keyring, or a witness shows the same journal. If it
/// is not sure, keys of the next epoch could be those of one far ahead, and nobody gets them.
pub(crate) async fn is_epoch_sure(person: &Person, journal: &VerifiedJournal, folder: Folder) -> Result<bool> {
    let Some(newest) = journal.folder(folder).keyring().copied().filter(|_| person.witness.is_none()) else {
        return Ok(true);
    };
    let row_key = keyring_key(person, folder, newest.epoch, newest.digest);
    if person.cache.get(KEYRINGS, row_key).await?.is_some() {
        return Ok(true);
    }
    let mut pauses = UNTIL_STORED.into_iter().map(Duration::from_millis);
    loop {
        match keyrings::keyring(person, journal.patient, folder, newest.digest, newest.epoch).await {
            Ok(_) => return Ok(true),
            Err(Error::NotAvailable(_)) => match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Ok(false),
            },
            Err(Error::Integrity(_)) => return Ok(false),
            Err(error) => return Err(error),
        }
    }
}

fn unsigned(grantee: Address) -> Error {
    Error::Integrity(format!("no signed envelope stands behind the grant to {grantee}").into())
}
