//! `revoke` and `renounce`: access that ends.

use hospital_record::{Address, Confirmed, GrantScope, Revoked, SharedGrant};
use serde_json::json;

use super::{
    access::{Scope, check},
    warn_left_out,
};
use crate::{
    app::App,
    args::{Renounce, Revoke, ScopeFlags},
    failure::{Failure, Result},
    json::{accounts, merged, scope},
    session::{Person, Session},
    shown::shown,
};

pub(crate) async fn revoke(app: &App, args: &Revoke) -> Result {
    check(&args.who, &args.scope)?;
    let session = app.session().await?;
    let person = session.person(&args.who).await?;
    let mut builder = session.client.revoke(person.address);
    if let Some(scope) = one(&session, &args.scope, session.me()).await? {
        builder = match scope {
            Scope::Folder(name, level) => builder.folder(name, level),
            Scope::Record(record) => builder.record(&record),
        };
    }
    if args.in_a_hurry {
        builder = builder.in_a_hurry();
    }
    tell_revoked(app, &session, &person, &builder.await?).await
}

/// The one scope that is meant; `None` for all.
async fn one(session: &Session, flags: &ScopeFlags, patient: Address) -> Result<Option<Scope>> {
    if flags.folder.is_some() || flags.record.is_some() {
        return Scope::of(session, flags, patient).await.map(Some);
    }
    match flags.confidentiality {
        Some(_) => Err(Failure::usage("--confidentiality is of a folder: name it with --folder")),
        None => Ok(None),
    }
}

async fn tell_revoked(app: &App, session: &Session, person: &Person, revoked: &Revoked) -> Result {
    let object = json!({
        "type": "revoked", "grantee": person.address.to_string(), "name": person.name(),
        "ended": revoked.ended, "keys_moved": revoked.keys_moved, "left_out": accounts(&revoked.left_out),
        "tx": revoked.transaction.to_string(), "gas": revoked.gas,
    });
    // Who was named by address is told by address: looking for a name would wait for the store.
    let name = person.name().map_or_else(|| person.address.to_string(), shown);
    let words = match revoked.ended {
        1 => format!("{name} has lost this access; what is added from now on stays closed"),
        ended => format!("{name} has lost access in {ended} places; what is added from now on stays closed"),
    };
    app.printer.result(&object, words)?;
    if !revoked.keys_moved {
        app.printer.warn("The folder's keys have not moved on yet: `sync` or the next `add` does it.");
    }
    warn_left_out(app, session, &revoked.left_out).await
}

pub(crate) async fn renounce(app: &App, args: &Renounce) -> Result {
    check(&args.patient, &args.scope)?;
    let session = app.session().await?;
    let patient = session.person(&args.patient).await?.address;
    let wanted = one(&session, &args.scope, patient).await?;
    let held = session.client.shared_with_me().await?.grants.into_iter();
    let held: Vec<SharedGrant> = held
        .filter(|grant| grant.patient == patient && grant.live)
        .filter(|grant| wanted.as_ref().is_none_or(|wanted| is(wanted, &grant.scope)))
        .collect();
    if held.is_empty() {
        return Err(Failure::not_found(format!("{} gave no such access: `shared` lists what there is", args.patient)));
    }
    for grant in &held {
        let done = session.client.renounce(patient, grant.scope_id).await?;
        tell_renounced(app, &session, grant, done).await?;
    }
    Ok(())
}

fn is(wanted: &Scope, held: &GrantScope) -> bool {
    match (wanted, held) {
        (Scope::Folder(wanted, level), GrantScope::Folder { name: Some(name), confidentiality, .. }) => {
            wanted.trim() == name && *confidentiality == Some(*level)
        }
        (Scope::Record(wanted), GrantScope::Record(record)) => wanted == record,
        _ => false,
    }
}

async fn tell_renounced(app: &App, session: &Session, grant: &SharedGrant, done: Confirmed) -> Result {
    let object = json!({
        "type": "renounced", "patient": grant.patient.to_string(),
        "patient_name": session.name_of(grant.patient).await?, "tx": done.transaction.to_string(), "gas": done.gas,
    });
    let (what, whose) = (shown(&grant.scope.to_string()), session.called(grant.patient).await?);
    app.printer.result(&merged([object, scope(&grant.scope)]), format!("given up: {what} of {whose}"))
}
