use crate::ledger::{entry::head_of, tests::*};

async fn refused(journal: Journal, trusted: Option<B256>) -> Integrity {
    match journal.read(PATIENT, trusted).await {
        Err(LedgerError::Integrity(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn truth(memory: &MemoryLedger) -> EntryChain {
    Journal::new(memory.contract()).read(PATIENT, None).await.unwrap().0
}

#[tokio::test]
async fn hidden_event_is_found_missing() {
    let memory = chart().await;
    let hide = |place: usize| {
        let entry = futures::executor::block_on(truth(&memory)).entries()[place];
        Twisted::logs(&memory, move |logs| {
            logs.into_iter().filter(|log| (log.block, log.index) != (entry.block, entry.log_index)).collect()
        })
    };
    let hidden = [0, 3, 7, ENTRIES - 1].map(|place| (place, hide(place)));
    for (place, journal) in hidden {
        let entry = truth(&memory).await.entries()[place];
        let why = refused(journal, None).await;
        let expected = Integrity::Missing { host: "liar:8545".into(), head: entry.head, block: entry.block };
        assert_eq!(why, expected);
    }
}

#[tokio::test]
async fn provider_without_events_gives_no_history() {
    let memory = chart().await;
    let why = refused(Twisted::logs(&memory, |_| Vec::new()), None).await;
    assert!(matches!(why, Integrity::Missing { .. }), "{why}");
}

#[tokio::test]
async fn changed_event_is_found_missing() {
    let memory = chart().await;
    for topic in [false, true] {
        let forge = Twisted::logs(&memory, move |mut logs| {
            for log in logs.iter_mut().filter(|log| log.topics.len() == 4 && log.data.len() == 64).take(1) {
                if topic {
                    log.topics[3].0[31] ^= 1;
                } else {
                    let mut data = log.data.to_vec();
                    data[7] ^= 1;
                    log.data = data.into();
                }
            }
            logs
        });
        let why = refused(forge, None).await;
        assert!(matches!(why, Integrity::Missing { .. }), "{why}");
    }
}

#[tokio::test]
async fn redated_event_is_found_missing() {
    let memory = chart().await;
    let later = |time: u64| time + 3600;
    let both = Twisted {
        logs: Box::new(move |logs| logs.into_iter().map(|log| Log { time: log.time.map(later), ..log }).collect()),
        block: Box::new(move |block| BlockInfo { time: later(block.time), ..block }),
        ..Twisted::honest(&memory)
    };
    let why = refused(both.journal(), None).await;
    assert!(matches!(why, Integrity::Missing { .. }), "{why}");
}

#[tokio::test]
async fn wrong_times_in_events_are_corrected_from_the_headers() {
    let memory = chart().await;
    let wrong = Twisted::logs(&memory, |logs| {
        logs.into_iter().map(|log| Log { time: log.time.map(|time| time + 1), ..log }).collect()
    });
    let (history, update) = wrong.read(PATIENT, None).await.unwrap();
    assert_eq!(history.entries(), truth(&memory).await.entries());
    assert!(update.strays > 0, "the wrong first answers are reported as strays");
}

#[tokio::test]
async fn order_of_the_providers_events_does_not_matter() {
    let memory = chart().await;
    let shuffled = Twisted::logs(&memory, |mut logs| {
        logs.reverse();
        logs
    });
    let (history, update) = shuffled.read(PATIENT, None).await.unwrap();
    assert_eq!((history.entries(), update.strays), (truth(&memory).await.entries(), 0));
}

#[tokio::test]
async fn added_event_is_reported_and_not_part_of_the_history() {
    let memory = chart().await;
    let add = Twisted::logs(&memory, |mut logs| {
        if let Some(log) = logs.iter().find(|log| log.topics.len() == 4 && log.data.len() == 64).cloned() {
            let data = [id(66).as_slice(), &log.data[32..]].concat();
            logs.push(Log { data: data.into(), ..log.clone() });
            logs.push(Log { contract: PATIENT, ..log });
        }
        logs
    });
    let (history, update) = add.read(PATIENT, None).await.unwrap();
    assert_eq!(history.entries(), truth(&memory).await.entries());
    assert_eq!(update.strays, 2);
}

#[tokio::test]
async fn older_head_is_unproven_and_contradicts_a_trusted_one() {
    let memory = chart().await;
    let truth = truth(&memory).await;
    let (older, newest) = (truth.entries()[9].head, truth.head());
    let (history, update) = Twisted::head(&memory, move |_| older).read(PATIENT, None).await.unwrap();
    assert_eq!((history.entries(), update.completeness.proven), (&truth.entries()[..10], None));
    let why = refused(Twisted::head(&memory, move |_| older), Some(newest)).await;
    assert_eq!(why, Integrity::NotTrusted { host: "liar:8545".into(), trusted: newest, reported: older });
    let why = refused(Twisted::head(&memory, |_| B256::ZERO), Some(newest)).await;
    assert!(matches!(why, Integrity::NotTrusted { .. }), "{why}");
}

#[tokio::test]
async fn forged_head_is_refused() {
    let memory = chart().await;
    let why = refused(Twisted::head(&memory, |_| B256::repeat_byte(7)), None).await;
    assert!(matches!(why, Integrity::Missing { .. }), "{why}");
    let truth = truth(&memory).await;
    let (head, last) = (truth.head(), truth.entries()[ENTRIES - 1]);
    let link = crate::ledger::entry::link_of(head);

    let why = refused(Twisted::head(&memory, move |_| head_of(link, last.block, 3)), None).await;
    assert_eq!(why, Integrity::KeyChanges { index: ENTRIES - 1, expected: 2, found: 3 });
    let why = refused(Twisted::head(&memory, move |_| head_of(link, last.block - 1, 2)), None).await;
    assert_eq!(why, Integrity::ForeignBlockNumbers { block: last.block, claimed: last.block - 1 });
}

#[tokio::test]
async fn chains_with_other_block_numbers_are_refused() {
    let memory = chart().await;
    let rollup = Twisted::logs(&memory, |logs| {
        logs.into_iter().map(|log| Log { block: log.block + 1_000_000, ..log }).collect()
    });
    let why = refused(rollup, None).await;
    assert!(matches!(why, Integrity::ForeignBlockNumbers { .. }), "{why}");
}

#[tokio::test]
async fn error_about_a_deeply_rewritten_history_names_both_heads() {
    let memory = chart().await;
    let mut known = truth(&memory).await;
    let before = known.clone();
    memory.rewind(6);
    for n in 0..80 {
        assert!(memory.act(PATIENT, memory.contract().add_records(PATIENT, FOLDER, &[id(100 + n)], 0)));
    }
    let journal = Journal::new(memory.contract());
    let error = journal.update(&mut known, None).await.unwrap_err();
    let reported = memory.contract().journal_head_of(PATIENT, None).await.unwrap();
    let (host, known_head) = ("memory".to_owned(), before.head());
    assert_eq!(error, LedgerError::Integrity(Integrity::Rewritten { host, known: known_head, reported }));
    assert_eq!(known.entries(), before.entries(), "the known history stays as it was");
}

#[tokio::test]
async fn head_without_entries_that_were_verified_before_is_refused() {
    let memory = chart().await;
    let mut known = truth(&memory).await;
    for _ in 0..100 {
        memory.advance(std::time::Duration::from_secs(12));
    }
    let older = known.entries()[4].head;
    let error = Twisted::head(&memory, move |_| older).update(&mut known, None).await.unwrap_err();
    assert!(matches!(error, LedgerError::Integrity(Integrity::Rewritten { .. })), "{error}");
}

#[tokio::test]
async fn stopped_clock_does_not_make_a_deep_change_shallow() {
    let memory = chart().await;
    let mut known = truth(&memory).await;
    let (older, then) = (known.entries()[4].head, memory.newest().await.unwrap());
    let liar = Arc::new(Mutex::new(false));
    let lies = (liar.clone(), liar.clone());
    let twisted = Twisted {
        head: Box::new(move |head| if *lies.0.lock().unwrap() { older } else { head }),
        block: Box::new(move |block| if *lies.1.lock().unwrap() { then } else { block }),
        ..Twisted::honest(&memory)
    };
    let journal = twisted.journal();
    for _ in 0..100 {
        memory.advance(std::time::Duration::from_secs(12));
    }
    journal.update(&mut known, None).await.unwrap();
    *liar.lock().unwrap() = true;
    let error = journal.update(&mut known, None).await.unwrap_err();
    assert!(matches!(error, LedgerError::Integrity(Integrity::Rewritten { .. })), "{error}");
}

#[tokio::test]
async fn entries_that_are_mined_meanwhile_do_not_disturb() {
    let memory = chart().await;
    let (busy, count) = (memory.clone(), Mutex::new(0));
    let journal = Twisted::logs(&memory, move |logs| {
        let mut count = count.lock().unwrap();
        *count += 1;
        assert!(busy.act(PATIENT, busy.contract().add_records(PATIENT, FOLDER, &[id(200 + *count)], 2)));
        logs
    });
    let (mut history, update) = journal.read(PATIENT, None).await.unwrap();
    assert_eq!((history.entries().len(), update.strays), (ENTRIES, 0));
    let update = journal.update(&mut history, None).await.unwrap();
    assert_eq!((update.kept, update.added), (ENTRIES, 1));
}
