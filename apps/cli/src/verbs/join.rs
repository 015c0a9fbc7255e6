//! `join`: one address in the place of chain, store and relay.

use std::{fs, io, path::Path};

use hospital_record::{Error, System, node::NodeInfo};
use serde_json::json;
use toml::Table;

use crate::{
    app::App,
    args::Join,
    failure::{Failure, Result},
    key_file::write_whole,
    private::create_folder,
    settings::{RPC_URL, STORE},
};

/// The settings that `join` writes.
const WRITTEN: [&str; 3] = ["node", "chain-id", "contract"];

pub(crate) async fn join(app: &App, args: &Join) -> Result {
    let address = args.address.trim().trim_end_matches('/');
    let info = quietly(app, address).await?;
    what_is_not_of_the_node(app, &info);
    let contract = info.contract().unwrap_or_default();
    let object = json!({
        "type": "joined", "node": address, "software": info.software, "chain": info.chain_id,
        "contract": contract.to_string(), "rpc": info.rpc.is_some(), "blocks": info.blocks.is_some(),
        "relay": info.relay.is_some(), "login": info.login.is_some(),
    });
    app.printer.result(&object, format!("joined {address} (chain {}, contract {contract})", info.chain_id))
}

/// Joins a node, without a word.
pub(super) async fn quietly(app: &App, address: &str) -> Result<NodeInfo> {
    let (settings, file) = (&app.settings, app.settings.home.join("config.toml"));
    let info = NodeInfo::of(address, app.timeout()?).await?;
    let contract = info.contract().unwrap_or_default();
    let lines = format!("node = \"{address}\"\nchain-id = {}\ncontract = \"{contract}\"\n", info.chain_id);
    let after = with_lines(&file, &read(&file)?, &lines)?;
    // Before anything is written: the contract's code, by one's own RPC and witness too, and the chain of the state.
    let mut config = app.pinned(System::builder().join(address).store("memory:"))?;
    if let Some(rpc_url) = settings.rpc_url.as_ref().filter(|url| *url != RPC_URL) {
        config = config.rpc(rpc_url);
    }
    if let Some(witness) = &settings.witness {
        config = config.witness(witness);
    }
    let system = config.state_dir(settings.state()).connect().await?;
    // The node was asked twice. Only what was checked may be written: the next start takes it for the user's own word.
    if (system.contract().chain(), system.contract().address()) != (info.chain_id, contract) {
        return Err(Failure::from(Error::Integrity(format!("{address} named two contracts: do not use it").into())));
    }
    create_folder(&settings.home)?;
    if let Err(error) = write_whole(&file, after.as_bytes())? {
        app.printer.warn(format!("{} may not survive a power failure ({error})", file.display()));
    }
    Ok(info)
}

/// Warns about what the node lacks, and about settings that are used in its place.
fn what_is_not_of_the_node(app: &App, info: &NodeInfo) {
    let settings = &app.settings;
    let is_rpc_named = settings.rpc_url.as_ref().is_some_and(|url| url != RPC_URL);
    let is_store_named = settings.stores().any(|url| url != STORE);
    for (is_named, setting) in
        [(is_rpc_named, "rpc-url"), (is_store_named, "store"), (!settings.relays.is_empty(), "relay")]
    {
        if is_named {
            let text =
                format!("The setting {setting} is used in the place of the node's: remove it if you do not mean it.");
            app.printer.warn(text);
        }
    }
    if info.blocks.is_none() && !is_store_named {
        app.printer.warn("The node holds no blocks: name a store too.");
    }
    if info.relay.is_none() && settings.relays.is_empty() {
        app.printer.warn("The node carries nothing: name a relay, or an RPC of your own and pay yourself.");
    }
    if info.blocks.is_some() && settings.has_store_token() {
        app.printer.warn("A node takes no store-token-file: remove that setting.");
    }
}

fn read(file: &Path) -> Result<String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::file(file, &error)),
    }
}

/// The settings with these lines in the place of the earlier ones. Everything else stays as it was typed.
fn with_lines(file: &Path, before: &str, lines: &str) -> Result<String> {
    let is_ours =
        |line: &&str| WRITTEN.iter().any(|key| line.split_once('=').is_some_and(|(name, _)| name.trim() == *key));
    let rest: String = before.split_inclusive('\n').filter(|line| !is_ours(line)).collect();
    let after = format!("{lines}{rest}");
    let without = |text: &str| {
        let mut table: Table = toml::from_str(text).ok()?;
        WRITTEN.iter().for_each(|key| drop(table.remove(*key)));
        Some(table)
    };
    match without(&after).is_some_and(|table| Some(table) == without(before)) {
        true => Ok(after),
        // Such as a text of several lines, one of which looks like a setting.
        false => Err(Failure::usage(format!(
            "{} cannot be changed without touching other settings: put these lines into it yourself:\n{lines}",
            file.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = "node = \"https://a\"\nchain-id = 1\ncontract = \"0x1\"\n";

    #[test]
    fn join_changes_its_own_lines_and_keeps_the_others() {
        let file = Path::new("config.toml");
        for (before, rest) in [
            ("", ""),
            ("# mine\nas = 'ana' # me\n", "# mine\nas = 'ana' # me\n"),
            ("node = 'https://old'\nas = 'ana'\nchain-id = 7\n  contract='0x2'\n", "as = 'ana'\n"),
            ("as = 'ana'", "as = 'ana'"),
            ("timeout = 5\r\nnode = 'x'\r\n", "timeout = 5\r\n"),
        ] {
            assert_eq!(with_lines(file, before, LINES).unwrap(), format!("{LINES}{rest}"), "{before}");
        }
        let strange = "tz = \"\"\"\nnode = 1\n\"\"\"\n";
        assert!(with_lines(file, strange, LINES).unwrap_err().message.contains("yourself"));
    }
}
