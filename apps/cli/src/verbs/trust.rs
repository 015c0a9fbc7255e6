//! `vouch`, `withdraw-vouch` and `trust`: who vouches for whom.

use std::time::SystemTime;

use hospital_record::vouch::Trust;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{
    app::{App, check_person},
    args,
    failure::{Failure, Result},
    json::{instant, local, merged},
    session::Session,
    shown::shown,
    when::{self, Until},
};

pub(crate) async fn vouch(app: &App, args: &args::Vouch) -> Result {
    if when::until(&args.until, Timestamp::now(), app.tz())? == Until::Never {
        return Err(Failure::usage("a vouch needs an end, because lost keys cannot withdraw it: name a date"));
    }
    check_person(&args.who)?;
    let session = app.session().await?;
    let account = session.person(&args.who).await?.address;
    let until = session.until(app, &args.until).await?;
    let mut vouch = session.client.vouches().give(account, &args.role);
    if let Some(end) = until.instant() {
        vouch = vouch.until(end);
    }
    let vouched = vouch.await?;
    let object = json!({
        "type": "vouched", "account": account.to_string(), "name": session.name_of(account).await?,
        "role": vouched.role, "until": vouched.until.map(instant), "tx": vouched.transaction,
        "gas": vouched.gas,
    });
    let (who, end) = (session.called(account).await?, until.told(&args.until));
    app.printer.result(&object, format!("you vouch in public for {who} as {}\n{end}", shown(&vouched.role)))
}

pub(crate) async fn withdraw_vouch(app: &App, args: &args::WithdrawVouch) -> Result {
    check_person(&args.who)?;
    let session = app.session().await?;
    let account = session.person(&args.who).await?.address;
    let done = session.client.vouches().withdraw(account, &args.role).await?;
    let object = json!({
        "type": "vouch-withdrawn", "account": account.to_string(), "name": session.name_of(account).await?,
        "role": args.role, "tx": done.transaction, "gas": done.gas,
    });
    let words = format!("you do not vouch any more for {} as {}", session.called(account).await?, shown(&args.role));
    app.printer.result(&object, words)
}

pub(crate) async fn trust(app: &App, args: &args::Trust) -> Result {
    check_person(&args.who)?;
    check_named(app)?;
    let session = app.session().await?;
    let account = session.person(&args.who).await?.address;
    let trust = session.client.system().require_trusted(account, session.authorities(app).await?).await?;
    let object = json!({"type": "trust", "account": account.to_string(), "name": session.name_of(account).await?});
    let words = words(app, &session, &trust).await?;
    app.printer.result(&merged([object, object_of(&session, Some(&trust)).await?]), words)
}

/// Fails without an authority.
pub(super) fn check_named(app: &App) -> Result {
    match app.settings.authorities.is_empty() {
        true => Err(Failure::usage("name your trusted authorities with --authority: contacts or addresses")),
        false => Ok(()),
    }
}

/// `trusted` and `links`; both `null` without an authority.
pub(super) async fn told(app: &App, session: &Session, trust: Option<&Trust>) -> Result<Value> {
    match app.settings.authorities.is_empty() {
        true => Ok(json!({"trusted": null, "links": null})),
        false => object_of(session, trust).await,
    }
}

async fn object_of(session: &Session, trust: Option<&Trust>) -> Result<Value> {
    let Some(trust) = trust else { return Ok(json!({"trusted": false, "links": []})) };
    let mut links = Vec::with_capacity(trust.links.len());
    for link in &trust.links {
        links.push(json!({
            "voucher": link.voucher.to_string(), "voucher_name": session.name_of(link.voucher).await?,
            "account": link.account.to_string(), "account_name": session.name_of(link.account).await?,
            "role": link.role, "until": link.until.map(instant),
        }));
    }
    Ok(json!({"trusted": true, "links": links}))
}

/// One line on who vouches for an account; `None` without an authority.
pub(super) async fn line(app: &App, session: &Session, trust: Option<&Trust>) -> Result<Option<String>> {
    if app.settings.authorities.is_empty() {
        return Ok(None);
    }
    match trust {
        Some(trust) => words(app, session, trust).await.map(Some),
        None => Ok(Some("none of your trusted authorities vouches for this account".to_owned())),
    }
}

async fn words(app: &App, session: &Session, trust: &Trust) -> Result<String> {
    let mut words = session.called(trust.authority).await?;
    if trust.links.is_empty() {
        return Ok(words + " is one of your trusted authorities");
    }
    for (index, link) in trust.links.iter().enumerate() {
        let and = if index == 0 { "" } else { ", which" };
        words += &format!("{and} vouches for {} as {}", session.called(link.account).await?, shown(&link.role));
    }
    let end = |end: SystemTime| format!(", until {}", local(end, app.tz()));
    Ok(words + &trust.until().map_or_else(String::new, end))
}
