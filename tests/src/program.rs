//! The program `hospital-record` as people run it.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{LazyLock, Mutex, PoisonError},
};

use hospital_record::{Identity, Phrase, System};
use serde_json::Value;
use tempfile::TempDir;

use crate::{anvil::Anvil, kubo::Kubo, process::repository};

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| build("hospital-record"));

/// Builds a program of this repository with the features and in the folder of the tests: nothing is compiled twice.
pub fn build(name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--workspace", "--all-features", "--bin", name]);
    // A bench is built for release.
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    // Of the package that is tested: a dependency that looks at them would be built anew, now and by the next cargo.
    let ours =
        |name: &OsStr| name.to_str().is_some_and(|n| n.starts_with("CARGO_PKG_") || n.starts_with("CARGO_MANIFEST_"));
    for (name, _) in env::vars_os().filter(|(name, _)| ours(name)) {
        cargo.env_remove(name);
    }
    assert!(cargo.current_dir(repository()).status().expect("cargo starts").success());
    let tests = env::current_exe().expect("the tests are a program");
    // target/<profile>/deps/<tests>
    let folder = tests.ancestors().nth(2).expect("cargo's layout");
    folder.join(name).with_extension(env::consts::EXE_EXTENSION)
}

/// A computer with a home folder, on which several people may have keys.
pub struct Computer {
    disk: TempDir,
    rpc: String,
    store: String,
    phrases: Mutex<BTreeMap<String, Phrase>>,
}

/// How a run of the program ended.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; nothing after a signal.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Computer {
    /// A new one, with these servers.
    pub fn new(anvil: &Anvil, kubo: &Kubo) -> Self {
        Self::with_servers(&anvil.url(), &kubo.url())
    }

    /// The same with servers by their URLs.
    pub fn with_servers(rpc: &str, store: &str) -> Self {
        let disk = tempfile::tempdir().expect("a folder");
        let computer = Self { disk, rpc: rpc.into(), store: store.into(), phrases: Mutex::default() };
        fs::create_dir(computer.desk()).expect("a new folder");
        fs::write(computer.password_file(), "correct horse battery staple\n").expect("a new file");
        // The program takes no secret that others can read.
        #[cfg(unix)]
        fs::set_permissions(computer.password_file(), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("a file of one's own");
        computer
    }

    /// Where the program runs, empty at first.
    pub fn desk(&self) -> PathBuf {
        self.disk.path().join("desk")
    }

    /// The program's home folder.
    pub fn home(&self) -> PathBuf {
        self.disk.path().join("home")
    }

    pub fn password_file(&self) -> PathBuf {
        self.disk.path().join("password")
    }

    /// A file on the desk with this content.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.desk().join(name);
        fs::write(&path, content).expect("the desk is there");
        path
    }

    /// The program with its environment, and nothing else of this process' environment that it reads.
    pub fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(&*PROGRAM);
        command.args(args).current_dir(self.desk());
        command.env("ETH_RPC_URL", &self.rpc).env("HOSPITAL_RECORD_STORE", &self.store);
        command.env("HOSPITAL_RECORD_CONTRACT", Anvil::contract()).env("HOSPITAL_RECORD_HOME", self.home());
        command.env("HOSPITAL_RECORD_PASSWORD_FILE", self.password_file()).env("TZ", "UTC");
        // Each run derives a key in 128 MiB: in large pages, where the system has them, a tenth faster.
        command.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        Ran::new(self.command(args).output().expect("the program starts"))
    }

    /// Runs it with this on stdin.
    pub fn run_with(&self, stdin: &[u8], args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("it is piped");
        // It may end before it has read everything.
        let _ = std::io::Write::write_all(&mut pipe, stdin);
        drop(pipe);
        Ran::new(child.wait_with_output().expect("the program ends"))
    }

    /// Runs it with `--json` as `person`; the objects it printed. It must succeed.
    #[track_caller]
    pub fn json(&self, person: &str, args: &[&str]) -> Vec<Value> {
        self.run_json(person, args).objects()
    }

    /// The same where it need not succeed.
    pub fn run_json(&self, person: &str, args: &[&str]) -> Ran {
        self.run(["--as", person, "--json"].iter().chain(args))
    }

    /// Makes keys for somebody; the address.
    #[track_caller]
    pub fn init(&self, person: &str) -> String {
        field(&self.new_person(person), "address")
    }

    /// The same; what the program printed.
    #[track_caller]
    pub fn new_person(&self, name: &str) -> Value {
        let made = self.json(name, &["init"]).remove(0);
        let phrase = Phrase::parse(&field(&made, "phrase")).expect("the program makes phrases");
        self.phrases.lock().unwrap_or_else(PoisonError::into_inner).insert(name.into(), phrase);
        made
    }

    /// The SDK in the program's own folder: for what a test needs and is not about. A run of the program derives a key from
    /// the password each time, and that is what these tests take longest for.
    pub async fn system(&self) -> System {
        let config = System::builder().rpc(&self.rpc).store(&self.store).state_dir(self.home().join("state"));
        config.connect().await.expect("the servers are there")
    }

    /// The address of somebody with keys here.
    pub fn address(&self, person: &str) -> String {
        self.identity(person).address().to_string()
    }

    /// Their keys.
    pub fn identity(&self, person: &str) -> Identity {
        let phrases = self.phrases.lock().unwrap_or_else(PoisonError::into_inner);
        Identity::from_phrase(&phrases[person], 0).expect("the program's phrase")
    }
}

impl Ran {
    pub fn new(output: Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Self { code: output.status.code(), stdout: output.stdout, stderr }
    }

    /// The objects on stdout, one a line, after success.
    #[track_caller]
    pub fn objects(self) -> Vec<Value> {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        let text = String::from_utf8(self.stdout).expect("JSON is UTF-8");
        let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert!(objects.iter().all(|object| object["type"].is_string()), "{text}");
        objects
    }

    /// Fails unless it ended with this code, a JSON error of this kind, and nothing on stdout.
    #[track_caller]
    pub fn refused(&self, code: i32, kind: &str) {
        assert_eq!(self.code, Some(code), "{}{}", String::from_utf8_lossy(&self.stdout), self.stderr);
        let error = self.stderr.lines().find_map(|line| serde_json::from_str::<Value>(line).ok());
        let error = error.unwrap_or_else(|| panic!("no JSON error in {:?}", self.stderr));
        assert_eq!(
            (&error["type"], &error["exit"], &error["kind"]),
            (&"error".into(), &code.into(), &kind.into()),
            "{error}"
        );
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
    }
}

/// A text field.
#[track_caller]
pub fn field(object: &Value, name: &str) -> String {
    object[name].as_str().unwrap_or_else(|| panic!("no text {name:?} in {object}")).to_owned()
}

/// The most memory that a running process has had, in bytes; `None` where the system does not report it.
pub fn peak_memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(Path::new("/proc").join(child.id().to_string()).join("status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib << 10)
}
