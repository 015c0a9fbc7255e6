//! Looks at the chain for new events.

use std::{collections::HashMap, time::Duration};

use hospital_record::{
    Address,
    ledger::{ContractKind, EthereumLedger, Ledger, LedgerError},
};
use tokio::{sync::watch, time::timeout};

use crate::{
    chain::FinalBlock,
    events::{
        Events, Kind,
        lane::{Lane, Watched},
    },
};

/// The interval between two looks: a block takes some seconds on most chains.
const LOOK: Duration = Duration::from_secs(2);
/// The longest time for boards, so that they delay no journal.
const BOARDS_WITHIN: Duration = Duration::from_secs(4);
/// The longest time for the first look, before anybody can listen.
const FIRST_WITHIN: Duration = Duration::from_secs(5);
/// The looks between two questions for the final block.
const FINAL_EVERY: u32 = 15;

pub(super) struct Watcher {
    chain: EthereumLedger,
    events: Events,
    final_block: FinalBlock,
    looks: u32,
    /// Each goes on without the other: anybody can emit the events of boards, also so many that no provider lists them.
    pub(super) lanes: [Lane; 2],
}

/// Looks once. Returns the watch, which goes on until the stop signal: a chain that does not answer is asked again.
pub(crate) async fn watch_chain(
    chain: EthereumLedger,
    hospital: Address,
    events: Events,
    final_block: FinalBlock,
    stop: watch::Receiver<bool>,
) -> impl Future<Output = ()> {
    let mut watcher = Watcher::new(chain, hospital, events, final_block);
    let _ = timeout(FIRST_WITHIN, watcher.look()).await;
    watch_on(watcher, stop)
}

async fn watch_on(mut watcher: Watcher, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            looked = watcher.look() => if let Err(error) = looked {
                tracing::warn!(%error, "the chain did not answer the events");
            },
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

impl Watcher {
    pub(super) fn new(chain: EthereumLedger, hospital: Address, events: Events, final_block: FinalBlock) -> Self {
        let requests = ContractKind::BESIDE.iter().find(|(kind, _)| *kind == ContractKind::AccessRequests);
        let requests = requests.map_or(Address::ZERO, |(_, address)| *address);
        let contracts = Watched::Contracts([(Kind::Journal, hospital), (Kind::Request, requests)]);
        let lanes = [contracts, Watched::Boards(HashMap::new())].map(Lane::new);
        Self { chain, events, final_block, looks: 0, lanes }
    }

    pub(super) async fn look(&mut self) -> Result<(), LedgerError> {
        let block = self.chain.newest().await?;
        if self.looks.is_multiple_of(FINAL_EVERY)
            && let Some(last) = self.chain.finalized().await?
        {
            self.final_block.set(last);
        }
        self.looks = self.looks.wrapping_add(1);
        let [contracts, boards] = &mut self.lanes;
        let (contracts, looked) = tokio::join!(
            contracts.look(&self.chain, &block, &self.events),
            timeout(BOARDS_WITHIN, boards.look(&self.chain, &block, &self.events)),
        );
        let late = LedgerError::TimedOut { host: "the provider".into(), after: BOARDS_WITHIN };
        contracts.and(looked.unwrap_or_else(|_| boards.pause(late)))
    }
}
