//! `acts`: signed requests are carried, or made void.

use hospital_record::{
    Address, B256, Error, ErrorKind,
    act::Confirmed,
    ledger::{Act, folder_of},
    relay::SignedRequest,
};
use serde_json::json;

use crate::{
    app::App,
    args::acts::{Acts, Carry, Void},
    failure::{Failure, Result},
    lookup::short,
    session::Session,
    shown::shown,
    text,
};

/// The name of the input file in errors.
const REQUESTS: &str = "signed requests";

/// The outcome of a request.
enum Fate {
    Now(Confirmed),
    Before,
    Not(Failure),
}

pub(crate) async fn acts(app: &App, args: Acts) -> Result {
    match args {
        Acts::Carry(args) => carry(app, &args).await,
        Acts::Void(args) => void(app, &args).await,
    }
}

async fn carry(app: &App, args: &Carry) -> Result {
    let from_file = text::of_file(&args.file, REQUESTS)?.as_deref().map(parsed).transpose()?;
    let session = app.session().await?;
    let requests = match from_file {
        Some(requests) => requests,
        None => parsed(&text::of_stdin(REQUESTS).await?)?,
    };
    let (mut first, count) = (None, requests.len());
    let mut failed = 0;
    for request in &requests {
        let fate = fate(&session, request).await?;
        tell(app, &session, request, &fate).await?;
        if let Fate::Not(failure) = fate {
            failed += 1;
            first.get_or_insert(failure);
        }
    }
    match first {
        None => Ok(()),
        Some(failure) if count == 1 => Err(failure),
        Some(failure) => {
            let text = format!("{failed} of {count} had no effect; the first: {}", failure.message);
            Err(Failure { message: text, ..failure })
        }
    }
}

async fn void(app: &App, args: &Void) -> Result {
    let session = app.session().await?;
    let done = match &args.board {
        Some(board) => session.client.acts().void_at(&super::boards::named(&session, board).await?).await?,
        None => session.client.acts().void().await?,
    };
    let object = json!({"type": "voided", "tx": done.transaction, "gas": done.gas});
    let words = "what you signed and nobody has carried is void, except revocations, which cannot be stopped";
    app.printer.result(&object, words)
}

async fn fate(session: &Session, request: &SignedRequest) -> Result<Fate> {
    match once(session, request).await {
        Ok(fate) => Ok(fate),
        Err(error) if of_this_request(error.kind()) => Ok(Fate::Not(error.into())),
        Err(error) => Err(error.into()),
    }
}

async fn once(session: &Session, request: &SignedRequest) -> Result<Fate, Error> {
    if session.client.acts().was_carried(request).await? {
        return Ok(Fate::Before);
    }
    match session.client.acts().carry(request).await {
        Ok(done) => Ok(Fate::Now(done)),
        // Somebody else was faster.
        Err(error) if is_lost_race(error.kind()) && session.client.acts().was_carried(request).await? => {
            Ok(Fate::Before)
        }
        Err(error) => Err(error),
    }
}

fn is_lost_race(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::AlreadyDone | ErrorKind::Conflict)
}

/// A refused request does not stop the others; a service that is down or an unfunded account does.
fn of_this_request(kind: ErrorKind) -> bool {
    use ErrorKind::{AlreadyDone, Conflict, Denied, Invalid, NotFound, Refused};
    matches!(kind, AlreadyDone | Conflict | Denied | Invalid | NotFound | Refused)
}

