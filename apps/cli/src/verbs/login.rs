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
    is_newest(&login, &identity, LoggedIn::read(&path, &file)?.as_ref()).await?;
    // One password for the key file and the login.
    let registered = login.register(&secret(&phrase, &file)?, &user, &password).await;
    let generation = registered.map_err(|error| match error.kind() {
        ErrorKind::Invalid => {
            Failure::usage(format!("{error}. The login has the password of the key file: `password` changes it"))
        }
        _ => error.into(),
    })?;
    let opened = login.log_in(&user, &password).await;
    let token = opened.as_ref().ok().map(|opened| opened.token.clone());
    let is_checked = token.is_some();
    let written = LoggedIn::new(address, &user, &file.header.address, generation, token).write(&path);
    let object = json!({
        "type": "vault", "name": name, "user": user, "node": address, "generation": generation, "checked": is_checked,
    });
    app.printer.result(&object, format!("{user} can log in at {address} from any machine"))?;
    match opened {
        Ok(opened) => tell_failures(app, &user, &opened),
        // It is there: nothing may fail as if there were none.
        Err(error) => app
            .printer
            .urgent(format!("It was not opened to check it ({error}): run `register` again before you rely on it.")),
    }
    if let Err(failure) = written {
        app.printer.warn(format!("This machine does not remember it: {failure}"));
    }
    app.printer.note("Keep the recovery phrase all the same: who forgets the password has nothing else.");
    Ok(())
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

/// Changes the password of the vault too, if there is one; before that of the key file. Returns what is to be written
/// when that is done.
pub(crate) async fn change_password(app: &App, opened: &Opened, password: &str) -> Result<Option<LoggedIn>> {
    let Opened { name, path, file, phrase, .. } = opened;
    let Some(before) = LoggedIn::read(path, file)? else { return Ok(None) };
    let login = service(app, &before.node).await?;
    let identity = checked_identity(name, file, phrase)?;
    is_newest(&login, &identity, Some(&before)).await?;
    let logged_in =
        |generation, token| LoggedIn::new(&before.node, &before.user, &file.header.address, generation, token);
    // If this run ends halfway, nothing says that somebody else ended the login.
    logged_in(before.generation, None).write(path)?;
    let generation = match login.register(&secret(phrase, file)?, &before.user, password).await {
        Ok(generation) => generation,
        Err(error) if matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::TimedOut) => {
            let why = "the login may have the new password already, and the key file does not: run `password` again";
            return Err(Failure::new(error.kind().into(), format!("{error}; {why}, with the same new password")));
        }
        Err(error) => {
            before.write(path)?;
            return Err(error.into());
        }
    };
    let opened = login.log_in(&before.user, password).await;
    if let Ok(opened) = &opened {
        tell_failures(app, &before.user, opened);
    }
    Ok(Some(logged_in(generation, opened.ok().map(|opened| opened.token))))
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
    let staged = KeyFile::seal(phrase.reveal(), *number, &account, &password)?.stage(&path)?;
    // The keys come last: with them and without this, a logout would not know that a vault has them.
    LoggedIn::new(address, &user, &account, opened.generation, Some(opened.token.clone())).write(&path)?;
    let settled = staged.create()?;
    let object = json!({
        "type": "logged-in", "name": name, "user": user, "node": address, "address": account,
        "key_file": path.to_string_lossy(), "failures": opened.failures, "last_failure": last_failure(&opened).map(|at| at.to_string()),
    });
    app.printer.result(&object, format!("{user} is logged in as {name} ({account})\nkey file: {}", path.display()))?;
    tell_failures(app, &user, &opened);
    if let Err(error) = settled {
        app.printer.warn(format!("{} may not survive a power failure ({error})", path.display()));
    }
    Ok(())
}

fn last_failure(opened: &node::LoggedIn) -> Option<Timestamp> {
    opened.last_failure.and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok())
}

fn tell_failures(app: &App, user: &str, opened: &node::LoggedIn) {
    if let Some(at) = last_failure(opened).filter(|_| opened.failures > 0) {
        let at = when::told(&at.to_zoned(app.tz().clone()));
        app.printer.urgent(format!(
            "{} attempts to log in as {user} failed since the last login, the last one on {at}. If that was not you, take \
             a longer password.",
            opened.failures
        ));
    }
}

/// Removes the keys from this machine, or ends the logins of all machines too: what is in the vault stays.
pub(crate) async fn logout(app: &App, args: &Logout) -> Result {
    let name = home::choose(&app.settings.home, app.settings.person.as_deref())?;
    let path = home::key_path(&app.settings.home, &name)?;
    let Some(logged_in) = LoggedIn::read(&path, &KeyFile::read(&path)?)? else {
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
    let checked = vault_opens(app, &login, &logged_in).await?;
    let everywhere = match args.everywhere {
        true => Some(login.end_all(&checked).await?),
        false => None,
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

/// The keys here are removed only if the vault gives them back, now and with this password. A node's word is not enough.
async fn vault_opens(app: &App, login: &Login, logged_in: &LoggedIn) -> Result<Identity> {
    let Opened { name, file, phrase, password, .. } = app.open_key_file()?;
    let identity = checked_identity(&name, &file, &phrase)?;
    let opened = login.log_in(&logged_in.user, &password).await.map_err(|error| {
        let why = format!(
            "{error}. So nothing was removed: the keys here may be the only ones. If the password was just changed, run \
             `password` again; else `register`, or `logout --keep-keys`"
        );
        Failure::new(error.kind().into(), why)
    })?;
    let _ = login.end(&opened.token).await;
    tell_failures(app, &logged_in.user, &opened);
    match opened.account == identity.address() {
        true => Ok(identity),
        false => Err(Failure::new(Kind::Integrity, format!("the vault at {} is not of {name}", logged_in.node))),
    }
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
