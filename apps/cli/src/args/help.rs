//! Help texts: commands by role, one page of settings, an example for each verb.

use std::ffi::{OsStr, OsString};

use clap::{
    ArgMatches, Command, CommandFactory, FromArgMatches,
    builder::{OsStringValueParser, Resettable, TypedValueParser},
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};
use hospital_record::names;

use super::{
    Cli,
    settings::{flags, page},
};

#[cfg(test)]
mod named;
#[cfg(test)]
mod tests;

/// Commands by role. Each is in one section.
const SECTIONS: &[(&str, &[&str])] = &[
    (
        "Everybody",
        &[
            "join",
            "init",
            "register",
            "login",
            "logout",
            "password",
            "unlock",
            "lock",
            "account",
            "contacts",
            "directory",
            "portal",
            "settings",
            "resume",
            "acts",
            "completions",
        ],
    ),
    (
        "As a patient",
        &["add", "list", "open", "folders", "grant", "revoke", "grants", "requests", "replace", "reencrypt", "sync"],
    ),
    ("As a doctor (with list --patient, open, grants received, requests ask)", &["attest"]),
    ("As a contributor (add --for, replace) or a hospital (grant --patient, grants withdraw)", &["vouches", "boards"]),
    ("As an auditor (history and verify of an address need no key)", &["history", "verify", "trust"]),
];
/// So many verbs of a group are named in its line of the overview.
const NAMED: usize = 4;
/// Commands that had another name, and are no verb of a group now.
const RENAMED: &[(&str, &str)] = &[
    ("board", "boards"),
    ("shared", "grants received"),
    ("vouch", "vouches give"),
    ("withdraw-request", "requests withdraw"),
    ("withdraw-vouch", "vouches withdraw"),
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
const EXAMPLES: &[&str] = &[
    "join https://clinic.example",
    "register --user ana",
    "login https://clinic.example --user ana",
    "logout --everywhere",
    "init --as ana",
    "password --as ana",
    "unlock --for 15m",
    "lock",
    "account --card > ana.card",
    "contacts add dr-lee lee.card",
    "contacts list",
    "contacts remove dr-lee",
    "directory search cardio --language hi",
    "directory add lee --name dr-lee",
    "directory publish --name Dr-Lee --speciality cardiology --language en --language hi",
    "directory withdraw",
    "portal apps/portal/dist",
    "settings",
    "resume",
    "acts carry signed.txt",
    "acts void",
    "completions bash > ~/.local/share/bash-completion/completions/hospital-record",
    "add report.pdf scan.dcm --folder cardiology --new-folder",
    "list --folder cardiology --since 2026-01-01",
    "open report.pdf",
    "folders list",
    "folders rotate cardiology",
    "grant dr-lee --folder cardiology --until 90d",
    "revoke dr-lee",
    "grants list --all",
    "grants received --patient ana",
    "grants renounce ana --folder cardiology",
    "grants withdraw nurse-kim --patient ana",
    "requests list --by dr-lee",
    "requests ask ana --reason why.txt --until 30d",
    "requests answer 1f3a --folder cardiology --until 30d",
    "requests withdraw ana 0x1f3a...",
    "replace report.pdf report-2.pdf",
    "reencrypt report.pdf",
    "sync --most 20G",
    "attest report.pdf --patient ana",
    "vouches give dr-lee --role practitioner --until 1y",
    "vouches withdraw dr-lee",
    "boards create --needed 2 dr-lee dr-kim dr-roe",
    "boards show night-board",
    "boards cases night-board",
    "boards open night-board ana --reason why.txt --hours 8",
    "boards acknowledge night-board 1f3a52c7d08e94b6",
    "boards veto night-board 1f3a",
    "boards proxy night-board sister",
    "boards release night-board 1f3a52c7d08e94b6",
    "boards review night-board 1f3a --finding finding.txt",
    "boards change night-board --resign",
    "boards serve night-board",
    "history ana",
    "verify 0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "trust dr-lee --authority ministry",
];

/// The parsed command line, or clap's error.
pub(crate) fn parsed() -> Result<Cli, clap::Error> {
    from(std::env::args_os())
}

fn from(typed: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = explained();
    let matches = command.try_get_matches_from_mut(typed).map_err(|error| clearer(&mut command, error))?;
    match blank(&command, &matches) {
        Some(why) => Err(command.error(ErrorKind::InvalidValue, why)),
        None => Cli::from_arg_matches(&matches),
    }
}

/// The help of a group without a verb; the right command for a verb without its group.
fn clearer(command: &mut Command, error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    let clearer = match error.kind() {
        ErrorKind::MissingSubcommand => help_of(name),
        kind => elsewhere(command, name).map(|place| command.error(kind, format!("`{name}` is {place}"))),
    };
    clearer.unwrap_or(error)
}

/// What clap answers if nothing but the group was typed: it counts flags and variables as well.
fn help_of(group: &str) -> Option<clap::Error> {
    let without_variable = |command: Command, id| command.mut_arg(id, |arg: clap::Arg| arg.env(Resettable::Reset));
    let command = flags().into_iter().map(|flag| flag.id).fold(explained(), without_variable);
    command.try_get_matches_from(group.split(' ')).err()
}

/// The commands of this name, in words.
fn elsewhere(command: &Command, word: &str) -> Option<String> {
    let places: Vec<String> = places(command, word).iter().map(|place| format!("`{place}`")).collect();
    let (last, others) = places.split_last()?;
    Some(if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) })
}

