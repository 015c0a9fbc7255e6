//! The file on disk. A damaged file is never treated as a new one, because its content protects its owner.

use std::{
    cell::Cell,
    fs::{File, TryLockError},
    io,
    panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook},
    path::{Path, PathBuf},
    sync::Once,
    time::{Duration, Instant},
};

use redb::Database;
use tempfile::NamedTempFile;

use crate::{
    base::error::{Error, Result},
    platform::{
        cache::{held::Held, overlay::Overlay},
        file::{private, put_new},
    },
};

/// How long other programs may keep the file open.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);
/// In constant use, a waiting program gets the file after this time and one call.
const HOLD: Duration = Duration::from_millis(100);
/// An unused file is closed after this time.
const IDLE: Duration = Duration::from_millis(300);
/// How often a thread checks whether to close the file.
pub(super) const TICK: Duration = Duration::from_millis(25);
/// What the owner must know before abandoning the file.
const HELD: &str = "It remembers which keys of other people were accepted, the newest history that was seen, contacts, \
                    and what is not finished. Restore it from a backup, or move it away and accept that this is \
                    forgotten: then compare fingerprints again, and look in the history before you repeat anything";

/// The file, which stays open during a series of calls. A program that waits for it stands in a queue. The program that
/// has the file open checks the queue, closes the file, and joins the end of the queue.
pub(crate) struct OnDisk {
    path: PathBuf,
    /// Whether the checksums were verified: once per process, and again if another program has replaced the file.
    checked: bool,
    held: Option<Held>,
    /// Whether a thread checks when to close it.
    pub(super) watched: bool,
}

/// Why the file could not be used.
pub(super) enum Trouble {
    Damaged(String),
    Redb(redb::Error),
    Lock(PathBuf, io::Error),
}

impl<E: Into<redb::Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Redb(error.into())
    }
}

impl OnDisk {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, checked: false, held: None, watched: false }
    }

    pub(crate) fn with<R>(&mut self, work: impl FnOnce(&Database) -> Result<R, redb::Error>) -> Result<R> {
        let done = fenced(|| {
            // After an error or a panic the file is closed; the next use opens it again.
            let held = self.opened()?;
            let done = work(&held.database)?;
            self.keep(held);
            Ok(done)
        });
        let done = done.unwrap_or_else(|| Err(Trouble::Damaged("it cannot be read to its end".into())));
        done.map_err(|trouble| trouble.of(&self.path))
    }

    fn opened(&mut self) -> Result<Held, Trouble> {
        if let Some(held) = self.held.take() {
            if held.is_at(&self.path) {
                return Ok(held);
            }
            self.checked = false;
        }
        let alone = in_turn(&self.path)?;
        if !self.path.exists() {
            create(&self.path)?;
        }
        if !self.checked {
            check(&self.path)?;
            self.checked = true;
        }
        Held::open(&self.path, alone)
    }

    fn keep(&mut self, mut held: Held) {
        held.was_used();
        let is_over = !held.is_alone() || held.since.elapsed() >= HOLD && is_waited_for(&self.path);
        self.held = Some(held).filter(|_| !is_over);
    }

    /// Closes the file if it is idle or another program waits for it. Returns whether it is still open.
    pub(super) fn rest(&mut self) -> bool {
        let is_over = self.held.as_ref().is_some_and(|held| {
            let idle = held.used.elapsed();
            idle >= IDLE || (idle >= TICK || held.since.elapsed() >= HOLD) && is_waited_for(&self.path)
        });
        if is_over {
            self.close();
        }
        self.held.is_some()
    }

    pub(super) fn close(&mut self) {
        fenced(|| drop(self.held.take()));
    }

    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }
}

