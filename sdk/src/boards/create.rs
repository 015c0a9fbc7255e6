//! Making a board.

use alloy::primitives::{Address, B256, U256};
use hospital_record_contracts::boards::IBoards::createCall;

use super::{Board, address::address_of, check_form};
use crate::{Client, Result, error::fill_random};

/// A board that was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedBoard {
    /// The board.
    pub board: Board,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

impl Client {
    /// Makes a board of these accounts, of which `threshold` are needed. It asks them nothing and gives nobody a right;
    /// this person need not be among them, and pays for it. Give the address to patients, and let them compare it.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) unless there are 1 to 16 distinct members and 1 <= threshold <= members,
    /// [`Error::NotFound`](crate::Error::NotFound) for a member who has published no keys: nothing could be dealt to it.
    pub async fn create_board(&self, threshold: u8, members: &[Address]) -> Result<CreatedBoard> {
        check_form(threshold, members)?;
        self.system().on_boards().deployed_at().await?;
        self.can_pay_itself(1).await?;
        for member in members {
            self.system().profile_of(*member, None).await?;
        }
        // Another each time: the same people may have several boards.
        let mut salt = B256::ZERO;
        fill_random(salt.as_mut_slice())?;
        let address = address_of(threshold, members, salt);
        let call = createCall { threshold: U256::from(threshold), members: members.to_vec(), salt };
        let receipt = self.send(self.system().on_boards().to_send(&call)).await?;
        let board = self.system().board(address).await?;
        Ok(CreatedBoard { board, transaction: receipt.transaction, gas: receipt.gas_used })
    }
}
