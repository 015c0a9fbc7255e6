//! The program with one address of a hospital's node, and nothing else configured.

use std::{
    fs,
    io::BufReader,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

use hospital_record_tests::{
    anvil::Anvil,
    http,
    node::Node,
    program::{Computer, Ran, field},
};
use serde_json::json;
use tempfile::TempDir;

/// A node with TLS for `localhost`, its address, and the certificate that its people trust.
struct Clinic {
    node: Node,
    disk: TempDir,
}

impl Clinic {
    fn open() -> Self {
        let disk = tempfile::tempdir().unwrap();
        let [cert, key, blocks] = ["cert.pem", "key.pem", "blocks"].map(|name| disk.path().join(name));
        fs::write(&cert, include_str!("../../../data/localhost.pem")).unwrap();
        fs::write(&key, include_str!("../../../data/localhost.key.pem")).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::create_dir(&blocks).unwrap();
        let (cert, key, blocks) = (cert.display(), key.display(), blocks.display());
        let [cert, key, blocks] =
            [format!("--tls-cert={cert}"), format!("--tls-key={key}"), format!("--blocks=file://{blocks}")];
        let node = Node::start(&Anvil::shared(), &[&cert, &key, &blocks, "--open-blocks", "--chain-reads"]);
        Self { node, disk }
    }

    fn address(&self) -> String {
        let (_, port) = self.node.address().rsplit_once(':').unwrap();
        format!("https://localhost:{port}")
    }

    fn trusted(&self) -> PathBuf {
        self.disk.path().join("cert.pem")
    }
}

/// A computer on which no server is configured.
fn bare() -> Computer {
    Computer::with_servers("", "")
}

fn run(computer: &Computer, trusted: &Path, args: &[&str]) -> Ran {
    let mut command = computer.command(["--json"].iter().chain(args));
    Ran::new(command.env("SSL_CERT_FILE", trusted).output().unwrap())
}

#[test]
fn one_join_takes_the_place_of_every_address() {
    let clinic = Clinic::open();
    let computer = bare();
    let joined = run(&computer, &clinic.trusted(), &["join", &clinic.address()]).objects().remove(0);
    assert_eq!(
        (field(&joined, "node"), &joined["relay"], &joined["blocks"]),
        (clinic.address(), &true.into(), &true.into())
    );
    let config = fs::read_to_string(computer.home().join("config.toml")).unwrap();
    assert!(config.contains("chain-id = 31337") && config.contains(Anvil::contract()), "{config}");

    computer.init("ana");
    computer.file("x.txt", "x");
    run(&computer, &clinic.trusted(), &["add", "x.txt"]).objects();
    let opened = run(&computer, &clinic.trusted(), &["open", "x.txt", "-o", "-"]);
    assert_eq!(opened.stdout, b"x", "{}", opened.stderr);
    let account = run(&computer, &clinic.trusted(), &["account"]).objects().remove(0);
    assert_eq!(field(&account, "balance_wei"), "0", "the node's relay paid");
    assert!(!run(&computer, &clinic.trusted(), &["history"]).objects().is_empty());

    let untrusted = run(&computer, Path::new("/dev/null"), &["history"]);
    untrusted.refused(6, "unreachable");
}

#[test]
fn wrong_node_is_refused_before_anything_is_written() {
    let computer = bare();
    for (address, code, kind) in [
        ("https://localhost:1", 6, "unreachable"),
        ("http://clinic.example", 2, "usage"),
        ("clinic.example", 2, "usage"),
        (&Anvil::shared().url(), 6, "unreachable"),
    ] {
        computer.run(["--json", "join", address]).refused(code, kind);
        assert!(!computer.home().join("config.toml").exists(), "{address}");
    }
    let (there, elsewhere) = (Node::start(&Anvil::shared(), &["--chain-reads"]), Anvil::of_chain(31338));
    let other = Node::start(&elsewhere, &["--chain-reads"]);
    computer.run(["--json", "join", &there.url()]).objects();
    let config = fs::read(computer.home().join("config.toml")).unwrap();
    computer.run(["--json", "join", &other.url()]).refused(5, "wrong-contract");
    assert_eq!(fs::read(computer.home().join("config.toml")).unwrap(), config);
}

#[test]
fn node_that_names_two_contracts_is_refused_and_nothing_is_written() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let other = "0x0000000000000000000000000000000000000007";
        for (stream, contract) in listener.incoming().zip([other, Anvil::contract()]) {
            let mut stream = stream.unwrap();
            let _ = http::read(&mut BufReader::new(&stream));
            let info =
                json!({"version": 1, "software": "x", "chainId": 31337, "contracts": {"HospitalRecord": contract}});
            http::answer(&mut stream, 200, info.to_string().as_bytes()).unwrap();
        }
    });
    let computer = Computer::with_servers(&Anvil::shared().url(), "");
    computer.run(["--json", "join", &address]).refused(5, "integrity");
    assert!(!computer.home().join("config.toml").exists());
}
