//! The base of every verb: the settings, the system, and the key of the person who acts.

use std::{path::PathBuf, sync::OnceLock, time::Duration};

use hospital_record::{
    Address, Client, Config, Error, Identity, Phrase, RecordRef, System, Timeout, names::parse_address, store::StoreUrl,
};
use jiff::tz::TimeZone;
use zeroize::Zeroizing;

use crate::{
    agent,
    failure::{Failure, Kind, Result},
    home,
    key_file::KeyFile,
    login, lookup,
    output::check_folder,
    password,
    print::Printer,
    session::Session,
    settings::Settings,
};

/// One run of the program.
pub(crate) struct App {
    pub(crate) settings: Settings,
    pub(crate) printer: Printer,
    /// The connection, for the report at the end.
    connected: OnceLock<System>,
    /// The person who acts, for names in errors.
    acting: OnceLock<(Client, String)>,
}

/// A key file and its content.
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) file: KeyFile,
    pub(crate) phrase: Zeroizing<String>,
    /// In its one spelling.
    pub(crate) password: Zeroizing<String>,
}

impl App {
    pub(crate) fn new(settings: Settings, printer: Printer) -> Self {
        Self { settings, printer, connected: OnceLock::new(), acting: OnceLock::new() }
    }

    /// Reports confirmed entries that are gone from the chain, whether or not the verb succeeded.
    pub(crate) async fn tell_news(&self) -> Result {
        let Some(system) = self.connected.get() else { return Ok(()) };
        for gone in system.news().await? {
            self.printer.urgent(format!("{gone}; `resume` sends again what you did"));
        }
        Ok(())
    }

    pub(crate) fn tz(&self) -> &TimeZone {
        &self.settings.tz
    }

    /// The chain and the stores.
    pub(crate) async fn system(&self) -> Result<System> {
        self.connect(self.config()?.state_dir(self.settings.state())).await
    }

    /// The same for a reader of a history without keys: it works even if the state cannot be written.
    pub(crate) async fn system_to_look(&self) -> Result<System> {
        match check_folder(&self.settings.state()) {
            Ok(()) => self.system().await,
            Err(failure) => {
                self.printer.note(format!("This run remembers nothing: {failure}."));
                self.connect(self.config()?).await
            }
        }
    }

    async fn connect(&self, config: Config) -> Result<System> {
        let system = config.connect().await.map_err(|error| self.of_home(error))?;
        Ok(self.connected.get_or_init(|| system).clone())
    }

    /// Adds the advice to name another folder if the state cannot be written.
    fn of_home(&self, error: Error) -> Failure {
        let here = matches!(error.cause(), Error::File { path, .. } if path.starts_with(&self.settings.home));
        let failure = Failure::from(error);
        if here { failure.or_elsewhere() } else { failure }
    }

    pub(crate) fn config(&self) -> Result<Config> {
        let settings = &self.settings;
        let mut config = System::builder();
        if let Some(node) = &settings.node {
            config = config.join(node);
        }
        if let Some(rpc_url) = &settings.rpc_url {
            config = config.rpc(rpc_url);
        }
        for store in settings.stores() {
            self.check_store(store)?;
            config = config.store(store);
        }
        if let Some(witness) = &settings.witness {
            config = config.witness(witness);
        }
        if let Some(token) = settings.store_token()? {
            config = config.store_token(token.as_str());
        }
        #[cfg(feature = "s3")]
        if let Some(access) = settings.s3()? {
            config = config.s3(access);
        }
        if let Some(clock) = settings.clock {
            config = config.clock(clock);
        }
        if let Some(most) = settings.max_fee {
            config = config.most_per_transaction(most);
        }
        for relay in &settings.relays {
            config = config.relay(relay);
        }
        self.pinned(config)
    }

    /// The time for each answer of a node that is asked before there is a system.
    pub(crate) fn timeout(&self) -> Result<Duration> {
        Ok(self.settings.timeout.map_or_else(|| Timeout::seconds(30).map(Timeout::get), Ok)?)
    }

    /// With the chain and the contract that the settings name, and the timeout.
    pub(crate) fn pinned(&self, mut config: Config) -> Result<Config> {
        let settings = &self.settings;
        if let Some(contract) = &settings.contract {
            config = config.contract(parse_address(contract)?);
        }
        if let Some(chain) = settings.chain_id {
            config = config.chain_id(chain);
        }
        if let Some(timeout) = settings.timeout {
            config = config.timeout(timeout);
        }
        Ok(config)
    }

    /// Refuses a store that is probably mistyped: nobody would find records in it.
    fn check_store(&self, store: &str) -> Result {
        let url: StoreUrl = store.parse().map_err(hospital_record::Error::from)?;
        if url.is_memory() {
            let why = "memory: forgets all records when the program ends: name a Kubo node or a directory";
            return Err(Failure::usage(why));
        }
        let Some(path) = url.directory().filter(|path| !path.exists()) else {
            return Ok(());
        };
        if !path.parent().is_some_and(std::path::Path::exists) {
            let why = format!("there is no folder for the store {}: correct its path, or make it", path.display());
            return Err(Failure::usage(why));
        }
        self.printer.note(format!("{} is a new store: there is nothing in it yet.", path.display()));
        Ok(())
    }

