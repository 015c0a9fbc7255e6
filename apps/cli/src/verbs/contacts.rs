//! `contacts`: people whose keys this person knows.

use std::path::Path;

use hospital_record::{Card, Contact, ErrorKind, names};
use serde_json::{Value, json};

use crate::{
    app::App,
    args::Contacts,
    failure::{Failure, Kind, Result},
    session::Session,
    shown::shown,
    suggest::did_you_mean,
    text,
};

/// The name of the input file in errors.
const CARD: &str = "a card";

pub(crate) async fn contacts(app: &App, args: Contacts) -> Result {
    match args {
        Contacts::Add { name, card } => add(app, &name, &card).await,
        Contacts::List => list(app).await,
        Contacts::Remove { name } => remove(app, &name).await,
    }
}

async fn add(app: &App, name: &str, typed: &str) -> Result {
    let name = names::spelled(name);
    let name = name.as_str();
    check_name(name)?;
    let known = (typed != "-").then(|| card(typed)).transpose()?;
    let session = app.session().await?;
    check_not_own(&session, name)?;
    let card = match known {
        Some(card) => card,
        None => text::of_stdin(CARD).await?.parse()?,
    };
    let before = session.name_of(card.account).await?.filter(|before| before != name);
    let contact = session.client.contacts().add(name, &card).await?;
    app.printer.result(&object(&contact), words(&contact))?;
    note_kept(app, name, before.as_deref());
    Ok(())
}

/// Fails for a name that would be taken for an address.
pub(super) fn check_name(name: &str) -> Result {
    match name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x")) {
        true => Err(Failure::usage(format!(
            "{name:?} would be taken for an address: give the person the name you know them by"
        ))),
        false => Ok(()),
    }
}

pub(super) fn check_not_own(session: &Session, name: &str) -> Result {
    match names::look_alike(name, &session.name) {
        true => Err(Failure::usage(format!("{} is you: give the person another name", session.name))),
        false => Ok(()),
    }
}

/// What to do with a new contact; `before` is its name until now, if that was another.
pub(super) fn note_kept(app: &App, name: &str, before: Option<&str>) {
    if let Some(before) = before {
        app.printer.note(format!("This account was called {} until now.", shown(before)));
    }
    app.printer.note(format!(
        "Ask {} to read out the fingerprint (`account` shows it). It must be this one, or the card was swapped.",
        shown(name)
    ));
}

/// The text itself, or a file that holds it.
fn card(typed: &str) -> Result<Card> {
    let path = Path::new(typed);
    if typed.contains(':') && !path.exists() {
        return Ok(typed.parse()?);
    }
    match text::of_file(path, CARD) {
        Err(failure) if failure.kind == Kind::NotFound => {
            Err(Failure::not_found(format!("{typed:?} is neither a card nor an existing file")))
        }
        text => Ok(text?.unwrap_or_default().parse()?),
    }
}

async fn list(app: &App) -> Result {
    let session = app.session().await?;
    let contacts = session.contacts().await?;
    contacts.iter().try_for_each(|contact| app.printer.object(&object(contact)))?;
    let rows: Vec<Vec<String>> = contacts.iter().map(row).collect();
    if rows.is_empty() {
        app.printer.note("Nobody yet: `contacts add NAME CARD`.");
    }
    app.printer.table(&["NAME", "ADDRESS", "FINGERPRINT"], &rows)
}

async fn remove(app: &App, name: &str) -> Result {
    let session = app.session().await?;
    if let Err(error) = session.client.contacts().remove(name).await {
        if error.kind() != ErrorKind::NotFound {
            return Err(error.into());
        }
        let known = session.contacts().await?.iter().map(|contact| contact.name.as_str());
        let why = format!("no contact is called {}{}", shown(name), did_you_mean(name, known));
        return Err(Failure::not_found(why));
    }
    let object = json!({"type": "contact-removed", "name": name});
    app.printer.result(&object, format!("{} is removed; grants stay", shown(name)))
}

fn object(contact: &Contact) -> Value {
    json!({
        "type": "contact", "name": contact.name, "address": contact.address.to_string(),
        "fingerprint": contact.fingerprint(),
    })
}

fn row(contact: &Contact) -> Vec<String> {
    let fingerprint = contact.fingerprint().unwrap_or_else(|| "unknown: add the card".to_owned());
    vec![shown(&contact.name), contact.address.to_string(), fingerprint]
}

pub(super) fn words(contact: &Contact) -> String {
    format!("{} is {}\nkey fingerprint  {}", shown(&contact.name), contact.address, row(contact)[2])
}
