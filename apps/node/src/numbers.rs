//! Numbers in Prometheus' text format.

use std::fmt::{Display, Write};

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
