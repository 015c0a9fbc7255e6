//! The login keys, in a process of their own: the one that answers the network never has them in its memory.
//!
//! It is this program, started with [`HOLDER`] and the name of the key file; it makes, reads and checks that file.
//! Questions and answers are lines of JSON on its stdin and stdout, each with a number, so that no answer is taken for
//! that of another question. It ends with its stdin. Whoever has these keys and the database can try passwords.

use std::{
    fs::OpenOptions,
    io::{self, BufRead, Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use base64ct::{Base64, Encoding};
use hospital_record::node::messages::Bytes;
use hospital_record_core::{error::LoginError, vault::opaque::ServerKeys};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
    time::timeout,
};
use zeroize::Zeroizing;

use crate::{login::problem::Problem, secret};

/// The first argument of the process that holds the keys.
pub(crate) const HOLDER: &str = "hold-login-keys";
/// The start of a key file.
const SCHEME: &str = "hospital-record-login-keys:1:";
/// The longest line of either side. Requests of clients are much shorter.
const LONGEST: usize = 16 << 10;
/// The time for one answer, which takes the other process a millisecond.
const WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Question {
    Id { kind: String, name: Bytes },
    Register { id: Bytes, request: Bytes },
    LogIn { id: Bytes, record: Option<Bytes>, request: Bytes, host: String },
}

/// One or two pieces, or that the question was malformed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Answer {
    Pieces(Vec<Bytes>),
    Malformed(String),
}

/// A question or an answer, and which.
#[derive(Debug, Serialize, Deserialize)]
struct Numbered<T> {
    number: u64,
    what: T,
}

/// What a name of a user or a network is in the database.
pub(crate) type Id = [u8; 32];

/// Asks the process that holds the keys.
pub(crate) struct Keys {
    fingerprint: String,
    asker: Asker,
}

enum Asker {
    Process(Arc<Process>),
    #[cfg(test)]
    Here(Box<ServerKeys>),
}

/// The process, started again when it ended.
struct Process {
    key_file: PathBuf,
    fingerprint: String,
    running: Mutex<Option<Holder>>,
}

struct Holder {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    asked: u64,
}

impl Keys {
    /// Opens the key file; `known` names the keys that the database belongs to. Without any, a missing file is made.
    pub(crate) async fn start(key_file: &Path, known: Option<&str>) -> Result<Self, String> {
        let wrong = |what: &str| format!("--login {}: {what}", key_file.display());
        if known.is_some() && !key_file.exists() {
            return Err(wrong("it is missing, and without it nobody can log in: restore it from a backup"));
        }
        let started = timeout(WITHIN, Holder::start(key_file, known.is_none())).await;
        let started = started.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let (holder, fingerprint) = started.map_err(|error| wrong(&error.to_string()))?;
        if known.is_some_and(|known| known != fingerprint) {
            return Err(wrong(
                "these are not the keys of this database: nobody could log in. Restore both from one backup",
            ));
        }
        let (key_file, running) = (key_file.to_owned(), Mutex::new(Some(holder)));
        let process = Process { key_file, fingerprint: fingerprint.clone(), running };
        Ok(Self { fingerprint, asker: Asker::Process(process.into()) })
    }

    #[cfg(test)]
    pub(crate) fn in_this_process(keys: ServerKeys) -> Self {
        Self { fingerprint: Bytes::from(keys.fingerprint()).to_string(), asker: Asker::Here(keys.into()) }
    }

    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// What stands for a name.
    pub(crate) async fn id(&self, kind: &str, name: &[u8]) -> Result<Id, Problem> {
        let [id] = self.ask(Question::Id { kind: kind.to_owned(), name: Bytes::copy_from_slice(name) }).await?;
        id.as_ref().try_into().map_err(|_| Problem::Unavailable)
    }

    pub(crate) async fn register(&self, id: &Id, request: Bytes) -> Result<Bytes, Problem> {
        let [answer] = self.ask(Question::Register { id: Bytes::copy_from_slice(id), request }).await?;
        Ok(answer)
    }

    /// The answer for the client, and the state for its proof.
    pub(crate) async fn log_in(
        &self,
        id: &Id,
        record: Option<Bytes>,
        request: Bytes,
        host: &str,
    ) -> Result<[Bytes; 2], Problem> {
        self.ask(Question::LogIn { id: Bytes::copy_from_slice(id), record, request, host: host.to_owned() }).await
    }

