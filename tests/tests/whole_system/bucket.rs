//! A bucket as a store, on a server that checks signatures and rights.

use std::{fs, sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use hospital_record::store::{self, Block, S3Access, Store, StoreError, StoreOptions, conformance::conformance};
use hospital_record_tests::{
    anvil::Anvil,
    program::{Computer, field},
    s3::S3,
    world::World,
};

use crate::note;

fn opened(url: &str, access: S3Access) -> Arc<dyn Store> {
    let options = StoreOptions::default().timeout(Duration::from_secs(10)).s3(access);
    store::open(url, &options).unwrap()
}

async fn put(store: &dyn Store, block: &Block) -> Result<u64, StoreError> {
    store.put(stream::iter([Ok(block.clone())]).boxed()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_is_a_store() {
    let s3 = S3::start();
    conformance(opened(&s3.url(), s3.access())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_in_a_bucket_is_shared_with_a_doctor() {
    let (s3, world) = (S3::start(), World::shared().await);
    let config = || world.config_of(&world.anvil.url(), &s3.url()).s3(s3.access());
    let ana = config().connect().await.unwrap().client(world.funded().0);
    let lee = config().connect().await.unwrap().client(world.funded().0);
    lee.register().await.unwrap();
    let record = ana.add(note("in the bucket")).folder("letters").await.unwrap().record;
    ana.grant(lee.address()).folder("letters").await.unwrap();
    assert_eq!(lee.open(&record).await.unwrap().bytes, "in the bucket");
}

#[test]
fn program_adds_to_a_bucket_and_opens_from_it() {
    let (s3, anvil) = (S3::start(), Anvil::shared());
    let computer = Computer::with_servers(&anvil.url(), &s3.url());
    anvil.fund(computer.init("ana"));
    let key = computer.home().join("bucket.toml");
    fs::write(&key, s3.file()).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    fs::write(computer.home().join("config.toml"), "s3-file = 'bucket.toml'").unwrap();
    computer.file("letter.txt", "in the bucket");
    let id = field(&computer.json("ana", &["add", "letter.txt"])[0], "id");
    computer.json("ana", &["open", &id, "-o", "copy.txt"]);
    assert_eq!(fs::read(computer.desk().join("copy.txt")).unwrap(), b"in the bucket");
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_keeps_what_is_pinned_whoever_sweeps_meanwhile() {
    let s3 = S3::start();
    let (writer, sweeper) = (opened(&s3.url(), s3.access()), opened(&s3.url(), s3.access()));
    let write = async {
        for number in 0..20 {
            let block = Block::leaf(format!("block {number}"));
            put(&*writer, &block).await.unwrap();
            sweeper.unpin(&block.cid).await.unwrap();
            writer.pin(&block.cid).await.unwrap();
            assert_eq!(writer.get(&block.cid).await.unwrap(), block.bytes);
        }
    };
    let sweep = async {
        for _ in 0..20 {
            assert_eq!(sweeper.sweep(Duration::ZERO).await.unwrap(), 0, "a bucket keeps every block");
        }
    };
    futures::future::join(write, sweep).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_says_what_to_change() {
    let s3 = S3::start();
    let unknown = S3Access::new("AKIAUNKNOWN", "hunter2").endpoint(s3.endpoint());
    let cases = [
        ("a stranger", s3.url(), s3.access_of_stranger(), "s3:GetObject"),
        ("a wrong secret", s3.url(), s3.access_with_wrong_secret(), "the secret is not that"),
        ("an unknown key", s3.url(), unknown, "does not know this key id"),
        ("another bucket", "s3://nowhere/ana".to_owned(), s3.access(), "no bucket of this name"),
    ];
    for (case, url, access, words) in cases {
        let store = opened(&url, access);
        let block = Block::leaf("x");
        for (verb, error) in [
            ("put", put(&*store, &block).await.unwrap_err()),
            ("get", store.get(&block.cid).await.unwrap_err()),
            ("has", store.has(&block.cid).await.unwrap_err()),
            ("pin", store.pin(&block.cid).await.unwrap_err()),
        ] {
            let told = error.to_string();
            let refused = matches!(error, StoreError::Refused { .. });
            assert!(refused && told.contains(words) && !told.contains("hunter2"), "{case}, {verb}: {told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bucket_that_says_nothing_times_out() {
    let s3 = S3::start();
    let options = s3.options().timeout(Duration::from_millis(300));
    let store = store::open(&s3.url(), &options).unwrap();
    s3.server().freeze();
    let error = put(&*store, &Block::leaf("x")).await.unwrap_err();
    assert!(matches!(error, StoreError::TimedOut { .. }), "{error}");
    s3.server().thaw();
}
