//! Ctrl-C.

use std::{fs, process::Command, thread, time::Duration};

use hospital_record_tests::{
    anvil::Anvil,
    data::{self, MIB},
    kubo::Kubo,
    program::Computer,
    proxy::Proxy,
};

use super::{added, anas_computer};

fn interrupt(child: &std::process::Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn interrupted_upload_leaves_nothing_that_a_second_run_does_not_clean() {
    let kubo = Kubo::start();
    let computer = Computer::new(&Anvil::shared(), &kubo);
    Anvil::shared().fund(computer.init("ana"));
    let id = added(&computer, "first.txt", "first");
    let pinned = kubo.pinned();
    // A pipe that never ends: it is certainly interrupted in the middle.
    let mut add = computer.command(["--as", "ana", "--json", "add", "-", "--name", "endless.bin"]);
    let mut child = add.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut pipe, &data::bytes("endless", 20 * MIB)).unwrap();
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    drop(pipe);
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stdout.is_empty());

    computer.json("ana", &["resume"]);
    assert_eq!(kubo.pinned(), pinned);
    assert_eq!(computer.json("ana", &["list"]).len(), 1);
    assert_eq!(computer.run(["--as", "ana", "open", &id, "-o", "-"]).stdout, b"first");
    added(&computer, "second.txt", "second");
}

#[test]
fn interrupted_registration_is_finished_by_the_next_run() {
    let (anvil, kubo) = (Anvil::shared(), Kubo::shared());
    let proxy = Proxy::before(anvil.address());
    let computer = Computer::with_servers(&proxy.url(), &kubo.url());
    anvil.fund(computer.init("ana"));
    added(&computer, "first.txt", "first");
    proxy.forget_calls();
    proxy.rule(hospital_record_tests::faults::stall("eth_getTransactionReceipt"));
    computer.file("second.txt", "second");
    let child = computer.command(["--as", "ana", "--json", "add", "second.txt"]).spawn().unwrap();
    while proxy.count("eth_getTransactionReceipt") == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    interrupt(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    proxy.clear();

    let resumed = &computer.json("ana", &["resume"])[0];
    assert_eq!((&resumed["finished"], &resumed["removed"]), (&1.into(), &0.into()));
    assert!(resumed["tx"].as_str().is_some_and(|hash| hash.len() == 66), "{resumed}");
    assert_eq!(computer.json("ana", &["list"])[0]["name"], "second.txt");
}

#[test]
fn interrupted_download_leaves_no_file() {
    let computer = anas_computer();
    let id = added(&computer, "large.bin", data::bytes("large", 64 * MIB));
    fs::remove_file(computer.desk().join("large.bin")).unwrap();
    let child = computer.command(["--as", "ana", "--json", "open", &id]).spawn().unwrap();
    while fs::read_dir(computer.desk()).unwrap().count() == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    interrupt(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert_eq!(fs::read_dir(computer.desk()).unwrap().count(), 0);
}
