//! `grant`, and the scope of access.

use std::time::SystemTime;

use hospital_record::{
    Address, Confidentiality, DEFAULT_FOLDER, Granted, RecordRef, Rights, grant::GrantScope, names::spelled,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::trust;
use crate::{
    app::{App, check_person, check_record},
    args::{Grant, ScopeFlags},
    failure::{Failure, Result},
    folder,
    json::{instant, merged, purpose, rights},
    session::Session,
    shown::shown,
    when::{self, Until},
    words::Purpose,
};

/// A scope as it was typed.
pub(super) enum Scope {
    Folder(String, Confidentiality),
    Record(RecordRef),
}

impl Scope {
    /// Looks for a record only in this patient's history.
    pub(super) async fn of(session: &Session, flags: &ScopeFlags, patient: Address) -> Result<Self> {
        match &flags.record {
            Some(record) => Ok(Self::Record(session.record(record, Some(patient)).await?)),
            None => {
                let name = flags.folder.as_deref().unwrap_or(DEFAULT_FOLDER).to_owned();
                Ok(Self::Folder(name, flags.confidentiality.unwrap_or_default()))
            }
        }
    }

    /// The named scope; `None` for all.
    pub(super) async fn one(session: &Session, flags: &ScopeFlags, patient: Address) -> Result<Option<Self>> {
        if flags.folder.is_some() || flags.record.is_some() {
            return Self::of(session, flags, patient).await.map(Some);
        }
        match flags.confidentiality {
            Some(_) => Err(Failure::usage("--confidentiality is for a folder: name one with --folder")),
            None => Ok(None),
        }
    }

    /// Whether a grant is on it.
    pub(super) fn is(&self, held: &GrantScope) -> bool {
        match (self, held) {
            (Self::Folder(wanted, level), GrantScope::Folder { name: Some(name), confidentiality, .. }) => {
                spelled(wanted) == *name && *confidentiality == Some(*level)
            }
            (Self::Record(wanted), GrantScope::Record(record)) => wanted == record,
            _ => false,
        }
    }

    /// The end of a sentence about missing access: similar and existing folders.
    pub(super) fn instead<'a>(wanted: Option<&Self>, held: impl IntoIterator<Item = &'a GrantScope>) -> String {
        let Some(Self::Folder(name, _)) = wanted else { return String::new() };
        folder::instead(name, held.into_iter().filter_map(folder::given).flatten())
    }

    /// Sets the scope of a grant.
    pub(super) fn set(&self, builder: hospital_record::grant::Grant) -> hospital_record::grant::Grant {
        match self {
            Self::Folder(name, level) => builder.folder(name).confidentiality(*level),
            Self::Record(record) => builder.record(record),
        }
    }

    fn object(&self) -> Value {
        match self {
            Self::Folder(name, level) => {
                json!({"scope": "folder", "folder": name, "confidentiality": level.to_string(), "record": null})
            }
            Self::Record(record) => {
                json!({"scope": "record", "folder": null, "confidentiality": null, "record": record.to_string()})
            }
        }
    }

    /// A missing folder is made only on request.
    pub(super) async fn must_be_meant(&self, app: &App, session: &Session, new: bool) -> Result {
        match self {
            Self::Folder(name, level) => folder::must_be_meant(app, session, name, *level, new).await,
            Self::Record(_) => Ok(()),
        }
    }

    async fn called(&self, session: &Session) -> String {
        match self {
            Self::Record(record) => session.title_of(record).await,
            Self::Folder(..) => self.words(),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Folder(name, level) if *level == Confidentiality::default() => format!("folder {}", shown(name)),
            Self::Folder(name, level) => format!("folder {} ({level})", shown(name)),
            Self::Record(record) => format!("record {}", record.id),
        }
    }
}

pub(crate) async fn grant(app: &App, args: &Grant) -> Result {
    if args.name.is_some() && !args.is_for_board() {
        return Err(Failure::usage("--name is for a board: name people with `contacts add`"));
    }
    // Delegated access ends by default with this person's own access.
    let typed = args.until.as_deref().or(args.patient.is_none().then_some("1y"));
    typed.map(|typed| when::until(typed, Timestamp::now(), app.tz())).transpose()?;
    check(&args.who, &args.scope)?;
    check_rights(args.rights.rights(), &args.scope)?;
    if args.trusted {
        trust::check_named(app)?;
    }
    args.patient.as_deref().map_or(Ok(()), check_person)?;
    let session = app.session().await?;
    let person = session.person(&args.who).await?;
    let patient = session.patient(args.patient.as_deref()).await?;
    let until = match typed {
        Some(typed) => Some(session.until(app, typed).await?),
        None => None,
    };
    let scope = Scope::of(&session, &args.scope, patient).await?;
    if patient == session.me() {
        scope.must_be_meant(app, &session, args.new_folder).await?;
    }
    let authorities = session.authorities(app).await?;
    if args.trusted {
        session.client.system().require_trusted(person.address, authorities).await?;
    }
    let builder = match args.is_for_board() {
        true => to_board(&session, args, person.address).await?,
        false => {
            let to = session.grantee(&person).await?;
            session.client.grant(to).patient(patient).rights(args.rights.rights())
        }
    };
    let granted = match (limited(scope.set(builder), args, until.as_ref()).trusted_by(authorities).await, &scope) {
        (Ok(granted), _) => granted,
        (Err(error), Scope::Folder(name, level)) => {
            return Err(folder::refused(&session, patient, name, *level, error).await);
        }
        (Err(error), Scope::Record(_)) => return Err(error.into()),
    };
    let end = end(app, &granted, typed.zip(until.as_ref()));
    tell(app, &session, patient, &granted, &scope, &end).await?;
    if !args.is_for_board() {
        note_uncompared(app, &session, &granted).await?;
    }
    note_empty(app, &session, patient, &scope).await
}

