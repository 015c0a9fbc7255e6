//! How the program explains itself: verbs by who needs them, one page of settings, an example a verb.

use std::ffi::OsString;

use clap::{
    ArgMatches, Args as _, Command, CommandFactory, FromArgMatches,
    builder::{OsStringValueParser, TypedValueParser},
    error::ErrorKind,
    parser::ValueSource,
};

use super::{Cli, Global};

/// Who needs which verbs: each stands once.
const GROUPS: &[(&str, &[&str])] = &[
    ("Everybody", &["init", "password", "account", "contacts", "settings", "resume", "void", "completions"]),
    (
        "As a patient",
        &[
            "add",
            "list",
            "open",
            "folders",
            "grant",
            "grants",
            "revoke",
            "requests",
            "answer",
            "replace",
            "reencrypt",
            "rotate",
            "sync",
        ],
    ),
    ("As a doctor (with list --patient, open)", &["shared", "ask", "withdraw-request", "attest", "renounce"]),
    (
        "As a contributor (add --for, replace) or a hospital (grant --patient)",
        &["withdraw", "vouch", "withdraw-vouch", "carry", "board"],
    ),
    ("As an auditor (history and verify of an address need no key)", &["history", "verify", "trust"]),
];

const EXIT_CODES: &str = "\
Exit codes:
  0 done
  1 something else: a full disk, a file that changed, something else at the same time (repeat it)
  2 usage: something was typed that cannot be; nothing was done
  3 not found: no such record, contact, person or file
  4 access denied: no grant, or it has ended
  5 integrity failure: bytes, keys or a history that do not check
  6 unreachable or timed out: a service is away, or no store has the blocks
  7 key file or password
  8 not funded: the account cannot pay the transaction
  130 interrupted: `resume` finishes or clears what was under way";

