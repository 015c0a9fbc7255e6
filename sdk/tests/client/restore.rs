use hospital_record::{Confidentiality, ErrorKind, Identity, Phrase, Source, System};

use crate::{person, refused, store::probed, two};

#[tokio::test]
async fn nobody_gets_a_name_that_is_taken_for_another() {
    let (system, ana, lee) = two().await;
    let (lee, kim) = (lee.card().await.unwrap(), person(&system).await);
    ana.contacts().add("dr-lee", &lee).await.unwrap();
    for name in ["dr-lee", "dr-l\u{435}e", "Dr-Lee"] {
        refused(ana.contacts().add(name, &kim.card().await.unwrap()).await, ErrorKind::Invalid);
        refused(ana.grant(kim.address()).name(name).await, ErrorKind::Invalid);
    }
    ana.contacts().add("Dr-Lee", &lee).await.unwrap();
}

#[tokio::test]
async fn phrase_chain_and_store_restore_everything() {
    let system = System::in_memory().await.unwrap();
    let (identity, phrase) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let (old, lee) = (system.client(identity), person(&system).await);
    let card = lee.card().await.unwrap();
    old.contacts().add("Dr Lee", &card).await.unwrap();
    old.add(Source::bytes("a", "a")).folder("vaccinations").await.unwrap();
    old.grant(&card).folder("vaccinations").await.unwrap();
    old.grant(&card).folder("still empty").confidentiality(Confidentiality::R).await.unwrap();

    let new = system.forgetful().unwrap();
    let words = Phrase::parse(phrase.reveal()).unwrap();
    let ana = new.client(Identity::from_phrase(&words, 0).unwrap());
    let listed = ana.list().await.unwrap();
    assert_eq!((listed[0].name(), listed[0].folder_name()), ("a", "vaccinations"));
    let mut folders: Vec<_> =
        ana.folders().list().await.unwrap().into_iter().filter_map(|folder| folder.name).collect();
    folders.sort();
    assert_eq!(folders, ["still empty", "vaccinations"]);
    assert!(ana.grants().list().await.unwrap().iter().all(|grant| grant.name.as_deref() == Some("Dr Lee")));
    assert_eq!(ana.contacts().list().await.unwrap()[0].name, "Dr Lee");
}

#[tokio::test]
async fn names_come_back_side_by_side() {
    let (system, probe) = probed().await;
    let (identity, _) = Identity::generate().unwrap();
    system.fund(identity.address()).await.unwrap();
    let ana = system.client(identity.clone());
    for name in ["Kim", "Lee", "Noor", "Sam"] {
        ana.grant(person(&system).await.address()).name(name).await.unwrap();
    }
    let new = system.forgetful().unwrap().client(identity);
    probe.slow_down();
    let names: Vec<String> = new.contacts().list().await.unwrap().into_iter().map(|contact| contact.name).collect();
    assert_eq!(names, ["Kim", "Lee", "Noor", "Sam"]);
    assert!(probe.most_at_once() > 1, "one after the other");
}

#[test]
fn a_phrase_may_be_typed_with_any_case_and_space() {
    let (_, phrase) = Identity::generate().unwrap();
    let typed = format!(" \t{}\n", phrase.reveal().to_uppercase().replace(' ', " \n "));
    assert_eq!(Phrase::parse(&typed).unwrap().reveal(), phrase.reveal());
}

#[test]
fn a_wrong_word_is_named_by_its_place_and_never_shown() {
    let (_, phrase) = Identity::generate().unwrap();
    let mut words: Vec<&str> = phrase.reveal().split(' ').collect();
    words[6] = "hippocampus";
    let error = Phrase::parse(&words.join(" ")).unwrap_err().to_string();
    assert!(error.contains("word 7") && !error.contains("hippocampus"), "{error}");
    for count in [2, 11, 13, 23] {
        let error = Phrase::parse(&vec!["zoo"; count].join(" ")).unwrap_err().to_string();
        assert!(error.contains(&format!("this one has {count}")), "{error}");
    }
    let shown = format!("{phrase:?}");
    assert_eq!(shown, "Phrase(..)");
}

#[test]
fn accounts_of_one_phrase_differ() {
    let (_, phrase) = Identity::generate().unwrap();
    let [one, two] = [0, 1].map(|index| Identity::from_phrase(&phrase, index).unwrap().address());
    assert_ne!(one, two);
}

/// The accounts that every local node gives money to: https://getfoundry.sh/anvil/reference/anvil.
#[test]
fn accounts_of_a_phrase_are_those_of_every_wallet() {
    let phrase = Phrase::parse("test test test test test test test test test test test junk").unwrap();
    let [one, two] = [0, 1].map(|index| Identity::from_phrase(&phrase, index).unwrap().address().to_string());
    assert_eq!(one, "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    assert_eq!(two, "0x70997970C51812dc3A010C7d01b50e0d17dc79C8");
}
