//! `portal`: the page on a person's own machine.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
};

use hospital_record_tests::{
    anvil::Anvil,
    node::Node,
    program::{Computer, field},
};
use serde_json::Value;

/// Ends with the test.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn get(address: &str, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn own_page_asks_the_joined_node_and_answers_to_its_own_address_alone() {
    let node = Node::start(&Anvil::shared(), &["--chain-reads"]);
    let computer = Computer::with_servers("", "");
    let page = computer.desk().join("page");
    fs::create_dir(&page).unwrap();
    computer.run(["--json", "portal", "page"]).refused(2, "usage");
    let joined = ["--node", &node.url(), "--json", "portal", "page", "--port", "0"];
    computer.run(joined).refused(2, "usage");
    fs::write(page.join("index.html"), "<!doctype html>").unwrap();
    fs::write(page.join("portal.json"), r#"{"hospital":"City Hospital","node":"https://other.example"}"#).unwrap();

    let mut child = computer.command(joined).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let _serving = Serving(child);
    let told: Value = serde_json::from_str(&line).unwrap();
    let address = field(&told, "address");
    let host = address.strip_prefix("http://").unwrap();

    let index = get(host, host, "/");
    let policy = format!("connect-src 'self' {};", node.url());
    assert!(
        index.starts_with("HTTP/1.1 200") && index.contains(&policy) && index.ends_with("<!doctype html>"),
        "{index}"
    );
    let settings = get(host, host, "/portal.json");
    let (_, settings) = settings.split_once("\r\n\r\n").unwrap();
    let settings: Value = serde_json::from_str(settings).unwrap();
    assert_eq!((field(&settings, "hospital"), field(&settings, "node")), ("City Hospital".into(), node.url()));
    assert!(get(host, "evil.example", "/").starts_with("HTTP/1.1 421"));
    assert!(get(host, host, "/../password").starts_with("HTTP/1.1 404"));
}
