//! The SDK in a browser: a real Chromium, against Anvil and a node.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
};

use hospital_record_tests::{anvil::Anvil, node::Node};
use serde_json::Value;

/// The package that `make wasm` makes.
fn package() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/wasm/pkg");
    let package = std::env::var_os("HOSPITAL_RECORD_PACKAGE").map_or(made, PathBuf::from);
    assert!(package.join("hospital_record_bg.wasm").exists(), "there is no package: run `make wasm` first");
    package
}

/// The messages of a script that runs in a dedicated worker.
fn ran(script: &str, port: u16, values: &[String]) -> Vec<Value> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/wasm/test");
    let mut node = Command::new("node");
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/browser");
    if std::env::var_os("HOSPITAL_RECORD_BROWSER").is_none() {
        node.env("HOSPITAL_RECORD_BROWSER", tools);
    }
    node.arg(tests.join("browser.mjs")).arg(package()).arg(port.to_string()).arg(script).args(values);
    let output = node.output().expect("node is on PATH");
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{errors}");
    told.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn patient_and_doctor_act_in_a_browser_and_a_closed_tab_loses_nothing() {
    let disk = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (origin, store) = (format!("http://127.0.0.1:{port}"), format!("file://{}", disk.path().display()));
    let node = Node::start(
        &Anvil::shared(),
        &["--chain-reads", "--open-blocks", "--blocks", &store, "--allow-origin", &origin],
    );
    let told = ran("story.mjs", port, &[format!("node={}", node.url())]);
    let end = told.last().unwrap();
    assert_eq!(end["done"], true, "{told:?}");
    let names: Vec<_> = end["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(matches!(names[..], ["first.txt"] | ["first.txt", "second.bin"]), "{names:?}");
}
