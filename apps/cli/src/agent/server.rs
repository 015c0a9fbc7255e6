//! The process that keeps the phrase.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    process::setsid,
};
use zeroize::Zeroizing;

use crate::agent::{ANSWER_WITHIN, END, GET, LONGEST};

/// What it says when it listens.
pub(super) const READY: &str = "ready";
/// The longest question.
const QUESTION: u64 = 256;
/// The longest time between two looks at the clock. A computer that slept may have slept past the end.
const LOOK: Duration = Duration::from_secs(5);

struct Agent {
    phrase: Zeroizing<String>,
    /// Of the key file that it came from.
    fingerprint: String,
    /// By the clock that stops while a computer sleeps, and by the one that does not.
    until: (Instant, SystemTime),
}

/// Reads time and phrase from stdin, says on stdout that it listens, and serves until its time is over or somebody ends
/// it. Removes the socket.
pub(crate) fn serve(socket: &Path) -> io::Result<()> {
    let started = Agent::read().and_then(|agent| {
        // Closing the terminal does not end it.
        let _ = setsid();
        let listener = UnixListener::bind(socket)?;
        fs::set_permissions(socket, fs::Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        Ok((agent, listener))
    });
    let mut out = io::stdout();
    match started {
        Err(error) => writeln!(out, "{error}"),
        Ok((agent, listener)) => {
            let served = writeln!(out, "{READY}").and_then(|()| out.flush()).and_then(|()| agent.run(&listener));
            let _ = fs::remove_file(socket);
            served
        }
    }
}

impl Agent {
    fn read() -> io::Result<Self> {
        let mut input = BufReader::with_capacity(1, io::stdin().lock());
        let mut line = String::new();
        input.read_line(&mut line)?;
        let (seconds, fingerprint) = line.trim_end().split_once(' ').ok_or(io::ErrorKind::InvalidData)?;
        let time = Duration::from_secs(seconds.parse().map_err(io::Error::other)?);
        let mut phrase = Zeroizing::new(String::with_capacity(LONGEST));
        input.take(LONGEST as u64).read_line(&mut phrase)?;
        let until = (Instant::now() + time, SystemTime::now() + time);
        Ok(Self { phrase, fingerprint: fingerprint.to_owned(), until })
    }

    fn run(self, listener: &UnixListener) -> io::Result<()> {
        while let Some(left) = self.left() {
            let wait = Timespec::try_from(left.min(LOOK)).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&wait)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let Ok((stream, _)) = listener.accept() else { continue };
            // The time may have passed while it waited.
            if self.left().is_none() || self.answer(stream).unwrap_or(false) {
                break;
            }
        }
        Ok(())
    }

    fn left(&self) -> Option<Duration> {
        let (steady, wall) = self.until;
        let left = steady.checked_duration_since(Instant::now())?;
        let by_wall = wall.duration_since(SystemTime::now()).ok()?;
        Some(left.min(by_wall)).filter(|left| !left.is_zero())
    }

    /// Whether it was told to end.
    fn answer(&self, mut stream: UnixStream) -> io::Result<bool> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN))?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        let mut line = String::new();
        BufReader::new(&stream).take(QUESTION).read_line(&mut line)?;
        match line.trim_end().split_once(' ') {
            None if line.trim_end() == END => return Ok(true),
            // Of a key file with another password, it gives nothing.
            Some((GET, fingerprint)) if fingerprint == self.fingerprint => {
                stream.write_all(self.phrase.trim_end_matches('\n').as_bytes())?;
            }
            _ => {}
        }
        Ok(false)
    }
}
