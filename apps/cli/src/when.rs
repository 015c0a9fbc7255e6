//! Dates as people write them.

use std::time::SystemTime;

use jiff::{SignedDuration, Span, Timestamp, Zoned, civil::Date, tz::TimeZone};

use crate::failure::{Failure, Result};

const FORMS: &str = "write a date (2027-01-31), an instant (2027-01-31T12:00:00+01:00), a time from now \
                     (12h, 90d, 6w, 18mo, 2y) or never";

/// How far ahead of this machine's clock a document may have been made.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// When something ends.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Until {
    Never,
    At(Zoned),
}

impl Until {
    /// `None` for no end.
    pub(crate) fn instant(&self) -> Option<SystemTime> {
        match self {
            Self::Never => None,
            Self::At(end) => Some(end.timestamp().into()),
        }
    }

    /// For people, beside the typed text.
    pub(crate) fn told(&self, typed: &str) -> String {
        match self {
            Self::Never => "until it is revoked".to_owned(),
            Self::At(end) => format!("until {typed}, that is before {}", told(end)),
        }
    }
}

/// Parses the value of `--until` in `tz`; it must lie after `now`.
pub(crate) fn until(text: &str, now: Timestamp, tz: &TimeZone) -> Result<Until> {
    if text == "never" {
        return Ok(Until::Never);
    }
    let now = now.to_zoned(tz.clone());
    let end = if let Some(date) = bare_date(text) {
        end_of_day(date?, tz)?
    } else if let Some(span) = span(text) {
        now.checked_add(span?).map_err(|_| too_far(text))?
    } else {
        instant(text)?.to_zoned(tz.clone())
    };
    if end <= now {
        return Err(Failure::usage(format!("{text} is in the past: it means {}", told(&end))));
    }
    Ok(Until::At(end))
}

/// Whether it counts from now, and so depends on the chosen clock.
pub(crate) fn is_relative(text: &str) -> bool {
    bare_date(text).is_none() && span(text).is_some()
}

/// When a document was made: a bare date is the start of that day.
pub(crate) fn moment(text: &str, tz: &TimeZone) -> Result<Timestamp> {
    match bare_date(text) {
        Some(date) => date?.to_zoned(tz.clone()).map(|day| day.timestamp()).map_err(|_| too_far(text)),
        None => text.parse().map_err(|_| {
            let forms = "write a date (2026-01-31) or an instant (2026-01-31T12:00:00+01:00)";
            Failure::usage(format!("{text:?} is not a date: {forms}"))
        }),
    }
}

/// The same for an existing document, which is at most a day ahead: clocks and zones differ.
pub(crate) fn made(text: &str, now: Timestamp, tz: &TimeZone) -> Result<Timestamp> {
    let made = moment(text, tz)?;
    match now.checked_add(GRACE).is_ok_and(|latest| made > latest) {
        false => Ok(made),
        true => Err(Failure::usage(format!(
            "--created {text} is in the future: it means {}, and this machine's clock says {}",
            told(&made.to_zoned(tz.clone())),
            told(&now.to_zoned(tz.clone()))
        ))),
    }
}

/// Since when documents were made: a moment, or so long before now.
pub(crate) fn past(text: &str, now: Timestamp, tz: &TimeZone) -> Result<Timestamp> {
    let back = bare_date(text).is_none().then(|| span(text)).flatten();
    match back {
        Some(back) => {
            let start = now.to_zoned(tz.clone()).checked_sub(back?).map_err(|_| too_far_back(text))?;
            Ok(start.timestamp())
        }
        None => moment(text, tz),
    }
}

/// Until when they were made: the same, but a bare date is the end of that day.
pub(crate) fn past_end(text: &str, now: Timestamp, tz: &TimeZone) -> Result<Timestamp> {
    match bare_date(text) {
        Some(date) => end_of_day(date?, tz).map(|end| end.timestamp()),
        None => past(text, now, tz),
    }
}

/// With its offset and in UTC, so that nobody has to guess.
pub(crate) fn told(instant: &Zoned) -> String {
    let utc = instant.timestamp().strftime("%Y-%m-%dT%H:%M:%SZ");
    format!("{} ({utc})", instant.strftime("%Y-%m-%dT%H:%M:%S%:z"))
}

/// A grant's end excludes the instant itself, so the end of a day is the start of the next.
fn end_of_day(date: Date, tz: &TimeZone) -> Result<Zoned> {
    date.tomorrow().and_then(|next| next.to_zoned(tz.clone())).map_err(|_| too_far(&date.to_string()))
}

/// `None` when it does not look like a date; jiff alone would take a date with a time for one.
fn bare_date(text: &str) -> Option<Result<Date>> {
    let looks = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(place, b)| if matches!(place, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
    looks.then(|| text.parse().map_err(|_| Failure::usage(format!("there is no day {text}"))))
}

fn span(text: &str) -> Option<Result<Span>> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(unit);
    if count.is_empty() {
        return None;
    }
    let count = count.parse::<i64>().map_err(|_| too_far(text));
    let new = Span::new();
    let span = count.and_then(|count| match unit {
        "h" => new.try_hours(count).map_err(|_| too_far(text)),
        "d" => new.try_days(count).map_err(|_| too_far(text)),
        "w" => new.try_weeks(count).map_err(|_| too_far(text)),
        "mo" => new.try_months(count).map_err(|_| too_far(text)),
        "y" => new.try_years(count).map_err(|_| too_far(text)),
        _ => Err(malformed(text)),
    });
    unit.bytes().all(|b| b.is_ascii_alphabetic()).then_some(span)
}

