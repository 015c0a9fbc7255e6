//! The entries that an act leaves in a journal: to find it again, and to notice that it has vanished.

use alloy::{
    primitives::{Address, B256, keccak256},
    sol_types::SolInterface,
};
use hospital_record_contracts::IHospitalRecord::{self as Sol, IHospitalRecordCalls as Calls};

use crate::ledger::{
    calls::Revocation,
    contract::Contract,
    entry::{Entry, key_changes},
    event::{Event, Rights, Status, folder_of, record_key},
    signed::Act,
    types::Call,
};

/// The entries that a call leaves in the journal of one patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effects {
    pub(crate) patient: Address,
    /// One event for each expected entry. Fields that the contract decides are not known yet.
    pub(crate) events: Vec<Event>,
}

impl Event {
    /// The actor of this event in the journal of `patient`.
    #[must_use]
    pub fn actor(&self, patient: Address) -> Address {
        match *self {
            Self::RecordAdded { author, .. } => author,
            Self::RecordStatusChanged { by, .. } | Self::RecordAttested { by, .. } => by,
            Self::AccessPassedOn { giver, .. } | Self::AccessWithdrawn { giver, .. } => giver,
            Self::AccessRenounced { grantee, .. } => grantee,
            Self::RecordAccessed { reader, .. } => reader,
            _ => patient,
        }
    }

    /// Scope and grantee of an event that gives or ends access.
    pub(crate) fn place(&self) -> Option<(B256, Address)> {
        match *self {
            Self::AccessGranted { scope, grantee, .. }
            | Self::AccessPassedOn { scope, grantee, .. }
            | Self::AccessRevoked { scope, grantee, .. }
            | Self::AccessWithdrawn { scope, grantee, .. }
            | Self::AccessRenounced { scope, grantee } => Some((scope, grantee)),
            _ => None,
        }
    }

    /// Whether both are the same act, whatever fields the contract decided. If the count of key changes is stale, the
    /// contract records a revocation without its keyring.
    pub(crate) fn is_same_act(&self, other: &Self) -> bool {
        match (*self, *other) {
            (Self::AccessRevoked { .. }, Self::AccessRevoked { .. })
            | (Self::AccessPassedOn { .. }, Self::AccessPassedOn { .. }) => {
                self.place() == other.place() && self.envelope() == other.envelope()
            }
            (a, b) => a == b,
        }
    }

    /// A hash of the act. Events are of the [same act](Self::is_same_act) if their hashes are equal.
    pub(crate) fn act(&self) -> B256 {
        let words = match self.place().zip(self.envelope().or(Some(B256::ZERO))) {
            Some(((scope, grantee), envelope))
                if matches!(self, Self::AccessRevoked { .. } | Self::AccessPassedOn { .. }) =>
            {
                vec![scope, grantee.into_word(), envelope]
            }
            _ => self.words(),
        };
        keccak256([self.topic()].iter().chain(&words).flatten().copied().collect::<Vec<u8>>())
    }

    /// Whether the order of the two events decides the final state.
    pub(crate) fn is_about_the_same(&self, other: &Self) -> bool {
        let both = |a: Option<u64>, b: Option<u64>| a.is_some() && a == b;
        match (*self, *other) {
            (Self::ProfileSet { .. }, Self::ProfileSet { .. })
            | (Self::CheckpointMade { .. }, Self::CheckpointMade { .. }) => true,
            (Self::RecordStatusChanged { key: a, .. }, Self::RecordStatusChanged { key: b, .. }) => a == b,
            _ => {
                (self.place().is_some() && self.place() == other.place())
                    || both(self.moved_folder(), other.moved_folder())
                    || self.is_same_act(other)
            }
        }
    }

    /// The folder whose keys this event rotates, or that needs a rotation after it.
    fn moved_folder(&self) -> Option<u64> {
        match *self {
            Self::KeysRotated { folder, .. } => Some(folder),
            Self::AccessRevoked { scope, .. }
            | Self::AccessWithdrawn { scope, .. }
            | Self::AccessRenounced { scope, .. } => folder_of(scope),
            _ => None,
        }
    }

    fn envelope(&self) -> Option<B256> {
        match *self {
            Self::AccessGranted { envelope, .. } | Self::AccessPassedOn { envelope, .. } => Some(envelope),
            _ => None,
        }
    }
}

