//! `trust`: who vouches for somebody.

use std::time::SystemTime;

use hospital_record::vouch::Trust;
use serde_json::{Value, json};

use crate::{
    app::{App, check_person},
    args,
    failure::{Failure, Result},
    json::{instant, local, merged},
    session::Session,
    shown::shown,
};

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
