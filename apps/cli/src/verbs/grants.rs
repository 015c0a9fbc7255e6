//! `grants` and `shared`: who may do what.

use std::{collections::HashMap, time::SystemTime};

use hospital_record::{
    self as sdk, Address, Cut,
    grant::{GrantInfo, GrantScope, ScopeId, SharedGrant},
};
use serde_json::{Value, json};

use super::{all_heard, word};
use crate::{
    app::{App, check_person},
    args::{Grants, Shared},
    failure::Result,
    json::{instant, local, merged, purpose, rights, scope},
    session::Session,
    shown::shown,
    words::Purpose,
};

pub(crate) async fn grants(app: &App, args: &Grants) -> Result {
    args.patient.as_deref().map_or(Ok(()), check_person)?;
    let session = app.session().await?;
    let mut grants = match session.patient(args.patient.as_deref()).await? {
        me if me == session.me() => session.client.grants().list().await?,
        patient => session.client.grants().delegated(patient).await?,
    };
    grants.retain(|grant| args.all || grant.live);
    let mut rows = Vec::with_capacity(grants.len());
    for (depth, grant) in as_tree(&grants) {
        app.printer.object(&grant_object(&session, grant).await?)?;
        rows.push(row(app, &session, depth, grant).await?);
    }
    if rows.is_empty() {
        app.printer.note(if args.all { "Nobody has access, and no access has expired." } else { "Nobody has access." });
    }
    app.printer.table(&["WHO", "WHAT", "MAY", "FOR", "SINCE", "UNTIL"], &rows)?;
    all_heard(grants.iter().filter_map(|grant| grant.unavailable))
}

/// Each delegated grant follows the grant that it came from, with its depth. A grant whose origin is not listed stands
/// at the top level.
fn as_tree(grants: &[GrantInfo]) -> Vec<(usize, &GrantInfo)> {
    let places: HashMap<(ScopeId, Address), usize> =
        grants.iter().enumerate().map(|(place, grant)| ((grant.scope_id, grant.grantee), place)).collect();
    let giver = |grant: &GrantInfo| places.get(&(grant.above?, grant.given_by?)).copied();
    let (mut below, mut left) = (vec![Vec::new(); grants.len()], Vec::new());
    for (place, grant) in grants.iter().enumerate().rev() {
        match giver(grant) {
            Some(giver) => below[giver].push(place),
            None => left.push((0, place)),
        }
    }
    let mut tree = Vec::with_capacity(grants.len());
    while let Some((depth, place)) = left.pop() {
        tree.push((depth, &grants[place]));
        left.extend(below[place].iter().map(|place| (depth + 1, *place)));
    }
    tree
}

async fn row(app: &App, session: &Session, depth: usize, grant: &GrantInfo) -> Result<Vec<String>> {
    let who = grant.name.as_deref().map_or_else(|| grant.grantee.to_string(), shown);
    let by = match grant.given_by.filter(|_| depth == 0) {
        Some(giver) => format!(" (by {})", session.called(giver).await?),
        None => String::new(),
    };
    Ok(vec![
        format!("{}{who}{by}", "  ".repeat(depth)),
        scope_called(session, &grant.scope).await,
        rights(grant.rights).join(", "),
        Purpose::from(grant.purpose).word().to_owned(),
        local(grant.granted, app.tz()),
        ending(app, grant.expires, grant.live),
    ])
}

/// A record's name, if it opens.
async fn scope_called(session: &Session, scope: &GrantScope) -> String {
    match scope {
        GrantScope::Record(record) => session.title_of(record).await,
        folder => shown(&folder.to_string()),
    }
}

fn ending(app: &App, expires: Option<SystemTime>, live: bool) -> String {
    let end = expires.map_or_else(|| "no end".to_owned(), |end| local(end, app.tz()));
    if live { end } else { format!("{end} (ended)") }
}

