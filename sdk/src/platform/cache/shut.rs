//! Closes the file when it is idle, or another program waits for it.

use std::{
    sync::{Arc, Mutex, TryLockError, Weak},
    thread,
};

use super::{
    Place, Shared,
    disk::{OnDisk, TICK},
};

impl Shared {
    /// Closes the file from a separate thread. The app's executor may be blocked, and other programs must not wait for
    /// it. The thread keeps no process alive and holds nothing that could be lost.
    pub(super) fn close_later(&self, file: &mut OnDisk) {
        #[cfg(feature = "testing")]
        if crate::platform::cache::EACH_TIME.load(std::sync::atomic::Ordering::Relaxed) {
            file.close();
        }
        if file.watched || !file.is_held() {
            return;
        }
        let place = Arc::downgrade(&self.place);
        file.watched = thread::Builder::new().name("cache".into()).spawn(move || rest(&place)).is_ok();
        if !file.watched {
            file.close();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Place::File(file) = &mut *self.locked() {
            file.close();
        }
    }
}

/// Runs until the file is closed.
fn rest(place: &Weak<Mutex<Place>>) {
    loop {
        thread::sleep(TICK);
        let Some(place) = place.upgrade() else { return };
        let mut place = match place.try_lock() {
            Ok(place) => place,
            Err(TryLockError::Poisoned(place)) => place.into_inner(),
            // The file is in use, and each use checks by itself whether to close it.
            Err(TryLockError::WouldBlock) => continue,
        };
        let Place::File(file) = &mut *place else { return };
        file.watched = file.rest();
        if !file.watched {
            return;
        }
    }
}
