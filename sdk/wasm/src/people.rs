//! Whom a person knows: contacts, practitioners in a directory, and vouches.

use hospital_record::{
    Client,
    directory::{Publish, Query},
    vouch::VouchFor,
};
use wasm_bindgen::prelude::*;

use crate::{
    options::{Options, address, card, nothing, simple},
    signal::ended,
    values::{acts, each, people},
};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface TrustOptions extends Cancellable {
    /** Asks that one of these authorities vouches for the account. */
    trustedBy?: Address[];
}

/** All that is named must fit; without anything it is everybody. */
export interface SearchOptions extends TrustOptions {
    /** Beginnings of words of the name or of a speciality. */
    text?: string;
    /** The same, of specialities alone. */
    speciality?: string;
    /** A tag of BCP 47: "pt" finds "pt-BR" as well. */
    language?: string;
    /** The most of one page, 1 to 50: 20 unless it is said. */
    limit?: number;
    /** `next` of the page before. */
    after?: string;
}

export interface PublishOptions extends Cancellable {
    /** As you would say them to a patient; at most 8. */
    specialities?: string[];
    /** Tags of BCP 47; at most 8. */
    languages?: string[];
}

export interface VouchOptions extends Cancellable {
    /** In a year, unless it is said. */
    until?: Date;
}
"#;

/// What a card says, before anything is done with it.
#[wasm_bindgen(js_name = readCard, unchecked_return_type = "Card")]
pub fn read_card(#[wasm_bindgen(js_name = card)] text: &str) -> Result<JsValue, JsValue> {
    card(text).map(|card| people::card(&card))
}

/// People under names that this person chose: `client.contacts`.
#[wasm_bindgen(js_name = Contacts)]
pub struct JsContacts(pub(crate) Client);

#[wasm_bindgen(js_class = Contacts)]
impl JsContacts {
    /// Saves somebody under a name, with the keys on the card. They are compared with the chain.
    #[wasm_bindgen(unchecked_return_type = "Contact")]
    pub async fn add(
        &self,
        name: String,
        #[wasm_bindgen(js_name = card)] text: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.contacts().add(&name, &card(&text)?), people::contact).await
    }

    /// All contacts, by name: those added here, and those named in a grant.
    #[wasm_bindgen(unchecked_return_type = "Contact[]")]
    pub async fn list(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.contacts().list(), |all| each(all, people::contact)).await
    }

    /// Those that were added here. It asks no service.
    #[wasm_bindgen(js_name = addedHere, unchecked_return_type = "Contact[]")]
    pub async fn added_here(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.contacts().added_here(), |all| each(all, people::contact)).await
    }

    /// The contact of this name.
    #[wasm_bindgen(unchecked_return_type = "Contact")]
    pub async fn find(
        &self,
        name: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.contacts().find(&name), people::contact).await
    }

    /// Removes a name. Grants do not change.
    pub async fn remove(
        &self,
        name: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<(), JsValue> {
        simple(options, self.0.contacts().remove(&name), nothing).await.map(drop)
    }
}

/// Practitioners in the directory of the joined node: `client.directory`.
#[wasm_bindgen(js_name = Directory)]
pub struct JsDirectory(pub(crate) Client);

#[wasm_bindgen(js_class = Directory)]
impl JsDirectory {
    /// Practitioners, a page at a time, each with a listing that its account signed for this node.
    #[wasm_bindgen(unchecked_return_type = "Page")]
    pub async fn search(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "SearchOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let known = ["text", "speciality", "language", "limit", "after", "trustedBy", "signal"];
        let options = Options::of(options, &known)?;
        let query = options.set(Query::new(), "text", Options::text, Query::text)?;
        let query = options.set(query, "speciality", Options::text, Query::speciality)?;
        let query = options.set(query, "language", Options::text, Query::language)?;
        // No page is that long: it is refused.
        let limit = |query: Query, most| query.limit(usize::try_from(most).unwrap_or(usize::MAX));
        let query = options.set(query, "limit", Options::number, limit)?;
        let query = options.set(query, "after", Options::text, Query::after)?;
        let search = self.0.directory().search(&query);
        let search = options.set(search, "trustedBy", Options::addresses, |search, by| search.trusted_by(&by))?;
        ended(options.signal(), search, people::page).await
    }

    /// The listing of one account, checked in the same way.
    #[wasm_bindgen(unchecked_return_type = "Found")]
    pub async fn find(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: String,
        #[wasm_bindgen(unchecked_optional_param_type = "TrustOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["trustedBy", "signal"])?;
        let authorities = options.addresses("trustedBy")?.unwrap_or_default();
        let found = self.0.directory().find(address(&account)?, &authorities);
        ended(options.signal(), found, people::found).await
    }

    /// Lists this person in public, under the name by which patients know them.
    #[wasm_bindgen(unchecked_return_type = "Published")]
    pub async fn publish(
        &self,
        name: String,
        #[wasm_bindgen(unchecked_optional_param_type = "PublishOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["specialities", "languages", "signal"])?;
        let all = |publish, texts: Vec<String>| texts.into_iter().fold(publish, Publish::speciality);
        let publish = options.set(self.0.directory().publish(name), "specialities", Options::texts, all)?;
        let all = |publish, tags: Vec<String>| tags.into_iter().fold(publish, Publish::language);
        let publish = options.set(publish, "languages", Options::texts, all)?;
        ended(options.signal(), publish, people::published).await
    }

    /// Takes this person out of the directory.
    #[wasm_bindgen(unchecked_return_type = "Withdrawn")]
    pub async fn withdraw(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.directory().withdraw(), people::withdrawn).await
    }
}

/// Public statements that an account is a hospital or a practitioner: `client.vouches`.
#[wasm_bindgen(js_name = Vouches)]
pub struct JsVouches(pub(crate) Client);

#[wasm_bindgen(js_class = Vouches)]
impl JsVouches {
    /// States in public, for ever, that an account acts in a role, such as `practitioner`.
    #[wasm_bindgen(unchecked_return_type = "Vouched")]
    pub async fn give(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: String,
        role: String,
        #[wasm_bindgen(unchecked_optional_param_type = "VouchOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let options = Options::of(options, &["until", "signal"])?;
        let vouch = self.0.vouches().give(address(&account)?, role);
        let vouch = options.set(vouch, "until", Options::time, VouchFor::until)?;
        ended(options.signal(), vouch, people::vouched).await
    }

    /// Withdraws this person's vouch for an account in a role.
    #[wasm_bindgen(unchecked_return_type = "Confirmed")]
    pub async fn withdraw(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] account: String,
        role: String,
        #[wasm_bindgen(unchecked_optional_param_type = "Cancellable")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        simple(options, self.0.vouches().withdraw(address(&account)?, &role), acts::confirmed).await
    }
}
