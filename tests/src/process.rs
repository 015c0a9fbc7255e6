//! Servers that cannot outlive the tests.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const START_DEADLINE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// Starts `"$@"`, says its process id in `pid`, and ends it when stdin closes: when the test process has dropped the
/// `Server`, or is gone, however it went. Statics are never dropped, so a destructor would not do.
const GUARDIAN: &str = r#"
dir=$1; shift
"$@" </dev/null >"$dir/log" 2>&1 &
trap 'kill -9 $! 2>/dev/null; wait $! 2>/dev/null; rm -rf "$dir"' EXIT
trap exit INT TERM HUP
echo $! >"$dir/pid.new"; mv "$dir/pid.new" "$dir/pid"
read -r _
"#;

/// A running server with a folder of its own, which goes with it.
#[derive(Debug)]
pub struct Server {
    guardian: Child,
    dir: PathBuf,
}

impl Server {
    /// Runs `command` with everything it prints in `log` of `dir`; the folder is removed with the server.
    pub fn start(dir: PathBuf, command: &mut Command) -> Self {
        let mut guardian = Command::new("sh");
        guardian.args(["-c", GUARDIAN, "guardian"]).arg(&dir);
        guardian.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => guardian.env(name, value),
                None => guardian.env_remove(name),
            };
        }
        let guardian = guardian.stdin(Stdio::piped()).spawn().expect("sh starts");
        Self { guardian, dir }
    }

    /// Waits for a line of the log that `find` makes something of.
    pub fn wait_for<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        let start = Instant::now();
        loop {
            let log = self.log();
            if let Some(found) = log.lines().find_map(&find) {
                return found;
            }
            assert!(start.elapsed() < START_DEADLINE, "a server did not start:\n{log}");
            thread::sleep(POLL);
        }
    }

    /// What the server has printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// The server's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// It keeps its connections and says nothing more, from the moment this returns: on a busy machine a signal takes its
    /// time.
    pub fn freeze(&self) {
        self.signal("-STOP");
        self.wait_until("stop", |state| state == Some(b'T'));
    }

    /// The opposite of `freeze`.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// Asks it to end, and waits until it has.
    pub fn stop(self) {
        self.signal("-TERM");
        self.gone();
    }

    /// It ends as in a power cut.
    pub fn kill(self) {
        self.signal("-KILL");
        self.gone();
    }

    fn gone(&self) {
        // The guardian does not look at it before it ends itself: until then what is dead is still listed, as a zombie.
        self.wait_until("end", |state| matches!(state, None | Some(b'Z')));
    }

    /// Until the process is in such a state; none when it is not listed.
    fn wait_until(&self, what: &str, is: impl Fn(Option<u8>) -> bool) {
        let (pid, start) = (self.pid(), Instant::now());
        let state = || {
            let listed = Command::new("ps").args(["-o", "stat=", "-p", &pid]).output().expect("ps starts");
            listed.stdout.trim_ascii_start().first().copied()
        };
        while !is(state()) {
            assert!(start.elapsed() < START_DEADLINE, "a server does not {what}:\n{}", self.log());
            thread::sleep(POLL);
        }
    }

    /// Its process id.
    pub fn pid(&self) -> String {
        fs::read_to_string(self.dir.join("pid")).expect("the server was started").trim().to_owned()
    }

    fn signal(&self, signal: &str) {
        let done = Command::new("kill").args([signal, &self.pid()]).status().expect("kill starts");
        assert!(done.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        let _ = self.guardian.wait();
    }
}

/// A new folder, removed by whoever gets it.
pub fn new_dir() -> PathBuf {
    tempfile::Builder::new().prefix("hospital-record-test").tempdir().expect("a temporary folder").keep()
}

/// The tool named by the environment, or the one that `make tools` installs.
pub fn tool(variable: &str, installed: &str) -> PathBuf {
    let path = env::var_os(variable).map_or_else(|| repository().join(".tools").join(installed), PathBuf::from);
    assert!(path.exists(), "{} is missing: run `make tools`, or set {variable}", path.display());
    path
}

/// The folder that holds everything.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository")
}
