use std::time::{Duration, Instant};

use hospital_record_contracts::IHospitalRecord as Sol;

use crate::ledger::tests::*;

#[tokio::test]
async fn memory_ledger_conforms() {
    let memory = MemoryLedger::new();
    let signer = alloy::signers::local::PrivateKeySigner::random();
    memory.fund(signer.address(), U256::from(10).pow(U256::from(18)));
    conformance::conformance(Arc::new(memory), Arc::new(signer)).await;
}

#[tokio::test]
async fn history_has_every_entry_and_ends_in_the_head() {
    let memory = chart().await;
    let journal = Journal::new(memory.contract());
    let (history, update) = journal.read(PATIENT, None).await.unwrap();
    assert_eq!(history.entries().len(), ENTRIES);
    assert_eq!(history.head(), memory.contract().journal_head_of(PATIENT, None).await.unwrap());
    assert_eq!((update.kept, update.added, update.strays), (0, ENTRIES, 0));
    let kinds: BTreeSet<_> = history.entries().iter().map(|entry| entry.event.topic()).collect();
    assert_eq!(kinds.len(), 8, "one of every event");
    assert_eq!(history.state().key_changes, 2);
    let newest = memory.newest().await.unwrap();
    let completeness = update.completeness;
    assert_eq!((completeness.block, completeness.time, completeness.entries), (newest.number, newest.time, ENTRIES));
    assert_eq!(
        completeness.to_string(),
        format!(
            "{ENTRIES} entries, complete up to head {} (block {}, {}) as reported by memory",
            history.head(),
            newest.number,
            crate::base::time::rfc3339_of(newest.time)
        )
    );
}

#[tokio::test]
async fn history_of_an_unknown_account_is_empty() {
    let journal = Journal::new(chart().await.contract());
    let (history, update) = journal.read(DOCTOR, None).await.unwrap();
    assert!(history.entries().is_empty() && update.completeness.head.is_zero());
    let (_, update) = journal.read(DOCTOR, Some(B256::ZERO)).await.unwrap();
    assert!(update.completeness.is_proven());
}

#[tokio::test]
async fn trusted_head_proves_the_entries_before_it() {
    let memory = chart().await;
    let journal = Journal::new(memory.contract());
    let (history, _) = journal.read(PATIENT, None).await.unwrap();
    let (_, update) = journal.read(PATIENT, Some(history.head())).await.unwrap();
    assert!(update.completeness.is_proven());
    assert!(update.completeness.to_string().starts_with("complete: proven for the 15 entries"));
    let middle = history.entries()[6].head;
    let (_, update) = journal.read(PATIENT, Some(middle)).await.unwrap();
    assert_eq!(update.completeness.proven, Some(Proven { head: middle, entries: 7 }));
    assert!(!update.completeness.is_proven());
    let mut cached = history.clone();
    let update = journal.update(&mut cached, Some(middle)).await.unwrap();
    assert_eq!(update.completeness.proven, Some(Proven { head: middle, entries: 7 }));
}

#[tokio::test]
async fn update_requests_only_new_blocks() {
    let memory = chart().await;
    let twisted = Arc::new(Twisted::honest(&memory));
    let journal = twisted.clone().shared();
    let (mut history, _) = journal.read(PATIENT, None).await.unwrap();
    twisted.asked.lock().unwrap().clear();
    let update = journal.update(&mut history, None).await.unwrap();
    assert_eq!((update.kept, update.added), (ENTRIES, 0));
    assert!(twisted.asked.lock().unwrap().is_empty(), "nothing is new");

    let known = memory.newest().await.unwrap().number;
    assert!(memory.act(PATIENT, memory.contract().add_records(PATIENT, FOLDER, &[id(50), id(51)], 2)));
    let update = journal.update(&mut history, None).await.unwrap();
    assert_eq!((update.kept, update.added, update.strays), (ENTRIES, 2, 0));
    assert_eq!(*twisted.asked.lock().unwrap(), [(known, known + 1)]);
    assert_eq!(history.state().records.len(), 7);
}

#[tokio::test]
async fn short_ranges_and_missing_times_give_the_same_history() {
    let memory = chart().await;
    let (whole, _) = Journal::new(memory.contract()).read(PATIENT, None).await.unwrap();
    let untimed = Twisted::logs(&memory, |logs| logs.into_iter().map(|log| Log { time: None, ..log }).collect());
    assert_eq!(untimed.read(PATIENT, None).await.unwrap().0.entries(), whole.entries());
    for blocks in [1, 2, 3, 5] {
        memory.limit_logs(Some(blocks));
        let (history, update) = untimed.read(PATIENT, None).await.unwrap();
        assert_eq!((history.entries(), update.strays), (whole.entries(), 0), "{blocks} blocks at once");
        let to = memory.newest().await.unwrap().number;
        let filter = LogFilter { contract: Contract::ADDRESS, topics: [None; 4], from: 0, to };
        assert_eq!(all_logs(&memory, filter).await.unwrap().len(), ENTRIES);
    }
}

#[tokio::test]
async fn long_quiet_chain_is_not_searched_block_by_block() {
    let memory = chart().await;
    for _ in 0..5_000 {
        memory.advance(Duration::from_secs(1));
    }
    memory.limit_logs(Some(10));
    let twisted = Arc::new(Twisted::honest(&memory));
    let (history, _) = twisted.clone().shared().read(PATIENT, None).await.unwrap();
    assert_eq!(history.entries().len(), ENTRIES);
    assert!(twisted.asked.lock().unwrap().len() < 20);
}

