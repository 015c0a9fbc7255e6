//! What every verb stands on: the settings, the system, the person who is acting, and whom that person knows.

use std::collections::BTreeSet;

use hospital_record::{
    Address, Client, Config, Contact, Event, Grantee, Identity, Phrase, RecordRef, System, parse_address,
};
use jiff::tz::TimeZone;
use tokio::sync::OnceCell;

use crate::{
    failure::{Failure, Kind, Result},
    home,
    json::instant,
    key_file::KeyFile,
    lookup::{self, Candidate},
    password,
    print::Printer,
    settings::Settings,
    shown::shown,
};

/// One run of the program.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
}

impl App {
    pub(crate) fn tz(&self) -> &TimeZone {
        &self.settings.tz
    }

    /// The chain and the stores.
    pub(crate) async fn system(&self) -> Result<System> {
        let settings = &self.settings;
        let mut config = Config::new(&settings.rpc_url).state_dir(settings.state());
        for store in settings.stores() {
            config = config.store(store);
        }
        if let Some(contract) = &settings.contract {
            config = config.contract(parse_address(contract)?);
        }
        if let Some(witness) = &settings.witness {
            config = config.witness(witness);
        }
        if let Some(timeout) = settings.timeout {
            config = config.timeout(timeout);
        }
        if let Some(token) = settings.store_token()? {
            config = config.store_token(token.as_str());
        }
        if let Some(most) = settings.max_fee {
            config = config.most_per_transaction(most);
        }
        Ok(System::connect(config).await?)
    }

    /// The person who is acting, with the key file opened.
    pub(crate) async fn session(&self) -> Result<Session> {
        let (name, identity) = self.unlock()?;
        let client = self.system().await?.client(identity);
        Ok(Session { client, name, contacts: OnceCell::new() })
    }

    fn unlock(&self) -> Result<(String, Identity)> {
        let settings = &self.settings;
        let name = home::choose(&settings.home, settings.person.as_deref())?;
        let file = KeyFile::read(&home::key_path(&settings.home, &name)?)?;
        let password = password::existing(settings.password_file.as_deref(), &name)?;
        let identity = identity(&file.open(&password)?, file.header.account)?;
        match identity.address().to_string() == file.header.address {
            true => Ok((name, identity)),
            false => Err(Failure::key_file(format!("the key file of {name} names another account than its phrase"))),
        }
    }
}

/// An account of a phrase; what is wrong with the phrase is told without its words.
pub(crate) fn identity(phrase: &str, account: u32) -> Result<Identity> {
    let usable = |error: hospital_record::Error| Failure::key_file(error.to_string());
    let phrase = Phrase::parse(phrase).map_err(usable)?;
    Identity::from_phrase(&phrase, account).map_err(usable)
}

/// What can be said of a name without asking anybody: an address must be one.
pub(crate) fn check_person(who: &str) -> Result {
    if who.starts_with("0x") { Ok(parse_address(who).map(drop)?) } else { Ok(()) }
}

/// The same of a record: its URI or the beginning of an id.
pub(crate) fn check_record(typed: &str) -> Result {
    if typed.contains(':') {
        typed.parse::<RecordRef>()?;
        return Ok(());
    }
    lookup::check(typed)
}

/// The person who is acting.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) name: String,
    contacts: OnceCell<Vec<Contact>>,
}

/// Somebody who was named on the command line.
pub(crate) struct Person {
    pub(crate) address: Address,
    contact: Option<Contact>,
}

impl Person {
    /// With the keys on the card, where there is one.
    pub(crate) fn grantee(&self) -> Grantee {
        self.contact.as_ref().map_or(self.address.into(), Grantee::from)
    }
}

impl Session {
    pub(crate) fn me(&self) -> Address {
        self.client.address()
    }

    pub(crate) async fn contacts(&self) -> Result<&[Contact]> {
        let load = async || self.client.contacts().await;
        Ok(self.contacts.get_or_try_init(load).await?)
    }

