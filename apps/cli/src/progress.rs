//! Progress bars on stderr, if that is a terminal.

use hospital_record::{Phase, Progress};
use indicatif::{ProgressBar, ProgressStyle};

use crate::print::Printer;

const KNOWN: &str = "{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
const UNKNOWN: &str = "{msg} {spinner} {bytes} {bytes_per_sec}";

/// A bar that disappears on drop; without a terminal there is none.
#[derive(Clone)]
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(crate) fn new(printer: Printer) -> Self {
        Self(printer.shows_progress().then(ProgressBar::no_length))
    }

    /// Two handles of one bar.
    pub(crate) fn pair(printer: Printer) -> (Self, Self) {
        let bar = Self::new(printer);
        (bar.clone(), bar)
    }

    pub(crate) fn show(&self, progress: Progress) {
        let Some(bar) = &self.0 else { return };
        if bar.length() != progress.total {
            bar.set_style(style(progress.total.is_some()));
        }
        if let Some(total) = progress.total {
            bar.set_length(total);
        }
        bar.set_message(words(progress.phase));
        bar.set_position(progress.done);
    }

    /// Removes the bar before other output.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(known: bool) -> ProgressStyle {
    ProgressStyle::with_template(if known { KNOWN } else { UNKNOWN }).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn words(phase: Phase) -> &'static str {
    match phase {
        Phase::Storing => "encrypting and storing",
        Phase::Confirming => "waiting for confirmation",
        Phase::Opening => "fetching and decrypting",
        _ => "working",
    }
}
