//! Help texts: verbs grouped by role, one page of settings, an example for each verb.

use std::ffi::{OsStr, OsString};

use clap::{
    ArgMatches, Command, CommandFactory, FromArgMatches,
    builder::{OsStringValueParser, TypedValueParser},
    error::ErrorKind,
    parser::ValueSource,
};
use hospital_record::names;

use super::{
    Cli,
    settings::{flags, page},
};

/// Verbs by role. Each verb is in one group.
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
  1 other: a full disk, a file that changed, a conflict with another program or device (repeat it)
  2 usage: an argument or a setting is wrong; nothing was done
  3 not found: no such record, contact, person or file
  4 access denied: no grant, or it has ended
  5 integrity failure: bytes, keys or a history that fail verification
  6 unreachable or timed out: a service is down, or no store has the blocks
  7 key file or password
  8 not funded: the account cannot pay the transaction
  130 interrupted: `resume` finishes or clears what was under way";

/// One example for each verb.
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

/// The parsed command line, or clap's error.
pub(crate) fn parsed() -> Result<Cli, clap::Error> {
    from(std::env::args_os())
}

fn from(typed: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = explained();
    let matches = command.try_get_matches_from_mut(typed)?;
    match blank(&command, &matches) {
        Some(why) => Err(command.error(ErrorKind::InvalidValue, why)),
        None => Cli::from_arg_matches(&matches),
    }
}

/// An empty environment variable counts as not set. An empty argument is an error: it often comes from an unset shell
/// variable, and would select another person, folder or chain.
fn blank(command: &Command, matches: &ArgMatches) -> Option<String> {
    let typed = |arg: &&clap::Arg| {
        arg.get_action().takes_values() && matches.value_source(arg.get_id().as_str()) == Some(ValueSource::CommandLine)
    };
    let has_blank =
        |arg: &&clap::Arg| matches.get_raw(arg.get_id().as_str()).is_some_and(|mut values| values.any(is_blank));
    let here = command.get_arguments().filter(typed).find(has_blank).map(|arg| match arg.get_long() {
        Some(long) => format!("--{long} is empty: name a value, or leave the flag out"),
        None => format!("{arg} is empty: name a value"),
    });
    let below = || matches.subcommand().and_then(|(verb, matches)| blank(command.find_subcommand(verb)?, matches));
    here.or_else(below)
}

/// Whether no character of it is visible.
fn is_blank(value: &OsStr) -> bool {
    value.to_str().is_some_and(|text| names::marked(text).all(|(c, seen)| !seen || names::is_blank(c)))
}

/// A path that may be empty: an empty variable counts as not set.
pub(super) fn path() -> impl TypedValueParser<Value = std::path::PathBuf> {
    OsStringValueParser::new().map(std::path::PathBuf::from)
}

/// The program's arguments with short help: settings have a page of their own.
fn explained() -> Command {
    let mut command = Cli::command();
    let all = format!(
        "{}{EXIT_CODES}\n\n`help VERB` explains a verb, `help settings` the settings of all verbs.",
        groups(&command)
    );
    for flag in flags() {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
        from(["hospital-record"].iter().chain(args).map(OsString::from))
    }

    #[test]
    fn every_verb_is_in_one_group_and_has_an_example_that_parses() {
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
            // The example shortens the id, which has 64 digits.
            let parsed =
                parse(&words.iter().map(|word| if *word == "0x1f3a..." { ID } else { word }).collect::<Vec<_>>());
            assert!(parsed.is_ok(), "{example}: {:?}", parsed.err());
        }
    }

    const ID: &str = "0x1f3a000000000000000000000000000000000000000000000000000000000000";

    #[test]
    fn help_of_a_verb_is_short_and_settings_have_their_own_page() {
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
        for setting in flags() {
            assert!(page.contains(&format!("--{}", setting.flag)), "{}", setting.flag);
        }
        for part in ["HOSPITAL_RECORD_TIMEOUT", "config.toml rpc-url", "default 0.02", "store-token-file"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }

    #[test]
    fn empty_flag_is_refused_by_name() {
        for setting in flags().into_iter().filter(|setting| setting.value.is_some()) {
            for args in [[&format!("--{}=", setting.flag), "list"], ["list", &format!("--{}=", setting.flag)]] {
                let error = parse(&args).err().map(|error| error.to_string()).unwrap_or_default();
                assert!(error.contains(&setting.flag), "{args:?}: {error}");
            }
        }
        assert!(parse(&["list", "--as", "ana"]).is_ok() && parse(&["list", "--json"]).is_ok());
    }

    #[test]
    fn blank_argument_is_refused_by_name() {
        let mut tried = 0;
        for args in [
            &["add", "f", "--name"][..],
            &["add", "f", "--title"],
            &["add", "f", "--description"],
            &["add", "f", "--keyword", "x", "--keyword"],
            &["add", "f", "--folder"],
            &["add", "f", "--for"],
            &["add", "f", "--created"],
            &["add"],
            &["add", "--bundle"],
            &["list", "--folder"],
            &["list", "--patient"],
            &["list", "--name"],
            &["list", "--keyword"],
            &["open"],
            &["open", "x", "-o"],
            &["open", "x", "--export"],
            &["replace", "x", "f", "--name"],
            &["replace", "x"],
            &["grant"],
            &["grant", "lee", "--folder"],
            &["grant", "lee", "--patient"],
            &["grant", "lee", "--board", "--name"],
            &["revoke", "lee", "--folder"],
            &["renounce", "ana", "--folder"],
            &["withdraw", "lee", "--patient"],
            &["rotate"],
            &["requests", "--by"],
            &["answer", "1f3a", "--by"],
            &["ask", "ana", "--reason"],
            &["vouch", "lee", "--role"],
            &["contacts", "add"],
            &["contacts", "add", "lee"],
            &["contacts", "remove"],
            &["board", "show"],
            &["board", "create", "--needed", "1", "lee"],
            &["board", "open", "er", "ana", "--reason", "f", "--to"],
            &["board", "proxy", "er"],
            &["carry"],
            &["history"],
            &["trust"],
        ] {
            for blank in ["", " ", "\t\n", "\u{a0}\u{3000}", "\u{200b}\u{feff}"] {
                let line = [args, &[blank]].concat();
                let rest = if args == ["contacts", "add"] { &["card"][..] } else { &[] };
                let line = [&line, rest].concat();
                let error = parse(&line).err().map(|error| error.to_string()).unwrap_or_default();
                // Clap itself refuses a path of no bytes.
                let by_clap = blank.is_empty() && error.contains("a value is required");
                let name = args.last().filter(|last| last.starts_with("--")).copied().unwrap_or_default();
                let by_name = error.contains(&format!("{name} is empty: name a value"));
                assert!(by_clap || by_name, "{line:?}: {error}");
                tried += 1;
            }
        }
        assert_eq!(tried, 200);
        assert!(parse(&["add", "f", "--name", " x "]).is_ok());
    }
}
