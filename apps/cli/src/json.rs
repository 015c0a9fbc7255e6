//! The pieces that the objects of `docs/cli.md` share.

use std::time::SystemTime;

use hospital_record::{Address, Purpose as Code, RecordRef, Rights, grant::GrantScope};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use crate::words::Purpose;

/// RFC 3339 in UTC, whole seconds.
pub(crate) fn instant(time: SystemTime) -> String {
    Timestamp::try_from(time).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// Seconds since 1970 that an author wrote; nonsense is `None`.
pub(crate) fn seconds(time: i64) -> Option<String> {
    Timestamp::from_second(time).ok().map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Local time, for people.
pub(crate) fn local(time: SystemTime, tz: &TimeZone) -> String {
    Timestamp::try_from(time)
        .map(|at| at.to_zoned(tz.clone()).strftime("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// `record`, `id` and `cid`.
pub(crate) fn record(record: &RecordRef) -> Value {
    json!({"record": record.to_string(), "id": record.id.to_string(), "cid": record.id.cid().to_string()})
}

/// `scope`, `folder`, `confidentiality` and `record` of a grant.
pub(crate) fn scope(scope: &GrantScope) -> Value {
    match scope {
        GrantScope::Record(record) => {
            json!({"scope": "record", "folder": null, "confidentiality": null, "record": record.to_string()})
        }
        GrantScope::Folder { name, confidentiality, .. } => {
            let level = confidentiality.map(|level| level.to_string());
            json!({"scope": "folder", "folder": name, "confidentiality": level, "record": null})
        }
        _ => json!({"scope": "other", "folder": null, "confidentiality": null, "record": null}),
    }
}

/// Accounts, as `left_out` names them.
pub(crate) fn accounts(accounts: &[Address]) -> Vec<String> {
    accounts.iter().map(Address::to_string).collect()
}

/// `purpose` and `purpose_code`.
pub(crate) fn purpose(code: Code) -> Value {
    let purpose = Purpose::from(code);
    json!({"purpose": purpose.word(), "purpose_code": purpose.code()})
}

pub(crate) fn rights(rights: Rights) -> Vec<&'static str> {
    let named = [
        (rights.reads(), "read"),
        (rights.contributes(), "contribute"),
        (rights.delegates(), "delegate"),
        (rights.attests(), "attest"),
    ];
    named.into_iter().filter(|(held, _)| *held).map(|(_, name)| name).collect()
}

/// The fields of several objects in one.
pub(crate) fn merged(objects: impl IntoIterator<Item = Value>) -> Value {
    let fields = objects.into_iter().filter_map(|object| match object {
        Value::Object(fields) => Some(fields),
        _ => None,
    });
    Value::Object(fields.flatten().collect())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn instants_are_utc_seconds() {
        assert_eq!(instant(UNIX_EPOCH + Duration::from_millis(1_800_000_000_999)), "2027-01-15T08:00:00Z");
        assert_eq!(seconds(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(seconds(i64::MAX), None, "what an author makes up");
    }

    #[test]
    fn later_fields_win() {
        assert_eq!(merged([json!({"a": 1, "b": 1}), json!({"b": 2})]), json!({"a": 1, "b": 2}));
    }
}
