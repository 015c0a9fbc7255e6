#![allow(clippy::unwrap_used)]

use hospital_record_core::id::Account;
use serde_json::{Value, json};

use super::*;
use crate::base::error::kind::ErrorKind;

const HOST: &str = "clinic.example";
const NOTHING: [&str; 0] = [];

fn at(chain: u64, contract: u8) -> Deployment {
    Deployment { chain, contract: Account([contract; 20]) }
}

fn card(of: &Identity) -> Card {
    Card { deployment: at(1, 1), account: of.address(), profile: B256::repeat_byte(7) }
}

fn listing(of: &Identity) -> Listing {
    Listing::new(card(of), "Dr Lee", &["cardiology", "children"], &["en", "hi"], 1_800_000_000).unwrap()
}

#[tokio::test]
async fn listing_counts_at_one_host_chain_and_contract() {
    let (lee, _) = Identity::generate().unwrap();
    let signed = listing(&lee).sign(&lee, "Clinic.Example").await.unwrap();
    let read: SignedListing = serde_json::from_str(&serde_json::to_string(&signed).unwrap()).unwrap();
    assert_eq!(read.verify(at(1, 1), "CLINIC.example").unwrap(), &listing(&lee));
    for (deployment, host) in [
        (at(1, 1), "evil.example"),
        (at(1, 1), "clinic.example:443"),
        (at(1, 1), ""),
        (at(2, 1), HOST),
        (at(1, 2), HOST),
    ] {
        let error = read.verify(deployment, host).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{host}: {error}");
    }
}

#[tokio::test]
async fn nobody_lists_another_account() {
    let [(lee, _), (eve, _)] = [Identity::generate().unwrap(), Identity::generate().unwrap()];
    assert_eq!(listing(&lee).sign(&eve, HOST).await.unwrap_err().kind(), ErrorKind::Invalid);
    let own = serde_json::to_value(listing(&eve).sign(&eve, HOST).await.unwrap()).unwrap();
    let mut of_lee = serde_json::to_value(listing(&lee).sign(&lee, HOST).await.unwrap()).unwrap();
    of_lee["signature"] = own["signature"].clone();
    let forged: SignedListing = serde_json::from_value(of_lee).unwrap();
    assert_eq!(forged.verify(at(1, 1), HOST).unwrap_err().kind(), ErrorKind::Denied);
    let mut with_card = serde_json::to_value(listing(&lee).sign(&lee, HOST).await.unwrap()).unwrap();
    with_card["card"] = own["card"].clone();
    let forged: SignedListing = serde_json::from_value(with_card).unwrap();
    assert_eq!(forged.verify(at(1, 1), HOST).unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn changed_listing_is_refused() {
    let (lee, _) = Identity::generate().unwrap();
    let signed = serde_json::to_value(listing(&lee).sign(&lee, HOST).await.unwrap()).unwrap();
    let another = Address::repeat_byte(9).to_string();
    let other_keys = signed["card"].as_str().unwrap().replace("0707", "0708");
    for (field, value) in [
        ("account", json!(another)),
        ("host", json!("evil.example")),
        ("name", json!("Dr Eve")),
        ("name", json!("Dr Lee ")),
        ("specialty", json!(["cardiology"])),
        ("specialty", json!(["cardiologychildren"])),
        ("specialty", json!([])),
        ("communication", json!(["en"])),
        ("communication", json!(["EN", "hi"])),
        ("card", json!(other_keys)),
        ("card", json!(format!("{}:x", signed["card"].as_str().unwrap()))),
        ("card", json!(signed["card"].as_str().unwrap().to_lowercase() + " ")),
        ("issuedAt", json!(1_800_000_001_u64)),
        ("issuedAt", json!(-1)),
        ("signature", json!("0x00")),
        ("signature", json!(format!("0x{}", "0".repeat(130)))),
        ("signature", Value::Null),
    ] {
        let mut changed = signed.clone();
        changed[field] = value.clone();
        let read = serde_json::from_value::<SignedListing>(changed);
        assert!(!read.is_ok_and(|read| read.verify(at(1, 1), HOST).is_ok()), "{field} {value}");
    }
}

#[test]
fn fields_have_limits_and_one_spelling() {
    let (lee, _) = Identity::generate().unwrap();
    let made = |name: &str, specialities: &[&str], languages: &[&str]| {
        Listing::new(card(&lee), name, specialities, languages, 1)
    };
    let long = "é".repeat(120);
    for name in ["Dr Lee", "x", &long, " डॉ. किरण ", "می\u{200c}خواهم", "Jose\u{301}"] {
        assert!(made(name, &[], &[]).is_ok(), "{name}");
    }
    let longer = "é".repeat(121);
    for name in
        ["", " ", "%", &longer, "Dr\nLee", "Dr\tLee", "Dr\u{202e}eeL", "Dr\u{200b}Lee", "Dr\u{2066}Lee", "Dr\u{1b}[2J"]
    {
        assert_eq!(made(name, &[], &[]).unwrap_err().kind(), ErrorKind::Invalid, "{name:?}");
        assert!(made("Lee", &[name], &[]).is_err(), "{name:?}");
    }
    let of_eighty = "é".repeat(80);
    assert!(made("Lee", &[of_eighty.as_str(); 8], &["hi"; 8]).is_ok());
    assert!(made("Lee", &["a"; 9], &[]).is_err() && made("Lee", &[], &["hi"; 9]).is_err());
    assert!(made("Lee", &[&"é".repeat(81)], &[]).is_err());
    let made = Listing::new(card(&lee), " Jose\u{301} ", &NOTHING, &["PT-br", "zh-hant"], 1).unwrap();
    assert_eq!((made.name.as_str(), made.languages.join(" ").as_str()), ("José", "pt-BR zh-Hant"));
}
