//! A database of the origin with one table of pages, and a row that says whose it is and how long.

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::JsFuture;

use super::{object, part, storage::FOLDER, thrown};

const TABLE: &str = "pages";
/// Keys of pages are numbers; these come after them.
const OWNER: &str = "owner";
const SIZE: &str = "size";

pub(super) struct Database(JsValue);

/// What a database holds.
pub(super) struct Stored {
    pub(super) size: usize,
    /// By number.
    pub(super) pages: Vec<(usize, Uint8Array)>,
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = call(&self.0, "close", &[]);
    }
}

impl Database {
    /// `None` if this browser has no databases; or if there is none of this name, and none is to be made.
    pub(super) async fn open(name: &str, create: bool) -> Result<Option<Self>, JsValue> {
        let Some(factory) = part(&js_sys::global(), "indexedDB") else { return Ok(None) };
        let opening = call(&factory, "open", &[format!("{FOLDER}/{name}").into(), 1.into()])?;
        let making = opening.clone();
        let upgrade = Closure::once(move || -> Result<(), JsValue> {
            match create {
                true => call(&result(&making)?, "createObjectStore", &[TABLE.into()]).map(drop),
                // It is not made, and the request ends with an error.
                false => call(&Reflect::get(&making, &"transaction".into())?, "abort", &[]).map(drop),
            }
        });
        Reflect::set(&opening, &"onupgradeneeded".into(), upgrade.as_ref())?;
        match ended(&opening, "onsuccess", "onerror").await {
            Ok(()) => Ok(Some(Self(result(&opening)?))),
            Err(error) if thrown(&error).0 == "AbortError" && !create => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn transaction(&self, mode: &str) -> Result<(JsValue, JsValue), JsValue> {
        // Reported as complete once the disk has it.
        let strict = object([("durability", "strict".into())]);
        let transaction = call(&self.0, "transaction", &[TABLE.into(), mode.into(), strict.into()])?;
        let table = call(&transaction, "objectStore", &[TABLE.into()])?;
        Ok((transaction, table))
    }

    /// Names the owner, and reads everything.
    pub(super) async fn take(&self, owner: f64) -> Result<Stored, JsValue> {
        let (transaction, table) = self.transaction("readwrite")?;
        call(&table, "put", &[owner.into(), OWNER.into()])?;
        let keys = call(&table, "getAllKeys", &[])?;
        let values = call(&table, "getAll", &[])?;
        complete(&transaction).await?;
        let (keys, values) = (Array::from(&result(&keys)?), Array::from(&result(&values)?));
        let mut stored = Stored { size: 0, pages: Vec::new() };
        for (key, value) in keys.iter().zip(values.iter()) {
            match (key.as_f64(), key.as_string().as_deref()) {
                (Some(number), _) => stored.pages.push((number as usize, value.dyn_into()?)),
                (_, Some(SIZE)) => stored.size = value.as_f64().unwrap_or_default() as usize,
                _ => {}
            }
        }
        Ok(stored)
    }

    /// Puts pages, and removes those without bytes. All of it, or nothing. `false` if somebody else is the owner by now.
    pub(super) async fn save(
        &self,
        owner: f64,
        size: usize,
        pages: &[(usize, Option<Uint8Array>)],
    ) -> Result<bool, JsValue> {
        let (transaction, table) = self.transaction("readwrite")?;
        let asked = call(&table, "get", &[OWNER.into()])?;
        ended(&asked, "onsuccess", "onerror").await?;
        if result(&asked)?.as_f64() != Some(owner) {
            return Ok(false);
        }
        if let Err(error) = changed(&table, size, pages) {
            // What was put before would be saved without the rest.
            call(&transaction, "abort", &[])?;
            return Err(error);
        }
        complete(&transaction).await?;
        Ok(true)
    }
}

fn changed(table: &JsValue, size: usize, pages: &[(usize, Option<Uint8Array>)]) -> Result<(), JsValue> {
    for (number, page) in pages {
        let number = JsValue::from(*number as f64);
        match page {
            Some(page) => call(table, "put", &[page.into(), number])?,
            None => call(table, "delete", &[number])?,
        };
    }
    call(table, "put", &[(size as f64).into(), SIZE.into()]).map(drop)
}

fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(object, &method.into())?.dyn_into()?;
    Reflect::apply(&function, object, &arguments.iter().collect())
}

fn result(request: &JsValue) -> Result<JsValue, JsValue> {
    Reflect::get(request, &"result".into())
}

async fn complete(transaction: &JsValue) -> Result<(), JsValue> {
    // Also a request that fails aborts it; only then the transaction knows why.
    ended(transaction, "oncomplete", "onabort").await
}

/// Waits for the event `done`; `Err` is the object's error, after the other one.
async fn ended(target: &JsValue, done: &str, failed: &str) -> Result<(), JsValue> {
    let end = Promise::new(&mut |resolve, reject| {
        let _ = Reflect::set(target, &done.into(), &resolve);
        let _ = Reflect::set(target, &failed.into(), &reject);
    });
    match JsFuture::from(end).await {
        Ok(_) => Ok(()),
        Err(_) => Err(Reflect::get(target, &"error".into())?),
    }
}
