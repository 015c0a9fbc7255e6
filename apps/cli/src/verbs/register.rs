//! `register`, and the part of `password` that is about the login.

use hospital_record::{
    ErrorKind, Identity, Phrase,
    node::{self, Login, Secret},
};
use serde_json::json;

use crate::{
    app::{App, Opened, checked_identity},
    args::Register,
    failure::{Failure, Kind, Result},
    key_file::KeyFile,
    login::LoggedIn,
    verbs::login::{service, tell_failures},
};

/// Puts the keys into a vault of the joined node, or deletes that vault.
pub(crate) async fn register(app: &App, args: &Register) -> Result {
    let Some(address) = &app.settings.node else {
        return Err(Failure::usage("there is no node to register at: `join` one first"));
    };
    let login = service(app, address).await?;
    let Opened { name, path, file, phrase, password } = app.open_key_file()?;
    let identity = checked_identity(&name, &file, &phrase)?;
    let before = LoggedIn::read(&path, &file)?;
    if let Some(before) = before.as_ref().filter(|before| before.node != *address) {
        let (node, why) = (&before.node, "`logout --keep-keys` forgets that login; the vault there stays");
        return Err(Failure::usage(format!("{name} is logged in at {node}, and not at {address}: {why}")));
    }
    if args.delete {
        login.delete(&identity).await?;
        LoggedIn::remove(&path)?;
        let object = json!({"type": "vault-deleted", "name": name, "node": address});
        return app.printer.result(&object, format!("{address} keeps no vault of {name} any more"));
    }
    let user = node::checked_user(args.user.as_deref().unwrap_or(&name))?;
    is_newest(&login, &identity, before.as_ref()).await?;
    // One password for the key file and the login.
    let registered = login.register(&secret(&phrase, &file)?, &user, &password).await;
    let generation = registered.map_err(|error| match error.kind() {
        ErrorKind::Invalid => {
            Failure::usage(format!("{error}. The login has the password of the key file: `password` changes it"))
        }
        kind if is_outage(kind) => Failure::new(
            kind.into(),
            format!("{error}; the vault may be new already, which ends all other logins: run `register` again"),
        ),
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

/// Refuses a node that shows another vault than the one that this machine knows.
async fn is_newest(login: &Login, identity: &Identity, before: Option<&LoggedIn>) -> Result {
    let Some(before) = before else { return Ok(()) };
    let (node, known, now) = (&before.node, before.generation, login.status(identity).await?.generation);
    if now < known {
        let why = format!(
            "{node} shows an older vault than before ({now} instead of {known}), or another machine deleted it. If it did: \
             `logout --keep-keys`, then `register`"
        );
        return Err(Failure::new(Kind::Integrity, why));
    }
    // Without a token, a change from here may have ended halfway.
    match now > known && before.token.is_some() {
        true => Err(Failure::new(
            Kind::Conflict,
            format!(
                "the login at {node} was changed from another machine: its password counts. Run `logout` and `login`; or, \
                 to put this machine's keys and password there, `logout --keep-keys` and `register`"
            ),
        )),
        false => Ok(()),
    }
}

fn is_outage(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unreachable | ErrorKind::TimedOut)
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
        Err(error) if is_outage(error.kind()) => {
            let why = "the login may have the new password already, and the key file does not: run `password` again";
            return Err(Failure::new(error.kind().into(), format!("{error}; {why}, with the same new password")));
        }
        Err(error) => {
            before.write(path)?;
            return Err(error.into());
        }
    };
    let opened = login.log_in(&before.user, password).await;
    match &opened {
        Ok(opened) => tell_failures(app, &before.user, opened),
        Err(error) => {
            app.printer.warn(format!("The login was not opened to check it ({error}): run `register` later."))
        }
    }
    Ok(Some(logged_in(generation, opened.ok().map(|opened| opened.token))))
}

fn secret(phrase: &str, file: &KeyFile) -> Result<Secret> {
    let phrase = Phrase::parse(phrase).map_err(|error| Failure::new(Kind::KeyFile, error.to_string()))?;
    Ok(Secret { phrase, number: file.header.account })
}
