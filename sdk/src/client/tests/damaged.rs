//! Rows of a history on disk that cannot be read, or whose links do not join.

use alloy::primitives::Address;

use crate::{
    client::{Client, tests::person},
    journal::finality::{AT_LEAST, Finality},
    ledger::EntryChain,
    people::identity::Identity,
    platform::cache::{FINALITY, JOURNAL, Rows},
    system::System,
};

async fn rows(ana: &Client) -> Rows {
    let patient = ana.address();
    ana.system().services.cache.rows(JOURNAL, prefix(ana.system(), patient)).await.unwrap()
}

fn prefix(system: &System, patient: Address) -> Vec<u8> {
    [&system.services.deployment_key()[..], patient.as_slice()].concat()
}

/// As if the whole journal had been seen 15 minutes ago, and is final.
async fn settle(ana: &Client) -> Vec<u8> {
    ana.system().memory().unwrap().finalize(Some(1_000_000));
    let journal = ana.system().services.journals.of(ana.address()).await.unwrap();
    let mut finality = Finality::default();
    let now = crate::platform::clock::now();
    finality.see(&journal.history, now - AT_LEAST);
    finality.settle(now, 0, Some(1_000_000));
    finality.to_bytes()
}

#[tokio::test]
async fn damaged_row_loses_only_the_rows_after_it() {
    let system = System::in_memory().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (identity, _) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let ana = system.remembering(folder.path()).unwrap().client(identity);
    ana.register().await.unwrap();
    let lee = person(&system).await;
    ana.grant(lee.address()).await.unwrap();
    ana.folders().rotate("personal", Default::default()).await.unwrap();
    ana.revoke(lee.address()).await.unwrap();
    let finality = settle(&ana).await;
    let patient = ana.address();
    let whole = ana.system().services.journals.of(patient).await.unwrap();
    let good = rows(&ana).await;
    let count = good.len();
    assert!(count >= 4 && whole.history.entries().len() == count);

    let truncated = |row: &[u8]| row[..row.len() - 1].to_vec();
    let flipped = |row: &[u8], at: usize| {
        let mut row = row.to_vec();
        let at = at % row.len();
        row[at] ^= 1;
        row
    };
    for n in 0..count {
        let (key, row) = &good[n];
        let another = &good[(n + 1) % count].1;
        for damaged in
            [Vec::new(), truncated(row), another.clone(), flipped(row, 0), flipped(row, 40), flipped(row, 77)]
        {
            let again = system.remembering(folder.path()).unwrap();
            again.services.cache.put(JOURNAL, key.clone(), damaged.clone()).await.unwrap();
            again.services.cache.put(FINALITY, prefix(&again, patient), finality.clone()).await.unwrap();
            let journal = again.services.journals.cached(patient).await.unwrap();
            let length = journal.history.entries().len();
            assert!(length == n || (length == count && damaged.len() == row.len()), "{length} of {count}, row {n}");
            assert!(journal.finality.settled() == length, "entries that were final stay final");
            let prefix = EntryChain::from_cache(patient, whole.history.entries()[..length].iter().copied()).unwrap();
            assert_eq!(format!("{:?}", journal.history.state()), format!("{:?}", prefix.state()));

            let journal = again.services.journals.of(patient).await.unwrap();
            assert_eq!(journal.history.head(), whole.history.head());
            assert!(journal.vanished.is_empty(), "no entry is reported as missing");
            let restored = system.remembering(folder.path()).unwrap();
            assert_eq!(restored.services.journals.cached(patient).await.unwrap().history.entries().len(), count);
            let settled = restored.services.journals.cached(patient).await.unwrap().finality.settled();
            assert!(settled == length, "{settled} final of {length}");
            // The hash of a transaction is not part of the link: no row but that one can differ.
            restored.services.cache.put(JOURNAL, key.clone(), row.clone()).await.unwrap();
            assert!(rows(&ana).await == good, "row {n}");
        }
    }
}
