//! Boards that were asked for before.

use std::collections::HashMap;

use alloy::primitives::Address;

use crate::{base::bounds::KEPT, boards::board::Board};

/// What boards are made of, which never changes. Nothing else of them is remembered: what a provider did not tell because it
/// lags is asked for again.
#[derive(Default)]
pub(crate) struct Seen(pub(crate) HashMap<Address, Board>);

impl Seen {
    pub(crate) fn keep(&mut self, board: Board) {
        if self.0.len() >= KEPT {
            self.0.clear();
        }
        self.0.insert(board.address, board);
    }
}
