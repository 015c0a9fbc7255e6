//! Contacts, practitioners in a directory, and vouches.

use hospital_record::{
    Card, Contact,
    directory::{Found, Listing, Page, Published, Withdrawn},
    vouch::{Trust, Vouch, Vouched},
};
use wasm_bindgen::prelude::*;

use crate::values::{Plain, chain::deployment, date, each, list, seconds, text};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What the text of a card says. Trust it only if it came from that person in a trusted way. */
export interface Card {
    deployment: Deployment;
    account: Address;
    /** Digest of the profile with the account's public keys. */
    profile: Hash;
    /** Of the keys, to compare by voice. */
    fingerprint: string;
}

export interface Contact {
    /** The name that this person gave it. */
    name: string;
    address: Address;
    /** Digest of the profile on the card; not there if only the name was restored, from a grant. */
    profile?: Hash;
    /** Of the keys, to compare by voice. */
    fingerprint?: string;
}

/** A practitioner as a directory lists them. The name is the practitioner's own word. */
export interface Listing {
    account: Address;
    name: string;
    specialities: string[];
    /** Tags of BCP 47. */
    languages: string[];
    /** For `contacts.add` and `grant`. */
    card: string;
    /** Of the keys on the card, to compare by voice. */
    fingerprint: string;
    signed: Date;
}

export interface Found {
    listing: Listing;
    /** The vouches from one of your authorities; not there only if you named none. */
    vouched?: Trust;
}

export interface Page {
    found: Found[];
    /** Where the next page begins, for `after`; not there at the end. */
    next?: string;
    /** Listings that failed a check, and were dropped. */
    dropped: number;
}

export interface Published {
    listing: Listing;
    /** Scheme, host and port of the node. */
    node: string;
}

export interface Withdrawn {
    node: string;
    wasListed: boolean;
}

/** A public statement that an account acts in a role. */
export interface Vouch {
    voucher: Address;
    account: Address;
    role: string;
    /** Not there if it has no end. */
    until?: Date;
}

/** A chain of vouches from an authority to an account. */
export interface Trust {
    authority: Address;
    /** The first is by the authority, the last is for the account; none if it is the authority itself. */
    links: Vouch[];
    /** The role of the account; not there for an authority. */
    role?: string;
    /** The earliest end of any link. */
    until?: Date;
    /** All of it in one line. */
    words: string;
}

export interface Vouched extends Sent {
    account: Address;
    role: string;
    until?: Date;
}
"#;

pub(crate) fn card(card: &Card) -> JsValue {
    Plain::new()
        .with("deployment", deployment(card.deployment))
        .with("account", text(card.account))
        .with("profile", text(card.profile))
        .with("fingerprint", card.fingerprint())
        .done()
}

pub(crate) fn contact(contact: &Contact) -> JsValue {
    Plain::new()
        .with("name", &contact.name)
        .with("address", text(contact.address))
        .maybe("profile", contact.profile.map(text))
        .maybe("fingerprint", contact.fingerprint())
        .done()
}

fn listing(listing: &Listing) -> JsValue {
    Plain::new()
        .with("account", text(listing.account))
        .with("name", &listing.name)
        .with("specialities", list(&listing.specialities))
        .with("languages", list(&listing.languages))
        .with("card", text(&listing.card))
        .with("fingerprint", listing.card.fingerprint())
        .with("signed", seconds(i64::try_from(listing.issued_at).unwrap_or(i64::MAX)))
        .done()
}

pub(crate) fn found(found: &Found) -> JsValue {
    Plain::new().with("listing", listing(&found.listing)).maybe("vouched", found.vouched.as_ref().map(trust)).done()
}

pub(crate) fn page(page: &Page) -> JsValue {
    Plain::new()
        .with("found", each(&page.found, found))
        .maybe("next", page.next.as_ref())
        .with("dropped", page.dropped as f64)
        .done()
}

pub(crate) fn published(published: &Published) -> JsValue {
    Plain::new().with("listing", listing(&published.listing)).with("node", &published.node).done()
}

pub(crate) fn withdrawn(withdrawn: &Withdrawn) -> JsValue {
    Plain::new().with("node", &withdrawn.node).with("wasListed", withdrawn.was_listed).done()
}

fn vouch(vouch: &Vouch) -> JsValue {
    Plain::new()
        .with("voucher", text(vouch.voucher))
        .with("account", text(vouch.account))
        .with("role", &vouch.role)
        .maybe("until", vouch.until.map(date))
        .done()
}

pub(crate) fn trust(trust: &Trust) -> JsValue {
    Plain::new()
        .with("authority", text(trust.authority))
        .with("links", each(&trust.links, vouch))
        .maybe("role", trust.role())
        .maybe("until", trust.until().map(date))
        .with("words", text(trust))
        .done()
}

pub(crate) fn vouched(vouched: &Vouched) -> JsValue {
    Plain::new()
        .with("account", text(vouched.account))
        .with("role", &vouched.role)
        .maybe("until", vouched.until.map(date))
        .sent(vouched.transaction, vouched.gas)
        .done()
}
