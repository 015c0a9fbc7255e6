//! The time zone that dates are in.

use std::{fs, path::Path};

use jiff::tz::TimeZone;

use crate::failure::{Failure, Result};

/// Refuses a wrong name from any source: jiff alone would take it for UTC.
pub(crate) fn zone(flag: Option<String>, env: Option<String>, file: Option<String>) -> Result<TimeZone> {
    match (flag, env, file) {
        (Some(name), _, _) | (None, None, Some(name)) => named(&name),
        (None, Some(name), _) => of_environment(&name),
        (None, None, None) => Ok(TimeZone::system()),
    }
}

fn named(name: &str) -> Result<TimeZone> {
    known(name)
        .ok_or_else(|| Failure::usage(format!("{name:?} is not a time zone; one looks like Europe/Zurich or UTC")))
}

fn known(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}

/// `TZ` as POSIX has it: a name, a rule such as CET-1CEST, or the path of a file; a colon may stand before it.
fn of_environment(value: &str) -> Result<TimeZone> {
    let name = value.strip_prefix(':').unwrap_or(value);
    let file = || fs::read(Path::new(name).is_absolute().then_some(name)?).ok();
    let zone = known(name).or_else(|| TimeZone::posix(name).ok()).or_else(|| TimeZone::tzif(name, &file()?).ok());
    zone.ok_or_else(|| {
        Failure::usage(format!(
            "TZ={value:?} in the environment is not a time zone: correct or unset it, or name one with --tz"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Kind;

    #[test]
    fn a_flag_wins_over_the_zone_of_the_environment() {
        let zone = |flag: Option<&str>, env: Option<&str>, file: Option<&str>| {
            zone(flag.map(Into::into), env.map(Into::into), file.map(Into::into))
                .map(|tz| tz.iana_name().map(String::from))
        };
        assert_eq!(
            zone(Some("Asia/Tokyo"), Some("UTC"), Some("Europe/Zurich")).unwrap().as_deref(),
            Some("Asia/Tokyo")
        );
        assert_eq!(zone(None, None, Some("Europe/Zurich")).unwrap().as_deref(), Some("Europe/Zurich"));
        assert_eq!(zone(Some("Mars/Olympus"), None, None).unwrap_err().kind, Kind::Usage);
        assert_eq!(zone(None, None, Some("Mars/Olympus")).unwrap_err().kind, Kind::Usage);
        assert_eq!(zone(None, Some("Asia/Tokyo"), Some("UTC")).unwrap().as_deref(), Some("Asia/Tokyo"));
        assert_eq!(zone(None, Some(":Asia/Tokyo"), None).unwrap().as_deref(), Some("Asia/Tokyo"));
        assert!(zone(None, Some("CET-1CEST,M3.5.0,M10.5.0/3"), None).is_ok(), "a rule of POSIX");
        for wrong in ["Mars/X", "Etc/Unknown", "Europe", ":", "/nowhere", "/etc/hostname", "UTC+", "Zürich", "../x"] {
            for file in [None, Some("Europe/Zurich")] {
                let failure = zone(None, Some(wrong), file).unwrap_err();
                assert!(failure.kind == Kind::Usage && failure.message.contains("TZ="), "{wrong}: {failure}");
            }
            assert!(zone(Some("UTC"), Some(wrong), None).is_ok(), "the flag wins");
        }
    }
}
