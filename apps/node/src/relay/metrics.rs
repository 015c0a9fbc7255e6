//! Metrics for Prometheus: counts and times, never the accounts that were served.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hospital_record::{Address, U256, relay::Fate};

use crate::numbers;

/// Shared by all parts of the relay.
#[derive(Clone, Default)]
pub(crate) struct Metrics(Arc<Counts>);

#[derive(Default)]
struct Counts {
    accepted: AtomicU64,
    turned_away: AtomicU64,
    limited: AtomicU64,
    done: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    milliseconds: AtomicU64,
}

impl Metrics {
    pub(crate) fn accepted(&self) {
        self.0.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn turned_away(&self) {
        self.0.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn limited(&self) {
        self.0.limited.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.0.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn carried(&self, fate: &Fate, took: Duration) {
        let count = match fate {
            Fate::Done { .. } => &self.0.done,
            _ => &self.0.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.0.milliseconds.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// In Prometheus' text format.
    pub(crate) fn text(&self, waiting: usize, spent: U256, balances: &[(Address, U256)]) -> String {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &*self.0;
        let mut text = String::new();
        for (name, kind, help, rows) in [
            (
                "requests_total",
                "counter",
                "Requests by first answer.",
                vec![
                    ("{answer=\"accepted\"}", of(&counts.accepted)),
                    ("{answer=\"turned_away\"}", of(&counts.turned_away)),
                    ("{answer=\"limited\"}", of(&counts.limited)),
                ],
            ),
            (
                "carried_total",
                "counter",
                "Accepted requests by result.",
                vec![("{fate=\"done\"}", of(&counts.done)), ("{fate=\"refused\"}", of(&counts.refused))],
            ),
            ("attempts_failed_total", "counter", "Attempts that are repeated.", vec![("", of(&counts.failed))]),
            ("carrying_milliseconds_total", "counter", "Time spent carrying.", vec![("", of(&counts.milliseconds))]),
            ("waiting", "gauge", "Accepted requests that are not carried yet.", vec![("", waiting as u64)]),
        ] {
            numbers::add(&mut text, (&format!("hospital_record_relay_{name}"), kind, help), rows);
        }
        let name = "hospital_record_relay_spent_today_wei";
        numbers::add(&mut text, (name, "gauge", "Wei paid since midnight UTC."), [("", spent)]);
        let name = "hospital_record_relay_balance_wei";
        let rows = balances.iter().map(|(payer, wei)| (format!("{{payer=\"{payer}\"}}"), wei));
        numbers::add(&mut text, (name, "gauge", "Balance of each payer in wei."), rows);
        text
    }
}
