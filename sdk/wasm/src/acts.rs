//! Acts that others carry, and acts that the chain dropped: `client.acts`.

use hospital_record::{Client, Error, relay::SignedRequest};
use wasm_bindgen::prelude::*;

use crate::{
    boards::JsBoard,
    options::{address, hash, nothing, scope, simple},
    problem::thrown,
    values::{acts, each, shown},
};

/// Acts that others carry, and acts that the chain dropped: `client.acts`.
#[wasm_bindgen(js_name = Acts)]
pub struct JsActs(pub(crate) Client);

#[wasm_bindgen(js_class = Acts)]
impl JsActs {
    /// Entries that were confirmed and that the chain no longer shows.
    #[wasm_bindgen(unchecked_return_type = "MissingEntry[]")]
    pub async fn missing(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.acts().missing(), |all| each(all, acts::missing)).await
    }

    /// Gives up such an act, by its head or its transaction. Let a person decide this.
    #[wasm_bindgen(js_name = giveUp)]
    pub async fn give_up(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Hash")] name: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<(), JsValue> {
        simple(options, self.0.acts().give_up(hash("name", &name)?), nothing).await.map(drop)
    }

    /// Makes void what this person signed and nobody carried yet, but not revocations and vetoes.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn void(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.acts().void(), acts::confirmed).await
    }

    /// Makes void what this person signed for one board.
    #[wasm_bindgen(js_name = voidAt, unchecked_return_type = "Confirmed")]
    pub async fn void_at(
        &self,
        board: &JsBoard,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.acts().void_at(&board.0), acts::confirmed).await
    }

    /// Signs a revocation that anybody can carry at any time. It is text, for a file, a message or a QR code.
    #[wasm_bindgen(js_name = signRevocation, unchecked_return_type = "string")]
    pub async fn sign_revocation(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] grantee: String,
        #[wasm_bindgen(js_name = scopeId, unchecked_param_type = "ScopeId")] id: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.acts().sign_revocation(address(&grantee)?, scope(&id)?), shown).await
    }

    /// Has a signed request carried, of this person or of another one.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn carry(
        &self,
        #[wasm_bindgen(js_name = request)] signed: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.acts().carry(&request(&signed)?), acts::confirmed).await
    }

    /// Whether a signed request has taken effect, whoever carried it.
    #[wasm_bindgen(js_name = wasCarried, unchecked_return_type = "boolean")]
    pub async fn was_carried(
        &self,
        #[wasm_bindgen(js_name = request)] signed: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.acts().was_carried(&request(&signed)?), |was| (*was).into()).await
    }
}

fn request(text: &str) -> Result<SignedRequest, JsValue> {
    text.parse().map_err(|error: Error| thrown(error))
}
