//! Boards: k of n people who together can let somebody in, in an emergency or as a rule of four eyes.
//!
//! A patient grants to a board ([`Client::grant_board`]), which deals the folder's keys to its members in shares. A member
//! opens a case ([`Client::open_case`]), others [`acknowledge`](Client::acknowledge) it, and with the k-th the board
//! passes the right to read on, for a day at most. Then members [`release`](Client::release) their shares to whom the case
//! lets in, whose [`open`](Client::open) puts them together. Fewer than k open nothing, on chain and in cryptography.
//!
//! What a board is follows from its address, so no node invents one. Cases are what a node tells: it can hide them, and
//! invent others. What counts is the patient's journal, and what members acknowledged themselves.

use std::collections::{BTreeSet, HashMap};

use alloy::{primitives::Address, sol_types::SolEvent};
use hospital_record_contracts::boards::{
    IBoard,
    IBoards::{self, BoardCreated},
};
use hospital_record_core::board::deal::MAX_MEMBERS;

use crate::{
    base::error::{Error, Result},
    ledger::newest_logs,
    system::{KEPT, System},
};

/// A board: an account that nobody has a key of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Board {
    /// Its account.
    pub address: Address,
    /// How many members are needed.
    pub threshold: u8,
    /// All members, in the board's order. They and the threshold are what the address is made of.
    pub members: Vec<Address>,
    /// Those who left.
    pub left: Vec<Address>,
    /// Whether it opens nothing any more.
    pub closed: bool,
    /// The board that k members named to follow it.
    pub successor: Option<Address>,
}

/// What boards are made of, which never changes. Nothing else of them is remembered: what a provider did not tell because it
/// lags is asked for again.
#[derive(Default)]
pub(crate) struct Seen(HashMap<Address, Board>);

impl Seen {
    fn keep(&mut self, board: Board) {
        if self.0.len() >= KEPT {
            self.0.clear();
        }
        self.0.insert(board.address, board);
    }
}

/// Events that say what a board is made of: there is one, unless a provider makes up others.
const MOST_MADE: usize = 16;

impl Board {
    /// The members who did not leave.
    pub fn present(&self) -> impl Iterator<Item = Address> {
        self.members.iter().copied().filter(|member| !self.left.contains(member))
    }

    /// Whether enough members remain, and it was not closed.
    pub fn works(&self) -> bool {
        !self.closed && self.present().count() >= usize::from(self.threshold)
    }

    /// The one who may act is a member.
    pub(crate) fn require_member(&self, account: Address) -> Result<()> {
        match self.present().any(|member| member == account) {
            true => Ok(()),
            false => Err(Error::Denied(format!("{account} is no member of the board {}, or has left", self.address))),
        }
    }
}

impl System {
    /// The board of this address. Members and threshold are as the address says; who left and whether it was closed is what
    /// the node tells.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no board was made there, [`Error::WrongContract`] where this chain has no `Boards`.
    pub async fn board(&self, address: Address) -> Result<Board> {
        let known = self.boards_seen().0.get(&address).cloned();
        let board = match known {
            Some(board) => board,
            None => self.board_made_at(address).await?,
        };
        self.standing(board).await
    }

    async fn board_made_at(&self, address: Address) -> Result<Board> {
        let topics = [Some(BoardCreated::SIGNATURE_HASH), Some(address.into_word()), None, None];
        let (logs, _) = newest_logs(&**self.ledger(), self.on_boards().events(topics).await?, MOST_MADE).await?;
        let told = logs
            .iter()
            .filter_map(|log| BoardCreated::decode_raw_log_validate(log.topics.iter().copied(), &log.data).ok());
        let found = told.into_iter().find_map(|event| checked(address, &event));
        let board = found.ok_or_else(|| {
            Error::NotFound(format!("no board was made at {address}: ask those who named it for the right address"))
        })?;
        self.boards_seen().keep(board.clone());
        Ok(board)
    }

    async fn standing(&self, board: Board) -> Result<Board> {
        let mut told = self.on_boards().ask_at(board.address, &IBoard::standingCall {}).await?;
        if let Some(witness) = self.boards_witness() {
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
    let made = crate::boards::address::address_of(threshold, &members, told.salt) == address;
    made.then_some(Board { address, threshold, members, left: Vec::new(), closed: false, successor: None })
}

/// Whether there can be such a board.
pub(crate) fn check_form(threshold: u8, members: &[Address]) -> Result<()> {
    let distinct: BTreeSet<_> = members.iter().collect();
    if members.len() > MAX_MEMBERS {
        return Err(Error::Invalid("a board has at most 16 members".into()));
    }
    if threshold == 0 || usize::from(threshold) > members.len() {
        let members = members.len();
        return Err(Error::Invalid(format!("of {members} members, between one and all are needed, not {threshold}")));
    }
    if distinct.len() != members.len() || members.iter().any(|member| member.is_zero()) {
        return Err(Error::Invalid("a member of a board is there once, and somebody".into()));
    }
    Ok(())
}
