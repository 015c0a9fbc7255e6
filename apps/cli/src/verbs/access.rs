//! `grant`, `grants`, `shared`: who may read what.

use std::time::SystemTime;

use hospital_record::{Address, Confidentiality, DEFAULT_FOLDER, GrantInfo, Grantee, RecordRef, SharedGrant};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{all_heard, word};
use crate::{
    app::{App, check_person, check_record},
    args::{Grant, Grants, ScopeFlags, Shared},
    failure::Result,
    json::{instant, local, merged, purpose, rights, scope},
    session::Session,
    shown::shown,
    when::{self, Until},
    words::{Purpose, Rights},
};

/// A scope as it was typed.
pub(super) enum Scope {
    Folder(String, Confidentiality),
    Record(RecordRef),
}

impl Scope {
    /// Of this patient's: nobody else's history is looked at for a record.
    pub(super) async fn of(session: &Session, flags: &ScopeFlags, patient: Address) -> Result<Self> {
        match &flags.record {
            Some(record) => Ok(Self::Record(session.record(record, Some(patient)).await?)),
            None => {
                let name = flags.folder.as_deref().unwrap_or(DEFAULT_FOLDER).to_owned();
                Ok(Self::Folder(name, flags.confidentiality.unwrap_or_default()))
            }
        }
    }

    fn object(&self) -> Value {
        match self {
            Self::Folder(name, level) => {
                json!({"scope": "folder", "folder": name, "confidentiality": level.to_string(), "record": null})
            }
            Self::Record(record) => {
                json!({"scope": "record", "folder": null, "confidentiality": null, "record": record.to_string()})
            }
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Folder(name, level) if *level == Confidentiality::default() => format!("folder {}", shown(name)),
            Self::Folder(name, level) => format!("folder {} ({level})", shown(name)),
            Self::Record(record) => format!("record {}", record.id),
        }
    }
}

pub(crate) async fn grant(app: &App, args: &Grant) -> Result {
    let until = when::until(&args.until, Timestamp::now(), app.tz())?;
    check(&args.who, &args.scope)?;
    let session = app.session().await?;
    let person = session.person(&args.who).await?;
    let scope = Scope::of(&session, &args.scope, session.me()).await?;
    let granted = granting(&session, session.grantee(&person).await?, &scope, args, &until).await?;
    let rights = args.rights.rights();
    let object = json!({
        "type": "granted", "patient": session.me().to_string(), "grantee": granted.grantee.to_string(),
        "name": session.name_of(granted.grantee).await?, "fingerprint": granted.fingerprint,
        "rights": rights.names(), "purpose": args.purpose.word(), "purpose_code": args.purpose.code(),
        "expires": granted.expires.map(instant), "tx": granted.transaction.to_string(), "gas": granted.gas,
    });
    let who = session.called(granted.grantee).await?;
    let (may, what, why) = (rights.words(), scope.words(), args.purpose.word());
    let (end, keys) = (ends(&args.until, &until), granted.fingerprint);
    let words = format!("{who} may {may} {what} for {why}\n{end}\nkey fingerprint  {keys}");
    app.printer.result(&merged([object, scope.object()]), words)
}

fn granting(session: &Session, to: Grantee, scope: &Scope, args: &Grant, until: &Until) -> hospital_record::Grant {
    let builder = session.client.grant(to).purpose(args.purpose.into());
    let builder = match scope {
        Scope::Folder(name, level) => builder.folder(name).confidentiality(*level),
        Scope::Record(record) => builder.record(record),
    };
    let builder = match args.rights.rights() {
        Rights::Read => builder,
        Rights::ReadAndContribute => builder.contribute(),
        Rights::Contribute => builder.contribute_only(),
    };
    match until {
        Until::Never => builder.no_end(),
        Until::At(end) => builder.until(SystemTime::from(end.timestamp())),
    }
}

/// The instant is echoed, so that nobody has to guess what a date meant.
fn ends(typed: &str, until: &Until) -> String {
    match until {
        Until::Never => "until it is revoked".to_owned(),
        Until::At(end) => format!("until {typed}, that is before {}", when::told(end)),
    }
}

