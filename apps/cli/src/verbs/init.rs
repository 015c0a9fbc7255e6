//! `init` and `completions`: what needs no server.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;
use hospital_record::{Identity, Phrase};
use serde_json::json;
use zeroize::Zeroizing;

use crate::{
    app::{App, identity},
    args::{Cli, Init},
    failure::{Failure, Result},
    home,
    key_file::{KeyFile, already_there},
    password,
};

const DEFAULT_NAME: &str = "me";

pub(crate) fn init(app: &App, args: &Init) -> Result {
    let settings = &app.settings;
    let name = settings.person.as_deref().unwrap_or(DEFAULT_NAME);
    let path = home::key_path(&settings.home, name)?;
    if path.symlink_metadata().is_ok() {
        return Err(already_there(&path));
    }
    let phrase = if args.restore { password::phrase()? } else { new_phrase()? };
    let address = identity(&phrase, args.account)?.address().to_string();
    let password = password::new(settings.password_file.as_deref(), name)?;
    // One space between words, whatever was typed.
    let phrase = Phrase::parse(&phrase).map_err(|error| Failure::key_file(error.to_string()))?;
    KeyFile::seal(phrase.reveal(), args.account, &address, &password)?.create(&path)?;
    let shown = (!args.restore).then(|| phrase.reveal());
    let object = json!({
        "type": "person", "name": name, "address": address, "account": args.account,
        "key_file": path.to_string_lossy(), "restored": args.restore, "phrase": shown,
    });
    app.printer.result(&object, format!("{name} is {address}\nkey file: {}", path.display()))?;
    if let Some(phrase) = shown.filter(|_| !app.printer.json) {
        app.printer.urgent(farewell(phrase));
    }
    Ok(())
}

fn new_phrase() -> Result<Zeroizing<String>> {
    let (_, phrase) = Identity::generate()?;
    Ok(Zeroizing::new(phrase.reveal().to_owned()))
}

/// In numbered rows of four words, for copying by hand.
fn farewell(phrase: &str) -> Zeroizing<String> {
    let words: Vec<String> =
        phrase.split(' ').enumerate().map(|(place, word)| format!("{:>2} {word:<10}", place + 1)).collect();
    let rows: Vec<String> = words.chunks(4).map(|row| format!("    {}", row.concat().trim_end())).collect();
    Zeroizing::new(format!(
        "\nThis is the recovery phrase. It is shown this once and stored nowhere in the clear.\n\
         Write it on paper and keep it safe: it restores everything, and whoever has it can read everything.\n\n{}\n",
        rows.join("\n")
    ))
}

pub(crate) fn completions(shell: Shell) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hospital-record", &mut script);
    Ok(io::Write::write_all(&mut io::stdout().lock(), &script)?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_phrase_is_shown_in_numbered_rows() {
        let words: Vec<String> = (1..=24).map(|n| format!("word{n}")).collect();
        let text = super::farewell(&words.join(" "));
        assert!(text.contains("\n     1 word1      2 word2      3 word3      4 word4\n"), "{}", *text);
        assert!(text.contains("24 word24\n"));
    }
}
