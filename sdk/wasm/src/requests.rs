//! Requests for access: `client.requests`.

use hospital_record::{
    Client,
    request::{AccessRequest, Ask, ListRequests},
};
use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::{
    access,
    options::{Options, address, grantee, hash, simple},
    signal::ended,
    values::{Plain, acts, cut, list, requests, text},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface AskOptions extends Cancellable {
    /** Just to read, unless it is said. */
    rights?: Right[];
    /** "TREAT" unless it is said. */
    purpose?: Purpose;
    /** For a year, unless it is said. */
    until?: Date;
    /** Until it is revoked. */
    noEnd?: boolean;
    /** When the request closes: in 30 days, unless it is said. */
    answerBy?: Date;
}

export interface ListRequestsOptions extends Cancellable {
    /** Looks for vouches for each asker from these authorities. */
    trustedBy?: Address[];
    /** Only the requests of this account. */
    by?: Address;
}

export interface Inbox {
    /** Of contacts first, then of accounts that an authority vouches for, then of others; newest first in each part. */
    requests: AccessRequest[];
    cut: Cut;
}
"#;

/// A request for access, as `answer` takes it.
#[wasm_bindgen(js_name = AccessRequest)]
pub struct JsAccessRequest(AccessRequest);

#[wasm_bindgen(js_class = AccessRequest)]
impl JsAccessRequest {
    /// Its id on chain.
    #[wasm_bindgen(getter, unchecked_return_type = "Hash")]
    pub fn id(&self) -> JsValue {
        text(self.0.id)
    }

    /// All of it as a plain object.
    #[wasm_bindgen(getter, unchecked_return_type = "AccessRequestDetails")]
    pub fn details(&self) -> JsValue {
        requests::details(&self.0)
    }
}

/// Requests for access: `client.requests`.
#[wasm_bindgen(js_name = Requests)]
pub struct JsRequests(pub(crate) Client);

#[wasm_bindgen(js_class = Requests)]
impl JsRequests {
    /// Asks a patient for access, by their address or card. Only the patient can read the reason.
    #[wasm_bindgen(unchecked_return_type = "Asked")]
    pub async fn ask(
        &self,
        #[wasm_bindgen(js_name = addressOrCard)] patient: String,
        reason: String,
        #[wasm_bindgen(unchecked_optional_param_type = "AskOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["rights", "purpose", "until", "noEnd", "answerBy", "signal"])?;
        options.not_both("until", "noEnd")?;
        let ask = self.0.requests().ask(grantee(&patient)?).reason(reason);
        let ask = options.set(ask, "rights", Options::rights, Ask::rights)?;
        let ask = options.set(ask, "purpose", Options::purpose, Ask::purpose)?;
        let ask = options.set(ask, "until", Options::time, Ask::until)?;
        let ask = options.flag(ask, "noEnd", Ask::no_end)?;
        let ask = options.set(ask, "answerBy", Options::time, Ask::answer_by)?;
        ended(options.signal(), ask, requests::asked).await
    }

    /// Open requests for access to this person's records. It writes nothing.
    #[wasm_bindgen(unchecked_return_type = "Inbox")]
    pub async fn list(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ListRequestsOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["trustedBy", "by", "signal"])?;
        let inbox = self.0.requests().list();
        let inbox = options.set(inbox, "trustedBy", Options::addresses, |inbox, by| inbox.trusted_by(&by))?;
        let inbox = options.set(inbox, "by", Options::address, ListRequests::by)?;
        let show = |requests: &[AccessRequest]| -> Array { list(requests.iter().cloned().map(JsAccessRequest)) };
        ended(options.signal(), inbox, |inbox| {
            Plain::new().with("requests", show(&inbox.requests)).with("cut", cut(&inbox.cut)).done()
        })
        .await
    }

    /// Grants exactly what was asked for, or less. It fails if it would give more.
    #[wasm_bindgen(unchecked_return_type = "Granted")]
    pub async fn answer(
        &self,
        request: &JsAccessRequest,
        #[wasm_bindgen(unchecked_optional_param_type = "AnswerOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        access::make(self.0.requests().answer(&request.0), Options::of(options, access::GRANT)?).await
    }

    /// Withdraws a request of this person.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn withdraw(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_param_type = "Hash")] id: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.requests().withdraw(address(&patient)?, hash("id", &id)?), acts::confirmed).await
    }
}
