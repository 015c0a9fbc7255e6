//! What verbs ask the agent.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use zeroize::Zeroizing;

use crate::{
    agent::{ANSWER_WITHIN, END, GET, LONGEST, server::READY, socket},
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
pub(crate) fn end(path: &Path) -> bool {
    let Some(mut agent) = connect(path) else { return false };
    // It closes the connection when it has wiped what it had.
    writeln!(agent, "{END}").and_then(|()| agent.read_to_end(&mut Vec::new())).is_ok()
}

fn connect(path: &Path) -> Option<UnixStream> {
    let agent = UnixStream::connect(socket(path)).ok()?;
    agent.set_read_timeout(Some(ANSWER_WITHIN)).ok()?;
    agent.set_write_timeout(Some(ANSWER_WITHIN)).ok()?;
    Some(agent)
}

/// Starts an agent, in the place of an earlier one.
pub(crate) fn start(path: &Path, file: &KeyFile, phrase: &str, time: Duration) -> Result {
    end(path);
    let failed = |why: &str| Failure::key_file(format!("the agent did not start: {why}"));
    match fs::remove_file(socket(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&error.to_string())),
        _ => {}
    }
    let program = std::env::current_exe().map_err(|error| failed(&error.to_string()))?;
    let mut command = Command::new(program);
    command.args(["unlock", "--serve"]).arg(socket(path)).env_clear().current_dir("/");
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