/// One a verb.
const EXAMPLES: &[(&str, &str)] = &[
    ("init", "init --as ana"),
    ("password", "password --as ana"),
    ("account", "account --card > ana.card"),
    ("contacts", "contacts add dr-lee lee.card"),
    ("settings", "settings"),
    ("resume", "resume"),
    ("void", "void"),
    ("completions", "completions bash > ~/.local/share/bash-completion/completions/hospital-record"),
    ("add", "add report.pdf scan.dcm --folder cardiology --new-folder"),
    ("list", "list --folder cardiology --since 2026-01-01"),
    ("open", "open report.pdf"),
    ("folders", "folders"),
    ("grant", "grant dr-lee --folder cardiology --until 90d"),
    ("grants", "grants --all"),
    ("revoke", "revoke dr-lee"),
    ("requests", "requests --by dr-lee"),
    ("answer", "answer 1f3a --folder cardiology --until 30d"),
    ("replace", "replace report.pdf report-2.pdf"),
    ("reencrypt", "reencrypt report.pdf"),
    ("rotate", "rotate cardiology"),
    ("sync", "sync --most 20G"),
    ("shared", "shared --patient ana"),
    ("ask", "ask ana --reason why.txt --until 30d"),
    ("withdraw-request", "withdraw-request ana 0x1f3a..."),
    ("attest", "attest report.pdf --patient ana"),
    ("renounce", "renounce ana --folder cardiology"),
    ("withdraw", "withdraw nurse-kim --patient ana"),
    ("vouch", "vouch dr-lee --role practitioner --until 1y"),
    ("withdraw-vouch", "withdraw-vouch dr-lee"),
    ("carry", "carry signed.txt"),
    ("board", "board create --needed 2 dr-lee dr-kim dr-roe"),
    ("history", "history ana"),
    ("verify", "verify 0x70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    ("trust", "trust dr-lee --authority ministry"),
];

/// Settings that are no flags of the same name in `config.toml`.
const NO_KEY: [&str; 3] = ["json", "quiet", "home"];
const DEFAULTS: &[(&str, &str)] = &[
    ("as", "the only person there is"),
    ("rpc-url", "http://127.0.0.1:8545"),
    ("store", "kubo+http://127.0.0.1:5001"),
    ("tz", "$TZ, else the zone of this machine"),
    ("timeout", "30"),
    ("max-fee", "0.02"),
    ("password-file", "it is asked on the terminal"),
];

/// What was typed, or what clap says about it.
pub(crate) fn parsed() -> Result<Cli, clap::Error> {
    from(std::env::args_os())
}

fn from(typed: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = explained();
    let matches = command.try_get_matches_from_mut(typed)?;
    refuse_empty(&mut command, &matches)?;
    Cli::from_arg_matches(&matches)
}

/// An empty variable is one that is not set. An empty flag is a mistake, such as a variable of the shell that is not set:
/// it would be another person, folder or chain.
fn refuse_empty(command: &mut Command, matches: &ArgMatches) -> Result<(), clap::Error> {
    for flag in settings() {
        let typed = matches.value_source(flag.id.as_str()) == Some(ValueSource::CommandLine);
        if typed && matches.get_raw(flag.id.as_str()).is_some_and(|mut values| values.any(|value| value.is_empty())) {
            let why = format!("--{} is empty: name a value, or leave the flag out", flag.long);
            return Err(command.error(ErrorKind::InvalidValue, why));
        }
    }
    Ok(())
}

/// A path that may be empty, as a variable that is not set is.
pub(super) fn path() -> impl TypedValueParser<Value = std::path::PathBuf> {
    OsStringValueParser::new().map(std::path::PathBuf::from)
}

/// The program's arguments, with help that is short: settings stand on their own page.
fn explained() -> Command {
    let mut command = Cli::command();
    let all = format!(
        "{}{EXIT_CODES}\n\n`help VERB` explains one, `help settings` what all of them go by.",
        groups(&command)
    );
    for flag in settings() {
        command = command.mut_arg(flag.id, |arg| arg.hide(true));
    }
    for (verb, example) in EXAMPLES {
        let more = match *verb {
            "settings" => page(),
            _ => format!(
                "Example:\n  hospital-record {example}\n\nFlags of every verb (--as, --json, --tz and more): hospital-record \
                 help settings"
            ),
        };
        command = command.mut_subcommand(verb, |verb| verb.after_help(more));
    }
    command.help_template("{about-with-newline}\n{usage-heading} {usage}{after-help}").after_help(all)
}

fn groups(command: &Command) -> String {
    let mut text = String::new();
    for (who, verbs) in GROUPS {
        text += &format!("{who}:\n");
        for verb in *verbs {
            let about = command.find_subcommand(verb).and_then(Command::get_about).map(ToString::to_string);
            text += &format!("  {verb:<17} {}\n", about.unwrap_or_default());
        }
        text.push('\n');
    }
    text
}

struct Setting {
    id: clap::Id,
    long: String,
    text: String,
}

/// The flags of every verb.
fn settings() -> Vec<Setting> {
    let command = Global::augment_args(Command::new("settings"));
    command.get_arguments().filter(|arg| arg.get_long().is_some_and(|long| long != "help")).map(setting).collect()
}

fn setting(arg: &clap::Arg) -> Setting {
    let long = arg.get_long().unwrap_or_default();
    let value = arg.get_value_names().filter(|_| arg.get_action().takes_values()).unwrap_or_default();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut also = Vec::new();
    also.extend(arg.get_env().map(|name| format!("environment {}", name.to_string_lossy())));
    also.extend((!NO_KEY.contains(&long)).then(|| format!("config.toml {long}")));
    also.extend(DEFAULTS.iter().find(|(name, _)| *name == long).map(|(_, default)| format!("default {default}")));
    let also = if also.is_empty() { String::new() } else { format!("      [{}]\n", also.join("; ")) };
    let value: String = value.iter().map(|name| format!(" <{name}>")).collect();
    Setting {
        id: arg.get_id().clone(),
        long: long.to_owned(),
        text: format!("  --{long}{value}\n      {help}\n{also}"),
    }
}

/// All settings, from where they come and what wins.
pub(crate) fn page() -> String {
    let flags: String = settings().into_iter().map(|setting| setting.text).collect();
    format!(
        "Settings of every verb. A flag wins over the environment, that over config.toml in the home folder; an empty \
         variable counts as not set.\n\n{flags}  store-token-file in config.toml alone: a file with the bearer token of the first store"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
        from(["hospital-record"].iter().chain(args).map(OsString::from))
    }

    #[test]
    fn every_verb_stands_in_one_group_and_has_an_example_that_parses() {
        let command = Cli::command();
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, verbs)| verbs.iter().copied()).collect();
        for verb in command.get_subcommands().map(Command::get_name) {
            assert_eq!(grouped.iter().filter(|known| **known == verb).count(), 1, "{verb}");
            assert_eq!(EXAMPLES.iter().filter(|(known, _)| *known == verb).count(), 1, "{verb}");
        }
        assert_eq!(grouped.len(), EXAMPLES.len());
        for (verb, example) in EXAMPLES {
            let words: Vec<&str> = example.split(" > ").next().unwrap_or_default().split(' ').collect();
            assert_eq!(words[0], *verb);
            // Its id is one of 64 digits, which nobody wants to read.
            let parsed =
                parse(&words.iter().map(|word| if *word == "0x1f3a..." { ID } else { word }).collect::<Vec<_>>());
            assert!(parsed.is_ok(), "{example}: {:?}", parsed.err());
        }
    }

    const ID: &str = "0x1f3a000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn the_help_of_a_verb_is_short_and_settings_stand_on_a_page() {
        let mut command = explained();
        command.build();
        for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
            let help = verb.render_help().to_string();
            let name = verb.get_name();
            assert_eq!(help.contains("--rpc-url"), name == "settings", "{name}: {help}");
            assert!(help.contains("Example:") || name == "settings", "{name}");
            assert!(help.lines().count() <= 60, "{name}: {} lines", help.lines().count());
        }
        let page = page();
        for setting in settings() {
            assert!(page.contains(&format!("--{}", setting.long)), "{}", setting.long);
        }
        for part in ["HOSPITAL_RECORD_TIMEOUT", "config.toml rpc-url", "default 0.02", "store-token-file"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    #[test]
    fn an_empty_flag_is_refused_by_name() {
        for setting in settings().into_iter().filter(|setting| setting.text.contains('<')) {
            for args in [[&format!("--{}=", setting.long), "list"], ["list", &format!("--{}=", setting.long)]] {
                let error = parse(&args).err().map(|error| error.to_string()).unwrap_or_default();
                assert!(error.contains(&setting.long), "{args:?}: {error}");
            }
        }
        assert!(parse(&["list", "--as", "ana"]).is_ok() && parse(&["list", "--json"]).is_ok());
    }
}
