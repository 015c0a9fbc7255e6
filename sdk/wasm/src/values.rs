//! Results as plain objects.

use std::time::{SystemTime, UNIX_EPOCH};

use hospital_record::{
    Added, Address, Granted, History, HistoryEntry, Listed, Metadata, Opened, RecordRef, Resumed, Revoked,
    act::Removed, history::status_code, record::Content,
};
use js_sys::{Array, Date, Object, Reflect};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** An account, `0x` and 40 digits. */
export type Address = string;
/** The handle of a record, `hospital-record:CHAIN:CONTRACT:PATIENT:ID`, as every call takes it. */
export type RecordRef = string;

export interface Metadata {
    name: string;
    mediaType: string;
    folder: string;
    confidentiality: string;
    created?: Date;
    added: Date;
    /** LOINC code of the kind of document. */
    documentType?: string;
    keywords: string[];
    title?: string;
    description?: string;
}

export interface Added {
    record: RecordRef;
    folder: string;
    size: number;
    mediaType: string;
    /** Readers who got no new keys: grant to them again. */
    leftOut: Address[];
}

export interface Listed {
    record: RecordRef;
    /** FHIR DocumentReference.status. */
    status: string;
    author: Address;
    added: Date;
    /** Whether its metadata can be read; else `reason` says why not. */
    readable: boolean;
    metadata?: Metadata;
    size?: number;
    /** Why it is not readable: a kind as of an error, and words. */
    kind?: string;
    reason?: string;
    /** Another account added it, and it is not in the patient's own store yet. */
    heldByAuthorOnly: boolean;
}

export interface Opened {
    metadata: Metadata;
    bytes: Uint8Array;
}

export interface Granted {
    grantee: Address;
    /** To compare by voice. */
    fingerprint: string;
    expires?: Date;
    /** Whether an earlier live grant of this scope was replaced. */
    replaced: boolean;
}

export interface Revoked {
    ended: number;
    /** Whether the keys of all affected folders were rotated; if not, the next add does it. */
    keysMoved: boolean;
    leftOut: Address[];
    /** An earlier act of this person that has not taken effect, in words. It did not prevent this revocation. */
    earlierFailed?: string;
}

export interface HistoryEntry {
    at: Date;
    by: Address;
    /** Such as "allowed 0x... to read folder 1"; `by` did it. */
    words: string;
}

export interface History {
    patient: Address;
    entries: HistoryEntry[];
    head: string;
    /** How far the history is known to be complete, in words. */
    completeness: string;
}

export interface Resumed {
    /** Whether there was nothing to finish. */
    nothing: boolean;
    /** Ids of records that are registered now. */
    finished: string[];
    /** Uploads that were removed: add these again. */
    removed: { id: string, name?: string, reason: string }[];
    /** Acts that a reorganisation of the chain could still undo. They are sent again if it does. */
    watching: number;
    /** Acts that a relay may still carry. */
    waiting: number;
    /** What failed this time, in words. */
    failed: string[];
}
"#;

/// A plain object.
pub(crate) struct Plain(Object);

impl Plain {
    pub(crate) fn new() -> Self {
        Self(Object::new())
    }

    pub(crate) fn with(self, key: &str, value: impl Into<JsValue>) -> Self {
        // A plain object takes every property.
        let _ = Reflect::set(&self.0, &key.into(), &value.into());
        self
    }