async fn tell(app: &App, session: &Session, request: &SignedRequest, fate: &Fate) -> Result {
    let act = request.act();
    let (signer, grantee) = (act.as_ref().map(Act::signer), ended(request));
    let of_scope = act.as_ref().and_then(scope);
    let name = match signer {
        Some(signer) => session.name_of(signer).await?,
        None => None,
    };
    let verb = act.as_ref().and_then(Act::verb);
    let (effect, reason, tx, gas) = match fate {
        Fate::Now(done) => ("now", None, done.transaction, Some(done.gas)),
        Fate::Before => ("before", None, None, None),
        Fate::Not(failure) => ("none", Some(&failure.message), None, None),
    };
    let object = json!({
        "type": "carried", "id": request.id().to_string(), "signer": signer.map(|signer| signer.to_string()),
        "signer_name": name, "act": verb, "grantee": grantee.map(|account| account.to_string()),
        "scope_id": of_scope.map(|scope| scope.to_string()), "effect": effect,
        "reason": reason, "tx": tx, "gas": gas,
    });
    let what = match (signer, grantee) {
        (Some(signer), Some(grantee)) => {
            let (who, whose) = (session.called(signer).await?, session.called(grantee).await?);
            let what = match of_scope {
                Some(scope) => format!(" to {}", called(session, signer, scope).await),
                None => String::new(),
            };
            format!("{who} ends the access of {whose}{what}")
        }
        (Some(signer), None) => format!("{} by {}", verb.unwrap_or("request"), session.called(signer).await?),
        _ => format!("request {}", request.id()),
    };
    app.printer.result(&object, format!("{what}: {}", fate.words()))
}

impl Fate {
    fn words(&self) -> String {
        match self {
            Self::Now { .. } => "it has taken effect".to_owned(),
            Self::Before => "it had taken effect before, and does not do so again".to_owned(),
            Self::Not(failure) => format!("no effect: {}", shown(&failure.message)),
        }
    }
}

fn ended(request: &SignedRequest) -> Option<Address> {
    match request.act()? {
        Act::Revocation { revocation, .. } => Some(revocation.grantee),
        Act::Veto { case, .. } => Some(case.grantee),
        _ => None,
    }
}

fn scope(act: &Act) -> Option<B256> {
    match act {
        Act::Revocation { revocation, .. } => Some(revocation.scope),
        _ => None,
    }
}

/// Only patient and grantee know its name; a signer who carries their own request is one of them.
async fn called(session: &Session, signer: Address, scope: B256) -> String {
    let Some(number) = folder_of(scope).filter(|_| signer == session.me()) else { return short_scope(scope) };
    let folders = session.client.folders().list().await.unwrap_or_default();
    let name = folders.into_iter().find(|folder| folder.number == number).and_then(|folder| folder.name);
    name.map_or_else(|| short_scope(scope), |name| format!("folder {}", shown(&name)))
}

/// Its name in the history of a reader without keys.
fn short_scope(scope: B256) -> String {
    match folder_of(scope) {
        Some(number) => format!("folder number {number}"),
        None => format!("record {}", short(scope)),
    }
}

/// All of them are read before the first is carried.
fn parsed(text: &str) -> Result<Vec<SignedRequest>> {
    let requests = SignedRequest::all_in(text)
        .into_iter()
        .map(|(line, request)| request.map_err(|error| Failure::usage(format!("line {line}: {error}"))));
    let requests = requests.collect::<Result<Vec<_>>>()?;
    match requests.is_empty() {
        true => Err(Failure::usage("there is no signed request in it: `revoke WHO --sign` makes some")),
        false => Ok(requests),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn line_that_is_not_a_request_is_reported_before_anything_is_carried() {
        let good = format!("hospital-record-request:1:{}:00", Address::ZERO);
        assert_eq!(parsed(&format!("\n{good}\n\n {good} \n")).unwrap().len(), 2);
        let folded = format!("> {}\n> {}\n", &good[..40], &good[40..]);
        assert_eq!(parsed(&folded).unwrap(), parsed(&good).unwrap(), "as mail quotes and folds it");
        let failure = parsed(&format!("{good}\nrubbish")).unwrap_err();
        assert!(failure.kind == Kind::Usage && failure.message.starts_with("line 2:"), "{failure}");
        assert_eq!(parsed(" \n").unwrap_err().kind, Kind::Usage);
    }
}
