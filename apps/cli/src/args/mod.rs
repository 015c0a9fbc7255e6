//! The command line. The manual is `docs/cli.md`.

mod access;
pub(crate) mod acts;
pub(crate) mod boards;
mod contacts;
pub(crate) mod directory;
pub(crate) mod folders;
pub(crate) mod grants;
mod help;
mod records;
pub(crate) mod requests;
mod settings;
mod upkeep;
pub(crate) mod vouches;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use self::help::path;
pub(crate) use self::{
    access::{Grant, Revoke, ScopeFlags},
    acts::Acts,
    boards::Boards,
    contacts::Contacts,
    directory::Directory,
    folders::Folders,
    grants::Grants,
    help::parsed,
    records::{Add, Attest, Describe, Filter, History, List, Open, Reencrypt, Replace},
    requests::Requests,
    settings::{page, settings},
    upkeep::{Resume, Sync},
    vouches::Vouches,
};

/// Health records that belong to patients: encrypt, store, share, revoke, audit.
#[derive(Debug, Parser)]
#[command(name = "hospital-record", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Flags of every verb; each wins over its environment variable, which wins over `config.toml`.
#[derive(Debug, Default, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Global {
    /// The person who acts, of those on this machine
    #[arg(long = "as", value_name = "NAME", global = true)]
    pub(crate) person: Option<String>,
    /// One JSON object a line on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Address of a hospital's node: chain, store and relay where no other setting names them
    #[arg(long, value_name = "URL", global = true, env = "HOSPITAL_RECORD_NODE")]
    pub(crate) node: Option<String>,
    /// RPC of a node of the chain
    #[arg(long, value_name = "URL", global = true, env = "ETH_RPC_URL", hide_env_values = true)]
    pub(crate) rpc_url: Option<String>,
    /// Address of the contract
    #[arg(long, value_name = "ADDRESS", global = true, env = "HOSPITAL_RECORD_CONTRACT")]
    pub(crate) contract: Option<String>,
    /// Id of the chain; nodes of other chains are refused
    #[arg(long, value_name = "ID", global = true, env = "HOSPITAL_RECORD_CHAIN_ID")]
    pub(crate) chain_id: Option<String>,
    /// Where encrypted records are kept: kubo+http://HOST:PORT, node+https://HOST, file:///PATH
    #[arg(long, value_name = "URL", global = true, env = "HOSPITAL_RECORD_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// Folder of key files, settings and state
    #[arg(long, value_name = "DIR", global = true, env = "HOSPITAL_RECORD_HOME", value_parser = path())]
    pub(crate) home: Option<PathBuf>,
    /// File whose first line is the password of the key file
    #[arg(long, value_name = "FILE", global = true, env = "HOSPITAL_RECORD_PASSWORD_FILE", value_parser = path())]
    pub(crate) password_file: Option<PathBuf>,
    /// Time zone of dates, e.g. Europe/Zurich
    #[arg(long, value_name = "ZONE", global = true)]
    pub(crate) tz: Option<String>,
    /// A second chain node, run by somebody else; every history is compared with it
    #[arg(long, value_name = "URL", env = "HOSPITAL_RECORD_WITNESS", hide_env_values = true, global = true)]
    pub(crate) witness: Option<String>,
    /// Relays that carry what I sign to the chain, and pay; separated by commas
    #[arg(
        long,
        value_name = "URL",
        env = "HOSPITAL_RECORD_RELAY",
        hide_env_values = true,
        value_delimiter = ',',
        global = true
    )]
    pub(crate) relay: Vec<String>,
    /// Trusted authorities: contacts or addresses, separated by commas
    #[arg(
        long,
        value_name = "WHO",
        env = "HOSPITAL_RECORD_AUTHORITY",
        hide_env_values = true,
        value_delimiter = ',',
        global = true
    )]
    pub(crate) authority: Vec<String>,
    /// The most that one transaction may cost
    #[arg(long, value_name = "ETHER", allow_negative_numbers = true, env = "HOSPITAL_RECORD_MAX_FEE", global = true)]
    pub(crate) max_fee: Option<String>,
    /// The clock to use if those of chain and machine differ: chain or machine
    #[arg(long, value_name = "WHOSE", env = "HOSPITAL_RECORD_CLOCK", hide_env_values = true, global = true)]
    pub(crate) clock: Option<String>,
    /// How long a chain or store may take for one answer
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, global = true, env = "HOSPITAL_RECORD_TIMEOUT")]
    pub(crate) timeout: Option<String>,
    /// No notes and no progress on stderr
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// The daily verbs, and the groups by subject. The SDK has the same groups.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Make a person's keys, or restore them from the recovery phrase
    Init(Init),
    /// Use a hospital's node from now on: one address in the place of chain, store and relay
    Join(Join),
    /// Serve the portal on this machine alone, until Ctrl-C
    Portal(Portal),
    /// Keep my keys in a vault of the joined node, to log in from any machine
    Register(Register),
    /// Get my keys from the vault at a node, by user name and password
    Login(Login),
    /// Remove my keys from this machine: they stay in the vault
    Logout(Logout),
    /// Change the password of my key file, and of my login
    Password(Password),
    /// Need no password for some minutes
    Unlock(Unlock),
    /// Need the password again
    Lock,
    /// Show my address, my balance, and my card for others
    Account(Account),
    /// People whose keys I know
    #[command(subcommand)]
    Contacts(Contacts),
    /// Practitioners of the hospital whose node I joined
    #[command(subcommand)]
    Directory(Directory),
    /// My folders
    #[command(subcommand)]
    Folders(Folders),
    /// Encrypt, store and register files
    Add(Add),
    /// List records, newest first
    List(List),
    /// Fetch, check and decrypt a record
    Open(Open),
    /// Give somebody access
    Grant(Grant),
    /// End somebody's access
    Revoke(Revoke),
    /// Who has access to what
    #[command(subcommand)]
    Grants(Grants),
    /// Who asks for access, and why
    #[command(subcommand)]
    Requests(Requests),
    /// Some must agree before somebody is admitted
    #[command(subcommand)]
    Boards(Boards),
    /// Attest a record as a professional
    Attest(Attest),
    /// Who vouches for whom
    #[command(subcommand)]
    Vouches(Vouches),
    /// Show who vouches for somebody
    Trust(Trust),
    /// What was signed to be carried
    #[command(subcommand)]
    Acts(Acts),
    /// Add a new version of a record and supersede the old one
    Replace(Replace),
    /// Encrypt a record again, under a new key, and supersede the old one
    Reencrypt(Reencrypt),
    /// Copy what contributors added; rotate keys that are due
    Sync(Sync),
    /// Finish or clear what an interrupted run left
    Resume(Resume),
    /// Show who did what when, and whether that is complete
    History(History),
    /// Check whether the history is complete
    Verify(History),
    /// List all settings: flags, environment variables and keys of config.toml
    Settings,
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// `init`
#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Restore from a recovery phrase, typed or on stdin
    #[arg(long)]
    pub(crate) restore: bool,
    /// Number of the account of the phrase, e.g. 1 for a child
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=0x7fff_ffff))]
    pub(crate) account: u32,
}

