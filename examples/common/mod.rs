//! Where the lessons run: in memory, or on the chain and store that the environment names (`make stack` prints them).

#![allow(dead_code, reason = "each lesson uses a part of it")]

use hospital_record::{Client, Error, Identity, Result, System, alloy::primitives::Address};

/// In memory, unless `ETH_RPC_URL` and `HOSPITAL_RECORD_STORE` are set.
pub(crate) async fn system() -> Result<System> {
    let (rpc, store) = (std::env::var("ETH_RPC_URL"), std::env::var("HOSPITAL_RECORD_STORE"));
    match (rpc, store) {
        (Ok(rpc), Ok(store)) => System::builder().rpc(rpc).store(store).connect().await,
        _ => System::in_memory().await,
    }
}

/// A new person who can pay for transactions.
pub(crate) async fn person(system: &System) -> Result<Client> {
    let identity = Identity::generate()?.0;
    fund(system, identity.address()).await?;
    Ok(system.client(identity))
}

/// Ten test ether: in memory, or from Anvil, which gives them on request. On a real network, somebody sends some.
pub(crate) async fn fund(system: &System, account: Address) -> Result<()> {
    if system.fund(account).await.is_ok() {
        return Ok(());
    }
    let rpc = std::env::var("ETH_RPC_URL").map_err(|error| Error::Invalid(error.to_string().into()))?;
    let give = serde_json::json!({
        "jsonrpc": "2.0", "id": 1, "method": "anvil_setBalance", "params": [account, "0x8ac7230489e80000"],
    });
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sent = reqwest::Client::builder().build().map_err(|error| Error::Invalid(error.to_string().into()))?;
    let sent = sent.post(rpc).json(&give).send().await;
    sent.map(drop).map_err(|error| Error::Invalid(format!("this chain gives no test ether: {error}").into()))
}