impl Event {
    /// Whether an account has less access after this event, whatever was before. A grant that replaces a wider one
    /// reduces access too, but the event alone does not show that.
    pub(crate) fn ends_access(&self) -> bool {
        use Event::{AccessRenounced, AccessRevoked, AccessWithdrawn, KeysRotated};
        matches!(self, AccessRevoked { .. } | AccessWithdrawn { .. } | AccessRenounced { .. } | KeysRotated { .. })
    }
}

impl Entry {
    /// Whether an account had less access after this entry. While such an entry is missing, an account that may not
    /// read new records may hold the current keys.
    pub(crate) fn ends_access(&self) -> bool {
        // A grant that reduces access is also a key change.
        self.event.ends_access() || key_changes(self.head) != key_changes(self.previous)
    }
}

impl Contract {
    /// The entries that the call leaves in a journal if `by` makes it; `None` for another contract.
    pub(crate) fn effects(&self, call: &Call, by: Address) -> Option<Effects> {
        if call.to != self.address() {
            return None;
        }
        match Self::act_of(call.to, &call.data, self.address()) {
            Some(Act::Once { signer, verb, .. }) => effects_of(&verb, signer),
            Some(Act::Revocation { patient, revocation, .. }) => Some(ended(patient, &[revocation])),
            Some(_) => None,
            None => effects_of(&call.data, by),
        }
    }
}

fn effects_of(data: &[u8], by: Address) -> Option<Effects> {
    let of = |patient, events| Some(Effects { patient, events });
    match Calls::abi_decode_validate(data).ok()? {
        Calls::setProfile(call) => of(by, vec![Event::ProfileSet { profile: call.profile }]),
        Calls::addRecord(call) => of(call.patient, vec![added(call.folder.to(), by, call.id)]),
        Calls::addRecords(call) => {
            of(call.patient, call.ids.iter().map(|id| added(call.folder.to(), by, *id)).collect())
        }
        Calls::replace(call) => {
            let (status, replacement) = (Status::Superseded, record_key(by, call.id));
            of(call.patient, vec![Event::RecordStatusChanged { key: call.key, by, status, replacement }])
        }
        Calls::setStatus(call) => {
            let (status, replacement) = (call.status, B256::ZERO);
            of(call.patient, vec![Event::RecordStatusChanged { key: call.key, by, status, replacement }])
        }
        Calls::attest(call) => of(call.patient, vec![Event::RecordAttested { key: call.key, by }]),
        Calls::grant(call) => of(by, vec![granted(&call.permission)?]),
        Calls::grantMany(call) => of(by, call.permissions.iter().map(granted).collect::<Option<_>>()?),
        Calls::passOn(call) => of(call.patient, vec![passed_on(&call.permission, by)?]),
        Calls::revoke(call) => Some(ended(by, &[Revocation::decode(&call.revocation)])),
        Calls::revokeMany(call) => {
            Some(ended(by, &call.revocations.iter().map(Revocation::decode).collect::<Vec<_>>()))
        }
        Calls::withdraw(call) => {
            let (scope, grantee) = (call.scope, call.grantee);
            of(call.patient, vec![Event::AccessWithdrawn { scope, grantee, giver: by }])
        }
        Calls::renounce(call) => of(call.patient, vec![Event::AccessRenounced { scope: call.scope, grantee: by }]),
        Calls::rotate(call) => {
            let (folder, epoch, keyring) = (call.folder.to(), call.epoch, call.keyring);
            of(by, vec![Event::KeysRotated { folder, epoch, keyring }])
        }
        Calls::logAccess(call) => of(call.patient, vec![read(call.key, by, call.purpose, call.note)]),
        Calls::logAccesses(call) => {
            of(call.patient, call.keys.iter().map(|key| read(*key, by, call.purpose, call.note)).collect())
        }
        Calls::checkpoint(call) => of(by, vec![Event::CheckpointMade { digest: call.digest }]),
        _ => None,
    }
}

fn added(folder: u64, author: Address, id: B256) -> Event {
    Event::RecordAdded { folder, author, id }
}

