//! The program ends in the middle of `add`, by Ctrl-C or worse: `resume` finishes the record or removes it, exactly.

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use hospital_record_tests::{
    anvil::Anvil,
    faults::{self, Fault},
    kubo::Kubo,
    program::{Computer, field},
    proxy::{Act, Call, Proxy},
};
use serde_json::Value;

use super::{added, befriend};

const SEND: &str = "eth_sendRawTransaction";

/// Ana, whose provider can stall, and a node of her own.
struct Ana {
    computer: Computer,
    proxy: Proxy,
    kubo: Kubo,
}

impl Ana {
    fn new() -> Self {
        let (proxy, kubo) = (Proxy::before(Anvil::shared().address()), Kubo::start());
        let computer = Computer::with_servers(&proxy.url(), &kubo.url());
        Anvil::shared().fund(computer.init("ana"));
        added(&computer, "first.txt", "first");
        Self { computer, proxy, kubo }
    }

    /// Adds a file, and ends the program with this signal at the first call that `fault` stalls.
    fn add_until(&self, name: &str, signal: &str, mut fault: impl Fault) -> Option<i32> {
        let reached = Arc::new(AtomicBool::new(false));
        let here = reached.clone();
        self.proxy.rule(move |call: &Call| {
            let act = fault(call);
            here.fetch_or(matches!(act, Act::Stall), Ordering::Relaxed);
            act
        });
        self.computer.file(name, name);
        let mut add = self.computer.command(["--as", "ana", "--json", "add", name]);
        let mut child = add.stderr(Stdio::null()).spawn().unwrap();
        while !reached.load(Ordering::Relaxed) {
            assert!(child.try_wait().unwrap().is_none(), "it ended before it was to be ended");
            thread::sleep(Duration::from_millis(5));
        }
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let ended = child.wait().unwrap();
        self.proxy.clear();
        ended.code()
    }

    /// What `resume` did: records finished, removed, and whether a transaction was under way.
    fn resume(&self) -> (u64, u64, bool) {
        let resumed = &self.computer.json("ana", &["resume"])[0];
        (resumed["finished"].as_u64().unwrap(), resumed["removed"].as_u64().unwrap(), resumed["tx"].is_string())
    }

    fn names(&self) -> Vec<Value> {
        self.computer.json("ana", &["list"]).iter().rev().map(|record| record["name"].clone()).collect()
    }
}

/// Nothing once the transaction is on its way.
fn after_sending(method: &'static str) -> impl Fault {
    let mut sent = false;
    move |call: &Call| {
        sent |= call.method == SEND;
        if sent && call.method == method { Act::Stall } else { Act::Pass }
    }
}

/// Ends it at each moment of the registration; the record is there once, however far it came.
fn ended_by(signal: &str, code: Option<i32>) {
    let ana = Ana::new();
    assert_eq!(ana.add_until("unsigned", signal, faults::stall("eth_estimateGas")), code);
    assert_eq!(ana.resume(), (1, 0, false), "stored, and nothing was signed");
    assert_eq!(ana.add_until("unsent", signal, faults::stall(SEND)), code);
    assert_eq!(ana.resume(), (1, 0, true), "signed, and nobody has it");
    assert_eq!(ana.add_until("unseen", signal, after_sending("eth_getTransactionReceipt")), code);
    assert_eq!(ana.resume(), (1, 0, true), "mined, and not known");
    assert_eq!(ana.add_until("unconfirmed", signal, after_sending("eth_call")), code);
    assert_eq!(ana.resume(), (1, 0, false), "mined, and known to be");

    assert_eq!(ana.resume(), (0, 0, false));
    assert_eq!(ana.names(), ["first.txt", "unsigned", "unsent", "unseen", "unconfirmed"]);
    let newest = &ana.computer.json("ana", &["list"])[0];
    assert_eq!(ana.computer.run(["--as", "ana", "open", &field(newest, "id"), "-o", "-"]).stdout, b"unconfirmed");
}

#[test]
fn add_that_ctrl_c_ends_is_finished_by_resume_wherever_it_was() {
    ended_by("-INT", Some(130));
}

#[test]
fn add_that_is_killed_is_finished_by_resume_wherever_it_was() {
    ended_by("-KILL", None);
}

#[test]
fn add_that_can_no_longer_be_registered_is_removed_by_resume() {
    let ana = Ana::new();
    befriend(&ana.computer, "dr-lee");
    ana.computer.json("ana", &["grant", "dr-lee"]);
    let before = ana.kubo.pinned();
    assert_eq!(ana.add_until("late", "-INT", faults::stall("eth_estimateGas")), Some(130));
    let late: BTreeSet<_> = ana.kubo.pinned().difference(&before).cloned().collect();
    assert_eq!(late.len(), 1, "the record");
    // What was sealed before is locked with a key that Dr Lee has.
    ana.computer.json("ana", &["revoke", "dr-lee"]);
    assert_eq!(ana.resume(), (0, 1, false));
    assert!(ana.kubo.pinned().is_disjoint(&late));
    assert_eq!(ana.names(), ["first.txt"]);
    assert_eq!(ana.resume(), (0, 0, false));
    added(&ana.computer, "late", "late");
    assert_eq!(ana.names(), ["first.txt", "late"]);
}
