//! The store or the chain is away, for every verb: the error says so, nothing is lost, and afterwards the same verb goes.

use std::time::Duration;

use futures::{FutureExt, future::BoxFuture};
use hospital_record::{
    Card, Client, Confidentiality, Error, ErrorKind, HistoryEntry, Identity, RecordRef, alloy::primitives::Address,
    grant::ScopeId,
};
use hospital_record_tests::{
    door::{Door, State},
    world::World,
};

use crate::note;

/// What Ana and Lee did before the outage, and the doors that they stand behind.
struct Stage {
    world: World,
    chain: Door,
    store: Door,
    ana: Identity,
    lee: Identity,
    /// Whom Ana knows by address alone.
    mia: Address,
    card: Card,
    record: RecordRef,
    wrong: RecordRef,
    /// Of Lee, for Ana; not yet in a store of her own.
    result: RecordRef,
    /// What Lee may read besides the folder.
    scope: ScopeId,
}

/// A machine behind the doors.
struct Machine {
    ana: Client,
    lee: Client,
}

impl Stage {
    async fn new() -> Self {
        let world = World::shared().await;
        let (chain, store) = (Door::before(world.anvil.address()), Door::before(world.kubo.address()));
        let [(anas, _), (lees, _)] = [world.funded(), world.funded()];
        let (ana, lee) = (world.system.client(anas.clone()), world.system.client(lees.clone()));
        let mia = world.registered().await.address();
        let card = lee.card().await.unwrap();
        let added = ana.add_many([note("kept"), note("wrong")]).await.unwrap();
        let (record, wrong) = (added[0].record, added[1].record);
        ana.grant(lee.address()).record(&record).await.unwrap();
        let scope = lee.grants().received().await.unwrap().grants[0].scope_id;
        ana.grant(lee.address()).contribute().await.unwrap();
        let result = lee.add(note("result")).patient(ana.address()).await.unwrap().record;
        Self { world, chain, store, ana: anas, lee: lees, mia, card, record, wrong, result, scope }
    }

    /// A machine for each verb: none is helped by what another fetched, and none waits for another.
    async fn machines(&self) -> Vec<Machine> {
        let (rpc, store) =
            (format!("http://{}", self.chain.address()), format!("kubo+http://{}", self.store.address()));
        let mut machines = Vec::new();
        for _ in 0..VERBS {
            let config = self.world.config_of(&rpc, &store).timeout(Duration::from_secs(2));
            let system = config.connect().await.unwrap();
            machines.push(Machine { ana: system.client(self.ana.clone()), lee: system.client(self.lee.clone()) });
        }
        machines
    }

    /// What happened to Ana so far.
    async fn entries(&self) -> Vec<HistoryEntry> {
        self.world.system.history(self.ana.address()).await.unwrap().entries
    }
}

/// What a verb cannot do without.
#[derive(Clone, Copy, PartialEq)]
enum Needs {
    Nothing,
    Chain,
    Both,
}
use Needs::{Both, Chain, Nothing};

struct Verb<'a> {
    name: &'static str,
    needs: Needs,
    /// How much longer Ana's history is afterwards.
    entries: usize,
    run: BoxFuture<'a, Result<(), Error>>,
}

fn verb<'a, T>(
    name: &'static str,
    needs: Needs,
    entries: usize,
    run: impl IntoFuture<Output = Result<T, Error>, IntoFuture: Send + 'a>,
) -> Verb<'a> {
    Verb { name, needs, entries, run: run.into_future().map(|done| done.map(drop)).boxed() }
}

/// `sync` does everything that needs no unavailable store, and reports the kind of the outage.
async fn synced_whole(ana: &Client) -> Result<(), Error> {
    match ana.sync().await?.unavailable {
        Some(ErrorKind::TimedOut) => Err(Error::TimedOut { service: "the store".into(), after: Duration::ZERO }),
        Some(_) => Err(Error::Unreachable { service: "the store".into(), reason: "it said nothing".into() }),
        None => Ok(()),
    }
}

const VERBS: usize = 27;

