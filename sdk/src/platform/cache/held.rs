//! The open file.

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Instant,
};

use redb::{Database, DatabaseError};

use crate::platform::cache::{
    backend::Backend,
    disk::{PATIENCE, Trouble, pause},
    stamp::Stamp,
};

/// The maximum part of the file that is cached in memory, in bytes.
const IN_MEMORY: usize = 16 << 20;

/// The fields are dropped in this order: other programs may open the file only after it is closed.
pub(super) struct Held {
    pub(super) database: Database,
    file: File,
    cut: Arc<AtomicBool>,
    /// The file's stamp after the last use by this program.
    seen: Stamp,
    pub(super) since: Instant,
    pub(super) used: Instant,
    /// `None` if files cannot be locked.
    alone: Option<File>,
}

impl Held {
    /// `alone` is the lock that keeps other programs from opening the file.
    pub(super) fn open(path: &Path, alone: Option<File>) -> Result<Self, Trouble> {
        let started = Instant::now();
        loop {
            let file = File::options().read(true).write(true).open(path)?;
            if file.metadata()?.len() == 0 {
                return Err(Trouble::Damaged("it is empty".into()));
            }
            let cut = Arc::new(AtomicBool::new(false));
            let backend = Backend::new(file.try_clone()?, cut.clone())?;
            match Database::builder().set_cache_size(IN_MEMORY).create_with_backend(backend) {
                Err(DatabaseError::DatabaseAlreadyOpen) if started.elapsed() < PATIENCE => pause(),
                Err(error) => return Err(error.into()),
                Ok(database) => {
                    let (seen, now) = (Stamp::of(file.metadata()), Instant::now());
                    return Ok(Self { database, file, cut, seen, since: now, used: now, alone });
                }
            }
        }
    }

    /// Whether the file at `path` is this one, unchanged since its last use.
    pub(super) fn is_at(&self, path: &Path) -> bool {
        Stamp::of(path.metadata()) == self.seen
    }

    pub(super) fn was_used(&mut self) {
        (self.seen, self.used) = (Stamp::of(self.file.metadata()), Instant::now());
    }

    pub(super) fn is_alone(&self) -> bool {
        self.alone.is_some()
    }
}

/// Does not overwrite what another program has written. This program's own writes are on disk already.
impl Drop for Held {
    fn drop(&mut self) {
        self.cut.store(Stamp::of(self.file.metadata()).is_rewritten(&self.seen), Relaxed);
    }
}
