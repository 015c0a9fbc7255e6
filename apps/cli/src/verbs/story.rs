//! Journal entries as sentences, with the names that the reader knows.

use std::{
    collections::HashMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use hospital_record::{
    Address, B256, Deployment, ErrorKind, Event, History, HistoryEntry, Listed, Metadata, RecordRef, Rights,
    history::status_code,
    ledger::{NO_END, folder_of, record_key},
};
use jiff::tz::TimeZone;

use crate::{
    failure::Result,
    json::{local, rights},
    session::Session,
    shown::shown,
    words::{Purpose, may},
};

/// What numbers and hashes are called.
pub(crate) struct Names {
    people: HashMap<Address, String>,
    folders: HashMap<u64, String>,
    records: HashMap<B256, Named>,
    tz: TimeZone,
}

struct Named {
    record: RecordRef,
    name: Option<String>,
}

impl Names {
    /// For a reader without a key: nothing has a name.
    pub(crate) fn none(deployment: Deployment, history: &History, tz: &TimeZone) -> Self {
        let added = history.entries.iter().filter_map(|entry| match entry.event {
            Event::RecordAdded { author, id, .. } => {
                let record = RecordRef { deployment, patient: history.patient, id: id.0.into() };
                Some((record_key(author, id), Named { record, name: None }))
            }
            _ => None,
        });
        Self { people: HashMap::new(), folders: HashMap::new(), records: added.collect(), tz: tz.clone() }
    }

    /// What this person knows: contacts, own folders, records that open.
    pub(crate) async fn known_to(session: &Session, history: &History, tz: &TimeZone) -> Result<Self> {
        let mut names = Self::none(session.client.system().deployment(), history, tz);
        for contact in session.contacts().await? {
            names.people.insert(contact.address, contact.name.clone());
        }
        names.people.insert(session.me(), session.name.clone());
        if history.patient == session.me() {
            let folders = session.client.folders().list().await?.into_iter();
            names.folders = folders.filter_map(|folder| Some((folder.number, folder.name?))).collect();
        }
        names.learn_records(session, history).await?;
        Ok(names)
    }

    async fn learn_records(&mut self, session: &Session, history: &History) -> Result {
        let listed = match session.client.list().patient(history.patient).await {
            // A history is public, what is in the records is not.
            Err(error) if error.kind() == ErrorKind::Denied => return Ok(()),
            listed => listed?,
        };
        // Not by the handle: who copies another's id has not added what that holds.
        let key = |listed: &Listed| record_key(listed.author, listed.record.id.0.into());
        let opened: HashMap<B256, &Metadata> =
            listed.iter().filter_map(|listed| Some((key(listed), listed.metadata()?))).collect();
        for entry in &history.entries {
            let Event::RecordAdded { folder, author, id } = entry.event else { continue };
            let key = record_key(author, id);
            if let (Some(named), Some(metadata)) = (self.records.get_mut(&key), opened.get(&key)) {
                named.name = Some(metadata.name.clone());
                self.folders.entry(folder).or_insert_with(|| metadata.folder_name.clone());
            }
        }
        Ok(())
    }

    pub(crate) fn person(&self, account: Address) -> Option<&str> {
        self.people.get(&account).map(String::as_str)
    }

    fn called(&self, account: Address) -> String {
        self.person(account).map_or_else(|| account.to_string(), shown)
    }

    fn folder(&self, number: u64) -> String {
        self.folders.get(&number).map_or_else(|| format!("folder number {number}"), |name| shown(name))
    }

    fn record(&self, key: B256) -> String {
        match self.records.get(&key) {
            Some(Named { name: Some(name), .. }) => shown(name),
            Some(Named { record, .. }) => format!("record {}", record.id),
            None => format!("record with key {key}"),
        }
    }

    fn scope(&self, scope: B256) -> String {
        folder_of(scope).map_or_else(|| self.record(scope), |number| self.folder(number))
    }
}

/// One entry, told.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) action: &'static str,
    pub(crate) text: String,
    pub(crate) record: Option<String>,
    pub(crate) grantee: Option<Address>,
    /// "folder" or "record", of what access is on.
    pub(crate) scope: Option<&'static str>,
    pub(crate) folder: Option<String>,
    pub(crate) folder_number: Option<u64>,
    pub(crate) rights: Option<Vec<&'static str>>,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) expires: Option<SystemTime>,
}

impl Story {
    pub(crate) fn of(names: &Names, entry: &HistoryEntry) -> Self {
        let who = names.called(entry.by);
        let mut story = Self::default();
        let (action, did) = story.tell(names, &entry.event);
        Self { action, text: format!("{who} {did}"), ..story }
    }

