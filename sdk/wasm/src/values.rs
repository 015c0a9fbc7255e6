//! Results as plain objects, which can be posted to another thread.

pub(crate) mod access;
pub(crate) mod acts;
pub(crate) mod boards;
pub(crate) mod chain;
pub(crate) mod history;
pub(crate) mod people;
pub(crate) mod records;
pub(crate) mod requests;

use std::time::{SystemTime, UNIX_EPOCH};

use hospital_record::{Address, B256, Cut, ErrorKind, Purpose, RecordRef, Rights};
use js_sys::{Array, Date, Object, Reflect};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** An account, `0x` and 40 digits. */
export type Address = string;
/** 32 bytes, `0x` and 64 digits. */
export type Hash = string;
/** The handle of a record, `hospital-record:CHAIN:CONTRACT:PATIENT:ID`, as every call takes it. */
export type RecordRef = string;
/** The id of a folder or record in a patient's grants, `0x` and 64 digits. */
export type ScopeId = string;
/** HL7 v3 Confidentiality, from unrestricted to very restricted. */
export type Confidentiality = "U" | "L" | "M" | "N" | "R" | "V";
/** HL7 v3 PurposeOfUse. */
export type Purpose =
    | "TREAT" | "ETREAT" | "BTG" | "CAREMGT" | "CLINTRCH" | "FAMRQT" | "HLEGAL" | "HOPERAT" | "HPAYMT" | "HRESCH" | "PATRQT"
    | "PUBHLTH";
export type Right = "read" | "contribute" | "delegate" | "attest";

/** What an act cost. */
export interface Sent {
    /** Hash of the transaction; not there if a relay carried it and no transaction is known. */
    transaction?: Hash;
    gas: number;
}

/** What a list leaves out that strangers could make arbitrarily long. */
export interface Cut {
    /** Items that were found but are not listed. */
    count: number;
    /** Whether older items may exist that were not looked up. */
    older: boolean;
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

    /// The transaction of an act, and its gas.
    pub(crate) fn sent(self, transaction: Option<B256>, gas: u64) -> Self {
        self.maybe("transaction", transaction.map(text)).with("gas", gas as f64)
    }

    pub(crate) fn done(self) -> JsValue {
        self.0.into()
    }
}

pub(crate) fn list<T: Into<JsValue>>(values: impl IntoIterator<Item = T>) -> Array {
    values.into_iter().map(Into::into).collect()
}

pub(crate) fn each<T>(values: &[T], show: impl Fn(&T) -> JsValue) -> JsValue {
    list(values.iter().map(show)).into()
}

pub(crate) fn text(value: impl ToString) -> JsValue {
    value.to_string().into()
}

/// The same of what an act gives.
pub(crate) fn shown<T: ToString>(value: &T) -> JsValue {
    value.to_string().into()
}

pub(crate) fn date(time: SystemTime) -> Date {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::new(&(since.as_millis() as f64).into())
}

pub(crate) fn seconds(seconds: i64) -> Date {
    Date::new(&(seconds as f64 * 1000.0).into())
}

pub(crate) fn addresses(accounts: &[Address]) -> Array {
    list(accounts.iter().map(text))
}

/// As every call takes it.
pub(crate) fn handle(record: &RecordRef) -> JsValue {
    text(record)
}

/// As in [`crate::problem`].
pub(crate) fn kind(kind: ErrorKind) -> JsValue {
    format!("{kind:?}").into()
}

pub(crate) fn purpose(purpose: Purpose) -> JsValue {
    format!("{purpose:?}").into()
}

pub(crate) fn rights(rights: Rights) -> Array {
    let all = [
        (rights.reads(), "read"),
        (rights.contributes(), "contribute"),
        (rights.delegates(), "delegate"),
        (rights.attests(), "attest"),
    ];
    list(all.into_iter().filter(|(held, _)| *held).map(|(_, name)| name))
}

pub(crate) fn cut(cut: &Cut) -> JsValue {
    Plain::new().with("count", cut.count as f64).with("older", cut.older).done()
}
