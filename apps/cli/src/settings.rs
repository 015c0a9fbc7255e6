//! The configuration: flag > environment > `config.toml` > default.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::Duration,
};

use etcetera::BaseStrategy;
use hospital_record::{Clock, MaxFee, Timeout, U256};
use jiff::tz::TimeZone;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::{
    args::Global,
    failure::{Failure, Result},
    private::{read_secret, refuse_foreign},
    text::MARK,
    zone::zone,
};

#[cfg(feature = "s3")]
mod bucket;

pub(crate) const RPC_URL: &str = "http://127.0.0.1:8545";
pub(crate) const STORE: &str = "kubo+http://127.0.0.1:5001";

/// `config.toml`. An unknown key is an error: a mistyped `contract` must not be ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    #[serde(rename = "as")]
    person: Option<String>,
    node: Option<String>,
    rpc_url: Option<String>,
    contract: Option<String>,
    chain_id: Option<u64>,
    store: Option<String>,
    store_token_file: Option<PathBuf>,
    #[cfg(feature = "s3")]
    s3_file: Option<PathBuf>,
    password_file: Option<PathBuf>,
    tz: Option<String>,
    timeout: Option<i64>,
    witness: Option<String>,
    max_fee: Option<String>,
    clock: Option<String>,
    relay: Option<String>,
    authority: Option<String>,
}

/// The settings of all verbs.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) person: Option<String>,
    /// The address of the joined node.
    pub(crate) node: Option<String>,
    /// `None` only where a node is joined.
    pub(crate) rpc_url: Option<String>,
    pub(crate) contract: Option<String>,
    pub(crate) chain_id: Option<u64>,
    store: Option<String>,
    store_token_file: Option<PathBuf>,
    #[cfg(feature = "s3")]
    s3_file: Option<PathBuf>,
    pub(crate) home: PathBuf,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) tz: TimeZone,
    pub(crate) timeout: Option<Duration>,
    pub(crate) witness: Option<String>,
    /// The most that one transaction may cost, in wei.
    pub(crate) max_fee: Option<U256>,
    /// The clock to use; neither by default.
    pub(crate) clock: Option<Clock>,
    /// In the order in which they are asked.
    pub(crate) relays: Vec<String>,
    /// Trusted authorities: contacts or addresses.
    pub(crate) authorities: Vec<String>,
}

impl Settings {
    /// `global` holds flags and environment; clap has put them in order.
    pub(crate) fn resolve(global: &Global) -> Result<Self> {
        let home = match non_empty_path(&global.home) {
            Some(home) => home,
            None => default_home()?,
        };
        let file = read(&home.join("config.toml"))?;
        let env_tz = std::env::var("TZ").ok().filter(|zone| !zone.is_empty());
        let node = non_empty(&global.node).or(file.node);
        let default = |text: &str| node.is_none().then(|| text.to_owned());
        Ok(Self {
            person: non_empty(&global.person).or(file.person),
            rpc_url: non_empty(&global.rpc_url).or(file.rpc_url).or_else(|| default(RPC_URL)),
            contract: non_empty(&global.contract).or(file.contract),
            chain_id: non_empty(&global.chain_id).map(|text| chain_id(&text)).transpose()?.or(file.chain_id),
            store: non_empty(&global.store).or(file.store).or_else(|| default(STORE)),
            store_token_file: file.store_token_file.map(|path| home.join(path)),
            #[cfg(feature = "s3")]
            s3_file: file.s3_file.map(|path| home.join(path)),
            password_file: non_empty_path(&global.password_file)
                .or_else(|| file.password_file.map(|path| home.join(path))),
            tz: zone(non_empty(&global.tz), env_tz, file.tz)?,
            timeout: timeout(non_empty(&global.timeout), file.timeout)?,
            witness: non_empty(&global.witness).or(file.witness),
            max_fee: non_empty(&global.max_fee)
                .or(file.max_fee)
                .map(|text| text.parse::<MaxFee>())
                .transpose()?
                .map(MaxFee::wei),
            clock: non_empty(&global.clock).or(file.clock).map(|text| clock(&text)).transpose()?,
            relays: several(&global.relay, file.relay.as_deref()),
            authorities: several(&global.authority, file.authority.as_deref()),
            node,
            home,
        })
    }

    /// Stores in order: the program writes to the first, and asks the others for what it lacks.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &str> {
        self.store.iter().flat_map(|stores| stores.split(',')).map(str::trim).filter(|url| !url.is_empty())
    }

    /// Bearer token of the first store; only ever in a file.
    pub(crate) fn store_token(&self) -> Result<Option<Zeroizing<String>>> {
        let Some(path) = &self.store_token_file else { return Ok(None) };
        let text = read_secret(path)?;
        Ok(Some(Zeroizing::new(text.trim_start_matches(MARK).trim().to_owned())))
    }

    pub(crate) fn has_store_token(&self) -> bool {
        self.store_token_file.is_some()
    }

    /// The key of stores that are buckets; only ever in a file.
    #[cfg(feature = "s3")]
    pub(crate) fn s3(&self) -> Result<Option<hospital_record::store::S3Access>> {
        self.s3_file.as_deref().map(bucket::access).transpose()
    }

    /// The state folder of the SDK.
    pub(crate) fn state(&self) -> PathBuf {
        self.home.join("state")
    }
}

