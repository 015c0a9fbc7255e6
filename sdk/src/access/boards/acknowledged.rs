//! Which cases a person acknowledged on this machine: a node could say so of any.

use alloy::primitives::B256;

use crate::{
    acts::person::Person,
    base::error::Result,
    boards::{board::Board, case::Case},
    platform::cache::{ACKNOWLEDGED, key},
};

/// Keeps in mind that this person acknowledged a case: a node could say so of any.
pub(crate) async fn remember_acknowledged(person: &Person, case: &Case) -> Result<()> {
    let over = case.latest_end().to_be_bytes().to_vec();
    person.cache().put(ACKNOWLEDGED, acknowledged_key(person, case), over).await
}

/// What this person acknowledged of a board on this machine, but for cases that let nobody in any more.
pub(crate) async fn acknowledged_and_not_over(person: &Person, board: &Board, now: u64) -> Result<Vec<B256>> {
    let prefix = key(&[&person.deployment_key(), person.address().as_slice(), board.address.as_slice()]);
    let rows = person.cache().rows(ACKNOWLEDGED, prefix.clone()).await?;
    // A row of an earlier version does not say until when.
    let is_over = |row: &[u8]| row.try_into().is_ok_and(|over| u64::from_be_bytes(over) <= now);
    let open = rows.iter().filter(|(_, row)| !is_over(row));
    Ok(open.filter_map(|(place, _)| B256::try_from(place.strip_prefix(prefix.as_slice())?).ok()).collect())
}

#[cfg(all(test, feature = "testing"))]
pub(crate) async fn has_acknowledged(person: &Person, case: &Case) -> Result<bool> {
    Ok(person.cache().get(ACKNOWLEDGED, acknowledged_key(person, case)).await?.is_some())
}

pub(crate) fn acknowledged_key(person: &Person, case: &Case) -> Vec<u8> {
    let me = person.address();
    let board = case.board;
    key(&[&person.deployment_key(), me.as_slice(), board.as_slice(), case.id.as_slice()])
}
