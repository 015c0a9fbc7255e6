//! Requests for access.

use hospital_record::request::{AccessRequest, Asked};
use wasm_bindgen::prelude::*;

use crate::values::{Plain, date, kind, people::trust, purpose, rights, text};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface Asked extends Sent {
    /** For `requests.withdraw`. */
    id: Hash;
    patient: Address;
    /** The end of access that it asks for; not there if it has none. */
    until?: Date;
    /** When the request closes. */
    answerBy?: Date;
}

/** A request, as it can be shown and posted to another thread. */
export interface AccessRequestDetails {
    id: Hash;
    asker: Address;
    /** The name that this person gave to the asker. */
    name?: string;
    /** The vouches from the authorities in `trustedBy`. */
    trust?: Trust;
    /** Of the asker's keys, to compare by voice; not there if the reason does not open. */
    fingerprint?: string;
    rights: Right[];
    purpose: Purpose;
    /** The end of access that it asks for; not there if it has none. */
    until?: Date;
    answerBy: Date;
    /** As the node reports it. */
    asked: Date;
    reason?: string;
    /** Why the reason does not open: a kind as of an error. Then nothing proves who asked. */
    kind?: string;
}
"#;

pub(crate) fn asked(asked: &Asked) -> JsValue {
    Plain::new()
        .with("id", text(asked.id))
        .with("patient", text(asked.patient))
        .maybe("until", asked.until.map(date))
        .maybe("answerBy", asked.answer_by.map(date))
        .sent(asked.transaction, asked.gas)
        .done()
}

pub(crate) fn details(request: &AccessRequest) -> JsValue {
    Plain::new()
        .with("id", text(request.id))
        .with("asker", text(request.asker))
        .maybe("name", request.name.as_ref())
        .maybe("trust", request.trust.as_ref().map(trust))
        .maybe("fingerprint", request.fingerprint.as_ref())
        .with("rights", rights(request.rights))
        .with("purpose", purpose(request.purpose))
        .maybe("until", request.until.map(date))
        .with("answerBy", date(request.answer_by))
        .with("asked", date(request.asked))
        .maybe("reason", request.reason.as_ref().ok())
        .maybe("kind", request.reason.as_ref().err().map(|why| kind(*why)))
        .done()
}
