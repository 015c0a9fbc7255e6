//! What a search finds, and in which pages.

use axum::{body::Body, http::Request};
use hospital_record::{
    Card, Identity,
    alloy::primitives::B256,
    directory::{Listing, Query, folded_words},
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::select,
    strategy::ValueTree,
    test_runner::{Config, TestRunner},
};

use super::stage::*;
use crate::clock::now;

const WORDS: [&str; 16] = [
    "Lee",
    "lee",
    "Müller",
    "Muller",
    "José",
    "josefine",
    "Kardiologie",
    "cardio-thoracic",
    "100%",
    "50_x",
    "a\\b",
    "डॉ",
    "किरण",
    "Øst",
    "O'Brien",
    "Lee-Kim",
];
const TAGS: [&str; 7] = ["en", "hi", "hi-IN", "hil", "pt-BR", "pt", "zh-Hant-TW"];

/// Some words in one line.
fn words(most: usize) -> impl Strategy<Value = String> {
    vec(select(&WORDS[..]), 1..=most).prop_map(|words| words.join(" "))
}

/// The beginning of a word.
fn beginnings() -> impl Strategy<Value = String> {
    (words(2), 1..8_usize).prop_map(|(text, length)| text.chars().take(length).collect::<String>())
}

fn queries() -> impl Strategy<Value = Query> {
    let parts = (option::of(beginnings()), option::of(beginnings()), option::of(select(&TAGS[..])), 1..=50_usize);
    let made = parts.prop_map(|(text, speciality, language, limit)| {
        let mut query = Query::new().limit(limit);
        query.text = text;
        query.speciality = speciality;
        query.language = language.map(str::to_owned);
        query
    });
    made.prop_filter("it can be searched for", |query| query.check().is_ok())
}

/// The order of the directory.
fn place(listing: &Listing) -> (String, String) {
    (folded_words(&listing.name).join(" ").chars().take(60).collect(), format!("{:#x}", listing.account))
}

#[tokio::test]
async fn search_finds_exactly_what_fits_in_order_and_each_once() {
    let (stage, mut runner) = (Stage::new().await, TestRunner::deterministic());
    let mut listed = Vec::new();
    for _ in 0..120 {
        let (identity, _) = Identity::generate().unwrap();
        let card = Card { deployment: stage.system.deployment(), account: identity.address(), profile: B256::ZERO };
        let fields = (words(3), vec(words(2), 0..3), vec(select(&TAGS[..]), 0..3));
        let (name, specialities, languages) = fields.new_tree(&mut runner).unwrap().current();
        let listing = Listing::new(card, &name, &specialities, &languages, now()).unwrap();
        let signed = listing.clone().sign(&identity, HOST).await.unwrap();
        stage.rows.put(HOST, &signed, None, now()).await.unwrap();
        listed.push(listing);
    }
    listed.sort_by_key(place);
    let mut found = 0;
    for _ in 0..500 {
        let mut query = queries().new_tree(&mut runner).unwrap().current();
        let expected: Vec<_> = listed.iter().filter(|one| query.fits(one)).map(|one| one.account.to_string()).collect();
        let mut seen = Vec::new();
        loop {
            let page = stage.rows.search(HOST, &query, now()).await.unwrap();
            assert!(page.listings.len() <= query.limit);
            let accounts = page.listings.iter().map(|json| serde_json::from_str::<serde_json::Value>(json).unwrap());
            let accounts = accounts.map(|one| one["account"].as_str().unwrap().parse::<hospital_record::Address>());
            seen.extend(accounts.map(|account| account.unwrap().to_string()));
            query.after = match page.next {
                Some(next) => Some(next),
                None => break,
            };
        }
        assert_eq!(seen, expected, "{query:?}");
        found += seen.len();
    }
    assert!(found > 500, "only {found}");
}

#[tokio::test]
async fn wildcards_of_sql_are_no_wildcards() {
    let stage = Stage::new().await;
    let [lee, kim] = [stage.doctor().await, stage.doctor().await];
    stage.publish(&lee, "Dr Lee 100%").await;
    stage.publish(&kim, "Dr Kim").await;
    for (query, names) in [
        ("q=100%25", &["Dr Lee 100%"][..]),
        ("q=L_e", &[]),
        ("q=%25ee", &[]),
        ("q=D%25m", &[]),
        ("q=lee", &["Dr Lee 100%"]),
        ("q=d&limit=50", &["Dr Kim", "Dr Lee 100%"]),
        ("speciality=CARD&language=hi", &["Dr Kim", "Dr Lee 100%"]),
        ("language=h", &[]),
    ] {
        match query.starts_with("language=h") {
            true => assert_eq!(stage.get(&format!("/v1/directory?{query}")).await.status, 400),
            false => assert_eq!(stage.names(query).await, names, "{query}"),
        }
    }
    for query in ["q=%25", "q=_", "limit=0", "limit=51", "after=x", "after=0x00%20a", "color=red"] {
        assert_eq!(stage.get(&format!("/v1/directory?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other() {
    let stage = Stage::new().await;
    for name in ["Dr B", "dr a", "Dr C"] {
        stage.publish(&stage.doctor().await, name).await;
    }
    let (mut path, mut names) = ("/v1/directory?limit=1".to_owned(), Vec::new());
    loop {
        let answer = stage.get(&path).await;
        assert_eq!(answer.headers["cache-control"], "no-store");
        names.push(answer.body["listings"][0]["name"].as_str().unwrap().to_owned());
        let Some(next) = answer.body["next"].as_str() else { break };
        path = format!("/v1/directory?limit=1&after={}", next.replace(' ', "+"));
    }
    assert_eq!(names, ["dr a", "Dr B", "Dr C"]);
}

#[tokio::test]
async fn every_request_to_the_directory_is_answered() {
    let stage = Stage::new().await;
    stage.publish(&stage.doctor().await, "Dr Lee").await;
    let account = "0x0000000000000000000000000000000000000001";
    let paths = prop_oneof![
        Just(format!("/v1/directory/{account}")),
        "/v1/directory\\?(q|speciality|language|limit|after)=[a-zA-Z0-9%+_.-]{0,60}",
        "/v1/directory/[a-zA-Z0-9%+_.-]{0,60}",
        "/v1/directory\\?[a-z=&%0-9]{0,60}",
    ];
    let methods = select(vec!["GET", "PUT", "DELETE", "POST", "HEAD"]);
    let bodies = prop_oneof![Just(String::new()), "\\PC{0,200}", Just(format!("{{\"account\":\"{account}\"}}"))];
    let mut runner = TestRunner::new(Config::default());
    let (mut answered, every) = (0, (methods, paths, bodies));
    for _ in 0..1000 {
        let (method, path, body) = every.new_tree(&mut runner).unwrap().current();
        let request = Request::builder().method(method).uri(&path).header("host", HOST);
        let Ok(request) = request.header("content-type", "application/json").body(Body::from(body)) else { continue };
        let status = stage.call(request).await.status.as_u16();
        assert!([200, 400, 401, 403, 404, 405, 421, 422].contains(&status), "{method} {path}: {status}");
        answered += 1;
    }
    assert!(answered > 700, "only {answered}");
    assert_eq!(stage.names("").await, ["Dr Lee"]);
}
