//! The program `hospital-record`, run as people run it.

mod board;
mod delegation;
mod directory;
mod files;
mod inputs;
mod interrupted;
mod joined;
mod killed;
mod logins;
mod missed;
mod naming;
mod portal;
mod refusals;
mod relayed;
mod reorganised;
mod story;
mod surface;
mod terminal;
mod trust;
mod unlocked;
mod words;

use hospital_record_tests::{
    anvil::Anvil,
    kubo::Kubo,
    program::{Computer, Ran, field},
};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A computer on the servers that tests share, with Ana, who can pay.
fn anas_computer() -> Computer {
    let computer = Computer::new(&Anvil::shared(), &Kubo::shared());
    Anvil::shared().fund(computer.init("ana"));
    computer
}

/// Makes a second person who can pay, known to Ana as `name`.
fn befriend(computer: &Computer, name: &str) -> String {
    befriend_on(&Anvil::shared(), computer, name)
}

/// The same on this chain.
fn befriend_on(anvil: &Anvil, computer: &Computer, name: &str) -> String {
    let address = computer.init(name);
    anvil.fund(&address);
    Runtime::new().expect("threads").block_on(async {
        let system = computer.system().await;
        let [person, ana] = [name, "ana"].map(|who| system.client(computer.identity(who)));
        let card = person.card().await.expect("who can pay publishes a profile");
        ana.contacts().add(name, &card).await.expect("the card is true");
    });
    address
}

/// The id of a record that Ana adds with this content.
fn added(computer: &Computer, name: &str, content: impl AsRef<[u8]>) -> String {
    computer.file(name, content);
    field(&computer.json("ana", &["add", "--", name])[0], "id")
}

/// The objects of this type.
fn of_type<'a>(objects: &'a [Value], name: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["type"] == name).collect()
}

/// What a refused `--json` run says on stderr.
fn message(ran: &Ran) -> String {
    let error = ran.stderr.lines().find_map(|line| serde_json::from_str::<Value>(line).ok());
    field(&error.unwrap_or_else(|| panic!("{}", ran.stderr)), "message")
}