/// What is malformed is refused before anything is asked.
pub(super) fn check(who: &str, scope: &ScopeFlags) -> Result {
    check_person(who)?;
    scope.record.as_deref().map_or(Ok(()), check_record)
}

pub(crate) async fn grants(app: &App, args: &Grants) -> Result {
    let session = app.session().await?;
    let grants: Vec<GrantInfo> =
        session.client.grants().await?.into_iter().filter(|grant| args.all || grant.live).collect();
    grants.iter().try_for_each(|grant| app.printer.object(&grant_object(grant)))?;
    let row = |grant: &GrantInfo| {
        let who = grant.name.as_deref().map_or_else(|| grant.grantee.to_string(), shown);
        vec![
            who,
            shown(&grant.scope_name()),
            rights(grant.rights).join(", "),
            Purpose::from(grant.purpose).word().to_owned(),
            local(grant.granted, app.tz()),
            ending(app, grant.expires, grant.live),
        ]
    };
    let rows: Vec<Vec<String>> = grants.iter().map(row).collect();
    if rows.is_empty() {
        app.printer.note(if args.all { "Nobody has access, and no access has run out." } else { "Nobody has access." });
    }
    app.printer.table(&["WHO", "WHAT", "MAY", "FOR", "SINCE", "UNTIL"], &rows)?;
    all_heard(grants.iter().filter_map(|grant| grant.unavailable))
}

fn ending(app: &App, expires: Option<SystemTime>, live: bool) -> String {
    let end = expires.map_or_else(|| "no end".to_owned(), |end| local(end, app.tz()));
    if live { end } else { format!("{end} (ended)") }
}

fn grant_object(grant: &GrantInfo) -> Value {
    let object = json!({
        "type": "grant", "grantee": grant.grantee.to_string(), "name": grant.name, "rights": rights(grant.rights),
        "granted": instant(grant.granted), "expires": grant.expires.map(instant), "live": grant.live,
        "unavailable": word(grant.unavailable),
    });
    merged([object, scope(&grant.scope), purpose(grant.purpose)])
}

pub(crate) async fn shared(app: &App, args: &Shared) -> Result {
    let session = app.session().await?;
    let shared = session.client.shared_with_me().await?;
    let mut rows = Vec::new();
    let listed = shared.grants.iter().filter(|grant| args.all || grant.live);
    for grant in listed.clone() {
        app.printer.object(&shared_object(&session, grant).await?)?;
        rows.push(vec![
            session.called(grant.patient).await?,
            shown(&grant.scope.to_string()),
            rights(grant.rights).join(", "),
            Purpose::from(grant.purpose).word().to_owned(),
            local(grant.granted, app.tz()),
            ending(app, grant.expires, grant.live),
        ]);
    }
    app.printer.table(&["PATIENT", "WHAT", "MAY", "FOR", "SINCE", "UNTIL"], &rows)?;
    for (patient, reason) in &shared.unreadable {
        app.printer.object(&json!({
            "type": "unreadable", "patient": patient.to_string(), "patient_name": session.name_of(*patient).await?,
            "reason": reason,
        }))?;
        app.printer.warn(format!("what {} shared cannot be read: {reason}", session.called(*patient).await?));
    }
    let text = "This list cannot be proven complete: each patient's history is, but nothing links what many patients \
                granted to one person. What is listed is real.";
    app.printer.object(&json!({"type": "statement", "complete": false, "text": text}))?;
    app.printer.note(text);
    all_heard(listed.filter_map(|grant| grant.unavailable))
}

async fn shared_object(session: &Session, grant: &SharedGrant) -> Result<Value> {
    let object = json!({
        "type": "shared", "patient": grant.patient.to_string(), "patient_name": session.name_of(grant.patient).await?,
        "rights": rights(grant.rights), "granted": instant(grant.granted), "expires": grant.expires.map(instant),
        "live": grant.live, "unavailable": word(grant.unavailable),
    });
    Ok(merged([object, scope(&grant.scope), purpose(grant.purpose)]))
}
