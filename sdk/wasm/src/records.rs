//! What a person does with records.

use futures::StreamExt;
use hospital_record::{
    Source,
    record::{Add, AddMany, List, MarkInError, Open, Replace},
};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use wasm_streams::ReadableStream;

use crate::{
    client::JsClient,
    options::{Options, record, simple},
    problem::{invalid, thrown},
    signal::{cancellable, ended},
    streams,
    values::{acts, each, records},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export type Content = Uint8Array | string | Blob | ReadableStream<Uint8Array>;

interface SharedDetails {
    mediaType?: string;
    /** LOINC code of the kind of document. */
    documentType?: string;
    keywords?: string[];
    created?: Date;
}

interface Details extends SharedDetails {
    title?: string;
    description?: string;
}

interface Reporting extends Cancellable {
    progress?: (report: ProgressReport) => void;
}

interface Placed {
    folder?: string;
    /** "N" unless it is said. */
    confidentiality?: Confidentiality;
    /** A patient who lets this person contribute. */
    patient?: Address;
}

export interface AddOptions extends Reporting, Placed, Details {}

export interface AddManyOptions extends Reporting, Placed, SharedDetails {}

/** One of several files. The details of the call have priority over its own. */
export interface NamedContent extends Details {
    name: string;
    content: Content;
}

export interface ReplaceOptions extends Reporting, Details {
    /** The author of the old version, if several accounts added its id. */
    author?: Address;
}

export interface MarkOptions extends Cancellable {
    /** The author of the record, if several accounts added its id. */
    author?: Address;
}

export interface ListStreamOptions {
    patient?: Address;
    folder?: string;
    attestedOnly?: boolean;
    /** Counts only attestations by accounts for which these authorities vouch. */
    trustedBy?: Address[];
}

export interface ListOptions extends ListStreamOptions, Cancellable {}

export interface OpenOptions extends Reporting {
    /** The first byte, and the one after the last. */
    start?: number;
    end?: number;
    /** Such as "TREAT"; else the purpose of the grant. */
    purpose?: Purpose;
    /** Does not log the reading on chain. Honest readers log each reading. */
    unlogged?: boolean;
    /** Refuses a record without an attestation that counts. */
    attestedOnly?: boolean;
    /** Counts only attestations by accounts for which these authorities vouch. */
    trustedBy?: Address[];
}
"#;

const SHARED: &[&str] = &["mediaType", "documentType", "keywords", "created"];
const OWN: &[&str] = &["title", "description"];
const PLACE: &[&str] = &["folder", "confidentiality", "patient"];
const REPORT: &[&str] = &["progress", "signal"];
const LIST: &[&str] = &["patient", "folder", "attestedOnly", "trustedBy"];
const OPEN: &[&str] = &["start", "end", "purpose", "unlogged", "attestedOnly", "trustedBy"];

/// Details that several records can share. The builders have no trait in common.
macro_rules! shared_details {
    ($options:expr, $record:expr, $builder:ident) => {{
        let record = $options.set($record, "mediaType", Options::text, $builder::media_type)?;
        let record = $options.set(record, "documentType", Options::text, $builder::document_type)?;
        let record = $options.set(record, "keywords", Options::texts, $builder::keywords)?;
        $options.set(record, "created", Options::time, $builder::created)?
    }};
}

/// Details of one record.
macro_rules! details {
    ($options:expr, $record:expr, $builder:ident) => {{
        let record = shared_details!($options, $record, $builder);
        let record = $options.set(record, "title", Options::text, $builder::title)?;
        $options.set(record, "description", Options::text, $builder::description)?
    }};
}

/// Where a record goes.
macro_rules! placed {
    ($options:expr, $record:expr, $builder:ident) => {{
        let record = $options.set($record, "folder", Options::text, $builder::folder)?;
        let record = $options.set(record, "confidentiality", Options::confidentiality, $builder::confidentiality)?;
        let record = $options.set(record, "patient", Options::address, $builder::patient)?;
        record.progress($options.progress()?)
    }};
}

/// Writes records.
#[wasm_bindgen(js_class = Client)]
impl JsClient {
    /// Encrypts, stores and registers a record. A signal cancels it until it is on its way to the chain: then nothing is added.
    #[wasm_bindgen(unchecked_return_type = "Added")]
    pub async fn add(
        &self,
        name: String,
        #[wasm_bindgen(unchecked_param_type = "Content")] content: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AddOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &[PLACE, SHARED, OWN, REPORT].concat())?;
        let add = self.0.add(streams::source(&name, &content)?);
        let add = details!(options, placed!(options, add, Add), Add);
        cancellable(options.signal(), add, Add::cancel, records::added).await
    }

    /// Adds several records to one folder, at most 100, in one transaction if a block is large enough.
    #[wasm_bindgen(js_name = addMany, unchecked_return_type = "Added[]")]
    pub async fn add_many(
        &self,
        #[wasm_bindgen(unchecked_param_type = "NamedContent[]")] files: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "AddManyOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &[PLACE, SHARED, REPORT].concat())?;
        let files: Array = files.dyn_into().map_err(|_| invalid("files are given as a list"))?;
        let sources: Vec<Source> = files.iter().map(file).collect::<Result<_, _>>()?;
        let add = self.0.add_many(sources);
        let add = shared_details!(options, placed!(options, add, AddMany), AddMany);
        cancellable(options.signal(), add, AddMany::cancel, |all: &Vec<_>| each(all, records::added)).await
    }

    /// Adds a new version of a record. Without a name it keeps the old one, as it keeps every detail that is not given.
    #[wasm_bindgen(unchecked_return_type = "Added")]
    pub async fn replace(
        &self,
        #[wasm_bindgen(js_name = record, unchecked_param_type = "RecordRef")] handle: String,
        #[wasm_bindgen(unchecked_param_type = "string | undefined")] name: Option<String>,
        #[wasm_bindgen(unchecked_param_type = "Content")] content: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "ReplaceOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &[&["author"], SHARED, OWN, REPORT].concat())?;
        let source = streams::source(name.as_deref().unwrap_or_default(), &content)?;
        let replace = self.0.replace(&record(&handle)?, source).progress(options.progress()?);
        let replace = match name {
            // The name of a source alone would give way to that of the old version.
            Some(name) => replace.name(name),
            None => replace,
        };
        let replace = options.set(replace, "author", Options::address, Replace::author)?;
        cancellable(options.signal(), details!(options, replace, Replace), Replace::cancel, records::added).await
    }

    /// Encrypts a record again under a new key, for the current readers of its folder.
    #[wasm_bindgen(unchecked_return_type = "Added")]
    pub async fn reencrypt(
        &self,
        #[wasm_bindgen(js_name = record, unchecked_param_type = "RecordRef")] handle: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.reencrypt(&record(&handle)?), records::added).await
    }

    /// Marks a record as entered in error, for good. It stays in the history.
    #[wasm_bindgen(js_name = markEnteredInError, unchecked_return_type = "Confirmed")]
    pub async fn mark_entered_in_error(
        &self,
        #[wasm_bindgen(js_name = record, unchecked_param_type = "RecordRef")] handle: String,
        #[wasm_bindgen(unchecked_optional_param_type = "MarkOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["author", "signal"])?;
        let mark = self.0.mark_entered_in_error(&record(&handle)?);
        let mark = options.set(mark, "author", Options::address, MarkInError::author)?;
        ended(options.signal(), mark, acts::confirmed).await
    }

    /// Attests a record of a patient who gave this person the right to. It cannot be taken back.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn attest(
        &self,
        #[wasm_bindgen(js_name = record, unchecked_param_type = "RecordRef")] handle: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.attest(&record(&handle)?), acts::confirmed).await
    }
}