/// `join`
#[derive(Debug, Args)]
pub(crate) struct Join {
    /// The node's address, such as `https://clinic.example`
    #[arg(value_name = "URL")]
    pub(crate) address: String,
}

/// `portal`
#[derive(Debug, Args)]
pub(crate) struct Portal {
    /// Folder of the built page
    #[arg(value_name = "FOLDER", value_parser = path())]
    pub(crate) folder: PathBuf,
    /// Port on this machine; keys and state that a browser keeps belong to it
    #[arg(long, value_name = "PORT", default_value_t = 8750)]
    pub(crate) port: u16,
}

/// `register`
#[derive(Debug, Args)]
pub(crate) struct Register {
    /// The user's name to log in with [default: the name here]
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// Delete the vault instead
    #[arg(long, conflicts_with = "user")]
    pub(crate) delete: bool,
}

/// `login`
#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The node's address, such as `https://clinic.example`
    #[arg(value_name = "URL")]
    pub(crate) address: String,
    /// The user's name
    #[arg(long, value_name = "NAME")]
    pub(crate) user: String,
}

/// `logout`
#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// End my logins on all machines
    #[arg(long, conflicts_with = "keep_keys")]
    pub(crate) everywhere: bool,
    /// Keep the keys on this machine, and forget the login alone
    #[arg(long)]
    pub(crate) keep_keys: bool,
    /// File whose first line is the login's password, if the key file here has another one
    #[arg(long, value_name = "FILE", conflicts_with = "keep_keys")]
    pub(crate) login_password_file: Option<PathBuf>,
}

/// `unlock`
#[derive(Debug, Args)]
pub(crate) struct Unlock {
    /// How long: 15m, 2h; at most 12 hours
    #[arg(long = "for", value_name = "TIME", default_value = "15m")]
    pub(crate) time: String,
    /// The process that keeps the phrase, at this socket
    #[arg(long, value_name = "SOCKET", hide = true)]
    pub(crate) serve: Option<PathBuf>,
}

/// `password`
#[derive(Debug, Args)]
pub(crate) struct Password {
    /// File whose first line is the new password
    #[arg(long, value_name = "FILE")]
    pub(crate) new_password_file: Option<PathBuf>,
}

/// `account`
#[derive(Debug, Args)]
pub(crate) struct Account {
    /// Show my card, to give to others
    #[arg(long)]
    pub(crate) card: bool,
    /// Draw the card as a QR code
    #[arg(long)]
    pub(crate) qr: bool,
}

/// `trust`
#[derive(Debug, Args)]
pub(crate) struct Trust {
    /// A contact or an address
    pub(crate) who: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn arguments_are_consistent() {
        super::Cli::command().debug_assert();
    }
}
