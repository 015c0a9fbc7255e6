//! The live grants and the readers at a time.

use alloy::primitives::{Address, B256};

use crate::ledger::{
    event::{Rights, Via, folder_scope},
    state::{GrantEntry, GrantState, PatientState},
};

/// The maximum number of delegations between a grant of the patient and one that relies on it.
const MOST_PASSINGS: usize = 3;

impl PatientState {
    /// The grant on this scope, if it is live at `time` (seconds since 1970). A grant is live if it is not expired, and
    /// every grant that it was delegated from is live, covers it, and was not replaced since.
    #[must_use]
    pub fn live(&self, scope: B256, grantee: Address, time: u64) -> Option<&GrantEntry> {
        self.grants.get(&(scope, grantee)).filter(|grant| self.lives(scope, &grant.state, time))
    }

    /// Whether the account has a live grant on this scope that lets it read.
    #[must_use]
    pub fn reads(&self, scope: B256, account: Address, time: u64) -> bool {
        self.live(scope, account, time).is_some_and(|grant| grant.state.rights.reads())
    }

    fn lives(&self, mut scope: B256, grant: &GrantState, time: u64) -> bool {
        if grant.is_expired(time) {
            return false;
        }
        let mut held = grant;
        for _ in 0..=MOST_PASSINGS {
            match held.via {
                Via::Patient => return true,
                Via::Scope => {}
                Via::Folder => match self.records.get(&scope) {
                    Some(record) => scope = folder_scope(record.state.folder),
                    None => return false,
                },
                _ => return false,
            }
            let above = held.giver.and_then(|giver| self.grants.get(&(scope, giver))).map(|grant| &grant.state);
            match above.filter(|above| above.covers(held) && above.granted_at <= held.granted_at) {
                Some(above) => held = above,
                None => return false,
            }
        }
        false
    }

    /// The accounts that may read everything in the folder at `time`, in order of their addresses.
    ///
    /// For a keyring, pass the latest time at which it may be mined: it must not contain accounts that have expired by
    /// then.
    #[must_use]
    pub fn folder_readers(&self, folder: u64, time: u64) -> Vec<Address> {
        self.readers_of(folder_scope(folder), time).collect()
    }

    /// The accounts that may read the record at `time`, by a grant on its folder or on itself, without the patient.
    #[must_use]
    pub fn record_readers(&self, key: B256, time: u64) -> Vec<Address> {
        let Some(record) = self.records.get(&key) else { return Vec::new() };
        let by_folder = self.readers_of(folder_scope(record.state.folder), time);
        let mut readers: Vec<_> = by_folder.chain(self.readers_of(key, time)).collect();
        readers.sort_unstable();
        readers.dedup();
        readers
    }

    /// Whether another account than `besides` may delegate this scope at `time`, and so grant it to `besides` again.
    #[must_use]
    pub fn has_delegates(&self, scope: B256, besides: Address, time: u64) -> bool {
        let folder = self.records.get(&scope).map(|record| folder_scope(record.state.folder));
        [Some(scope), folder].into_iter().flatten().any(|scope| {
            let on = self.grants.range((scope, Address::ZERO)..=(scope, Address::repeat_byte(0xff)));
            on.map(|((_, account), _)| *account)
                .filter(|account| *account != besides)
                .any(|account| self.live(scope, account, time).is_some_and(|grant| grant.state.rights.delegates()))
        })
    }

    /// The accounts that hold the folder's current keys but may no longer read at `time`. Their grants ended since the
    /// last keyring (revoked without one, renounced, reduced, expired). While there are any, new records must not be
    /// locked to the folder; the patient rotates before the next write.
    #[must_use]
    pub fn former_readers(&self, folder: u64, time: u64) -> Vec<Address> {
        let reads = |account| self.reads(folder_scope(folder), account, time);
        let Some(keys) = self.folders.get(&folder) else { return Vec::new() };
        keys.holders.iter().copied().filter(|account| !reads(*account)).collect()
    }

    /// Whether the folder's keys must be rotated before they lock anything new at `time`.
    #[must_use]
    pub fn is_dirty(&self, folder: u64, time: u64) -> bool {
        !self.former_readers(folder, time).is_empty()
    }

    fn readers_of(&self, scope: B256, time: u64) -> impl Iterator<Item = Address> {
        self.grants
            .range((scope, Address::ZERO)..=(scope, Address::repeat_byte(0xff)))
            .map(|((_, grantee), _)| *grantee)
            .filter(move |grantee| self.reads(scope, *grantee, time))
    }
}

impl GrantState {
    /// Whether it gives enough access to delegate the other. It then also expires no earlier.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.rights.contains(other.rights.and(Rights::DELEGATE))
            && self.purpose == other.purpose
            && self.expires_at >= other.expires_at
    }
}
