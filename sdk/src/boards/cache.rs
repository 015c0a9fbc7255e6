//! Boards that this process has already looked up.

use std::collections::HashMap;

use alloy::primitives::Address;

use crate::{base::bounds::KEPT, boards::board::Board};

/// Only the threshold and members of boards, because these never change. All else is read again each time, so a provider
/// that lags hides nothing for longer than it lags.
#[derive(Default)]
pub(crate) struct BoardCache(pub(crate) HashMap<Address, Board>);

impl BoardCache {
    pub(crate) fn keep(&mut self, board: Board) {
        if self.0.len() >= KEPT {
            self.0.clear();
        }
        self.0.insert(board.address, board);
    }
}
