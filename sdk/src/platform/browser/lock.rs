//! A Web Lock: one owner among all tabs and workers of an origin. The browser frees it when the owner ends, however it
//! ends.

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use js_sys::{Function, Promise};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::{navigator, object, part};

/// Held until it is dropped.
pub(super) struct WebLock {
    release: Function,
}

/// Why there is no lock.
pub(super) enum NoLock {
    /// This browser has no locks.
    Unknown,
    /// Somebody has it.
    Held,
}

impl WebLock {
    /// With `wait`, after the owners before it.
    pub(super) async fn take(name: &str, wait: bool) -> Result<Self, NoLock> {
        let locks = navigator().and_then(|navigator| part(&navigator, "locks")).ok_or(NoLock::Unknown)?;
        let request: Function =
            part(&locks, "request").and_then(|method| method.dyn_into().ok()).ok_or(NoLock::Unknown)?;
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        let (tell, told) = oneshot::channel();
        let granted = Closure::once(move |lock: JsValue| -> JsValue {
            let is_granted = !lock.is_null();
            // The caller may be gone: then the lock is free again at once.
            match tell.send(is_granted) {
                Ok(()) if is_granted => held.into(),
                _ => JsValue::UNDEFINED,
            }
        });
        let options = object([("ifAvailable", (!wait).into())]);
        let asked = request.call3(&locks, &name.into(), &options, granted.as_ref());
        let asked = JsFuture::from(Promise::resolve(&asked.map_err(|_| NoLock::Unknown)?));
        // The promise ends with the lock, or at once if the browser refuses.
        let is_granted = match select(told, asked).await {
            Either::Left((is_granted, asked)) => {
                spawn_local(async { drop(asked.await) });
                is_granted.map_err(|_| NoLock::Unknown)?
            }
            Either::Right((Ok(_), told)) => told.await.map_err(|_| NoLock::Unknown)?,
            Either::Right((Err(_), _)) => return Err(NoLock::Unknown),
        };
        drop(granted);
        match release.filter(|_| is_granted) {
            Some(release) => Ok(Self { release }),
            None => Err(NoLock::Held),
        }
    }
}

impl Drop for WebLock {
    fn drop(&mut self) {
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}
