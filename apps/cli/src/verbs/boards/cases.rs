//! Cases: opening, agreeing, ending, giving out shares, reviewing.

use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    time::Duration,
};

use hospital_record::{
    Address, B256, ErrorKind, Event, History,
    board::{Board, Case, CaseStage, CaseWords, Cases},
};
use serde_json::{Value, json};

use super::named;
use crate::{
    app::{App, check_person},
    args::boards::{Named, NamedCase, OpenCase, Review},
    failure::{Failure, Kind, Result},
    json::{accounts, instant, local, merged, purpose},
    lookup::beginning,
    session::Session,
    shown::shown,
    text,
};

/// Names of input files in errors.
const REASON: &str = "a reason";
const FINDING: &str = "a finding";
/// So many digits of an id that finding a second case with them takes more than a night.
const IN_FULL: usize = 16;

pub(super) async fn list(app: &App, args: &Named) -> Result {
    check_person(&args.board)?;
    let session = app.session().await?;
    let board = named(&session, &args.board).await?;
    let Cases { cases, cut, .. } = session.client.system().cases(&board).await?;
    for case in &cases {
        let (object, words) = told(app, &session, &board, case).await?;
        app.printer.result(&object, words)?;
    }
    if cases.is_empty() {
        app.printer.note("This board has had no cases.");
    }
    if !cut.is_none() {
        app.printer.object(&json!({"type": "cases-cut", "count": cut.count, "older": cut.older}))?;
        let older = if cut.older { ", and older ones were not checked" } else { "" };
        app.printer.warn(format!("{} more cases are not listed{older}: name one by its whole id", cut.count));
    }
    Ok(())
}

/// A case with what its members wrote, as far as this person can read it.
async fn told(app: &App, session: &Session, board: &Board, case: &Case) -> Result<(Value, String)> {
    let reason = session.client.boards().reason_of(case).await;
    let why = match &reason {
        Ok(reason) => merged([json!({"reason": reason.text, "unavailable": null}), purpose(reason.purpose)]),
        Err(error) => json!({
            "reason": null, "unavailable": Kind::from(error.kind()).word(), "purpose": null, "purpose_code": null,
        }),
    };
    let found: Vec<_> = session
        .client
        .boards()
        .findings_of(case)
        .await
        .into_iter()
        .filter_map(|(by, found)| Some((by, found.transpose()?)))
        .collect();
    let findings: Vec<_> = found
        .iter()
        .map(|(by, found)| {
            let unavailable = found.as_ref().err().map(|error| Kind::from(error.kind()).word());
            json!({"by": by.to_string(), "text": found.as_ref().ok().map(|found| &found.text), "unavailable": unavailable})
        })
        .collect();
    let mut words = in_words(app, session, board, case, reason.ok().as_ref()).await?;
    for (by, found) in &found {
        let by = session.called(*by).await?;
        match found {
            Ok(found) => words.extend(found.text.lines().map(|line| format!("\n  | {by}: {}", shown(line)))),
            Err(error) => {
                words += &format!("\n  the finding of {by} does not open: {}", Kind::from(error.kind()).word())
            }
        }
    }
    Ok((merged([object(case), why, json!({"findings": findings})]), words))
}

/// The cases behind the access that boards delegated in a history, by the digests of their reasons.
pub(crate) async fn behind(app: &App, session: &Session, history: &History) -> Result<HashMap<B256, (Value, String)>> {
    let (system, mut found) = (session.client.system(), HashMap::new());
    let givers: BTreeSet<Address> = history
        .entries
        .iter()
        .filter_map(|entry| match entry.event {
            Event::AccessPassedOn { giver, .. } => Some(giver),
            _ => None,
        })
        .collect();
    for giver in givers {
        let board = match system.board(giver).await {
            Ok(board) => board,
            // The delegate is not a board, or the chain has no boards.
            Err(error) if !matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::TimedOut) => continue,
            Err(error) => return Err(error.into()),
        };
        // Others may repeat a reason: the newest case that took effect counts.
        let took_effect = |case: &&Case| !matches!(case.stage, CaseStage::Open { .. } | CaseStage::Lapsed);
        let cases = system.cases_about(&board, history.patient).await?.cases;
        for case in cases.iter().filter(took_effect) {
            if let Entry::Vacant(place) = found.entry(case.reason) {
                place.insert(told(app, session, &board, case).await?);
            }
        }
    }
    Ok(found)
}

fn object(case: &Case) -> Value {
    let (stage, until) = stage(case.stage);
    json!({
        "type": "case", "id": case.id.to_string(), "board": case.board.to_string(), "patient": case.patient.to_string(),
        "scope": case.scope_id.to_string(), "grantee": case.grantee.to_string(), "opener": case.opener.to_string(),
        "opened": instant(case.opened), "seconds": case.lasts.as_secs(), "stage": stage,
        "until": until.map(instant), "acknowledged": accounts(&case.acknowledged),
        "released": accounts(&case.released), "reviewed": accounts(&case.reviewed),
        "review_due": case.review_due.map(instant),
    })
}

fn stage(stage: CaseStage) -> (&'static str, Option<std::time::SystemTime>) {
    match stage {
        CaseStage::Open { until } => ("open", Some(until)),
        CaseStage::Lapsed => ("lapsed", None),
        CaseStage::Granted { until } => ("granted", Some(until)),
        CaseStage::Ended { until } => ("ended", Some(until)),
        CaseStage::Vetoed => ("vetoed", None),
        _ => ("unknown", None),
    }
}

