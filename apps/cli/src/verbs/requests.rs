//! `requests`: requests for access.

use std::time::SystemTime;

use hospital_record::{
    Rights,
    request::{AccessRequest, Inbox},
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    access::{Scope, check, check_rights, end, ending, note_uncompared, tell},
    trust, word,
};
use crate::{
    app::{App, check_person},
    args::requests::{Answer, Ask, List, Requests, Withdraw},
    failure::{Failure, Kind, Result},
    json::{instant, local, merged, purpose, rights},
    lookup::{beginning, short},
    session::Session,
    shown::shown,
    size, text, when,
    words::Purpose,
};

/// The name of the input file in errors.
const REASON: &str = "a reason";

pub(crate) async fn requests(app: &App, args: Requests) -> Result {
    match args {
        Requests::List(args) => list(app, &args).await,
        Requests::Ask(args) => ask(app, &args).await,
        Requests::Answer(args) => answer(app, &args).await,
        Requests::Withdraw(args) => withdraw(app, &args).await,
    }
}

async fn ask(app: &App, args: &Ask) -> Result {
    let now = Timestamp::now();
    when::until(&args.until, now, app.tz())?;
    when::until(&args.answer_by, now, app.tz())?;
    check_person(&args.patient)?;
    let from_file = text::of_file(&args.reason, REASON)?;
    let session = app.session().await?;
    let reason = text::or_stdin(from_file, REASON).await?;
    let (until, answer_by) = (session.until(app, &args.until).await?, session.until(app, &args.answer_by).await?);
    let patient = session.person(&args.patient).await?;
    let mut builder = session.client.requests().ask(session.grantee(&patient).await?).reason(reason.trim_end());
    builder = builder.rights(args.rights.rights()).purpose(args.purpose.into());
    builder = match until.instant() {
        Some(end) => builder.until(end),
        None => builder.no_end(),
    };
    if let Some(end) = answer_by.instant() {
        builder = builder.answer_by(end);
    }
    let asked = builder.await?;
    let object = json!({
        "type": "asked", "id": asked.id.to_string(), "patient": asked.patient.to_string(),
        "patient_name": session.name_of(asked.patient).await?, "rights": rights(args.rights.rights()),
        "until": asked.until.map(instant), "answer_by": asked.answer_by.map(instant),
        "tx": asked.transaction, "gas": asked.gas,
    });
    let (whom, may) = (session.called(asked.patient).await?, wanted(args.rights.rights()));
    let words = format!(
        "asked {whom} to {may}, for {}\n{}\nrequest  {}",
        args.purpose.word(),
        until.told(&args.until),
        asked.id
    );
    app.printer.result(&merged([object, purpose(args.purpose.into())]), words)
}

/// The scope is not chosen yet: a folder if something is added, else records.
fn wanted(rights: Rights) -> String {
    format!("{rights} {}", if rights.contributes() { "a folder" } else { "records" })
}

async fn withdraw(app: &App, args: &Withdraw) -> Result {
    check_person(&args.patient)?;
    let session = app.session().await?;
    let patient = session.person(&args.patient).await?.address;
    let done = session.client.requests().withdraw(patient, args.id).await?;
    let object = json!({
        "type": "request-withdrawn", "id": args.id.to_string(), "patient": patient.to_string(),
        "patient_name": session.name_of(patient).await?, "tx": done.transaction, "gas": done.gas,
    });
    app.printer.result(&object, format!("the request to {} is withdrawn", session.called(patient).await?))
}

async fn list(app: &App, args: &List) -> Result {
    args.by.as_deref().map_or(Ok(()), check_person)?;
    let session = app.session().await?;
    let Inbox { requests, cut, .. } = open(app, &session, args.by.as_deref()).await?;
    for request in &requests {
        show(app, &session, request).await?;
    }
    if requests.is_empty() {
        app.printer.note("Nobody asks for access.");
    }
    if !cut.is_none() {
        app.printer.object(&json!({"type": "cut", "requests": cut.count, "older": cut.older}))?;
        let older = if cut.older { ", and there may be older ones" } else { "" };
        app.printer.warn(format!(
            "{} more are not listed{older}: `requests list --by WHO` lists those of one asker",
            size::count(cut.count as u64, "request")
        ));
    }
    super::all_heard(requests.iter().filter_map(|request| request.reason.as_ref().err().copied()))
}