#[tokio::test]
async fn busy_chain_is_read_in_the_widest_windows_allowed() {
    let memory = chart().await;
    for n in 0..200 {
        assert!(memory.act(PATIENT, memory.contract().add_records(PATIENT, FOLDER, &[id(300 + n)], 2)));
    }
    memory.limit_logs(Some(50));
    let twisted = Arc::new(Twisted::honest(&memory));
    let (history, _) = twisted.clone().shared().read(PATIENT, None).await.unwrap();
    assert_eq!(history.entries().len(), ENTRIES + 200);
    assert!(twisted.asked.lock().unwrap().len() < 15);
}

#[tokio::test]
async fn entries_are_dropped_and_read_again_after_a_shallow_reorg() {
    let memory = chart().await;
    let journal = Journal::new(memory.contract());
    let (mut history, _) = journal.read(PATIENT, None).await.unwrap();
    memory.rewind(3);
    for n in 60..64 {
        assert!(memory.act(PATIENT, memory.contract().add_records(PATIENT, FOLDER, &[id(n)], 0)));
    }
    let update = journal.update(&mut history, None).await.unwrap();
    assert_eq!((update.kept, update.added), (ENTRIES - 3, 4));
    assert_eq!(history.head(), memory.contract().journal_head_of(PATIENT, None).await.unwrap());
    assert_eq!(history.state().key_changes, 0);
    assert_eq!(history.state(), journal.read(PATIENT, None).await.unwrap().0.state());
}

#[tokio::test]
async fn provider_that_is_behind_is_refused() {
    let memory = chart().await;
    let journal = Journal::new(memory.contract());
    let (mut history, _) = journal.read(PATIENT, None).await.unwrap();
    memory.rewind(2);
    let error = journal.update(&mut history, None).await.unwrap_err();
    assert!(matches!(error, LedgerError::Behind { .. }), "{error}");
    assert_eq!(history.entries().len(), ENTRIES);
}

#[tokio::test]
async fn cache_gives_the_same_history_or_none() {
    let (whole, _) = Journal::new(chart().await.contract()).read(PATIENT, None).await.unwrap();
    let rows: Vec<_> = whole.entries().iter().map(Entry::to_bytes).collect();
    let load = |rows: &[Vec<u8>]| {
        let entries: Option<Vec<_>> = rows.iter().map(|row| Entry::from_bytes(row)).collect();
        entries.and_then(|entries| EntryChain::from_cache(PATIENT, entries).ok())
    };
    let again = load(&rows).unwrap();
    assert_eq!((again.entries(), again.state()), (whole.entries(), whole.state()));
    assert_eq!(load(&rows[..9]).unwrap().entries(), &whole.entries()[..9]);
    assert!(load(&rows[1..]).is_none());
    // No hash covers format, position and transaction, so a cache may change them.
    let covered = |byte: usize| (1..17).contains(&byte) || byte >= 25 + 32;
    for (place, row) in rows.iter().enumerate() {
        for byte in (0..row.len()).filter(|byte| covered(*byte)) {
            let mut rows = rows.clone();
            rows[place][byte] ^= 1;
            assert!(load(&rows).is_none(), "byte {byte} of row {place}");
        }
        let cut = [&rows[..place], &[row[..row.len() - 1].to_vec()]].concat();
        assert!(load(&cut).is_none());
    }
}

#[tokio::test]
async fn events_are_encoded_as_the_abi_defines() {
    use alloy::sol_types::SolEvent;
    let event = Sol::AccessGranted {
        patient: PATIENT,
        scope: id(1),
        grantee: DOCTOR,
        rights: 3,
        purpose: Purpose::HRESCH,
        expiresAt: alloy::primitives::aliases::U40::from(NO_END),
        epoch: 65_535,
        envelope: id(2),
        previous: id(3),
    };
    let data = event.encode_log_data();
    let log = Log {
        contract: Contract::ADDRESS,
        topics: data.topics().to_vec(),
        data: data.data,
        block: 5,
        time: None,
        transaction: id(4),
        index: 0,
    };
    let entry = Entry::from_log(&log, 9, PATIENT).unwrap();
    assert_eq!(
        entry.event,
        Event::AccessGranted {
            scope: id(1),
            grantee: DOCTOR,
            rights: Rights::READ_AND_CONTRIBUTE,
            purpose: Purpose::HRESCH,
            expires_at: NO_END,
            epoch: 65_535,
            envelope: id(2),
        }
    );
    assert_eq!(entry.previous, id(3));
    assert!(Entry::from_log(&log, 9, DOCTOR).is_none(), "of another patient");
    let longer = Log { data: [log.data.as_ref(), &[0]].concat().into(), ..log };
    assert!(Entry::from_log(&longer, 9, PATIENT).is_none());
}

#[tokio::test]
async fn ten_thousand_entries_are_read_and_cached_in_seconds() {
    let memory = MemoryLedger::with_contract().await.unwrap();
    for batch in 0..100 {
        let ids: Vec<_> = (0..100).map(|n| id(batch * 100 + n)).collect();
        assert!(memory.act(PATIENT, memory.contract().add_records(PATIENT, FOLDER, &ids, 0)));
    }
    let start = Instant::now();
    let journal = Journal::new(memory.contract());
    let (history, _) = journal.read(PATIENT, None).await.unwrap();
    let read = start.elapsed();
    let rows: Vec<_> = history.entries().iter().map(Entry::to_bytes).collect();
    let start = Instant::now();
    let entries: Vec<_> = rows.iter().map(|row| Entry::from_bytes(row).unwrap()).collect();
    let mut history = EntryChain::from_cache(PATIENT, entries).unwrap();
    journal.update(&mut history, None).await.unwrap();
    let remembered = start.elapsed();
    println!("10,000 entries: read in {read:?}, remembered in {remembered:?}");
    assert_eq!(history.state().records.len(), 10_000);
    assert!(read < Duration::from_secs(10) && remembered < Duration::from_secs(5));
}
