//! Results on stdout, notes on stderr.

use std::io::{self, IsTerminal, Write};
#[cfg(unix)]
use std::{fs::File, os::fd::AsFd};

use qrcode::{QrCode, render::unicode::Dense1x2};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::{
    failure::{Failure, Result},
    shown::{json_line, shown_lines},
    terminal::columns,
};

/// The form of the output.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Printer {
    /// A result: the object for programs, or the words for people, which the caller has escaped.
    pub(crate) fn result(self, object: &Value, words: impl AsRef<str>) -> Result {
        let mut stdout = io::stdout().lock();
        let written = match self.json {
            true => writeln!(stdout, "{}", json_line(object)),
            false => writeln!(stdout, "{}", words.as_ref()),
        };
        written.map_err(|error| told_in_vain(object, error))
    }

    /// An object for programs only.
    pub(crate) fn object(self, object: &Value) -> Result {
        match self.json {
            true => self.line(&json_line(object)),
            false => Ok(()),
        }
    }

    pub(crate) fn line(self, text: &str) -> Result {
        Ok(writeln!(io::stdout().lock(), "{text}")?)
    }

    /// Several lines for people, in columns.
    pub(crate) fn table(self, head: &[&str], rows: &[Vec<String>]) -> Result {
        if !self.json && !rows.is_empty() {
            Ok(io::stdout().lock().write_all(in_columns(head, rows).as_bytes())?)
        } else {
            Ok(())
        }
    }

    /// A note for the person at the terminal, unless `--quiet` is set.
    pub(crate) fn note(self, text: impl AsRef<str>) {
        if !self.quiet {
            self.warn(text);
        }
    }

    /// A warning, which people see even with `--quiet`, and programs find in the object.
    pub(crate) fn warn(self, text: impl AsRef<str>) {
        if !self.json {
            self.urgent(text);
        }
    }

    /// A message that must not be missed. A closed stderr is no reason to stop.
    pub(crate) fn urgent(self, text: impl AsRef<str>) {
        drop(writeln!(io::stderr().lock(), "{}", shown_lines(text.as_ref())));
    }

    /// Fails if nobody would see a secret that is shown only once.
    pub(crate) fn secret_is_seen(self) -> Result {
        let nowhere = if self.json { leads_nowhere(&io::stdout()) } else { leads_nowhere(&io::stderr()) };
        match nowhere {
            false => Ok(()),
            true => Err(Failure::usage(
                "nobody would see the recovery phrase (the output goes to /dev/null or is closed), so no keys \
                 were made: run it with a visible stderr, or with --json for a program that reads stdout",
            )),
        }
    }

    /// Writes a secret in one piece, past all buffers, so that no unwiped copy stays. It is written when this returns.
    pub(crate) fn secret(self, text: &str) -> Result {
        let mut stderr = io::stderr().lock();
        stderr.write_all(text.as_bytes())?;
        Ok(settle(&stderr)?)
    }

    /// An object with one more field of plain words, which leaves no copy behind: a whole line goes past the buffer.
    pub(crate) fn object_with(self, object: &Value, field: &str, secret: &str) -> Result {
        let line = json_line(object);
        let parts = [line.trim_end_matches('}'), ",\"", field, "\":\"", secret, "\"}\n"];
        let mut whole = Zeroizing::new(String::with_capacity(parts.iter().map(|part| part.len()).sum()));
        parts.iter().for_each(|part| whole.push_str(part));
        let mut stdout = io::stdout().lock();
        stdout.write_all(whole.as_bytes())?;
        stdout.flush()?;
        Ok(settle(&stdout)?)
    }

    /// A text as a QR code: with --json on stderr, else on stdout.
    pub(crate) fn qr(self, text: &str) -> Result {
        let code = qr(text)?;
        let (columns, is_terminal) = match self.json {
            true => (columns(io::stderr()), io::stderr().is_terminal()),
            false => (columns(io::stdout()), io::stdout().is_terminal()),
        };
        if let Some(why) = columns.and_then(|columns| too_wide(&code, columns)) {
            self.urgent(why);
            return Ok(());
        }
        let code = if is_terminal { on_terminal(&code) } else { format!("{code}\n") };
        match self.json {
            true => Ok(io::stderr().lock().write_all(code.as_bytes())?),
            false => Ok(io::stdout().lock().write_all(code.as_bytes())?),
        }
    }

    pub(crate) fn shows_progress(self) -> bool {
        self.wants_progress() && io::stderr().is_terminal()
    }

    /// With `--json`, stderr holds nothing but an error's object.
    const fn wants_progress(self) -> bool {
        !self.quiet && !self.json
    }

    pub(crate) fn failure(self, failure: &Failure) {
        match self.json {
            true => self.urgent(json_line(&failure.to_json())),
            false => {
                self.urgent(format!("hospital-record: {failure}"));
                failure.hint().into_iter().for_each(|hint| self.urgent(hint));
            }
        }
    }
}

