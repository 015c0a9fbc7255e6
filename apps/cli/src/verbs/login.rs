//! `register`, `login` and `logout`: one's keys on any machine, by a name and a password.

use std::{fs, io, path::Path};

use hospital_record::{
    ErrorKind, Identity, Phrase, Timeout,
    node::{self, Login, Secret},
};
use jiff::Timestamp;
use serde_json::json;

use super::join;
use crate::{
    agent,
    app::{App, Opened, checked_identity},
    args::{self, Logout, Register},
    failure::{Failure, Kind, Result},
    home,
    key_file::{KeyFile, already_there, settle},
    login::LoggedIn,
    password, when,
};

/// Puts the keys into a vault of the joined node, or deletes that vault.
pub(crate) async fn register(app: &App, args: &Register) -> Result {
    let Some(address) = &app.settings.node else {
        return Err(Failure::usage("there is no node to register at: `join` one first"));
    };
    let login = service(app, address).await?;
    let Opened { name, path, file, phrase, password } = app.open_key_file()?;
    let identity = checked_identity(&name, &file, &phrase)?;
    if args.delete {
        login.delete(&identity).await?;
        LoggedIn::remove(&path)?;
        let object = json!({"type": "vault-deleted", "name": name, "node": address});
        return app.printer.result(&object, format!("{address} keeps no vault of {name} any more"));
    }
    let user = node::checked_user(args.user.as_deref().unwrap_or(&name))?;
    is_newest(&login, &identity, LoggedIn::read(&path)?.as_ref()).await?;
    // One password for the key file and the login.
    let registered = login.register(&secret(&phrase, &file)?, &user, &password).await;
    let generation = registered.map_err(|error| match error.kind() {
        ErrorKind::Invalid => {
            Failure::usage(format!("{error}. The login has the password of the key file: `password` changes it"))
        }
        _ => error.into(),
    })?;
    kept(app, &Registered { login: &login, address, name: &name, user: &user, path: &path, generation }, &password)
        .await
}

/// Refuses a node that shows an older vault than this machine has seen.
async fn is_newest(login: &Login, identity: &Identity, before: Option<&LoggedIn>) -> Result {
    let Some(before) = before else { return Ok(()) };
    let now = login.status(identity).await?.generation;
    match now < before.generation {
        true => Err(Failure::new(
            Kind::Integrity,
            format!(
                "{} shows an older vault than before ({now} instead of {}), or another machine deleted it. If it did: \
                 `logout --keep-keys`, then `register`",
                before.node, before.generation
            ),
        )),
        false => Ok(()),
    }
}

/// A vault that was made a moment ago.
struct Registered<'a> {
    login: &'a Login,
    address: &'a str,
    name: &'a str,
    user: &'a str,
    path: &'a Path,
    generation: u64,
}

/// Opens the new vault once: a vault counts when it opens. Nothing here fails as if there were none.
async fn kept(app: &App, registered: &Registered<'_>, password: &str) -> Result {
    let Registered { login, address, name, user, path, generation } = *registered;
    let opened = login.log_in(user, password).await;
    let token = opened.as_ref().ok().map(|opened| opened.token.clone());
    let is_checked = token.is_some();
    let written = LoggedIn::new(address, user, generation, token).write(path);
    let object = json!({
        "type": "vault", "name": name, "user": user, "node": address, "generation": generation, "checked": is_checked,
    });
    app.printer.result(&object, format!("{user} can log in at {address} from any machine"))?;
    if let Err(error) = opened {
        app.printer
            .urgent(format!("It was not opened to check it ({error}): run `register` again before you rely on it."));
    }
    if let Err(failure) = written {
        app.printer.warn(format!("This machine does not remember it: {failure}"));
    }
    app.printer.note("Keep the recovery phrase all the same: who forgets the password has nothing else.");
    Ok(())
}

/// Changes the password of the vault too, if there is one; before that of the key file. Returns what is to be written
/// when that is done.
pub(crate) async fn change_password(app: &App, opened: &Opened, password: &str) -> Result<Option<LoggedIn>> {
    let Some(before) = LoggedIn::read(&opened.path)? else { return Ok(None) };
    let login = service(app, &before.node).await?;
    let identity = checked_identity(&opened.name, &opened.file, &opened.phrase)?;
    is_newest(&login, &identity, Some(&before)).await?;
    let generation = login.register(&secret(&opened.phrase, &opened.file)?, &before.user, password).await?;
    let token = login.log_in(&before.user, password).await.ok().map(|opened| opened.token);
    Ok(Some(LoggedIn::new(&before.node, &before.user, generation, token)))
}