fn read(key: B256, reader: Address, purpose: Sol::Purpose, note: B256) -> Event {
    Event::RecordAccessed { key, reader, purpose, note }
}

fn granted(permission: &Sol::Permission) -> Option<Event> {
    let Sol::Permission { scope, grantee, purpose, envelope, epoch, .. } = *permission;
    let (rights, expires_at) = (Rights::from_bits(permission.rights)?, permission.expiresAt.to());
    Some(Event::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope })
}

fn passed_on(permission: &Sol::Permission, giver: Address) -> Option<Event> {
    let Sol::Permission { scope, grantee, purpose, envelope, epoch, .. } = *permission;
    let (rights, expires_at, via) = (Rights::from_bits(permission.rights)?, permission.expiresAt.to(), Sol::Via::Scope);
    Some(Event::AccessPassedOn { scope, grantee, giver, via, rights, purpose, expires_at, epoch, envelope })
}

fn ended(patient: Address, revocations: &[Revocation]) -> Effects {
    let event = |revocation: &Revocation| {
        let Revocation { scope, grantee, keyring, barred } = *revocation;
        let (epoch, keyring) = keyring.unwrap_or_default();
        Event::AccessRevoked { scope, grantee, epoch, keyring, barred }
    };
    Effects { patient, events: revocations.iter().map(event).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        base::time::NO_END,
        ledger::{
            entry::head_of,
            event::{Purpose, Via, folder_scope},
            state::PatientState,
        },
    };

    const SOME: B256 = B256::repeat_byte(1);
    const LEE: Address = Address::repeat_byte(2);

    /// Every kind of event, and whether an account had less access after it: by its kind, and by the contract's count.
    fn story() -> Vec<(Event, bool, bool)> {
        let (grantee, giver, by, author, reader) = (LEE, LEE, LEE, LEE, LEE);
        let (purpose, via, epoch, envelope, keyring) = (Purpose::TREAT, Via::Scope, 1, SOME, SOME);
        let (scope, expires_at) = (folder_scope(7), NO_END);
        let granted = |rights| Event::AccessGranted { scope, grantee, rights, purpose, expires_at, epoch, envelope };
        let rights = Rights::READ;
        let (status, replacement) = (Status::EnteredInError, B256::ZERO);
        vec![
            (Event::ProfileSet { profile: SOME }, false, false),
            (Event::CheckpointMade { digest: SOME }, false, false),
            (Event::RecordAdded { folder: 7, author, id: SOME }, false, false),
            (Event::RecordStatusChanged { key: record_key(LEE, SOME), by, status, replacement }, false, false),
            (Event::RecordAttested { key: record_key(LEE, SOME), by }, false, false),
            (Event::RecordAccessed { key: SOME, reader, purpose, note: SOME }, false, false),
            (granted(Rights::READ_AND_CONTRIBUTE), false, false),
            (granted(Rights::CONTRIBUTE), false, true),
            (granted(Rights::READ_AND_CONTRIBUTE), false, false),
            (
                Event::AccessPassedOn { scope, grantee, giver, via, rights, purpose, expires_at, epoch, envelope },
                false,
                false,
            ),
            (Event::AccessWithdrawn { scope, grantee, giver }, true, false),
            (Event::AccessRenounced { scope, grantee }, true, false),
            (Event::AccessRevoked { scope, grantee, epoch, keyring: B256::ZERO, barred: true }, true, true),
            (Event::KeysRotated { folder: 7, epoch, keyring }, true, true),
        ]
    }

    #[test]
    fn entry_ends_access_by_its_kind_or_by_the_count_of_key_changes() {
        let (mut state, mut previous) = (PatientState::default(), B256::ZERO);
        for (place, (event, by_kind, by_count)) in story().into_iter().enumerate() {
            let mut entry = Entry { block: 1, time: 1, log_index: 0, transaction: SOME, previous, head: SOME, event };
            let before = state.key_changes;
            state.apply(&entry);
            entry.head = head_of([place as u8; 24], 1, state.key_changes);
            assert_eq!(state.key_changes != before, by_count, "{event}");
            assert_eq!(event.ends_access(), by_kind, "{event}");
            assert_eq!(entry.ends_access(), by_kind || by_count, "{event}");
            previous = entry.head;
        }
    }
}