/// `VARIABLE= hospital-record …` means "not set".
fn non_empty(value: &Option<String>) -> Option<String> {
    value.clone().filter(|text| !text.is_empty())
}

/// Separated by commas only, like stores; clap has split those of flag and environment.
fn several(global: &[String], file: Option<&str>) -> Vec<String> {
    let named = |all: &mut dyn Iterator<Item = &str>| -> Vec<String> {
        all.map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
    };
    match named(&mut global.iter().map(String::as_str)) {
        none if none.is_empty() => named(&mut file.unwrap_or_default().split(',')),
        some => some,
    }
}

fn non_empty_path(value: &Option<PathBuf>) -> Option<PathBuf> {
    value.clone().filter(|path| !path.as_os_str().is_empty())
}

fn default_home() -> Result<PathBuf> {
    etcetera::choose_base_strategy()
        .map(|dirs| dirs.data_dir().join("hospital-record"))
        .map_err(|_| Failure::usage("this user has no home folder: name one with --home or HOSPITAL_RECORD_HOME"))
}

fn read(path: &Path) -> Result<File> {
    let mut file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(File::default());
        }
        Err(error) => return Err(Failure::file(path, &error)),
    };
    let metadata = file.metadata().map_err(|error| Failure::file(path, &error))?;
    // Its writer chooses the node and the authorities that the program trusts.
    refuse_foreign(path, &metadata).map_err(|failure| Failure::usage(failure.message))?;
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(|error| Failure::file(path, &error))?;
    toml::from_str(&text).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

fn chain_id(text: &str) -> Result<u64> {
    let id = text.parse().ok().filter(|id| *id != 0);
    id.ok_or_else(|| Failure::usage(format!("{text:?} is not the id of a chain; 1 is that of Ethereum's main network")))
}

fn clock(text: &str) -> Result<Clock> {
    match text {
        "chain" => Ok(Clock::Chain),
        "machine" => Ok(Clock::Machine),
        _ => Err(Failure::usage(format!("{text:?} is not a clock: use chain or machine"))),
    }
}

