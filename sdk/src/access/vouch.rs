//! Vouches for an account in public, and withdraws a vouch.

use std::time::SystemTime;

use alloy::primitives::{Address, B256, aliases::U40};
use hospital_record_contracts::vouching::IVouching;

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::{
        builder::awaitable,
        error::{Result, fail},
        time::{A_YEAR, expiry},
    },
};

/// Vouches for an account; made by [`Vouches::give`](crate::client::vouches::Vouches::give).
///
/// The [guide](crate::vouch) has an example.
#[must_use = "nothing happens until it is awaited"]
pub struct VouchFor {
    person: Person,
    account: Address,
    role: String,
    until: Option<SystemTime>,
}

/// A vouch that was made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vouched {
    /// The account that it vouches for.
    pub account: Address,
    /// The role.
    pub role: String,
    /// When it ends; `None` for no end.
    pub until: Option<SystemTime>,
    /// Hash of the transaction. `None` if a relay carried it and no transaction is known.
    pub transaction: Option<B256>,
    /// Gas of the transaction.
    pub gas: u64,
}

pub(crate) fn vouch(person: &Person, account: Address, role: impl Into<String>) -> VouchFor {
    VouchFor { person: person.clone(), account, role: role.into(), until: None }
}

pub(crate) async fn withdraw_vouch(person: &Person, account: Address, role: &str) -> Result<Confirmed> {
    let vouching = &person.besides.vouching;
    let code = role_code(role)?;
    if vouching.vouched_until(person.address(), account, code).await? == 0 {
        return fail!(NotFound, "{} does not vouch for {account} as {role}", person.address());
    }
    person.can_pay(1).await?;
    person.send(vouching.to_send(&IVouching::withdrawCall { account, role: code })).await
}

impl VouchFor {
    /// The end of the vouch, by the chain's clock. A short vouch is safer: after you lose your key, you cannot withdraw it.
    pub fn until(mut self, end: SystemTime) -> Self {
        self.until = Some(end);
        self
    }

    async fn run(self) -> Result<Vouched> {
        let Self { person, account, role, until } = self;
        if account.is_zero() || account == person.address() {
            return fail!(Invalid, "you cannot vouch for this account: name an account other than your own");
        }
        let code = role_code(&role)?;
        let until = person.clocks.end_in_the_future(until, A_YEAR).await?;
        person.besides.vouching.deployed_at().await?;
        person.can_pay(1).await?;
        let call = IVouching::vouchCall { account, role: code, until: U40::saturating_from(until) };
        let receipt = person.send(person.besides.vouching.to_send(&call)).await?;
        Ok(Vouched { account, role, until: expiry(until), transaction: receipt.transaction, gas: receipt.gas })
    }
}

awaitable!(VouchFor => Vouched);

/// The contract's form of a role.
fn role_code(role: &str) -> Result<B256> {
    let printable = role.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if role.is_empty() || role.len() > 32 || !printable {
        return fail!(
            Invalid,
            "{role:?} is not a role: it has 1 to 32 printable ASCII characters without blanks, such as practitioner"
        );
    }
    Ok(B256::right_padding_from(role.as_bytes()))
}
