//! Bytes from JavaScript and to it, piece by piece.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures::{FutureExt, Sink, SinkExt, StreamExt, TryStreamExt, channel::mpsc};
use hospital_record::{Source, record::Open};
use js_sys::{Function, Reflect, Uint8Array};
use tokio::io::AsyncWrite;
use tokio_util::io::StreamReader;
use wasm_bindgen::prelude::*;
use wasm_streams::ReadableStream;

use crate::{
    problem::{invalid, thrown},
    signal::until_aborted,
};

/// A source of a `Uint8Array`, text, a `Blob` or a `ReadableStream`.
pub(crate) fn source(name: &str, content: &JsValue) -> Result<Source, JsValue> {
    if let Some(text) = content.as_string() {
        return Ok(Source::bytes(name, text));
    }
    if let Some(bytes) = content.dyn_ref::<Uint8Array>() {
        return Ok(Source::bytes(name, bytes.to_vec()));
    }
    let stream =
        match Reflect::get(content, &"stream".into()).ok().and_then(|stream| stream.dyn_into::<Function>().ok()) {
            Some(of_blob) => of_blob.call0(content)?,
            None => content.clone(),
        };
    let stream: wasm_streams::readable::sys::ReadableStream = stream
        .dyn_into()
        .map_err(|_| invalid("the content of a record is a Uint8Array, a string, a Blob or a ReadableStream"))?;
    let in_use = |_| invalid("somebody else reads this stream: give one that nobody reads");
    let pieces = ReadableStream::from_raw(stream).try_into_stream().map_err(in_use)?.map(|piece| match piece {
        Ok(piece) => match piece.dyn_into::<Uint8Array>() {
            Ok(bytes) => Ok(Bytes::from(bytes.to_vec())),
            Err(_) => Err(io::Error::other("a piece of the stream is no Uint8Array")),
        },
        Err(error) => Err(io::Error::other(format!("the stream ended with an error: {error:?}"))),
    });
    Ok(Source::reader(name, StreamReader::new(pieces.into_stream())))
}

/// The plaintext as a `ReadableStream`, each piece after its check. The record is opened, and the reading logged, when
/// somebody reads.
pub(crate) fn readable(open: Open, signal: Option<JsValue>) -> JsValue {
    let pieces = async move {
        // One piece waits at a time.
        let (sender, receiver) = mpsc::channel(0);
        let mut end = sender.clone();
        wasm_bindgen_futures::spawn_local(async move {
            let mut pipe = Pipe(sender);
            let writing = async { open.to_writer(&mut pipe).await.map(drop).map_err(thrown) };
            if let Err(error) = until_aborted(signal, writing.boxed_local()).await {
                let _ = end.send(Err(error)).await;
            }
        });
        receiver
    };
    ReadableStream::from_stream(pieces.flatten_stream()).into_raw().into()
}

struct Pipe(mpsc::Sender<Result<JsValue, JsValue>>);

fn gone<E>(_: E) -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads the stream any more")
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.0.poll_ready(context)).map_err(gone)?;
        let piece = Uint8Array::from(bytes);
        Poll::Ready(Pin::new(&mut self.0).start_send(Ok(piece.into())).map(|()| bytes.len()).map_err(gone))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context).map_err(gone)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
