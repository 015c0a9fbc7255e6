//! The SDK in a browser: a real Chromium, against Anvil and a node.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use hospital_record::{
    Identity, Phrase, Source, System,
    alloy::{hex, signers::local::PrivateKeySigner},
};
use hospital_record_tests::{anvil::Anvil, data, node::Node};
use serde_json::Value;
use tempfile::TempDir;

/// The package that `make wasm` makes.
fn package() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/wasm/pkg");
    let package = std::env::var_os("HOSPITAL_RECORD_PACKAGE").map_or(made, PathBuf::from);
    assert!(package.join("hospital_record_bg.wasm").exists(), "there is no package: run `make wasm` first");
    package
}

/// A Chromium, what drives it, and TypeScript.
fn tools() -> PathBuf {
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/browser");
    std::env::var_os("HOSPITAL_RECORD_BROWSER").map_or(installed, PathBuf::from)
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/wasm/test")
}

/// The messages of a script that runs in a dedicated worker.
fn ran(script: &str, port: u16, values: &[String]) -> Vec<Value> {
    let mut node = Command::new("node");
    node.env("HOSPITAL_RECORD_BROWSER", tools());
    node.arg(scripts().join("browser.mjs")).arg(package()).arg(port.to_string()).arg(script).args(values);
    let output = node.output().expect("node is on PATH");
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{told}\n{errors}");
    told.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A node that knows the pages of this port.
fn node_for(disk: &TempDir, port: u16) -> Node {
    node_on(&Anvil::shared(), disk, port)
}

fn node_on(anvil: &Anvil, disk: &TempDir, port: u16) -> Node {
    let (origin, store) = (format!("http://127.0.0.1:{port}"), format!("file://{}", disk.path().display()));
    let options = ["--chain-reads", "--open-blocks", "--blocks", &store, "--allow-origin", &origin];
    Node::start(anvil, &options)
}

/// A record of a program, as the script is told of it, and the SHA-256 of its content.
async fn added_here(node: &Node) -> (String, String) {
    let system = System::builder().join(node.url()).connect().await.unwrap();
    let (identity, phrase) = Identity::generate().unwrap();
    let bytes = data::bytes("of a program", 2 * data::MIB + 17);
    let digest = hospital_record::store::Block::new(0x55, bytes.clone()).cid.hash().digest().to_vec();
    let record = system.client(identity).add(Source::bytes("x", bytes)).await.unwrap().record;
    (format!("theirs={record} {}", phrase.reveal()), hex::encode(digest))
}

/// What the browser sealed opens in a program.
async fn opens_here(node: &Node, told: &Value) {
    let system = System::builder().join(node.url()).connect().await.unwrap();
    let phrase = Phrase::parse(told["phrase"].as_str().unwrap()).unwrap();
    let ana = system.client(Identity::from_phrase(&phrase, 0).unwrap());
    let record = told["record"].as_str().unwrap().parse().unwrap();
    let bytes = ana.open(&record).await.unwrap().bytes;
    let first: Vec<u8> = serde_json::from_value(told["first"].clone()).unwrap();
    assert!(bytes.starts_with(&first) && bytes.len() as u64 == told["size"], "{} bytes", bytes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn patient_and_doctor_act_in_a_browser_and_a_closed_tab_loses_nothing() {
    let (disk, port) = (tempfile::tempdir().unwrap(), free_port());
    let node = node_for(&disk, port);
    let (added, scan) = added_here(&node).await;
    let told = ran("story.mjs", port, &[format!("node={}", node.url()), added]);
    opens_here(&node, told.iter().find(|told| told["phrase"].is_string()).unwrap()).await;
    assert!(told.iter().any(|told| told["sha256"] == scan), "what was sealed here opens there");
    let end = told.last().unwrap();
    assert_eq!(end["done"], true, "{told:?}");
    let names: Vec<_> = end["names"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(matches!(names[..], ["first.txt"] | ["first.txt", "second.bin"]), "{names:?}");
}

#[test]
fn types_of_the_package_are_those_that_the_readme_shows() {
    package();
    let compiler = tools().join("node_modules/typescript/bin/tsc");
    let output = Command::new("node").arg(compiler).arg("-p").arg(scripts()).output().expect("node is on PATH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// The committed vectors, as the page names them.
fn vectors() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/core/vectors");
    let formats = fs::read_dir(&folder).unwrap().map(|format| format.unwrap().path()).filter(|format| format.is_dir());
    let files = formats.flat_map(|format| fs::read_dir(format).unwrap()).map(|file| file.unwrap().path());
    let vectors = files.filter(|file| file.extension().is_some_and(|extension| extension == "json"));
    vectors.map(|file| file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_passes_the_conformance_suites_and_reads_the_vectors() {
    let (disk, port, anvil) = (tempfile::tempdir().unwrap(), free_port(), Anvil::start());
    let node = node_on(&anvil, &disk, port);
    let (signer, vectors) = (PrivateKeySigner::random(), vectors());
    anvil.fund(signer.address());
    let values = [
        format!("node={}", node.url()),
        format!("gateway=gateway+{}", node.url()),
        format!("rpc={}", anvil.url()),
        format!("key={}", signer.to_bytes()),
        format!("vectors={}", vectors.join(" ")),
    ];
    let told = ran("conformance.mjs", port, &values);
    let passed: Vec<_> = told.iter().filter_map(|told| told["passed"].as_str()).collect();
    assert_eq!(passed, ["vectors", "file", "database", "memory", "node", "gateway", "chain"]);
    assert!(vectors.len() > 200 && told[0]["count"] == vectors.len(), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_in_silence_whatever_a_browser_does() {
    let (disk, port) = (tempfile::tempdir().unwrap(), free_port());
    let node = node_for(&disk, port);
    let told = ran("hardship.mjs", port, &[format!("node={}", node.url())]);
    assert_eq!(told.last().unwrap()["done"], true, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn page_of_a_node_uses_that_node_and_nothing_else() {
    let (disk, page, port) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), free_port());
    fs::create_dir(page.path().join("package")).unwrap();
    for name in ["hospital_record.js", "hospital_record_bg.wasm"] {
        fs::copy(package().join(name), page.path().join("package").join(name)).unwrap();
    }
    fs::copy(scripts().join("own.mjs"), page.path().join("own.mjs")).unwrap();
    fs::write(page.path().join("index.html"), "<!doctype html><title>test</title>").unwrap();
    let (store, folder) = (format!("file://{}", disk.path().display()), page.path().display().to_string());
    let options = ["--chain-reads", "--open-blocks", "--blocks", &store, "--portal", &folder];
    let node = Node::start(&Anvil::shared(), &options);
    let elsewhere = Anvil::shared().url();
    let told = ran("own.mjs", port, &[format!("page={}", node.url()), format!("elsewhere={elsewhere}")]);
    let end = told.last().unwrap();
    assert_eq!(end["text"], "Dear Dr Lee", "{told:?}");
    assert_eq!((&end["elsewhere"], &end["evaluates"]), (&true.into(), &false.into()), "{told:?}");
}

/// Prints MB a second of 100 MiB: to the node and back, in a browser and in a program.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "it measures, and takes a minute"]
async fn browser_seals_and_opens_beside_a_program() {
    let (disk, port) = (tempfile::tempdir().unwrap(), free_port());
    let node = node_for(&disk, port);
    let told = ran("speed.mjs", port, &[format!("node={}", node.url())]);
    let system = System::builder().join(node.url()).connect().await.unwrap();
    let ana = system.client(Identity::generate().unwrap().0);
    ana.add(Source::bytes("first.txt", "the keys are published")).await.unwrap();
    let bytes = data::bytes("a large scan", 100 * data::MIB);
    let speed = |start: Instant| 100.0 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    let record = ana.add(Source::bytes("scan", bytes)).await.unwrap().record;
    let add = speed(start);
    let start = Instant::now();
    ana.open(&record).await.unwrap();
    println!("browser: {} MiB/s", told.last().unwrap());
    println!("program: add {add:.0} MiB/s, open {:.0} MiB/s", speed(start));
}
