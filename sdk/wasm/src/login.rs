//! Logins at a node: a name and a password give a person's phrase on any machine.

use std::time::{Duration, UNIX_EPOCH};

use hospital_record::{
    Identity, Phrase,
    node::{
        LoggedIn, Login, Secret,
        messages::{Bytes, Status},
    },
};
use js_sys::Date;
use wasm_bindgen::prelude::*;

use crate::{
    chain::timeout,
    options::{Options, nothing, person_number, simple},
    problem::{invalid, thrown},
    signal::ended,
    system::JsIdentity,
    values::{Plain, date, text},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** The state of an account's vault. */
export interface VaultStatus {
    /** How often it was made anew; 0 if there is none. */
    generation: number;
    /** Ways to log in. */
    ways: number;
    /** Machines that are logged in. */
    logins: number;
}
"#;

/// Logins at one node. The node learns neither password nor phrase.
#[wasm_bindgen(js_name = Login)]
pub struct JsLogin(Login);

/// What a login gives. It holds the key of the vault, which no call hands out.
#[wasm_bindgen(js_name = LoggedIn)]
pub struct JsLoggedIn(LoggedIn);

#[wasm_bindgen(js_class = LoggedIn)]
impl JsLoggedIn {
    /// The person.
    #[wasm_bindgen(getter)]
    pub fn identity(&self) -> Result<JsIdentity, JsValue> {
        let Secret { phrase, number } = &self.0.secret;
        Identity::from_phrase(phrase, *number).map(JsIdentity).map_err(thrown)
    }

    /// The account.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn account(&self) -> JsValue {
        text(self.0.account)
    }

    /// The number of the account of this phrase, from 0.
    #[wasm_bindgen(getter)]
    pub fn number(&self) -> u32 {
        self.0.secret.number
    }

    /// How often the vault was made anew. A lower one than before means that the node shows an old vault.
    #[wasm_bindgen(getter)]
    pub fn generation(&self) -> f64 {
        self.0.generation as f64
    }

    /// Attempts since the last login that did not log in. Show them to the person.
    #[wasm_bindgen(getter)]
    pub fn failures(&self) -> f64 {
        self.0.failures as f64
    }

    /// The last of these.
    #[wasm_bindgen(getter, js_name = lastFailure)]
    pub fn last_failure(&self) -> Option<Date> {
        // A second that no clock shows is the node's nonsense.
        let at = |seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        self.0.last_failure.and_then(at).map(date)
    }

    /// Names this login, for `isLive` and `end`. It opens nothing.
    #[wasm_bindgen(getter, unchecked_return_type = "string")]
    pub fn token(&self) -> JsValue {
        text(&self.0.token)
    }

    /// The words of the phrase. Anybody who has them can act as this person.
    #[wasm_bindgen(js_name = revealPhrase)]
    pub fn reveal_phrase(&self) -> String {
        self.0.secret.phrase.reveal().to_owned()
    }
}

/// Logs in and out.
#[wasm_bindgen(js_class = Login)]
impl JsLogin {
    /// The logins of the node at this address, such as `https://clinic.example`.
    #[wasm_bindgen(unchecked_return_type = "Login")]
    pub async fn at(
        url: String,
        #[wasm_bindgen(unchecked_optional_param_type = "NodeOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["timeout", "signal"])?;
        let login = Login::at(&url, timeout(&options)?);
        ended(options.signal(), login, |login| JsLogin(login.clone()).into()).await
    }

    /// Logs in. A wrong name and a wrong password are the same error, of kind `Denied`.
    #[wasm_bindgen(js_name = logIn, unchecked_return_type = "LoggedIn")]
    pub async fn log_in(
        &self,
        user: String,
        password: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.log_in(&user, &password), |opened| JsLoggedIn(opened.clone()).into()).await
    }

    /// Whether a login still stands.
    #[wasm_bindgen(js_name = isLive, unchecked_return_type = "boolean")]
    pub async fn is_live(
        &self,
        token: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.is_live(&bytes(&token)?), |live| (*live).into()).await
    }

    /// Ends one login.
    pub async fn end(
        &self,
        token: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<(), JsValue> {
        simple(options, self.0.end(&bytes(&token)?), nothing).await.map(drop)
    }

    /// Ends all logins of an account; their number.
    #[wasm_bindgen(js_name = endAll, unchecked_return_type = "number")]
    pub async fn end_all(
        &self,
        identity: &JsIdentity,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.end_all(&identity.0), count).await
    }
}

/// The vault.
#[wasm_bindgen(js_class = Login)]
impl JsLogin {
    /// Puts a phrase into a vault under a name and a new password, or makes that vault anew; its generation.
    #[wasm_bindgen(unchecked_return_type = "number")]
    pub async fn register(
        &self,
        phrase: String,
        #[wasm_bindgen(unchecked_param_type = "number")] number: JsValue,
        user: String,
        password: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let secret = Secret { phrase: Phrase::parse(&phrase).map_err(thrown)?, number: person_number(&number)? };
        simple(options, self.0.register(&secret, &user, &password), count).await
    }

    /// Adds a way to log in: another name with another password, such as one on paper in a safe.
    #[wasm_bindgen(js_name = addWay, unchecked_return_type = "VaultStatus")]
    pub async fn add_way(
        &self,
        #[wasm_bindgen(js_name = loggedIn)] opened: &JsLoggedIn,
        user: String,
        password: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.add_way(&opened.0, &user, &password), status).await
    }

    /// The state of an account's vault.
    #[wasm_bindgen(unchecked_return_type = "VaultStatus")]
    pub async fn status(
        &self,
        identity: &JsIdentity,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.status(&identity.0), status).await
    }

    /// Deletes the vault of an account, and ends its logins; their number.
    #[wasm_bindgen(unchecked_return_type = "number")]
    pub async fn delete(
        &self,
        identity: &JsIdentity,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.delete(&identity.0), count).await
    }
}

fn status(status: &Status) -> JsValue {
    Plain::new()
        .with("generation", status.generation as f64)
        .with("ways", status.ways as f64)
        .with("logins", status.logins as f64)
        .done()
}

fn count(number: &u64) -> JsValue {
    (*number as f64).into()
}

/// A token is no secret of the person, but it stays out of errors.
fn bytes(token: &str) -> Result<Bytes, JsValue> {
    token.parse().map_err(|_| invalid("this is no token of a login"))
}
