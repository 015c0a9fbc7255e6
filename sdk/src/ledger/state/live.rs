//! Which grants count at a time, and who may read.

use alloy::primitives::{Address, B256};

use crate::ledger::{
    event::{Rights, Via, folder_scope},
    state::{Grant, GrantState, PatientState},
};

/// Passings-on that may lie between a grant of the patient and one that lives by it.
const MOST_PASSINGS: usize = 3;

impl PatientState {
    /// The grant on this scope, when it is live at `time` (seconds since 1970): not expired, and every grant that it was
    /// passed on from is live, covers it, and was not given anew since.
    #[must_use]
    pub fn live(&self, scope: B256, grantee: Address, time: u64) -> Option<&Grant> {
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

    /// Who may read everything in the folder at `time`, in order of their addresses.
    ///
    /// For a keyring, pass the latest time at which it may land: who has expired by then must not be in it.
    #[must_use]
    pub fn folder_readers(&self, folder: u64, time: u64) -> Vec<Address> {
        self.readers_of(folder_scope(folder), time).collect()
    }

    /// Who may read the record at `time`, by its folder or by itself, without the patient.
    #[must_use]
    pub fn record_readers(&self, key: B256, time: u64) -> Vec<Address> {
        let Some(record) = self.records.get(&key) else { return Vec::new() };
        let by_folder = self.readers_of(folder_scope(record.state.folder), time);
        let mut readers: Vec<_> = by_folder.chain(self.readers_of(key, time)).collect();
        readers.sort_unstable();
        readers.dedup();
        readers
    }

    /// Whether anybody but `besides` may pass on this scope at `time`: so may give again what is taken from `besides`.
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

    /// Who holds the folder's current keys but may not read at `time` any more: a grant ended since the last keyring
    /// (revoked without one, renounced, lowered, expired). While there is anybody, new records must not be locked to
    /// the folder; the patient rotates before the next write.
    #[must_use]
    pub fn former_readers(&self, folder: u64, time: u64) -> Vec<Address> {
        let reads = |account| self.reads(folder_scope(folder), account, time);
        let Some(keys) = self.folders.get(&folder) else { return Vec::new() };
        keys.holders.iter().copied().filter(|account| !reads(*account)).collect()
    }

    /// Whether the folder's keys must move on before they lock anything new at `time`.
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
    /// Whether it gives enough to pass the other on. It is then at least as long live.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.rights.contains(other.rights.and(Rights::DELEGATE))
            && self.purpose == other.purpose
            && self.expires_at >= other.expires_at
    }
}