async fn open(app: &App, session: &Session, by: Option<&str>) -> Result<Inbox> {
    let builder = session.client.requests().list().trusted_by(session.authorities(app).await?);
    let builder = match by {
        Some(who) => builder.by(session.person(who).await?.address),
        None => builder,
    };
    Ok(builder.await?)
}

async fn show(app: &App, session: &Session, request: &AccessRequest) -> Result {
    let reason = request.reason.as_ref();
    let object = json!({
        "type": "request", "id": request.id.to_string(), "asker": request.asker.to_string(), "name": request.name,
        "fingerprint": request.fingerprint, "rights": rights(request.rights), "until": request.until.map(instant),
        "answer_by": instant(request.answer_by), "asked": instant(request.asked), "reason": reason.ok(),
        "unavailable": word(reason.err().copied()),
    });
    let trust = trust::told(app, session, request.trust.as_ref()).await?;
    app.printer.result(&merged([object, trust, purpose(request.purpose)]), in_words(app, session, request).await?)
}

async fn in_words(app: &App, session: &Session, request: &AccessRequest) -> Result<String> {
    let (who, why) = (session.called(request.asker).await?, Purpose::from(request.purpose).word());
    let at = |time| local(time, app.tz());
    let end = end_of(app, request.until);
    let mut lines = vec![
        format!("{}  {who} asks to {}, for {why}, {end}", short(request.id), wanted(request.rights)),
        format!("  asked            {}, open until {}", at(request.asked), at(request.answer_by)),
    ];
    if let Some(fingerprint) = &request.fingerprint {
        lines.push(format!("  key fingerprint  {fingerprint}"));
    }
    if let Some(line) = trust::line(app, session, request.trust.as_ref()).await? {
        lines.push(format!("  vouched for by   {line}"));
    }
    match &request.reason {
        Ok(reason) => lines.extend(reason.lines().map(|line| format!("  | {}", shown(line)))),
        Err(kind) => lines.push(format!("  the reason does not open: {}", Kind::from(*kind).word())),
    }
    Ok(lines.join("\n"))
}

fn end_of(app: &App, end: Option<SystemTime>) -> String {
    end.map_or_else(|| "until it is revoked".to_owned(), |end| format!("until {}", local(end, app.tz())))
}

async fn answer(app: &App, args: &Answer) -> Result {
    args.until.as_deref().map(|typed| when::until(typed, Timestamp::now(), app.tz())).transpose()?;
    beginning(&args.id, "request", "`requests list`")?;
    args.by.as_deref().map_or(Ok(()), |who| check(who, &args.scope))?;
    if let Some(named) = args.rights.named() {
        check_rights(named, &args.scope)?;
    }
    let session = app.session().await?;
    let until = match args.until.as_deref() {
        Some(typed) => Some(session.until(app, typed).await?),
        None => None,
    };
    let scope = Scope::of(&session, &args.scope, session.me()).await?;
    scope.must_be_meant(app, &session, args.new_folder).await?;
    let request = one(&args.id, open(app, &session, args.by.as_deref()).await?.requests)?;
    let mut builder = scope.set(session.client.requests().answer(&request));
    if let Some(named) = args.rights.named() {
        builder = builder.rights(named);
    }
    let granted = ending(builder, until.as_ref()).trusted_by(session.authorities(app).await?).await?;
    let end = end(app, &granted, args.until.as_deref().zip(until.as_ref()));
    tell(app, &session, session.me(), &granted, &scope, &end).await?;
    note_uncompared(app, &session, &granted).await
}

/// The request whose id has this beginning.
fn one(typed: &str, requests: Vec<AccessRequest>) -> Result<AccessRequest> {
    let wanted = beginning(typed, "request", "`requests list`")?;
    let mut fitting = requests.into_iter().filter(|request| request.id.to_string().starts_with(&wanted));
    match (fitting.next(), fitting.next()) {
        (Some(one), None) => Ok(one),
        (None, _) => Err(Failure::not_found(format!(
            "no open request begins with {typed}: it was answered by a grant to the asker since, withdrawn, or it has \
             expired; `requests list` lists the open ones"
        ))),
        _ => Err(Failure::usage(format!("several requests begin with {typed}: give more digits, or --by"))),
    }
}
