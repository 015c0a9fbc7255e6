//! Errors before any server is asked, and their exit codes.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{ACCOUNT_0, ACCOUNT_1, Home, text};
use serde_json::Value;

#[test]
fn help_names_every_verb_and_exit_code() {
    let output = Home::new().run(&["--help"]).output().unwrap();
    let help = text(&output.stdout);
    assert!(output.status.success());
    for verb in [
        "init",
        "account",
        "contacts",
        "folders",
        "register",
        "login",
        "logout",
        "directory",
        "add",
        "list",
        "open",
        "grant",
        "revoke",
        "grants",
        "requests",
        "vouches",
        "boards",
        "acts",
        "replace",
        "reencrypt",
        "sync",
        "resume",
        "history",
        "verify",
        "completions",
    ] {
        assert!(help.contains(&format!("\n  {verb} ")), "{verb}");
    }
    let settings = Home::new().run(&["help", "settings"]).output().unwrap();
    assert!(text(&settings.stdout).contains("8 not funded"));
}

#[test]
fn group_without_a_verb_prints_its_help_and_exits_with_2() {
    let home = Home::new();
    for (group, verb) in [
        ("contacts", "add"),
        ("folders", "rotate"),
        ("grants", "received"),
        ("requests", "ask"),
        ("vouches", "give"),
        ("acts", "carry"),
        ("boards", "create"),
        ("directory", "search"),
    ] {
        // Variables are set, and flags do not change the answer.
        for args in [&[group][..], &["--as", "ana", group], &[group, "--quiet"]] {
            let told = home.fails(args, 2);
            for part in [format!("Usage: hospital-record {group} "), format!("\n  {verb} "), "Examples:".to_owned()] {
                assert!(told.contains(&part), "{args:?}: {told}");
            }
        }
    }
}

#[test]
fn verb_of_a_group_typed_alone_is_answered_with_its_group() {
    let home = Home::new();
    for (typed, told) in [
        ("rotate", "`rotate` is `folders rotate`"),
        ("renounce", "`renounce` is `grants renounce`"),
        ("received", "`received` is `grants received`"),
        ("ask", "`ask` is `requests ask`"),
        ("answer", "`answer` is `requests answer`"),
        ("carry", "`carry` is `acts carry`"),
        ("void", "`void` is `acts void`"),
        ("create", "`create` is `boards create`"),
        (
            "withdraw",
            "`withdraw` is `directory withdraw`, `grants withdraw`, `requests withdraw` or `vouches withdraw`",
        ),
        ("shared", "`shared` is `grants received`"),
        ("vouch", "`vouch` is `vouches give`"),
        ("withdraw-vouch", "`withdraw-vouch` is `vouches withdraw`"),
        ("withdraw-request", "`withdraw-request` is `requests withdraw`"),
        ("board", "`board` is `boards`"),
    ] {
        for args in [&[typed][..], &[typed, ACCOUNT_0, "--all"], &["--as", "ana", typed], &["grants", typed]] {
            if args == ["grants", typed] && told.contains("`grants ") {
                continue;
            }
            assert!(home.fails(args, 2).contains(&format!("error: {told}\n")), "{args:?}");
        }
        let object: Value = serde_json::from_str(&home.fails(&["--json", typed], 2)).unwrap();
        assert!(object["message"].as_str().unwrap().starts_with(told), "{object}");
    }
    let told = home.fails(&["grants", "open"], 2);
    assert!(told.contains("`open` is `hospital-record open` or `boards open`"), "{told}");
}

#[test]
fn malformed_argument_is_exit_2() {
    let home = Home::new();
    for args in [
        &[][..],
        &["frobnicate"],
        &["add"],
        &["add", "--bundle", ".", "file"],
        &["open"],
        &["open", "abcd1234", "--range", "9..1"],
        &["open", "abcd1234", "--export", "x", "-o", "y"],
        &["grant", ACCOUNT_0, "--read", "--contribute"],
        &["grant", ACCOUNT_0, "--record", "abcd1234", "--contribute"],
        &["grant", ACCOUNT_0, "--record", "abcd1234", "--folder", "x"],
        &["grant", ACCOUNT_0, "--purpose", "curiosity"],
        &["grant", ACCOUNT_0, "--confidentiality", "X"],
        &["add", "x", "--type", "11502-3"],
        &["add", "x", "--media-type", "pdf"],
        &["replace", "abcd1234"],
        &["replace", "abcd1234", "--entered-in-error", "--type", "11502-2"],
        &["replace", "abcd1234", "x", "--type", "11502-3"],
        &["reencrypt"],
        &["grants", "renounce"],
        &["grants", "renounce", ACCOUNT_0, "--record", "abcd1234", "--folder", "x"],
        &["init", "--account", "-1"],
        &["list", "--timeout", "4611686018427387904"],
        &["list", "--since", "long ago"],
        &["list", "--as", ""],
        &["list", "--timeout", "0"],
        &["history", "--tz", "Mars/Olympus"],
        &["completions", "tcsh"],
    ] {
        home.fails(args, 2);
    }
}

