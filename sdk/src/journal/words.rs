//! The meaning of an event, for programs and for people: no other place defines it.

use std::{fmt, time::SystemTime};

use alloy::primitives::{Address, B256};

use crate::{
    base::time::{expiry, rfc3339},
    ledger::{Event, Purpose, Rights, Status, folder_of, record_key},
};

/// The meaning of an event: its parts for a program, and a sentence for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deed {
    /// The kind of the event, such as `record-added`.
    pub action: &'static str,
    /// The sentence, without account and time: "added report.pdf to cardiology".
    pub words: String,
    /// The number of the folder concerned.
    pub folder: Option<u64>,
    /// The key of the record concerned.
    pub record: Option<B256>,
    /// The account whose access to the folder or record begins or ends.
    pub grantee: Option<Address>,
    /// The rights of that access.
    pub rights: Option<Rights>,
    /// The purpose of that access, or of a reading.
    pub purpose: Option<Purpose>,
    /// When the access ends by itself.
    pub expires: Option<SystemTime>,
}

/// The names that a reader has for accounts, folders and records of a history. By default these are addresses, numbers
/// and hashes, and a time is written as in RFC 3339.
pub trait Names {
    /// An account.
    fn account(&self, account: Address) -> String {
        account.to_string()
    }

    /// A folder, by its number.
    fn folder(&self, number: u64) -> String {
        format!("folder {number}")
    }

    /// A record by its key, and by its id where the event has it.
    fn record(&self, key: B256, id: Option<B256>) -> String {
        id.map_or_else(|| format!("record with key {key}"), |id| format!("record {id}"))
    }

    /// A time.
    fn time(&self, at: SystemTime) -> String {
        rfc3339(at)
    }

    /// A purpose.
    fn purpose(&self, purpose: Purpose) -> String {
        format!("{purpose:?}")
    }
}

/// A reader without names.
pub(super) struct Unnamed;

impl Names for Unnamed {}

/// The event as text for people, without account and time.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.deed(&Unnamed).words)
    }
}

impl Event {
    /// The meaning of this event, with the names of a reader.
    pub fn deed(&self, names: &dyn Names) -> Deed {
        let (who, what) = (|account| names.account(account), |scope| called(names, scope));
        match *self {
            Self::ProfileSet { .. } => Deed::new("profile-set", "published keys"),
            Self::CheckpointMade { .. } => Deed::new("checkpoint-made", "summed the history up"),
            Self::RecordAdded { folder, author, id } => {
                let key = record_key(author, id);
                let words = format!("added {} to {}", names.record(key, Some(id)), names.folder(folder));
                Deed { folder: Some(folder), ..Deed::new("record-added", words).on(key) }
            }
            Self::RecordStatusChanged { key, status, replacement: B256::ZERO, .. } => {
                Deed::new("status-set", format!("marked {} as {}", what(key), status_code(status))).on(key)
            }
            Self::RecordStatusChanged { key, replacement, .. } => {
                Deed::new("record-replaced", format!("replaced {} by {}", what(key), what(replacement))).on(key)
            }
            Self::RecordAttested { key, .. } => Deed::new("record-attested", format!("attested {}", what(key))).on(key),
            Self::RecordAccessed { key, purpose, .. } => {
                let words = format!("read {} for {}", what(key), names.purpose(purpose));
                Deed { purpose: Some(purpose), ..Deed::new("record-read", words).on(key) }
            }
            Self::AccessGranted { scope, grantee, rights, purpose, expires_at, .. } => {
                let deed = Deed::permission("access-granted", names, (scope, rights, purpose, expires_at));
                Deed { words: format!("allowed {} to {}", who(grantee), deed.words), ..deed }.of(scope, grantee)
            }
            Self::AccessPassedOn { scope, grantee, rights, purpose, expires_at, .. } => {
                let deed = Deed::permission("access-delegated", names, (scope, rights, purpose, expires_at));
                Deed { words: format!("delegated to {}: to {}", who(grantee), deed.words), ..deed }.of(scope, grantee)
            }
            Self::AccessRevoked { scope, grantee, barred, .. } => {
                let barred = if barred { ", for good unless the patient grants again" } else { "" };
                let words = format!("ended the access of {} to {}{barred}", who(grantee), what(scope));
                Deed::new("access-revoked", words).of(scope, grantee)
            }
            Self::AccessWithdrawn { scope, grantee, .. } => {
                let words = format!("withdrew delegated access of {} to {}", who(grantee), what(scope));
                Deed::new("access-withdrawn", words).of(scope, grantee)
            }
            Self::AccessRenounced { scope, grantee } => {
                Deed::new("access-renounced", format!("gave up access to {}", what(scope))).of(scope, grantee)
            }
            Self::KeysRotated { folder, .. } => {
                let words = format!("gave {} new keys", names.folder(folder));
                Deed { folder: Some(folder), ..Deed::new("keys-rotated", words) }
            }
        }
    }
}

