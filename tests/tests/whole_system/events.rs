//! Server-sent events of a node: hints that a journal moved.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    time::Duration,
};

use hospital_record::{Address, Identity, Source, ledger::CASE_EVENTS};
use hospital_record_tests::{
    anvil::{Anvil, RICH},
    node::Node,
    world::World,
};
use serde_json::{Value, json};

/// An event: its id, its name and its data.
type Event = (String, String, Value);

/// A listener's connection.
pub(crate) struct Listener(BufReader<TcpStream>);

impl Listener {
    fn open(node: &Node, accounts: &[Address], after: Option<&str>) -> Self {
        let accounts: Vec<_> = accounts.iter().map(Address::to_string).collect();
        Self::try_at(node.address(), &format!("/v1/events?accounts={}", accounts.join(",")), after).unwrap()
    }

    /// Nothing if the node cannot be reached.
    pub(crate) fn try_at(address: &str, path: &str, after: Option<&str>) -> Option<Self> {
        let after = after.map(|id| format!("last-event-id: {id}\r\n")).unwrap_or_default();
        let mut stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\n{after}\r\n").ok()?;
        Some(Self(BufReader::new(stream)))
    }

    fn status(&mut self) -> String {
        self.line()
    }

    fn line(&mut self) -> String {
        self.try_line().unwrap()
    }

    fn try_line(&mut self) -> Option<String> {
        let mut line = String::new();
        self.0.read_line(&mut line).ok().filter(|length| *length > 0)?;
        // What a broken connection cut off is no line.
        line.ends_with('\n').then(|| line.trim_end().to_owned())
    }

    fn next(&mut self) -> Event {
        self.try_next().unwrap()
    }

    /// Nothing if the connection ends.
    pub(crate) fn try_next(&mut self) -> Option<Event> {
        let (mut id, mut name) = (String::new(), String::new());
        loop {
            let line = self.try_line()?;
            match line.split_once(": ") {
                Some(("id", value)) => value.clone_into(&mut id),
                Some(("event", value)) => value.clone_into(&mut name),
                Some(("data", value)) => return Some((id, name, serde_json::from_str(value).unwrap())),
                _ => {}
            }
        }
    }
}

#[tokio::test]
async fn listener_learns_of_its_accounts_and_misses_nothing_when_it_comes_back() {
    let world = World::shared().await;
    let node = Node::start(&world.anvil, &["--chain-reads"]);
    let [ana, bea] = [(); 2].map(|()| world.system.client(Identity::generate().unwrap().0));
    for person in [&ana, &bea] {
        world.anvil.fund(person.address());
    }
    // The node looks at the chain for the first time.
    let mut listener = Listener::open(&node, &[ana.address()], None);
    assert_eq!(listener.status(), "HTTP/1.1 200 OK");
    let (begin, name, _) = listener.next();
    assert_eq!(name, "begin");

    bea.register().await.unwrap();
    ana.register().await.unwrap();
    let (first, name, data) = listener.next();
    assert_eq!((name.as_str(), &data["account"]), ("journal", &ana.address().to_string().to_lowercase().into()));
    drop(listener);

    ana.add(Source::bytes("x.txt", "x")).await.unwrap();
    let mut again = Listener::open(&node, &[ana.address()], Some(&first));
    let (second, name, _) = again.next();
    assert!(name == "journal" && second != first);
    let mut both = Listener::open(&node, &[ana.address(), bea.address()], Some(&begin));
    let accounts: Vec<Value> = (0..3).map(|_| both.next().2["account"].clone()).collect();
    let lower = |account: Address| Value::from(account.to_string().to_lowercase());
    assert_eq!(accounts, [lower(bea.address()), lower(ana.address()), lower(ana.address())]);

    let mut late = Listener::open(&node, &[ana.address()], Some("0-0"));
    assert_eq!(late.next().1, "missed");
    for wrong in ["7", "x-y", ""] {
        let mut refused = Listener::open(&node, &[ana.address()], Some(wrong));
        assert_eq!(refused.status(), "HTTP/1.1 400 Bad Request", "{wrong}");
    }
    assert_eq!(Listener::open(&node, &[], None).status(), "HTTP/1.1 400 Bad Request");
}

#[tokio::test]
async fn event_says_who_is_asked_and_not_by_whom() {
    let world = World::shared().await;
    let node = Node::start(&world.anvil, &["--chain-reads"]);
    let [ana, lee] = [(); 2].map(|()| world.system.client(Identity::generate().unwrap().0));
    for person in [&ana, &lee] {
        world.anvil.fund(person.address());
        person.register().await.unwrap();
    }
    let mut listener = Listener::open(&node, &[ana.address()], None);
    assert_eq!(listener.next().1, "begin");
    lee.requests().ask(&ana.card().await.unwrap()).reason("a second opinion").await.unwrap();
    // Her registration may still come before it.
    let (_, _, data) = std::iter::repeat_with(|| listener.next()).find(|(_, name, _)| name == "request").unwrap();
    assert_eq!(data["account"], ana.address().to_string().to_lowercase());
    assert!(!data.to_string().contains(&lee.address().to_string().to_lowercase()), "{data}");
}

/// An account that emits the event of a board, and is none.
fn impostor(anvil: &Anvil) -> Address {
    // Its constructor logs one topic without data, and leaves an account without code.
    let data = format!("0x7f{:x}60006000a100", CASE_EVENTS[0]);
    let receipt = anvil.send(json!({ "from": RICH, "data": data, "gas": "0x100000" }));
    assert_eq!(receipt["logs"].as_array().map(Vec::len), Some(1));
    receipt["contractAddress"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn members_learn_of_the_cases_of_their_board_and_not_of_an_impostors() {
    let world = World::shared().await;
    let node = Node::start(&world.anvil, &["--chain-reads"]);
    let [ana, lee, kim, eva] = [(); 4].map(|()| world.system.client(Identity::generate().unwrap().0));
    for person in [&ana, &lee, &kim, &eva] {
        world.anvil.fund(person.address());
        person.register().await.unwrap();
    }
    let board = kim.boards().create(2, &[kim.address(), eva.address()]).await.unwrap().board;
    ana.add(Source::bytes("x.txt", "x")).folder("ward").await.unwrap();
    ana.boards().grant(&board).folder("ward").await.unwrap();
    let (begin, name, _) = Listener::open(&node, &[board.address], None).next();
    assert_eq!(name, "begin");

    let impostor = impostor(&world.anvil);
    let opening = kim.boards().open_case(&board, ana.address()).to(lee.address());
    let case = opening.reason("unconscious after a fall").await.unwrap();
    let mut listener = Listener::open(&node, &[board.address, impostor], Some(&begin));
    let case_of = |(_, name, data): Event| (name, data["account"].as_str().unwrap().to_owned());
    let expected = ("case".to_owned(), board.address.to_string().to_lowercase());
    assert_eq!(case_of(listener.next()), expected);
    eva.boards().acknowledge(&case).await.unwrap();
    // It was acknowledged, and took effect.
    for _ in 0..2 {
        assert_eq!(case_of(listener.next()), expected);
    }
}
