//! Who is listed, by whom, and what replaces what.

use axum::{body::Body, http::Request};
use hospital_record::Identity;
use serde_json::json;

use super::stage::*;
use crate::{
    clock::now,
    directory::{problem::Problem, room::Room},
};

#[tokio::test]
async fn only_an_account_with_a_live_vouch_is_listed() {
    let stage = Stage::new().await;
    let (patient, _) = Identity::generate().unwrap();
    let listing = stage.signed(&patient, "Ana", now()).await;
    assert_eq!(stage.put(&listing).await, 403);
    assert_eq!(stage.names("").await, Vec::<String>::new());
    stage.hospital.vouches().give(patient.address(), "practitioner").await.unwrap();
    assert_eq!(stage.put(&listing).await, 200);
    assert_eq!(stage.names("").await, ["Ana"]);
    let doctor = stage.doctor().await;
    stage.hospital.vouches().withdraw(doctor.address(), "practitioner").await.unwrap();
    assert_eq!(stage.put(&stage.signed(&doctor, "Dr Lee", now()).await).await, 403);
    assert_eq!(stage.names("").await, ["Ana"]);
}

#[tokio::test]
async fn nobody_lists_or_withdraws_the_listing_of_another_account() {
    let stage = Stage::new().await;
    let [lee, eve] = [stage.doctor().await, stage.doctor().await];
    let own = serde_json::to_value(stage.signed(&eve, "Dr Eve", now()).await).unwrap();
    let true_one = serde_json::to_value(stage.signed(&lee, "Dr Lee", now()).await).unwrap();
    for (field, value) in [
        ("signature", own["signature"].clone()),
        ("name", json!("Dr Eve")),
        ("account", own["account"].clone()),
        ("card", own["card"].clone()),
        ("issuedAt", json!(now() + 1)),
    ] {
        let mut forged = true_one.clone();
        forged[field] = value;
        assert_eq!(stage.put_json(HOST, &forged).await, 422, "{field}");
    }
    assert_eq!(stage.names("").await, Vec::<String>::new());
    assert_eq!(stage.put_json(HOST, &true_one).await, 200);
    for (by, status) in [(Some(&eve), 403), (None, 401)] {
        assert_eq!(stage.delete(lee.address(), by).await.status, status);
    }
    assert_eq!(stage.names("").await, ["Dr Lee"]);
    let withdrawn = stage.delete(lee.address(), Some(&lee)).await;
    assert_eq!((withdrawn.status.as_u16(), &withdrawn.body["wasListed"]), (200, &json!(true)));
    assert_eq!(stage.names("").await, Vec::<String>::new());
    assert_eq!(stage.get(&format!("/v1/directory/{}", lee.address())).await.status, 404);
    assert_eq!(stage.delete(lee.address(), Some(&lee)).await.body["wasListed"], json!(false));
}

#[tokio::test]
async fn older_listing_replaces_no_newer_one() {
    let stage = Stage::new().await;
    let lee = stage.doctor().await;
    let first = stage.signed(&lee, "Dr Lee", now() - 10).await;
    let second = stage.signed(&lee, "Dr L. Lee", now() - 5).await;
    let other = stage.signed(&lee, "Dr X. Lee", now() - 5).await;
    assert_eq!((stage.put(&first).await, stage.put(&second).await), (200, 200));
    assert_eq!(stage.put(&first).await, 409);
    assert_eq!(stage.put(&other).await, 409, "of the same second");
    assert_eq!(stage.put(&second).await, 200, "an answer may have been lost");
    // Another request may have been first while the vouch was looked for.
    assert_eq!(stage.rows.put(HOST, &first, None, now()).await, Err(Problem::Older));
    assert_eq!(stage.names("").await, ["Dr L. Lee"]);
}

#[tokio::test]
async fn withdrawn_listing_cannot_be_sent_again() {
    let stage = Stage::new().await;
    let lee = stage.doctor().await;
    let listing = stage.signed(&lee, "Dr Lee", now() - 1).await;
    assert_eq!(stage.put(&listing).await, 200);
    stage.delete(lee.address(), Some(&lee)).await;
    assert_eq!(stage.put(&listing).await, 409);
    stage.room.check_due(0).await.unwrap();
    assert_eq!(stage.put(&listing).await, 409);
    assert_eq!(stage.names("").await, Vec::<String>::new());
    stage.publish(&lee, "Dr Lee").await;
    assert_eq!(stage.names("").await, ["Dr Lee"]);
}

