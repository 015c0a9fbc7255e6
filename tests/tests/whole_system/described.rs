//! The node answers as its description says: schemathesis makes requests of it, right ones and wrong ones.

use std::{
    env, fs,
    path::Path,
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{
    B256, Cid, Identity,
    alloy::{hex, signers::local::PrivateKeySigner},
    node::Session,
    store::{Block, write_car},
};
use hospital_record_tests::{
    anvil::Anvil,
    data,
    node::Node,
    process::{repository, tool},
    world::World,
};
use serde_json::{Value, json};

use crate::relay::{ask, request};

/// Requests of each kind for each route; `make fuzz-node` asks for more.
const EXAMPLES: &str = "25";

/// No limit of the rate: each request is looked at.
const UNLIMITED: [&str; 10] = [
    "--per-address",
    "10000000",
    "--per-account",
    "10000",
    "--questions-per-address",
    "10000000",
    "--frames-per-address",
    "10000000",
    "--others-per-address",
    "10000000",
];

async fn car(blocks: &[Block]) -> String {
    let blocks = stream::iter(blocks.to_vec()).map(Ok).boxed();
    let pieces: Vec<_> = write_car(&[], blocks).try_collect().await.unwrap();
    hex::encode(pieces.concat())
}

/// A dag-cbor list of one link.
fn above(cid: &Cid) -> Block {
    Block::new(0x71, [&[0x81, 0xd8, 0x2a, 0x58, 0x25, 0x00], &cid.to_bytes()[..]].concat())
}

/// What schemathesis cannot make up.
async fn given(world: &World) -> Value {
    let (leaf, lost) = (Block::new(0x55, data::bytes("leaf", 3000)), Block::new(0x55, data::bytes("lost", 3000)));
    let (root, broken) = (above(&leaf.cid), above(&lost.cid));
    let (contract, signer) = (world.system.contract(), PrivateKeySigner::random());
    let sign = |nonce, deadline| request(contract, &signer, B256::repeat_byte(1), nonce, deadline);
    let good = sign(0, world.anvil.now() + 3600);
    let ids: Vec<String> = [good.id(), B256::ZERO].map(|id| id.to_string()).into();
    json!({
        "cars": [car(&[leaf.clone(), root.clone()]).await, car(std::slice::from_ref(&broken)).await],
        "cids": [root.cid.to_string(), leaf.cid.to_string(), lost.cid.to_string()],
        "broken": broken.cid.to_string(),
        "requests": [good, sign(1, 1), sign(7, world.anvil.now() + 3600)],
        "ids": ids,
    })
}

/// A run of schemathesis; what it prints if it finds something.
fn run(node: &Node, given: &Path, session: Option<&str>) -> Result<String, String> {
    let folder = repository().join("tests/schemathesis");
    let examples = env::var("HOSPITAL_RECORD_EXAMPLES").ok();
    let mut python = Command::new(tool("HOSPITAL_RECORD_PYTHON", "venv/bin/python"));
    python.args(["-B", "-m", "schemathesis.cli", "--config-file"]).arg(folder.join("schemathesis.toml"));
    python.args(["run", &format!("{}/openapi.json", node.url()), "--no-color"]);
    python.args(["--max-examples", examples.as_deref().unwrap_or(EXAMPLES)]);
    if examples.is_none() {
        python.arg("--generation-deterministic");
    }
    if let Some(session) = session {
        python.args(["--header", &format!("Authorization: Bearer {session}")]);
    }
    python.env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", &folder).env("HOSPITAL_RECORD_GIVEN", given);
    let ran = python.current_dir(given.parent().unwrap()).output().expect("python starts");
    let text = [ran.stdout, ran.stderr].map(|part| String::from_utf8_lossy(&part).into_owned()).concat();
    if ran.status.success() { Ok(text) } else { Err(text) }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_answers_as_its_description_says() {
    let (world, disk) = (World::with_own_chain().await, tempfile::tempdir().unwrap());
    let blocks = disk.path().join("blocks");
    fs::create_dir(&blocks).unwrap();
    let store = format!("file://{}", blocks.display());
    let identity = Identity::generate().unwrap().0;
    let authority = format!("--directory-authority={}", identity.address());
    let login = format!("--login={}", disk.path().join("login.key").display());
    let rooms = ["--chain-reads", "--open-blocks", "--blocks", &store, "--frames", "--open-frames", "--directory"];
    let rooms = [&rooms[..], &[&authority, &login]].concat();
    let node = Node::start(&world.anvil, &[&rooms[..], &UNLIMITED[..]].concat());
    let file = disk.path().join("given.json");
    fs::write(&file, given(&world).await.to_string()).unwrap();
    let until = SystemTime::now() + Duration::from_secs(890);
    let until = until.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let session = Session::sign(&identity, world.system.deployment(), node.address(), until).await.unwrap().to_string();
    let (_, api) = ask(&node, "GET", "/openapi.json", b"");
    let api: Value = serde_json::from_str(&api).unwrap();
    let optional = api["paths"]["/ipfs/{cid}"]["get"]["parameters"].to_string();
    assert!(optional.contains("entity") && !optional.contains("null"), "{optional}");
    for session in [Some(session.as_str()), None] {
        let text = run(&node, &file, session).unwrap_or_else(|found| panic!("{found}\n{}", node.log()));
        println!("{text}");
        assert!(text.contains("operations tested") || text.contains("passed"), "{text}");
    }
}

#[test]
fn description_names_only_the_rooms_that_are_on() {
    let bare = Node::start(&Anvil::shared(), &[]);
    let (status, api) = ask(&bare, "GET", "/openapi.json", b"");
    let api: Value = serde_json::from_str(&api).unwrap();
    let paths: Vec<_> = api["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let node = ["/.well-known/hospital-record", "/health", "/metrics", "/openapi.json"];
    assert_eq!((status, paths), (200, [&node[..], &["/v1/requests", "/v1/requests/{id}"]].concat()));
}