/// The commands that end with this word, or were once called so.
fn places(command: &Command, word: &str) -> Vec<String> {
    let renamed = RENAMED.iter().filter(|(before, _)| *before == word).map(|(_, now)| (*now).to_owned());
    let flat = command.find_subcommand(word).map(|verb| format!("hospital-record {}", verb.get_name()));
    let groups = command.get_subcommands().filter(|group| group.get_name() != "help");
    let below = groups.filter(|group| group.find_subcommand(word).is_some());
    renamed.chain(flat).chain(below.map(|group| format!("{} {word}", group.get_name()))).collect()
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
    let all = overview(&command);
    for flag in flags() {
        command = command.mut_arg(flag.id, |arg| arg.hide(true));
    }
    with_examples(command, "")
        .help_template("{about-with-newline}\n{usage-heading} {usage}{after-help}")
        .after_help(all)
}

/// Each command below with its examples; those of a group are of all its verbs.
fn with_examples(command: Command, above: &str) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    names.into_iter().fold(command, |command, name| {
        let path = format!("{above}{name}");
        command.mut_subcommand(name, |verb| with_examples(verb, &format!("{path} ")).after_help(more(&path)))
    })
}

fn more(path: &str) -> String {
    if path == "settings" {
        return format!("{}\n\n{EXIT_CODES}", page());
    }
    let examples: Vec<&str> = EXAMPLES.iter().copied().filter(|example| is_of(example, path)).collect();
    let (s, examples) = (if examples.len() == 1 { "" } else { "s" }, examples.join("\n  hospital-record "));
    format!(
        "Example{s}:\n  hospital-record {examples}\n\nFlags of every verb (--as, --json, --tz and more): hospital-record \
         help settings"
    )
}

/// Whether a command line is of this command, or of one below it.
fn is_of(line: &str, path: &str) -> bool {
    line.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// One line for each command, and for each group.
fn overview(command: &Command) -> String {
    let mut text = String::new();
    for (who, commands) in SECTIONS {
        text += &format!("{who}:\n");
        for command in commands.iter().filter_map(|name| command.find_subcommand(name)) {
            text += &format!("  {:<12} {}\n", command.get_name(), summary(command));
        }
    }
    format!("{text}`help VERB` explains a verb, `help settings` the settings of all verbs and the exit codes.")
}

/// What it does; of a group first its verbs.
fn summary(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let verbs: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    match verbs.len() {
        0 => about,
        1..=NAMED => format!("{:<35} {about}", verbs.join(", ")),
        _ => format!("{:<35} {about}", format!("{}, ...", verbs[..NAMED].join(", "))),
    }
}
