//! The filters of a list.

use std::time::SystemTime;

use hospital_record::{ErrorKind, Listed, Metadata, names::spelled, record::Content};
use jiff::{Timestamp, tz::TimeZone};

use crate::{args::Filter, failure::Result, when, words::Kind};

/// The filters that the flags of a list give.
pub(super) struct Wanted {
    name: Option<String>,
    keywords: Vec<String>,
    kind: Option<Kind>,
    since: Option<SystemTime>,
    until: Option<SystemTime>,
}

impl Wanted {
    pub(super) fn of(filter: &Filter, tz: &TimeZone) -> Result<Self> {
        let now = Timestamp::now();
        let since = filter.since.as_deref().map(|text| when::past(text, now, tz)).transpose()?;
        let until = filter.until.as_deref().map(|text| when::past_end(text, now, tz)).transpose()?;
        Ok(Self {
            name: filter.name.as_deref().map(small),
            keywords: filter.keywords.iter().map(|word| small(word)).collect(),
            kind: filter.kind.clone(),
            since: since.map(Into::into),
            until: until.map(Into::into),
        })
    }

    /// A record whose metadata is not available may match, and is listed as unreadable.
    pub(super) fn takes(&self, listed: &Listed) -> bool {
        match &listed.content {
            Content::Readable { metadata, .. } => self.describes(metadata, listed.added),
            Content::Unreadable { kind: ErrorKind::Unreachable | ErrorKind::TimedOut, .. } => true,
            _ => self.is_all(),
        }
    }

    fn is_all(&self) -> bool {
        let Self { name, keywords, kind, since, until } = self;
        name.is_none() && keywords.is_empty() && kind.is_none() && since.is_none() && until.is_none()
    }

    fn describes(&self, metadata: &Metadata, added: SystemTime) -> bool {
        let texts = [Some(&metadata.name), metadata.title.as_ref(), metadata.description.as_ref()];
        let holds = |wanted: &String| texts.into_iter().flatten().any(|text| small(text).contains(wanted));
        let has = |wanted: &String| metadata.keywords.iter().any(|word| small(word) == *wanted);
        let made = metadata.created.and_then(|at| Timestamp::from_second(at).ok()).map_or(added, SystemTime::from);
        self.name.as_ref().is_none_or(holds)
            && self.keywords.iter().all(has)
            && self.kind.as_ref().is_none_or(|kind| kind.is(metadata.document_type.as_deref(), &metadata.media_type))
            && self.since.is_none_or(|since| made >= since)
            && self.until.is_none_or(|until| made < until)
    }
}

/// The form for comparison: one spelling, lower case.
fn small(text: &str) -> String {
    spelled(text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::kind;

    #[test]
    fn list_is_filtered_by_metadata() {
        let metadata = Metadata {
            name: "Rontgen Knie.pdf".replace("on", "o\u{308}n"),
            media_type: "application/pdf".into(),
            added: 1_800_000_000,
            created: Some(1_700_000_000), // 2023-11-14T22:13:20Z
            document_type: Some("11502-2".into()),
            folder_name: "orthopaedics".into(),
            confidentiality: "N".parse().unwrap(),
            keywords: vec!["Knie".into(), "links".into()],
            title: Some("Left knee".into()),
            description: None,
        };
        let takes =
            |filter: Filter| Wanted::of(&filter, &TimeZone::UTC).unwrap().describes(&metadata, SystemTime::UNIX_EPOCH);
        let text = |text: &str| Some(text.to_owned());
        for (name, taken) in [("RÖNTGEN", true), ("left", true), ("röntgen k", true), ("right", false)] {
            assert_eq!(takes(Filter { name: text(name), ..Filter::default() }), taken, "{name}");
        }
        for (words, taken) in
            [(&["knie"][..], true), (&["knie", "LINKS"], true), (&["kni"], false), (&["knie", "x"], false)]
        {
            let keywords = words.iter().map(ToString::to_string).collect();
            assert_eq!(takes(Filter { keywords, ..Filter::default() }), taken, "{words:?}");
        }
        for (code, taken) in [("11502-2", true), ("8867-4", false), ("application/pdf", true), ("image/*", false)] {
            assert_eq!(takes(Filter { kind: kind(code).ok(), ..Filter::default() }), taken, "{code}");
        }
        for (since, until, taken) in [
            (Some("2023-11-14"), None, true),
            (Some("2023-11-15"), None, false),
            (None, Some("2023-11-14"), true),
            (None, Some("2023-11-13"), false),
            (Some("2023-11-14T22:13:20Z"), Some("2023-11-14T22:13:21Z"), true),
            (None, Some("2023-11-14T22:13:20Z"), false),
            (Some("100y"), Some("12h"), true),
            (Some("1d"), None, false),
        ] {
            let filter = Filter { since: since.map(Into::into), until: until.map(Into::into), ..Filter::default() };
            assert_eq!(takes(filter), taken, "{since:?} {until:?}");
        }
        assert!(takes(Filter::default()));
        let undated = Metadata { created: None, ..metadata.clone() };
        let since = Filter { since: text("2020-01-01"), ..Filter::default() };
        let since = Wanted::of(&since, &TimeZone::UTC).unwrap();
        assert!(since.describes(&undated, SystemTime::now()) && !since.describes(&undated, SystemTime::UNIX_EPOCH));
        assert!(Wanted::of(&Filter { since: text("long ago"), ..Filter::default() }, &TimeZone::UTC).is_err());
    }
}