/// Gets the keys from the vault at a node, which is joined too.
pub(crate) async fn login(app: &App, args: &args::Login) -> Result {
    let user = node::checked_user(&args.user)?;
    let name = app.settings.person.as_deref().unwrap_or(&user);
    let path = home::key_path(&app.settings.home, name)?;
    if path.symlink_metadata().is_ok() {
        return Err(already_there(&path));
    }
    let address = args.address.trim().trim_end_matches('/');
    if app.settings.node.as_deref().is_some_and(|joined| joined != address) {
        return Err(Failure::usage(
            "another node is joined: name another folder with --home, or `join` this one first",
        ));
    }
    KeyFile::can_be_made(&path)?;
    let login = service(app, address).await?;
    let password = password::spelled(&password::existing(app.settings.password_file.as_deref(), &user)?);
    let opened = login.log_in(&user, &password).await?;
    if app.settings.node.is_none() {
        join::quietly(app, address).await?;
    }
    let Secret { phrase, number } = &opened.secret;
    let account = opened.account.to_string();
    let settled = KeyFile::seal(phrase.reveal(), *number, &account, &password)?.stage(&path)?.create()?;
    LoggedIn::new(address, &user, opened.generation, Some(opened.token.clone())).write(&path)?;
    let last = opened.last_failure.and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok());
    let object = json!({
        "type": "logged-in", "name": name, "user": user, "node": address, "address": account,
        "key_file": path.to_string_lossy(), "failures": opened.failures, "last_failure": last.map(|at| at.to_string()),
    });
    app.printer.result(&object, format!("{user} is logged in as {name} ({account})\nkey file: {}", path.display()))?;
    if let Some(at) = last.filter(|_| opened.failures > 0) {
        let at = when::told(&at.to_zoned(app.tz().clone()));
        app.printer.urgent(format!(
            "{} attempts to log in as {user} failed since the last login, the last one on {at}. If that was not you, take \
             a longer password.",
            opened.failures
        ));
    }
    if let Err(error) = settled {
        app.printer.warn(format!("{} may not survive a power failure ({error})", path.display()));
    }
    Ok(())
}

/// Removes the keys from this machine, or from all: what is in the vault stays.
pub(crate) async fn logout(app: &App, args: &Logout) -> Result {
    let name = home::choose(&app.settings.home, app.settings.person.as_deref())?;
    let path = home::key_path(&app.settings.home, &name)?;
    let Some(logged_in) = LoggedIn::read(&path)? else {
        let why = "is not logged in here: the key file may be the only copy of the keys. `lock` ends `unlock`";
        return Err(Failure::usage(format!("{name} {why}")));
    };
    let login = service(app, &logged_in.node).await;
    if args.keep_keys {
        if let (Ok(login), Some(token)) = (&login, &logged_in.token) {
            let _ = login.end(token).await;
        }
        LoggedIn::remove(&path)?;
        return told(app, &name, false, None, "is no longer logged in, and keeps the keys on this machine");
    }
    let login = login?;
    let everywhere = match args.everywhere {
        true => Some(end_all(app, &login).await?),
        false => {
            vault_is_there(app, &login, &logged_in).await?;
            None
        }
    };
    let locked = agent::end(&path);
    fs::remove_file(&path).map_err(|error| Failure::file(&path, &error))?;
    LoggedIn::remove(&path)?;
    let settled = settle(path.parent().unwrap_or(Path::new(".")));
    if let (None, Some(token)) = (everywhere, &logged_in.token) {
        // The keys are gone from here whether or not the node hears of it.
        let _ = login.end(token).await;
    }
    warn(app, locked.err().map(|failure| failure.message), settled);
    told(app, &name, true, everywhere, "is logged out: the keys are gone from this machine, and stay in the vault")
}

/// The keys here are removed only if there is a vault, which the login or the account shows.
async fn vault_is_there(app: &App, login: &Login, logged_in: &LoggedIn) -> Result {
    if let Some(token) = &logged_in.token
        && login.is_live(token).await?
    {
        return Ok(());
    }
    let Opened { name, file, phrase, .. } = app.open_key_file()?;
    let identity = checked_identity(&name, &file, &phrase)?;
    match login.status(&identity).await?.generation {
        0 => Err(Failure::not_found(format!(
            "{} has no vault of {name}: these keys may be the only copy. Use `logout --keep-keys`",
            logged_in.node
        ))),
        _ => Ok(()),
    }
}

async fn end_all(app: &App, login: &Login) -> Result<u64> {
    let Opened { name, file, phrase, .. } = app.open_key_file()?;
    let identity = checked_identity(&name, &file, &phrase)?;
    if login.status(&identity).await?.generation == 0 {
        return Err(Failure::not_found(format!("the node has no vault of {name}: nothing was ended")));
    }
    Ok(login.end_all(&identity).await?)
}

fn told(app: &App, name: &str, removed: bool, everywhere: Option<u64>, words: &str) -> Result {
    let object = json!({"type": "logged-out", "name": name, "keys_removed": removed, "logins_ended": everywhere});
    let more = everywhere.map_or_else(String::new, |logins| format!("; {logins} logins ended"));
    app.printer.result(&object, format!("{name} {words}{more}"))
}

fn warn(app: &App, agent: Option<String>, settled: io::Result<()>) {
    if let Some(message) = agent {
        app.printer.warn(message);
    }
    if let Err(error) = settled {
        app.printer.warn(format!("the key file may come back after a power failure ({error})"));
    }
}

async fn service(app: &App, address: &str) -> Result<Login> {
    let timeout = app.settings.timeout.map_or_else(|| Timeout::seconds(30).map(Timeout::get), Ok)?;
    Ok(Login::at(address, timeout).await?)
}

fn secret(phrase: &str, file: &KeyFile) -> Result<Secret> {
    let phrase = Phrase::parse(phrase).map_err(|error| Failure::new(Kind::KeyFile, error.to_string()))?;
    Ok(Secret { phrase, number: file.header.account })
}