    fn tell(&mut self, names: &Names, event: &Event) -> (&'static str, String) {
        match *event {
            Event::ProfileSet { .. } => ("profile-set", "published keys".to_owned()),
            Event::CheckpointMade { .. } => ("checkpoint-made", "summed the history up".to_owned()),
            Event::RecordAdded { folder, author, id } => {
                let key = record_key(author, id);
                self.on_folder(names, folder);
                self.on_record(names, key);
                ("record-added", format!("added {} to {}", names.record(key), names.folder(folder)))
            }
            Event::RecordStatusChanged { key, status, replacement, .. } => {
                self.on_record(names, key);
                let old = names.record(key);
                match replacement.is_zero() {
                    true => ("status-set", format!("marked {old} as {}", status_code(status))),
                    false => ("record-replaced", format!("replaced {old} by {}", names.record(replacement))),
                }
            }
            Event::RecordAccessed { key, purpose, .. } => {
                self.on_record(names, key);
                let purpose = self.purpose.insert(purpose.into());
                ("record-read", format!("read {} for {}", names.record(key), purpose.word()))
            }
            Event::RecordAttested { key, .. } => {
                self.on_record(names, key);
                ("record-attested", format!("attested {}", names.record(key)))
            }
            Event::KeysRotated { folder, .. } => {
                self.on_folder(names, folder);
                ("keys-rotated", format!("gave {} new keys", names.folder(folder)))
            }
            _ => self.tell_access(names, event),
        }
    }

    fn tell_access(&mut self, names: &Names, event: &Event) -> (&'static str, String) {
        match *event {
            Event::AccessGranted { scope, grantee, rights, purpose, expires_at, .. } => {
                self.on_scope(names, scope, grantee);
                let (to_what, end) = self.permission(names, scope, rights, purpose.into(), expires_at);
                ("access-granted", format!("allowed {} to {to_what}{end}", names.called(grantee)))
            }
            Event::AccessPassedOn { scope, grantee, rights, purpose, expires_at, .. } => {
                self.on_scope(names, scope, grantee);
                let (to_what, end) = self.permission(names, scope, rights, purpose.into(), expires_at);
                ("access-passed-on", format!("passed on to {}: to {to_what}{end}", names.called(grantee)))
            }
            Event::AccessRevoked { scope, grantee, barred, .. } => {
                self.on_scope(names, scope, grantee);
                let (who, what) = (names.called(grantee), names.scope(scope));
                let barred = if barred { ", for good unless the patient grants again" } else { "" };
                ("access-revoked", format!("ended the access of {who} to {what}{barred}"))
            }
            Event::AccessWithdrawn { scope, grantee, .. } => {
                self.on_scope(names, scope, grantee);
                let (who, what) = (names.called(grantee), names.scope(scope));
                ("access-withdrawn", format!("took back what was passed on to {who}: {what}"))
            }
            Event::AccessRenounced { scope, grantee } => {
                self.on_scope(names, scope, grantee);
                ("access-renounced", format!("gave up access to {}", names.scope(scope)))
            }
            _ => ("unknown", "did something that this program is too old to name".to_owned()),
        }
    }

    /// What is given, and until when.
    fn permission(
        &mut self,
        names: &Names,
        scope: B256,
        given: Rights,
        purpose: Purpose,
        expires_at: u64,
    ) -> (String, String) {
        self.rights = Some(rights(given));
        self.purpose = Some(purpose);
        self.expires = (expires_at < NO_END).then(|| UNIX_EPOCH + Duration::from_secs(expires_at));
        let end = self.expires.map_or_else(String::new, |end| format!(" until {}", local(end, &names.tz)));
        (format!("{} {} for {}", may(given), names.scope(scope), purpose.word()), end)
    }

    fn on_folder(&mut self, names: &Names, folder: u64) {
        self.folder_number = Some(folder);
        self.folder = names.folders.get(&folder).cloned();
    }

    fn on_record(&mut self, names: &Names, key: B256) {
        self.record = names.records.get(&key).map(|named| named.record.to_string());
    }

    fn on_scope(&mut self, names: &Names, scope: B256, grantee: Address) {
        self.grantee = Some(grantee);
        match folder_of(scope) {
            Some(folder) => {
                self.scope = Some("folder");
                self.on_folder(names, folder);
            }
            None => {
                self.scope = Some("record");
                self.on_record(names, scope);
            }
        }
    }
}
