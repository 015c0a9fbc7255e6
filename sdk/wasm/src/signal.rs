//! Calls that an `AbortSignal` ends. An add is cancelled, unless it is too late; what else was under way is finished by
//! `resume`.

use std::future::IntoFuture;

use futures::{
    FutureExt,
    channel::oneshot,
    future::{Either, LocalBoxFuture, select},
};
use hospital_record::{CancellationToken, ErrorKind};
use js_sys::{Function, Reflect};
use wasm_bindgen::prelude::*;

use crate::problem::{invalid, thrown};

/// The result of the work, or the signal's reason. Boxed work keeps one copy of this: it was a tenth of the bindings.
pub(crate) async fn until_aborted<T>(
    signal: Option<JsValue>,
    work: LocalBoxFuture<'_, Result<T, JsValue>>,
) -> Result<T, JsValue> {
    let Some(signal) = signal else { return work.await };
    let (tell, told) = oneshot::channel();
    let tell = move || {
        // Nobody waits once the work has ended.
        let _ = tell.send(());
    };
    let work = async {
        match select(work, told).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => Err(ended_early(&signal, true)),
        }
    };
    listening(&signal, tell, work.boxed_local()).await
}

/// What an act gives that can be cancelled until it is on its way. After that the signal changes nothing.
pub(crate) async fn cancellable<T, A>(
    signal: Option<JsValue>,
    act: A,
    cancel: impl Fn(A, CancellationToken) -> A,
    show: impl Fn(&T) -> JsValue,
) -> Result<JsValue, JsValue>
where
    A: IntoFuture<Output = hospital_record::Result<T>>,
{
    let Some(signal) = signal else { return ended(None, act, show).await };
    let token = CancellationToken::new();
    let act = cancel(act, token.clone());
    let work = async {
        act.await.map(|done| show(&done)).map_err(|error| match error.kind() {
            ErrorKind::Cancelled => ended_early(&signal, error.may_have_happened()),
            _ => thrown(error),
        })
    };
    listening(&signal, move || token.cancel(), work.boxed_local()).await
}

/// Does the work, and calls `tell` if the signal aborts meanwhile.
async fn listening<T>(
    signal: &JsValue,
    tell: impl FnOnce() + 'static,
    work: LocalBoxFuture<'_, Result<T, JsValue>>,
) -> Result<T, JsValue> {
    if Reflect::get(signal, &"aborted".into()).is_ok_and(|aborted| aborted.is_truthy()) {
        return Err(ended_early(signal, false));
    }
    let aborted = Closure::once(tell);
    listen(signal, "addEventListener", &aborted)?;
    let ended = work.await;
    listen(signal, "removeEventListener", &aborted)?;
    ended
}

/// The reason of a signal, which says like any other error whether the act may take effect all the same.
fn ended_early(signal: &JsValue, may_have_happened: bool) -> JsValue {
    let reason = Reflect::get(signal, &"reason".into()).unwrap_or_default();
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
