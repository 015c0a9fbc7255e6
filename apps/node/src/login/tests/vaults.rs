//! Vaults and their logins.

use hospital_record::{
    Identity,
    node::messages::{Bytes, Ended, NewVault, NewWay, Status, Token},
};
use hospital_record_core::{
    error::LoginError,
    vault::sealed::{SEALED, WRAPPED},
};

use super::stage::*;
use crate::clock::now;

#[tokio::test]
async fn who_registers_learns_slowly_which_names_are_taken() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    // Each answer tells whether the name is taken, so each counts, for the account and for the network.
    let put = vault("ana", 7, stage.begun(&ben, "ben", PASSWORD).await.ok().unwrap());
    let mut answers = Vec::new();
    while answers.len() < 200 && !answers.contains(&429) {
        answers.push(stage.call(Some(&ben), "PUT", "/v1/vault", &put).await.status);
    }
    assert!(answers.len() > 40 && answers[..40].iter().all(|status| *status == 409), "{answers:?}");
    assert_eq!(answers.last(), Some(&429));
    let way =
        NewWay { user: "ana".into(), generation: 1, record: put.record.clone(), wrapped: vec![1; WRAPPED].into() };
    let tried = stage.call(Some(&ben), "PUT", "/v1/vault/ways", &way).await.status;
    assert!([429, 404].contains(&tried), "a pause of a second may be over: {tried}");
    // Evaluations of passwords under one name are counted for the name.
    let mut begun = 0;
    while begun < 20 && stage.begun(&ben, "carl", PASSWORD).await.is_ok() {
        begun += 1;
    }
    assert!((5..20).contains(&begun), "{begun}");
}

#[tokio::test]
async fn vault_belongs_to_its_account() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let record = stage.begun(&ana, "ana", PASSWORD).await.ok().unwrap();
    let put = async |by: Option<&Person>, vault: &NewVault| stage.call(by, "PUT", "/v1/vault", vault).await.status;
    for generation in [0, 2, u64::MAX] {
        let vault = NewVault { generation, ..vault("ana", 1, record.clone()) };
        assert_eq!(put(Some(&ana), &vault).await, 409, "{generation}");
    }
    let first = vault("ana", 1, record.clone());
    assert_eq!(
        (put(None, &first).await, put(Some(&ana), &first).await, put(Some(&ana), &first).await),
        (401, 200, 200)
    );
    assert_eq!(
        put(Some(&ana), &NewVault { sealed: vec![7; SEALED].into(), ..first.clone() }).await,
        409,
        "not the same"
    );
    assert_eq!(put(Some(&ben), &first).await, 409, "a name of somebody else");
    assert_eq!(stage.begun(&ben, "ANA", PASSWORD).await.err().unwrap().status, 409);
    for wrong in [
        NewVault { sealed: vec![1; SEALED - 1].into(), ..first.clone() },
        NewVault { wrapped: vec![1; WRAPPED + 1].into(), ..first.clone() },
        NewVault { record: vec![7; 191].into(), ..first.clone() },
        NewVault { user: "a b".into(), ..first.clone() },
    ] {
        assert_eq!(put(Some(&ana), &wrong).await, 400);
    }
    let ended: Ended = stage.ask(&ben, "DELETE", "/v1/vault").await.read();
    assert_eq!(ended.logins, 0);
    assert_eq!(stage.log_in("ana").await.account, ana.account, "as it was");
    let _: Ended = stage.ask(&ana, "DELETE", "/v1/vault").await.read();
    let Ok(Err(LoginError::Refused)) = stage.begin(HOME, "ana", PASSWORD).await else { panic!("it is deleted") };
    let _: Status = stage.register(&ben, "ana", 1, PASSWORD).await.read();
}

#[tokio::test]
async fn new_password_ends_the_old_one_other_ways_and_logins_at_once() {
    let stage = Stage::plain().await;
    let ana = stage.person().await;
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let added: Status = stage.add_way(&ana, "ana-safe", 1).await.read();
    assert_eq!((added.ways, stage.add_way(&ana, "other", 2).await.status), (2, 409));
    let (one, other) = (stage.log_in("ana").await, stage.log_in("ana-safe").await);
    assert!(stage.is_live(&one.token).await && stage.is_live(&other.token).await);
    let status: Status = stage.register(&ana, "ana", 2, b"another long password").await.read();
    assert_eq!((status.generation, status.ways, status.logins), (2, 1, 0));
    assert!(!stage.is_live(&one.token).await && !stage.is_live(&other.token).await);
    for user in ["ana", "ana-safe"] {
        let Ok(Err(LoginError::Refused)) = stage.begin(HOME, user, PASSWORD).await else { panic!("{user}") };
    }
}

#[tokio::test]
async fn logins_end_one_by_one_and_all_at_once() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let logins = [stage.log_in("ana").await, stage.log_in("ana").await, stage.log_in("ana").await];
    let token = Token { token: logins[0].token.clone() };
    let ended = async || stage.call(None, "POST", "/v1/login/end", &token).await.read::<Ended>().logins;
    assert_eq!((ended().await, ended().await), (1, 0));
    let end_all = async |by| stage.ask(by, "DELETE", "/v1/logins").await.read::<Ended>().logins;
    assert_eq!(end_all(&ben).await, 0);
    assert!(stage.is_live(&logins[1].token).await && !stage.is_live(&Bytes::new()).await);
    assert_eq!(end_all(&ana).await, 2);
    assert!(!stage.is_live(&logins[2].token).await);
    assert_eq!(stage.send(HOME, None, "DELETE", "/v1/logins", Vec::new()).await.status, 401);
}

#[tokio::test]
async fn numbers_of_vaults_ways_and_logins_have_limits() {
    let stage = Stage::new(1, None).await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    assert_eq!(stage.add_way(&ana, "ana", 1).await.status, 404);
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    assert_eq!(stage.register(&ben, "ben", 1, PASSWORD).await.status, 507);
    for way in 2..=9 {
        assert_eq!(stage.add_way(&ana, &format!("ana{way}"), 1).await.status, if way <= 8 { 200 } else { 409 });
    }
    let (rows, at) = (&stage.room.0.rows, now());
    let name = stage.room.0.keys.id("name", b"ana").await.unwrap();
    for number in 0..70_u8 {
        let at = at + u64::from(number);
        rows.attempt(&[number; 32], &name, &[number; 32], &Bytes::from(vec![1]), at).await.unwrap();
        rows.prove(&[number; 32], &[number; 32], at, |_| true).await.unwrap();
    }
    assert_eq!(rows.has(ana.account).await.unwrap().logins, 64);
    assert!(!rows.is_live(&[5; 32]).await.unwrap() && rows.is_live(&[6; 32]).await.unwrap(), "the oldest ended");
}

#[tokio::test]
async fn only_accounts_that_the_node_serves_register() {
    let (ana, _) = Identity::generate().unwrap();
    let stage = Stage::new(10, Some(vec![ana.address()])).await;
    let ben = stage.person().await;
    assert_eq!(stage.begun(&ben, "ben", PASSWORD).await.err().unwrap().status, 403);
    assert_eq!(stage.call(Some(&ben), "PUT", "/v1/vault", &vault("ben", 1, vec![7; 192].into())).await.status, 403);
    // What somebody has here stays theirs to delete.
    assert_eq!(stage.ask(&ben, "DELETE", "/v1/vault").await.status, 200);
}
