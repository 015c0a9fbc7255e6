//! Adds a record and opens it again, with its blocks on a Kubo node behind `IpfsClient`.
//!
//! `cargo run --locked -- http://127.0.0.1:5001`

use std::{env, process::ExitCode, sync::Arc, time::Duration};

use hospital_record::{
    Address, Error, Identity, Result, Source, System, U256,
    ledger::{Contract, MemoryLedger},
    store::Store,
};
use hospital_record_ipfs_api_backend::IpfsApiStore;

const LETTER: &str = "Dear Dr Lee, ...";

#[tokio::main]
async fn main() -> ExitCode {
    let node = env::args().nth(1).unwrap_or_else(|| "http://127.0.0.1:5001".to_owned());
    match add_and_open(&node).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn add_and_open(node: &str) -> Result<()> {
    let store = IpfsApiStore::open(node, Duration::from_secs(30))?;
    let (identity, phrase) = Identity::generate()?;
    println!("Write these words down, they restore everything: {} words", phrase.reveal().split(' ').count());
    let ana = system(store, identity.address()).await?.client(identity);

    let added = ana.add(Source::bytes("letter.txt", LETTER)).folder("cardiology").await?;
    println!("added {} as {}", added.record, added.record.id.cid());

    let opened = ana.open(&added.record).await?;
    if opened.bytes != LETTER {
        return Err(Error::Integrity("what was opened is not what was added".into()));
    }
    println!("opened {}: {} bytes", opened.metadata.name, opened.bytes.len());
    Ok(())
}

/// The store that was given, and a chain: here in memory, with ether for `account`.
async fn system(store: Arc<dyn Store>, account: Address) -> Result<System> {
    let chain = MemoryLedger::with_contract().await?;
    chain.fund(account, U256::from(10).pow(U256::from(18)));
    System::of(Arc::new(chain), Contract::ADDRESS, vec![store]).await // in production: a ledger that asks a node
}
