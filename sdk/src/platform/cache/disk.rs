//! The file on disk. One that is damaged is never taken for a new one: what it remembered protects its owner.

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
/// Used all the time, the file is kept from a program that waits for it this long, and one call.
const HOLD: Duration = Duration::from_millis(100);
/// Not used for so long, it is closed.
const IDLE: Duration = Duration::from_millis(300);
/// How often somebody looks whether it is to be closed.
pub(super) const TICK: Duration = Duration::from_millis(25);
/// What its owner has to know before giving it up.
const HELD: &str = "It remembers which keys of other people were accepted, the newest history that was seen, contacts, \
                    and what is not finished. Restore it from a backup, or move it away and accept that this is \
                    forgotten: then compare fingerprints again, and look in the history before you repeat anything";

/// The file, which stays open while calls keep coming. A program that waits for it stands in a queue; whoever has the
/// file open looks there, closes it, and is last in the queue itself.
pub(crate) struct OnDisk {
    path: PathBuf,
    /// Its checksums were looked at: once a process, and again when somebody else has put a file there.
    checked: bool,
    held: Option<Held>,
    /// A thread looks when it is to be closed.
    pub(super) watched: bool,
}

/// Why nothing could be done.
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
            // After an error or a panic it is closed, and looked at anew.
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

    /// Closes it when it is not used, or somebody waits; whether it is still open.
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

/// Whether it is about what is in the file.
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

/// One program at a time, so that a file is whole when it is looked at. Where files cannot be locked, redb's own lock is
/// all there is.
fn in_turn(path: &Path) -> Result<Option<File>, Trouble> {
    let started = Instant::now();
    let _first = lock(&queue(path), started)?;
    lock(&path.with_extension("lock"), started)
}

/// Locked by whoever gets the file next.
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

/// It appears complete: an empty file is one that lost what it held.
fn create(path: &Path) -> Result<(), Trouble> {
    let file = NamedTempFile::with_prefix_in(".cache-", path.parent().unwrap_or(Path::new(".")))?.into_temp_path();
    drop(Database::create(&file)?);
    match put_new(file, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => Ok(done?),
    }
}

/// redb compares checksums only after a crash, and repairs what it finds by forgetting. So all of it is compared first,
/// in a copy: nothing is changed in a file that is damaged.
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

/// What redb panics over is damage, for which there are words of ours: nothing where it did.
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
    fn only_what_panics_outside_the_fence_is_heard() {
        let mut program = std::process::Command::new(std::env::current_exe().unwrap());
        let ran = program
            .args(["--exact", "--ignored", "--nocapture", "platform::cache::disk::tests::fence"])
            .output()
            .unwrap();
        let heard = String::from_utf8_lossy(&ran.stderr);
        assert!(ran.status.success() && heard.contains("outside") && !heard.contains("inside"), "{heard}");
    }
}