/// Reads records.
#[wasm_bindgen(js_class = Client)]
impl JsClient {
    /// The records of this person, or of a patient who shares them, newest first.
    #[wasm_bindgen(unchecked_return_type = "Listed[]")]
    pub async fn list(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ListOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &[LIST, &["signal"]].concat())?;
        ended(options.signal(), self.listing(&options)?, |all| each(all, records::listed)).await
    }

    /// The same, each as soon as it is read. Cancel the stream to end it.
    #[wasm_bindgen(js_name = listStream, unchecked_return_type = "ReadableStream<Listed>")]
    pub fn list_stream(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "ListStreamOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let listing = self.listing(&Options::of(options, LIST)?)?;
        let listed = listing.stream().map(|listed| listed.map(|listed| records::listed(&listed)).map_err(thrown));
        Ok(ReadableStream::from_stream(listed).into_raw().into())
    }

    fn listing(&self, options: &Options) -> Result<List, JsValue> {
        let list = options.set(self.0.list(), "patient", Options::address, List::patient)?;
        let list = options.set(list, "folder", Options::text, List::folder)?;
        let list = options.flag(list, "attestedOnly", List::attested_only)?;
        options.set(list, "trustedBy", Options::addresses, |list, by| list.trusted_by(&by))
    }

    /// Opens a record whole. Where this person is not the patient, the reading is logged on chain first.
    #[wasm_bindgen(unchecked_return_type = "Opened")]
    pub async fn open(
        &self,
        #[wasm_bindgen(js_name = record, unchecked_param_type = "RecordRef")] handle: String,
        #[wasm_bindgen(unchecked_optional_param_type = "OpenOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &[OPEN, REPORT].concat())?;
        ended(options.signal(), self.opening(&handle, &options)?, records::opened).await
    }

    /// Opens a record piece by piece, each after its check, as somebody reads.
    #[wasm_bindgen(js_name = openStream, unchecked_return_type = "ReadableStream<Uint8Array>")]
    pub fn open_stream(
        &self,
        #[wasm_bindgen(js_name = record, unchecked_param_type = "RecordRef")] handle: String,
        #[wasm_bindgen(unchecked_optional_param_type = "OpenOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &[OPEN, REPORT].concat())?;
        Ok(streams::readable(self.opening(&handle, &options)?, options.signal()))
    }

    /// Reads only a record's metadata. It logs nothing, because it does not decrypt the content.
    #[wasm_bindgen(js_name = openMetadata, unchecked_return_type = "Metadata")]
    pub async fn open_metadata(
        &self,
        #[wasm_bindgen(js_name = record, unchecked_param_type = "RecordRef")] handle: String,
        #[wasm_bindgen(unchecked_optional_param_type = "OpenOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &[OPEN, REPORT].concat())?;
        ended(options.signal(), self.opening(&handle, &options)?.metadata(), records::metadata).await
    }

    fn opening(&self, handle: &str, options: &Options) -> Result<Open, JsValue> {
        let open = self.0.open(&record(handle)?).progress(options.progress()?);
        let open = match (options.number("start")?.unwrap_or_default(), options.number("end")?) {
            (start, Some(end)) => open.range(start..end),
            (start, None) => open.range(start..),
        };
        let open = options.set(open, "purpose", Options::purpose, Open::purpose)?;
        let open = options.flag(open, "unlogged", Open::unlogged)?;
        let open = options.flag(open, "attestedOnly", Open::attested_only)?;
        options.set(open, "trustedBy", Options::addresses, |open, by| open.trusted_by(&by))
    }
}

/// One of several files.
fn file(value: JsValue) -> Result<Source, JsValue> {
    let file = Options::of(value, &[&["name", "content"], SHARED, OWN].concat())?;
    let name = file.text("name")?.ok_or_else(|| invalid("each file is given with its name"))?;
    let source = streams::source(&name, &file.value("content").unwrap_or_default())?;
    Ok(details!(file, source, Source))
}