/// The error for an act that is on chain although its result could not be printed.
fn told_in_vain(object: &Value, error: io::Error) -> Failure {
    let transaction = object["tx"].as_str().map(str::to_owned);
    // An act that a relay carried has gas, and perhaps no known transaction.
    if transaction.is_none() && !object["gas"].is_number() {
        return error.into();
    }
    let place = transaction.as_ref().map(|hash| format!(" in transaction {hash}")).unwrap_or_default();
    let message = format!("it took effect{place}, so do not repeat it; but the output cannot be written: {error}");
    Failure { message, transaction, ..Failure::from(error) }
}

/// A disk may report an error after it took the bytes.
#[cfg(unix)]
fn settle(stream: &impl AsFd) -> io::Result<()> {
    let file = File::from(stream.as_fd().try_clone_to_owned()?);
    if file.metadata()?.is_file() { file.sync_all() } else { Ok(()) }
}

/// A stream that was closed is opened on /dev/null before `main`.
#[cfg(unix)]
fn leads_nowhere(stream: &impl AsFd) -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let Ok(file) = stream.as_fd().try_clone_to_owned().map(File::from) else { return true };
    match (file.metadata(), std::fs::metadata("/dev/null")) {
        (Ok(seen), Ok(null)) => seen.file_type().is_char_device() && seen.rdev() == null.rdev(),
        _ => false,
    }
}

#[cfg(not(unix))]
fn settle<T>(_: &T) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn leads_nowhere<T>(_: &T) -> bool {
    false
}

/// A text as a QR code of characters: dark where it is inked, as on paper.
fn qr(text: &str) -> Result<String> {
    QrCode::new(text)
        .map(|code| code.render::<Dense1x2>().quiet_zone(true).build())
        .map_err(|error| Failure::usage(format!("this does not fit into a QR code: {error}")))
}

/// Black on white whatever the colours of the terminal: on a dark one it would be a negative, which few cameras read.
fn on_terminal(code: &str) -> String {
    code.lines().map(|line| format!("\u{1b}[30;107m{line}\u{1b}[0m\n")).collect()
}

/// Advice if a terminal would break a code into pieces.
fn too_wide(code: &str, columns: usize) -> Option<String> {
    let needed = code.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    (needed > columns).then(|| {
        format!(
            "The QR code is {needed} characters wide, and this terminal {columns}: make the window wider or the letters \
             smaller, or write it to a file and open that in an editor."
        )
    })
}

/// Left-aligned, two spaces apart, the last column as long as it is.
fn in_columns(head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|title| title.to_string()).collect();
    let all: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    all.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn progress_bar_is_shown_only_to_people_who_want_it() {
        for (json, quiet, wanted) in [(false, false, true), (true, false, false), (false, true, false)] {
            assert_eq!(Printer { json, quiet }.wants_progress(), wanted);
        }
    }

    #[test]
    fn qr_code_reads_on_dark_and_light_and_is_never_broken() {
        let code = qr("hospital-record-card:1:0x00").unwrap();
        let width = code.lines().next().unwrap().chars().count();
        for line in on_terminal(&code).lines() {
            assert!(line.starts_with("\u{1b}[30;107m") && line.ends_with("\u{1b}[0m"), "its own colours: {line:?}");
        }
        assert!(code.lines().all(|line| line.chars().count() == width));
        assert_eq!(too_wide(&code, width), None);
        let why = too_wide(&code, width - 1).unwrap();
        assert!(why.contains(&width.to_string()) && why.contains(&(width - 1).to_string()), "{why}");
    }

    #[test]
    fn act_on_chain_is_reported_even_without_its_transaction() {
        let tell = |object: Value| told_in_vain(&object, io::Error::other("full")).message;
        assert!(tell(json!({"tx": "0x12", "gas": 1})).contains("took effect in transaction 0x12, so do not repeat it"));
        assert!(tell(json!({"tx": null, "gas": 0})).contains("took effect, so do not repeat it"));
        for nothing in [json!({"tx": null, "gas": null}), json!({"tx": null}), json!({"type": "record"})] {
            assert!(!tell(nothing).contains("took effect"));
        }
    }

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["ü".into(), "long cell".into(), "x".into()], vec!["abc".into(), "y".into(), "".into()]];
        assert_eq!(in_columns(&["A", "B", "C"], &rows), "A    B          C\nü    long cell  x\nabc  y\n");
    }
}