async fn in_words(
    app: &App,
    session: &Session,
    board: &Board,
    case: &Case,
    reason: Option<&CaseWords>,
) -> Result<String> {
    let (opener, to) = (session.called(case.opener).await?, session.called(case.grantee).await?);
    let patient = session.called(case.patient).await?;
    let at = |time| local(time, app.tz());
    let mut lines = vec![
        format!("{:.18}  {opener} asks to admit {to} to records of {patient}", case.id.to_string()),
        format!("  asked         {}, for {} h", at(case.opened), case.lasts.as_secs().div_ceil(3600)),
        format!(
            "  agreed        {} of {}: {}",
            case.acknowledged.len(),
            board.threshold,
            called(session, &case.acknowledged).await?
        ),
    ];
    lines.push(match stage(case.stage) {
        ("open", Some(until)) => format!("  stands        open until {}", at(until)),
        ("granted", Some(until)) => format!("  stands        admitted until {}", at(until)),
        ("ended", Some(until)) => format!("  stands        ended {}", at(until)),
        (word, _) => format!("  stands        {word}"),
    });
    if !case.released.is_empty() {
        lines.push(format!("  gave shares   {}", called(session, &case.released).await?));
    }
    if !case.reviewed.is_empty() {
        lines.push(format!("  reviewed by   {}", called(session, &case.reviewed).await?));
    }
    lines.extend(case.review_due.map(|due| format!("  review due    {}", at(due))));
    lines.extend(reason.into_iter().flat_map(|reason| reason.text.lines()).map(|line| format!("  | {}", shown(line))));
    Ok(lines.join("\n"))
}

async fn called(session: &Session, accounts: &[Address]) -> Result<String> {
    let mut names = Vec::new();
    for account in accounts {
        names.push(session.called(*account).await?);
    }
    Ok(names.join(", "))
}

pub(super) async fn open(app: &App, args: &OpenCase) -> Result {
    check_person(&args.board.board)?;
    check_person(&args.patient)?;
    args.to.as_deref().map_or(Ok(()), check_person)?;
    let from_file = text::of_file(&args.reason, REASON)?;
    let session = app.session().await?;
    let reason = text::or_stdin(from_file, REASON).await?;
    let board = named(&session, &args.board.board).await?;
    let patient = session.person(&args.patient).await?.address;
    let hours = Duration::from_secs(u64::from(args.hours) * 3600);
    let mut builder = session.client.boards().open_case(&board, patient).lasting(hours).reason(reason.trim_end());
    if let Some(who) = &args.to {
        builder = builder.to(session.grantee(&session.person(who).await?).await?);
    }
    if let Some(scope) = args.scope {
        builder = builder.scope(scope);
    }
    tell(app, &session, &board, &builder.await?).await
}

async fn tell(app: &App, session: &Session, board: &Board, case: &Case) -> Result {
    let (object, words) = told(app, session, board, case).await?;
    app.printer.result(&object, words)
}

/// The board and the case that were typed.
async fn asked(app: &App, args: &NamedCase) -> Result<(Session, Board, Case)> {
    check_person(&args.board.board)?;
    let wanted = beginning(&args.case, "case", "`boards cases`")?;
    let session = app.session().await?;
    let board = named(&session, &args.board.board).await?;
    if let Ok(id) = wanted.parse::<B256>() {
        let case = session.client.system().case(&board, id).await?;
        return Ok((session, board, case));
    }
    let Cases { cases, cut, .. } = session.client.system().cases(&board).await?;
    let mut fitting = cases.into_iter().filter(|case| case.id.to_string().starts_with(&wanted));
    match (fitting.next(), fitting.next()) {
        (Some(case), None) => Ok((session, board, case)),
        (None, _) if !cut.is_none() => Err(Failure::not_found(format!(
            "no listed case begins with {}, and not all cases are listed: give the whole id",
            args.case
        ))),
        (None, _) => Err(Failure::not_found(format!("no case of this board begins with {}", args.case))),
        _ => Err(Failure::usage(format!("several cases begin with {}: give more digits", args.case))),
    }
}

/// The case after the act.
async fn done(app: &App, session: &Session, board: &Board, case: B256) -> Result {
    let case = session.client.system().case(board, case).await?;
    tell(app, session, board, &case).await
}

pub(super) async fn acknowledge(app: &App, args: &NamedCase) -> Result {
    let (session, board, case) = asked_in_full(app, args).await?;
    session.client.boards().acknowledge(&case).await?;
    done(app, &session, &board, case.id).await
}

pub(super) async fn veto(app: &App, args: &NamedCase) -> Result {
    let (session, board, case) = asked(app, args).await?;
    session.client.boards().veto(&case).await?;
    done(app, &session, &board, case.id).await
}

pub(super) async fn release(app: &App, args: &NamedCase) -> Result {
    let (session, board, case) = asked_in_full(app, args).await?;
    session.client.boards().release(&case).await?;
    done(app, &session, &board, case.id).await
}

/// An act that admits somebody needs so many digits that nobody can make a second case with them.
async fn asked_in_full(app: &App, args: &NamedCase) -> Result<(Session, Board, Case)> {
    if args.case.trim_start_matches("0x").len() < IN_FULL {
        return Err(Failure::usage(format!(
            "give at least {IN_FULL} digits of the case's id: `boards cases` shows them"
        )));
    }
    asked(app, args).await
}

pub(super) async fn review(app: &App, args: &Review) -> Result {
    let from_file = args.finding.as_deref().map(|path| text::of_file(path, FINDING)).transpose()?;
    let (session, board, case) = asked(app, &args.case).await?;
    let finding = match from_file {
        None => None,
        Some(from_file) => Some(text::or_stdin(from_file, FINDING).await?),
    };
    session.client.boards().review(&case, finding.as_deref().map(str::trim_end)).await?;
    done(app, &session, &board, case.id).await
}
