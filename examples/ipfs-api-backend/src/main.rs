//! Adds a record and opens it again, with its blocks on a Kubo node behind `IpfsClient`.
//!
//! `cargo run --locked -- http://127.0.0.1:5001 STATE_DIRECTORY`; on the chain at `ETH_RPC_URL`, paid by the relay at
//! `HOSPITAL_RECORD_RELAY`.

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

/// The chain that the environment names, with a relay that pays; otherwise one in memory, with ether for this person.
async fn chain(person: &Identity) -> Result<Config> {
    let Ok(rpc) = env::var("ETH_RPC_URL") else {
        let memory = MemoryLedger::with_contract().await?;
        memory.fund(person.address(), U256::from(10).pow(U256::from(18)));
        return Ok(System::builder().own_ledger(Arc::new(memory)));
    };
    let config = System::builder().rpc(rpc);
    Ok(match env::var("HOSPITAL_RECORD_RELAY") {
        Ok(relay) => config.relay(relay),
        Err(_) => config,
    })
}
