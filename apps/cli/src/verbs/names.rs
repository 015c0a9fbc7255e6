//! The names that the reader of a history has for people, folders and records.

use std::{collections::HashMap, time::SystemTime};

use hospital_record::{
    self as sdk, Address, B256, Deployment, ErrorKind, Event, History, Listed, Metadata, RecordRef, history::Names,
    ledger::record_key,
};
use jiff::tz::TimeZone;

use crate::{failure::Result, json::local, session::Session, shown::shown, words::Purpose};

/// The names of numbers and hashes.
pub(crate) struct Known {
    people: HashMap<Address, String>,
    folders: HashMap<u64, String>,
    records: HashMap<B256, Named>,
    tz: TimeZone,
}

struct Named {
    record: RecordRef,
    name: Option<String>,
}

impl Known {
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

    /// The names that this person knows: contacts, own folders, records that open.
    pub(crate) async fn to(session: &Session, history: &History, tz: &TimeZone) -> Result<Self> {
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
            // A history is public, but the content of the records is not.
            Err(error) if error.kind() == ErrorKind::Denied => return Ok(()),
            listed => listed?,
        };
        // Not by the handle: an account that copies an id has not added its content.
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

    /// A folder, by its number.
    pub(crate) fn folder_name(&self, number: u64) -> Option<&str> {
        self.folders.get(&number).map(String::as_str)
    }

    /// The full name of a record, by its key.
    pub(crate) fn uri(&self, key: B256) -> Option<String> {
        self.records.get(&key).map(|named| named.record.to_string())
    }
}

impl Names for Known {
    fn account(&self, account: Address) -> String {
        self.person(account).map_or_else(|| account.to_string(), shown)
    }

    fn folder(&self, number: u64) -> String {
        self.folder_name(number).map_or_else(|| format!("folder number {number}"), shown)
    }

    fn record(&self, key: B256, _: Option<B256>) -> String {
        match self.records.get(&key) {
            Some(Named { name: Some(name), .. }) => shown(name),
            Some(Named { record, .. }) => format!("record {}", record.id),
            None => format!("record with key {key}"),
        }
    }

    fn time(&self, at: SystemTime) -> String {
        local(at, &self.tz)
    }

    fn purpose(&self, purpose: sdk::Purpose) -> String {
        Purpose::from(purpose).word().to_owned()
    }
}
