//! The terminal: input without echo, input typed ahead, and the width.

use std::{
    io,
    sync::atomic::{AtomicBool, Ordering},
};

use zeroize::Zeroizing;

use crate::failure::{Failure, Result};

/// Whether the program asked for a secret.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Words of the longest phrase, and of the shortest.
const MOST_WORDS: usize = 24;
const FEWEST_WORDS: usize = 12;
/// Characters of all rows of a phrase.
const ROOM: usize = 4096;

/// One line without echo.
pub(crate) fn unseen(prompt: &str) -> io::Result<Zeroizing<String>> {
    ASKED.store(true, Ordering::Relaxed);
    rpassword::prompt_password(prompt).map(Zeroizing::new)
}

/// A recovery phrase, in one line or in the rows in which it was shown. It is not echoed, and text
/// pasted beyond it is dropped.
pub(crate) fn phrase() -> Result<Zeroizing<String>> {
    let quiet = Quiet::new();
    // Full capacity from the start: growing would leave copies that nothing wipes.
    let mut text = Zeroizing::new(String::with_capacity(ROOM));
    let mut prompt = "Recovery phrase (it is not shown): ".to_owned();
    loop {
        let line = match unseen(&prompt) {
            Ok(line) => line,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(Failure::interrupted_before()),
            Err(_) => {
                return Err(Failure::key_file("there is no terminal to ask on: pipe the phrase into `init --restore`"));
            }
        };
        let before = words(&text);
        if text.len() + line.len() < ROOM {
            text.push_str(&line);
            text.push('\n');
        }
        if is_whole(before, words(&text), quiet.is_more_coming()) {
            break;
        }
        prompt = format!("{} words; go on, an empty line ends it: ", words(&text));
    }
    Ok(text)
}

/// Whether a row was the last. Rows of four may be those of a shorter phrase by accident, so that only a first row which
/// holds a whole phrase ends it before an empty one.
fn is_whole(before: usize, now: usize, more: bool) -> bool {
    let (empty, first) = (before == now, before == 0);
    now >= MOST_WORDS || !more && (empty || first && now >= FEWEST_WORDS)
}

fn words(text: &str) -> usize {
    text.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).count()
}

/// Drops typed-ahead input after a prompt for a secret failed: the shell would keep the rest of a pasted phrase in its
/// history.
pub(crate) fn discard_typed_ahead() {
    if ASKED.load(Ordering::Relaxed) {
        drop(Quiet::new());
    }
}

/// No echo while it lives. When it goes, the terminal is as it was, and nothing waits in it.
#[cfg(unix)]
struct Quiet(Option<(std::fs::File, rustix::termios::Termios)>);

#[cfg(unix)]
impl Quiet {
    fn new() -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let quiet = || {
            let tty = std::fs::File::options().read(true).write(true).open("/dev/tty").ok()?;
            let before = tcgetattr(&tty).ok()?;
            let mut unseen = before.clone();
            unseen.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&tty, OptionalActions::Now, &unseen).ok()?;
            Some((tty, before))
        };
        Self(quiet())
    }

    /// Pasted text comes all at once.
    fn is_more_coming(&self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let Some((tty, _)) = &self.0 else { return false };
        let patience = Timespec { tv_sec: 0, tv_nsec: 200_000_000 };
        poll(&mut [PollFd::new(tty, PollFlags::IN)], Some(&patience)).is_ok_and(|ready| ready > 0)
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcsetattr};
        // A slow line brings a paste in pieces; no paste takes longer than this.
        for _ in 0..25 {
            if !self.is_more_coming() {
                break;
            }
            let Some((tty, _)) = &self.0 else { return };
            let _ = tcflush(tty, QueueSelector::IFlush);
        }
        if let Some((tty, before)) = &self.0 {
            let _ = tcsetattr(tty, OptionalActions::Flush, before);
        }
    }
}

#[cfg(not(unix))]
struct Quiet;

#[cfg(not(unix))]
impl Quiet {
    fn new() -> Self {
        Self
    }

    fn is_more_coming(&self) -> bool {
        false
    }
}

/// The width of the terminal that the output goes to; `None` if it is not a terminal.
#[cfg(unix)]
pub(crate) fn columns(output: impl std::os::fd::AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(output).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
pub(crate) fn columns<T>(_: T) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_taken_until_the_phrase_is_whole() {
        for (before, now, more, whole) in [
            (0, 24, true, true),
            (0, 24, false, true),
            (0, 12, false, true),
            (0, 12, true, false),
            (0, 4, false, false),
            (8, 12, false, false),
            (8, 12, true, false),
            (12, 12, false, true),
            (12, 12, true, false),
            (20, 24, false, true),
            (0, 0, false, true),
            (0, 0, true, false),
            (4, 4, false, true),
        ] {
            assert_eq!(is_whole(before, now, more), whole, "{before} {now} {more}");
        }
        assert_eq!(words(" 1 legal  2 winner\n 3. thank 4) year\n"), 4);
    }
}
