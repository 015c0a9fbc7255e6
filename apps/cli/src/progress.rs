//! Progress bars on stderr, when somebody looks.

use indicatif::{ProgressBar, ProgressStyle};

use crate::print::Printer;

const KNOWN: &str = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const UNKNOWN: &str = "{msg} {spinner} {bytes} {bytes_per_sec}";

/// A bar that goes when it is dropped; nothing at all without a terminal.
#[derive(Clone)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(crate) fn new(printer: Printer) -> Self {
        Self(printer.shows_progress().then(ProgressBar::no_length))
    }

    /// `what` is under way, so many bytes are done, out of so many when that is known.
    pub(crate) fn at(&self, what: &'static str, done: u64, total: Option<u64>) {
        let Some(bar) = &self.0 else { return };
        if bar.length() != total {
            bar.set_style(style(total.is_some()));
        }
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_message(what);
        bar.set_position(done);
    }

    /// Takes the bar away, for words to follow.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(known: bool) -> ProgressStyle {
    ProgressStyle::with_template(if known { KNOWN } else { UNKNOWN }).unwrap_or_else(|_| ProgressStyle::default_bar())
}
