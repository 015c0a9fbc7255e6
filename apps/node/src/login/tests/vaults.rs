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
use crate::{clock::now, login::rows::tries::Attempt};

#[tokio::test]
async fn who_registers_learns_slowly_which_names_are_taken() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    // A change of a vault takes a try that was begun, whatever comes of it.
    let put = vault("ana", 7, stage.begun(&ben, "ben", PASSWORD).await.ok().unwrap());
    let way =
        NewWay { user: "ana".into(), generation: 1, record: put.record.clone(), wrapped: vec![1; WRAPPED].into() };
    for says in ["is taken", "took too long"] {
        let answer = stage.call(Some(&ben), "PUT", "/v1/vault", &put).await;
        assert!(answer.status == 409 && answer.text().contains(says), "{}", answer.text());
    }
    assert_eq!(stage.call(Some(&ben), "PUT", "/v1/vault/ways", &way).await.status, 409);
    // Evaluations of passwords under one name are counted for the name, whoever asks and from wherever.
    let mut begun = 0;
    for network in 1..=200 {
        let kim = stage.person().await;
        if stage.tried([198, 51, 100, network], &kim, "carl").await == 429 {
            break;
        }
        begun += 1;
    }
    assert!((50..120).contains(&begun), "{begun}");
    // An account has its own count, from wherever it asks.
    let mut begun = 0;
    for network in 0..=200 {
        if stage.tried([203, 0, 113, network], &ben, &format!("name-{network}")).await == 429 {
            break;
        }
        begun += 1;
    }
    assert!((90..180).contains(&begun), "{begun}");
    // Changing one's own password counts for neither.
    let own = stage.room.0.keys.id("name", b"ana").await.unwrap();
    for id in 0..60 {
        let _ = stage.room.0.rows.attempt(&attempt([id; 32], &own, [id; 32]), now()).await;
    }
    assert_eq!(stage.tried([192, 0, 2, 250], &ana, "ana").await, 200);
}

#[tokio::test]
async fn vault_belongs_to_its_account() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let record = stage.begun(&ana, "ana", PASSWORD).await.ok().unwrap();
    let put = async |by: Option<&Person>, vault: &NewVault| {
        if let Some(by) = by {
            // Each change takes a try.
            stage.tried(HOME, by, "spare").await;
        }
        stage.call(by, "PUT", "/v1/vault", vault).await.status
    };
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
async fn login_that_began_with_another_password_or_owner_gets_nothing() {
    let stage = Stage::plain().await;
    let (ana, ben) = (stage.person().await, stage.person().await);
    let _: Status = stage.register(&ana, "ana", 1, PASSWORD).await.read();
    let begin = async || stage.begin(HOME, "ana", PASSWORD).await.ok().unwrap().unwrap();
    let (old, older) = (begin().await, begin().await);
    let _: Status = stage.register(&ana, "ana", 2, b"another long password").await.read();
    assert_eq!(stage.call(None, "POST", "/v1/login/proof", &old).await.status, 401);
    let _: Ended = stage.ask(&ana, "DELETE", "/v1/vault").await.read();
    let _: Status = stage.register(&ben, "ana", 1, PASSWORD).await.read();
    assert_eq!(stage.call(None, "POST", "/v1/login/proof", &older).await.status, 401);
    assert_eq!(stage.log_in("ana").await.account, ben.account);
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
        let record = rows.record(&name).await.unwrap();
        rows.attempt(&Attempt { record, ..attempt([number; 32], &name, [number; 32]) }, at).await.unwrap();
        rows.prove(&[number; 32], &[number; 32], at, |_| true).await.unwrap();
    }
    assert_eq!(rows.status(ana.account).await.unwrap().logins, 64);
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