fn instant(text: &str) -> Result<Timestamp> {
    text.parse().map_err(|_| malformed(text))
}

fn malformed(text: &str) -> Failure {
    Failure::usage(format!("{text:?} is not a date: {FORMS}"))
}

fn too_far_back(text: &str) -> Failure {
    Failure::usage(format!("{text} ago is before all dates"))
}

fn too_far(text: &str) -> Failure {
    Failure::usage(format!("{text} is too far away: use `never`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    const NOW: &str = "2026-11-20T12:00:00Z";

    fn zurich() -> TimeZone {
        TimeZone::get("Europe/Zurich").unwrap()
    }

    fn end(text: &str) -> String {
        match until(text, NOW.parse().unwrap(), &zurich()).unwrap() {
            Until::Never => "never".into(),
            Until::At(end) => told(&end),
        }
    }

    fn kind(text: &str) -> Kind {
        until(text, NOW.parse().unwrap(), &zurich()).unwrap_err().kind
    }

    #[test]
    fn bare_date_counts_to_the_end_of_that_local_day() {
        assert_eq!(end("2027-01-31"), "2027-02-01T00:00:00+01:00 (2027-01-31T23:00:00Z)");
        assert_eq!(end("2027-06-30"), "2027-07-01T00:00:00+02:00 (2027-06-30T22:00:00Z)");
        assert_eq!(end("2026-11-20"), "2026-11-21T00:00:00+01:00 (2026-11-20T23:00:00Z)", "today is not over");
    }

    #[test]
    fn day_that_starts_late_ends_the_previous_day_correctly() {
        let santiago = TimeZone::get("America/Santiago").unwrap();
        let Until::At(end) = until("2027-09-04", NOW.parse().unwrap(), &santiago).unwrap() else { panic!() };
        assert_eq!(told(&end), "2027-09-05T01:00:00-03:00 (2027-09-05T04:00:00Z)", "midnight is skipped that night");
    }

    #[test]
    fn other_forms() {
        assert_eq!(end("never"), "never");
        assert_eq!(end("2027-01-31T12:00:00+01:00"), "2027-01-31T12:00:00+01:00 (2027-01-31T11:00:00Z)");
        assert_eq!(end("2027-01-31T12:00:00Z"), "2027-01-31T13:00:00+01:00 (2027-01-31T12:00:00Z)");
        assert_eq!(end("12h"), "2026-11-21T01:00:00+01:00 (2026-11-21T00:00:00Z)");
        assert_eq!(end("90d"), "2027-02-18T13:00:00+01:00 (2027-02-18T12:00:00Z)");
        assert_eq!(end("6w"), "2027-01-01T13:00:00+01:00 (2027-01-01T12:00:00Z)");
        assert_eq!(end("18mo"), "2028-05-20T13:00:00+02:00 (2028-05-20T11:00:00Z)", "the same hour on the wall");
        assert_eq!(end("2y"), "2028-11-20T13:00:00+01:00 (2028-11-20T12:00:00Z)");
    }

    #[test]
    fn only_spans_depend_on_the_clock() {
        for (text, relative) in [
            ("12h", true),
            ("90d", true),
            ("6w", true),
            ("18mo", true),
            ("2y", true),
            ("0d", true),
            ("never", false),
            ("2027-01-31", false),
            ("2027-01-31T12:00:00Z", false),
            ("d", false),
            ("", false),
        ] {
            assert_eq!(is_relative(text), relative, "{text}");
        }
    }

    #[test]
    fn past_and_malformed_dates_are_refused() {
        for text in [
            "2026-11-19",
            "2020-01-01T00:00:00Z",
            "0d",
            "2027-02-30",
            "2027-13-01",
            "tomorrow",
            "",
            "never ",
            "90",
            "90m",
            "90x",
            "d",
            "-5d",
            "1.5y",
            "2027-1-31",
            "31.01.2027",
            "01/31/2027",
            "2027-01-31T12:00:00",
            "99999999999999999999d",
            "9999999y",
            "9999-12-31",
            "٣d",
            "NEVER",
        ] {
            assert_eq!(kind(text), Kind::Usage, "{text}");
        }
    }

    #[test]
    fn a_moment_may_lie_in_the_past() {
        let told = |text: &str| moment(text, &zurich()).map(|at| at.to_string());
        assert_eq!(told("2020-02-29").unwrap(), "2020-02-28T23:00:00Z");
        assert_eq!(told("2020-02-29T08:00:00+01:00").unwrap(), "2020-02-29T07:00:00Z");
        assert!(told("90d").is_err());
    }

    #[test]
    fn nothing_was_made_in_the_future() {
        for (text, good) in [
            ("2020-02-29", true),
            ("2026-11-20", true),
            ("2026-11-21", true),
            ("2026-11-21T12:00:00Z", true),
            ("2026-11-21T12:00:01Z", false),
            ("2026-11-22", false),
            ("2062-11-20", false),
            ("9999-12-30", false),
        ] {
            match made(text, NOW.parse().unwrap(), &zurich()) {
                Ok(_) => assert!(good, "{text}"),
                Err(failure) => {
                    let told = failure.message.contains(text) && failure.message.contains("2026-11-20T13:00:00+01:00");
                    assert!(!good && failure.kind == Kind::Usage && told, "{failure}");
                }
            }
        }
    }
}
