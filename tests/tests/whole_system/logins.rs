//! How many people log in to a node, and whether time tells a name that somebody has from one that nobody has.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use hospital_record::{
    Identity,
    node::{
        Login, Secret,
        messages::{Begin, Challenge},
    },
};
use hospital_record_core::vault::opaque::LoggingIn;
use hospital_record_tests::{anvil::Anvil, node::Node};

use crate::relay::exchange;

const PASSWORD: &str = "correct horse battery staple";
/// Fewer than the attempts of one network that are free.
const PEOPLE: usize = 40;

fn begun(node: &Node, user: &str) -> Duration {
    let (_, request) = LoggingIn::start(PASSWORD.as_bytes()).unwrap();
    let body = serde_json::to_vec(&Begin { user: user.into(), request: request.into() }).unwrap();
    let start = Instant::now();
    let (status, answer) = exchange(node.address(), "POST", "/v1/login", &body);
    let took = start.elapsed();
    assert!(status == 200 && serde_json::from_str::<Challenge>(&answer).is_ok(), "{status} {answer}");
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

/// `cargo test --test whole_system -- --ignored --nocapture logins_a_second`
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn logins_a_second() {
    let disk = tempfile::tempdir().unwrap();
    let key_file = format!("--login={}", disk.path().join("login.key").display());
    let node = Node::start(&Anvil::shared(), &[&key_file, "--per-address", "1000000"]);
    let login = &Login::at(&node.url(), Duration::from_secs(60)).await.unwrap();
    for number in 0..PEOPLE {
        let secret = Secret { phrase: Identity::generate().unwrap().1, number: 0 };
        login.register(&secret, &format!("person-{number}"), PASSWORD).await.unwrap();
    }
    let start = Instant::now();
    let users = stream::iter(
        (0..PEOPLE).map(|number| async move { login.log_in(&format!("person-{number}"), PASSWORD).await.unwrap() }),
    );
    let done = users.buffer_unordered(4).count().await;
    println!(
        "{:.1} logins a second, with the people's own part on this machine",
        done as f64 / start.elapsed().as_secs_f64()
    );
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..PEOPLE {
        known.push(begun(&node, &format!("person-{number}")));
        unknown.push(begun(&node, &format!("nobody-{number}")));
    }
    println!(
        "half of the first answers within {:?} for a name, {:?} for one of nobody",
        median(known),
        median(unknown)
    );
}
