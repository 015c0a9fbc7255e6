//! The SDK for JavaScript. Nothing is decided here: each function passes its arguments on, and its result back.
#![cfg(target_family = "wasm")]

mod access;
mod acts;
mod boards;
mod chain;
mod client;
mod login;
mod options;
mod people;
mod problem;
mod records;
mod requests;
mod signal;
mod streams;
mod system;
mod values;

use std::panic;

use wasm_bindgen::prelude::*;

/// A panic is a bug. It ends the program, and says where.
#[wasm_bindgen(start)]
fn start() {
    panic::set_hook(Box::new(|panic| {
        let text = panic.to_string();
        let console = js_sys::Reflect::get(&js_sys::global(), &"console".into());
        let error =
            console.as_ref().map_err(Clone::clone).and_then(|console| js_sys::Reflect::get(console, &"error".into()));
        if let (Ok(console), Ok(error)) = (console, error.and_then(JsCast::dyn_into::<js_sys::Function>)) {
            let _ = error.call1(&console, &text.into());
        }
    }));
}