    pub(crate) fn maybe(self, key: &str, value: Option<impl Into<JsValue>>) -> Self {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub(crate) fn done(self) -> JsValue {
        self.0.into()
    }
}

fn list<T: Into<JsValue>>(values: impl IntoIterator<Item = T>) -> Array {
    values.into_iter().map(Into::into).collect()
}

fn text(value: impl ToString) -> JsValue {
    value.to_string().into()
}

fn date(time: SystemTime) -> Date {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::new(&(since.as_millis() as f64).into())
}

fn seconds(seconds: i64) -> Date {
    Date::new(&(seconds as f64 * 1000.0).into())
}

/// As every call takes it.
pub(crate) fn handle(record: &RecordRef) -> JsValue {
    text(record)
}

fn addresses(accounts: &[Address]) -> Array {
    list(accounts.iter().map(text))
}

pub(crate) fn metadata(metadata: &Metadata) -> JsValue {
    Plain::new()
        .with("name", &metadata.name)
        .with("mediaType", &metadata.media_type)
        .with("folder", &metadata.folder_name)
        .with("confidentiality", text(metadata.confidentiality))
        .maybe("created", metadata.created.map(seconds))
        .with("added", seconds(metadata.added))
        .maybe("documentType", metadata.document_type.as_ref())
        .with("keywords", list(&metadata.keywords))
        .maybe("title", metadata.title.as_ref())
        .maybe("description", metadata.description.as_ref())
        .done()
}

pub(crate) fn added(added: &Added) -> JsValue {
    Plain::new()
        .with("record", handle(&added.record))
        .with("folder", &added.folder)
        .with("size", added.size as f64)
        .with("mediaType", &added.media_type)
        .with("leftOut", addresses(&added.left_out))
        .done()
}

pub(crate) fn listed(listed: &Listed) -> JsValue {
    let plain = Plain::new()
        .with("record", handle(&listed.record))
        .with("status", status_code(listed.status))
        .with("author", text(listed.author))
        .with("added", date(listed.added))
        .with("heldByAuthorOnly", listed.held_by_author_only);
    match &listed.content {
        Content::Readable { metadata: known, size } => {
            plain.with("readable", true).with("metadata", metadata(known)).with("size", *size as f64)
        }
        Content::Unreadable { kind, reason } => {
            plain.with("readable", false).with("kind", format!("{kind:?}")).with("reason", reason)
        }
        _ => plain.with("readable", false),
    }
    .done()
}

pub(crate) fn opened(opened: &Opened) -> JsValue {
    Plain::new()
        .with("metadata", metadata(&opened.metadata))
        .with("bytes", js_sys::Uint8Array::from(&opened.bytes[..]))
        .done()
}

pub(crate) fn granted(granted: &Granted) -> JsValue {
    Plain::new()
        .with("grantee", text(granted.grantee))
        .with("fingerprint", &granted.fingerprint)
        .maybe("expires", granted.expires.map(date))
        .with("replaced", granted.replaced.is_some())
        .done()
}

pub(crate) fn revoked(revoked: &Revoked) -> JsValue {
    Plain::new()
        .with("ended", revoked.ended as f64)
        .with("keysMoved", revoked.keys_moved)
        .with("leftOut", addresses(&revoked.left_out))
        .maybe("earlierFailed", revoked.earlier_failed.as_ref())
        .done()
}

pub(crate) fn history(history: &History) -> JsValue {
    let entry = |entry: &HistoryEntry| {
        Plain::new().with("at", date(entry.at)).with("by", text(entry.by)).with("words", text(entry.event)).done()
    };
    Plain::new()
        .with("patient", text(history.patient))
        .with("entries", list(history.entries.iter().map(entry)))
        .with("head", text(history.head()))
        .with("completeness", text(&history.completeness))
        .done()
}

fn removed(removed: &Removed) -> JsValue {
    Plain::new()
        .with("id", text(removed.id))
        .maybe("name", removed.name.as_ref())
        .with("reason", &removed.reason)
        .done()
}

pub(crate) fn resumed(resumed: &Resumed) -> JsValue {
    Plain::new()
        .with("nothing", resumed.is_nothing())
        .with("finished", list(resumed.finished.iter().map(text)))
        .with("removed", list(resumed.removed.iter().map(removed)))
        .with("watching", resumed.watching as f64)
        .with("waiting", resumed.waiting as f64)
        .with("failed", list(resumed.failed.iter().map(|unfinished| unfinished.reason.as_str())))
        .done()
}
