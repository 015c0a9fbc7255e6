//! Looks up the board behind an address.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use alloy::{primitives::Address, sol_types::SolEvent};
use hospital_record_contracts::boards::{
    IBoard::{self, proxyOfCall},
    IBoards::{self, BoardCreated},
};

use crate::{
    base::{
        bounds::KEPT,
        error::{Error, Result},
    },
    boards::{
        address::address_of,
        board::{Board, check_form},
    },
    ledger::{Beside, newest_logs},
};

/// Creation events that are read for one address. A board has one, but a provider can invent others.
const MOST_MADE: usize = 16;

/// Reads the boards of one chain through its node.
pub(crate) struct BoardReader {
    pub(crate) on_chain: Beside,
    pub(crate) witness: Option<Beside>,
    /// Only threshold and members, because these never change. All else is read again each time, so a provider that lags
    /// hides nothing for longer than it lags.
    pub(crate) known: Mutex<HashMap<Address, Board>>,
}

impl BoardReader {
    /// See [`System::board`](crate::System::board).
    pub(crate) async fn at(&self, address: Address) -> Result<Board> {
        let cached = self.known().get(&address).cloned();
        let board = match cached {
            Some(board) => board,
            None => self.created_at(address).await?,
        };
        self.standing(board).await
    }

    /// The proxy whom the patient appointed to veto cases at this board, as the node reports it.
    pub(crate) async fn proxy_of(&self, board: &Board, patient: Address) -> Result<Option<Address>> {
        let proxy = self.on_chain.ask_at(board.address, &proxyOfCall { patient }).await?;
        Ok(Some(proxy).filter(|proxy| !proxy.is_zero()))
    }

    async fn created_at(&self, address: Address) -> Result<Board> {
        let topics = [Some(BoardCreated::SIGNATURE_HASH), Some(address.into_word()), None, None];
        let (logs, _) = newest_logs(self.on_chain.ledger(), self.on_chain.events(topics).await?, MOST_MADE).await?;
        let mut events = logs
            .iter()
            .filter_map(|log| BoardCreated::decode_raw_log_validate(log.topics.iter().copied(), &log.data).ok());
        let board = events.find_map(|event| checked(address, &event)).ok_or_else(|| {
            Error::NotFound(
                format!("there is no board at {address}: ask the person who named it for the right address").into(),
            )
        })?;
        let mut known = self.known();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(address, board.clone());
        Ok(board)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Address, Board>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn standing(&self, board: Board) -> Result<Board> {
        let mut answer = self.on_chain.ask_at(board.address, &IBoard::standingCall {}).await?;
        if let Some(witness) = &self.witness {
            // New keys would otherwise be dealt to a former member, if the node hides that this member left.
            let other = witness.ask_at(board.address, &IBoard::standingCall {}).await?;
            answer.left |= other.left;
            answer.closed |= other.closed;
        }
        let former = (0..).zip(&board.members).filter(|(at, _)| answer.left >> at & 1 == 1);
        let left = former.map(|(_, member)| *member).collect();
        let successor = Some(answer.successor).filter(|successor| !successor.is_zero());
        Ok(Board { left, closed: answer.closed, successor, ..board })
    }
}

/// The board of this event, if the event's values give this address.
fn checked(address: Address, event: &IBoards::BoardCreated) -> Option<Board> {
    let threshold = u8::try_from(event.threshold).ok()?;
    let members = event.members.clone();
    check_form(threshold, &members).ok()?;
    let matches = address_of(threshold, &members, event.salt) == address;
    matches.then_some(Board { address, threshold, members, left: Vec::new(), closed: false, successor: None })
}
