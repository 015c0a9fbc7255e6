//! Adding and opening a large file beside `ipfs add` and `ipfs cat` of the same file on the same node, and the most
//! memory that the SDK's process took: a process of its own for each, so that nothing else counts.
//!
//! `make bench`. The figures are for comparing within a run; `HOSPITAL_RECORD_BENCH_MIB` sets another size.

use std::{
    env,
    fs::{self, File},
    io::{Read, Write},
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use hospital_record::{Client, Identity, Phrase, RecordRef, System};
use hospital_record_tests::{anvil::Anvil, data, kubo::Kubo};
use serde_json::{Value, json};

const ROLE: &str = "HOSPITAL_RECORD_BENCH_ROLE";
const ROUNDS: usize = 3;
/// A smaller file, to see whether memory grows with the size.
const SMALL_MIB: usize = 64;

fn main() {
    match env::var(ROLE) {
        Ok(role) => child(&role),
        Err(_) => parent(),
    }
}

fn parent() {
    let mib = env::var("HOSPITAL_RECORD_BENCH_MIB").map_or(1024, |mib| mib.parse().expect("a number of MiB"));
    let anvil = Anvil::start();
    println!(
        "{:>9} {:>9} {:>9} {:>6} {:>9} {:>9} {:>6}  peak MiB",
        "MiB", "add s", "ipfs add", "ratio", "open s", "ipfs cat", "ratio"
    );
    let mut rounds: Vec<Figures> = (0..ROUNDS).map(|round| measure(&anvil, mib, round)).collect();
    rounds.push(measure(&anvil, SMALL_MIB, ROUNDS));
    let small = rounds.pop().expect("it was just measured");
    let median = |figure: fn(&Figures) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(figure).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    let peak = rounds.iter().map(|figures| figures.peak_mib).fold(0.0, f64::max);
    println!(
        "median of {ROUNDS}: add {:.2}x ipfs add, open {:.2}x ipfs cat; peak memory {peak:.0} MiB with {mib} MiB, {:.0} MiB with {SMALL_MIB} MiB",
        median(|f| f.add / f.ipfs_add),
        median(|f| f.open / f.ipfs_cat),
        small.peak_mib,
    );
}

struct Figures {
    add: f64,
    ipfs_add: f64,
    open: f64,
    ipfs_cat: f64,
    peak_mib: f64,
}

/// A new node for each round: no block is there already, and none is left.
fn measure(anvil: &Anvil, mib: usize, round: usize) -> Figures {
    let (kubo, disk) = (Kubo::start(), tempfile::tempdir().expect("a temporary folder"));
    let (input, output) = (disk.path().join("scan.bin"), disk.path().join("opened.bin"));
    write_input(&input, mib, round);
    let (identity, phrase) = Identity::generate().expect("the system has random numbers");
    anvil.fund(identity.address());
    let task = |record: &str| {
        json!({ "rpc": anvil.url(), "store": kubo.url(), "state": disk.path().join("state"), "phrase": phrase.reveal(),
                "input": &input, "output": &output, "record": record })
    };

    let added = run("add", &task(""));
    let plain = clocked(|| kubo.ipfs(&["add", "--quieter", &input.to_string_lossy()]));
    let opened = run("open", &task(added["record"].as_str().expect("the record")));
    let cid = String::from_utf8_lossy(&plain.1).trim().to_owned();
    let cat = clocked(|| kubo.ipfs_to(&disk.path().join("cat.bin"), &["cat", &cid]));
    assert!(same(&input, &output), "what was opened is what was added");

    let seconds = |value: &Value| value["seconds"].as_f64().expect("a time");
    let peak = |value: &Value| value["peak_kib"].as_f64().map_or(f64::NAN, |kib| kib / 1024.0);
    let figures = Figures {
        add: seconds(&added),
        ipfs_add: plain.0,
        open: seconds(&opened),
        ipfs_cat: cat.0,
        peak_mib: peak(&added).max(peak(&opened)),
    };
    let Figures { add, ipfs_add, open, ipfs_cat, .. } = figures;
    println!(
        "{mib:>9} {add:>9.2} {ipfs_add:>9.2} {:>6.2} {open:>9.2} {ipfs_cat:>9.2} {:>6.2}  add {:.0}, open {:.0}",
        add / ipfs_add,
        open / ipfs_cat,
        peak(&added),
        peak(&opened)
    );
    figures
}

fn write_input(path: &Path, mib: usize, round: usize) {
    let mut file = File::create(path).expect("the folder is ours");
    for part in 0..mib {
        file.write_all(&data::bytes(&format!("{mib}/{round}/{part}"), data::MIB)).expect("the disk has room");
    }
    file.sync_all().expect("the disk has room");
}

fn clocked<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64(), result)
}

fn same(a: &Path, b: &Path) -> bool {
    let (mut a, mut b) = (File::open(a).expect("it is there"), File::open(b).expect("it is there"));
    let (mut left, mut right) = (vec![0; data::MIB], vec![0; data::MIB]);
    loop {
        let (m, n) = (fill(&mut a, &mut left), fill(&mut b, &mut right));
        if left[..m] != right[..n] {
            return false;
        }
        if m == 0 {
            return true;
        }
    }
}

fn fill(file: &mut File, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]).expect("it can be read") {
            0 => break,
            read => filled += read,
        }
    }
    filled
}

/// This program again, for one verb. The phrase goes through a pipe: command lines are public.
fn run(role: &str, task: &Value) -> Value {
    let program = env::current_exe().expect("this program has a path");
    let mut child =
        Command::new(program).env(ROLE, role).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(task.to_string().as_bytes()).expect("it listens");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{role} failed");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

#[tokio::main]
async fn child(role: &str) {
    let task: Value = serde_json::from_reader(std::io::stdin()).expect("a task");
    let text = |name: &str| task[name].as_str().expect("the task is complete").to_owned();
    let config = System::builder().rpc(text("rpc")).store(text("store")).state_dir(text("state"));
    let identity = Identity::from_phrase(&Phrase::parse(&text("phrase")).expect("a phrase"), 0).expect("an account");
    let client = config.connect().await.expect("the servers run").client(identity);
    client.register().await.expect("it is funded");
    let start = Instant::now();
    let record = work(role, &client, &task).await;
    let seconds = start.elapsed().as_secs_f64();
    println!("{}", json!({ "seconds": seconds, "record": record, "peak_kib": peak_kib() }));
}

async fn work(role: &str, client: &Client, task: &Value) -> Option<String> {
    let text = |name: &str| task[name].as_str().expect("the task is complete");
    if role == "add" {
        return Some(client.add(text("input")).await.expect("it can be added").record.to_string());
    }
    let record: RecordRef = text("record").parse().expect("a record");
    client.open(&record).to_file(text("output")).await.expect("it can be opened");
    None
}

/// The most memory this process ever held, as Linux counts it.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}
