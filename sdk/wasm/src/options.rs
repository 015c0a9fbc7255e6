//! Options of calls, as plain objects.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hospital_record::{Address, Confidentiality, Error, Progress, Purpose, RecordRef};
use js_sys::{Date, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::{
    problem::{invalid, thrown},
    values::Plain,
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Where a person's state is kept, and how services are reached. */
export interface JoinOptions {
    /**
     * A name for what must survive the tab: accepted keys, histories that were seen, unfinished acts. One tab has it at a
     * time. Only in a dedicated worker. Without it all of this is forgotten with the page.
     */
    storage?: string;
    /** Waits until another tab has ended; else that is an error of kind "Conflict". */
    waitForStorage?: boolean;
    /** Seconds that each service may take. */
    timeout?: number;
    /** Another RPC of the chain, which somebody else runs: its history is compared. */
    witness?: string;
}

export interface ProgressReport {
    phase: string;
    /** Bytes of the plaintext. */
    done: number;
    total?: number;
}

interface Cancellable {
    /** Ends the call. What was under way is finished by `resume`. */
    signal?: AbortSignal;
}

export interface AddOptions extends Cancellable {
    folder?: string;
    /** "N" (the default), "R" or "V", as in HL7. */
    confidentiality?: string;
    mediaType?: string;
    documentType?: string;
    title?: string;
    description?: string;
    keywords?: string[];
    created?: Date;
    /** A patient who lets this person contribute. */
    patient?: Address;
    progress?: (report: ProgressReport) => void;
}

export interface ListOptions extends Cancellable {
    patient?: Address;
    folder?: string;
    attestedOnly?: boolean;
}

export interface OpenOptions extends Cancellable {
    /** The first byte, and the one after the last. */
    start?: number;
    end?: number;
    /** Such as "TREAT"; else the purpose of the grant. */
    purpose?: string;
    attestedOnly?: boolean;
    progress?: (report: ProgressReport) => void;
}

export interface GrantOptions extends Cancellable {
    folder?: string;
    confidentiality?: string;
    /** One record instead of a folder. */
    record?: RecordRef;
    /** Any of "read" (the default), "contribute", "delegate", "attest". */
    rights?: ("read" | "contribute" | "delegate" | "attest")[];
    purpose?: string;
    /** In a year, unless it is said. */
    until?: Date;
}

export interface RevokeOptions extends Cancellable {
    /** One folder, or one record; else everything. */
    folder?: string;
    /** Of that folder; "N" unless it is said. */
    confidentiality?: string;
    record?: RecordRef;
    /** No delegate may give this access again. */
    bar?: boolean;
}
"#;

/// Options that a caller may have left out.
pub(crate) struct Options(JsValue);

impl Options {
    /// A misspelt option must not change what a call does.
    pub(crate) fn of(value: JsValue, known: &[&str]) -> Result<Self, JsValue> {
        if value.is_undefined() || value.is_null() {
            return Ok(Self(value));
        }
        let Some(object) = value.dyn_ref::<Object>() else { return Err(invalid("options are given as an object")) };
        let keys = Object::keys(object);
        let mut names = keys.iter().filter_map(|key| key.as_string());
        match names.find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(invalid(&format!("there is no option {name:?} here: {}", known.join(", ")))),
            None => Ok(Self(value)),
        }
    }

    fn value(&self, key: &str) -> Option<JsValue> {
        let value = Reflect::get(&self.0, &key.into()).ok()?;
        (!value.is_undefined() && !value.is_null()).then_some(value)
    }

    pub(crate) fn signal(&self) -> Option<JsValue> {
        self.value("signal")
    }

    pub(crate) fn text(&self, key: &str) -> Result<Option<String>, JsValue> {
        let text = |value: JsValue| value.as_string().ok_or_else(|| invalid(&format!("{key} is given as a string")));
        self.value(key).map(text).transpose()
    }

    pub(crate) fn number(&self, key: &str) -> Result<Option<u64>, JsValue> {
        let whole = |value: JsValue| match value.as_f64() {
            Some(number) if (0.0..=9_007_199_254_740_991.0).contains(&number) && number.fract() == 0.0 => {
                Ok(number as u64)
            }
            _ => Err(invalid(&format!("{key} is given as a whole number"))),
        };
        self.value(key).map(whole).transpose()
    }

    pub(crate) fn is(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| value.is_truthy())
    }

    pub(crate) fn seconds(&self, key: &str) -> Result<Option<Duration>, JsValue> {
        Ok(self.number(key)?.map(Duration::from_secs))
    }

    pub(crate) fn time(&self, key: &str) -> Result<Option<SystemTime>, JsValue> {
        let time = |value: JsValue| match value.dyn_ref::<Date>().map(Date::get_time) {
            Some(since) if (0.0..8.64e15).contains(&since) => Ok(UNIX_EPOCH + Duration::from_millis(since as u64)),
            _ => Err(invalid(&format!("{key} is given as a Date after 1970"))),
        };
        self.value(key).map(time).transpose()
    }

    pub(crate) fn texts(&self, key: &str) -> Result<Option<Vec<String>>, JsValue> {
        let wrong = || invalid(&format!("{key} is given as a list of strings"));
        let texts = |value: JsValue| {
            let list: js_sys::Array = value.dyn_into().map_err(|_| wrong())?;
            list.iter().map(|text| text.as_string().ok_or_else(wrong)).collect()
        };
        self.value(key).map(texts).transpose()
    }

    pub(crate) fn record(&self, key: &str) -> Result<Option<RecordRef>, JsValue> {
        self.text(key)?.map(|text| record(&text)).transpose()
    }

    pub(crate) fn address(&self, key: &str) -> Result<Option<Address>, JsValue> {
        self.text(key)?.map(|text| address(&text)).transpose()
    }

    pub(crate) fn confidentiality(&self) -> Result<Option<Confidentiality>, JsValue> {
        let wrong = |text: String| invalid(&format!("{text:?} is no confidentiality: N, R or V"));
        let level = |text: String| text.parse().map_err(|_| wrong(text));
        self.text("confidentiality")?.map(level).transpose()
    }

    pub(crate) fn purpose(&self) -> Result<Option<Purpose>, JsValue> {
        let Some(text) = self.text("purpose")? else { return Ok(None) };
        let all = (0..=u8::MAX).map_while(|code| Purpose::try_from(code).ok());
        let found = all.into_iter().find(|purpose| format!("{purpose:?}") == text);
        found.map(Some).ok_or_else(|| invalid(&format!("{text:?} is no purpose; the usual one is TREAT")))
    }

    /// What the app wants to be told; errors that it throws are its own.
    pub(crate) fn progress(&self) -> Result<impl Fn(Progress) + 'static, JsValue> {
        let tell = self.value("progress").map(|tell| tell.dyn_into::<Function>()).transpose();
        let tell = tell.map_err(|_| invalid("progress is given as a function"))?;
        Ok(move |progress: Progress| {
            let Some(tell) = &tell else { return };
            let report = Plain::new()
                .with("phase", format!("{:?}", progress.phase))
                .with("done", progress.done as f64)
                .maybe("total", progress.total.map(|total| total as f64));
            let _ = tell.call1(&JsValue::UNDEFINED, &report.done());
        })
    }
}

pub(crate) fn record(text: &str) -> Result<RecordRef, JsValue> {
    text.parse().map_err(|error: Error| thrown(error))
}

pub(crate) fn address(text: &str) -> Result<Address, JsValue> {
    hospital_record::names::parse_address(text).map_err(thrown)
}
