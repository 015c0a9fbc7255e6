//! `vouches`: saying in public that somebody acts in a role.

use jiff::Timestamp;
use serde_json::json;

use crate::{
    app::{App, check_person},
    args::vouches::{Give, Vouches, Withdraw},
    failure::{Failure, Result},
    json::instant,
    shown::shown,
    when::{self, Until},
};

pub(crate) async fn vouches(app: &App, args: Vouches) -> Result {
    match args {
        Vouches::Give(args) => give(app, &args).await,
        Vouches::Withdraw(args) => withdraw(app, &args).await,
    }
}

async fn give(app: &App, args: &Give) -> Result {
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

async fn withdraw(app: &App, args: &Withdraw) -> Result {
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
