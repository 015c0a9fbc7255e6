//! A person, and the groups of what a person does.

use hospital_record::{Client, record::Syncing};
use wasm_bindgen::prelude::*;

use crate::{
    access::{JsFolders, JsGrants},
    acts::JsActs,
    boards::JsBoards,
    chain,
    options::{Options, nothing, simple},
    people::{JsContacts, JsDirectory, JsVouches},
    requests::JsRequests,
    signal::ended,
    system::JsSystem,
    values::{acts, records, shown},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface SyncOptions extends Cancellable {
    /** The most bytes of contributed records that the patient's store keeps: 10 GiB unless it is said. */
    most?: number;
    /** The most bytes of one author: 1 GiB unless it is said. */
    mostOfOne?: number;
    /** Copies these, however large they are. */
    take?: RecordRef[];
}
"#;

/// A person at a system. Each group holds the person too, so the keys are wiped only when all of them are freed.
#[wasm_bindgen(js_name = Client)]
pub struct JsClient(pub(crate) Client);

#[wasm_bindgen(js_class = Client)]
impl JsClient {
    /// The account.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn address(&self) -> String {
        self.0.address().to_string()
    }

    /// Publishes this person's public keys, so that others can grant to them. Every call that writes does it first.
    pub async fn register(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<(), JsValue> {
        simple(options, self.0.register(), nothing).await.map(drop)
    }

    /// This person's card, for people who will grant to them.
    #[wasm_bindgen(unchecked_return_type = "string")]
    pub async fn card(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.card(), shown).await
    }

    /// This person's history, every link of it checked.
    #[wasm_bindgen(unchecked_return_type = "History")]
    pub async fn history(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "HistoryOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        chain::history(self.0.system(), self.0.address(), options).await
    }

    /// Finishes what a tab that was closed left undone.
    #[wasm_bindgen(unchecked_return_type = "Resumed")]
    pub async fn resume(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.resume(), acts::resumed).await
    }

    /// Moves stale keys on, then copies what others contributed into this person's store.
    #[wasm_bindgen(unchecked_return_type = "Synced")]
    pub async fn sync(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "SyncOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["most", "mostOfOne", "take", "signal"])?;
        let sync = options.set(self.0.sync(), "most", Options::number, Syncing::most)?;
        let sync = options.set(sync, "mostOfOne", Options::number, Syncing::most_of_one)?;
        let sync = options.set(sync, "take", Options::records, |sync, all| all.iter().fold(sync, Syncing::take))?;
        ended(options.signal(), sync, records::synced).await
    }
}

/// Groups of calls, by subject.
#[wasm_bindgen(js_class = Client)]
impl JsClient {
    /// The system that this person uses.
    #[wasm_bindgen(getter)]
    pub fn system(&self) -> JsSystem {
        JsSystem(self.0.system().clone())
    }

    /// This person's folders.
    #[wasm_bindgen(getter)]
    pub fn folders(&self) -> JsFolders {
        JsFolders(self.0.clone())
    }

    /// Grants that this person made, delegated and received.
    #[wasm_bindgen(getter)]
    pub fn grants(&self) -> JsGrants {
        JsGrants(self.0.clone())
    }

    /// People under names that this person chose.
    #[wasm_bindgen(getter)]
    pub fn contacts(&self) -> JsContacts {
        JsContacts(self.0.clone())
    }

    /// Practitioners in the directory of the joined node.
    #[wasm_bindgen(getter)]
    pub fn directory(&self) -> JsDirectory {
        JsDirectory(self.0.clone())
    }

    /// Requests for access.
    #[wasm_bindgen(getter)]
    pub fn requests(&self) -> JsRequests {
        JsRequests(self.0.clone())
    }

    /// Boards of k of n people, and their cases.
    #[wasm_bindgen(getter)]
    pub fn boards(&self) -> JsBoards {
        JsBoards(self.0.clone())
    }

    /// Public statements that an account is a hospital or a practitioner.
    #[wasm_bindgen(getter)]
    pub fn vouches(&self) -> JsVouches {
        JsVouches(self.0.clone())
    }

    /// Acts that others carry, and acts that the chain dropped.
    #[wasm_bindgen(getter)]
    pub fn acts(&self) -> JsActs {
        JsActs(self.0.clone())
    }
}
