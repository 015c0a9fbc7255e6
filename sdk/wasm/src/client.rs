//! What a person does.

use futures::StreamExt;
use hospital_record::{Card, Client, Confidentiality, Grantee, Rights, record::Open};
use js_sys::Array;
use wasm_bindgen::prelude::*;

use crate::{
    options::{Options, address, record},
    problem::{invalid, thrown},
    signal::{ended, until_aborted},
    streams, values,
};

const OPEN: &[&str] = &["start", "end", "purpose", "attestedOnly", "progress", "signal"];

/// A person at a system.
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
    pub async fn register(&self) -> Result<(), JsValue> {
        self.0.register().await.map_err(thrown)
    }

    /// This person's card, for people who will grant to them.
    pub async fn card(&self) -> Result<String, JsValue> {
        self.0.card().await.map(|card| card.to_string()).map_err(thrown)
    }

    /// Encrypts, stores and registers a record.
    #[wasm_bindgen(unchecked_return_type = "Added")]
    pub async fn add(
        &self,
        name: String,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array | string | Blob | ReadableStream<Uint8Array>")]
        content: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AddOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(
            options,
            &[
                "folder",
                "confidentiality",
                "mediaType",
                "documentType",
                "title",
                "description",
                "keywords",
                "created",
                "patient",
                "progress",
                "signal",
            ],
        )?;
        let mut add = self.0.add(streams::source(&name, &content)?).progress(options.progress()?);
        if let Some(folder) = options.text("folder")? {
            add = add.folder(folder);
        }
        if let Some(level) = options.confidentiality()? {
            add = add.confidentiality(level);
        }
        if let Some(patient) = options.address("patient")? {
            add = add.patient(patient);
        }
        if let Some(media_type) = options.text("mediaType")? {
            add = add.media_type(media_type);
        }
        if let Some(loinc) = options.text("documentType")? {
            add = add.document_type(loinc);
        }
        if let Some(title) = options.text("title")? {
            add = add.title(title);
        }
        if let Some(description) = options.text("description")? {
            add = add.description(description);
        }
        if let Some(keywords) = options.texts("keywords")? {
            add = add.keywords(keywords);
        }
        if let Some(created) = options.time("created")? {
            add = add.created(created);
        }
        ended(options.signal(), add, values::added).await
    }

    /// The records of this person, or of a patient who shares them, newest first.
    #[wasm_bindgen(unchecked_return_type = "Listed[]")]
    pub async fn list(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ListOptions")] options: JsValue,
    ) -> Result<Array, JsValue> {
        let options = Options::of(options, &["patient", "folder", "attestedOnly", "signal"])?;
        let mut list = self.0.list();
        if let Some(patient) = options.address("patient")? {
            list = list.patient(patient);
        }
        if let Some(folder) = options.text("folder")? {
            list = list.folder(folder);
        }
        if options.is("attestedOnly") {
            list = list.attested_only();
        }
        let listing = async {
            let (mut records, listed) = (list.stream(), Array::new());
            while let Some(record) = records.next().await {
                listed.push(&values::listed(&record.map_err(thrown)?));
            }
            Ok(listed)
        };
        until_aborted(options.signal(), listing).await
    }

    /// Opens a record whole. Where this person is not the patient, the reading is logged on chain first.
    #[wasm_bindgen(unchecked_return_type = "Opened")]
    pub async fn open(
        &self,
        handle: String,
        #[wasm_bindgen(unchecked_optional_param_type = "OpenOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, OPEN)?;
        let open = self.opening(&handle, &options)?;
        ended(options.signal(), open, values::opened).await
    }

    /// Opens a record piece by piece, each after its check.
    #[wasm_bindgen(js_name = openStream, unchecked_return_type = "ReadableStream<Uint8Array>")]
    pub fn open_stream(
        &self,
        handle: String,
        #[wasm_bindgen(unchecked_optional_param_type = "OpenOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, OPEN)?;
        Ok(streams::readable(self.opening(&handle, &options)?, options.signal()))
    }

    fn opening(&self, handle: &str, options: &Options) -> Result<Open, JsValue> {
        let mut open = self.0.open(&record(handle)?).progress(options.progress()?);
        open = match (options.number("start")?.unwrap_or_default(), options.number("end")?) {
            (start, Some(end)) => open.range(start..end),
            (start, None) => open.range(start..),
        };
        if let Some(purpose) = options.purpose()? {
            open = open.purpose(purpose);
        }
        Ok(if options.is("attestedOnly") { open.attested_only() } else { open })
    }

    /// Gives somebody access, by their address or card.
    #[wasm_bindgen(unchecked_return_type = "Granted")]
    pub async fn grant(
        &self,
        #[wasm_bindgen(js_name = addressOrCard)] whom: String,
        #[wasm_bindgen(unchecked_optional_param_type = "GrantOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options =
            Options::of(options, &["folder", "confidentiality", "record", "rights", "purpose", "until", "signal"])?;
        let mut grant = self.0.grant(grantee(&whom)?);
        if let Some(folder) = options.text("folder")? {
            grant = grant.folder(folder);
        }
        if let Some(level) = options.confidentiality()? {
            grant = grant.confidentiality(level);
        }
        if let Some(record) = options.record("record")? {
            grant = grant.record(&record);
        }
        if let Some(rights) = options.texts("rights")? {
            grant = grant.rights(rights_of(&rights)?);
        }
        if let Some(purpose) = options.purpose()? {
            grant = grant.purpose(purpose);
        }
        if let Some(until) = options.time("until")? {
            grant = grant.until(until);
        }
        ended(options.signal(), grant, values::granted).await
    }

    /// Ends somebody's access, and moves the keys.
    #[wasm_bindgen(unchecked_return_type = "Revoked")]
    pub async fn revoke(
        &self,
        account: String,
        #[wasm_bindgen(unchecked_optional_param_type = "RevokeOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["folder", "confidentiality", "record", "bar", "signal"])?;
        match (options.is("folder"), options.is("record"), options.is("confidentiality")) {
            (true, true, _) => return Err(invalid("name a folder or a record, not both")),
            (false, _, true) => return Err(invalid("confidentiality is that of a folder: name the folder too")),
            _ => {}
        }
        let mut revoke = self.0.revoke(address(&account)?);
        if let Some(folder) = options.text("folder")? {
            revoke = revoke.folder(folder, options.confidentiality()?.unwrap_or(Confidentiality::N));
        }
        if let Some(record) = options.record("record")? {
            revoke = revoke.record(&record);
        }
        if options.is("bar") {
            revoke = revoke.bar();
        }
        ended(options.signal(), revoke, values::revoked).await
    }

    /// This person's history, every link of it checked.
    #[wasm_bindgen(unchecked_return_type = "History")]
    pub async fn history(&self) -> Result<JsValue, JsValue> {
        ended(None, self.0.history(), values::history).await
    }

    /// Finishes what a tab that was closed left undone.
    #[wasm_bindgen(unchecked_return_type = "Resumed")]
    pub async fn resume(&self) -> Result<JsValue, JsValue> {
        ended(None, self.0.resume(), values::resumed).await
    }
}

fn grantee(text: &str) -> Result<Grantee, JsValue> {
    match text.trim().starts_with("0x") {
        true => address(text).map(Grantee::from),
        false => text.parse::<Card>().map(|card| Grantee::from(&card)).map_err(thrown),
    }
}

fn rights_of(names: &[String]) -> Result<Rights, JsValue> {
    names.iter().try_fold(Rights::default(), |rights, name| {
        Ok(rights.and(match name.as_str() {
            "read" => Rights::READ,
            "contribute" => Rights::CONTRIBUTE,
            "delegate" => Rights::DELEGATE,
            "attest" => Rights::ATTEST,
            _ => return Err(invalid(&format!("{name:?} is no right: read, contribute, delegate, attest"))),
        }))
    })
}
