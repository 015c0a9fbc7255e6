//! Looks at the chain for new events.

use std::{collections::HashMap, time::Duration};

use hospital_record::{
    Address,
    ledger::{ContractKind, EthereumLedger, Ledger, LedgerError},
};
use tokio::sync::watch;

use crate::{
    chain::FinalBlock,
    events::{
        Events, Kind,
        lane::{Lane, Watched},
    },
};

/// The interval between two looks: a block takes some seconds on most chains.
const LOOK: Duration = Duration::from_secs(2);
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

/// Watches until the stop signal. A chain that does not answer is asked again.
pub(crate) async fn watch_chain(
    chain: EthereumLedger,
    hospital: Address,
    events: Events,
    final_block: FinalBlock,
    mut stop: watch::Receiver<bool>,
) {
    let mut watcher = Watcher::new(chain, hospital, events, final_block);
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
        let (contracts, boards) = tokio::join!(
            contracts.look(&self.chain, &block, &self.events),
            boards.look(&self.chain, &block, &self.events),
        );
        contracts.and(boards)
    }
}
