//! The queue in memory: the known requests, their order, and which worker holds one.

use std::{collections::HashMap, time::Instant};

use hospital_record::{
    Address, B256,
    alloy::primitives::{Bytes, keccak256},
    ledger::{Act, Contract},
    relay::{Fate, SignedRequest},
};
use tokio::sync::watch;

use super::{
    Lane, QueueError, Task,
    books::{ALL, Books},
    disk::Row,
    lanes::Lanes,
};

pub(super) struct State {
    pub(super) known: HashMap<B256, Known>,
    /// Exclusive claim (a nonce or an act) -> the one waiting request that has it.
    claims: HashMap<B256, B256>,
    pub(super) lanes: Lanes,
    pub(super) books: Books,
    pub(super) next: u64,
}

pub(super) struct Known {
    pub(super) row: Row,
    pub(super) fate: watch::Sender<Fate>,
    pub(super) about: About,
    place: Place,
    /// The only payer that may carry it, because a transaction of that payer may still take effect.
    payer: Option<Address>,
}

/// The queue's view of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) signer: Address,
    pub(super) lane: Lane,
    /// Equal for requests of which at most one can take effect.
    claim: B256,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It waits in its lane.
    Lined,
    /// It failed a moment ago.
    Resting,
    /// A worker holds it, and no other worker gets it.
    Taken,
    Ended,
}

impl About {
    /// `None` if it is not a signed act of the contract.
    pub(super) fn of(request: &SignedRequest, contract: &Contract) -> Option<Self> {
        let act = request.act()?;
        let lane = if act.ends_access() { Lane::Urgent } else { Lane::Ordinary };
        let claim = match &act {
            // Each contract counts nonces separately.
            Act::Once { contract, signer, nonce, .. } => {
                keccak256([contract.as_slice(), signer.as_slice(), &nonce.to_be_bytes::<32>()].concat())
            }
            // The signature may differ, but the act takes effect once.
            act => keccak256([request.contract.as_slice(), &contract.signed(act, Bytes::new()).data].concat()),
        };
        Some(Self { signer: act.signer(), lane, claim })
    }
}

impl State {
    pub(super) fn new(books: Books) -> Self {
        let (known, claims, lanes) = (HashMap::new(), HashMap::new(), Lanes::default());
        Self { known, claims, lanes, books, next: 0 }
    }

    /// A refused request can be put again like a new one.
    pub(super) fn settled_or_waiting(&self, id: B256) -> Option<&Known> {
        self.known.get(&id).filter(|known| !matches!(known.row.fate, Fate::Refused { .. }))
    }

    /// Whether another waiting request would use the same nonce, or is the same act.
    pub(super) fn is_claimed(&self, about: &About) -> bool {
        self.claims.contains_key(&about.claim)
    }

    /// Adds a request from disk.
    pub(super) fn take(&mut self, id: B256, row: Row, about: About) -> watch::Receiver<Fate> {
        let (fate, receiver) = watch::channel(row.fate.clone());
        self.next = self.next.max(row.order);
        let waits = row.fate == Fate::Waiting;
        if waits {
            self.claims.insert(about.claim, id);
            self.books.open(about.signer, about.lane, row.reserved);
        }
        let place = if waits { Place::Resting } else { Place::Ended };
        self.known.insert(id, Known { row, fate, about, place, payer: None });
        self.line_up(id);
        receiver
    }

    /// Queues requests whose rest is over.
    pub(super) fn line_up(&mut self, id: B256) {
        let Some(known) = self.known.get_mut(&id).filter(|known| known.place == Place::Resting) else { return };
        known.place = Place::Lined;
        self.lanes.push(known.about.lane, known.about.signer, id, known.payer);
    }

    /// The next request for this payer.
    pub(super) fn pop(&mut self, payer: Address, down_to: Lane) -> Option<Task> {
        let id = self.lanes.pop(payer, down_to)?;
        self.hand_out(id)
    }

    /// A given request, unless a worker holds it.
    pub(super) fn pick(&mut self, id: B256) -> Option<Task> {
        let known = self.known.get(&id).filter(|known| matches!(known.place, Place::Lined | Place::Resting))?;
        let about = known.about;
        self.lanes.remove(about.lane, about.signer, id);
        self.hand_out(id)
    }

    fn hand_out(&mut self, id: B256) -> Option<Task> {
        let known = self.known.get_mut(&id)?;
        known.place = Place::Taken;
        let Row { request, attempts, refusals, in_vain, .. } = known.row.clone();
        Some(Task { id, request, lane: known.about.lane, since: Instant::now(), attempts, refusals, in_vain })
    }

    /// A worker returned it, and it will be tried again.
    pub(super) fn give_back(&mut self, task: &Task, row: Row, payer: Option<Address>) {
        if let Some(known) = self.known.get_mut(&task.id) {
            (known.row, known.place, known.payer) = (row, Place::Resting, payer);
        }
    }

    /// Stores its fate and notifies waiting callers.
    pub(super) fn end(&mut self, id: B256, row: Row) {
        let Some(known) = self.known.get_mut(&id) else { return };
        let about = known.about;
        self.books.close(about.signer, about.lane, known.row.reserved);
        self.claims.remove(&about.claim);
        known.place = Place::Ended;
        known.fate.send_replace(row.fate.clone());
        known.row = row;
    }

    pub(super) fn waiting(&self) -> usize {
        [Lane::Urgent, Lane::Ordinary].map(|lane| self.books.waiting(ALL, lane)).iter().sum()
    }
}

/// The state from the rows of the file. Of two requests with one nonce, the later one is refused. Requests that this
/// version does not know are dropped.
pub(super) fn restored(rows: Vec<Row>, books: Books, contract: &Contract) -> Result<State, QueueError> {
    let mut state = State::new(books);
    for mut row in rows {
        let id = row.request.id();
        let Some(about) = About::of(&row.request, contract) else { continue };
        if row.fate == Fate::Waiting && state.is_claimed(&about) {
            row.fate = Fate::Refused { reason: "another request has the same nonce".into() };
        }
        state.take(id, row, about);
    }
    Ok(state)
}
