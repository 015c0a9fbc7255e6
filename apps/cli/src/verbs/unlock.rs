//! `unlock` and `lock`: no password for some minutes.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde_json::json;

use crate::{
    agent,
    app::{App, Opened, checked_identity},
    args::Unlock,
    failure::{Failure, Result},
    home, login, when,
};

/// The longest time: a working day.
const LONGEST: Duration = Duration::from_secs(12 * 3600);

pub(crate) async fn unlock(app: &App, args: &Unlock) -> Result {
    let time = parse(&args.time).ok_or_else(|| {
        Failure::usage(format!("--for {}: give a time of at most 12 hours, such as 90s, 15m or 2h", args.time))
    })?;
    let Opened { name, path, file, phrase, .. } = app.open_key_file()?;
    checked_identity(&name, &file, &phrase)?;
    login::still_stands(app, &name).await?;
    agent::start(&path, &file, phrase.trim_end(), time)?;
    let until = Timestamp::try_from(SystemTime::now() + time).map_err(|error| Failure::usage(error.to_string()))?;
    let object = json!({"type": "unlocked", "name": name, "until": until.to_string()});
    let words =
        format!("{name} needs no password on this machine until {}", when::told(&until.to_zoned(app.tz().clone())));
    app.printer.result(&object, words)
}

pub(crate) fn lock(app: &App) -> Result {
    let settings = &app.settings;
    let name = home::choose(&settings.home, settings.person.as_deref())?;
    let was_unlocked = agent::end(&home::key_path(&settings.home, &name)?)?;
    let words = if was_unlocked { "needs the password again" } else { "was not unlocked" };
    app.printer
        .result(&json!({"type": "locked", "name": name, "was_unlocked": was_unlocked}), format!("{name} {words}"))
}

fn parse(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(unit);
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return None,
    };
    let time = Duration::from_secs(count.parse::<u64>().ok()?.checked_mul(seconds)?);
    Some(time).filter(|time| !time.is_zero() && *time <= LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_a_second_to_twelve_hours() {
        for (text, seconds) in [("1s", 1), ("90s", 90), ("15m", 900), ("12h", 43_200), ("720m", 43_200)] {
            assert_eq!(parse(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "15", "0m", "-1m", "13h", "1d", "1.5h", "15 m", "15M", "99999999999999999999h", "²m"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
