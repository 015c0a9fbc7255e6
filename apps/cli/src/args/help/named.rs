//! Every command that a message, a help page or a document names exists, and so do its flags. The groups are the SDK's.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::*;

/// Verbs of a group that are also fields of objects in JSON.
const FIELDS: &[&str] = &["proxy"];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files below a folder, or the file, with one of these endings.
fn files(path: &Path, ending: &str) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let wanted = entries.filter(|path| path.is_dir() || path.extension().is_some_and(|found| found == ending));
    wanted.filter(|path| !path.ends_with("target")).flat_map(|path| files(&path, ending)).collect()
}

/// A text without line breaks inside its sentences, one piece a line.
fn prose(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    if path.extension().is_some_and(|ending| ending == "md") {
        let paragraphs = text.split("\n\n").map(|paragraph| match paragraph.contains("```") {
            true => paragraph.to_owned(),
            false => paragraph.replace('\n', " "),
        });
        return paragraphs.collect::<Vec<_>>().join("\n");
    }
    let (mut joined, mut last) = (String::new(), None);
    for line in text.lines().map(str::trim_start) {
        let comment = ["///", "//!", "//"].into_iter().find(|mark| line.starts_with(mark));
        let goes_on = last == Some("\\") || (comment.is_some() && comment == last);
        joined += if goes_on { "" } else { "\n" };
        joined +=
            line.strip_prefix(comment.filter(|_| goes_on).unwrap_or_default()).unwrap_or(line).trim_end_matches('\\');
        last = comment.or(line.ends_with('\\').then_some("\\"));
    }
    joined
}

/// What stands in single backticks and is no link to an item of the SDK.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.contains("```")).flat_map(|line| {
        let parts: Vec<&str> = line.split('`').collect();
        let inside = (1..parts.len()).step_by(2).filter(|place| !parts[place - 1].ends_with('['));
        inside.map(|place| parts[place]).collect::<Vec<_>>()
    })
}

/// What is wrong with text that may name a command. `None` as well if it names none.
fn wrong(command: &Command, text: &str) -> Option<String> {
    let typed = text.strip_prefix("hospital-record ");
    let mut words = typed.unwrap_or(text).split([' ', '\n']).peekable();
    while words.next_if(|word| word.starts_with("--")).is_some() {
        words.next();
    }
    let first = words.next()?;
    if first == "help" || FIELDS.contains(&text) {
        return None;
    }
    let Some(mut found) = command.find_subcommand(first) else {
        let places = places(command, first);
        return (typed.is_some() || !places.is_empty()).then(|| format!("{first} is no command; there is {places:?}"));
    };
    if let Some(below) = words.next_if(|_| found.has_subcommands()) {
        found = match found.find_subcommand(below) {
            Some(verb) => verb,
            None => return Some(format!("{first} has no {below}")),
        };
    }
    let known = |flag: &str| {
        let mut args = command.get_arguments().chain(found.get_arguments());
        args.any(|arg| arg.get_long() == Some(flag))
    };
    let flags = text.split(|c: char| !c.is_ascii_lowercase() && c != '-').filter_map(|word| word.strip_prefix("--"));
    flags.filter(|flag| !known(flag)).map(|flag| format!("it has no --{flag}")).next()
}

/// The texts for people: of the program and the documents all, of the others what can end in an error.
fn texts() -> Vec<(PathBuf, String)> {
    let root = repository();
    let documents = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "docs", "sdk/guides", "examples"];
    let documents = documents.iter().flat_map(|path| files(&root.join(path), "md"));
    let program = ["apps/cli/src", "examples"].iter().flat_map(|path| files(&root.join(path), "rs"));
    let whole = documents.chain(program).filter(|path| !path.ends_with("named.rs"));
    let whole = whole.map(|path| (path.clone(), prose(&path)));
    let others = ["apps/node/src", "sdk/src", "sdk/core/src"].iter().flat_map(|path| files(&root.join(path), "rs"));
    let without_comments = |path: &PathBuf| {
        let text = prose(path);
        text.lines().filter(|line| !line.starts_with("//")).map(|line| format!("{line}\n")).collect::<String>()
    };
    whole.chain(others.map(|path| (path.clone(), without_comments(&path)))).collect()
}

#[test]
fn every_command_that_a_text_names_exists() {
    let command = Cli::command();
    let (mut named, mut mistakes) = (0, Vec::new());
    for (path, text) in texts() {
        for span in quoted(&text) {
            named += usize::from(span.split(' ').any(|word| command.find_subcommand(word).is_some()));
            mistakes.extend(wrong(&command, span).map(|why| format!("{}: `{span}`: {why}", path.display())));
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert!(named > 300, "only {named} were found");
}

#[test]
fn a_command_that_is_not_there_is_noticed() {
    let command = Cli::command();
    for text in [
        "shared",
        "shared --patient",
        "withdraw-request PATIENT ID",
        "ask",
        "answer ID [--by WHO]",
        "requests --by WHO",
        "grants --all",
        "grants shared",
        "list --record",
        "grants list --record",
        "hospital-record board create",
        "hospital-record --as lee shared",
        "hospital-record frobnicate",
    ] {
        assert!(wrong(&command, text).is_some(), "{text}");
    }
    for text in [
        "grants",
        "grants received --patient",
        "requests answer ID [--by WHO]",
        "list --as NAME",
        "hospital-record --as lee grants received",
        "hospital-record help settings",
        "frobnicate",
        "--until",
        "config.toml",
    ] {
        assert_eq!(wrong(&command, text), None, "{text}");
    }
}

#[test]
fn every_line_to_type_parses() {
    let mut tried = 0;
    for (path, text) in ["README.md", "SECURITY.md", "docs", "examples"]
        .iter()
        .flat_map(|path| files(&repository().join(path), "md"))
        .map(|path| (path.clone(), fs::read_to_string(&path).unwrap()))
    {
        for line in text.lines().filter_map(|line| line.strip_prefix("$ hospital-record ")) {
            let typed = line.split(" #").next().unwrap_or_default().split(" > ").next().unwrap_or_default();
            let parsed = from(["hospital-record"].into_iter().chain(typed.split_whitespace()).map(OsString::from));
            assert!(parsed.is_ok(), "{}: {line}: {:?}", path.display(), parsed.err());
            tried += 1;
        }
    }
    assert!(tried > 15, "only {tried} were found");
}

#[test]
fn every_verb_has_its_section_in_the_manual() {
    let manual = fs::read_to_string(repository().join("docs/cli.md")).unwrap();
    let headings: Vec<&str> = manual.lines().filter(|line| line.starts_with("### ")).flat_map(quoted).collect();
    for verb in super::tests::verbs() {
        assert!(headings.iter().any(|heading| is_of(heading, &verb)), "{verb}");
    }
}

#[test]
fn groups_of_the_sdk_are_groups_of_the_program() {
    let command = Cli::command();
    let mut groups = BTreeSet::new();
    for path in files(&repository().join("sdk/src/client"), "rs") {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        // A group borrows the person.
        let kind = format!("pub struct {}{}<'a>", name[..1].to_uppercase(), &name[1..]);
        if fs::read_to_string(&path).unwrap().contains(&kind) {
            assert!(command.find_subcommand(&name).is_some_and(Command::has_subcommands), "{name} is no group here");
            groups.insert(name);
        }
    }
    let here = command.get_subcommands().filter(|command| command.has_subcommands()).map(Command::get_name);
    assert_eq!(here.map(str::to_owned).collect::<BTreeSet<_>>(), groups);
}