/// Asks to compare keys that nobody compared and no authority vouches for.
pub(super) async fn note_uncompared(app: &App, session: &Session, granted: &Granted) -> Result {
    let known = session.contacts().await?.iter().find(|contact| contact.address == granted.grantee);
    if granted.trust.is_none() && known.is_none_or(|contact| contact.profile.is_none()) {
        let who = session.called(granted.grantee).await?;
        app.printer.note(format!("No card of {who} is on this machine: compare the key fingerprint with theirs."));
    }
    Ok(())
}

/// Points out an empty folder: it may be a mistyped one.
async fn note_empty(app: &App, session: &Session, patient: Address, scope: &Scope) -> Result {
    let Scope::Folder(name, level) = scope else { return Ok(()) };
    if patient != session.me() || app.printer.quiet || app.printer.json {
        return Ok(());
    }
    // The grant is made: an error of the store is none here.
    let Ok(folders) = session.client.folders().list().await else { return Ok(()) };
    let full = folders.iter().filter(|folder| folder.records > 0);
    let named = full.filter_map(|folder| Some((folder.name.as_deref()?, folder.confidentiality?)));
    let named: Vec<_> = named.collect();
    if !named.contains(&(spelled(name).as_str(), *level)) {
        let known: Vec<String> = named.iter().map(|(name, level)| format!("{} ({level})", shown(name))).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        app.printer.note(format!("Nothing is in {} yet. Folders with records: {known}.", scope.words()));
    }
    Ok(())
}

/// A grant to a board: for emergencies, or by default for treatment.
async fn to_board(session: &Session, args: &Grant, address: Address) -> Result<hospital_record::grant::Grant> {
    let board = session.client.system().board(address).await?;
    let mut builder = session.client.boards().grant(&board);
    if !args.emergency {
        builder = builder.purpose(hospital_record::Purpose::TREAT);
    }
    Ok(match &args.name {
        Some(name) => builder.name(name.trim()),
        None => builder,
    })
}

fn limited(
    mut builder: hospital_record::grant::Grant,
    args: &Grant,
    until: Option<&Until>,
) -> hospital_record::grant::Grant {
    if let Some(purpose) = args.purpose {
        builder = builder.purpose(purpose.into());
    }
    ending(builder, until)
}

/// With the typed end, or else the default.
pub(super) fn ending(builder: hospital_record::grant::Grant, until: Option<&Until>) -> hospital_record::grant::Grant {
    match until.map(Until::instant) {
        None => builder,
        Some(None) => builder.no_end(),
        Some(Some(end)) => builder.until(end),
    }
}

/// The end as an instant with its offset, so that nobody has to guess what a date meant.
pub(super) fn end(app: &App, granted: &Granted, typed: Option<(&str, &Until)>) -> String {
    match typed {
        Some((typed, until)) => until.told(typed),
        None => until(app, granted.expires),
    }
}

fn until(app: &App, end: Option<SystemTime>) -> String {
    let end = end.and_then(|end| Timestamp::try_from(end).ok()).map(|end| end.to_zoned(app.tz().clone()));
    end.map_or_else(|| "until it is revoked".to_owned(), |end| format!("until {}", when::told(&end)))
}

/// Prints the grant, with its end in words.
pub(super) async fn tell(
    app: &App,
    session: &Session,
    patient: Address,
    granted: &Granted,
    scope: &Scope,
    end: &str,
) -> Result {
    let object = json!({
        "type": "granted", "patient": patient.to_string(), "grantee": granted.grantee.to_string(),
        "name": session.name_of(granted.grantee).await?, "fingerprint": granted.fingerprint,
        "rights": rights(granted.rights), "expires": granted.expires.map(instant),
        "replaced": granted.replaced.map(|before| {
            merged([json!({"rights": rights(before.rights), "expires": before.expires.map(instant)}), purpose(before.purpose)])
        }),
        "tx": granted.transaction, "gas": granted.gas,
    });
    let who = session.called(granted.grantee).await?;
    let whose = if patient == session.me() { String::new() } else { format!(" of {}", session.called(patient).await?) };
    let (may, what, why) = (granted.rights, scope.called(session).await, Purpose::from(granted.purpose).word());
    let keys = granted.fingerprint.replace('\n', "\n                 ");
    let mut words = format!("{who} may {may} {what}{whose} for {why}\n{end}\nkey fingerprint  {keys}");
    if let Some(line) = trust::line(app, session, granted.trust.as_ref()).await? {
        words += &format!("\nvouched for by   {line}");
    }
    let trust = trust::told(app, session, granted.trust.as_ref()).await?;
    app.printer.result(&merged([object, scope.object(), purpose(granted.purpose), trust]), words)?;
    if let Some(before) = granted.replaced {
        let (may, why) = (before.rights, Purpose::from(before.purpose).word());
        let end = until(app, before.expires);
        app.printer.note(format!("It replaces an earlier grant: to {may} it for {why}, {end}."));
    }
    Ok(())
}

/// A grant on a record is to read it, with or without the right to delegate.
pub(super) fn check_rights(rights: Rights, scope: &ScopeFlags) -> Result {
    match scope.record.is_some() && (rights.contributes() || rights.attests()) {
        true => Err(Failure::usage("access to one --record is to read it: to add or attest needs a --folder")),
        false => Ok(()),
    }
}

/// Refuses malformed arguments before anything is asked.
pub(super) fn check(who: &str, scope: &ScopeFlags) -> Result {
    check_person(who)?;
    scope.record.as_deref().map_or(Ok(()), check_record)
}
