use std::time::Duration;

use hospital_record::{ErrorKind, Source, System};

use crate::{person, store::probed};

async fn connecting(rpc: &str, store: &str) -> ErrorKind {
    let config = System::builder().rpc(rpc).store(store).timeout(Duration::from_secs(1));
    config.connect().await.unwrap_err().kind()
}

#[tokio::test]
async fn a_url_that_is_none_is_the_callers_mistake() {
    for rpc in ["", "nonsense", "ftp://127.0.0.1", "http://"] {
        assert_eq!(connecting(rpc, "memory:").await, ErrorKind::Invalid, "{rpc:?}");
    }
    for store in ["", "nonsense", "ftp://127.0.0.1", "file:relative", "kubo+http://host/?x=1"] {
        assert_eq!(connecting("http://127.0.0.1:1", store).await, ErrorKind::Invalid, "{store:?}");
    }
    assert_eq!(connecting("http://127.0.0.1:1", "memory:").await, ErrorKind::Unreachable);
}

#[tokio::test]
async fn content_that_is_lost_is_not_available_when_it_is_encrypted_again() {
    let (system, probe) = probed().await;
    let ana = person(&system).await;
    let record = ana.add(Source::bytes("x", vec![7; 3 << 20])).await.unwrap().record;
    probe.lose_content();
    let error = ana.reencrypt(&record).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotAvailable, "{error}");
}
