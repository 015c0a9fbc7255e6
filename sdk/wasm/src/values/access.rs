//! Grants and folders.

use hospital_record::{
    Address, Granted, Revoked,
    folder::{FolderInfo, Rotated},
    grant::{GrantInfo, GrantScope, Patients, Replaced, Shared, SharedGrant},
};
use wasm_bindgen::prelude::*;

use crate::values::{Plain, addresses, cut, date, each, handle, kind, list, people::trust, purpose, rights, text};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface Granted extends Sent {
    grantee: Address;
    scopeId: ScopeId;
    /** To compare by voice; for a board, one line for each member. */
    fingerprint: string;
    /** The vouches that lead to the grantee, if `trustedBy` named authorities and one does. */
    trust?: Trust;
    rights: Right[];
    purpose: Purpose;
    /** Not there if it has no end. */
    expires?: Date;
    /** Whether an earlier live grant of this scope was replaced. */
    replaced: boolean;
    /** That grant. */
    earlier?: { rights: Right[], purpose: Purpose, expires?: Date };
}

export interface Revoked extends Sent {
    ended: number;
    /** Whether the keys of all affected folders were rotated; if not, the next add does it. */
    keysMoved: boolean;
    leftOut: Address[];
    /** An earlier act of this person that has not taken effect, in words. It did not prevent this revocation. */
    earlierFailed?: string;
}

export type GrantScope =
    | { folder: number, name?: string, confidentiality?: Confidentiality, record?: undefined }
    | { record: RecordRef, folder?: undefined };

interface AnyGrant {
    scope: GrantScope;
    /** For `renounce` and `withdraw`. */
    scopeId: ScopeId;
    /** The scope in words. */
    scopeName: string;
    rights: Right[];
    purpose: Purpose;
    granted: Date;
    /** Not there if it has no end. */
    expires?: Date;
    /** The delegate who gave it; not there if the patient did. */
    givenBy?: Address;
    /** Whether it is live now, by the chain's clock. */
    live: boolean;
    /** The kind of the error if a name is missing because its block is not available or does not open. */
    unavailable?: string;
}

/** A grant on this person's records, or one that this person delegated. */
export interface GrantInfo extends AnyGrant {
    grantee: Address;
    /** The name that this person gave to that account. */
    name?: string;
    /** If it was delegated: the scope of the delegate's own grant. */
    above?: ScopeId;
}

/** A grant to this person. */
export interface SharedGrant extends AnyGrant {
    patient: Address;
}

export interface Shared {
    grants: SharedGrant[];
    /** Patients whose history cannot be read. */
    unreadable: { patient: Address, reason: string }[];
    /** Patients who are left out. */
    cut: Cut;
    /** Patients with more grants than are listed, and how many are left out: see `receivedFrom`. */
    moreOf: { patient: Address, count: number }[];
}

export interface Patients {
    patients: Address[];
    cut: Cut;
}

export interface FolderInfo {
    /** Its number on chain. */
    number: number;
    name?: string;
    confidentiality?: Confidentiality;
    records: number;
    readers: number;
    /** The kind of the error if the name could not be restored. */
    unavailable?: string;
}

export interface Rotated extends Sent {
    /** Readers who got no new keys: grant to them again. */
    leftOut: Address[];
}
"#;

fn replaced(earlier: &Replaced) -> JsValue {
    Plain::new()
        .with("rights", rights(earlier.rights))
        .with("purpose", purpose(earlier.purpose))
        .maybe("expires", earlier.expires.map(date))
        .done()
}

pub(crate) fn granted(granted: &Granted) -> JsValue {
    Plain::new()
        .with("grantee", text(granted.grantee))
        .with("scopeId", text(granted.scope_id))
        .with("fingerprint", &granted.fingerprint)
        .maybe("trust", granted.trust.as_ref().map(trust))
        .with("rights", rights(granted.rights))
        .with("purpose", purpose(granted.purpose))
        .maybe("expires", granted.expires.map(date))
        .with("replaced", granted.replaced.is_some())
        .maybe("earlier", granted.replaced.as_ref().map(replaced))
        .sent(granted.transaction, granted.gas)
        .done()
}

pub(crate) fn revoked(revoked: &Revoked) -> JsValue {
    Plain::new()
        .with("ended", revoked.ended as f64)
        .with("keysMoved", revoked.keys_moved)
        .with("leftOut", addresses(&revoked.left_out))
        .maybe("earlierFailed", revoked.earlier_failed.as_ref())
        .sent(revoked.transaction, revoked.gas)
        .done()
}

fn scope(scope: &GrantScope) -> JsValue {
    match scope {
        GrantScope::Folder { number, name, confidentiality } => Plain::new()
            .with("folder", *number as f64)
            .maybe("name", name.as_ref())
            .maybe("confidentiality", confidentiality.map(text)),
        GrantScope::Record(record) => Plain::new().with("record", handle(record)),
        _ => Plain::new(),
    }
    .done()
}

pub(crate) fn grant_info(grant: &GrantInfo) -> JsValue {
    Plain::new()
        .with("grantee", text(grant.grantee))
        .maybe("name", grant.name.as_ref())
        .maybe("givenBy", grant.given_by.map(text))
        .maybe("above", grant.above.map(text))
        .with("scope", scope(&grant.scope))
        .with("scopeId", text(grant.scope_id))
        .with("scopeName", grant.scope_name())
        .with("rights", rights(grant.rights))
        .with("purpose", purpose(grant.purpose))
        .with("granted", date(grant.granted))
        .maybe("expires", grant.expires.map(date))
        .with("live", grant.live)
        .maybe("unavailable", grant.unavailable.map(kind))
        .done()
}

fn shared_grant(grant: &SharedGrant) -> JsValue {
    Plain::new()
        .with("patient", text(grant.patient))
        .maybe("givenBy", grant.given_by.map(text))
        .with("scope", scope(&grant.scope))
        .with("scopeId", text(grant.scope_id))
        .with("scopeName", text(&grant.scope))
        .with("rights", rights(grant.rights))
        .with("purpose", purpose(grant.purpose))
        .with("granted", date(grant.granted))
        .maybe("expires", grant.expires.map(date))
        .with("live", grant.live)
        .maybe("unavailable", grant.unavailable.map(kind))
        .done()
}

pub(crate) fn shared(shared: &Shared) -> JsValue {
    let of = |patient: &Address, key: &str, value: JsValue| {
        Plain::new().with("patient", text(patient)).with(key, value).done()
    };
    Plain::new()
        .with("grants", each(&shared.grants, shared_grant))
        .with("unreadable", each(&shared.unreadable, |(patient, reason)| of(patient, "reason", text(reason))))
        .with("cut", cut(&shared.cut))
        .with("moreOf", each(&shared.more_of, |(patient, count)| of(patient, "count", (*count as f64).into())))
        .done()
}

pub(crate) fn patients(patients: &Patients) -> JsValue {
    Plain::new().with("patients", list(patients.patients.iter().map(text))).with("cut", cut(&patients.cut)).done()
}

pub(crate) fn folder(folder: &FolderInfo) -> JsValue {
    Plain::new()
        .with("number", folder.number as f64)
        .maybe("name", folder.name.as_ref())
        .maybe("confidentiality", folder.confidentiality.map(text))
        .with("records", folder.records as f64)
        .with("readers", folder.readers as f64)
        .maybe("unavailable", folder.unavailable.map(kind))
        .done()
}

pub(crate) fn rotated(rotated: &Rotated) -> JsValue {
    Plain::new().with("leftOut", addresses(&rotated.left_out)).sent(rotated.transaction, rotated.gas).done()
}