#[test]
fn usage_error_is_an_object_with_json() {
    let home = Home::new();
    for args in [&["frobnicate", "--json"][..], &["--json", "list", "--tz", "Mars/Olympus"]] {
        let told: Value = serde_json::from_str(&home.fails(args, 2)).unwrap();
        assert_eq!((&told["type"], &told["exit"], &told["kind"]), (&"error".into(), &2.into(), &"usage".into()));
    }
}

#[test]
fn past_or_malformed_date_is_refused_before_anything_is_asked() {
    let home = Home::of("ana");
    let told = home.fails(&["grant", ACCOUNT_1, "--until", "2020-01-31", "--tz", "Europe/Zurich"], 2);
    assert!(told.contains("2020-02-01T00:00:00+01:00 (2020-01-31T23:00:00Z)"), "{told}");
    for date in ["tomorrow", "2027-02-30", "90m", "31.01.2099", ""] {
        home.fails(&["grant", ACCOUNT_1, "--until", date], 2);
    }
    home.fails(&["add", "config.toml", "--created", "long ago"], 2);
    assert!(home.fails(&["add", "password", "--created", "2999-01-31"], 2).contains("2999-01-31T00:00:00"));
}

#[test]
fn a_malformed_address_record_card_or_head_is_refused_before_anything_is_asked() {
    let home = Home::of("ana");
    let mistyped = ACCOUNT_1.replace("7099", "7098");
    for who in ["0x1234", &mistyped, "0xzz"] {
        home.fails(&["grant", who], 2);
        home.fails(&["revoke", who], 2);
        home.fails(&["grants", "renounce", who], 2);
        home.fails(&["history", who], 2);
        home.fails(&["list", "--patient", who], 2);
    }
    for record in ["", "0x12", "hospital-record:x", "report\u{200b}.pdf"] {
        home.fails(&["open", record], 2);
        home.fails(&["grant", ACCOUNT_1, "--record", record], 2);
        home.fails(&["replace", record, "--entered-in-error"], 2);
        home.fails(&["reencrypt", record], 2);
        home.fails(&["grants", "renounce", ACCOUNT_1, "--record", record], 2);
    }
    home.write("card.txt", "no card");
    for card in ["card.txt", "hospital-record-card:1:2:3", "."] {
        home.fails(&["contacts", "add", "dr-lee", card], 2);
    }
    home.fails(&["contacts", "add", "dr-lee", "missing.txt"], 3);
    home.fails(&["verify", ACCOUNT_0, "--head", "0x12"], 2);
    home.fails(&["history", ACCOUNT_0, "--contract", "0x12"], 2);
}

#[test]
fn files_are_checked_before_anything_is_sent() {
    let home = Home::of("ana");
    assert!(home.fails(&["add", "."], 2).contains("--bundle"));
    home.fails(&["add", "missing.pdf"], 3);
    home.fails(&["add", "--bundle", "missing"], 3);
    home.fails(&["add", "--bundle", "password"], 2);
    home.fails(&["add", "-", "-"], 2);
    home.fails(&["add", "password", "password", "--name", "x"], 2);
    home.fails(&["replace", "abcd1234", "."], 2);
    home.fails(&["add", "password", "--timeout", "1"], 6);
}

#[test]
fn output_path_is_checked_before_anything_is_asked() {
    let home = Home::of("ana");
    std::fs::create_dir(home.path("dir")).unwrap();
    for args in [
        &["-o", "dir", "--force"][..],
        &["-o", "dir"],
        &["-o", "password"],
        &["-o", "missing/out"],
        &["-o", "password/out"],
        &["--export", "password"],
        &["--export", "password/out"],
        &["--export", "a/b"],
    ] {
        home.fails(&[&["open", "abcd1234", "--timeout", "1"], args].concat(), 2);
    }
    for path in ["dir", "password", "missing/out"] {
        home.fails(&["revoke", ACCOUNT_1, "--sign", "-o", path, "--timeout", "1"], 2);
    }
    for args in
        [&["-o", "new"][..], &["-o", "password", "--force"], &["--export", "a"], &["-o", "/dev/null", "--force"]]
    {
        home.fails(&[&["open", "abcd1234", "--timeout", "1"], args].concat(), 6);
    }
    assert!(!home.path("new").exists() && !home.path("a").exists());
    // Nobody can make files there.
    #[cfg(target_os = "linux")]
    common::failure(home.run(&["open", "abcd1234", "--timeout", "1"]).current_dir("/proc"), 2);
}

