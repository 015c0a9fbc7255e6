//! Errors as JavaScript has them: an `Error` with the kind on which an app decides, and text for people.

use hospital_record::Error;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Every error of the SDK. `kind` is what an app decides on; `message` is for people. */
export interface HospitalRecordError extends Error {
    name: "HospitalRecordError";
    /** Such as "Denied", "NotFound", "Conflict", "Unreachable", "TimedOut", "Integrity", "Invalid". */
    kind: string;
    /** Whether the act may take effect all the same: `resume` tells. */
    mayHaveHappened: boolean;
}
"#;

/// Throws an error of the SDK.
pub(crate) fn thrown(error: Error) -> JsValue {
    problem(&format!("{:?}", error.kind()), &error.to_string(), error.may_have_happened())
}

/// Throws the error of an argument that is none of those expected.
pub(crate) fn invalid(what: &str) -> JsValue {
    problem("Invalid", what, false)
}

fn problem(kind: &str, message: &str, may_have_happened: bool) -> JsValue {
    let error = js_sys::Error::new(message);
    error.set_name("HospitalRecordError");
    let set = |key: &str, value: JsValue| drop(js_sys::Reflect::set(&error, &key.into(), &value));
    set("kind", kind.into());
    set("mayHaveHappened", may_have_happened.into());
    error.into()
}
