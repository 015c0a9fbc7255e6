//! The person who acts, the people they know, and the records they name.

use std::collections::BTreeSet;

use hospital_record::{
    Address, Client, Contact, ErrorKind, Event, Grantee, RecordRef,
    grant::Patients,
    names::{parse_address, spelled},
};
use jiff::Timestamp;
use tokio::sync::OnceCell;

use crate::{
    app::App,
    failure::{Failure, Kind, Result},
    json::instant,
    lookup::{self, Candidate},
    shown::shown,
    suggest::did_you_mean,
    when::{self, Until},
};

mod by_name;

/// The person who acts.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) name: String,
    contacts: OnceCell<Vec<Contact>>,
    authorities: OnceCell<Vec<Address>>,
}

/// Somebody who was named on the command line.
pub(crate) struct Person {
    pub(crate) address: Address,
    /// `None` for an address, which is not looked up among the contacts.
    contact: Option<Contact>,
}

impl Person {
    /// The contact's name, if that was typed.
    pub(crate) fn name(&self) -> Option<&str> {
        self.contact.as_ref().map(|contact| contact.name.as_str())
    }
}

impl Session {
    pub(crate) fn new(client: Client, name: String) -> Self {
        Self { client, name, contacts: OnceCell::new(), authorities: OnceCell::new() }
    }

    pub(crate) fn me(&self) -> Address {
        self.client.address()
    }

    /// May ask the store, which holds the names that a restored phrase brings back.
    pub(crate) async fn contacts(&self) -> Result<&[Contact]> {
        let load = async || self.client.contacts().list().await;
        Ok(self.contacts.get_or_try_init(load).await?)
    }

