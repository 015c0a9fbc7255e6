//! Who has access: grants and folders.

use hospital_record::{
    Client, Confidentiality,
    grant::{Grant, Revoke},
};
use wasm_bindgen::prelude::*;

use crate::{
    client::JsClient,
    options::{Options, address, grantee, level, scope, simple},
    problem::invalid,
    signal::ended,
    values::{access, acts, each},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What any grant takes: by default to read the folder "personal" of confidentiality "N". */
interface AnyGrantOptions extends Cancellable {
    folder?: string;
    confidentiality?: Confidentiality;
    /** One record instead of a folder. */
    record?: RecordRef;
    /** Just these. */
    rights?: Right[];
    purpose?: Purpose;
    until?: Date;
    /** Until it is revoked. */
    noEnd?: boolean;
    /** The name that this person gives to the grantee. */
    name?: string;
    /** Looks for vouches for the grantee from these authorities. The grant does not depend on them. */
    trustedBy?: Address[];
}

/** For one year, unless it is said. */
export interface GrantOptions extends AnyGrantOptions {
    /** Delegates access to a folder of this patient. A record names its patient itself. */
    patient?: Address;
}

/** Exactly what was asked for, unless less is said. */
export interface AnswerOptions extends AnyGrantOptions {}

/** For emergencies, and one year, unless it is said. */
export interface BoardGrantOptions extends AnyGrantOptions {}

export interface RevokeOptions extends Cancellable {
    /** One folder, or one record; else everything. */
    folder?: string;
    /** Of that folder; "N" unless it is said. */
    confidentiality?: Confidentiality;
    record?: RecordRef;
    /** No delegate may give this access again. */
    bar?: boolean;
    /** Leaves the new keys to the next write. */
    inAHurry?: boolean;
}
"#;

pub(crate) const GRANT: &[&str] =
    &["folder", "confidentiality", "record", "rights", "purpose", "until", "noEnd", "name", "trustedBy", "signal"];

/// Makes a grant with the options that any grant takes.
pub(crate) async fn make(grant: Grant, options: Options) -> Result<JsValue, JsValue> {
    options.not_both("until", "noEnd")?;
    options.not_both("folder", "record")?;
    options.not_both("confidentiality", "record")?;
    let grant = options.set(grant, "folder", Options::text, Grant::folder)?;
    let grant = options.set(grant, "confidentiality", Options::confidentiality, Grant::confidentiality)?;
    let grant = options.set(grant, "record", Options::record, |grant, record| grant.record(&record))?;
    let grant = options.set(grant, "rights", Options::rights, Grant::rights)?;
    let grant = options.set(grant, "purpose", Options::purpose, Grant::purpose)?;
    let grant = options.set(grant, "until", Options::time, Grant::until)?;
    let grant = options.flag(grant, "noEnd", Grant::no_end)?;
    let grant = options.set(grant, "name", Options::text, Grant::name)?;
    let grant = options.set(grant, "trustedBy", Options::addresses, |grant, by| grant.trusted_by(&by))?;
    ended(options.signal(), grant, access::granted).await
}

/// Gives access, and ends it.
#[wasm_bindgen(js_class = Client)]
impl JsClient {
    /// Gives somebody access, by their address or card.
    #[wasm_bindgen(unchecked_return_type = "Granted")]
    pub async fn grant(
        &self,
        #[wasm_bindgen(js_name = addressOrCard)] whom: String,
        #[wasm_bindgen(unchecked_optional_param_type = "GrantOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &[GRANT, &["patient"]].concat())?;
        options.not_both("patient", "record")?;
        let grant = options.set(self.0.grant(grantee(&whom)?), "patient", Options::address, Grant::patient)?;
        make(grant, options).await
    }

    /// Ends somebody's access, and moves the keys.
    #[wasm_bindgen(unchecked_return_type = "Revoked")]
    pub async fn revoke(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: String,
        #[wasm_bindgen(unchecked_optional_param_type = "RevokeOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["folder", "confidentiality", "record", "bar", "inAHurry", "signal"])?;
        options.not_both("folder", "record")?;
        let level = options.confidentiality("confidentiality")?;
        if level.is_some() && !options.has("folder") {
            return Err(invalid("confidentiality is that of a folder: name the folder too"));
        }
        let revoke = self.0.revoke(address(&account)?);
        let in_folder = |revoke: Revoke, name| revoke.folder(name, level.unwrap_or(Confidentiality::N));
        let revoke = options.set(revoke, "folder", Options::text, in_folder)?;
        let revoke = options.set(revoke, "record", Options::record, |revoke, record| revoke.record(&record))?;
        let revoke = options.flag(revoke, "bar", Revoke::bar)?;
        let revoke = options.flag(revoke, "inAHurry", Revoke::in_a_hurry)?;
        ended(options.signal(), revoke, access::revoked).await
    }
}

/// Grants that a person made, delegated and received: `client.grants`.
#[wasm_bindgen(js_name = Grants)]
pub struct JsGrants(pub(crate) Client);

#[wasm_bindgen(js_class = Grants)]
impl JsGrants {
    /// Every grant that this person made and did not revoke, live or expired, newest first.
    #[wasm_bindgen(unchecked_return_type = "GrantInfo[]")]
    pub async fn list(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.grants().list(), |all| each(all, access::grant_info)).await
    }

    /// Grants on a patient's records that this person delegated, newest first.
    #[wasm_bindgen(unchecked_return_type = "GrantInfo[]")]
    pub async fn delegated(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.grants().delegated(address(&patient)?), |all| each(all, access::grant_info)).await
    }

    /// Gives up a grant that a patient made to this person.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn renounce(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(js_name = scopeId, unchecked_param_type = "ScopeId")] id: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.grants().renounce(address(&patient)?, scope(&id)?), acts::confirmed).await
    }

    /// Withdraws access that this person delegated, and what the grantee delegated from there.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn withdraw(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(js_name = scopeId, unchecked_param_type = "ScopeId")] id: String,
        #[wasm_bindgen(js_name = grantee, unchecked_param_type = "Address")] from: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let withdrawn = self.0.grants().withdraw(address(&patient)?, scope(&id)?, address(&from)?);
        simple(options, withdrawn, acts::confirmed).await
    }

    /// Grants to this person. Each is real; the node can hide one.
    #[wasm_bindgen(unchecked_return_type = "Shared")]
    pub async fn received(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.grants().received(), access::shared).await
    }

    /// Grants that one patient made to this person, newest first. Grants by others cannot hide them.
    #[wasm_bindgen(js_name = receivedFrom, unchecked_return_type = "Shared")]
    pub async fn received_from(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] patient: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.grants().received_from(address(&patient)?), access::shared).await
    }

    /// Patients who share something with this person. It asks no store.
    #[wasm_bindgen(unchecked_return_type = "Patients")]
    pub async fn patients(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.grants().patients(), access::patients).await
    }
}

/// A person's folders: `client.folders`.
#[wasm_bindgen(js_name = Folders)]
pub struct JsFolders(pub(crate) Client);

#[wasm_bindgen(js_class = Folders)]
impl JsFolders {
    /// Folders that hold a record or were granted to somebody.
    #[wasm_bindgen(unchecked_return_type = "FolderInfo[]")]
    pub async fn list(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.folders().list(), |all| each(all, access::folder)).await
    }

    /// Whether there is such a folder. It asks no store.
    #[wasm_bindgen(unchecked_return_type = "boolean")]
    pub async fn has(
        &self,
        folder: String,
        #[wasm_bindgen(unchecked_param_type = "Confidentiality")] confidentiality: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.folders().has(&folder, level(&confidentiality)?), |has| (*has).into()).await
    }

    /// Gives a folder new keys.
    #[wasm_bindgen(unchecked_return_type = "Rotated")]
    pub async fn rotate(
        &self,
        folder: String,
        #[wasm_bindgen(unchecked_param_type = "Confidentiality")] confidentiality: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.folders().rotate(&folder, level(&confidentiality)?), access::rotated).await
    }
}
