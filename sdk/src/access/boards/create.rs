//! Creates boards.

use alloy::primitives::{Address, B256, U256};
use hospital_record_contracts::boards::{IBoards::createCall, is_board};

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::error::{Result, fill_random},
    boards::{
        address::address_of,
        board::{Board, check_form},
    },
    platform::cache::BOARDS,
};

/// A board that was created.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedBoard {
    /// The board.
    pub board: Board,
    /// Hash of the transaction. `None` if an earlier call created the board, or a relay carried it and no transaction is
    /// known.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) async fn create_board(person: &Person, threshold: u8, members: &[Address]) -> Result<CreatedBoard> {
    check_form(threshold, members)?;
    person.boards.on_chain.deployed_at().await?;
    person.can_pay(1).await?;
    for member in members {
        person.people().profile_of(*member, None).await?;
    }
    let place = salt_key(person, threshold, members);
    let salt = salt_for(person, &place).await?;
    let address = address_of(threshold, members, salt);
    // An earlier call can have sent the transaction of this very board.
    if let Some(in_vain) = person.settle_earlier().await? {
        tracing::info!(in_vain, "an earlier transaction");
    }
    let receipt = match is_board(&person.ledger().code(address).await?) {
        true => Confirmed::default(),
        false => {
            let call = createCall { threshold: U256::from(threshold), members: members.to_vec(), salt };
            person.send(person.boards.on_chain.to_send(&call)).await?
        }
    };
    let board = person.after(receipt.transaction, person.boards.at(address).await)?;
    if let Err(error) = person.cache.remove(BOARDS, place).await {
        tracing::warn!(%error, "another board with the same members would be this board");
    }
    Ok(CreatedBoard { board, transaction: receipt.transaction, gas: receipt.gas })
}

/// A new salt for each board, because the same people can have several boards. It stays the same until the call returns
/// the board, so a repeated call creates no second one.
async fn salt_for(person: &Person, place: &[u8]) -> Result<B256> {
    let row = person.cache.get(BOARDS, place.to_vec()).await?;
    if let Some(salt) = row.and_then(|row| B256::try_from(&*row).ok()) {
        return Ok(salt);
    }
    let mut salt = B256::ZERO;
    fill_random(salt.as_mut_slice())?;
    person.cache.put(BOARDS, place.to_vec(), salt.to_vec()).await?;
    Ok(salt)
}

fn salt_key(person: &Person, threshold: u8, members: &[Address]) -> Vec<u8> {
    let members = members.iter().flatten().copied().collect::<Vec<u8>>();
    person.own_key(&[&[threshold], &members])
}
