//! `directory`: practitioners whom the joined node lists.

use std::time::{Duration, UNIX_EPOCH};

use hospital_record::{
    directory::{Found, Listing, Query, folded_words},
    names::{parse_address, spelled},
};
use serde_json::json;

use super::{
    contacts::{check_name, check_not_own, note_kept, words},
    trust,
};
use crate::{
    app::App,
    args::directory::{Add, Directory, Publish, Search},
    failure::{Failure, Result},
    json::{instant, merged},
    session::Session,
    shown::shown,
    size,
};

/// The most pages that one search reads, of 50 listings each.
const MOST_PAGES: usize = 4;
const OF_A_PAGE: usize = 50;
/// The most listings that an error names.
const MOST_NAMED: usize = 10;

pub(crate) async fn directory(app: &App, args: Directory) -> Result {
    match args {
        Directory::Search(args) => search(app, args).await,
        Directory::Add(args) => add(app, &args).await,
        Directory::Publish(args) => publish(app, args).await,
        Directory::Withdraw => withdraw(app).await,
    }
}

/// What a search found.
#[derive(Default)]
struct All {
    found: Vec<Found>,
    dropped: usize,
    /// There are more than were read.
    is_cut: bool,
}

async fn all(app: &App, session: &Session, mut query: Query) -> Result<All> {
    let authorities = session.authorities(app).await?;
    let mut all = All::default();
    for _ in 0..MOST_PAGES {
        let page = session.client.directory().search(&query).trusted_by(authorities).await?;
        all.found.extend(page.found);
        all.dropped += page.dropped;
        all.is_cut = page.next.is_some();
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(all)
}

async fn search(app: &App, args: Search) -> Result {
    let mut query = Query::new().limit(OF_A_PAGE);
    (query.text, query.speciality, query.language) = (args.text, args.speciality, args.language);
    query.check()?;
    let session = app.session().await?;
    let all = all(app, &session, query).await?;
    for found in &all.found {
        show(app, &session, found).await?;
    }
    let object = json!({
        "type": "searched", "listed": all.found.len(), "dropped": all.dropped, "more": all.is_cut,
    });
    app.printer.object(&object)?;
    if all.found.is_empty() {
        app.printer.note("Nobody is listed who fits.");
    }
    if all.is_cut {
        app.printer.warn("There are more: search for a longer text, or with --speciality or --language.");
    }
    warn_dropped(app, all.dropped);
    if !all.found.is_empty() {
        warn_unvouched(app);
    }
    Ok(())
}

/// A node that shows false listings must not do so silently.
fn warn_dropped(app: &App, dropped: usize) {
    if dropped > 0 {
        let listings = size::count(dropped as u64, "listing");
        let who = match app.settings.authorities.is_empty() {
            true => "",
            false => ", or none of your trusted authorities vouches for the account",
        };
        app.printer.warn(format!(
            "The node showed {listings} that cannot be believed, and that are left out: not signed by the account for \
             this node{who}."
        ));
    }
}

fn warn_unvouched(app: &App) {
    if app.settings.authorities.is_empty() {
        app.printer.warn(
            "You named no trusted authority (--authority), so only the node says that these are practitioners: ask the \
             hospital for the address of its account.",
        );
    }
}

async fn show(app: &App, session: &Session, found: &Found) -> Result {
    let listing = &found.listing;
    let contact = session.name_of(listing.account).await?;
    let object = json!({
        "type": "practitioner", "account": listing.account.to_string(), "name": listing.name,
        "specialities": listing.specialities, "languages": listing.languages,
        "fingerprint": listing.card.fingerprint(), "card": listing.card.to_string(), "contact": contact,
        "issued": instant(UNIX_EPOCH + Duration::from_secs(listing.issued_at)),
    });
    let mut lines = vec![line(listing), format!("  key fingerprint  {}", listing.card.fingerprint())];
    lines.extend(contact.map(|name| format!("  your contact     {}", shown(&name))));
    lines.extend(vouched(app, session, found).await?);
    let trust = trust::told(app, session, found.vouched.as_ref()).await?;
    app.printer.result(&merged([object, trust]), lines.join("\n"))
}

/// One line on who vouches; nothing without an authority.
async fn vouched(app: &App, session: &Session, found: &Found) -> Result<Option<String>> {
    let line = trust::line(app, session, found.vouched.as_ref()).await?;
    Ok(line.map(|line| format!("  vouched for by   {line}")))
}

/// The listing in one line.
fn line(listing: &Listing) -> String {
    let mut line = format!("{}  {}", listing.account, shown(&listing.name));
    for (texts, between) in [(&listing.specialities, "; "), (&listing.languages, ", ")] {
        if !texts.is_empty() {
            line += &format!("  {}", shown(&texts.join(between)));
        }
    }
    line
}

async fn add(app: &App, args: &Add) -> Result {
    args.name.as_deref().map_or(Ok(()), check_name)?;
    let address = args.who.starts_with("0x").then(|| parse_address(&args.who)).transpose()?;
    let session = app.session().await?;
    let found = match address {
        Some(account) => {
            let authorities = session.authorities(app).await?;
            session.client.directory().find(account, authorities).await?
        }
        None => named(app, &session, &args.who).await?,
    };
    let name = spelled(args.name.as_deref().unwrap_or(&found.listing.name));
    check_name(&name)?;
    check_not_own(&session, &name)?;
    let before = session.name_of(found.listing.account).await?.filter(|before| *before != name);
    let contact = session.client.contacts().add(&name, &found.listing.card).await?;
    let object = json!({
        "type": "contact-found", "name": contact.name, "listed_as": found.listing.name,
        "address": contact.address.to_string(), "fingerprint": contact.fingerprint(),
    });
    let trust = trust::told(app, &session, found.vouched.as_ref()).await?;
    let mut lines = vec![words(&contact)];
    lines.extend(vouched(app, &session, &found).await?.map(|line| line.trim_start().to_owned()));
    app.printer.result(&merged([object, trust]), lines.join("\n"))?;
    warn_unvouched(app);
    note_kept(app, &name, before.as_deref());
    Ok(())
}

/// The only practitioner of this name, or else the only one whose name begins so.
async fn named(app: &App, session: &Session, name: &str) -> Result<Found> {
    let wanted = folded_words(name);
    let all = all(app, session, Query::new().text(name).limit(OF_A_PAGE)).await?;
    warn_dropped(app, all.dropped);
    let is_named = |found: &Found| folded_words(&found.listing.name) == wanted;
    let (mut same, others): (Vec<Found>, Vec<Found>) = all.found.into_iter().partition(is_named);
    if same.is_empty() {
        same = others;
    }
    match (same.pop(), same.is_empty()) {
        (Some(found), true) if !all.is_cut => Ok(found),
        (Some(last), _) => {
            same.push(last);
            let lines: Vec<String> = same.iter().take(MOST_NAMED).map(|found| line(&found.listing)).collect();
            let more = if all.is_cut || same.len() > MOST_NAMED { "\nand more" } else { "" };
            let text = format!("several are listed as {}: give the address\n{}{more}", shown(name), lines.join("\n"));
            Err(Failure::usage(text))
        }
        (None, _) => {
            let text = format!("nobody is listed as {}: `directory search` shows who is", shown(name));
            Err(Failure::not_found(text))
        }
    }
}

async fn publish(app: &App, args: Publish) -> Result {
    let session = app.session().await?;
    let publish = session.client.directory().publish(args.name);
    let publish = args.specialities.into_iter().fold(publish, |publish, speciality| publish.speciality(speciality));
    let published = args.languages.into_iter().fold(publish, |publish, tag| publish.language(tag)).await?;
    let listing = &published.listing;
    let object = json!({
        "type": "listed", "account": listing.account.to_string(), "name": listing.name,
        "specialities": listing.specialities, "languages": listing.languages, "node": published.node,
    });
    app.printer.result(&object, format!("{}\nis listed at {}", line(listing), published.node))?;
    app.printer.note("Everybody can read it. `directory withdraw` takes it back.");
    Ok(())
}

async fn withdraw(app: &App) -> Result {
    let session = app.session().await?;
    let done = session.client.directory().withdraw().await?;
    let object = json!({"type": "listing-withdrawn", "node": done.node, "was_listed": done.was_listed});
    let words = match done.was_listed {
        true => format!("you are listed no more at {}", done.node),
        false => format!("you were not listed at {}", done.node),
    };
    app.printer.result(&object, words)
}
