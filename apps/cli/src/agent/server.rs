//! The process that keeps the phrase.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::{
        fs::MetadataExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::Mode,
    process::{setsid, umask},
};
use zeroize::Zeroizing;

use crate::agent::unix::{ANSWER_WITHIN, END, GET, LONGEST};

/// What it says when it listens.
pub(super) const READY: &str = "ready";
/// The longest question.
const QUESTION: usize = 256;
/// The longest time between two looks at the clock. A computer that slept may have slept past the end.
const LOOK: Duration = Duration::from_secs(5);

struct Agent {
    phrase: Zeroizing<String>,
    /// Of the key file that it came from.
    fingerprint: String,
    /// By the clock that stops while a computer sleeps, and by the one that does not.
    until: (Instant, SystemTime),
}

/// A socket that this process made. Another agent may have put its own in its place.
struct Place<'a> {
    path: &'a Path,
    made: (u64, u64),
}

/// Reads time and phrase from stdin, says on stdout that it listens, and serves until its time is over or somebody ends
/// it. Removes the socket.
pub(crate) fn serve(socket: &Path) -> io::Result<()> {
    let started = Agent::read().and_then(|agent| {
        // Closing the terminal does not end it.
        let _ = setsid();
        umask(Mode::from_bits_truncate(0o177));
        let listener = UnixListener::bind(socket)?;
        listener.set_nonblocking(true)?;
        Ok((agent, listener, Place::of(socket)?))
    });
    let mut out = io::stdout();
    match started {
        Err(error) => {
            writeln!(out, "{error}")?;
            Err(error)
        }
        Ok((agent, listener, place)) => {
            let ready = writeln!(out, "{READY}").and_then(|()| out.flush());
            let ended = ready.and_then(|()| agent.run(&listener, &place));
            // The phrase is wiped by now. Who told it to end learns of that last.
            place.clear();
            ended.map(drop)
        }
    }
}

impl<'a> Place<'a> {
    fn of(path: &'a Path) -> io::Result<Self> {
        let made = path.symlink_metadata()?;
        Ok(Self { path, made: (made.dev(), made.ino()) })
    }

    fn is_own(&self) -> bool {
        self.path.symlink_metadata().is_ok_and(|now| (now.dev(), now.ino()) == self.made)
    }

    fn clear(&self) {
        if self.is_own() {
            let _ = fs::remove_file(self.path);
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

    /// Serves until its time is over, or until nobody can reach it any more. Returns the connection of the caller that
    /// ended it.
    fn run(self, listener: &UnixListener, place: &Place<'_>) -> io::Result<Option<UnixStream>> {
        while let Some(left) = self.left().filter(|_| place.is_own()) {
            let wait = Timespec::try_from(left.min(LOOK)).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(listener, PollFlags::IN)], Some(&wait)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let Ok((mut stream, _)) = listener.accept() else { continue };
            // The time may have passed while it waited.
            let Some(left) = self.left() else { break };
            if self.answer(&mut stream, left.min(ANSWER_WITHIN)).unwrap_or(false) {
                return Ok(Some(stream));
            }
        }
        Ok(None)
    }

    fn left(&self) -> Option<Duration> {
        let (steady, wall) = self.until;
        let left = steady.checked_duration_since(Instant::now())?;
        let by_wall = wall.duration_since(SystemTime::now()).ok()?;
        Some(left.min(by_wall)).filter(|left| !left.is_zero())
    }

    /// Whether it was told to end. The whole question must come within `patience`.
    fn answer(&self, stream: &mut UnixStream, patience: Duration) -> io::Result<bool> {
        stream.set_nonblocking(false)?;
        stream.set_write_timeout(Some(ANSWER_WITHIN))?;
        let (until, mut question) = (Instant::now() + patience, Vec::new());
        while !question.ends_with(b"\n") && question.len() < QUESTION {
            let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
            stream.set_read_timeout(Some(left.ok_or(io::ErrorKind::TimedOut)?))?;
            let mut part = [0; QUESTION];
            match stream.read(&mut part)? {
                0 => break,
                count => question.extend_from_slice(&part[..count]),
            }
        }
        let question = String::from_utf8_lossy(&question);
        match question.trim_end().split_once(' ') {
            None if question.trim_end() == END => return Ok(true),
            // Of a key file with another password, it gives nothing.
            Some((GET, fingerprint)) if fingerprint == self.fingerprint => {
                stream.write_all(self.phrase.trim_end_matches('\n').as_bytes())?;
            }
            _ => {}
        }
        Ok(false)
    }
}