fn called(names: &dyn Names, scope: B256) -> String {
    folder_of(scope).map_or_else(|| names.record(scope, None), |number| names.folder(number))
}

impl Deed {
    fn new(action: &'static str, words: impl Into<String>) -> Self {
        let words = words.into();
        Self { action, words, folder: None, record: None, grantee: None, rights: None, purpose: None, expires: None }
    }

    /// A deed that gives access: its words begin with the rights.
    fn permission(
        action: &'static str,
        names: &dyn Names,
        (scope, rights, purpose, expires_at): (B256, Rights, Purpose, u64),
    ) -> Self {
        let expires = expiry(expires_at);
        let until = expires.map_or_else(String::new, |end| format!(" until {}", names.time(end)));
        let words = format!("{rights} {} for {}{until}", called(names, scope), names.purpose(purpose));
        Self { rights: Some(rights), purpose: Some(purpose), expires, ..Self::new(action, words) }
    }

    fn on(self, key: B256) -> Self {
        Self { record: Some(key), ..self }
    }

    fn of(self, scope: B256, grantee: Address) -> Self {
        let folder = folder_of(scope);
        let record = folder.is_none().then_some(scope);
        Self { folder, record, grantee: Some(grantee), ..self }
    }
}

/// The rights as verbs, to be followed by a folder or record.
impl fmt::Display for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let add = if self.reads() { "add to" } else { "add to (but not read)" };
        let verbs = [
            (self.reads(), "read"),
            (self.contributes(), add),
            (self.attests(), "attest"),
            (self.delegates(), "delegate"),
        ];
        let verbs: Vec<&str> = verbs.into_iter().filter(|(held, _)| *held).map(|(_, verb)| verb).collect();
        match verbs.split_last() {
            None => f.write_str("do nothing with"),
            Some((last, [])) => f.write_str(last),
            Some((last, before)) => write!(f, "{} and {last}", before.join(", ")),
        }
    }
}

