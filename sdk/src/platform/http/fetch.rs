//! HTTP of a browser, by its `fetch`: connections, certificates and redirects are the browser's.

use std::{error::Error, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, stream};
use js_sys::{Array, ArrayBuffer, Object, Reflect, Uint8Array};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode,
    header::{HeaderMap, HeaderValue, RETRY_AFTER},
};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortController, Blob};

use super::{Piece, causes};
use crate::{
    base::task::{BoxStream, StreamInBox},
    platform::browser::{called, io_error, object},
};

/// Deadlines are those of the callers: `fetch` has none.
pub(super) fn build(_: bool, _: Duration, _: Duration) -> Result<Client, String> {
    Client::builder().build().map_err(|error| causes(&error))
}

/// A browser does not say whether a connection was made.
pub(crate) fn is_connect(_: &reqwest::Error) -> bool {
    false
}

/// A browser does not say why a connection failed.
pub(crate) fn is_wrong_certificate(_: &(dyn Error + 'static)) -> bool {
    false
}

/// The pieces of an answer.
pub(crate) struct Incoming(BoxStream<'static, reqwest::Result<Bytes>>);

impl Incoming {
    pub(crate) fn of(response: Response) -> Self {
        Self(response.bytes_stream().in_box())
    }

    fn whole(bytes: Bytes) -> Self {
        Self(stream::iter([Ok(bytes)]).in_box())
    }

    /// The next piece; `None` at a proper end.
    pub(crate) async fn next(&mut self) -> reqwest::Result<Option<Piece>> {
        Ok(self.0.next().await.transpose()?.map(Piece::Bytes))
    }
}

/// Ends what it controls when it is dropped.
struct Ending(AbortController);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Sends large bytes as a blob: a browser may take five times as long for bytes of a page. Of the headers of the answer it
/// returns the one that callers read.
pub(crate) async fn send_blob(
    request: RequestBuilder,
    bytes: &[u8],
) -> Result<(StatusCode, HeaderMap, Incoming), String> {
    let request = request.build().map_err(|error| causes(&error))?;
    sent(&request, bytes).await.map_err(|error| io_error(&error).to_string())
}

async fn sent(request: &reqwest::Request, bytes: &[u8]) -> Result<(StatusCode, HeaderMap, Incoming), JsValue> {
    let (headers, ending) = (Object::new(), Ending(AbortController::new()?));
    for (name, value) in request.headers() {
        Reflect::set(&headers, &name.as_str().into(), &value.to_str().unwrap_or_default().into())?;
    }
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes)))?;
    let options = object([
        ("method", request.method().as_str().into()),
        ("headers", headers.into()),
        ("body", blob.into()),
        ("credentials", "omit".into()),
        ("signal", ending.0.signal().into()),
    ]);
    let missing = || JsValue::from("this browser has no fetch");
    let arguments = [request.url().as_str().into(), options.into()];
    let response = called(&js_sys::global(), "fetch", &arguments).await.ok_or_else(missing)??;
    let status = Reflect::get(&response, &"status".into())?.as_f64().unwrap_or_default() as u16;
    let wait = called(&Reflect::get(&response, &"headers".into())?, "get", &[RETRY_AFTER.as_str().into()]).await;
    let wait = wait.and_then(Result::ok).and_then(|wait| HeaderValue::from_str(&wait.as_string()?).ok());
    let body = called(&response, "arrayBuffer", &[]).await.ok_or_else(missing)??.dyn_into::<ArrayBuffer>()?;
    let status = StatusCode::from_u16(status).map_err(|_| missing())?;
    let headers = wait.map(|wait| (RETRY_AFTER, wait)).into_iter().collect();
    Ok((status, headers, Incoming::whole(Uint8Array::new(&body).to_vec().into())))
}