    async fn ask<const N: usize>(&self, question: Question) -> Result<[Bytes; N], Problem> {
        let answer = match &self.asker {
            Asker::Process(process) => {
                // A task of its own: a caller that goes away leaves no half of an exchange to the next.
                let (process, asking) =
                    (process.clone(), async move |process: Arc<Process>| process.ask(question).await);
                tokio::spawn(asking(process)).await.map_err(|_| Problem::Unavailable)?
            }
            #[cfg(test)]
            Asker::Here(keys) => Ok(answer(keys, &question)),
        };
        match answer {
            Ok(Answer::Pieces(pieces)) => pieces.try_into().map_err(|_| Problem::Unavailable),
            Ok(Answer::Malformed(what)) => Err(Problem::Malformed(what)),
            Err(error) => {
                tracing::error!(%error, "the process with the login keys does not answer; it is started again");
                Err(Problem::Unavailable)
            }
        }
    }
}

impl Process {
    /// A process that fails in any way is ended: what it would say next could be the answer to another question.
    async fn ask(&self, question: Question) -> io::Result<Answer> {
        let mut running = self.running.lock().await;
        let mut holder = match running.take() {
            Some(holder) => holder,
            None => self.started().await?,
        };
        let answer =
            timeout(WITHIN, holder.ask(question)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        *running = Some(holder);
        Ok(answer)
    }

    async fn started(&self) -> io::Result<Holder> {
        let starting = timeout(WITHIN, Holder::start(&self.key_file, false)).await;
        let (holder, fingerprint) = starting.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))?;
        match fingerprint == self.fingerprint {
            true => Ok(holder),
            false => Err(io::Error::other("the key file has other keys than at the start of this node")),
        }
    }
}

