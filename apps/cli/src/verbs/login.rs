//! `login` and `logout`: one's keys on any machine, by a name and a password.

use std::{
    fs,
    io::{self, IsTerminal},
    path::Path,
};

use hospital_record::{
    ErrorKind, Identity,
    node::{self, Login, Secret},
};
use jiff::Timestamp;
use serde_json::json;

use super::join;
use crate::{
    agent,
    app::{App, Opened, checked_identity},
    args::{self, Logout},
    failure::{Failure, Kind, Result},
    home,
    key_file::{KeyFile, Settled, already_there, settle},
    login::LoggedIn,
    password, when,
};

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
    tell_failures(app, &user, &opened);
    let taken = take(app, &Place { address, user: &user, path: &path }, &opened, &password).await;
    if taken.is_err() {
        let _ = login.end(&opened.token).await;
    }
    let (account, settled) = (opened.account, taken?);
    let object = json!({
        "type": "logged-in", "name": name, "user": user, "node": address, "address": account.to_string(),
        "key_file": path.to_string_lossy(), "failures": opened.failures,
        "last_failure": last_failure(&opened).map(|at| at.to_string()),
    });
    if let Err(error) = settled {
        app.printer.warn(format!("{} may not survive a power failure ({error})", path.display()));
    }
    app.printer.result(&object, format!("{user} is logged in as {name} ({account})\nkey file: {}", path.display()))
}

/// Where somebody logs in, and where the keys go.
struct Place<'a> {
    address: &'a str,
    user: &'a str,
    path: &'a Path,
}

/// Joins the node, and makes the key file.
async fn take(app: &App, place: &Place<'_>, opened: &node::LoggedIn, password: &str) -> Result<Settled> {
    let Place { address, user, path } = *place;
    if app.settings.node.is_none() {
        join::quietly(app, address).await?;
    }
    let (Secret { phrase, number }, account) = (&opened.secret, opened.account.to_string());
    let staged = KeyFile::seal(phrase.reveal(), *number, &account, password)?.stage(path)?;
    // The keys come last: with them and without this, a logout would not know that a vault has them.
    LoggedIn::new(address, user, &account, opened.generation, Some(opened.token.clone())).write(path)?;
    staged.create()
}

fn last_failure(opened: &node::LoggedIn) -> Option<Timestamp> {
    opened.last_failure.and_then(|at| Timestamp::from_second(i64::try_from(at).ok()?).ok())
}

pub(super) fn tell_failures(app: &App, user: &str, opened: &node::LoggedIn) {
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
    let (identity, file) = vault_opens(app, &login, &logged_in, args).await?;
    let everywhere = match args.everywhere {
        true => Some(login.end_all(&identity).await?),
        false => None,
    };
    if KeyFile::read(&path)?.fingerprint() != file.fingerprint() {
        return Err(Failure::new(
            Kind::Conflict,
            "another program changed the key file meanwhile: nothing was removed",
        ));
    }
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

/// The keys here are removed only if the vault gives them back, now. A node's word is not enough.
async fn vault_opens(app: &App, login: &Login, logged_in: &LoggedIn, args: &Logout) -> Result<(Identity, KeyFile)> {
    let Opened { name, file, phrase, password, .. } = app.open_key_file()?;
    let identity = checked_identity(&name, &file, &phrase)?;
    let mut opened = login.log_in(&logged_in.user, &password).await;
    let asks = args.login_password_file.is_some() || io::stdin().is_terminal();
    if asks && matches!(&opened, Err(error) if error.kind() == ErrorKind::Denied) {
        app.printer.note("The login has another password than the key file here.");
        let other = password::existing(args.login_password_file.as_deref(), &logged_in.user)?;
        opened = login.log_in(&logged_in.user, &password::spelled(&other)).await;
    }
    let opened = opened.map_err(|error| {
        let why = "Nothing was removed: the keys here may be the only ones. If the login has another password by now, name \
                   it with --login-password-file; or `logout --keep-keys`";
        Failure::new(error.kind().into(), format!("{error}. {why}"))
    })?;
    let _ = login.end(&opened.token).await;
    tell_failures(app, &logged_in.user, &opened);
    match opened.account == identity.address() {
        true => Ok((identity, file)),
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

pub(super) async fn service(app: &App, address: &str) -> Result<Login> {
    Ok(Login::at(address, app.timeout()?).await?)
}
