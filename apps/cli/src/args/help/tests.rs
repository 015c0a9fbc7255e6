use super::*;

fn parse(args: &[&str]) -> Result<Cli, clap::Error> {
    from(["hospital-record"].iter().chain(args).map(OsString::from))
}

/// The verbs with their groups.
pub(super) fn verbs() -> Vec<String> {
    let command = Cli::command();
    let mut verbs = Vec::new();
    for top in command.get_subcommands() {
        let below = top.get_subcommands().map(|verb| format!("{} {}", top.get_name(), verb.get_name()));
        verbs.extend(below);
        verbs.extend((!top.has_subcommands()).then(|| top.get_name().to_owned()));
    }
    verbs
}

#[test]
fn every_command_is_in_one_section_and_every_verb_has_an_example_that_parses() {
    let sections: Vec<&str> = SECTIONS.iter().flat_map(|(_, commands)| commands.iter().copied()).collect();
    let command = Cli::command();
    for command in command.get_subcommands().map(Command::get_name) {
        assert_eq!(sections.iter().filter(|known| **known == command).count(), 1, "{command}");
    }
    let verbs = verbs();
    for verb in &verbs {
        assert_eq!(EXAMPLES.iter().filter(|example| is_of(example, verb)).count(), 1, "{verb}");
    }
    assert_eq!((sections.len(), EXAMPLES.len()), (command.get_subcommands().count(), verbs.len()));
    for example in EXAMPLES {
        let words = example.split(" > ").next().unwrap_or_default().split(' ');
        // The example shortens the id, which has 64 digits.
        let parsed = parse(&words.map(|word| if word == "0x1f3a..." { ID } else { word }).collect::<Vec<_>>());
        assert!(parsed.is_ok(), "{example}: {:?}", parsed.err());
    }
}

const ID: &str = "0x1f3a000000000000000000000000000000000000000000000000000000000000";

fn assert_short(command: &mut Command, path: &str) {
    let help = command.render_help().to_string();
    assert_eq!(help.contains("--rpc-url"), path == "settings", "{path}: {help}");
    assert!(help.contains("Example") || path == "settings", "{path}");
    // That of the settings has the exit codes as well.
    let most = if path == "settings" { 75 } else { 60 };
    assert!(help.lines().count() <= most, "{path}: {} lines", help.lines().count());
    for below in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        assert!(
            help.contains(&format!("hospital-record {path} {}", below.get_name())),
            "an example of each verb: {help}"
        );
        let path = format!("{path} {}", below.get_name());
        assert_short(below, &path);
    }
}

#[test]
fn help_of_a_verb_is_short_and_settings_have_their_own_page() {
    let mut command = explained();
    command.build();
    for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
        let path = verb.get_name().to_owned();
        assert_short(verb, &path);
    }
    let page = page();
    for setting in flags() {
        assert!(page.contains(&format!("--{}", setting.flag)), "{}", setting.flag);
    }
    for part in ["HOSPITAL_RECORD_TIMEOUT", "config.toml rpc-url", "default 0.02", "store-token-file"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(more("settings").contains("8 not funded: "), "the exit codes in full");
}

#[test]
fn overview_fits_on_one_screen() {
    let help = explained().render_help().to_string();
    assert!(help.lines().count() <= 43, "{} lines:\n{help}", help.lines().count());
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    assert!(help.contains("list, received, renounce, withdraw ") && help.contains("create, show, cases, open, ... "));
    assert!(help.contains("and the exit codes"), "{help}");
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
        &["grants", "renounce", "ana", "--folder"],
        &["grants", "withdraw", "lee", "--patient"],
        &["folders", "rotate"],
        &["requests", "list", "--by"],
        &["requests", "answer", "1f3a", "--by"],
        &["requests", "ask", "ana", "--reason"],
        &["vouches", "give", "lee", "--role"],
        &["contacts", "add"],
        &["contacts", "add", "lee"],
        &["contacts", "remove"],
        &["boards", "show"],
        &["boards", "create", "--needed", "1", "lee"],
        &["boards", "open", "er", "ana", "--reason", "f", "--to"],
        &["boards", "proxy", "er"],
        &["acts", "carry"],
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
