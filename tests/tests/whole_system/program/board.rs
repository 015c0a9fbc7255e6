//! Boards, each member with a program of its own, of which some are killed.

use std::{
    process::{Child, Stdio},
    thread,
    time::{Duration, Instant},
};

use hospital_record_tests::program::{Computer, field};
use serde_json::Value;

use super::{anas_computer, befriend, of_type};

const DEADLINE: Duration = Duration::from_secs(60);
const MEMBERS: [&str; 3] = ["casualty", "anaesthesia", "ethics"];

/// Ana, who gave a folder with a record to a board of three, and a doctor who was given nothing.
struct Night {
    computer: Computer,
    board: String,
    ana: String,
    record: String,
}

impl Night {
    fn new() -> Self {
        let computer = anas_computer();
        let ana = computer.address("ana");
        let members = MEMBERS.map(|member| befriend(&computer, member));
        befriend(&computer, "doctor");
        computer.file("allergies.txt", "penicillin");
        let record = field(&computer.json("ana", &["add", "allergies.txt"])[0], "record");
        let create = ["board", "create", "--needed", "2"].into_iter().chain(members.iter().map(String::as_str));
        let board = field(&computer.json("casualty", &create.collect::<Vec<_>>())[0], "board");
        computer.json("ana", &["grant", &board, "--emergency", "--name", "night"]);
        computer.file("reason.txt", "Unconscious after a fall.\n");
        Self { computer, board, ana, record }
    }

    fn opened(&self) -> String {
        let doctor = self.computer.address("doctor");
        let open = ["board", "open", &self.board, &self.ana, "--to", &doctor, "--reason", "reason.txt"];
        field(&self.computer.json("casualty", &open)[0], "id")
    }

    fn serve(&self, member: &str) -> Serving {
        let args = ["--as", member, "--json", "board", "serve", &self.board, "--every", "1"];
        Serving(self.computer.command(args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn case(&self) -> Value {
        let cases = self.computer.json("ana", &["board", "cases", "night"]);
        of_type(&cases, "case")[0].clone()
    }

    /// What the doctor gets, as soon as there is anything.
    fn read_in_time(&self) -> Vec<u8> {
        let start = Instant::now();
        loop {
            let ran = self.computer.run(["--as", "doctor", "open", &self.record, "-o", "-"]);
            match ran.code {
                Some(0) => return ran.stdout,
                _ if start.elapsed() > DEADLINE => panic!("{}", ran.stderr),
                _ => thread::sleep(Duration::from_millis(500)),
            }
        }
    }
}

/// A program that ends with its owner.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn members_who_agreed_give_out_their_shares_by_themselves() {
    let night = Night::new();
    let _serving = MEMBERS.map(|member| night.serve(member));
    let case = night.opened();
    night.computer.run_json("doctor", &["open", &night.record]).refused(4, "denied");
    night.computer.json("anaesthesia", &["board", "acknowledge", &night.board, &case[..18]]);
    assert_eq!(night.read_in_time(), b"penicillin");
    let told = night.case();
    assert_eq!((&told["stage"], &told["reason"]), (&"granted".into(), &"Unconscious after a fall.".into()));
    assert_eq!(told["released"].as_array().unwrap().len(), 2, "who did not agree gives out nothing by itself: {told}");

    // Who took no part reviews it, and Ana finds all of it in her history.
    night.computer.file("finding.txt", "Nobody rang first.");
    night.computer.json("ethics", &["board", "review", &night.board, &case, "--finding", "finding.txt"]);
    let history = night.computer.json("ana", &["history"]);
    let entry = history.iter().find(|entry| entry["action"] == "access-delegated").unwrap();
    assert_eq!((&entry["case"]["id"], &entry["case"]["reason"]), (&case.as_str().into(), &told["reason"]));
    let words = String::from_utf8(night.computer.run(["--as", "ana", "history"]).stdout).unwrap();
    for told in
        ["night delegated to doctor", "casualty, anaesthesia", "| Unconscious after a fall.", "reviewed by   ethics"]
    {
        assert!(words.contains(told), "{told}: {words}");
    }
    assert!(words.contains("Nobody rang first."), "{words}");
}

#[test]
fn others_stand_in_for_members_whose_programs_were_killed() {
    let night = Night::new();
    let casualty = night.serve("casualty");
    let case = night.opened();
    drop(casualty);
    let _anaesthesia = night.serve("anaesthesia");
    night.computer.json("anaesthesia", &["board", "acknowledge", &night.board, &case]);
    let opening = night.computer.run_json("doctor", &["open", &night.record]);
    opening.refused(6, "not-available");
    let start = Instant::now();
    while night.case()["released"].as_array().unwrap().is_empty() {
        assert!(start.elapsed() < DEADLINE, "nothing was given out");
    }
    night.computer.run_json("doctor", &["open", &night.record]).refused(6, "not-available");
    night.computer.json("ethics", &["board", "release", &night.board, &case]);
    assert_eq!(night.read_in_time(), b"penicillin");
}

#[test]
fn a_veto_a_double_vote_and_a_board_that_is_none_are_refused_with_their_codes() {
    let night = Night::new();
    let case = night.opened();
    let again = ["board", "acknowledge", night.board.as_str(), case.as_str()];
    night.computer.run_json("casualty", &again).refused(1, "already-done");
    night.computer.run_json("doctor", &again).refused(4, "denied");
    night.computer.run_json("doctor", &["board", "veto", &night.board, &case]).refused(4, "denied");
    night.computer.run_json("ethics", &["board", "release", &night.board, &case]).refused(1, "conflict");
    night.computer.run_json("ethics", &["board", "review", &night.board, "zz"]).refused(2, "usage");
    night.computer.run_json("ethics", &["board", "review", &night.board, "00000000"]).refused(3, "not-found");
    night.computer.run_json("ana", &["board", "show", &night.ana]).refused(3, "not-found");
    night.computer.run_json("ana", &["board", "create", "--needed", "2", &night.ana]).refused(2, "usage");
    night.computer.run_json("ana", &["grant", &night.board]).refused(3, "not-found");
    night.computer.run_json("ana", &["board", "proxy", &night.ana]).refused(3, "not-found");
    night.computer.run_json("ana", &["void", "--board", &night.ana]).refused(3, "not-found");
    night.computer.json("ana", &["void", "--board", "night"]);
    assert_eq!(night.computer.json("ana", &["board", "proxy", "night"])[0]["proxy"], Value::Null);
    let named = night.computer.json("ana", &["board", "proxy", "night", "doctor"]);
    assert_eq!(named[0]["proxy_name"], "doctor");
    night.computer.json("ana", &["board", "proxy", "night", "--none"]);
    night.computer.run_json("doctor", &["board", "veto", &night.board, &case]).refused(4, "denied");
    night.computer.json("ana", &["board", "proxy", "night", "doctor"]);
    night.computer.json("doctor", &["board", "veto", &night.board, &case]);
    night.computer.run_json("anaesthesia", &again).refused(1, "conflict");
    assert_eq!(night.case()["stage"], "vetoed");

    // Leaving and closing.
    let left = night.computer.json("ethics", &["board", "change", &night.board, "--resign"]);
    assert_eq!(left[0]["left"].as_array().unwrap().len(), 1);
    for member in ["casualty", "anaesthesia"] {
        night.computer.json(member, &["board", "change", &night.board, "--close"]);
    }
    assert_eq!(night.computer.json("ana", &["board", "show", "night"])[0]["closed"], true);
    let synced = night.computer.json("ana", &["sync"]);
    assert_eq!(synced[0]["rotated"], 1);
}