    /// An address, oneself, or a contact by name: in this order, so that no contact's name can stand for another
    /// account, and an address needs no store.
    pub(crate) async fn person(&self, who: &str) -> Result<Person> {
        if who.starts_with("0x") {
            return Ok(Person { address: parse_address(who)?, contact: None });
        }
        let wanted = spelled(who);
        if wanted == self.name {
            return Ok(Person { address: self.me(), contact: None });
        }
        let called: Vec<&Contact> = self.contacts().await?.iter().filter(|contact| contact.name == wanted).collect();
        match called.as_slice() {
            [contact] => Ok(Person { address: contact.address, contact: Some((*contact).clone()) }),
            // Missing, ambiguous, or in a grant that the store does not return: the SDK's error says which.
            _ => match self.client.contacts().find(who).await {
                Ok(contact) => Ok(Person { address: contact.address, contact: Some(contact) }),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let known = self.contacts().await?.iter().map(|contact| contact.name.as_str());
                    Err(Failure::not_found(format!("{error}{}", did_you_mean(who, known))))
                }
                Err(error) => Err(error.into()),
            },
        }
    }

    /// With the keys on the card, if there is one.
    pub(crate) async fn grantee(&self, person: &Person) -> Result<Grantee> {
        let known = self.contacts().await?.iter().find(|contact| contact.address == person.address);
        Ok(known.map_or(person.address.into(), Grantee::from))
    }

    /// The patient who was named, else this person.
    pub(crate) async fn patient(&self, who: Option<&str>) -> Result<Address> {
        match who {
            Some(who) => Ok(self.person(who).await?.address),
            None => Ok(self.me()),
        }
    }

    /// The trusted authorities.
    pub(crate) async fn authorities(&self, app: &App) -> Result<&[Address]> {
        let resolve = async || {
            let mut authorities = Vec::new();
            for who in &app.settings.authorities {
                authorities.push(self.person(who).await?.address);
            }
            Ok::<_, Failure>(authorities)
        };
        Ok(self.authorities.get_or_try_init(resolve).await?)
    }

    /// The name this person knows an account by.
    pub(crate) async fn name_of(&self, account: Address) -> Result<Option<String>> {
        if account == self.me() {
            return Ok(Some(self.name.clone()));
        }
        let contacts = self.contacts().await?;
        Ok(contacts.iter().find(|contact| contact.address == account).map(|contact| contact.name.clone()))
    }

    /// The same for display: the name, or the address.
    pub(crate) async fn called(&self, account: Address) -> Result<String> {
        Ok(self.name_of(account).await?.map_or_else(|| account.to_string(), |name| shown(&name)))
    }

    /// The same for a patient as it was typed.
    pub(crate) async fn record_of(&self, typed: &str, who: Option<&str>) -> Result<RecordRef> {
        let patient = match who {
            Some(who) => Some(self.person(who).await?.address),
            None => None,
        };
        self.record(typed, patient).await
    }

    /// A record by its URI, by the beginning of its id, or by its name. By its id: in this patient's history; else in
    /// this person's and those of who shared something; else in those of contacts, whose access may have ended.
    pub(crate) async fn record(&self, typed: &str, patient: Option<Address>) -> Result<RecordRef> {
        if lookup::is_uri(typed) {
            return Ok(typed.parse()?);
        }
        match self.record_by_id(typed, patient).await {
            Ok(Some(record)) => Ok(record),
            Ok(None) => by_name::record(self, typed, patient).await,
            // The beginning of an id may be a name as well.
            Err(failure) if failure.kind == Kind::NotFound => {
                by_name::record(self, typed, patient).await.map_err(|other| match other.kind {
                    Kind::Usage => other,
                    _ => failure,
                })
            }
            Err(failure) => Err(failure),
        }
    }

    /// `None` if it is not the beginning of an id.
    async fn record_by_id(&self, typed: &str, patient: Option<Address>) -> Result<Option<RecordRef>> {
        if !lookup::is_id(typed) {
            return Ok(None);
        }
        if let Some(patient) = patient {
            return self.search(typed, [patient].into()).await.map(Some);
        }
        let Patients { patients: mut near, cut, .. } = self.client.grants().patients().await?;
        near.insert(self.me());
        let found = match self.search(typed, near).await {
            Err(failure) if failure.kind == Kind::NotFound => {
                let contacts = self.contacts().await?.iter().map(|contact| contact.address).collect();
                self.search(typed, contacts).await
            }
            found => found,
        };
        found.map(Some).map_err(|failure| match failure.kind == Kind::NotFound && !cut.is_none() {
            true => Failure::not_found(format!("{failure}; not all histories were searched: give its URI")),
            false => failure,
        })
    }

    /// A record's name, if this person can read it; otherwise its id.
    pub(crate) async fn title_of(&self, record: &RecordRef) -> String {
        match self.record_name(record).await {
            Some(name) => shown(&name),
            None => format!("record {}", record.id),
        }
    }

    pub(crate) async fn record_name(&self, record: &RecordRef) -> Option<String> {
        self.client.open(record).metadata().await.ok().map(|metadata| metadata.name)
    }

    /// The typed end, which was checked before. A span from now counts by the chosen clock.
    pub(crate) async fn until(&self, app: &App, typed: &str) -> Result<Until> {
        let now = match when::is_relative(typed) {
            true => self.client.system().agreed_time().await?.try_into().unwrap_or(Timestamp::MAX),
            false => Timestamp::now(),
        };
        when::until(typed, now, app.tz())
    }

    /// Ids are on chain, so that nothing has to be fetched and opened to find one.
    async fn search(&self, typed: &str, patients: BTreeSet<Address>) -> Result<RecordRef> {
        let mut known = Vec::new();
        for patient in patients {
            for entry in self.client.system().history(patient).await?.entries {
                if let Event::RecordAdded { id, .. } = entry.event {
                    known.push(Candidate { record: self.client.record(patient, id.0.into()), added: entry.at });
                }
            }
        }
        match lookup::fitting(typed, known)?.as_slice() {
            [] => Err(lookup::none(typed)),
            [one] => Ok(one.record),
            several => Err(lookup::ambiguous(typed, &self.listed(several).await?)),
        }
    }

    async fn listed(&self, candidates: &[Candidate]) -> Result<Vec<String>> {
        let mut lines = Vec::with_capacity(candidates.len());
        for Candidate { record, added } in candidates {
            lines.push(format!("{record}  of {}, added {}", self.called(record.patient).await?, instant(*added)));
        }
        Ok(lines)
    }
}
