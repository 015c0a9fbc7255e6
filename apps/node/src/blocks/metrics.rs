//! Metrics for Prometheus: counts, never whose or which blocks.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{
    blocks::{problem::Problem, rows::Numbers},
    numbers::{self, Refused},
};

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    uploads: AtomicU64,
    uploaded: AtomicU64,
    served: AtomicU64,
    refused: Refused,
}

impl Metrics {
    pub(crate) fn uploaded(&self, bytes: u64) {
        self.uploads.fetch_add(1, Relaxed);
        self.uploaded.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn served(&self) {
        self.served.fetch_add(1, Relaxed);
    }

    pub(crate) fn refused(&self, problem: &Problem) {
        self.refused.count(problem.reason());
    }

    /// In Prometheus' text format.
    pub(crate) fn text(&self, now: &Numbers) -> String {
        let one = |value: u64| vec![(String::new(), value)];
        let mut text = String::new();
        for (name, kind, help, rows) in [
            ("accounts", "gauge", "Accounts with blocks.", one(now.accounts)),
            ("held", "gauge", "Blocks that may be served.", one(now.blocks)),
            ("held_bytes", "gauge", "Bytes that count against --quota-total.", one(now.held)),
            ("pinned_bytes", "gauge", "Bytes below pins. A block below several counts several times.", one(now.pinned)),
            ("uploads_total", "counter", "Uploads that were stored.", one(self.uploads.load(Relaxed))),
            ("uploaded_bytes_total", "counter", "Bytes of these uploads.", one(self.uploaded.load(Relaxed))),
            ("served_total", "counter", "Answers with blocks.", one(self.served.load(Relaxed))),
            ("refused_total", "counter", "Requests to write that were refused, by reason.", self.refused.rows()),
        ] {
            numbers::add(&mut text, (&format!("hospital_record_blocks_{name}"), kind, help), rows);
        }
        text
    }
}
