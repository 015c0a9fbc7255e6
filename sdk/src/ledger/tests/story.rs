//! Random stories: what the entries add up to is what the contract stores.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Act {
    Profile(u64),
    Add { by: usize, folder: u64, ids: Vec<u64>, fresh: bool },
    Replace { by: usize, author: usize, old: u64, new: u64 },
    Status { by: usize, author: usize, id: u64, status: u8 },
    Grant(Vec<(usize, Scope, u8, u64)>),
    Revoke { whom: Vec<(usize, Scope)>, epoch: u16, fresh: bool },
    Rotate { folder: u64, epoch: u16 },
    Renounce { by: usize, scope: Scope },
    Read { by: usize, author: usize, id: u64 },
    Wait(u64),
}

#[derive(Debug, Clone, Copy)]
enum Scope {
    Folder(u64),
    Record(usize, u64),
}

const PEOPLE: [Address; 4] = [PATIENT, DOCTOR, LAB, Address::repeat_byte(0xee)];

fn scope(scope: Scope) -> B256 {
    match scope {
        Scope::Folder(folder) => folder_scope(folder),
        Scope::Record(author, n) => record_key(PEOPLE[author], id(n)),
    }
}

fn person() -> impl Strategy<Value = usize> {
    prop_oneof![3 => Just(0), 1 => 1..PEOPLE.len()]
}

fn scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![3 => (1..3_u64).prop_map(Scope::Folder), 1 => (person(), 0..6_u64).prop_map(|(a, n)| Scope::Record(a, n))]
}

fn act() -> impl Strategy<Value = Act> {
    let (folder, n, epoch) = (1..3_u64, 0..6_u64, 0..4_u16);
    let many = |strategy| prop::collection::vec(strategy, 1..3);
    prop_oneof![
        1 => n.clone().prop_map(Act::Profile),
        4 => (person(), folder.clone(), many(0..6_u64), prop::bool::weighted(0.9))
            .prop_map(|(by, folder, ids, fresh)| Act::Add { by, folder, ids, fresh }),
        1 => (person(), person(), n.clone(), n.clone())
            .prop_map(|(by, author, old, new)| Act::Replace { by, author, old, new }),
        1 => (person(), person(), n.clone(), 1..4_u8).prop_map(|(by, author, id, status)| Act::Status { by, author, id, status }),
        4 => prop::collection::vec((1..PEOPLE.len(), scopes(), 1..4_u8, 1..400_u64), 1..3).prop_map(Act::Grant),
        2 => (prop::collection::vec((1..PEOPLE.len(), scopes()), 1..3), epoch.clone(), prop::bool::weighted(0.8))
            .prop_map(|(whom, epoch, fresh)| Act::Revoke { whom, epoch, fresh }),
        2 => (folder, epoch).prop_map(|(folder, epoch)| Act::Rotate { folder, epoch }),
        1 => (1..PEOPLE.len(), scopes()).prop_map(|(by, scope)| Act::Renounce { by, scope }),
        1 => (person(), person(), n).prop_map(|(by, author, id)| Act::Read { by, author, id }),
        1 => (1..300_u64).prop_map(Act::Wait),
    ]
}

fn perform(memory: &MemoryLedger, contract: &Contract, act: &Act, changes: u32) -> bool {
    let count = |fresh: bool| if fresh { changes } else { changes + 1 };
    let (by, call) = match act {
        Act::Profile(n) => (0, contract.set_profile(id(*n))),
        Act::Add { by, folder, ids, fresh } => {
            let ids: Vec<_> = ids.iter().map(|n| id(*n)).collect();
            (*by, contract.add_records(PATIENT, *folder, &ids, count(*fresh)))
        }
        Act::Replace { by, author, old, new } => {
            (*by, contract.replace(PATIENT, record_key(PEOPLE[*author], id(*old)), id(*new), changes))
        }
        Act::Status { by, author, id: n, status } => {
            let status = Status::try_from(*status).unwrap();
            (*by, contract.set_status(PATIENT, record_key(PEOPLE[*author], id(*n)), status))
        }
        Act::Grant(permissions) => {
            let permissions = permissions.iter().map(|(to, on, rights, time)| Permission {
                expires_at: if *time > 300 { NO_END } else { memory.now() + time },
                ..permission(PEOPLE[*to], scope(*on), Rights::from_bits(*rights).unwrap())
            });
            (0, contract.grant(&permissions.collect::<Vec<_>>()))
        }
        Act::Revoke { whom, epoch, fresh } => {
            let keyring = (*epoch > 0).then(|| (*epoch, id(500 + u64::from(*epoch))));
            let revocations =
                whom.iter().map(|(who, on)| Revocation { grantee: PEOPLE[*who], scope: scope(*on), keyring });
            (0, contract.revoke(&revocations.collect::<Vec<_>>(), count(*fresh)))
        }
        Act::Rotate { folder, epoch } => (0, contract.rotate(*folder, *epoch, id(600), changes)),
        Act::Renounce { by, scope: on } => (*by, contract.renounce(PATIENT, scope(*on))),
        Act::Read { by, author, id: n } => {
            (*by, contract.log_access(PATIENT, &[record_key(PEOPLE[*author], id(*n))], Purpose::TREAT))
        }
        Act::Wait(seconds) => {
            memory.advance(Duration::from_secs(*seconds));
            return true;
        }
    };
    memory.act(PEOPLE[by], call)
}

