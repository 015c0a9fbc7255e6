//! By the browser's cipher, and by our own where the browser has none: a page that was not fetched over TLS.

use std::rc::Rc;

use hospital_record_core::{
    error::{CoreError, SealError},
    seal::stream::{ContentKey, SegmentFrame, StreamHeader, StreamOpener, StreamSealer, TAG},
};
use js_sys::{Array, Uint8Array};
use tokio::sync::OnceCell;
use wasm_bindgen::{JsCast, JsValue};
use zeroize::Zeroizing;

use crate::{
    base::error::Result,
    platform::browser::{called, object, part},
};

/// The key of a stream in the browser's hands, from which nobody gets it back.
struct WebKey {
    subtle: JsValue,
    key: JsValue,
}

impl WebKey {
    /// `None` where this place has no such cipher.
    async fn import(bytes: &Zeroizing<[u8; 32]>) -> Option<Self> {
        let subtle = part(&part(&js_sys::global(), "crypto")?, "subtle")?;
        let raw = Uint8Array::from(&bytes[..]);
        let usages = Array::of2(&"encrypt".into(), &"decrypt".into());
        let arguments = ["raw".into(), raw.clone().into(), "AES-GCM".into(), false.into(), usages.into()];
        let key = called(&subtle, "importKey", &arguments).await;
        // The browser has its own copy by now.
        raw.fill(0, 0, raw.length());
        Some(Self { key: key?.ok()?, subtle })
    }

    /// `None` if the browser refuses: a wrong tag, where it opens.
    async fn run(&self, method: &str, nonce: &[u8], input: &[u8]) -> Option<Vec<u8>> {
        let algorithm = object([
            ("name", "AES-GCM".into()),
            ("iv", Uint8Array::from(nonce).into()),
            ("tagLength", (TAG as u32 * 8).into()),
        ]);
        let arguments = [algorithm.into(), self.key.clone(), Uint8Array::from(input).into()];
        let output = called(&self.subtle, method, &arguments).await?.ok()?;
        let output: js_sys::ArrayBuffer = output.dyn_into().ok()?;
        Some(Uint8Array::new(&output).to_vec())
    }
}

#[derive(Clone)]
pub(crate) struct Sealer(Rc<(StreamSealer, Option<WebKey>)>);

impl Sealer {
    pub(crate) async fn new(key: &ContentKey, header: StreamHeader) -> Result<Self> {
        let web = WebKey::import(&header.segment_key(key)).await;
        Ok(Self(Rc::new((StreamSealer::new(key, header), web))))
    }

    /// The block of a segment.
    pub(crate) async fn seal(&self, index: u32, last: bool, plain: Vec<u8>) -> Result<Vec<u8>> {
        let (sealer, web) = &*self.0;
        let SegmentFrame { lead, nonce } = sealer.frame(index, last, plain.len()).map_err(CoreError::from)?;
        let Some(web) = web else { return Ok(sealer.seal(index, last, &plain).map_err(CoreError::from)?) };
        let sealed = web.run("encrypt", &nonce, &plain).await;
        let sealed = sealed.ok_or(SealError::Segment { index }).map_err(CoreError::from)?;
        Ok([lead, &sealed].concat())
    }
}

#[derive(Clone)]
pub(crate) struct Opener(Rc<Opening>);

struct Opening {
    opener: StreamOpener,
    key: Zeroizing<[u8; 32]>,
    web: OnceCell<Option<WebKey>>,
}

impl Opener {
    pub(crate) fn new(key: &ContentKey, header: StreamHeader) -> Self {
        let (segment_key, web) = (header.segment_key(key), OnceCell::new());
        Self(Rc::new(Opening { opener: StreamOpener::new(key, header), key: segment_key, web }))
    }

    /// The plaintext of a block, after its check.
    pub(crate) async fn open(&self, index: u32, last: bool, mut block: Vec<u8>) -> Result<Vec<u8>> {
        let Opening { opener, key, web } = &*self.0;
        let SegmentFrame { lead, nonce } = opener.frame(index, last, &block).map_err(CoreError::from)?;
        let Some(web) = web.get_or_init(|| WebKey::import(key)).await else {
            opener.open_in_place(index, last, &mut block).map_err(CoreError::from)?;
            return Ok(block);
        };
        let opened = web.run("decrypt", &nonce, block.get(lead.len()..).unwrap_or_default()).await;
        Ok(opened.ok_or(SealError::Segment { index }).map_err(CoreError::from)?)
    }
}
