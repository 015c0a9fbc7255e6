//! Adds a record and opens it again, with its blocks on a Kubo node behind `IpfsClient`.
//!
//! `cargo run --locked -- http://127.0.0.1:5001 STATE_DIRECTORY`; chain and relay are those of the hospital's node at
//! `HOSPITAL_RECORD_NODE`.

use std::{env, process::ExitCode, sync::Arc, time::Duration};

use hospital_record::{Config, Error, Identity, Result, Source, System, U256, ledger::MemoryLedger};
use hospital_record_ipfs_api_backend::IpfsApiStore;

const LETTER: &str = "Dear Dr Lee, ...";

#[tokio::main]
async fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let (Some(node), Some(state)) = (args.next(), args.next()) else {
        eprintln!("name the node's address and a state directory");
        return ExitCode::from(2);
    };
    match add_and_open(&node, &state).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn add_and_open(node: &str, state: &str) -> Result<()> {
    let store = IpfsApiStore::open(node, Duration::from_secs(30))?;
    let (identity, phrase) = Identity::generate()?;
    println!("Write these words down, they restore everything: {} words", phrase.reveal().split(' ').count());
    let config = chain(&identity).await?.own_store(store).state_dir(state);
    let ana = config.connect().await?.client(identity);

    let added = ana.add(Source::bytes("letter.txt", LETTER)).folder("cardiology").await?;
    println!("added {} as {}", added.record, added.record.id.cid());

    let opened = ana.open(&added.record).await?;
    if opened.bytes != LETTER {
        return Err(Error::Integrity("the opened record differs from the added one".into()));
    }
    println!("opened {}: {} bytes", opened.metadata.name, opened.bytes.len());
    Ok(())
}

/// The chain and the relay of the node that the environment names; otherwise a chain in memory, with ether for this person.
async fn chain(person: &Identity) -> Result<Config> {
    if let Ok(node) = env::var("HOSPITAL_RECORD_NODE") {
        return Ok(System::builder().join(node));
    }
    let memory = MemoryLedger::with_contract().await?;
    memory.fund(person.address(), U256::from(10).pow(U256::from(18)));
    Ok(System::builder().own_ledger(Arc::new(memory)))
}