/// All verbs, in an order in which they go one after the other.
fn verbs<'a>(stage: &'a Stage, Machine { ana, lee }: &'a Machine) -> [Verb<'a>; VERBS] {
    let Stage { mia, card, record, wrong, result, scope, .. } = stage;
    let patient = ana.address();
    [
        verb("resume", Nothing, 0, ana.resume()),
        verb("contacts", Chain, 0, ana.contacts().list()),
        verb("balance", Chain, 0, ana.balance()),
        verb("history", Chain, 0, ana.system().history(patient)),
        verb("list", Chain, 0, ana.list()),
        verb("folders", Chain, 0, ana.folders().list()),
        verb("grants", Chain, 0, ana.grants().list()),
        verb("shared with me", Chain, 0, lee.grants().received()),
        // These end something: they wait for no store.
        verb("renounce", Chain, 1, lee.grants().renounce(patient, *scope)),
        verb("revoke", Chain, 1, ana.revoke(lee.address()).folder("personal", Confidentiality::N)),
        verb("revoke what was given up", Chain, 1, ana.revoke(lee.address())),
        verb("mark entered in error", Chain, 1, ana.mark_entered_in_error(wrong)),
        verb("add a contact", Both, 0, ana.contacts().add("Dr Lee", card)),
        verb("register", Both, 0, ana.register()),
        verb("card", Both, 0, ana.card()),
        verb("grant", Both, 1, ana.grant(lee.address()).contribute()),
        verb("grant of one record", Both, 1, ana.grant(*mia).record(record)),
        verb("open", Both, 0, ana.open(record)),
        verb("open of the metadata", Both, 0, ana.open(record).metadata()),
        verb("open by a reader", Both, 1, lee.open(result)),
        verb("rotate", Both, 1, ana.folders().rotate("personal", Confidentiality::N)),
        verb("sync", Both, 0, synced_whole(ana)),
        verb("add", Both, 1, ana.add(note("new"))),
        verb("add of several", Both, 2, ana.add_many([note("one"), note("two")])),
        verb("add for another", Both, 1, lee.add(note("result 2")).patient(patient)),
        verb("replace by its author", Both, 2, lee.replace(result, note("better"))),
        verb("reencrypt", Both, 2, ana.reencrypt(record)),
    ]
}

/// The verb at this place of the list, on a machine of its own.
fn verb_at<'a>(at: usize, stage: &'a Stage, machine: &'a Machine) -> Verb<'a> {
    verbs(stage, machine).into_iter().nth(at).unwrap()
}

/// Tries all verbs at once: those that need what is `away` say so. What would go and change something is left out.
async fn all_without(away: Needs, stage: &Stage, machines: &[Machine]) {
    let attempt = async |(at, machine)| {
        let Verb { name, needs, entries, run } = verb_at(at, stage, machine);
        if needs == Both || needs == away {
            let kind = run.await.map_err(|error| error.kind());
            assert!(matches!(kind, Err(ErrorKind::Unreachable | ErrorKind::TimedOut)), "{name}: {kind:?}");
        } else if entries == 0 {
            run.await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    };
    futures::future::join_all(machines.iter().enumerate().map(attempt)).await;
}

/// The verbs that need this, one after the other on the machines on which they failed: each happens exactly once.
async fn each_once(which: impl Fn(&Verb) -> bool, stage: &Stage, machines: &[Machine]) {
    for (at, machine) in machines.iter().enumerate() {
        let verb = verb_at(at, stage, machine);
        if !which(&verb) {
            continue;
        }
        let before = stage.entries().await.len();
        assert!(machine.ana.resume().await.unwrap().is_nothing(), "{}", verb.name);
        verb.run.await.unwrap_or_else(|error| panic!("{}: {error}", verb.name));
        assert_eq!(stage.entries().await.len(), before + verb.entries, "{}", verb.name);
    }
}

async fn store_is(state: State) {
    let stage = Stage::new().await;
    let (before, machines) = (stage.entries().await, stage.machines().await);
    stage.store.set(state);
    all_without(Both, &stage, &machines).await;
    assert_eq!(stage.entries().await, before);
    each_once(|verb| verb.needs == Chain && verb.entries > 0, &stage, &machines).await;
    stage.store.set(State::Open);
    each_once(|verb| verb.needs == Both, &stage, &machines).await;
}

async fn chain_is(state: State) {
    let stage = Stage::new().await;
    let (before, machines) = (stage.entries().await, stage.machines().await);
    stage.chain.set(state);
    all_without(Chain, &stage, &machines).await;
    assert_eq!(stage.entries().await, before);
    stage.chain.set(State::Open);
    each_once(|_| true, &stage, &machines).await;
}

#[tokio::test]
async fn unreachable_store_is_reported_by_every_verb_that_needs_it_and_nothing_is_lost() {
    store_is(State::Shut).await;
}

#[tokio::test]
async fn stalled_store_is_reported_by_every_verb_that_needs_it_and_nothing_is_lost() {
    store_is(State::Silent).await;
}

#[tokio::test]
async fn unreachable_chain_is_reported_by_every_verb_and_nothing_is_lost() {
    chain_is(State::Shut).await;
}

#[tokio::test]
async fn stalled_chain_is_reported_by_every_verb_and_nothing_is_lost() {
    chain_is(State::Silent).await;
}
