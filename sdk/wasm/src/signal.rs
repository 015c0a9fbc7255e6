//! Calls that an `AbortSignal` ends. What was under way then is finished by `resume`.

use std::future::IntoFuture;

use futures::{
    FutureExt,
    channel::oneshot,
    future::{Either, LocalBoxFuture, select},
};
use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;

use crate::problem::{invalid, thrown};

/// The result of the work, or the signal's reason. Boxed work keeps one copy of this: it was a tenth of the bindings.
pub(crate) async fn until_aborted<T>(
    signal: Option<JsValue>,
    work: LocalBoxFuture<'_, Result<T, JsValue>>,
) -> Result<T, JsValue> {
    let Some(signal) = signal else { return work.await };
    let reason = || Reflect::get(&signal, &"reason".into()).unwrap_or_default();
    if Reflect::get(&signal, &"aborted".into()).is_ok_and(|aborted| aborted.is_truthy()) {
        return Err(ended_early(reason(), false));
    }
    let (tell, told) = oneshot::channel();
    let aborted = Closure::once(move || {
        // Nobody waits once the work has ended.
        let _ = tell.send(());
    });
    listen(&signal, "addEventListener", &aborted)?;
    let ended = match select(work, told).await {
        Either::Left((done, _)) => done,
        Either::Right(_) => Err(ended_early(reason(), true)),
    };
    listen(&signal, "removeEventListener", &aborted)?;
    ended
}

/// The reason of a signal, which says like any other error whether the act may take effect all the same.
fn ended_early(reason: JsValue, may_have_happened: bool) -> JsValue {
    // A reason that is no object has no place for it.
    let _ = Reflect::set(&reason, &"mayHaveHappened".into(), &may_have_happened.into());
    reason
}

/// What an act of the SDK gives, shown as a plain object.
pub(crate) async fn ended<T>(
    signal: Option<JsValue>,
    act: impl IntoFuture<Output = hospital_record::Result<T>>,
    show: impl Fn(&T) -> JsValue,
) -> Result<JsValue, JsValue> {
    let work = async { act.await.map(|done| show(&done)).map_err(thrown) };
    until_aborted(signal, work.boxed_local()).await
}

fn listen(signal: &JsValue, method: &str, aborted: &Closure<dyn FnMut()>) -> Result<(), JsValue> {
    let method = Reflect::get(signal, &method.into()).ok().and_then(|method| method.dyn_into::<Function>().ok());
    let method = method.ok_or_else(|| invalid("signal is given as an AbortSignal"))?;
    method.call2(signal, &"abort".into(), aborted.as_ref()).map(drop)
}
