//! Remembers the cases that a person acknowledged on this machine, because a node can invent acknowledgements.

use alloy::primitives::B256;

use crate::{
    acts::person::Person,
    base::error::Result,
    boards::{board::Board, case::Case},
    platform::cache::ACKNOWLEDGED,
};

/// Stores that this person acknowledged this case, until the case can give no access.
pub(crate) async fn remember_acknowledged(person: &Person, case: &Case) -> Result<()> {
    let end = case.latest_end().to_be_bytes().to_vec();
    person.cache.put(ACKNOWLEDGED, acknowledged_key(person, case), end).await
}

/// The cases of a board that this person acknowledged on this machine and that can still give access.
pub(crate) async fn acknowledged_and_not_over(person: &Person, board: &Board, now: u64) -> Result<Vec<B256>> {
    let prefix = person.own_key(&[board.address.as_slice()]);
    let rows = person.cache.rows(ACKNOWLEDGED, prefix.clone()).await?;
    // A row of an earlier version has no end.
    let is_over = |row: &[u8]| row.try_into().is_ok_and(|end| u64::from_be_bytes(end) <= now);
    let open = rows.iter().filter(|(_, row)| !is_over(row));
    Ok(open.filter_map(|(place, _)| B256::try_from(place.strip_prefix(prefix.as_slice())?).ok()).collect())
}

pub(crate) fn acknowledged_key(person: &Person, case: &Case) -> Vec<u8> {
    person.own_key(&[case.board.as_slice(), case.id.as_slice()])
}
