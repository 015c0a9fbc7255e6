//! Metrics for Prometheus: counts, never whose or which channels.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{
    frames::rows::Numbers,
    numbers::{self, Refused},
};

#[derive(Debug, Default)]
pub(super) struct Metrics {
    frames: AtomicU64,
    bytes: AtomicU64,
    commits: AtomicU64,
    refused: Refused,
}

impl Metrics {
    pub(super) fn published(&self, bytes: usize) {
        self.frames.fetch_add(1, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn committed(&self) {
        self.commits.fetch_add(1, Relaxed);
    }

    pub(super) fn refused(&self, reason: &'static str) {
        self.refused.count(reason);
    }

    /// In Prometheus' text format.
    pub(super) fn text(&self, now: Numbers, listeners: usize) -> String {
        let one = |value: u64| vec![(String::new(), value)];
        let mut text = String::new();
        for (name, kind, help, rows) in [
            ("channels", "gauge", "Channels that have frames or had some lately.", one(now.channels)),
            ("held_bytes", "gauge", "Bytes that count against --frames-bytes.", one(now.held)),
            ("listeners", "gauge", "Subscribers of channels.", one(listeners as u64)),
            (
                "published_total",
                "counter",
                "Frames that were acknowledged, repeated ones too.",
                one(self.frames.load(Relaxed)),
            ),
            ("published_bytes_total", "counter", "Bytes of these frames.", one(self.bytes.load(Relaxed))),
            (
                "commits_total",
                "counter",
                "Transactions that stored frames: one for all that waited.",
                one(self.commits.load(Relaxed)),
            ),
            ("refused_total", "counter", "Frames that were refused, by reason.", self.refused.rows()),
        ] {
            numbers::add(&mut text, (&format!("hospital_record_frames_{name}"), kind, help), rows);
        }
        text
    }
}
