//! The login keys, in a process of their own: the one that answers the network never has them in its memory.
//!
//! It is this program, started with [`HOLDER`] and the name of the key file; it makes, reads and checks that file.
//! Questions and answers are lines of JSON on its stdin and stdout, each with a number, so that no answer is taken for
//! that of another question. It ends with its stdin. Whoever has these keys and the database can try passwords.

use std::{
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use hospital_record::node::messages::Bytes;
#[cfg(test)]
use hospital_record_core::vault::opaque::ServerKeys;
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::Mutex,
    time::timeout,
};

pub(crate) use self::holder::hold;
use crate::login::problem::Problem;

mod holder;

/// The first argument of the process that holds the keys.
pub(crate) const HOLDER: &str = "hold-login-keys";
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
                let process = process.clone();
                // A task of its own: a caller that goes away leaves no half of an exchange to the next.
                let asking = tokio::spawn(async move { process.ask(question).await });
                asking.await.map_err(|_| Problem::Unavailable)?
            }
            #[cfg(test)]
            Asker::Here(keys) => Ok(holder::answer(keys, &question)),
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn missing_keys_of_a_database_are_never_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login.key");
        let error = Keys::start(&path, Some("0x12")).await.err().unwrap();
        assert!(error.contains("restore it from a backup") && !path.exists(), "{error}");
    }
}
