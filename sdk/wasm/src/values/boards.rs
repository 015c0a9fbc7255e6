//! Boards and cases.

use hospital_record::board::{Board, Case, CaseStage, CaseWords, Released, Reviewed};
use wasm_bindgen::prelude::*;

use crate::values::{Plain, addresses, date, list, purpose, text};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A board, as it can be shown and posted to another thread. */
export interface BoardDetails {
    address: Address;
    /** How many members must acknowledge a case. */
    threshold: number;
    /** All members; the address commits to them and to the threshold. */
    members: Address[];
    /** Members who have left, and those who have not: the node's word. */
    left: Address[];
    present: Address[];
    /** Whether it opens no more cases. */
    closed: boolean;
    successor?: Address;
    /** Whether it is not closed and enough members remain. */
    works: boolean;
}

/** A case as a node reports it, as it can be shown and posted to another thread. */
export interface CaseDetails {
    id: Hash;
    board: Address;
    patient: Address;
    scopeId: ScopeId;
    grantee: Address;
    /** Seconds of access, from the last acknowledgement that is needed. */
    lasts: number;
    opener: Address;
    opened: Date;
    acknowledged: Address[];
    stage: "open" | "lapsed" | "granted" | "ended" | "vetoed" | "unknown";
    /** When the window of an open case closes, or when the access ends or ended. */
    until?: Date;
    /** Whether it gives access now. */
    live: boolean;
    /** Members who released their shares. */
    released: Address[];
    reviewed: Address[];
    reviewDue?: Date;
}

/** The reason of a case, or the finding of its review. */
export interface CaseWords {
    author: Address;
    purpose: Purpose;
    text: string;
}

/** A review of a case. */
export interface Finding {
    reviewer: Address;
    /** Not there for a review without an objection, or if it does not open. */
    finding?: CaseWords;
    /** Why it does not open. */
    error?: HospitalRecordError;
}

export interface Reviewed extends Sent {
    /** Digest of the block with the finding; not there without an objection. */
    finding?: Hash;
}

export interface Released extends Sent {
    /** The id of the case. */
    case: Hash;
    /** Digest of the block with the share. */
    share: Hash;
}
"#;

pub(crate) fn board(board: &Board) -> JsValue {
    Plain::new()
        .with("address", text(board.address))
        .with("threshold", board.threshold)
        .with("members", addresses(&board.members))
        .with("left", addresses(&board.left))
        .with("present", list(board.present().map(text)))
        .with("closed", board.closed)
        .maybe("successor", board.successor.map(text))
        .with("works", board.works())
        .done()
}

pub(crate) fn case(case: &Case) -> JsValue {
    let (stage, until) = match case.stage {
        CaseStage::Open { until } => ("open", Some(until)),
        CaseStage::Lapsed => ("lapsed", None),
        CaseStage::Granted { until } => ("granted", Some(until)),
        CaseStage::Ended { until } => ("ended", Some(until)),
        CaseStage::Vetoed => ("vetoed", None),
        _ => ("unknown", None),
    };
    Plain::new()
        .with("id", text(case.id))
        .with("board", text(case.board))
        .with("patient", text(case.patient))
        .with("scopeId", text(case.scope_id))
        .with("grantee", text(case.grantee))
        .with("lasts", case.lasts.as_secs() as f64)
        .with("opener", text(case.opener))
        .with("opened", date(case.opened))
        .with("acknowledged", addresses(&case.acknowledged))
        .with("stage", stage)
        .maybe("until", until.map(date))
        .with("live", case.is_live())
        .with("released", addresses(&case.released))
        .with("reviewed", addresses(&case.reviewed))
        .maybe("reviewDue", case.review_due.map(date))
        .done()
}

pub(crate) fn words(words: &CaseWords) -> JsValue {
    Plain::new()
        .with("author", text(words.author))
        .with("purpose", purpose(words.purpose))
        .with("text", &words.text)
        .done()
}

pub(crate) fn reviewed(reviewed: &Reviewed) -> JsValue {
    Plain::new().maybe("finding", reviewed.finding.map(text)).sent(reviewed.transaction, reviewed.gas).done()
}

pub(crate) fn released(released: &Released) -> JsValue {
    Plain::new()
        .with("case", text(released.case))
        .with("share", text(released.share))
        .sent(released.transaction, released.gas)
        .done()
}