/// Who may hold the folder's newest keys but not read, computed anew from the entries and the contract's own words.
async fn former(contract: &Contract, history: &History, folder: u64, now: u64) -> BTreeSet<Address> {
    let on = folder_scope(folder);
    let (mut epoch, mut since) = (0_u16, 0);
    for (place, entry) in history.entries().iter().enumerate() {
        let keyring = match entry.event {
            Event::KeysRotated { folder: of, epoch, .. } if of == folder => Some(epoch),
            Event::AccessRevoked { scope, epoch, keyring, .. } if scope == on && !keyring.is_zero() => Some(epoch),
            _ => None,
        };
        if keyring == Some(epoch + 1) {
            (epoch, since) = (epoch + 1, place + 1);
        }
    }
    let mut holders = BTreeSet::new();
    for person in PEOPLE {
        let (before, after) = history.entries().split_at(since);
        let was_reader = before.last().is_some_and(|at_keyring| {
            let last = before.iter().rev().find_map(|entry| match entry.event {
                Event::AccessGranted { scope, grantee, rights, expires_at, .. } if (scope, grantee) == (on, person) => {
                    Some(rights.reads() && at_keyring.time < expires_at)
                }
                Event::AccessRevoked { scope, grantee, .. } | Event::AccessRenounced { scope, grantee }
                    if (scope, grantee) == (on, person) =>
                {
                    Some(false)
                }
                _ => None,
            });
            last == Some(true)
        });
        let let_in = |entry: &Entry| {
            matches!(entry.event, Event::AccessGranted { scope, grantee, rights, .. }
            if (scope, grantee) == (on, person) && rights.reads())
        };
        if (since > 0 && was_reader) || after.iter().any(let_in) {
            holders.insert(person);
        }
    }
    let mut former = BTreeSet::new();
    for person in holders {
        let grant = contract.grant_of(PATIENT, on, person).await.unwrap();
        if !grant.is_some_and(|grant| grant.reads(now)) {
            former.insert(person);
        }
    }
    former
}

async fn check(story: Vec<Act>) {
    let memory = MemoryLedger::with_contract().await.unwrap();
    let contract = memory.contract();
    let journal = Journal::new(contract.clone());
    let mut history = History::new(PATIENT);
    for act in &story {
        perform(&memory, &contract, act, history.state().key_changes);
        journal.update(&mut history, None).await.unwrap();
    }
    let (state, now) = (history.state(), memory.now());
    let (again, _) = journal.read(PATIENT, None).await.unwrap();
    assert_eq!((again.entries(), again.state()), (history.entries(), state));
    assert_eq!(state.profile, contract.profile_of(PATIENT).await.unwrap());

    let keys: Vec<_> = PEOPLE.iter().flat_map(|author| (0..6).map(|n| record_key(*author, id(n)))).collect();
    for key in &keys {
        let stored = contract.record_of(PATIENT, *key).await.unwrap();
        assert_eq!(state.records.get(key).map(|record| record.state), stored);
        let readers = state.record_readers(*key, now);
        for person in &PEOPLE[1..] {
            assert_eq!(readers.contains(person), contract.can_access(PATIENT, *key, *person).await.unwrap());
        }
    }
    for on in keys.iter().copied().chain([folder_scope(1), folder_scope(2)]) {
        for person in PEOPLE {
            let stored = contract.grant_of(PATIENT, on, person).await.unwrap();
            assert_eq!(state.grants.get(&(on, person)).map(|grant| grant.state), stored);
        }
    }
    for folder in [1, 2] {
        let known: BTreeSet<_> = state.former_readers(folder, now).into_iter().collect();
        assert_eq!(known, former(&contract, &history, folder, now).await);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_the_entries_add_up_to_is_what_the_contract_stores(story in prop::collection::vec(act(), 1..40)) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(check(story));
    }
}
