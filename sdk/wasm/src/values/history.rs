//! Histories: what an entry says for a program, and in the reader's words.

use std::{collections::HashMap, time::SystemTime};

use hospital_record::{
    Address, B256, Deployment, Event, History, HistoryEntry, Purpose, RecordRef,
    history::{Deed, Names, status_code},
    ledger::{Completeness, record_key},
};
use js_sys::{Array, Function};
use wasm_bindgen::prelude::*;

use crate::{
    options::Options,
    values::{Plain, date, each, handle, purpose, rights, seconds, text},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** The names that a reader has, for the words of a history. Without an answer these are addresses, numbers and hashes. */
export interface Names {
    account?: (account: Address) => string | undefined;
    /** By its number, as in `FolderInfo`. */
    folder?: (number: number) => string | undefined;
    /** By its key, as in `Listed`, and by its handle where the history has it. */
    record?: (key: Hash, record?: RecordRef) => string | undefined;
    time?: (at: Date) => string | undefined;
    purpose?: (purpose: Purpose) => string | undefined;
}

export interface HistoryOptions extends Cancellable {
    names?: Names;
    /** A head from a source that you trust: the history must contain it. */
    trustedHead?: Hash;
}

/** What somebody did, for programs and for people. */
export interface Deed {
    /** Such as "record-added", "record-read", "access-granted", "access-revoked". */
    action: string;
    /** Such as "allowed 0x... to read folder 1", without account and time. */
    words: string;
    /** The number of the folder concerned. */
    folder?: number;
    /** The key of the record concerned. */
    key?: Hash;
    /** The account whose access begins or ends. */
    grantee?: Address;
    rights?: Right[];
    /** Of that access, or of a reading. */
    purpose?: Purpose;
    /** When the access ends by itself. */
    expires?: Date;
}

export interface HistoryEntry extends Deed {
    at: Date;
    by: Address;
    /** The handle of the record concerned. */
    record?: RecordRef;
    /** The new status of that record, as FHIR names it. */
    status?: string;
    /** The record that replaces it. */
    replacement?: RecordRef;
    /** Whether nobody but the patient can give the ended access again. */
    barred?: boolean;
    block: number;
    /** The node's word; all else is covered by the hash. */
    transaction: Hash;
    /** The head after it. */
    head: Hash;
}

/** How far a history is complete. */
export interface Completeness {
    head: Hash;
    entries: number;
    block: number;
    time: Date;
    reportedBy: string;
    /** The part that is complete without trust in that node. */
    proven?: { head: Hash, entries: number };
    /** Whether that is all of it. */
    isProven: boolean;
    words: string;
}

export interface History {
    patient: Address;
    /** Oldest first. */
    entries: HistoryEntry[];
    head: Hash;
    /** How far the history is known to be complete, in words. */
    completeness: string;
    /** The same for a program. */
    complete: Completeness;
}
"#;

/// What `names` can name.
pub(crate) const NAMES: &[&str] = &["account", "folder", "record", "time", "purpose"];

struct Unnamed;

impl Names for Unnamed {}

/// The names that the app has, and the records of this history by their keys.
struct Reader<'a> {
    names: &'a Options,
    records: HashMap<B256, RecordRef>,
}

impl<'a> Reader<'a> {
    fn of(history: &History, deployment: Deployment, names: &'a Options) -> Self {
        let added = history.entries.iter().filter_map(|entry| match entry.event {
            Event::RecordAdded { author, id, .. } => {
                let record = RecordRef { deployment, patient: history.patient, id: id.0.into() };
                Some((record_key(author, id), record))
            }
            _ => None,
        });
        Self { names, records: added.collect() }
    }

    /// Errors that the app throws are its own: then it has no name.
    fn ask(&self, what: &str, arguments: &Array) -> Option<String> {
        let name: Function = self.names.value(what)?.dyn_into().ok()?;
        name.apply(&JsValue::UNDEFINED, arguments).ok()?.as_string()
    }

    fn handle(&self, key: B256) -> Option<JsValue> {
        self.records.get(&key).map(handle)
    }
}

impl Names for Reader<'_> {
    fn account(&self, account: Address) -> String {
        self.ask("account", &Array::of1(&text(account))).unwrap_or_else(|| Unnamed.account(account))
    }

    fn folder(&self, number: u64) -> String {
        self.ask("folder", &Array::of1(&(number as f64).into())).unwrap_or_else(|| Unnamed.folder(number))
    }

    fn record(&self, key: B256, id: Option<B256>) -> String {
        let arguments = Array::of2(&text(key), &self.handle(key).unwrap_or_default());
        let id = id.or_else(|| self.records.get(&key).map(|record| record.id.0.into()));
        self.ask("record", &arguments).unwrap_or_else(|| Unnamed.record(key, id))
    }

    fn time(&self, at: SystemTime) -> String {
        self.ask("time", &Array::of1(&date(at))).unwrap_or_else(|| Unnamed.time(at))
    }

    fn purpose(&self, of: Purpose) -> String {
        self.ask("purpose", &Array::of1(&purpose(of))).unwrap_or_else(|| Unnamed.purpose(of))
    }
}

pub(crate) fn deed(deed: &Deed) -> Plain {
    Plain::new()
        .with("action", deed.action)
        .with("words", &deed.words)
        .maybe("folder", deed.folder.map(|number| number as f64))
        .maybe("key", deed.record.map(text))
        .maybe("grantee", deed.grantee.map(text))
        .maybe("rights", deed.rights.map(rights))
        .maybe("purpose", deed.purpose.map(purpose))
        .maybe("expires", deed.expires.map(date))
}

/// An event without a name for anybody.
pub(crate) fn unnamed(event: &Event) -> Plain {
    deed(&event.deed(&Unnamed))
}

fn entry(reader: &Reader<'_>, HistoryEntry { at, by, event, entry, .. }: &HistoryEntry) -> JsValue {
    let meaning = event.deed(reader);
    let record = meaning.record.and_then(|key| reader.handle(key));
    let plain = deed(&meaning)
        .with("at", date(*at))
        .with("by", text(by))
        .maybe("record", record)
        .with("block", entry.block as f64)
        .with("transaction", text(entry.transaction))
        .with("head", text(entry.head));
    match event {
        Event::RecordStatusChanged { status, replacement, .. } => {
            plain.with("status", status_code(*status)).maybe("replacement", reader.handle(*replacement))
        }
        Event::AccessRevoked { barred, .. } => plain.with("barred", *barred),
        _ => plain,
    }
    .done()
}

pub(crate) fn completeness(complete: &Completeness) -> JsValue {
    let proven = complete
        .proven
        .map(|proven| Plain::new().with("head", text(proven.head)).with("entries", proven.entries as f64).done());
    Plain::new()
        .with("head", text(complete.head))
        .with("entries", complete.entries as f64)
        .with("block", complete.block as f64)
        .with("time", seconds(i64::try_from(complete.time).unwrap_or(i64::MAX)))
        .with("reportedBy", &complete.reported_by)
        .maybe("proven", proven)
        .with("isProven", complete.is_proven())
        .with("words", text(complete))
        .done()
}

pub(crate) fn history(history: &History, deployment: Deployment, names: &Options) -> JsValue {
    let reader = Reader::of(history, deployment, names);
    Plain::new()
        .with("patient", text(history.patient))
        .with("entries", each(&history.entries, |one| entry(&reader, one)))
        .with("head", text(history.head()))
        .with("completeness", text(&history.completeness))
        .with("complete", completeness(&history.completeness))
        .done()
}