impl Trouble {
    fn of(self, path: &Path) -> Error {
        use redb::Error as E;
        match self {
            Self::Lock(lock, error) => Error::file(lock, error),
            Self::Damaged(why) => damaged(path, &why),
            Self::Redb(E::Io(error)) if is_content(&error) => damaged(path, &error.to_string()).because(error),
            Self::Redb(E::Io(error)) => Error::file(path, error),
            Self::Redb(E::UpgradeRequired(format)) => {
                damaged(path, &format!("another version of this software wrote it, in format {format}"))
            }
            Self::Redb(E::DatabaseAlreadyOpen) => Error::Conflict(
                format!(
                    "{} is in use by another program for {} s: repeat it when that has ended",
                    path.display(),
                    PATIENCE.as_secs()
                )
                .into(),
            ),
            Self::Redb(E::Corrupted(why)) => damaged(path, &why),
            Self::Redb(error @ (E::TableTypeMismatch { .. } | E::RepairAborted | E::LockPoisoned(_))) => {
                damaged(path, &error.to_string()).because(error)
            }
            Self::Redb(error) => Error::cache(error),
        }
    }
}

/// Whether the error is about the content of the file.
fn is_content(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::IsADirectory
    )
}

fn damaged(path: &Path, why: &str) -> Error {
    let reason = format!("it cannot be used ({}). {HELD}", why.trim_end_matches('.'));
    Error::File { path: path.into(), reason: reason.into(), kind: io::ErrorKind::InvalidData }
}

/// Locks the file for one program at a time, so that each sees a complete file. If files cannot be locked, only redb's
/// own lock remains.
fn in_turn(path: &Path) -> Result<Option<File>, Trouble> {
    let started = Instant::now();
    let _first = lock(&queue(path), started)?;
    lock(&path.with_extension("lock"), started)
}

/// The lock of the program that gets the file next.
fn queue(path: &Path) -> PathBuf {
    path.with_extension("queue")
}

fn is_waited_for(path: &Path) -> bool {
    private(&queue(path)).is_ok_and(|queue| matches!(queue.try_lock(), Err(TryLockError::WouldBlock)))
}

fn lock(path: &Path, started: Instant) -> Result<Option<File>, Trouble> {
    let failed = |error| Trouble::Lock(path.into(), error);
    let file = private(path).map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => pause(),
            Err(TryLockError::WouldBlock) => return Err(Trouble::Redb(redb::Error::DatabaseAlreadyOpen)),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

pub(super) fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}

/// Creates the file complete and under its name at once, because an empty file means lost content.
fn create(path: &Path) -> Result<(), Trouble> {
    let file = NamedTempFile::with_prefix_in(".cache-", path.parent().unwrap_or(Path::new(".")))?.into_temp_path();
    drop(Database::create(&file)?);
    match put_new(file, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => Ok(done?),
    }
}

/// redb verifies checksums only after a crash, and repairs damage by dropping data. So this verifies the whole file
/// first, over a copy: a damaged file is not changed.
fn check(path: &Path) -> Result<(), Trouble> {
    let file = File::open(path)?;
    let seen = file.metadata()?;
    if seen.is_dir() {
        return Err(Trouble::Damaged("it is a folder".into()));
    }
    if seen.len() == 0 {
        return Err(Trouble::Damaged("it is empty".into()));
    }
    let mut copy = Database::builder().create_with_backend(Overlay::new(file, seen.len()))?;
    match copy.check_integrity()? {
        true => Ok(()),
        false => Err(Trouble::Damaged("its checksums are wrong".into())),
    }
}

thread_local! {
    static FENCED: Cell<bool> = const { Cell::new(false) };
}

/// redb panics on some damage. Returns `None` if it did, and hides the panic message.
fn fenced<R>(work: impl FnOnce() -> R) -> Option<R> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let outer = take_hook();
        set_hook(Box::new(move |info| {
            if !FENCED.try_with(Cell::get).unwrap_or_default() {
                outer(info);
            }
        }));
    });
    let before = FENCED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    FENCED.set(before);
    done.ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    #[ignore = "run by the test below"]
    fn fence() {
        assert!(fenced(|| panic!("inside")).is_none());
        assert!(catch_unwind(|| panic!("outside")).is_err());
    }

    #[test]
    fn only_panics_outside_the_fence_are_printed() {
        let mut program = std::process::Command::new(std::env::current_exe().unwrap());
        let ran = program
            .args(["--exact", "--ignored", "--nocapture", "platform::cache::disk::tests::fence"])
            .output()
            .unwrap();
        let heard = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() && heard.contains("outside") && !heard.contains("inside"), "{heard}");
    }
}
