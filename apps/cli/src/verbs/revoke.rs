//! `revoke`, `renounce` and `withdraw`: access that ends.

use hospital_record::{
    Address, Error, ErrorKind, Revoked,
    act::Confirmed,
    grant::{GrantInfo, SharedGrant},
};
use serde_json::json;

use super::{
    access::{Scope, check},
    all_heard,
    sign::sign,
    warn_left_out,
};
use crate::{
    app::{App, check_person},
    args::{Renounce, Revoke, Withdraw},
    failure::{Failure, Kind, Result},
    json::{accounts, merged, scope},
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

pub(crate) async fn renounce(app: &App, args: &Renounce) -> Result {
    check(&args.patient, &args.scope)?;
    let session = app.session().await?;
    let patient = session.person(&args.patient).await?.address;
    let wanted = Scope::one(&session, &args.scope, patient).await?;
    let mut all = session.client.grants().received_from(patient).await?.grants;
    all.retain(|grant| grant.patient == patient && grant.live);
    let held: Vec<&SharedGrant> =
        all.iter().filter(|grant| wanted.as_ref().is_none_or(|wanted| wanted.is(&grant.scope))).collect();
    if held.is_empty() {
        let instead = Scope::instead(wanted.as_ref(), all.iter().map(|grant| &grant.scope));
        let why = format!("{} gave no such access: `shared --patient` lists what there is", args.patient);
        return Err(Failure::not_found(why + &instead));
    }
    for grant in held {
        let done = session.client.grants().renounce(patient, grant.scope_id).await?;
        tell_renounced(app, &session, grant, done).await?;
    }
    Ok(())
}

async fn tell_renounced(app: &App, session: &Session, grant: &SharedGrant, done: Confirmed) -> Result {
    let object = json!({
        "type": "renounced", "patient": grant.patient.to_string(),
        "patient_name": session.name_of(grant.patient).await?, "tx": done.transaction, "gas": done.gas,
    });
    let (what, whose) = (shown(&grant.scope.to_string()), session.called(grant.patient).await?);
    app.printer.result(&merged([object, scope(&grant.scope)]), format!("given up: {what} of {whose}"))
}

pub(crate) async fn withdraw(app: &App, args: &Withdraw) -> Result {
    check(&args.who, &args.scope)?;
    check_person(&args.patient)?;
    let session = app.session().await?;
    let (person, patient) = (session.person(&args.who).await?, session.person(&args.patient).await?.address);
    let wanted = Scope::one(&session, &args.scope, patient).await?;
    let given: Vec<GrantInfo> = session.client.grants().delegated(patient).await?;
    let of_person: Vec<&GrantInfo> =
        given.iter().filter(|grant| grant.grantee == person.address && grant.live).collect();
    let ending: Vec<&&GrantInfo> =
        of_person.iter().filter(|grant| wanted.as_ref().is_none_or(|wanted| wanted.is(&grant.scope))).collect();
    if ending.is_empty() {
        // The named folder may be one whose name is not available.
        all_heard(of_person.iter().filter_map(|grant| grant.unavailable))?;
        let (who, whose) = (&args.who, &args.patient);
        let instead = Scope::instead(wanted.as_ref(), of_person.iter().map(|grant| &grant.scope));
        let why = format!("you delegated no such access of {whose} to {who}: nothing is withdrawn{instead}");
        return Err(Failure::not_found(why));
    }
    for grant in ending {
        let done = session.client.grants().withdraw(patient, grant.scope_id, person.address).await?;
        tell_withdrawn(app, &session, patient, grant, done).await?;
    }
    Ok(())
}

async fn tell_withdrawn(app: &App, session: &Session, patient: Address, grant: &GrantInfo, done: Confirmed) -> Result {
    let object = json!({
        "type": "withdrawn", "patient": patient.to_string(), "patient_name": session.name_of(patient).await?,
        "grantee": grant.grantee.to_string(), "name": grant.name, "tx": done.transaction, "gas": done.gas,
    });
    let (what, whose) = (shown(&grant.scope_name()), session.called(patient).await?);
    let words = format!("withdrawn from {}: {what} of {whose}", session.called(grant.grantee).await?);
    app.printer.result(&merged([object, scope(&grant.scope)]), words)
}
