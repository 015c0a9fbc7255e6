//! Blocks with keys that belong to an act. They must not reach a store before the act is on chain: if the grant never
//! takes effect, its grantee would have the keys, and there would be nothing to revoke. So they stay on this machine,
//! from before the act is sent until a store has them.

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
        cache::{OWED, RELEASES},
        clock,
    },
};

/// Blocks that a store gets once an act on chain names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwedBlocks {
    act: NamingAct,
    /// When it was made, in seconds since 1970.
    at: u64,
    /// In the order in which they are stored. The chain names the last one.
    blocks: Vec<ByteBuf>,
}

/// The act that names the blocks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum NamingAct {
    Grant { patient: Address, scope: B256, grantee: Address },
    Keyring { folder: u64, epoch: u16 },
    Release { board: Address, case: B256, place: ByteBuf },
}

impl OwedBlocks {
    /// The envelope of a grant.
    pub(crate) fn grant(patient: Address, scope: B256, grantee: Address, envelope: &Block) -> Self {
        Self::new(NamingAct::Grant { patient, scope, grantee }, [envelope])
    }

    /// A keyring of this person's folder, and its deals to boards.
    pub(crate) fn keyring(folder: Folder, epoch: u16, deals: &[Block], keyring: &Block) -> Self {
        Self::new(NamingAct::Keyring { folder: folder.number(), epoch }, deals.iter().chain([keyring]))
    }

    /// A share for a case. `place` is the key of the row that records its release.
    pub(crate) fn release(board: Address, case: B256, place: &[u8], share: &Block) -> Self {
        Self::new(NamingAct::Release { board, case, place: ByteBuf::from(place) }, [share])
    }

    fn new<'a>(act: NamingAct, blocks: impl IntoIterator<Item = &'a Block>) -> Self {
        let blocks = blocks.into_iter().map(|block| ByteBuf::from(block.bytes.to_vec())).collect();
        Self { act, at: clock::now(), blocks }
    }

    /// The digest of the block that the chain names.
    fn digest(&self) -> Digest {
        self.blocks.last().map_or(Digest([0; 32]), |bytes| block(bytes).digest())
    }

    /// Whether it is a keyring that this journal names.
    pub(crate) fn is_keyring_in(&self, journal: &VerifiedJournal) -> bool {
        let NamingAct::Keyring { folder, .. } = self.act else { return false };
        let digest = B256::from(self.digest().0);
        journal.state().folder(folder).keyrings.iter().any(|keyring| keyring.digest == digest)
    }
}

/// The first byte in the row of a release whose share is in the store.
pub(crate) const DONE: u8 = 1;

/// The row of a release whose share is in the store.
pub(crate) fn done(share: &[u8]) -> Vec<u8> {
    [&[DONE], share].concat()
}

fn block(bytes: &ByteBuf) -> Block {
    Block::new(DAG_CBOR, bytes.to_vec())
}

/// Saves it on this machine before its act is sent.
pub(crate) async fn owe(person: &Person, owed: &OwedBlocks) -> Result<()> {
    let row = serde_ipld_dagcbor::to_vec(owed).map_err(Error::cache)?;
    person.cache.put(OWED, owed_key(person, owed.digest()), row).await
}

/// Stores the blocks after their act is on chain. If that fails, the error says so, and the blocks stay on this
/// machine.
pub(crate) async fn pay(person: &Person, owed: &OwedBlocks, transaction: Option<B256>) -> Result<()> {
    let result = store_owed(person, owed).await;
    result.map_err(|error| error.with_outcome(Outcome::KeysNotStored { transaction }))
}

/// Removes it if its act will never be on chain.
pub(crate) async fn or_owe_no_more<T>(person: &Person, owed: &OwedBlocks, result: Result<T>) -> Result<T> {
    if result.as_ref().is_err_and(|error| !error.may_have_happened()) {
        forget_owed(person, owed.digest()).await;
    }
    result
}

/// Stores the blocks, whether or not their act is on chain.
async fn store_owed(person: &Person, owed: &OwedBlocks) -> Result<()> {
    let digest = owed.digest();
    if let NamingAct::Keyring { folder, epoch } = &owed.act {
        // From here on others have its keys, even if its entry vanishes.
        let folder = Folder::new(*folder).map_err(CoreError::from)?;
        person.journals.prove_epoch(person.address(), folder, *epoch).await?;
    }
    for bytes in &owed.blocks {
        person.people().publish(block(bytes)).await?;
    }
    if let NamingAct::Release { place, .. } = &owed.act {
        person.cache.put(RELEASES, place.to_vec(), done(owed.blocks.last().map_or(&[], |share| share))).await?;
    }
    forget_owed(person, digest).await;
    Ok(())
}

/// Whether the chain names the block now, for somebody who still has the access that it is for.
async fn is_named(person: &Person, owed: &OwedBlocks) -> Result<bool> {
    let digest = B256::from(owed.digest().0);
    match &owed.act {
        NamingAct::Grant { patient, scope, grantee } => {
            let journal = person.journals.of(*patient).await?;
            let now = person.clocks.latest_time().await?;
            Ok(journal.state().live(*scope, *grantee, now).is_some_and(|grant| grant.envelope == digest))
        }
        NamingAct::Keyring { .. } => Ok(owed.is_keyring_in(&*person.journals.of(person.address()).await?)),
        NamingAct::Release { board, case, .. } => {
            let board = person.boards.at(*board).await?;
            let case = person.boards.case(&board, *case).await?;
            Ok(case.shares.contains(&(person.address(), digest)))
        }
    }
}

/// Stores the blocks of acts that are on chain by now. Returns the digest of each block and whether it was stored:
/// `false` while its act may still come. Blocks that no act has named for days are removed.
pub(crate) async fn pay_all(person: &Person) -> Result<Vec<(B256, Result<bool>)>> {
    let mut results = Vec::new();
    for (place, row) in person.cache.rows(OWED, person.own_key(&[])).await? {
        let Ok(owed) = serde_ipld_dagcbor::from_slice::<OwedBlocks>(&row) else {
            let error = Error::Refused { service: "the state directory".into(), reason: "a row is damaged".into() };
            results.push((B256::from_slice(&place[place.len().saturating_sub(32)..]), Err(error)));
            continue;
        };
        let result = match is_named(person, &owed).await {
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
        let has_timed_out = result.as_ref().is_err_and(Error::is_outage);
        results.push((owed.digest().0.into(), result));
        if has_timed_out {
            break;
        }
    }
    Ok(results)
}

/// If this fails, the next call stores the blocks again, or sees that nothing names them.
async fn forget_owed(person: &Person, digest: Digest) {
    if let Err(error) = person.cache.remove(OWED, owed_key(person, digest)).await {
        tracing::warn!(%error, "blocks that are stored could not be removed from this machine");
    }
}

fn owed_key(person: &Person, digest: Digest) -> Vec<u8> {
    person.own_key(&[digest.as_bytes()])
}
