//! The demo: a patient's files, a chain, an IPFS node and a doctor, from the first file to the checked history.
//!
//! `make demo` runs it with servers of its own; `make stack` prints the environment for running it by hand. All people
//! in it are invented.

mod common;

use std::{
    collections::BTreeMap,
    env,
    fmt::Display,
    fs::File,
    io::{IsTerminal, Read, Write, stderr},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Instant, UNIX_EPOCH},
};

use hospital_record::{
    Address, Client, Config, Error, ErrorKind, Event, Identity, Phase, Progress, Purpose, RecordRef, Result, System,
    ledger::record_key,
};

const FOLDER: &str = "cardiology";
const LARGE: u64 = 300_000_000;
const CHUNK: usize = 1 << 20;

#[tokio::main]
async fn main() -> ExitCode {
    let started = Instant::now();
    match tell(started).await {
        Ok(summary) => {
            println!("\nDEMO OK {summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nDEMO FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn tell(started: Instant) -> Result<String> {
    let disk = tempfile::tempdir().map_err(|error| invalid(&error))?;
    let ana = person("ana", disk.path()).await?;
    let lee = person("lee", disk.path()).await?;
    println!("Ana keeps her own health records; Dr Lee treats her. Each has a machine and a key of their own.");
    println!("chain {}, contract {}", ana.system().deployment().chain, ana.system().contract().address());
    println!("blocks at {}\n", setting("HOSPITAL_RECORD_STORE")?);
    println!("{:<66} {:>8} {:>9}", "", "time", "gas");

    heading("Ana encrypts, stores and registers her files");
    let files = inputs(disk.path())?;
    let mut records = Vec::new();
    for (path, media_type) in &files {
        records.push((path, add(&ana, path, media_type).await?));
    }

    heading("Dr Lee hands over a card; Ana grants the folder for treatment");
    let card = lee.card().await?;
    let watch = Instant::now();
    ana.add_contact("Dr Lee", &card).await?;
    let granted = ana.grant(&card).folder(FOLDER).purpose(Purpose::TREAT).await?;
    row(format!("key fingerprint {}", granted.fingerprint), watch, granted.gas);

    heading("Dr Lee opens everything; each reading is logged on chain first");
    for (path, record) in &records {
        read(&lee, record, path, disk.path()).await?;
    }

    heading("Ana ends the access, and goes on adding");
    let watch = Instant::now();
    let revoked = ana.revoke(lee.address()).await?;
    row(format!("{} grant ended, the folder's keys moved on", revoked.ended), watch, revoked.gas);
    let later = disk.path().join("holter-summary.txt");
    std::fs::write(&later, "24 h Holter: sinus rhythm, no pauses.\n").map_err(|error| invalid(&error))?;
    records.push((&later, add(&ana, &later, "text/plain").await?));

    heading("Dr Lee is refused");
    refuse_old(&lee, &records[0].1).await?;
    refuse_new(&lee, &records[4].1).await?;

    heading("An auditor without any key reads the history");
    let gas = audit(&ana, lee.address()).await?;
    let bytes: u64 = records.iter().map(|(path, _)| path.metadata().map_or(0, |file| file.len())).sum();
    let (records, seconds) = (records.len(), started.elapsed().as_secs_f32());
    Ok(format!("records={records} bytes={bytes} gas={gas} refused=2 complete=true seconds={seconds:.1}"))
}

/// Somebody with a machine of their own and test ether.
async fn person(name: &str, disk: &Path) -> Result<Client> {
    let system = machine(&disk.join(name)).await?;
    let identity = Identity::generate()?.0;
    common::fund(&system, identity.address()).await?;
    Ok(system.client(identity))
}

async fn machine(state: &Path) -> Result<System> {
    let mut config = Config::new(setting("ETH_RPC_URL")?).store(setting("HOSPITAL_RECORD_STORE")?).state_dir(state);
    if let Ok(contract) = env::var("HOSPITAL_RECORD_CONTRACT") {
        config = config.contract(contract.parse().map_err(|_| invalid("HOSPITAL_RECORD_CONTRACT is no address"))?);
    }
    System::connect(config).await
}

fn setting(name: &str) -> Result<String> {
    env::var(name).map_err(|_| invalid(format!("{name} is not set: `make stack` starts what is needed and prints it")))
}

/// Three files from `examples/data`, and a large one made on the spot.
fn inputs(disk: &Path) -> Result<Vec<(PathBuf, &'static str)>> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data");
    let large = disk.join("cardiac-mri-study.tar");
    make_large(&large).map_err(|error| invalid(&error))?;
    Ok(vec![
        (data.join("ct-chest.dcm"), "application/dicom"),
        (data.join("lab-report.json"), "application/fhir+json"),
        (data.join("discharge-letter.pdf"), "application/pdf"),
        (large, "application/x-tar"),
    ])
}

/// Bytes without a pattern (xorshift64), written as they are made.
fn make_large(path: &Path) -> std::io::Result<()> {
    let (mut file, mut left, mut state) = (File::create(path)?, LARGE as usize, 0x9e37_79b9_7f4a_7c15u64);
    let mut chunk = vec![0; CHUNK];
    while left > 0 {
        for word in chunk.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        let length = left.min(CHUNK);
        file.write_all(&chunk[..length])?;
        left -= length;
    }
    Ok(())
}

async fn add(ana: &Client, path: &Path, media_type: &str) -> Result<RecordRef> {
    let watch = Instant::now();
    let added = ana.add(path).folder(FOLDER).media_type(media_type).progress(bar(path)).await?;
    row(format!("{:<22} {:>13} B  {media_type}", name(path), thousands(added.size)), watch, added.gas);
    Ok(added.record)
}

async fn read(lee: &Client, record: &RecordRef, original: &Path, disk: &Path) -> Result<()> {
    let (watch, copy) = (Instant::now(), disk.join("opened by Dr Lee"));
    lee.open(record).overwrite().progress(bar(original)).to_file(&copy).await?;
    let opened = watch.elapsed();
    if !same(original, &copy).map_err(|error| invalid(&error))? {
        return Err(Error::Integrity(format!("{} came back changed", original.display())));
    }
    println!("  {:<64} {:>6.2} s", format!("{:<22} identical, byte for byte", name(original)), opened.as_secs_f32());
    Ok(())
}

fn same(left: &Path, right: &Path) -> std::io::Result<bool> {
    let (mut left, mut right) = (File::open(left)?, File::open(right)?);
    let (mut ours, mut theirs) = (vec![0; CHUNK], vec![0; CHUNK]);
    loop {
        let length = left.read(&mut ours)?;
        if length == 0 {
            return Ok(right.read(&mut theirs)? == 0);
        }
        right.read_exact(&mut theirs[..length])?;
        if ours[..length] != theirs[..length] {
            return Ok(false);
        }
    }
}

/// What Dr Lee could open before: the contract says no, and our client obeys it.
async fn refuse_old(lee: &Client, record: &RecordRef) -> Result<()> {
    let key = record_key(record.patient, record.id.0.into());
    if lee.system().contract().can_access(record.patient, key, lee.address()).await? {
        return Err(Error::Denied("the contract still lets Dr Lee in".into()));
    }
    expect_denied(lee, record).await?;
    println!("  what was there before: the contract no longer permits it");
    Ok(())
}

/// What was added later: it is locked with a key that comes after those which Dr Lee was given.
async fn refuse_new(lee: &Client, record: &RecordRef) -> Result<()> {
    expect_denied(lee, record).await?;
    let history = lee.system().history(record.patient).await?;
    let (mut given, mut current) = (0, 0);
    for entry in history.entries {
        match entry.event {
            Event::AccessGranted { grantee, epoch, .. } if grantee == lee.address() => given = epoch,
            Event::AccessRevoked { epoch, .. } => current = epoch,
            _ => {}
        }
    }
    if current <= given {
        return Err(Error::Integrity("the folder's keys did not move on".into()));
    }
    println!("  what came later: it is locked with key {current} of the folder, and Dr Lee's end at key {given}");
    Ok(())
}

async fn expect_denied(lee: &Client, record: &RecordRef) -> Result<()> {
    match lee.open(record).await {
        Err(error) if error.kind() == ErrorKind::Denied => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(Error::Denied("a record opened for a doctor whose access has ended".into())),
    }
}

/// Prints the history and returns the gas that it took. The head comes from Ana's machine: with it the history is
/// proven, and not just told.
async fn audit(ana: &Client, lee: Address) -> Result<u64> {
    let head = ana.system().history(ana.address()).await?.head();
    let system = System::connect(Config::new(setting("ETH_RPC_URL")?).store("memory:")).await?;
    let history = system.history(ana.address()).trusted_head(head).await?;
    let mut gas = BTreeMap::new();
    for entry in &history.entries {
        let receipt = system.ledger().receipt(entry.entry.transaction).await?;
        gas.insert(entry.entry.transaction, receipt.map_or(0, |receipt| receipt.gas_used));
        let who = if entry.by == lee { "Dr Lee" } else { "Ana" };
        let seconds = entry.at.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()) % 86_400;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let what: String = entry.event.to_string().chars().take(92).collect();
        println!("  {hours:02}:{minutes:02}:{seconds:02} UTC  {who:<6} {what}");
    }
    println!("  {}", history.completeness);
    if !history.completeness.is_proven() {
        return Err(Error::Integrity("the history is not proven".into()));
    }
    Ok(gas.values().sum())
}

fn heading(text: &str) {
    println!("\n{text}");
}

fn row(text: impl Display, watch: Instant, gas: u64) {
    println!("  {:<64} {:>6.2} s {:>9}", text.to_string(), watch.elapsed().as_secs_f32(), thousands(gas));
}

/// Tells on a terminal how far a large file is, and wipes that out again.
fn bar(path: &Path) -> impl Fn(Progress) + Send + Sync + 'static {
    let (name, visible) = (name(path), stderr().is_terminal());
    move |progress| {
        let total = progress.total.unwrap_or_default();
        if visible && total > CHUNK as u64 {
            let percent = progress.done * 100 / total;
            let done = if percent == 100 || progress.phase == Phase::Confirming { "\r\x1b[K" } else { "" };
            let _ = write!(stderr(), "\r  {name} {percent} %{done}");
        }
    }
}

fn name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

fn invalid(reason: impl Display) -> Error {
    Error::Invalid(reason.to_string())
}
