//! Tells listeners that their channel has news. They read them from the database: a slow one holds nothing here.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::frames::channel::Channel;

/// With so many channels, those without listeners are forgotten.
const REMEMBERED: usize = 1_000;

#[derive(Default)]
pub(super) struct Listeners(Mutex<HashMap<Channel, watch::Sender<u64>>>);

impl Listeners {
    /// Changes of a channel, which need not exist yet.
    pub(super) fn of(&self, channel: Channel) -> watch::Receiver<u64> {
        let mut channels = self.channels();
        if channels.len() >= REMEMBERED {
            channels.retain(|_, changes| changes.receiver_count() > 0);
        }
        channels.entry(channel).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    pub(super) fn changed(&self, channel: &Channel) {
        if let Some(changes) = self.channels().get(channel) {
            changes.send_modify(|count| *count += 1);
        }
    }

    /// How many listen.
    pub(super) fn count(&self) -> usize {
        self.channels().values().map(watch::Sender::receiver_count).sum()
    }

    fn channels(&self) -> MutexGuard<'_, HashMap<Channel, watch::Sender<u64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
