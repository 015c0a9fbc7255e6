//! `contacts`: people whose keys are known.

use std::{
    fs,
    io::{self, Read},
    path::Path,
};

use hospital_record::{Card, Contact, parse_address};
use serde_json::{Value, json};

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
    if parse_address(name).is_ok() {
        return Err(Failure::usage("an address is no name: give the person the name you know them by"));
    }
    let card = card(typed)?;
    let contact = app.session().await?.client.add_contact(name, &card).await?;
    app.printer.result(&object(&contact), words(&contact))?;
    app.printer.note(format!(
        "Ask {} to read out the fingerprint (`account` shows it). It must be this one, or the card was swapped.",
        shown(name)
    ));
    Ok(())
}

/// The text itself, a file that holds it, or stdin.
fn card(typed: &str) -> Result<Card> {
    if typed == "-" {
        let mut text = String::new();
        io::stdin().take(LONGEST_CARD).read_to_string(&mut text).map_err(|e| Failure::file(Path::new("stdin"), &e))?;
        return Ok(text.trim().parse()?);
    }
    let path = Path::new(typed);
    if typed.contains(':') && !path.exists() {
        return Ok(typed.trim().parse()?);
    }
    let mut text = String::new();
    fs::File::open(path).and_then(|file| file.take(LONGEST_CARD).read_to_string(&mut text)).map_err(
        |error| match error.kind() {
            io::ErrorKind::NotFound => Failure::usage(format!("{typed:?} is neither a card nor a file with one")),
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
