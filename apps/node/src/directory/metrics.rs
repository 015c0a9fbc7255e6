//! Metrics for Prometheus: counts, never whose.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::{
    directory::{problem::Problem, rows::Numbers},
    numbers::{self, Refused},
};

#[derive(Debug, Default)]
pub(crate) struct Metrics {
    published: AtomicU64,
    searches: AtomicU64,
    refused: Refused,
}

impl Metrics {
    pub(crate) fn published(&self) {
        self.published.fetch_add(1, Relaxed);
    }

    pub(crate) fn searched(&self) {
        self.searches.fetch_add(1, Relaxed);
    }

    pub(crate) fn refused(&self, problem: &Problem) {
        self.refused.count(problem.reason());
    }

    /// In Prometheus' text format.
    pub(crate) fn text(&self, now: &Numbers, current_at: u64) -> String {
        let one = |value: u64| vec![(String::new(), value)];
        let count = |number: i64| one(u64::try_from(number).unwrap_or_default());
        let mut text = String::new();
        for (name, kind, help, rows) in [
            ("listed", "gauge", "Listings that are shown.", count(now.listed)),
            ("hidden", "gauge", "Listings of accounts for which nobody vouches now.", count(now.hidden)),
            ("checked_seconds", "gauge", "When all vouches were checked last, since 1970.", one(current_at)),
            ("published_total", "counter", "Listings that were published.", one(self.published.load(Relaxed))),
            ("searches_total", "counter", "Searches.", one(self.searches.load(Relaxed))),
            ("refused_total", "counter", "Requests that were turned away, by reason.", self.refused.rows()),
        ] {
            numbers::add(&mut text, (&format!("hospital_record_directory_{name}"), kind, help), rows);
        }
        text
    }
}
