//! Numbers in Prometheus' text format.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write},
    sync::{Mutex, PoisonError},
};

/// Adds one metric. Each row has its labels in braces, or no labels, and its value.
pub(crate) fn add<L: Display, V: Display>(
    text: &mut String,
    (name, kind, help): (&str, &str, &str),
    rows: impl IntoIterator<Item = (L, V)>,
) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in rows {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

/// How often something was refused, by reason.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<BTreeMap<&'static str, u64>>);

impl Refused {
    pub(crate) fn count(&self, reason: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(reason).or_default() += 1;
    }

    /// As rows of a metric.
    pub(crate) fn rows(&self) -> Vec<(String, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.iter().map(|(reason, count)| (format!("{{reason=\"{reason}\"}}"), *count)).collect()
    }
}
