//! Listing ten thousand records: on a new machine, again by the same machine, and after one more was added.
//!
//! `make bench`. `HOSPITAL_RECORD_BENCH_RECORDS` sets another number.

use std::{env, time::Instant};

use hospital_record::{Client, Source};
use hospital_record_tests::world::World;

/// Records that are added in one go.
const AT_ONCE: usize = 100;

#[tokio::main]
async fn main() {
    let records = env::var("HOSPITAL_RECORD_BENCH_RECORDS").map_or(10_000, |n| n.parse().expect("a number"));
    let world = World::with_own_chain().await;
    let (identity, _) = world.funded();
    let ana = world.system.client(identity.clone());
    let start = Instant::now();
    for batch in 0..records / AT_ONCE {
        let sources = (0..AT_ONCE).map(|n| Source::bytes(format!("{batch}-{n}.txt"), format!("result {batch}-{n}")));
        ana.add_many(sources).await.expect("they can be added");
    }
    println!("{:<44} {:>7.2} s", format!("add {records} in batches of {AT_ONCE}"), start.elapsed().as_secs_f64());

    let proxy = world.proxy();
    let config = world.config_of(&proxy.url(), &world.kubo.url());
    let restarted = || async { config.clone().connect().await.expect("the servers run").client(identity.clone()) };
    list("list on a new machine", &restarted().await, records).await;
    proxy.forget_calls();
    let again = restarted().await;
    list("list once more, after a restart", &again, records).await;
    println!("{:<44} {:>7}", "  requests for events in that", proxy.count("eth_getLogs"));
    list("list in the same process", &again, records).await;
    ana.add(Source::bytes("one.txt", "one more")).await.expect("it can be added");
    list("list after one more", &restarted().await, records + 1).await;
}

async fn list(what: &str, client: &Client, expected: usize) {
    let start = Instant::now();
    let listed = client.list().await.expect("they can be listed");
    assert!(listed.len() == expected && listed.iter().all(|record| record.metadata().is_some()), "all are readable");
    println!("{what:<44} {:>7.2} s", start.elapsed().as_secs_f64());
}