/// The status as a code of FHIR DocumentReference.status.
pub fn status_code(status: Status) -> &'static str {
    match status {
        Status::Current => "current",
        Status::Superseded => "superseded",
        Status::EnteredInError => "entered-in-error",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{base::time::NO_END, ledger::Via};

    const KEY: B256 = B256::repeat_byte(1);
    const LEE: Address = Address::repeat_byte(2);
    const FOLDER: B256 = alloy::primitives::b256!("0000000000000000000000000000000000000000000000000000000000000007");

    /// A reader with a name for everything.
    struct Named;

    impl Names for Named {
        fn account(&self, _: Address) -> String {
            "Dr Lee".into()
        }

        fn folder(&self, _: u64) -> String {
            "cardiology".into()
        }

        fn record(&self, key: B256, _: Option<B256>) -> String {
            if key == KEY { "report.pdf".into() } else { "new.pdf".into() }
        }

        fn time(&self, _: SystemTime) -> String {
            "Monday".into()
        }

        fn purpose(&self, _: Purpose) -> String {
            "treatment".into()
        }
    }

    fn events() -> [(Event, &'static str, &'static str); 15] {
        let (grantee, giver, by, reader, author) = (LEE, LEE, LEE, LEE, LEE);
        let (rights, purpose, via, epoch, envelope, keyring) = (Rights::READ, Purpose::TREAT, Via::Scope, 1, KEY, KEY);
        let (key, digest, profile, note) = (KEY, KEY, KEY, KEY);
        let granted =
            |scope, expires_at| Event::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope };
        let delegated = Event::AccessPassedOn {
            scope: KEY,
            grantee,
            giver,
            via,
            rights: rights.and(Rights::DELEGATE),
            purpose,
            expires_at: NO_END,
            epoch,
            envelope,
        };
        let revoked = |barred| Event::AccessRevoked { scope: FOLDER, grantee, epoch, keyring, barred };
        let changed = |status, replacement| Event::RecordStatusChanged { key, by, status, replacement };
        [
            (Event::ProfileSet { profile }, "profile-set", "published keys"),
            (Event::CheckpointMade { digest }, "checkpoint-made", "summed the history up"),
            (Event::RecordAdded { folder: 7, author, id: KEY }, "record-added", "added new.pdf to cardiology"),
            (changed(Status::EnteredInError, B256::ZERO), "status-set", "marked report.pdf as entered-in-error"),
            (changed(Status::Superseded, FOLDER), "record-replaced", "replaced report.pdf by cardiology"),
            (Event::RecordAttested { key, by }, "record-attested", "attested report.pdf"),
            (Event::RecordAccessed { key, reader, purpose, note }, "record-read", "read report.pdf for treatment"),
            (granted(KEY, NO_END), "access-granted", "allowed Dr Lee to read report.pdf for treatment"),
            (granted(FOLDER, 9), "access-granted", "allowed Dr Lee to read cardiology for treatment until Monday"),
            (delegated, "access-delegated", "delegated to Dr Lee: to read and delegate report.pdf for treatment"),
            (revoked(false), "access-revoked", "ended the access of Dr Lee to cardiology"),
            (
                revoked(true),
                "access-revoked",
                "ended the access of Dr Lee to cardiology, for good unless the patient grants again",
            ),
            (
                Event::AccessWithdrawn { scope: KEY, grantee, giver },
                "access-withdrawn",
                "withdrew delegated access of Dr Lee to report.pdf",
            ),
            (Event::AccessRenounced { scope: FOLDER, grantee }, "access-renounced", "gave up access to cardiology"),
            (Event::KeysRotated { folder: 7, epoch, keyring }, "keys-rotated", "gave cardiology new keys"),
        ]
    }

    #[test]
    fn every_event_has_its_action_and_its_sentence() {
        let manual = include_str!("../../../docs/cli.md");
        for (event, action, words) in events() {
            let deed = event.deed(&Named);
            assert_eq!((deed.action, deed.words.as_str()), (action, words));
            assert!(manual.contains(&format!("`{action}`")), "{action} is not in docs/cli.md");
        }
    }

    #[test]
    fn a_program_takes_the_same_parts_that_the_sentence_names() {
        for (event, ..) in events() {
            let deed = event.deed(&Named);
            let place = event.place();
            assert_eq!(deed.grantee, place.map(|(_, grantee)| grantee), "{event}");
            if let Some((scope, _)) = place {
                assert_eq!((deed.folder, deed.record), (folder_of(scope), folder_of(scope).is_none().then_some(scope)));
            }
            assert_eq!(deed.words.contains("cardiology"), deed.folder.is_some() || deed.action == "record-replaced");
            assert_eq!(deed.words.contains("treatment"), deed.purpose.is_some(), "{event}");
            assert_eq!(deed.words.contains("Monday"), deed.expires.is_some(), "{event}");
        }
    }

    #[test]
    fn without_names_a_sentence_shows_addresses_ids_and_rfc_3339() {
        let purpose = Purpose::TREAT;
        let (rights, scope) = (Rights::CONTRIBUTE, FOLDER);
        let (expires_at, epoch, envelope) = (1_800_000_000, 1, KEY);
        let granted = Event::AccessGranted { scope, grantee: LEE, rights, purpose, expires_at, epoch, envelope };
        let words = format!("allowed {LEE} to add to (but not read) folder 7 for TREAT until 2027-01-15T08:00:00Z");
        assert_eq!(granted.to_string(), words);
        let added = Event::RecordAdded { folder: 7, author: LEE, id: KEY };
        assert_eq!(added.to_string(), format!("added record {KEY} to folder 7"));
        assert_eq!(Event::RecordAttested { key: KEY, by: LEE }.to_string(), format!("attested record with key {KEY}"));
    }

    #[test]
    fn rights_are_verbs() {
        let all = Rights::READ_AND_CONTRIBUTE.and(Rights::ATTEST).and(Rights::DELEGATE);
        assert_eq!(all.to_string(), "read, add to, attest and delegate");
        assert_eq!(Rights::READ_AND_CONTRIBUTE.to_string(), "read and add to");
        assert_eq!(Rights::CONTRIBUTE.to_string(), "add to (but not read)");
        assert_eq!(Rights::READ.to_string(), "read");
        assert_eq!(Rights::default().to_string(), "do nothing with");
    }
}
