//! What a web page has instead of files: storage of its origin, for [`own_memory`](crate::Config::own_memory).

mod file;
mod indexed_db;
mod lock;
mod pages;
mod storage;

use std::io;

use wasm_bindgen::{JsCast, JsValue};

pub use self::storage::{open_storage, open_storage_in_turn};

/// What the browser threw: its name, and its words.
fn thrown(error: &JsValue) -> (String, String) {
    let text = |key: &str| js_sys::Reflect::get(error, &key.into()).ok().and_then(|value| value.as_string());
    match error.dyn_ref::<js_sys::Object>() {
        Some(_) => (text("name").unwrap_or_default(), text("message").unwrap_or_default()),
        None => (String::new(), format!("{error:?}")),
    }
}

pub(super) fn io_error(error: &JsValue) -> io::Error {
    let (name, words) = thrown(error);
    let kind = match name.as_str() {
        "QuotaExceededError" => io::ErrorKind::StorageFull,
        "NotFoundError" => io::ErrorKind::NotFound,
        "NoModificationAllowedError" => io::ErrorKind::ResourceBusy,
        "NotAllowedError" | "SecurityError" => io::ErrorKind::PermissionDenied,
        _ => io::ErrorKind::Other,
    };
    io::Error::new(kind, format!("{name}: {words}"))
}

/// A part of an object, such as `navigator.storage`; `None` if this browser has none.
pub(super) fn part(object: &JsValue, name: &str) -> Option<JsValue> {
    let part = js_sys::Reflect::get(object, &name.into()).ok()?;
    (!part.is_undefined() && !part.is_null()).then_some(part)
}

/// A plain object, which takes every property.
pub(super) fn object<const N: usize>(parts: [(&str, JsValue); N]) -> js_sys::Object {
    let object = js_sys::Object::new();
    for (name, value) in parts {
        let _ = js_sys::Reflect::set(&object, &name.into(), &value);
    }
    object
}

/// The result of a method of this name; `None` if the object has none.
pub(super) async fn called(object: &JsValue, method: &str, arguments: &[JsValue]) -> Option<Result<JsValue, JsValue>> {
    let function: js_sys::Function = part(object, method)?.dyn_into().ok()?;
    Some(match js_sys::Reflect::apply(&function, object, &arguments.iter().collect()) {
        Ok(promise) => wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(&promise)).await,
        Err(error) => Err(error),
    })
}

/// Of a page, or of a worker.
fn navigator() -> Option<JsValue> {
    part(&js_sys::global(), "navigator")
}
