//! The login keys, in a process of their own: the one that answers the network never has them in its memory.
//!
//! It is this program, started with [`HOLDER`] and the name of the key file. Questions and answers are lines of JSON on
//! its stdin and stdout; it ends with its stdin. Whoever has these keys and the database can try passwords.

use std::{
    fs::OpenOptions,
    io::{self, BufRead, Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
};

use hospital_record::node::messages::Bytes;
use hospital_record_core::{error::LoginError, vault::opaque::ServerKeys};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
};
use zeroize::Zeroizing;

use crate::{login::problem::Problem, secret};

/// The first argument of the process that holds the keys.
pub(crate) const HOLDER: &str = "hold-login-keys";
/// The start of a key file.
const SCHEME: &str = "hospital-record-login-keys:1:";
/// The longest line of either side.
const LONGEST: usize = 8 << 10;

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

/// What a name of a user or a network is in the database.
pub(crate) type Id = [u8; 32];

/// Asks the process that holds the keys.
pub(crate) struct Keys {
    key_file: PathBuf,
    fingerprint: String,
    holder: Mutex<Option<Holder>>,
    #[cfg(test)]
    here: Option<ServerKeys>,
}

struct Holder {
    _child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Keys {
    /// Opens the key file; `known` names the keys that the database belongs to. Without any, a missing file is made.
    pub(crate) async fn start(key_file: &Path, known: Option<&str>) -> Result<Self, String> {
        let wrong = |what: &str| format!("--login {}: {what}", key_file.display());
        match (key_file.exists(), known) {
            (false, Some(_)) => {
                return Err(wrong("it is missing, and without it nobody can log in: restore it from a backup"));
            }
            (false, None) => make(key_file).map_err(|error| wrong(&error))?,
            (true, _) => {}
        }
        // An error in words, before the other process gives one without.
        secret::read("login keys", key_file)?;
        let (holder, fingerprint) = Holder::start(key_file).await.map_err(|error| wrong(&error.to_string()))?;
        if known.is_some_and(|known| known != fingerprint) {
            return Err(wrong(
                "these are not the keys of this database: nobody could log in. Restore both from one backup",
            ));
        }
        Ok(Self {
            key_file: key_file.to_owned(),
            fingerprint,
            holder: Mutex::new(Some(holder)),
            #[cfg(test)]
            here: None,
        })
    }

    #[cfg(test)]
    pub(crate) fn in_this_process(keys: ServerKeys) -> Self {
        let fingerprint = Bytes::from(keys.fingerprint()).to_string();
        Self { key_file: PathBuf::new(), fingerprint, holder: Mutex::new(None), here: Some(keys) }
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
        #[cfg(test)]
        if let Some(keys) = &self.here {
            return pieces(answer(keys, &question));
        }
        let mut holder = self.holder.lock().await;
        // Taken: a caller that goes away in the middle leaves no half of an exchange to the next.
        let asked = match holder.take() {
            Some(running) => Ok(running),
            None => Holder::start(&self.key_file).await.map(|(running, _)| running),
        };
        let asked = match asked {
            Ok(mut running) => running.ask(&question).await.map(|answer| (running, answer)),
            Err(error) => Err(error),
        };
        match asked {
            Ok((running, answer)) => {
                *holder = Some(running);
                pieces(answer)
            }
            Err(error) => {
                tracing::error!(%error, "the process with the login keys does not answer; it is started again");
                Err(Problem::Unavailable)
            }
        }
    }
}

fn pieces<const N: usize>(answer: Answer) -> Result<[Bytes; N], Problem> {
    match answer {
        Answer::Pieces(pieces) => pieces.try_into().map_err(|_| Problem::Unavailable),
        Answer::Malformed(what) => Err(Problem::Malformed(what)),
    }
}

impl Holder {
    /// Starts the process; returns it with the fingerprint of its keys.
    async fn start(key_file: &Path) -> io::Result<(Self, String)> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(HOLDER).arg(std::path::absolute(key_file)?).env_clear().current_dir("/").kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut holder = Self { _child: child, input, output: BufReader::new(output) };
        let line = holder.line().await?;
        match line.trim_end().strip_prefix("ready ") {
            Some(fingerprint) => Ok((holder, fingerprint.to_owned())),
            None => Err(io::Error::other(line.trim_end().to_owned())),
        }
    }

    async fn ask(&mut self, question: &Question) -> io::Result<Answer> {
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        self.input.write_all(&line).await?;
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        let limit = LONGEST as u64;
        let count = tokio::io::AsyncReadExt::take(&mut self.output, limit).read_line(&mut line).await?;
        if count == 0 { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(line) }
    }
}

/// The whole of the other process.
pub(crate) fn hold(key_file: &Path) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let keys = match open(key_file) {
        Ok(keys) => keys,
        Err(error) => {
            writeln!(out, "{error}")?;
            return Err(io::Error::other(error));
        }
    };
    writeln!(out, "ready {}", Bytes::from(keys.fingerprint()))?;
    out.flush()?;
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST as u64).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let answer = match serde_json::from_slice(&line) {
            Ok(question) => answer(&keys, &question),
            Err(_) => Answer::Malformed("the question is malformed".to_owned()),
        };
        serde_json::to_writer(&mut out, &answer)?;
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
    let keys = text.trim().strip_prefix(SCHEME).and_then(|hex| {
        let bytes = Zeroizing::new(hex.parse::<Bytes>().ok()?.to_vec());
        ServerKeys::from_bytes(&bytes).ok()
    });
    keys.ok_or_else(|| format!("the login keys {}: this is no file of login keys", key_file.display()))
}

/// Makes a key file that only its owner reads; on disk before anything depends on it.
fn make(key_file: &Path) -> Result<(), String> {
    let keys = ServerKeys::random().map_err(|error| error.to_string())?;
    let text = Zeroizing::new(format!("{SCHEME}{}\n", Bytes::from(keys.to_bytes().to_vec())));
    let write = || -> io::Result<()> {
        let folder = key_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(key_file)?;
        file.write_all(text.as_bytes())?;
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
        for text in ["", "hospital-record-login-keys:1:", "hospital-record-login-keys:1:0x00", "something"] {
            std::fs::write(&path, text).unwrap();
            let error = open(&path).err().unwrap();
            assert!(error.contains("no file of login keys") && !error.contains("0x00"), "{error}");
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
}
