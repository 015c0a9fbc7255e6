//! Systems and people.

use hospital_record::{
    Identity, Phrase, System,
    browser::{open_storage, open_storage_in_turn},
};
use wasm_bindgen::prelude::*;

use crate::{
    client::JsClient,
    options::{Options, person_number},
    problem::thrown,
    values::Plain,
};

/// A chain, its contract, and the stores: what a hospital's node offers.
#[wasm_bindgen(js_name = System)]
pub struct JsSystem(pub(crate) System);

#[wasm_bindgen(js_class = System)]
impl JsSystem {
    /// Joins a hospital's node by its address, such as `https://clinic.example`.
    #[wasm_bindgen(unchecked_return_type = "System")]
    pub async fn join(
        url: String,
        #[wasm_bindgen(unchecked_optional_param_type = "JoinOptions")] options: JsValue,
    ) -> Result<JsSystem, JsValue> {
        let options = Options::of(options, &["storage", "waitForStorage", "timeout", "witness"])?;
        let mut config = System::builder().join(url);
        if let Some(name) = options.text("storage")? {
            let memory = match options.is("waitForStorage")? {
                true => open_storage_in_turn(&name).await,
                false => open_storage(&name).await,
            };
            config = config.own_memory(memory.map_err(thrown)?);
        }
        if let Some(timeout) = options.seconds("timeout")? {
            config = config.timeout(timeout);
        }
        if let Some(witness) = options.text("witness")? {
            config = config.witness(witness);
        }
        config.connect().await.map(Self).map_err(thrown)
    }

    /// A person at this system.
    pub fn client(&self, identity: &JsIdentity) -> JsClient {
        JsClient(self.0.client(identity.0.clone()))
    }
}

/// A person: keys that never leave this program. They are wiped when this and all clients made of it are freed.
#[wasm_bindgen(js_name = Identity)]
pub struct JsIdentity(pub(crate) Identity);

#[wasm_bindgen(js_class = Identity)]
impl JsIdentity {
    /// A new person, and the phrase that restores it: show it once, to be written down.
    #[wasm_bindgen(unchecked_return_type = "{ identity: Identity, phrase: string }")]
    pub fn generate() -> Result<JsValue, JsValue> {
        let (identity, phrase) = Identity::generate().map_err(thrown)?;
        Ok(Plain::new().with("identity", JsIdentity(identity)).with("phrase", phrase.reveal()).done())
    }

    /// The person whose phrase this is; several people may have one phrase, by their numbers.
    #[wasm_bindgen(js_name = fromPhrase)]
    pub fn from_phrase(
        phrase: &str,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] number: JsValue,
    ) -> Result<JsIdentity, JsValue> {
        let phrase = Phrase::parse(phrase).map_err(thrown)?;
        let number = if number.is_undefined() { 0 } else { person_number(&number)? };
        Identity::from_phrase(&phrase, number).map(Self).map_err(thrown)
    }

    /// The account.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn address(&self) -> String {
        self.0.address().to_string()
    }
}
