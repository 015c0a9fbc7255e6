//! `contacts`: people whose keys are known.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use hospital_record::{Card, Contact};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use crate::{
    app::App,
    args::Contacts,
    failure::{Failure, Result},
    shown::shown,
};

const LONGEST_CARD: u64 = 64 * 1024;

pub(crate) async fn contacts(app: &App, args: Contacts) -> Result {
    match args {
        Contacts::Add { name, card } => add(app, &name, &card).await,
        Contacts::List => list(app).await,
        Contacts::Remove { name } => remove(app, &name).await,
    }
}

async fn add(app: &App, name: &str, typed: &str) -> Result {
    let name = name.trim();
    if name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("0x")) {
        return Err(Failure::usage(format!(
            "{name:?} would be taken for an address: give the person the name you know them by"
        )));
    }
    let known = (typed != "-").then(|| card(typed)).transpose()?;
    let session = app.session().await?;
    if name == session.name {
        return Err(Failure::usage(format!("{name} is you: give the person another name")));
    }
    let card = match known {
        Some(card) => card,
        None => from_stdin().await?,
    };
    let before = session.name_of(card.account).await?.filter(|before| before != name);
    let contact = session.client.add_contact(name, &card).await?;
    app.printer.result(&object(&contact), words(&contact))?;
    if let Some(before) = before {
        app.printer.note(format!("This account was called {} until now.", shown(&before)));
    }
    app.printer.note(format!(
        "Ask {} to read out the fingerprint (`account` shows it). It must be this one, or the card was swapped.",
        shown(name)
    ));
    Ok(())
}

async fn from_stdin() -> Result<Card> {
    let mut text = String::new();
    let read = tokio::io::stdin().take(LONGEST_CARD).read_to_string(&mut text).await;
    read.map_err(|error| Failure::file(Path::new("stdin"), &error))?;
    Ok(text.trim().parse()?)
}

/// The text itself, or a file that holds it.
fn card(typed: &str) -> Result<Card> {
    let path = Path::new(typed);
    if typed.contains(':') && !path.exists() {
        return Ok(typed.trim().parse()?);
    }
    let mut text = String::new();
    fs::File::open(path).and_then(|file| Read::take(file, LONGEST_CARD).read_to_string(&mut text)).map_err(
        |error| match error.kind() {
            io::ErrorKind::NotFound => {
                Failure::not_found(format!("{typed:?} is neither a card nor a file that is there"))
            }
            io::ErrorKind::InvalidData | io::ErrorKind::IsADirectory => {
                Failure::usage(format!("{typed} holds no card"))
            }
            _ => Failure::file(path, &error),
        },
    )?;
    Ok(text.trim().parse()?)
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
    app.session().await?.client.remove_contact(name).await?;
    let object = json!({"type": "contact-removed", "name": name});
    app.printer.result(&object, format!("{} is forgotten; what was granted stays granted", shown(name)))
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

fn words(contact: &Contact) -> String {
    format!("{} is {}\nkey fingerprint  {}", shown(&contact.name), contact.address, row(contact)[2])
}
