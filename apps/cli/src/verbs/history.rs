//! `history` and `verify`: who did what when, and whether that is complete.

use std::collections::HashMap;

use hospital_record::{
    Address, B256, Completeness, Event, History, HistoryEntry, System, history::Names, names::parse_address,
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{board::behind, names::Known};
use crate::{
    app::{App, check_person},
    args,
    failure::{Failure, Kind, Result},
    json::{instant, local, rights},
    session::Session,
    words::Purpose,
};

pub(crate) async fn history(app: &App, args: &args::History) -> Result {
    let head = head(args)?;
    let asked = Asked::of(app, args).await?;
    let history = match read(&asked.system, asked.patient, head).await {
        Ok(history) => history,
        Err(failure) => return Err(incomplete(app, asked.patient, failure)?),
    };
    let names = match &asked.session {
        Some(session) => Known::to(session, &history, app.tz()).await?,
        None => Known::none(asked.system.deployment(), &history, app.tz()),
    };
    let cases = match &asked.session {
        Some(session) => behind(app, session, &history).await?,
        None => HashMap::new(),
    };
    for entry in &history.entries {
        print(app, asked.patient, &names, &cases, entry)?;
    }
    statement(app, asked.patient, &history.completeness)
}

pub(crate) async fn verify(app: &App, args: &args::History) -> Result {
    let head = head(args)?;
    let asked = Asked::of(app, args).await?;
    match asked.system.verify(asked.patient, head).await {
        Ok(completeness) => statement(app, asked.patient, &completeness),
        Err(error) => Err(incomplete(app, asked.patient, error.into())?),
    }
}

fn head(args: &args::History) -> Result<Option<B256>> {
    let parse = |text: &str| {
        text.parse().map_err(|_| Failure::usage(format!("{text:?} is not a journal head: one is 0x and 64 hex digits")))
    };
    match args.head.as_deref().map(parse).transpose()? {
        Some(B256::ZERO) => Err(Failure::usage("this is the head of an empty history, which proves nothing")),
        head => Ok(head),
    }
}

async fn read(system: &System, patient: Address, head: Option<B256>) -> Result<History> {
    let reading = system.history(patient);
    Ok(match head {
        Some(head) => reading.trusted_head(head).await?,
        None => reading.await?,
    })
}

/// The patient, and the reader if there is one.
struct Asked {
    system: System,
    patient: Address,
    session: Option<Session>,
}

impl Asked {
    /// An auditor has no key: an address without `--as` needs none.
    async fn of(app: &App, args: &args::History) -> Result<Self> {
        if let (Some(who), None) = (&args.patient, &app.settings.person)
            && who.starts_with("0x")
        {
            let patient = parse_address(who)?;
            return Ok(Self { system: app.system_to_look().await?, patient, session: None });
        }
        args.patient.as_deref().map_or(Ok(()), check_person)?;
        let session = app.session().await?;
        let patient = session.patient(args.patient.as_deref()).await?;
        Ok(Self { system: session.client.system().clone(), patient, session: Some(session) })
    }
}

/// Prints an entry, with the case if a board admitted somebody.
type Cases = HashMap<B256, (Value, String)>;

fn print(app: &App, patient: Address, names: &Known, cases: &Cases, entry: &HistoryEntry) -> Result {
    let deed = entry.event.deed(names);
    let text = format!("{} {}", names.account(entry.by), deed.words);
    // The kind of scope that a grant or its end is on.
    let scope = deed.grantee.map(|_| if deed.folder.is_some() { "folder" } else { "record" });
    let purpose = deed.purpose.map(Purpose::from);
    let case = match entry.event {
        Event::AccessPassedOn { envelope, .. } => cases.get(&envelope),
        _ => None,
    };
    let object = json!({
        "type": "entry", "at": instant(entry.at), "patient": patient.to_string(), "by": entry.by.to_string(),
        "by_name": names.person(entry.by), "action": deed.action, "text": text,
        "record": deed.record.and_then(|key| names.uri(key)),
        "grantee": deed.grantee.map(|account| account.to_string()), "scope": scope,
        "folder": deed.folder.and_then(|number| names.folder_name(number)), "folder_number": deed.folder,
        "rights": deed.rights.map(rights), "purpose": purpose.map(|purpose| purpose.word()),
        "purpose_code": purpose.map(|purpose| purpose.code()), "expires": deed.expires.map(instant),
        "case": case.map(|(object, _)| object),
        "block": entry.entry.block, "tx": entry.entry.transaction.to_string(), "head": entry.entry.head.to_string(),
    });
    let told = case.map_or_else(String::new, |(_, words)| format!("\n    {}", words.replace('\n', "\n    ")));
    app.printer.result(&object, format!("{}  {}{told}", local(entry.at, app.tz()), text))
}

fn statement(app: &App, patient: Address, told: &Completeness) -> Result {
    let text = words(told, app.tz());
    let object = json!({
        "type": "completeness", "patient": patient.to_string(), "complete": true, "proven": told.is_proven(),
        "proven_entries": told.proven.map_or(0, |proven| proven.entries), "entries": told.entries,
        "head": told.head.to_string(), "block": told.block, "at": at(told), "reported_by": told.reported_by, "text": text,
    });
    app.printer.result(&object, text)
}

fn at(told: &Completeness) -> String {
    i64::try_from(told.time).ok().and_then(crate::json::seconds).unwrap_or_else(|| Timestamp::MAX.to_string())
}

/// For people, in their zone, with its name.
fn local_at(told: &Completeness, tz: &TimeZone) -> String {
    let at = i64::try_from(told.time).ok().and_then(|time| Timestamp::from_second(time).ok()).unwrap_or(Timestamp::MAX);
    at.to_zoned(tz.clone()).strftime("%Y-%m-%d %H:%M %Q").to_string()
}

/// One source alone proves nothing: only a head from elsewhere, given or from the witness, makes it proven.
fn words(told: &Completeness, tz: &TimeZone) -> String {
    let Completeness { head, entries, block, reported_by, .. } = told;
    let up_to =
        format!("complete up to head {head} (block {block}, {}) as reported by {reported_by}", local_at(told, tz));
    match told.proven {
        Some(_) if told.is_proven() => format!("{entries} entries, proven complete up to head {head}"),
        Some(proven) => format!(
            "{entries} entries; the first {} are proven complete by the given head; the rest: {up_to}",
            proven.entries
        ),
        None if *entries == 0 => {
            format!("this address has no entries, {up_to}: check the address, the chain and the contract")
        }
        None => format!(
            "{entries} entries, {up_to}; a head from another source (--head) or a second RPC (--witness) would prove it"
        ),
    }
}

/// Prints that it is not complete, before the failure that gives the reason.
fn incomplete(app: &App, patient: Address, failure: Failure) -> Result<Failure> {
    if failure.kind == Kind::Integrity {
        app.printer.object(&json!({
            "type": "completeness", "patient": patient.to_string(), "complete": false, "proven": false,
            "proven_entries": 0, "entries": null, "head": null, "block": null, "at": null, "reported_by": null,
            "text": failure.message,
        }))?;
    }
    Ok(failure)
}