    /// The person who is acting, with the key file opened.
    pub(crate) async fn session(&self) -> Result<Session> {
        let (name, identity) = self.unlock()?;
        let (system, stands) = tokio::join!(self.system(), login::still_stands(self, &name));
        stands?;
        let client = system?.client(identity);
        drop(self.acting.set((client.clone(), name.clone())));
        Ok(Session::new(client, name))
    }

    /// Replaces accounts in a failure by the names that this machine knows. The account that needs ether stays an
    /// address.
    pub(crate) async fn in_words(&self, failure: Failure) -> Failure {
        let Some((client, name)) = self.acting.get().filter(|_| failure.kind != Kind::Unfunded) else { return failure };
        let contacts = client.contacts().added_here().await.unwrap_or_default();
        let mut people: Vec<_> = contacts.into_iter().map(|contact| (contact.address, contact.name)).collect();
        people.push((client.address(), name.clone()));
        let message = people.iter().fold(failure.message, |text, (address, name)| named(&text, *address, name));
        Failure { message, ..failure }
    }

    fn unlock(&self) -> Result<(String, Identity)> {
        let (name, path, file) = self.key_file()?;
        let phrase = match agent::phrase(&path, &file) {
            Some(phrase) => phrase,
            None => file.open(&password::existing(self.settings.password_file.as_deref(), &name)?)?,
        };
        let identity = checked_identity(&name, &file, &phrase)?;
        Ok((name, identity))
    }

    /// The key file of the person who acts, still closed.
    fn key_file(&self) -> Result<(String, PathBuf, KeyFile)> {
        let settings = &self.settings;
        let name = home::choose(&settings.home, settings.person.as_deref())?;
        let path = home::key_path(&settings.home, &name)?;
        let file = KeyFile::read(&path)?;
        Ok((name, path, file))
    }

    /// The key file of the person who acts, with its current password.
    pub(crate) fn open_key_file(&self) -> Result<Opened> {
        let (name, path, file) = self.key_file()?;
        let password = password::existing(self.settings.password_file.as_deref(), &name)?;
        let phrase = file.open(&password)?;
        Ok(Opened { name, path, file, phrase, password: password::spelled(&password) })
    }
}

/// `text` with a name for each address that is not part of something longer, such as a record's URI.
fn named(text: &str, address: Address, name: &str) -> String {
    let hex = address.to_string();
    let beside = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let mut parts = text.split(&hex).peekable();
    let mut told = String::with_capacity(text.len());
    while let Some(part) = parts.next() {
        told.push_str(part);
        if let Some(next) = parts.peek() {
            let inside = part.ends_with(beside)
                || next.starts_with(|c: char| c.is_ascii_alphanumeric())
                || next.starts_with(":0x");
            told.push_str(if inside { &hex } else { name });
        }
    }
    told
}

/// The account of a key file, which must be that of its phrase.
pub(crate) fn checked_identity(name: &str, file: &KeyFile, phrase: &str) -> Result<Identity> {
    let identity = identity(phrase, file.header.account)?;
    match identity.address().to_string() == file.header.address {
        true => Ok(identity),
        false => Err(Failure::key_file(format!("the address in the key file of {name} is not that of its phrase"))),
    }
}

/// An account of a phrase. Errors do not repeat its words.
pub(crate) fn identity(phrase: &str, account: u32) -> Result<Identity> {
    let usable = |error: hospital_record::Error| Failure::key_file(error.to_string());
    let phrase = Phrase::parse(phrase).map_err(usable)?;
    Identity::from_phrase(&phrase, account).map_err(usable)
}

/// Checks a person's name or address without a server.
pub(crate) fn check_person(who: &str) -> Result {
    if who.starts_with("0x") { Ok(parse_address(who).map(drop)?) } else { Ok(()) }
}

/// The same of a record: its URI or the beginning of an id.
pub(crate) fn check_record(typed: &str) -> Result {
    if lookup::is_uri(typed) {
        typed.parse::<RecordRef>()?;
        return Ok(());
    }
    lookup::check(typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_names_people_by_their_contact_names() {
        let lee = Address::repeat_byte(0x1e);
        for (text, told) in [
            (format!("{lee} may not read it"), "dr-lee may not read it".to_owned()),
            (format!("{lee} and {lee}: no"), "dr-lee and dr-lee: no".to_owned()),
            (format!("ask {lee}"), "ask dr-lee".to_owned()),
            (format!("hospital-record:1:{lee}:{lee}:0x12"), format!("hospital-record:1:{lee}:{lee}:0x12")),
            (format!("{lee}00"), format!("{lee}00")),
            ("nobody".to_owned(), "nobody".to_owned()),
        ] {
            assert_eq!(named(&text, lee, "dr-lee"), told);
        }
    }

    #[test]
    fn wrong_word_is_reported_by_position_and_never_repeated() {
        let wrong = "legal winner thank year wave sausage worth useful legal winer thank yellow";
        let failure = identity(wrong, 0).unwrap_err();
        assert_eq!(failure.kind, Kind::KeyFile);
        assert!(failure.message.contains("word 10") && !failure.message.contains("winer"), "{failure}");
        let swapped = "winner legal thank year wave sausage worth useful legal winner thank yellow";
        assert!(identity(swapped, 0).unwrap_err().message.contains("checksum"));
        assert!(identity("legal winner", 0).unwrap_err().message.contains("words"));
    }
}
