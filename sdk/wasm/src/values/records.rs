//! Records.

use hospital_record::{
    Added, Listed, Metadata, Opened, Synced,
    history::status_code,
    ledger::record_key,
    record::{AttestedBy, Content, TooLarge},
};
use wasm_bindgen::prelude::*;

use crate::values::{Plain, addresses, date, each, handle, kind, list, seconds, text};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface Metadata {
    name: string;
    mediaType: string;
    folder: string;
    confidentiality: Confidentiality;
    created?: Date;
    added: Date;
    /** LOINC code of the kind of document. */
    documentType?: string;
    keywords: string[];
    title?: string;
    description?: string;
}

export interface Added extends Sent {
    record: RecordRef;
    folder: string;
    size: number;
    mediaType: string;
    /** Readers who got no new keys: grant to them again. */
    leftOut: Address[];
}

export interface AttestedBy {
    account: Address;
    at: Date;
    /** Whether the patient gave this account the right to attest; else a delegate did. */
    chosenByPatient: boolean;
    /** Whether it counts for this reader: see `trustedBy`. */
    counts: boolean;
}

export interface Listed {
    record: RecordRef;
    /** The record's key on chain, by which a history names it. */
    key: Hash;
    /** FHIR DocumentReference.status. */
    status: string;
    /** FHIR DocumentReference.docStatus. */
    docStatus: string;
    /** Oldest first. */
    attestations: AttestedBy[];
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

export interface Synced {
    /** Contributed records that are in the patient's own store now. */
    copied: number;
    /** Earlier acts whose keys were stored now. */
    keys: number;
    /** Folders whose keys were rotated. */
    rotated: number;
    /** Readers who got no new keys: grant to them again. */
    leftOut: Address[];
    /** Contributed records that could not be copied yet, in words. */
    missing: string[];
    /** Records beyond the quota, smallest first: `take` copies one all the same. */
    tooLarge: { record: RecordRef, author: Address, size: number }[];
    /** Records that were not considered: sync again. */
    later: number;
    /** The kind of the error if a store was offline: sync again. */
    unavailable?: string;
}
"#;

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
        .sent(added.transaction, added.gas)
        .done()
}

fn attested_by(attestation: &AttestedBy) -> JsValue {
    Plain::new()
        .with("account", text(attestation.account))
        .with("at", date(attestation.at))
        .with("chosenByPatient", attestation.chosen_by_patient)
        .with("counts", attestation.counts)
        .done()
}

pub(crate) fn listed(listed: &Listed) -> JsValue {
    let plain = Plain::new()
        .with("record", handle(&listed.record))
        .with("key", text(record_key(listed.author, listed.record.id.0.into())))
        .with("status", status_code(listed.status))
        .with("docStatus", text(listed.doc_status))
        .with("attestations", each(&listed.attestations, attested_by))
        .with("author", text(listed.author))
        .with("added", date(listed.added))
        .with("heldByAuthorOnly", listed.held_by_author_only);
    match &listed.content {
        Content::Readable { metadata: known, size } => {
            plain.with("readable", true).with("metadata", metadata(known)).with("size", *size as f64)
        }
        Content::Unreadable { kind: why, reason } => {
            plain.with("readable", false).with("kind", kind(*why)).with("reason", reason)
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

fn too_large(record: &TooLarge) -> JsValue {
    Plain::new()
        .with("record", handle(&record.record))
        .with("author", text(record.author))
        .with("size", record.size as f64)
        .done()
}

pub(crate) fn synced(synced: &Synced) -> JsValue {
    Plain::new()
        .with("copied", synced.copied as f64)
        .with("keys", synced.keys as f64)
        .with("rotated", synced.rotated as f64)
        .with("leftOut", addresses(&synced.left_out))
        .with("missing", list(&synced.missing))
        .with("tooLarge", each(&synced.too_large, too_large))
        .with("later", synced.later as f64)
        .maybe("unavailable", synced.unavailable.map(kind))
        .done()
}