async fn grant_object(session: &Session, grant: &GrantInfo) -> Result<Value> {
    let object = json!({
        "type": "grant", "grantee": grant.grantee.to_string(), "name": grant.name, "rights": rights(grant.rights),
        "granted": instant(grant.granted), "expires": grant.expires.map(instant), "live": grant.live,
        "unavailable": word(grant.unavailable),
    });
    let by = given_by(session, grant.given_by).await?;
    Ok(merged([object, scope(&grant.scope), purpose(grant.purpose), by]))
}

/// `given_by` and `given_by_name`.
async fn given_by(session: &Session, giver: Option<Address>) -> Result<Value> {
    let name = match giver {
        Some(giver) => session.name_of(giver).await?,
        None => None,
    };
    Ok(json!({"given_by": giver.map(|giver| giver.to_string()), "given_by_name": name}))
}

pub(crate) async fn shared(app: &App, args: &Shared) -> Result {
    args.patient.as_deref().map_or(Ok(()), check_person)?;
    let session = app.session().await?;
    let shared = match args.patient.as_deref() {
        Some(who) => session.client.grants().received_from(session.person(who).await?.address).await?,
        None => session.client.grants().received().await?,
    };
    let mut rows = Vec::new();
    let listed = shared.grants.iter().filter(|grant| args.all || grant.live);
    for grant in listed.clone() {
        app.printer.object(&shared_object(&session, grant).await?)?;
        rows.push(vec![
            session.called(grant.patient).await?,
            scope_called(&session, &grant.scope).await,
            rights(grant.rights).join(", "),
            Purpose::from(grant.purpose).word().to_owned(),
            session.called(grant.given_by.unwrap_or(grant.patient)).await?,
            local(grant.granted, app.tz()),
            ending(app, grant.expires, grant.live),
        ]);
    }
    app.printer.table(&["PATIENT", "WHAT", "MAY", "FOR", "GIVEN BY", "SINCE", "UNTIL"], &rows)?;
    for (patient, reason) in &shared.unreadable {
        app.printer.object(&json!({
            "type": "unreadable", "patient": patient.to_string(), "patient_name": session.name_of(*patient).await?,
            "reason": reason,
        }))?;
        app.printer.warn(format!("what {} shared cannot be read: {reason}", session.called(*patient).await?));
    }
    warn_cut(app, &session, &shared).await?;
    let text = "This list cannot be proven complete: each patient's history can, but nothing links the grants of many \
                patients to one person. Each listed grant is real.";
    app.printer.object(&json!({"type": "statement", "complete": false, "text": text}))?;
    app.printer.note(text);
    all_heard(listed.filter_map(|grant| grant.unavailable))
}

/// Reports what the list leaves out, and how to see it.
async fn warn_cut(app: &App, session: &Session, shared: &sdk::grant::Shared) -> Result {
    let Cut { count, older, .. } = shared.cut;
    let more_of: Vec<Value> =
        shared.more_of.iter().map(|(patient, more)| json!({"patient": patient.to_string(), "count": more})).collect();
    if shared.cut.is_none() && more_of.is_empty() {
        return Ok(());
    }
    app.printer.object(&json!({"type": "cut", "patients": count, "older": older, "more_of": more_of}))?;
    if !shared.cut.is_none() {
        let older = if older { ", and older ones were not checked" } else { "" };
        app.printer.warn(format!(
            "{count} more accounts that you do not know shared something and are not listed{older}: \
             `shared --patient ADDRESS` shows the grants of one of them"
        ));
    }
    for (patient, more) in &shared.more_of {
        let who = session.called(*patient).await?;
        app.printer.warn(format!("{who} gave {more} more: `shared --patient` shows up to 1024"));
    }
    Ok(())
}

async fn shared_object(session: &Session, grant: &SharedGrant) -> Result<Value> {
    let object = json!({
        "type": "shared", "patient": grant.patient.to_string(), "patient_name": session.name_of(grant.patient).await?,
        "rights": rights(grant.rights), "granted": instant(grant.granted), "expires": grant.expires.map(instant),
        "live": grant.live, "unavailable": word(grant.unavailable),
    });
    let by = given_by(session, grant.given_by).await?;
    Ok(merged([object, scope(&grant.scope), purpose(grant.purpose), by]))
}
