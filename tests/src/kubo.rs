//! A private IPFS node that talks to nobody.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, LazyLock},
};

use serde_json::{Value, json};

use crate::process::{Server, new_dir, tool};

static SHARED: LazyLock<Arc<Kubo>> = LazyLock::new(|| Arc::new(Kubo::start()));

#[derive(Debug)]
pub struct Kubo {
    server: Server,
    address: String,
}

impl Kubo {
    /// The one that most tests share.
    pub fn shared() -> Arc<Self> {
        SHARED.clone()
    }

    /// A node of its own, for tests that stop it or count what it holds.
    pub fn start() -> Self {
        let dir = new_dir();
        let repo = dir.join("ipfs");
        let init = ipfs(&repo)
            .args(["init", "--empty-repo", "--profile=announce-off,unixfs-v1-2025"])
            .stdout(Stdio::null())
            .status();
        assert!(init.expect("ipfs starts").success());
        isolate(&repo.join("config"));

        let server = Server::start(dir, ipfs(&repo).arg("daemon"));
        server.wait_for(|line| line.starts_with("Daemon is ready").then_some(()));
        let api = fs::read_to_string(repo.join("api")).expect("the daemon names its port");
        let port = api.rsplit('/').next().expect("a multiaddress ends in a port").trim();
        Self { server, address: format!("127.0.0.1:{port}") }
    }

    /// `host:port` of the RPC.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// As a store URL.
    pub fn url(&self) -> String {
        format!("kubo+http://{}", self.address)
    }

    /// Its own IPFS gateway as a store URL. It gives only blocks that the node has.
    pub fn gateway_url(&self) -> String {
        let address = fs::read_to_string(self.server.dir().join("ipfs").join("gateway"));
        format!("gateway+{}", address.expect("the daemon names its gateway").trim())
    }

    /// The process, to be frozen.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What an `ipfs` command on this node prints.
    pub fn ipfs(&self, args: &[&str]) -> Vec<u8> {
        let output = ipfs(&self.server.dir().join("ipfs")).args(args).output().expect("ipfs starts");
        assert!(output.status.success(), "ipfs {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Writes what an `ipfs` command on this node prints to a file.
    pub fn ipfs_to(&self, file: &Path, args: &[&str]) {
        let file = fs::File::create(file).expect("the folder is ours");
        let status = ipfs(&self.server.dir().join("ipfs")).args(args).stdout(file).status().expect("ipfs starts");
        assert!(status.success(), "ipfs {args:?}");
    }

    /// The CIDs that this node keeps for their own sake.
    pub fn pinned(&self) -> BTreeSet<String> {
        let list = self.ipfs(&["pin", "ls", "--type=recursive", "--quiet"]);
        String::from_utf8_lossy(&list).lines().map(str::to_owned).collect()
    }

    /// Removes every block that no pin holds.
    pub fn collect_garbage(&self) {
        self.ipfs(&["repo", "gc", "--quiet"]);
    }
}

fn ipfs(repo: &Path) -> Command {
    let mut command = Command::new(tool("HOSPITAL_RECORD_IPFS", "bin/ipfs"));
    command.env("IPFS_PATH", repo).env("IPFS_TELEMETRY", "off");
    command
}

/// No peers, free ports, and blocks that survive a power loss: what `anvil-scripts/kubo-config.cjs` does without Node.
fn isolate(file: &Path) {
    let mut config: Value = serde_json::from_slice(&fs::read(file).expect("ipfs init wrote it")).expect("JSON");
    let local = "/ip4/127.0.0.1/tcp/0";
    config["Addresses"] = json!({ "API": local, "Gateway": local, "Swarm": [], "Announce": [], "AppendAnnounce": [] });
    config["AutoConf"]["Enabled"] = json!(false);
    config["AutoTLS"]["Enabled"] = json!(false);
    config["Bootstrap"] = json!([]);
    config["DNS"]["Resolvers"] = json!({});
    config["Discovery"]["MDNS"]["Enabled"] = json!(false);
    config["Gateway"]["NoFetch"] = json!(true);
    config["Ipns"]["DelegatedPublishers"] = json!([]);
    config["Routing"] = json!({ "Type": "none", "DelegatedRouters": [] });
    for mount in config["Datastore"]["Spec"]["mounts"].as_array_mut().expect("mounts") {
        let store = if mount.get("child").is_some() { &mut mount["child"] } else { mount };
        if store["type"] == "flatfs" {
            store["sync"] = json!(true);
        }
    }
    fs::write(file, config.to_string()).expect("the repository is ours");
}