#[test]
fn verbs_about_settings_work_with_wrong_settings() {
    for (config, zone, told) in [
        ("", "Mars/X", "TZ"),
        ("contarct = 'x'", "UTC", "contarct"),
        ("timeout = 0", "UTC", "1 to 86400"),
        ("contract = '0x12'", "UTC", "0x12"),
        ("max-fee = 'much'", "UTC", "much"),
        ("not toml", "UTC", "config.toml"),
    ] {
        let home = Home::new();
        home.write("config.toml", config);
        let run = |args: &[&str]| home.run(args).env("TZ", zone).output().unwrap();
        let output = run(&["completions", "bash"]);
        assert!(output.status.success() && text(&output.stdout).contains("hospital-record"), "{config} {zone}");
        let output = run(&["settings"]);
        assert!(output.status.success() && text(&output.stdout).contains("--rpc-url <URL>"), "{config} {zone}");
        assert!(text(&output.stderr).contains(told), "{}", text(&output.stderr));
        let all = common::objects(&run(&["settings", "--json"]));
        assert!(all.iter().any(|setting| setting["flag"] == "--timeout" && setting["key"] == "timeout"), "{all:?}");
        let wrong: Vec<_> = all.iter().filter(|object| object["type"] == "wrong-setting").collect();
        assert!(wrong.len() == 1 && wrong[0]["message"].as_str().unwrap().contains(told), "{wrong:?}");
        assert!(!run(&["account"]).status.success(), "the others stop: {config} {zone}");
    }
    let home = Home::new();
    let all = common::objects(&home.run(&["settings", "--json"]).output().unwrap());
    assert!(all.len() > 15 && all.iter().all(|setting| setting["type"] == "setting"), "{all:?}");
}

#[test]
fn malformed_id_is_answered_with_the_right_form() {
    let home = Home::of("ana");
    for id in ["0xfe7a35b5", "0x12", "fe7a", "0xzz", "ask", &"f".repeat(63), &"f".repeat(65)] {
        for args in [
            &["requests", "withdraw", ACCOUNT_1, id][..],
            &["resume", "--give-up", id],
            &["boards", "open", ACCOUNT_0, ACCOUNT_1, "--reason", "password", "--scope", id],
        ] {
            let told = home.fails(args, 2);
            assert!(told.contains("give the whole id, 0x and 64 digits"), "{args:?}: {told}");
        }
    }
    home.write("requests.txt", "hospital-record-request:1:0x12:00");
    for args in [
        &["acts", "carry", "requests.txt"][..],
        &["boards", "show", "0x12"],
        &["boards", "cases", "0x12"],
        &["boards", "acknowledge", ACCOUNT_0, "0x12"],
        &["requests", "answer", "0x1"],
        &["open", "0x12"],
        &["verify", ACCOUNT_0, "--head", "0x12"],
        &["trust", "0x12"],
        &["trust", ACCOUNT_0, "--contract", "0x12", "--authority", ACCOUNT_1],
    ] {
        assert!(!home.fails(args, 2).contains("string length"), "{args:?}");
    }
}

#[test]
fn negative_number_is_answered_with_the_bounds() {
    let home = Home::of("ana");
    for (flag, told) in [("--timeout", "1 to 86400 seconds"), ("--max-fee", "0.05")] {
        for wrong in ["-1", "-0.5"] {
            let words = home.fails(&["list", flag, wrong], 2);
            assert!(words.contains(told), "{flag} {wrong}: {words}");
        }
    }
}

#[test]
fn new_password_must_be_in_another_file_than_the_old_one() {
    let home = Home::of("ana");
    std::fs::create_dir(home.path("dir")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(home.path("password"), home.path("link")).unwrap();
    let before = common::read(&home.key_file("ana"));
    for same in ["password", "./password", "dir/../password", "link"] {
        let told = home.fails(&["password", "--new-password-file", same], 2);
        assert!(told.contains("is the file of the old password"), "{same}: {told}");
    }
    assert_eq!(common::read(&home.key_file("ana")), before);
    home.write("new", "other secret words");
    home.run(&["password", "--new-password-file", "new"]).assert().success();
}

#[test]
fn completions_are_scripts() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = home.run(&["completions", shell]).output().unwrap();
        assert!(output.status.success() && text(&output.stdout).contains("hospital-record"), "{shell}");
    }
}
