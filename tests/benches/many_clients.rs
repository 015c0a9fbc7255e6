//! A server: a thousand clients in one process on one state directory. What each takes of memory, and how many calls a
//! second they make, with the file of the state closed after each use and kept open while calls keep coming.
//!
//! `make bench`. The figures are for comparing within a run; `HOSPITAL_RECORD_BENCH_CLIENTS` sets another number. Chain and
//! store are in the same memory, so a call costs no network.

use std::{env, fs, future::Future, time::Instant};

use futures::{StreamExt, stream};
use hospital_record::{Card, Client, Identity, Source, System};

/// As many calls are under way at a time.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() {
    let count = env::var("HOSPITAL_RECORD_BENCH_CLIENTS").map_or(1_000, |n| n.parse().expect("a number"));
    let system = System::in_memory().await.expect("a chain in memory");
    let (lee, kim) = (person(&system).await, person(&system).await);
    let disk = tempfile::tempdir().expect("a temporary folder");
    let server = system.remembering(disk.path()).expect("a state directory");
    let identities: Vec<Identity> =
        (0..count).map(|_| Identity::generate().expect("the system has random numbers").0).collect();
    for identity in &identities {
        system.fund(identity.address()).await.expect("it is in memory");
    }

    let before = resident();
    let clients: Vec<Client> = identities.into_iter().map(|identity| server.client(identity)).collect();
    println!("{count} clients: {} bytes each", (resident() - before) / count as i64);
    let before = resident();
    each(&clients, count, |client| async move { client.register().await.map(drop) }).await;
    println!(
        "  and {} more once each has published keys, the chain in memory included",
        (resident() - before) / count as i64
    );

    println!("{:<44} {:>14} {:>14}  calls/s", "", "closed", "kept open");
    let cards = [lee.card().await.expect("it has keys"), kim.card().await.expect("it has keys")];
    compare("contacts (reads the state)", &clients, count, |client, _| async move {
        client.contacts().list().await.map(drop)
    })
    .await;
    compare("add_contact (reads and writes the state)", &clients, count / 4, |client, round| {
        let card: Card = cards[round].clone();
        async move { client.contacts().add(["lee", "kim"][round], &card).await.map(drop) }
    })
    .await;
    compare("list", &clients, count, |client, _| async move { client.list().await.map(drop) }).await;
    compare("add (a small record)", &clients, count / 10, |client, _| async move {
        client.add(Source::bytes("note.txt", "a note")).await.map(drop)
    })
    .await;
    println!("  {} bytes of memory a client after all of it", (resident() - before) / count as i64);
}

async fn person(system: &System) -> Client {
    let (identity, _) = Identity::generate().expect("the system has random numbers");
    system.fund(identity.address()).await.expect("it is in memory");
    let client = system.client(identity);
    client.register().await.expect("it can pay");
    client
}

/// The same calls with the file closed after each use, then kept open.
async fn compare<F>(what: &str, clients: &[Client], calls: usize, call: impl Fn(Client, usize) -> F)
where
    F: Future<Output = hospital_record::Result<()>>,
{
    let mut rates = [0.0; 2];
    for (round, rate) in rates.iter_mut().enumerate() {
        System::close_after_each_use(round == 0);
        let calls = if round == 0 { calls.div_ceil(10) } else { calls };
        let start = Instant::now();
        each(clients, calls, |client| call(client, round)).await;
        *rate = calls as f64 / start.elapsed().as_secs_f64();
    }
    println!("{what:<44} {:>14.0} {:>14.0}", rates[0], rates[1]);
}

async fn each<F>(clients: &[Client], calls: usize, call: impl Fn(Client) -> F)
where
    F: Future<Output = hospital_record::Result<()>>,
{
    let calls = clients.iter().cycle().take(calls).map(|client| call(client.clone()));
    stream::iter(calls).buffer_unordered(AT_ONCE).for_each(|done| async { done.expect("it works") }).await;
}

/// Bytes of memory that this process takes now; nothing where the system does not say it as Linux does.
fn resident() -> i64 {
    let pages = fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|pages| pages.split_whitespace().nth(1)?.parse::<i64>().ok());
    pages.unwrap_or_default() * 4096
}
