//! Making a board.

use alloy::primitives::{Address, B256, U256};
use hospital_record_contracts::boards::{IBoards::createCall, is_board};

use crate::{
    base::error::{Result, fill_random},
    boards::{
        address::address_of,
        board::{Board, check_form},
    },
    client::Client,
    ledger::Receipt,
    platform::cache::{BOARDS, key},
};

/// A board that was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedBoard {
    /// The board.
    pub board: Board,
    /// Hash of the transaction; zero where the board was there already.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

impl Client {
    /// Makes a board of these accounts, of which `threshold` are needed. It asks them nothing and gives nobody a right;
    /// this person need not be among them. Give the address to patients, and let them compare it.
    ///
    /// Where an answer was lost, repeat it with the same members and threshold: it is the same board. Once it was returned,
    /// the same members and threshold make another one.
    ///
    /// # Errors
    /// [`Error::Invalid`](crate::Error::Invalid) unless there are 1 to 16 distinct members and 1 <= threshold <= members,
    /// [`Error::NotFound`](crate::Error::NotFound) for a member who has published no keys: nothing could be dealt to it.
    pub async fn create_board(&self, threshold: u8, members: &[Address]) -> Result<CreatedBoard> {
        check_form(threshold, members)?;
        let system = self.system();
        system.on_boards().deployed_at().await?;
        self.can_pay(1).await?;
        for member in members {
            system.people().profile_of(*member, None).await?;
        }
        let place = self.board_being_made(threshold, members);
        let salt = self.kept_salt(&place).await?;
        let address = address_of(threshold, members, salt);
        // What an earlier call left on its way may be this very board.
        if let Some(in_vain) = self.settle_earlier().await? {
            tracing::info!(in_vain, "an earlier transaction");
        }
        let receipt = match is_board(&system.ledger().code(address).await?) {
            true => Receipt::untold(),
            false => {
                let call = createCall { threshold: U256::from(threshold), members: members.to_vec(), salt };
                self.send(system.on_boards().to_send(&call)).await?
            }
        };
        let board = self.after(receipt.transaction, system.board(address).await)?;
        if let Err(error) = system.cache().remove(BOARDS, place).await {
            tracing::warn!(%error, "made again with the same members, it would be this board");
        }
        Ok(CreatedBoard { board, transaction: receipt.transaction, gas: receipt.gas_used })
    }

    /// Another one each time, because the same people may have several boards; but the same until the board was returned.
    async fn kept_salt(&self, place: &[u8]) -> Result<B256> {
        let kept = self.system().cache().get(BOARDS, place.to_vec()).await?;
        if let Some(salt) = kept.and_then(|kept| B256::try_from(&*kept).ok()) {
            return Ok(salt);
        }
        let mut salt = B256::ZERO;
        fill_random(salt.as_mut_slice())?;
        self.system().cache().put(BOARDS, place.to_vec(), salt.to_vec()).await?;
        Ok(salt)
    }

    fn board_being_made(&self, threshold: u8, members: &[Address]) -> Vec<u8> {
        let members = members.iter().flatten().copied().collect::<Vec<u8>>();
        key(&[&self.system().deployment_key(), self.address().as_slice(), &[threshold], &members])
    }
}
