//! `init`, `password`, `settings` and `completions`: the verbs that need no server.

use std::{io, path::Path};

use clap::CommandFactory;
use clap_complete::Shell;
use hospital_record::{Identity, Phrase};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::{
    agent,
    app::{App, Opened, identity},
    args::{self, Cli, Init, Password},
    failure::{Failure, Result},
    home,
    json::merged,
    key_file::{KeyFile, already_there},
    password,
    print::Printer,
    verbs::register,
};

pub(crate) const ABOUT_IT: &str = "
This is the recovery phrase. It is shown this once and stored nowhere in the clear.
Write it on paper and keep it safe: it restores everything, and whoever has it can read everything.
";
const DEFAULT_NAME: &str = "me";

pub(crate) fn init(app: &App, args: &Init) -> Result {
    let settings = &app.settings;
    let name = settings.person.as_deref().unwrap_or(DEFAULT_NAME);
    let path = home::key_path(&settings.home, name)?;
    if path.symlink_metadata().is_ok() {
        return Err(already_there(&path));
    }
    KeyFile::can_be_made(&path)?;
    if !args.restore {
        app.printer.secret_is_seen()?;
    }
    let phrase = if args.restore { password::phrase()? } else { new_phrase()? };
    let address = identity(&phrase, args.account)?.address().to_string();
    let password = password::new(settings.password_file.as_deref(), name, password::CURRENT)?;
    // One space between words, whatever was typed.
    let phrase = Phrase::parse(&phrase).map_err(|error| Failure::key_file(error.to_string()))?;
    let staged = KeyFile::seal(phrase.reveal(), args.account, &address, &password)?.stage(&path)?;
    let object = json!({
        "type": "person", "name": name, "address": address, "account": args.account,
        "key_file": path.to_string_lossy(), "restored": args.restore,
    });
    if args.restore {
        tell_unsettled(app, &path, staged.create()?);
    } else {
        // The phrase first: keys whose phrase nobody has seen would be lost with the file.
        show(app, &object, phrase.reveal())?;
        tell_unsettled(app, &path, staged.create().map_err(after_phrase)?);
    }
    let words = format!("{name} is {address}\nkey file: {}", path.display());
    match (args.restore, app.printer.json) {
        (true, _) => app.printer.result(&merged([object, json!({ "phrase": null })]), words),
        (false, true) => Ok(()),
        (false, false) => app.printer.line(&words),
    }
}

fn show(app: &App, object: &Value, phrase: &str) -> Result {
    let shown = match app.printer.json {
        true => app.printer.object_with(object, "phrase", phrase),
        false => app.printer.secret(&farewell(phrase)),
    };
    shown.map_err(|failure| Failure {
        message: format!("the recovery phrase could not be shown, so no key file was made: {failure}"),
        ..failure
    })
}

fn after_phrase(failure: Failure) -> Failure {
    let message = format!(
        "{failure}; no key file was made. The recovery phrase on the screen is valid: `init --restore` makes a key \
         file from it. Or drop it and run `init` again"
    );
    Failure { message, ..failure }
}

fn tell_unsettled(app: &App, path: &Path, settled: io::Result<()>) {
    if let Err(error) = settled {
        app.printer.urgent(format!(
            "{} is written and opens, but may not survive a power failure ({error}): keep a copy",
            path.display()
        ));
    }
}