#[tokio::test]
async fn listing_of_another_host_or_moment_is_refused() {
    let stage = Stage::new().await;
    let lee = stage.doctor().await;
    for (issued_at, status) in
        [(now() + 310, 422), (now() - 910, 422), (0, 422), (u64::MAX, 422), (now() - 890, 200), (now() + 290, 200)]
    {
        assert_eq!(stage.put(&stage.signed(&lee, "Dr Lee", issued_at).await).await, status, "{issued_at}");
    }
    let kim = stage.doctor().await;
    let signed_for = async |host: &str| {
        let signed = stage.listing(&kim, "Dr Kim", now()).sign(&kim, host).await.unwrap();
        serde_json::to_string(&signed).unwrap()
    };
    assert_eq!(stage.put_json(HOST, signed_for("other.example").await).await, 422);
    for host in ["other.example", "192.0.2.1", "localhost:9999", ""] {
        assert_eq!(stage.put_json(host, signed_for(host).await).await, 421, "{host}");
    }
    let elsewhere = "localhost:8550";
    assert_eq!(stage.put_json(elsewhere, signed_for(elsewhere).await).await, 200);
    assert_eq!(stage.names("").await, ["Dr Lee"], "a listing is shown at the name for which it was signed");
}

#[tokio::test]
async fn number_of_listings_is_bounded() {
    let stage = Stage::unchecked(2).await;
    let [lee, kim, roe] = [stage.doctor().await, stage.doctor().await, stage.doctor().await];
    stage.publish(&lee, "Dr Lee").await;
    stage.publish(&kim, "Dr Kim").await;
    let of_roe = stage.signed(&roe, "Dr Roe", now()).await;
    assert_eq!(stage.put(&of_roe).await, 507);
    stage.hospital.vouches().withdraw(kim.address(), "practitioner").await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    stage.room.check_due(0).await.unwrap();
    assert_eq!(stage.put(&of_roe).await, 200, "a hidden one gives way");
    assert_eq!(stage.names("").await, ["Dr Lee", "Dr Roe"]);

    let stage = Stage::new().await;
    let lee = stage.doctor().await;
    let mut taken = Vec::new();
    for host in [HOST, "localhost:8550", "127.0.0.1:8550", "[::1]:8550", "clinic.example:1"] {
        let signed = stage.listing(&lee, "Dr Lee", now()).sign(&lee, host).await.unwrap();
        taken.push(stage.put_json(host, serde_json::to_string(&signed).unwrap()).await);
    }
    assert_eq!(taken, [200, 200, 200, 200, 507]);
}

#[tokio::test]
async fn body_is_json_of_bounded_length() {
    let stage = Stage::new().await;
    let lee = stage.doctor().await;
    let good = serde_json::to_string(&stage.signed(&lee, "Dr Lee", now()).await).unwrap();
    for (body, status) in [
        (String::new(), 400),
        ("{}".into(), 400),
        ("[]".into(), 400),
        (good[..good.len() - 1].into(), 400),
        (good.replace("Dr Lee", &"x".repeat(121)), 422),
        (good.replace("Dr Lee", &"x".repeat(17_000)), 413),
        (good.replace("cardiology", "a\\u202eb"), 422),
        (good, 200),
    ] {
        let shown: String = body.chars().take(60).collect();
        assert_eq!(stage.put_json(HOST, body).await, status, "{shown}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let request = Request::put("/v1/directory").header("host", HOST).header("content-type", kind);
        assert_eq!(stage.call(request.body(Body::from("{}")).unwrap()).await.status, 415, "{kind}");
    }
}

#[tokio::test]
async fn place_of_a_publication_is_given_back() {
    let stage = Stage::new().await;
    for _ in 0..10 {
        let (patient, _) = Identity::generate().unwrap();
        assert_eq!(stage.put(&stage.signed(&patient, "Ana", now()).await).await, 403);
    }
    let text = Room::metrics(&stage.room).await;
    assert!(text.contains("hospital_record_directory_refused_total{reason=\"not_vouched\"} 10"), "{text}");
    assert!(!text.contains("0x"), "{text}");
}
