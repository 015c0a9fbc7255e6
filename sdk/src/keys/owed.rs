//! Blocks with keys that belong to an act. They must not reach a store before the act is on chain: a grant that never
//! comes to be would leave its grantee the keys, and nothing to revoke. So they are kept on this machine from before the
//! act is sent until a store has them.

use alloy::primitives::{Address, B256};
use hospital_record_core::{
    block::Block,
    error::CoreError,
    id::{DAG_CBOR, Digest, Folder},
};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::{
    acts::{carried::GOOD_FOR, person::Person, watch::MOST_WATCHED},
    base::error::{Error, Result, outcome::Outcome},
    journal::verified::VerifiedJournal,
    platform::{
        cache::{OWED, RELEASES, key},
        clock,
    },
};

/// What a store is owed once the chain names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owed {
    act: Act,
    /// When it was made, seconds since 1970.
    at: u64,
    /// In the order in which they are stored; the chain names the last.
    blocks: Vec<ByteBuf>,
}

/// The act that names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Act {
    Grant { patient: Address, scope: B256, grantee: Address },
    Keyring { folder: u64, epoch: u16 },
    Release { board: Address, case: B256, place: ByteBuf },
}

impl Owed {
    /// The envelope of a grant.
    pub(crate) fn grant(patient: Address, scope: B256, grantee: Address, envelope: &Block) -> Self {
        Self::new(Act::Grant { patient, scope, grantee }, [envelope])
    }

    /// A keyring of this person's folder, with what it deals to boards.
    pub(crate) fn keyring(folder: Folder, epoch: u16, deals: &[Block], keyring: &Block) -> Self {
        Self::new(Act::Keyring { folder: folder.number(), epoch }, deals.iter().chain([keyring]))
    }

    /// A share for a case; `place` is where its release is remembered.
    pub(crate) fn release(board: Address, case: B256, place: &[u8], share: &Block) -> Self {
        Self::new(Act::Release { board, case, place: ByteBuf::from(place) }, [share])
    }

    fn new<'a>(act: Act, blocks: impl IntoIterator<Item = &'a Block>) -> Self {
        let blocks = blocks.into_iter().map(|block| ByteBuf::from(block.bytes.to_vec())).collect();
        Self { act, at: clock::now(), blocks }
    }

    /// Of the block that the chain names.
    fn digest(&self) -> Digest {
        self.blocks.last().map_or(Digest([0; 32]), |bytes| block(bytes).digest())
    }

    /// Whether it is a keyring that this journal names.
    pub(crate) fn is_keyring_in(&self, journal: &VerifiedJournal) -> bool {
        let Act::Keyring { folder, .. } = self.act else { return false };
        let digest = B256::from(self.digest().0);
        journal.state().folder(folder).keyrings.iter().any(|keyring| keyring.digest == digest)
    }
}

/// Begins the row of a release whose share is in the store.
pub(crate) const DONE: u8 = 1;

/// The row of a release whose share is in the store.
pub(crate) fn done(share: &[u8]) -> Vec<u8> {
    [&[DONE], share].concat()
}

fn block(bytes: &ByteBuf) -> Block {
    Block::new(DAG_CBOR, bytes.to_vec())
}

/// Keeps it, before its act is sent.
pub(crate) async fn owe(person: &Person, owed: &Owed) -> Result<()> {
    let row = serde_ipld_dagcbor::to_vec(owed).map_err(Error::cache)?;
    person.cache().put(OWED, owed_key(person, owed.digest()), row).await
}

/// Stores what an act on chain names, and says so where that fails: it stays kept.
pub(crate) async fn pay(person: &Person, owed: &Owed, transaction: Option<B256>) -> Result<()> {
    let paid = store_owed(person, owed).await;
    paid.map_err(|error| error.with_outcome(Outcome::KeysNotStored { transaction }))
}

/// Forgets it where its act will never be on chain.
pub(crate) async fn or_owe_no_more<T>(person: &Person, owed: &Owed, sent: Result<T>) -> Result<T> {
    if sent.as_ref().is_err_and(|error| !error.may_have_happened()) {
        forget_owed(person, owed.digest()).await;
    }
    sent
}

/// Stores it, whether or not its act is on chain.
async fn store_owed(person: &Person, owed: &Owed) -> Result<()> {
    let digest = owed.digest();
    if let Act::Keyring { folder, epoch } = &owed.act {
        // From here on its keys are in the hands of others, whatever becomes of its entry.
        let folder = Folder::new(*folder).map_err(CoreError::from)?;
        person.journals().prove_epoch(person.address(), folder, *epoch).await?;
    }
    for bytes in &owed.blocks {
        person.people().publish(block(bytes)).await?;
    }
    if let Act::Release { place, .. } = &owed.act {
        person.cache().put(RELEASES, place.to_vec(), done(owed.blocks.last().map_or(&[], |share| share))).await?;
    }
    forget_owed(person, digest).await;
    Ok(())
}

/// Whether the chain names it now, and to somebody who still has what it is for.
async fn is_named(person: &Person, owed: &Owed) -> Result<bool> {
    let digest = B256::from(owed.digest().0);
    match &owed.act {
        Act::Grant { patient, scope, grantee } => {
            let journal = person.journals().of(*patient).await?;
            let now = person.clocks().latest_time().await?;
            Ok(journal.state().live(*scope, *grantee, now).is_some_and(|grant| grant.envelope == digest))
        }
        Act::Keyring { .. } => Ok(owed.is_keyring_in(&*person.journals().of(person.address()).await?)),
        Act::Release { board, case, .. } => {
            let board = person.boards().at(*board).await?;
            let case = person.boards().case(&board, *case).await?;
            Ok(case.shares.contains(&(person.address(), digest)))
        }
    }
}

/// Stores what is owed for acts that are on chain by now. The digest of each block comes back, and whether it was
/// stored; not so while its act may still come. What no act on chain has named for days is forgotten.
pub(crate) async fn pay_all(person: &Person) -> Result<Vec<(B256, Result<bool>)>> {
    let mut paid = Vec::new();
    for (place, row) in person.cache().rows(OWED, owed_prefix(person)).await? {
        let Ok(owed) = serde_ipld_dagcbor::from_slice::<Owed>(&row) else {
            let error = Error::Refused { service: "the state directory".into(), reason: "a row is damaged".into() };
            paid.push((B256::from_slice(&place[place.len().saturating_sub(32)..]), Err(error)));
            continue;
        };
        let stored = match is_named(person, &owed).await {
            Ok(true) => store_owed(person, &owed).await.map(|()| true),
            Ok(false) | Err(Error::NotFound(_)) => {
                let age = clock::now().saturating_sub(owed.at);
                if age >= MOST_WATCHED {
                    forget_owed(person, owed.digest()).await;
                }
                if age >= GOOD_FOR.as_secs() {
                    continue;
                }
                Ok(false)
            }
            Err(error) => Err(error),
        };
        let silent = stored.as_ref().is_err_and(Error::is_silence);
        paid.push((owed.digest().0.into(), stored));
        if silent {
            break;
        }
    }
    Ok(paid)
}

/// Who finds it next stores it once more, or sees that nothing names it.
async fn forget_owed(person: &Person, digest: Digest) {
    if let Err(error) = person.cache().remove(OWED, owed_key(person, digest)).await {
        tracing::warn!(%error, "what is stored is still kept");
    }
}

fn owed_prefix(person: &Person) -> Vec<u8> {
    key(&[&person.deployment_key(), person.address().as_slice()])
}

fn owed_key(person: &Person, digest: Digest) -> Vec<u8> {
    key(&[&owed_prefix(person), digest.as_bytes()])
}