/// The keys stay; only the password changes.
pub(crate) async fn password(app: &App, args: &Password) -> Result {
    if let (Some(new), Some(old)) = (&args.new_password_file, &app.settings.password_file)
        && is_same(new, old)
    {
        let why = "is the file of the old password: write the new one into another file, and name that";
        return Err(Failure::usage(format!("{} {why}", new.display())));
    }
    let opened = app.open_key_file()?;
    let Opened { name, path, file, phrase, .. } = &opened;
    let password = password::new(args.new_password_file.as_deref(), name, password::CHANGED)?;
    let staged = file.sealed_again(phrase, &password)?.stage(path)?;
    // The vault first: whoever has its new password can always log in again.
    let logged_in = register::change_password(app, &opened, &password).await?;
    let of_vault = |failure: Failure| match &logged_in {
        Some(_) => Failure {
            message: format!("the login has the new password, but the key file does not: {failure}"),
            ..failure
        },
        None => failure,
    };
    let settled = staged.replace(file).map_err(of_vault)?;
    let locked = agent::end(path);
    if let Some(logged_in) = logged_in {
        if let Err(failure) = logged_in.write(path) {
            app.printer.warn(format!("This machine does not remember the login: {failure}"));
        }
        app.printer.note(format!("{} logs in at {} with the new password too.", logged_in.user, logged_in.node));
    }
    settled.map_err(|error| in_force(name, path, &error))?;
    let object = json!({"type": "password-changed", "name": name, "key_file": path.to_string_lossy()});
    app.printer.result(&object, format!("The key file of {name} opens with the new password."))?;
    app.printer.note("Copies of the old file still open with the old password: delete them.");
    if let Err(failure) = locked {
        app.printer.warn(failure.message);
    }
    if let Some(file) = &app.settings.password_file {
        app.printer.note(format!("{} holds the old password: write the new one into it.", file.display()));
    }
    Ok(())
}

/// Compares files, not paths. Each opening of a pipe may give another one.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok().filter(|path| path.is_file());
    real(one).is_some_and(|one| real(other) == Some(one))
}

fn in_force(name: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::key_file(format!(
        "the new password of {name} is in force, but {} may not survive a power failure \
         ({error}): keep the old password too until `password` succeeds once",
        path.display()
    ))
}

fn new_phrase() -> Result<Zeroizing<String>> {
    let (_, phrase) = Identity::generate()?;
    Ok(Zeroizing::new(phrase.reveal().to_owned()))
}

/// [`ABOUT_IT`], and the phrase in numbered rows of four words, for copying by hand.
pub(crate) fn farewell(phrase: &str) -> Zeroizing<String> {
    // Allocated in one piece: growing would leave copies that nothing wipes.
    let mut text = Zeroizing::new(String::with_capacity(ABOUT_IT.len() + 16 * phrase.len()));
    text.push_str(ABOUT_IT);
    let mut last = 0;
    for (place, word) in phrase.split(' ').enumerate() {
        let before = if place % 4 == 0 { "\n    " } else { &"          "[last..] };
        for part in [before, &format!("{:>2} ", place + 1), word] {
            text.push_str(part);
        }
        last = word.len().min(10);
    }
    text.push_str("\n\n");
    text
}

pub(crate) fn completions(shell: Shell) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "hospital-record", &mut script);
    Ok(io::Write::write_all(&mut io::stdout().lock(), &script)?)
}

/// All settings, and the errors in their current values.
pub(crate) fn settings(printer: Printer, wrong: Option<&Failure>) -> Result {
    args::settings().iter().try_for_each(|setting| printer.object(&setting.object()))?;
    if !printer.json {
        printer.line(&args::page())?;
    }
    let Some(wrong) = wrong else { return Ok(()) };
    printer.object(&json!({"type": "wrong-setting", "message": wrong.message}))?;
    printer.warn(format!("\nThe current settings cannot be used: {wrong}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failure_after_the_act_says_that_it_took_effect() {
        let failure = in_force("ana", Path::new("/k"), &io::ErrorKind::StorageFull.into());
        assert!(failure.message.contains("the new password of ana is in force"), "{failure}");
        let failure = after_phrase(Failure::key_file("no room"));
        assert!(failure.message.contains("no key file was made") && failure.message.contains("--restore"), "{failure}");
    }

    #[test]
    fn the_phrase_is_shown_in_numbered_rows() {
        let words: Vec<String> = (1..=24).map(|n| format!("word{n}")).collect();
        let text = super::farewell(&words.join(" "));
        assert!(text.contains("\n     1 word1      2 word2      3 word3      4 word4\n"), "{}", *text);
        assert!(text.contains("24 word24\n"));
    }
}
