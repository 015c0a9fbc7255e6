//! Acts, and what became of them.

use hospital_record::{
    Resumed,
    act::{Confirmed, MissingEntry, Removed, Unfinished},
};
use wasm_bindgen::prelude::*;

use crate::values::{Plain, date, each, history::unnamed, kind, list, text};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** An act that is on chain. */
export interface Confirmed extends Sent {
    /** Number of its block, where it is known. */
    block?: number;
}

/** An entry of a history that was confirmed and that the chain no longer shows. */
export interface MissingEntry extends Deed {
    patient: Address;
    by: Address;
    at: Date;
    /** For `acts.giveUp`. */
    head: Hash;
    /** All of it in one sentence. */
    sentence: string;
}

export interface Unfinished {
    /** The work, in words. */
    what: string;
    /** A kind as of an error. */
    kind: string;
    reason: string;
}

export interface Resumed {
    /** Whether there was nothing to finish. */
    nothing: boolean;
    /** A transaction that was pending and has taken effect. */
    transaction?: Hash;
    /** Acts on chain whose keys were stored now. */
    keys: number;
    /** Ids of records that are registered now. */
    finished: string[];
    /** Uploads that were removed: add these again. */
    removed: { id: string, name?: string, reason: string }[];
    /** Uploads that were given up when their add was cancelled or failed, and that are removed now. */
    discarded: number;
    /** Blocks without a pin that were deleted. */
    swept: number;
    /** Acts that a reorganisation of the chain could still undo. They are sent again if it does. */
    watching: number;
    /** Acts that a reorganisation dropped, and that are on chain again. */
    sentAgain: number;
    /** Acts that a relay may still carry. */
    waiting: number;
    /** What failed this time. */
    failed: Unfinished[];
}
"#;

pub(crate) fn confirmed(confirmed: &Confirmed) -> JsValue {
    Plain::new()
        .sent(confirmed.transaction, confirmed.gas)
        .maybe("block", confirmed.block.map(|block| block as f64))
        .done()
}

pub(crate) fn missing(entry: &MissingEntry) -> JsValue {
    unnamed(&entry.event)
        .with("patient", text(entry.patient))
        .with("by", text(entry.by))
        .with("at", date(entry.at))
        .with("head", text(entry.head))
        .with("sentence", text(entry))
        .done()
}

fn removed(removed: &Removed) -> JsValue {
    Plain::new()
        .with("id", text(removed.id))
        .maybe("name", removed.name.as_ref())
        .with("reason", &removed.reason)
        .done()
}

fn unfinished(unfinished: &Unfinished) -> JsValue {
    Plain::new()
        .with("what", text(unfinished.what))
        .with("kind", kind(unfinished.kind))
        .with("reason", &unfinished.reason)
        .done()
}

pub(crate) fn resumed(resumed: &Resumed) -> JsValue {
    Plain::new()
        .with("nothing", resumed.is_nothing())
        .maybe("transaction", resumed.transaction.map(text))
        .with("keys", resumed.keys as f64)
        .with("finished", list(resumed.finished.iter().map(text)))
        .with("removed", each(&resumed.removed, removed))
        .with("discarded", resumed.discarded as f64)
        .with("swept", resumed.swept as f64)
        .with("watching", resumed.watching as f64)
        .with("sentAgain", resumed.sent_again as f64)
        .with("waiting", resumed.waiting as f64)
        .with("failed", each(&resumed.failed, unfinished))
        .done()
}
