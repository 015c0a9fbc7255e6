//! The board behind an address.

use alloy::{primitives::Address, sol_types::SolEvent};
use hospital_record_contracts::boards::{
    IBoard::{self, proxyOfCall},
    IBoards::{self, BoardCreated},
};

use crate::{
    base::error::{Error, Result},
    boards::{
        address::address_of,
        board::{Board, check_form},
        known::Boards,
    },
    ledger::newest_logs,
};

/// Events that say what a board is made of: there is one, unless a provider makes up others.
const MOST_MADE: usize = 16;

impl Boards {
    /// The board of this address. Members and threshold are as the address says; who left and whether it was closed is what
    /// the node tells.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no board was made there, [`Error::WrongContract`] where this chain has no `Boards`.
    pub(crate) async fn at(&self, address: Address) -> Result<Board> {
        let known = self.seen().0.get(&address).cloned();
        let board = match known {
            Some(board) => board,
            None => self.board_made_at(address).await?,
        };
        self.standing(board).await
    }

    /// Whom a patient appointed at this board to veto cases, as the node tells.
    pub(crate) async fn proxy_of(&self, board: &Board, patient: Address) -> Result<Option<Address>> {
        let proxy = self.on_chain.ask_at(board.address, &proxyOfCall { patient }).await?;
        Ok(Some(proxy).filter(|proxy| !proxy.is_zero()))
    }

    async fn board_made_at(&self, address: Address) -> Result<Board> {
        let topics = [Some(BoardCreated::SIGNATURE_HASH), Some(address.into_word()), None, None];
        let (logs, _) = newest_logs(&*self.ledger, self.on_chain.events(topics).await?, MOST_MADE).await?;
        let told = logs
            .iter()
            .filter_map(|log| BoardCreated::decode_raw_log_validate(log.topics.iter().copied(), &log.data).ok());
        let found = told.into_iter().find_map(|event| checked(address, &event));
        let board = found.ok_or_else(|| {
            Error::NotFound(
                format!("no board was made at {address}: ask those who named it for the right address").into(),
            )
        })?;
        self.seen().keep(board.clone());
        Ok(board)
    }

    async fn standing(&self, board: Board) -> Result<Board> {
        let mut told = self.on_chain.ask_at(board.address, &IBoard::standingCall {}).await?;
        if let Some(witness) = &self.witness {
            // A node that hides who left would have new keys dealt to them.
            let other = witness.ask_at(board.address, &IBoard::standingCall {}).await?;
            (told.left, told.closed) = (told.left | other.left, told.closed | other.closed);
        }
        let left = (0..).zip(&board.members).filter(|(at, _)| told.left >> at & 1 == 1).map(|(_, member)| *member);
        let left = left.collect();
        let successor = Some(told.successor).filter(|successor| !successor.is_zero());
        Ok(Board { left, closed: told.closed, successor, ..board })
    }
}

/// Only what gives this very address is what this board is made of.
fn checked(address: Address, told: &IBoards::BoardCreated) -> Option<Board> {
    let threshold = u8::try_from(told.threshold).ok()?;
    let members = told.members.clone();
    check_form(threshold, &members).ok()?;
    let made = address_of(threshold, &members, told.salt) == address;
    made.then_some(Board { address, threshold, members, left: Vec::new(), closed: false, successor: None })
}
