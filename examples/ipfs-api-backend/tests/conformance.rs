//! The suite that every store runs, on a real Kubo that talks to nobody else.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use hospital_record::store::conformance::conformance;
use hospital_record_ipfs_api_backend::IpfsApiStore;
use serde_json::{Value, json};
use tokio::process::{Child, Command};

#[tokio::test(flavor = "multi_thread")]
async fn ipfs_api_backend_conforms() {
    let (_kubo, url) = Kubo::start().await;
    let store = IpfsApiStore::open(&url, Duration::from_secs(3)).unwrap();
    conformance(store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn program_adds_and_opens_a_record_on_kubo() {
    let (kubo, url) = Kubo::start().await;
    let state = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_hospital-record-ipfs-api-backend"));
    let run = program.arg(&url).arg(state.path()).env_remove("ETH_RPC_URL").output().await.unwrap();
    let (said, failed) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    assert!(run.status.success() && said.contains("opened letter.txt: 16 bytes"), "{said}{failed}");
    let record = said.lines().find_map(|line| line.split_once(" as ")).expect("it names the record").1;
    let mut pinned = ipfs(kubo.repository.path(), &["pin", "ls", "--type=recursive", "--quiet"]);
    let pinned = pinned.env("IPFS_API", &url).stdout(Stdio::piped()).output().await.unwrap();
    let pinned = String::from_utf8_lossy(&pinned.stdout);
    assert!(pinned.lines().any(|cid| cid == record), "{record} is not among\n{pinned}");
}

#[tokio::test]
async fn missing_node_is_unreachable() {
    let store = IpfsApiStore::open("http://127.0.0.1:1", Duration::from_secs(3)).unwrap();
    let error = store.has(&hospital_record::store::Block::leaf("x").cid).await.unwrap_err();
    assert!(matches!(error, hospital_record::store::StoreError::Unreachable { .. }), "{error}");
}

#[test]
fn urls_with_a_password_are_refused_and_not_repeated() {
    let error = IpfsApiStore::open("http://ana:hunter2@127.0.0.1:5001", Duration::from_secs(3)).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
}

/// Stopped and removed when dropped.
struct Kubo {
    _daemon: Child,
    repository: tempfile::TempDir,
}

impl Kubo {
    async fn start() -> (Self, String) {
        let repository = tempfile::tempdir().unwrap();
        let path = repository.path();
        let made = ipfs(path, &["init", "--profile=announce-off,unixfs-v1-2025"]).output().await;
        let made = made.expect("Kubo: run `make tools`, or name its binary in HOSPITAL_RECORD_IPFS");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        keep_to_itself(&path.join("config"));
        let daemon = ipfs(path, &["daemon"]).spawn().unwrap();
        let url = address(&path.join("api")).await;
        (Self { _daemon: daemon, repository }, url)
    }
}

fn ipfs(repository: &Path, arguments: &[&str]) -> Command {
    let in_tools = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools/bin/ipfs"));
    let mut command = Command::new(env::var_os("HOSPITAL_RECORD_IPFS").map_or(in_tools, PathBuf::from));
    command.args(arguments).env("IPFS_PATH", repository).env("IPFS_TELEMETRY", "off");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

fn keep_to_itself(config: &Path) {
    let mut settings: Value = serde_json::from_slice(&fs::read(config).unwrap()).unwrap();
    let any_port = "/ip4/127.0.0.1/tcp/0";
    settings["Addresses"]["API"] = json!(any_port);
    settings["Addresses"]["Gateway"] = json!(any_port);
    settings["Addresses"]["Swarm"] = json!([]);
    settings["AutoConf"] = json!({ "Enabled": false });
    settings["AutoTLS"] = json!({ "Enabled": false });
    settings["Bootstrap"] = json!([]);
    settings["DNS"]["Resolvers"] = json!({});
    settings["Discovery"]["MDNS"]["Enabled"] = json!(false);
    settings["Ipns"]["DelegatedPublishers"] = json!([]);
    settings["Routing"] = json!({ "Type": "none", "DelegatedRouters": [] });
    fs::write(config, settings.to_string()).unwrap();
}

/// Kubo writes `/ip4/127.0.0.1/tcp/<port>` once it listens.
async fn address(api: &Path) -> String {
    let start = Instant::now();
    loop {
        let written = fs::read_to_string(api).unwrap_or_default();
        if let Some(port) = written.trim().strip_prefix("/ip4/127.0.0.1/tcp/") {
            return format!("http://127.0.0.1:{port}");
        }
        assert!(start.elapsed() < Duration::from_secs(60), "Kubo does not start");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
