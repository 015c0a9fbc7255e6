//! The largest request of each verb that people can sign needs less gas than its ceiling, and fits into a body.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
};

use hospital_record::{
    B256, Client, Confidentiality, Error, Identity, Purpose, Result, Rights, Source, System, U256,
    alloy::signers::local::PrivateKeySigner,
    ledger::{Call, NO_END, Permission, folder_scope, record_key},
    relay::{Carrier, Fate, Relay, SignedRequest},
};

use super::*;
use crate::relay::{http::LONGEST, testing::signed};

/// The most items of one request that the SDK signs.
const ITEMS: u8 = 100;
/// The most members of a board that its contract takes.
const MEMBERS: usize = 16;

/// Carries, and measures first.
#[derive(Debug)]
struct Scale {
    carrier: Carrier,
    measured: Mutex<Vec<Measured>>,
}

#[derive(Debug)]
struct Measured {
    act: Act,
    gas: u64,
    bytes: usize,
}

impl Scale {
    async fn weigh(&self, request: &SignedRequest) -> Result<Fate> {
        let call = Call { from: Some(self.carrier.payer()), to: request.contract, data: request.data.clone() };
        let gas = self.carrier.contract().ledger().estimate(&call).await.map_err(Error::from)?;
        let bytes = serde_json::to_vec(request).unwrap().len();
        self.measured.lock().unwrap().push(Measured { act: request.act().unwrap(), gas, bytes });
        self.carrier.carry(request).await
    }
}

impl Relay for Scale {
    fn name(&self) -> String {
        "scale".into()
    }

    fn carry<'a, 'b, 'c>(
        &'a self,
        request: &'b SignedRequest,
    ) -> Pin<Box<dyn Future<Output = Result<Fate>> + Send + 'c>>
    where
        'a: 'c,
        'b: 'c,
    {
        Box::pin(self.weigh(request))
    }
}

struct Story {
    system: System,
    scale: Arc<Scale>,
}

impl Story {
    async fn new() -> Self {
        let rich = System::in_memory().await.unwrap();
        let payer = PrivateKeySigner::random();
        rich.fund(payer.address()).await.unwrap();
        let scale = Arc::new(Scale { carrier: rich.carrier(payer), measured: Mutex::default() });
        Self { system: rich.relayed_by(vec![scale.clone()]).unwrap(), scale }
    }

    async fn person(&self) -> Client {
        let client = self.system.client(Identity::generate().unwrap().0);
        client.register().await.unwrap();
        client
    }

    /// Carries the first act of an account here.
    async fn first_act(&self, signer: &PrivateKeySigner, call: &Call) {
        let contract = self.system.contract();
        let act = contract.once(call, signer.address(), U256::ZERO, self.scale_time()).unwrap();
        let fate = self.scale.weigh(&signed(contract, signer, &act)).await.unwrap();
        assert!(matches!(fate, Fate::Done { .. }), "{fate:?}");
    }

    fn scale_time(&self) -> u64 {
        self.system.memory().unwrap().now() + 600
    }

    async fn records_and_access(&self) {
        let (ana, lee, ward) = (self.person().await, self.person().await, self.person().await);
        let record = ana.add(Source::bytes("a", "one")).await.unwrap().record;
        ana.grant(ward.address()).contribute().delegate().attest().await.unwrap();
        ward.grant(lee.address()).patient(ana.address()).await.unwrap();
        assert_eq!(lee.open(&record).await.unwrap().bytes, "one");
        ward.attest(&record).await.unwrap();
        ward.add(Source::bytes("b", "two")).patient(ana.address()).await.unwrap();
        let next = ana.replace(&record, Source::bytes("a", "mended")).await.unwrap().record;
        ana.mark_entered_in_error(&next).await.unwrap();
        let scope = lee.grants().received().await.unwrap().grants[0].scope_id;
        ward.grants().withdraw(ana.address(), scope, lee.address()).await.unwrap();
        ana.folders().rotate("personal", Confidentiality::N).await.unwrap();
        ana.revoke(ward.address()).await.unwrap();
        ana.grant(ward.address()).await.unwrap();
        ward.grants().renounce(ana.address(), scope).await.unwrap();
        ana.acts().void().await.unwrap();
        ward.vouches().give(lee.address(), "practitioner").await.unwrap();
        ward.vouches().withdraw(lee.address(), "practitioner").await.unwrap();
        let asked = lee.requests().ask(ana.address()).reason("why").await.unwrap();
        lee.requests().withdraw(ana.address(), asked.id).await.unwrap();
    }

