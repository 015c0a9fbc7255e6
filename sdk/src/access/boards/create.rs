//! Making a board.

use alloy::primitives::{Address, B256, U256};
use hospital_record_contracts::boards::{IBoards::createCall, is_board};

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::error::{Result, fill_random},
    boards::{
        address::address_of,
        board::{Board, check_form},
    },
    platform::cache::{BOARDS, key},
};

/// A board that was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedBoard {
    /// The board.
    pub board: Board,
    /// Hash of the transaction; `None` where the board was there already, or a relay carried it and nobody says which one
    /// it was.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) async fn create_board(person: &Person, threshold: u8, members: &[Address]) -> Result<CreatedBoard> {
    check_form(threshold, members)?;
    person.boards().on_chain.deployed_at().await?;
    person.can_pay(1).await?;
    for member in members {
        person.people().profile_of(*member, None).await?;
    }
    let place = board_being_made(person, threshold, members);
    let salt = kept_salt(person, &place).await?;
    let address = address_of(threshold, members, salt);
    // What an earlier call left on its way may be this very board.
    if let Some(in_vain) = person.settle_earlier().await? {
        tracing::info!(in_vain, "an earlier transaction");
    }
    let receipt = match is_board(&person.ledger().code(address).await?) {
        true => Confirmed::default(),
        false => {
            let call = createCall { threshold: U256::from(threshold), members: members.to_vec(), salt };
            person.send(person.boards().on_chain.to_send(&call)).await?
        }
    };
    let board = person.after(receipt.transaction, person.boards().at(address).await)?;
    if let Err(error) = person.cache().remove(BOARDS, place).await {
        tracing::warn!(%error, "made again with the same members, it would be this board");
    }
    Ok(CreatedBoard { board, transaction: receipt.transaction, gas: receipt.gas })
}

/// Another one each time, because the same people may have several boards; but the same until the board was returned.
async fn kept_salt(person: &Person, place: &[u8]) -> Result<B256> {
    let kept = person.cache().get(BOARDS, place.to_vec()).await?;
    if let Some(salt) = kept.and_then(|kept| B256::try_from(&*kept).ok()) {
        return Ok(salt);
    }
    let mut salt = B256::ZERO;
    fill_random(salt.as_mut_slice())?;
    person.cache().put(BOARDS, place.to_vec(), salt.to_vec()).await?;
    Ok(salt)
}

fn board_being_made(person: &Person, threshold: u8, members: &[Address]) -> Vec<u8> {
    let members = members.iter().flatten().copied().collect::<Vec<u8>>();
    key(&[&person.deployment_key(), person.address().as_slice(), &[threshold], &members])
}