    /// A contact by name, an address, or oneself.
    pub(crate) async fn person(&self, who: &str) -> Result<Person> {
        let contacts = self.contacts().await?;
        if let Some(contact) = contacts.iter().find(|contact| contact.name == who) {
            return Ok(Person { address: contact.address, contact: Some(contact.clone()) });
        }
        if who == self.name {
            return Ok(Person { address: self.me(), contact: None });
        }
        if !who.starts_with("0x") {
            return Err(Failure::not_found(format!(
                "no contact is called {who:?}: `contacts add` takes the person's card"
            )));
        }
        let address = parse_address(who)?;
        Ok(Person { address, contact: contacts.iter().find(|contact| contact.address == address).cloned() })
    }

    /// The patient who was named, else this person.
    pub(crate) async fn patient(&self, who: Option<&str>) -> Result<Address> {
        match who {
            Some(who) => Ok(self.person(who).await?.address),
            None => Ok(self.me()),
        }
    }

    /// The name this person knows an account by.
    pub(crate) async fn name_of(&self, account: Address) -> Result<Option<String>> {
        if account == self.me() {
            return Ok(Some(self.name.clone()));
        }
        let contacts = self.contacts().await?;
        Ok(contacts.iter().find(|contact| contact.address == account).map(|contact| contact.name.clone()))
    }

    /// The same for people's eyes: the name, or the address.
    pub(crate) async fn called(&self, account: Address) -> Result<String> {
        Ok(self.name_of(account).await?.map_or_else(|| account.to_string(), |name| shown(&name)))
    }

    /// A record by its URI, or by the beginning of its id: in the named patient's history; else in this person's and
    /// those of who shared something; else in those of contacts, whose access may have ended.
    pub(crate) async fn record(&self, typed: &str, patient: Option<&str>) -> Result<RecordRef> {
        if typed.contains(':') {
            return Ok(typed.parse()?);
        }
        if let Some(who) = patient {
            return self.search(typed, [self.person(who).await?.address].into()).await;
        }
        let mut near: BTreeSet<Address> =
            self.client.shared_with_me().await?.grants.iter().map(|grant| grant.patient).collect();
        near.insert(self.me());
        match self.search(typed, near).await {
            Err(failure) if failure.kind == Kind::NotFound => {
                let contacts = self.contacts().await?.iter().map(|contact| contact.address).collect();
                self.search(typed, contacts).await
            }
            found => found,
        }
    }

    /// Ids are on chain, so that nothing has to be fetched and opened to find one.
    async fn search(&self, typed: &str, patients: BTreeSet<Address>) -> Result<RecordRef> {
        let (mut records, mut candidates) = (Vec::new(), Vec::new());
        for patient in patients {
            let whose = self.called(patient).await?;
            for entry in self.client.system().history(patient).await?.entries {
                if let Event::RecordAdded { id, .. } = entry.event {
                    let record = self.client.record(patient, id.0.into());
                    candidates.push(candidate(&record, format!("of {whose}, added {}", instant(entry.at))));
                    records.push(record);
                }
            }
        }
        Ok(records[lookup::find(typed, &candidates)?])
    }
}

fn candidate(record: &RecordRef, about: String) -> Candidate {
    Candidate { hex: hex_of(record), cid: record.id.cid().to_string(), about }
}

/// The id as people type it.
pub(crate) fn hex_of(record: &RecordRef) -> String {
    record.id.to_string().trim_start_matches("0x").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_word_is_named_by_its_place_and_never_told() {
        let wrong = "legal winner thank year wave sausage worth useful legal winer thank yellow";
        let failure = identity(wrong, 0).unwrap_err();
        assert_eq!(failure.kind, Kind::KeyFile);
        assert!(failure.message.contains("word 10") && !failure.message.contains("winer"), "{failure}");
        let swapped = "winner legal thank year wave sausage worth useful legal winner thank yellow";
        assert!(identity(swapped, 0).unwrap_err().message.contains("checksum"));
        assert!(identity("legal winner", 0).unwrap_err().message.contains("words"));
    }
}