    /// The most items, each as the first act of an account.
    async fn lists(&self) {
        let contract = self.system.contract();
        let [ana, bea, lee] = [(); 3].map(|()| PrivateKeySigner::random());
        let words: Vec<_> = (1..=ITEMS).map(B256::repeat_byte).collect();
        self.first_act(&PrivateKeySigner::random(), &contract.checkpoint(words[0])).await;
        self.first_act(&ana, &contract.add_records(ana.address(), 1, &words, 0)).await;
        let permission = |number: u8| Permission {
            grantee: Address::repeat_byte(number),
            scope: folder_scope(number.into()),
            rights: Rights::from_bits(15).unwrap(),
            purpose: Purpose::TREAT,
            expires_at: NO_END - 1,
            epoch: 0,
            envelope: B256::repeat_byte(number),
        };
        let permissions: Vec<_> = (1..=ITEMS).map(permission).collect();
        self.first_act(&bea, &contract.grant(&permissions, 0)).await;
        let grant = contract.grant(&[Permission { grantee: lee.address(), ..permission(1) }], 0);
        assert!(self.system.memory().unwrap().act(ana.address(), grant));
        let keys: Vec<_> = words.iter().map(|id| record_key(ana.address(), *id)).collect();
        let note = B256::repeat_byte(9);
        self.first_act(&lee, &contract.log_access(ana.address(), &keys, Purpose::TREAT, note)).await;
    }

    async fn boards(&self) {
        let (ana, lee) = (self.person().await, self.person().await);
        let mut members = Vec::new();
        for _ in 0..MEMBERS {
            members.push(self.person().await);
        }
        members.sort_by_key(Client::address);
        let accounts: Vec<_> = members.iter().map(Client::address).collect();
        let (kim, last) = (&members[MEMBERS - 2], &members[MEMBERS - 1]);
        let board = kim.boards().create(2, &accounts).await.unwrap().board;
        ana.add(Source::bytes("a", "one")).await.unwrap();
        ana.boards().grant(&board).await.unwrap();
        ana.boards().appoint_proxy(&board, Some(lee.address())).await.unwrap();
        let case = kim.boards().open_case(&board, ana.address()).to(lee.address()).reason("fell").await.unwrap();
        last.boards().acknowledge(&case).await.unwrap();
        last.boards().release_due(&board).await.unwrap();
        let case = self.system.case(&board, case.id).await.unwrap();
        members[MEMBERS - 3].boards().review(&case, None).await.unwrap();
        ana.boards().veto(&case).await.unwrap();
        last.acts().void_at(&board).await.unwrap();
        last.boards().acknowledge_successor(&board, None).await.unwrap();
        kim.boards().resign(&board).await.unwrap();
        let alone = kim.boards().create(1, &[kim.address()]).await.unwrap().board;
        ana.boards().grant(&alone).await.unwrap();
        kim.boards().open_case(&alone, ana.address()).to(lee.address()).reason("fell").await.unwrap();
    }
}

#[tokio::test]
async fn largest_request_of_each_verb_stays_a_tenth_below_its_ceiling_and_fits_into_a_body() {
    let story = Story::new().await;
    story.records_and_access().await;
    story.lists().await;
    story.boards().await;
    let ceilings = Ceilings::new(150, false).unwrap();
    let measured = story.scale.measured.lock().unwrap();
    let mut seen = Vec::new();
    for Measured { act, gas, bytes } in measured.iter() {
        let (most, verb) = (ceilings.of(act, true).unwrap(), (act.kind(), act.verb().unwrap()));
        println!("{verb:?}: {gas} of {most}, {bytes} bytes");
        assert!(gas * 11 / 10 <= most, "{verb:?} needs {gas} of {most}");
        assert!(*bytes <= LONGEST, "{verb:?}: {bytes} bytes");
        seen.push(verb);
    }
    for verb in VERBS {
        assert!(seen.contains(&(verb.kind, verb.name)), "{:?} {} was not measured", verb.kind, verb.name);
    }
    let longest = measured.iter().map(|one| one.bytes).max().unwrap();
    assert!(longest * 5 / 4 > LONGEST, "no more is read than the largest needs: {longest}");
}
