//! Options of calls, as plain objects.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hospital_record::{
    Address, B256, Card, Confidentiality, Error, Grantee, Progress, Purpose, RecordRef, Rights, grant::ScopeId,
};
use js_sys::{Array, Date, Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::{
    problem::{invalid, thrown},
    signal::ended,
    values::Plain,
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Where a person's state is kept, and how services are reached. */
export interface JoinOptions {
    /**
     * A name for what must survive the tab: accepted keys, histories that were seen, unfinished acts. One tab has it at a
     * time. A file in a dedicated worker, else a database. Without it all of this is forgotten with the page.
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

export interface Cancellable {
    /** Ends the call. What was under way is finished by `resume`. */
    signal?: AbortSignal;
}
"#;

/// What a call acts on, and how far. A variable that happens to be undefined must not widen it.
const BOUNDS: &[&str] = &[
    "folder",
    "record",
    "patient",
    "author",
    "confidentiality",
    "rights",
    "purpose",
    "until",
    "start",
    "end",
    "scope",
    "to",
    "by",
    "trustedBy",
    "trustedHead",
    "lasting",
    "answerBy",
    "most",
    "mostOfOne",
    "storage",
    "witness",
];

/// Options that a caller may have left out.
pub(crate) struct Options(JsValue);

impl Options {
    /// A misspelt option must not change what a call does.
    pub(crate) fn of(value: JsValue, known: &[&str]) -> Result<Self, JsValue> {
        if value.is_undefined() || value.is_null() {
            return Ok(Self(value));
        }
        let Some(object) = value.dyn_ref::<Object>() else { return Err(invalid("options are given as an object")) };
        let options = Self(value.clone());
        for name in Object::keys(object).iter().filter_map(|key| key.as_string()) {
            let name = name.as_str();
            if !known.contains(&name) {
                return Err(invalid(&format!("there is no option {name:?} here: {}", known.join(", "))));
            }
            if BOUNDS.contains(&name) && options.value(name).is_none() {
                return Err(invalid(&format!("{name} is given without a value: leave it out, or say which")));
            }
        }
        Ok(options)
    }

    /// Gives a builder an option, if the caller did.
    pub(crate) fn set<B, T>(
        &self,
        build: B,
        key: &str,
        read: impl Fn(&Self, &str) -> Result<Option<T>, JsValue>,
        with: impl FnOnce(B, T) -> B,
    ) -> Result<B, JsValue> {
        Ok(match read(self, key)? {
            Some(value) => with(build, value),
            None => build,
        })
    }

    /// Gives a builder an option that is on or off.
    pub(crate) fn flag<B>(&self, build: B, key: &str, with: impl FnOnce(B) -> B) -> Result<B, JsValue> {
        Ok(if self.is(key)? { with(build) } else { build })
    }

    /// Whether the caller gave an option: not as `undefined`, `null` or `false`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| value != JsValue::FALSE)
    }

    /// Refuses two options of which one would be ignored.
    pub(crate) fn not_both(&self, one: &str, other: &str) -> Result<(), JsValue> {
        match self.has(one) && self.has(other) {
            true => Err(invalid(&format!("give {one} or {other}, not both"))),
            false => Ok(()),
        }
    }

    pub(crate) fn value(&self, key: &str) -> Option<JsValue> {
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
        self.value(key).map(|value| whole(key, &value)).transpose()
    }

    /// `"false"` is no `false`.
    pub(crate) fn is(&self, key: &str) -> Result<bool, JsValue> {
        let value = self.value(key).unwrap_or(JsValue::FALSE);
        value.as_bool().ok_or_else(|| invalid(&format!("{key} is given as true or false")))
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
        self.value(key).map(|value| texts(key, value)).transpose()
    }

    pub(crate) fn addresses(&self, key: &str) -> Result<Option<Vec<Address>>, JsValue> {
        self.value(key).map(|value| addresses(key, value)).transpose()
    }

    pub(crate) fn record(&self, key: &str) -> Result<Option<RecordRef>, JsValue> {
        self.text(key)?.map(|text| record(&text)).transpose()
    }

    pub(crate) fn records(&self, key: &str) -> Result<Option<Vec<RecordRef>>, JsValue> {
        self.texts(key)?.map(|texts| texts.iter().map(|text| record(text)).collect()).transpose()
    }

    pub(crate) fn address(&self, key: &str) -> Result<Option<Address>, JsValue> {
        self.text(key)?.map(|text| address(&text)).transpose()
    }

    pub(crate) fn grantee(&self, key: &str) -> Result<Option<Grantee>, JsValue> {
        self.text(key)?.map(|text| grantee(&text)).transpose()
    }

    pub(crate) fn hash(&self, key: &str) -> Result<Option<B256>, JsValue> {
        self.text(key)?.map(|text| hash(key, &text)).transpose()
    }

    pub(crate) fn scope(&self, key: &str) -> Result<Option<ScopeId>, JsValue> {
        self.text(key)?.map(|text| scope(&text)).transpose()
    }

    pub(crate) fn confidentiality(&self, key: &str) -> Result<Option<Confidentiality>, JsValue> {
        self.text(key)?.map(|text| level(&text)).transpose()
    }

    pub(crate) fn purpose(&self, key: &str) -> Result<Option<Purpose>, JsValue> {
        let Some(text) = self.text(key)? else { return Ok(None) };
        let mut all = (0..=u8::MAX).map_while(|code| Purpose::try_from(code).ok());
        let found = all.find(|purpose| format!("{purpose:?}") == text);
        found.map(Some).ok_or_else(|| invalid(&format!("{text:?} is no purpose; the usual one is TREAT")))
    }

    pub(crate) fn rights(&self, key: &str) -> Result<Option<Rights>, JsValue> {
        self.texts(key)?.map(|names| rights(&names)).transpose()
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

/// An act without options but a signal, as `ended` shows it.
pub(crate) async fn simple<T>(
    options: JsValue,
    act: impl IntoFuture<Output = hospital_record::Result<T>>,
    show: impl Fn(&T) -> JsValue,
) -> Result<JsValue, JsValue> {
    ended(Options::of(options, &["signal"])?.signal(), act, show).await
}

/// For acts that give nothing.
pub(crate) fn nothing<T>(_: &T) -> JsValue {
    JsValue::UNDEFINED
}

pub(crate) fn record(text: &str) -> Result<RecordRef, JsValue> {
    text.parse().map_err(|error: Error| thrown(error))
}

pub(crate) fn address(text: &str) -> Result<Address, JsValue> {
    hospital_record::names::parse_address(text).map_err(thrown)
}

pub(crate) fn card(text: &str) -> Result<Card, JsValue> {
    text.parse().map_err(|error: Error| thrown(error))
}

/// An address or a card.
pub(crate) fn grantee(text: &str) -> Result<Grantee, JsValue> {
    match text.trim().starts_with("0x") {
        true => address(text).map(Grantee::from),
        false => card(text).map(|card| Grantee::from(&card)),
    }
}

pub(crate) fn scope(text: &str) -> Result<ScopeId, JsValue> {
    text.parse().map_err(|error: Error| thrown(error))
}

pub(crate) fn hash(key: &str, text: &str) -> Result<B256, JsValue> {
    text.parse().map_err(|_| invalid(&format!("{key} is given as 0x and 64 hex digits")))
}

pub(crate) fn level(text: &str) -> Result<Confidentiality, JsValue> {
    text.parse().map_err(|_| invalid(&format!("{text:?} is no confidentiality: N, R or V")))
}

/// JavaScript would make another number of `1.9`, `NaN` or `""`.
pub(crate) fn whole(key: &str, value: &JsValue) -> Result<u64, JsValue> {
    match value.as_f64() {
        Some(number) if (0.0..=9_007_199_254_740_991.0).contains(&number) && number.fract() == 0.0 => Ok(number as u64),
        _ => Err(invalid(&format!("{key} is given as a whole number"))),
    }
}

/// The number of a person of a phrase.
pub(crate) fn person_number(value: &JsValue) -> Result<u32, JsValue> {
    u32::try_from(whole("number", value)?).map_err(|_| invalid("number is at most 4294967295"))
}

pub(crate) fn texts(key: &str, value: JsValue) -> Result<Vec<String>, JsValue> {
    let wrong = || invalid(&format!("{key} is given as a list of strings"));
    let list: Array = value.dyn_into().map_err(|_| wrong())?;
    list.iter().map(|text| text.as_string().ok_or_else(wrong)).collect()
}

pub(crate) fn addresses(key: &str, value: JsValue) -> Result<Vec<Address>, JsValue> {
    texts(key, value)?.iter().map(|text| address(text)).collect()
}

fn rights(names: &[String]) -> Result<Rights, JsValue> {
    names.iter().try_fold(Rights::default(), |rights, name| {
        Ok(rights.and(match name.as_str() {
            "read" => Rights::READ,
            "contribute" => Rights::CONTRIBUTE,
            "delegate" => Rights::DELEGATE,
            "attest" => Rights::ATTEST,
            _ => return Err(invalid(&format!("{name:?} is no right: read, contribute, delegate, attest"))),
        }))
    })
}
