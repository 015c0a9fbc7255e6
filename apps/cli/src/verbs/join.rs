//! `join`: one address in the place of chain, store and relay.

use std::{fs, io, path::Path};

use hospital_record::{System, Timeout, node::NodeInfo};
use serde_json::json;
use tempfile::NamedTempFile;
use toml::Table;

use crate::{
    app::App,
    args::Join,
    failure::{Failure, Result},
    private::create_folder,
};

/// The settings that `join` writes.
const WRITTEN: [&str; 3] = ["node", "chain-id", "contract"];
/// The settings that are used in the place of the node.
const INSTEAD: [&str; 3] = ["rpc-url", "store", "relay"];

pub(crate) async fn join(app: &App, args: &Join) -> Result {
    let home = &app.settings.home;
    let address = args.address.trim().trim_end_matches('/');
    let timeout = app.settings.timeout.map_or_else(|| Timeout::seconds(30).map(Timeout::get), Ok)?;
    let info = NodeInfo::of(address, timeout).await?;
    // The contract's code is checked, and that this machine's state belongs to the same chain and contract.
    let mut config = app.pinned(System::builder().join(address).store("memory:"))?.state_dir(app.settings.state());
    if let Some(rpc_url) = app.settings.rpc_url.as_ref().filter(|_| info.rpc.is_none()) {
        config = config.rpc(rpc_url);
    }
    let system = config.connect().await?;
    let (chain, contract) = (system.contract().chain(), system.contract().address());
    let lines = format!("node = \"{address}\"\nchain-id = {chain}\ncontract = \"{contract}\"\n");
    let file = home.join("config.toml");
    let before = read(&file)?;
    create_folder(home)?;
    write(&file, &with_lines(&file, &before, &lines)?)?;
    let named: Table = toml::from_str(&before).unwrap_or_default();
    for key in INSTEAD.iter().filter(|key| named.contains_key(**key)) {
        app.printer.warn(format!(
            "{} names {key}, which is used in the place of the node's: remove that line if you do not mean it",
            file.display()
        ));
    }
    let object = json!({
        "type": "joined", "node": address, "software": info.software, "chain": chain, "contract": contract.to_string(),
        "rpc": info.rpc.is_some(), "blocks": info.blocks.is_some(), "relay": info.relay.is_some(),
    });
    let pays = if info.relay.is_some() { "it pays for what you do" } else { "it carries nothing: your account pays" };
    app.printer.result(&object, format!("joined {address} (chain {chain}, contract {contract}); {pays}"))
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

/// All or nothing, on disk before it is said to be done.
fn write(file: &Path, text: &str) -> Result {
    let failed = |error: &io::Error| Failure::file(file, error);
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut new = NamedTempFile::with_prefix_in(".config-", folder).map_err(|error| failed(&error))?;
    let written = io::Write::write_all(&mut new, text.as_bytes()).and_then(|()| new.as_file().sync_all());
    written.map_err(|error| failed(&error))?;
    new.persist(file).map_err(|error| failed(&error.error)).map(drop)
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
