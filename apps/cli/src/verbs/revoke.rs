//! `revoke`: access that ends.

use hospital_record::{Error, ErrorKind, Revoked};
use serde_json::json;

use super::{
    access::{Scope, check},
    sign::sign,
    warn_left_out,
};
use crate::{
    app::App,
    args::Revoke,
    failure::{Failure, Kind, Result},
    json::accounts,
    output,
    session::{Person, Session},
    shown::shown,
};

pub(crate) async fn revoke(app: &App, args: &Revoke) -> Result {
    check(&args.who, &args.scope)?;
    args.output.as_deref().map(|path| output::check(path, output::Existing::AlwaysKept)).transpose()?;
    let (session, person, scope) = meant(app, args).await.map_err(not_ended)?;
    if args.sign {
        return sign(app, &session, &person, scope.as_ref(), args).await;
    }
    let mut builder = session.client.revoke(person.address);
    builder = match &scope {
        None => builder,
        Some(Scope::Folder(name, level)) => builder.folder(name, *level),
        Some(Scope::Record(record)) => builder.record(record),
    };
    if args.in_a_hurry {
        builder = builder.in_a_hurry();
    }
    if args.bar {
        builder = builder.bar();
    }
    match builder.await {
        Ok(revoked) => tell_revoked(app, &session, &person, &revoked).await,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(nothing_to_end(&session, &person, scope.as_ref(), error).await)
        }
        Err(error) => Err(error.into()),
    }
}

async fn meant(app: &App, args: &Revoke) -> Result<(Session, Person, Option<Scope>)> {
    let session = app.session().await?;
    let person = session.person(&args.who).await?;
    let scope = Scope::one(&session, &args.scope, session.me()).await?;
    Ok((session, person, scope))
}

/// If a service or this machine fails, the message first says that the access has not ended.
fn not_ended(failure: Failure) -> Failure {
    match failure.kind {
        Kind::Usage | Kind::NotFound => failure,
        _ => Failure { message: format!("access has not ended: {failure}"), ..failure },
    }
}

/// Adds the access that the person has, as far as it is known.
async fn nothing_to_end(session: &Session, person: &Person, wanted: Option<&Scope>, error: Error) -> Failure {
    let grants = session.client.grants().list().await.unwrap_or_default();
    let held = grants.iter().filter(|grant| grant.grantee == person.address).map(|grant| &grant.scope);
    Failure::not_found(format!("{error}{}", Scope::instead(wanted, held)))
}

async fn tell_revoked(app: &App, session: &Session, person: &Person, revoked: &Revoked) -> Result {
    let object = json!({
        "type": "revoked", "grantee": person.address.to_string(), "name": person.name(),
        "ended": revoked.ended, "keys_moved": revoked.keys_moved, "left_out": accounts(&revoked.left_out),
        "earlier_failed": revoked.earlier_failed, "tx": revoked.transaction, "gas": revoked.gas,
    });
    // A person named by address is reported by address: finding the name could wait for the store.
    let name = person.name().map_or_else(|| person.address.to_string(), shown);
    let words = match revoked.ended {
        1 => format!("{name} has lost this access; records added from now on stay closed"),
        ended => format!("{name} has lost access in {ended} places; records added from now on stay closed"),
    };
    app.printer.result(&object, words)?;
    if let Some(earlier) = &revoked.earlier_failed {
        app.printer.warn(format!("An earlier act had no effect: {earlier}"));
    }
    if !revoked.keys_moved {
        app.printer.warn("The folder has no new keys yet: `sync` or the next `add` makes them.");
    }
    warn_left_out(app, session, &revoked.left_out).await
}
