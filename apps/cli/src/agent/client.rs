//! What verbs ask the agent.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    agent::{
        server::READY,
        unix::{ANSWER_WITHIN, END, GET, LONGEST, socket},
    },
    failure::{Failure, Result},
    key_file::KeyFile,
};

/// The phrase of this very key file, if an agent has it.
pub(crate) fn phrase(path: &Path, file: &KeyFile) -> Option<Zeroizing<String>> {
    let mut agent = connect(path)?;
    writeln!(agent, "{GET} {}", file.fingerprint()).ok()?;
    // In one piece: growing would leave copies that nothing wipes.
    let mut answer = Zeroizing::new(vec![0; LONGEST]);
    let mut length = 0;
    while length < LONGEST {
        match agent.read(&mut answer[length..]).ok()? {
            0 => break,
            count => length += count,
        }
    }
    let mut phrase = Zeroizing::new(String::with_capacity(LONGEST));
    phrase.push_str(std::str::from_utf8(&answer[..length]).ok()?);
    (length > 0).then_some(phrase)
}

/// Ends the agent of a key file; whether there was one.
///
/// # Errors
/// If it does not say that it has wiped the phrase.
pub(crate) fn end(path: &Path) -> Result<bool> {
    let Some(mut agent) = connect(path) else { return Ok(false) };
    // It closes the connection when it has wiped the phrase and removed its socket.
    match writeln!(agent, "{END}").and_then(|()| agent.read_to_end(&mut Vec::new())) {
        Ok(_) => Ok(true),
        Err(error) => {
            let socket = socket(path)?;
            let why = format!("the agent at {} does not answer ({error}): end its process", socket.display());
            Err(Failure::key_file(why))
        }
    }
}

fn connect(path: &Path) -> Option<UnixStream> {
    let agent = UnixStream::connect(socket(path).ok()?).ok()?;
    agent.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    agent.set_write_timeout(Some(ANSWER_WITHIN)).ok()?;
    Some(agent)
}

/// Starts an agent, in the place of an earlier one. Two that are started at once come one after the other.
pub(crate) fn start(path: &Path, file: &KeyFile, phrase: &str, time: Duration) -> Result {
    let failed = |why: &str| Failure::key_file(format!("the agent did not start: {why}"));
    let socket = socket(path)?;
    let alone = File::create(socket.with_extension("lock")).and_then(|lock| lock.lock().map(|()| lock));
    let _alone = alone.map_err(|error| failed(&error.to_string()))?;
    end(path)?;
    match fs::remove_file(&socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&error.to_string())),
        _ => {}
    }
    let program = std::env::current_exe().map_err(|error| failed(&error.to_string()))?;
    let mut command = Command::new(program);
    command.args(["unlock", "--serve"]).arg(&socket).env_clear().current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| failed(&error.to_string()))?;
    let handed = child.stdin.take().map_or_else(
        || Err(io::Error::other("it has no input")),
        |mut input| writeln!(input, "{} {}\n{phrase}", time.as_secs(), file.fingerprint()),
    );
    let mut answer = String::new();
    if let Some(output) = child.stdout.take() {
        let _ = BufReader::new(output).read_line(&mut answer);
    }
    match (handed, answer.trim_end()) {
        (Ok(()), READY) => Ok(()),
        (Err(error), "") => Err(failed(&error.to_string())),
        (_, why) => Err(failed(if why.is_empty() { "it ended" } else { why })),
    }
}