/// In whole seconds, with the SDK's bounds for every source.
fn timeout(global: Option<String>, file: Option<i64>) -> Result<Option<Duration>> {
    let typed = global.or_else(|| file.map(|seconds| seconds.to_string()));
    Ok(typed.map(|seconds| seconds.parse::<Timeout>()).transpose()?.map(Timeout::get))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    fn home(config: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.toml"), config).unwrap();
        dir
    }

    fn global(dir: &tempfile::TempDir) -> Global {
        Global { home: Some(dir.path().to_owned()), ..Global::default() }
    }

    #[test]
    fn file_sets_what_flags_do_not() {
        let dir = home("rpc-url = 'http://file'\nstore = 'file:///s'\nas = 'ana'\ntz = 'Asia/Tokyo'\ntimeout = 5");
        let flags = Global { rpc_url: Some("http://flag".into()), store: Some(String::new()), ..global(&dir) };
        let settings = Settings::resolve(&flags).unwrap();
        assert_eq!(settings.rpc_url.as_deref(), Some("http://flag"));
        assert_eq!(settings.stores().collect::<Vec<_>>(), ["file:///s"], "an empty variable is not set");
        assert_eq!(settings.person.as_deref(), Some("ana"));
        assert_eq!(settings.timeout, Some(Duration::from_secs(5)));
    }

    #[test]
    fn stores_are_separated_by_commas_only() {
        let dir = home("store = 'kubo+http://a:1, file:///my records,'");
        let settings = Settings::resolve(&global(&dir)).unwrap();
        assert_eq!(settings.stores().collect::<Vec<_>>(), ["kubo+http://a:1", "file:///my records"]);
    }

    #[test]
    fn relays_are_those_of_the_flag_or_else_of_the_file() {
        let dir = home("relay = 'https://a/key, https://b'");
        let relays = |flags: &[&str]| {
            let relay = flags.iter().map(ToString::to_string).collect();
            Settings::resolve(&Global { relay, ..global(&dir) }).unwrap().relays
        };
        assert_eq!(relays(&[]), ["https://a/key", "https://b"]);
        assert_eq!(relays(&[""]), relays(&[]), "an empty variable is not set");
        assert_eq!(relays(&["https://c", " https://d"]), ["https://c", "https://d"]);
    }

    #[test]
    fn without_a_file_the_defaults_hold() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings::resolve(&global(&dir)).unwrap();
        assert_eq!((settings.rpc_url.as_deref(), settings.store.as_deref()), (Some(RPC_URL), Some(STORE)));
        assert!(settings.store_token().unwrap().is_none());
        assert_eq!(settings.contract, None);
        assert_eq!(settings.state(), dir.path().join("state"));
    }

    #[test]
    fn joined_node_takes_the_place_of_the_defaults() {
        let dir = home("node = 'https://clinic.example'");
        let joined = Settings::resolve(&global(&dir)).unwrap();
        assert_eq!((joined.node.as_deref(), &joined.rpc_url), (Some("https://clinic.example"), &None));
        assert_eq!(joined.stores().count() + joined.relays.len(), 0);
        let flags = Global { rpc_url: Some("http://flag".into()), store: Some("file:///s".into()), ..global(&dir) };
        let named = Settings::resolve(&flags).unwrap();
        assert_eq!(named.rpc_url.as_deref(), Some("http://flag"));
        assert_eq!(named.stores().collect::<Vec<_>>(), ["file:///s"]);
    }

    #[test]
    fn relative_password_file_is_relative_to_the_settings() {
        let dir = home("password-file = 'secret'");
        assert_eq!(Settings::resolve(&global(&dir)).unwrap().password_file, Some(dir.path().join("secret")));
    }

    #[test]
    fn the_most_a_transaction_may_cost_is_in_ether() {
        let dir = home("max-fee = '0.05'");
        let wei = |global: &Global| Settings::resolve(global).map(|settings| settings.max_fee.unwrap().to_string());
        assert_eq!(wei(&global(&dir)).unwrap(), "50000000000000000");
        assert_eq!(wei(&Global { max_fee: Some("2".into()), ..global(&dir) }).unwrap(), "2000000000000000000");
        for wrong in ["-1", "much", ".", "1e3", "1 ether", "0", "0.0000000000000000001"] {
            let failure = wei(&Global { max_fee: Some(wrong.into()), ..global(&dir) }).unwrap_err();
            assert_eq!(failure.kind, Kind::Usage, "{wrong}");
        }
    }

    #[test]
    fn timeout_has_the_same_bounds_as_flag_and_in_the_file() {
        for wrong in ["0", "-1", "86401", "4611686018427387904", "9223372036854775807"] {
            let dir = home(&format!("timeout = {wrong}"));
            let by_flag = Global { timeout: Some(wrong.into()), ..global(&tempfile::tempdir().unwrap()) };
            for failure in [Settings::resolve(&global(&dir)), Settings::resolve(&by_flag)].map(Result::unwrap_err) {
                assert!(failure.kind == Kind::Usage && failure.message.contains("1 to 86400"), "{wrong}: {failure}");
            }
        }
        let dir = home("timeout = 5");
        let seven = Global { timeout: Some("7".into()), ..global(&dir) };
        assert_eq!(Settings::resolve(&seven).unwrap().timeout, Some(Duration::from_secs(7)));
    }

    #[test]
    fn the_chain_can_be_named() {
        let dir = home("chain-id = 100");
        let id = |flag: Option<&str>| {
            let chain_id = flag.map(Into::into);
            Settings::resolve(&Global { chain_id, ..global(&dir) }).map(|settings| settings.chain_id)
        };
        assert_eq!((id(None).unwrap(), id(Some("")).unwrap(), id(Some("1")).unwrap()), (Some(100), Some(100), Some(1)));
        for wrong in ["0", "-1", "main", "0x1", "1.0", "99999999999999999999"] {
            let failure = id(Some(wrong)).unwrap_err();
            assert!(failure.kind == Kind::Usage && failure.message.contains(wrong), "{failure}");
        }
    }

    /// Needs root, because only root can change the owner of a file.
    #[cfg(unix)]
    #[test]
    fn settings_of_another_user_are_refused() {
        let dir = home("rpc-url = 'http://x'");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(dir.path().join("config.toml"), Some(12345), None).unwrap();
            let failure = Settings::resolve(&global(&dir)).unwrap_err();
            assert!(failure.kind == Kind::Usage && failure.message.contains("uid 12345"), "{failure}");
            std::os::unix::fs::chown(dir.path().join("config.toml"), Some(0), None).unwrap();
        }
        assert_eq!(Settings::resolve(&global(&dir)).unwrap().rpc_url.as_deref(), Some("http://x"));
    }

    #[test]
    fn an_unknown_key_is_named() {
        let dir = home("rpc_url = 'http://x'");
        let failure = Settings::resolve(&global(&dir)).unwrap_err();
        assert_eq!(failure.kind, Kind::Usage);
        assert!(failure.message.contains("rpc_url"), "{failure}");
    }
}