impl Holder {
    /// Starts the process; returns it with the fingerprint of its keys. It may make the key file if that `is_new`.
    async fn start(key_file: &Path, is_new: bool) -> io::Result<(Self, String)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(HOLDER).arg(std::path::absolute(key_file)?).args(is_new.then_some("--new"));
        command.env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut holder = Self { _child: child, input, output: BufReader::new(output), asked: 0 };
        let line = holder.line().await?;
        match line.trim_end().strip_prefix("ready ") {
            Some(fingerprint) => Ok((holder, fingerprint.to_owned())),
            None => Err(io::Error::other(line.trim_end().to_owned())),
        }
    }

    async fn ask(&mut self, question: Question) -> io::Result<Answer> {
        self.asked += 1;
        let mut line = serde_json::to_vec(&Numbered { number: self.asked, what: question })?;
        line.push(b'\n');
        if line.len() > LONGEST {
            return Ok(Answer::Malformed("the request is too long".to_owned()));
        }
        self.input.write_all(&line).await?;
        let Numbered { number, what } = serde_json::from_str(&self.line().await?)?;
        if number == self.asked { Ok(what) } else { Err(io::Error::other("it answered another question")) }
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        (&mut self.output).take(LONGEST as u64).read_line(&mut line).await?;
        if line.ends_with('\n') { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

/// The whole of the other process. It makes the key file if that `is_new` and missing.
pub(crate) fn hold(key_file: &Path, is_new: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let made = if is_new && !key_file.exists() { make(key_file) } else { Ok(()) };
    let keys = match made.and_then(|()| open(key_file)) {
        Ok(keys) => keys,
        Err(error) => {
            writeln!(out, "{error}")?;
            return Err(io::Error::other(error));
        }
    };
    writeln!(out, "ready {}", Bytes::from(keys.fingerprint()))?;
    out.flush()?;
    serve(&keys, &mut io::stdin().lock(), &mut out)
}

/// Answers until the end of the questions. What is no whole question ends it too.
fn serve(keys: &ServerKeys, input: &mut impl BufRead, out: &mut impl Write) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let Numbered { number, what } = serde_json::from_slice(&line).map_err(|_| io::ErrorKind::InvalidData)?;
        serde_json::to_writer(&mut *out, &Numbered { number, what: answer(keys, &what) })?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
}

fn answer(keys: &ServerKeys, question: &Question) -> Answer {
    let id = |id: &Bytes| Id::try_from(id.as_ref()).map_err(|_| LoginError::Message("id"));
    let made = match question {
        Question::Id { kind, name } => Ok(vec![Bytes::from(keys.id(kind, name))]),
        Question::Register { id: of, request } => {
            id(of).and_then(|id| keys.register(&id, request)).map(|answer| vec![answer.into()])
        }
        Question::LogIn { id: of, record, request, host } => id(of)
            .and_then(|id| keys.log_in(&id, record.as_ref().map(AsRef::as_ref), request, host))
            .map(|(answer, state)| vec![answer.into(), state.into()]),
    };
    made.map_or_else(|error| Answer::Malformed(error.to_string()), Answer::Pieces)
}

fn open(key_file: &Path) -> Result<ServerKeys, String> {
    let text = secret::read("login keys", key_file)?;
    let mut bytes = Zeroizing::new([0; ServerKeys::LENGTH]);
    let keys = text.trim().strip_prefix(SCHEME).and_then(|keys| {
        let read = Base64::decode(keys, &mut *bytes).ok()?;
        ServerKeys::from_bytes(read).ok()
    });
    keys.ok_or_else(|| format!("the login keys {}: this is no file of login keys", key_file.display()))
}

/// Makes a key file that only its owner reads; on disk before anything depends on it.
fn make(key_file: &Path) -> Result<(), String> {
    let keys = ServerKeys::random().map_err(|error| error.to_string())?;
    let mut text = Zeroizing::new([0; 4 * ServerKeys::LENGTH]);
    let text = Base64::encode(&keys.to_bytes(), &mut *text).map_err(|error| error.to_string())?;
    let write = || -> io::Result<()> {
        let folder = key_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(key_file)?;
        for part in [SCHEME, text, "\n"] {
            file.write_all(part.as_bytes())?;
        }
        file.sync_all()?;
        std::fs::File::open(folder)?.sync_all()
    };
    write().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn key_file_is_made_once_private_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login.key");
        make(&path).unwrap();
        assert!(make(&path).is_err(), "never overwritten");
        let fingerprint = open(&path).unwrap().fingerprint();
        assert_eq!(open(&path).unwrap().fingerprint(), fingerprint);
        #[cfg(unix)]
        {
            use std::{fs, os::unix::fs::PermissionsExt};
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            assert!(open(&path).err().unwrap().contains("chmod 600"));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        for text in ["", "hospital-record-login-keys:1:", "hospital-record-login-keys:1:MDA=", "something"] {
            std::fs::write(&path, text).unwrap();
            let error = open(&path).err().unwrap();
            assert!(error.contains("no file of login keys") && !error.contains("MDA="), "{error}");
        }
    }

    #[tokio::test]
    async fn missing_keys_of_a_database_are_never_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login.key");
        let error = Keys::start(&path, Some("0x12")).await.err().unwrap();
        assert!(error.contains("restore it from a backup") && !path.exists(), "{error}");
    }

    #[test]
    fn malformed_questions_get_an_answer() {
        let keys = ServerKeys::random().unwrap();
        let bytes = |length: usize| Bytes::from(vec![7; length]);
        for question in [
            Question::Register { id: bytes(31), request: bytes(32) },
            Question::Register { id: bytes(32), request: bytes(5) },
            Question::LogIn { id: bytes(32), record: Some(bytes(3)), request: bytes(96), host: String::new() },
            Question::LogIn { id: bytes(32), record: None, request: Bytes::new(), host: String::new() },
        ] {
            assert!(matches!(answer(&keys, &question), Answer::Malformed(_)), "{question:?}");
        }
    }

    #[test]
    fn answers_have_the_number_of_their_question_and_half_a_question_ends_all() {
        let keys = ServerKeys::random().unwrap();
        let ask = |number: u64, name: &str| {
            let what = Question::Id { kind: "name".into(), name: Bytes::from(name.as_bytes().to_vec()) };
            serde_json::to_string(&Numbered { number, what }).unwrap() + "\n"
        };
        let served = |input: String| {
            let mut out = Vec::new();
            let ended = serve(&keys, &mut input.as_bytes(), &mut out);
            (ended.is_ok(), String::from_utf8(out).unwrap())
        };
        let (ended, out) = served(ask(3, "ana") + &ask(7, "ben"));
        let answers: Vec<Numbered<Answer>> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(ended && matches!(answers[..], [Numbered { number: 3, .. }, Numbered { number: 7, .. }]), "{out}");
        for wrong in ["x\n".to_owned(), ask(1, &"x".repeat(LONGEST)), ask(1, "ana").trim_end()[1..].to_owned()] {
            assert_eq!(served(wrong + &ask(2, "ben")), (false, String::new()));
        }
    }
}
