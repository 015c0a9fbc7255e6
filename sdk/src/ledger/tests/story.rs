//! Random stories: the state after the entries equals what the contract stores.

use std::time::Duration;

use proptest::prelude::*;

use alloy::sol_types::SolCall;
use hospital_record_contracts::IHospitalRecord as Sol;

use crate::ledger::tests::*;

#[derive(Debug, Clone)]
enum Act {
    Profile(u64),
    Add { by: usize, folder: u64, ids: Vec<u64>, fresh: bool },
    Replace { by: usize, author: usize, old: u64, new: u64 },
    Status { by: usize, author: usize, id: u64, status: u8 },
    Grant(Vec<(usize, Scope, u8, u64)>),
    PassOn { by: usize, to: usize, on: Scope, rights: u8, time: u64 },
    Withdraw { by: usize, from: usize, on: Scope },
    Attest { by: usize, author: usize, id: u64 },
    Revoke { whom: Vec<(usize, Scope)>, epoch: u16, fresh: bool, barred: bool },
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

/// Rights that can be delegated are more likely, because otherwise few stories would have a second level.
fn rights() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(1 | 4), 1 => 1..16_u8]
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
        4 => prop::collection::vec((1..PEOPLE.len(), scopes(), rights(), 1..400_u64), 1..3).prop_map(Act::Grant),
        5 => (1..PEOPLE.len(), 1..PEOPLE.len(), scopes(), rights(), 1..400_u64)
            .prop_map(|(by, to, on, rights, time)| Act::PassOn { by, to, on, rights, time }),
        1 => (1..PEOPLE.len(), 1..PEOPLE.len(), scopes()).prop_map(|(by, from, on)| Act::Withdraw { by, from, on }),
        1 => (person(), person(), n.clone()).prop_map(|(by, author, id)| Act::Attest { by, author, id }),
        2 => (
            prop::collection::vec((1..PEOPLE.len(), scopes()), 1..3),
            epoch.clone(),
            prop::bool::weighted(0.8),
            prop::bool::weighted(0.3),
        )
            .prop_map(|(whom, epoch, fresh, barred)| Act::Revoke { whom, epoch, fresh, barred }),
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
            (0, contract.grant(&permissions.collect::<Vec<_>>(), changes))
        }
        Act::PassOn { by, to, on, rights, time } => {
            let passed = Permission {
                expires_at: if *time > 300 { NO_END } else { memory.now() + time },
                ..permission(PEOPLE[*to], scope(*on), Rights::from_bits(*rights).unwrap())
            };
            (*by, contract.pass_on(PATIENT, &passed, changes))
        }
        Act::Withdraw { by, from, on } => (*by, contract.withdraw(PATIENT, scope(*on), PEOPLE[*from])),
        Act::Attest { by, author, id: n } => (*by, contract.attest(PATIENT, record_key(PEOPLE[*author], id(*n)))),
        Act::Revoke { whom, epoch, fresh, barred } => {
            let keyring = (*epoch > 0).then(|| (*epoch, id(500 + u64::from(*epoch))));
            // This applies to the last one only: `reads` sees the state after a block, not between its entries.
            let keyring = |place: usize| keyring.filter(|_| place + 1 == whom.len());
            let revocations = whom.iter().enumerate().map(|(place, (who, on))| Revocation {
                grantee: PEOPLE[*who],
                scope: scope(*on),
                keyring: keyring(place),
                barred: *barred,
            });
            (0, contract.revoke(&revocations.collect::<Vec<_>>(), count(*fresh)))
        }
        Act::Rotate { folder, epoch } => (0, contract.rotate(*folder, *epoch, id(600), changes)),
        Act::Renounce { by, scope: on } => (*by, contract.renounce(PATIENT, scope(*on))),
        Act::Read { by, author, id: n } => {
            (*by, contract.log_access(PATIENT, &[record_key(PEOPLE[*author], id(*n))], Purpose::TREAT, B256::ZERO))
        }
        Act::Wait(seconds) => {
            memory.advance(Duration::from_secs(*seconds));
            return true;
        }
    };
    memory.act(PEOPLE[by], call)
}

/// The accounts that may hold the folder's newest keys but may not read, computed independently from the entries and
/// the contract's views.
async fn former(contract: &Contract, history: &EntryChain, folder: u64, now: u64) -> BTreeSet<Address> {
    let on = folder_scope(folder);
    let (mut epoch, mut since) = (0_u16, 0);
    for (place, entry) in history.entries().iter().enumerate() {
        let keyring = match entry.event {
            Event::KeysRotated { folder: of, epoch, .. } if of == folder => Some(epoch),
            Event::AccessRevoked { scope, epoch, keyring, .. } if scope == on && !keyring.is_zero() => Some(epoch),
            _ => None,
        };
        if let Some(later) = keyring.filter(|later| *later > epoch) {
            (epoch, since) = (later, place + 1);
        }
    }
    let (before, after) = history.entries().split_at(since);
    let mut holders = BTreeSet::new();
    for person in PEOPLE {
        let was_reader = match before.last() {
            Some(at) if since > 0 => reads(contract, on, person, at.block, at.time).await,
            _ => false,
        };
        let let_in = |entry: &Entry| match entry.event {
            Event::AccessGranted { scope, grantee, rights, .. }
            | Event::AccessPassedOn { scope, grantee, rights, .. } => {
                (scope, grantee) == (on, person) && rights.reads()
            }
            _ => false,
        };
        if was_reader || after.iter().any(let_in) {
            holders.insert(person);
        }
    }
    let newest = contract.ledger().newest().await.unwrap().number;
    let mut former = BTreeSet::new();
    for person in holders {
        if !reads(contract, on, person, newest, now).await {
            former.insert(person);
        }
    }
    former
}

/// Whether the account had a live grant to read the folder after that block, from the contract's storage alone.
async fn reads(contract: &Contract, on: B256, account: Address, block: u64, time: u64) -> bool {
    let slot = async |account: Address| {
        let question = Sol::grantOfCall { patient: PATIENT, scope: on, grantee: account };
        let call = Call { from: None, to: contract.address(), data: question.abi_encode().into() };
        Sol::grantOfCall::abi_decode_returns(&contract.ledger().call(&call, Some(block)).await.unwrap()).unwrap()
    };
    let mut held = slot(account).await;
    if held.rights & 1 == 0 {
        return false;
    }
    for _ in 0..4 {
        if time >= held.expiresAt.to::<u64>() {
            return false;
        }
        if held.giver == PATIENT {
            return true;
        }
        let above = slot(held.giver).await;
        let needed = held.rights | 4;
        let covers = above.rights & needed == needed
            && above.purpose == held.purpose
            && above.expiresAt >= held.expiresAt
            && above.grantedAt <= held.grantedAt;
        if !covers {
            return false;
        }
        held = above;
    }
    false
}

async fn check(story: Vec<Act>) {
    let memory = MemoryLedger::with_contract().await.unwrap();
    let contract = memory.contract();
    let journal = Journal::new(contract.clone());
    let mut history = EntryChain::new(PATIENT);
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
    fn state_after_the_entries_equals_what_the_contract_stores(story in prop::collection::vec(act(), 1..40)) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(check(story));
    }
}
