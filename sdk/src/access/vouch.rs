//! Saying in public who somebody is, and taking it back.

use std::time::SystemTime;

use alloy::primitives::{Address, B256};

use crate::{
    base::{
        builder::awaitable,
        error::{Error, Result},
        time::expiry,
    },
    client::{Client, Confirmed},
};

/// How long a vouch holds unless it is told: a year.
const A_YEAR: u64 = 365 * 24 * 3600;

/// Vouches for an account; made by [`Client::vouch`].
#[must_use = "nothing happens until it is awaited"]
pub struct VouchFor {
    client: Client,
    account: Address,
    role: String,
    until: Option<SystemTime>,
}

/// What was said of an account.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Vouched {
    /// Of which account.
    pub account: Address,
    /// In which role it acts.
    pub role: String,
    /// Until when; nothing for no end.
    pub until: Option<SystemTime>,
    /// Hash of the transaction.
    pub transaction: B256,
    /// Gas of the transaction.
    pub gas: u64,
}

impl Client {
    /// Says in public that `account` acts in a role, for one year unless told. It takes the place of what this person
    /// said of that account and role before, and gives no right to anything.
    ///
    /// A role is a code of a health code system (`snomed:309343006`) or a plain word (`practitioner`), 1 to 32 printable
    /// ASCII characters without blanks. It is public for ever, and so is what it says about those who grant to the
    /// account: prefer `practitioner` to a speciality.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a role or an end that cannot be, [`Error::WrongContract`] where this chain has no `Vouching`.
    pub fn vouch(&self, account: Address, role: impl Into<String>) -> VouchFor {
        VouchFor { client: self.clone(), account, role: role.into(), until: None }
    }

    /// Takes back what this person said of an account. It counts no more from this moment on.
    ///
    /// # Errors
    /// [`Error::NotFound`] when this person does not vouch for the account in this role.
    pub async fn withdraw_vouch(&self, account: Address, role: &str) -> Result<Confirmed> {
        let vouching = self.system().vouching();
        let code = role_code(role)?;
        if vouching.vouched_until(self.address(), account, code).await? == 0 {
            return Err(Error::NotFound(format!("{} does not vouch for {account} as {role}", self.address())));
        }
        self.can_pay(1).await?;
        Ok(self.send(vouching.withdraw_vouch(account, code)).await?.into())
    }
}

impl VouchFor {
    /// Until then, by the chain's clock. Short ones are safer: who loses the key can take nothing back.
    pub fn until(mut self, end: SystemTime) -> Self {
        self.until = Some(end);
        self
    }

    async fn run(self) -> Result<Vouched> {
        let Self { client, account, role, until } = self;
        if account.is_zero() || account == client.address() {
            return Err(Error::Invalid("one vouches for somebody else: name another account".into()));
        }
        let code = role_code(&role)?;
        let until = client.system().clocks().end_in_the_future(until, A_YEAR).await?;
        client.system().vouching().deployed_at().await?;
        client.can_pay(1).await?;
        let receipt = client.send(client.system().vouching().vouch(account, code, until)).await?;
        Ok(Vouched { account, role, until: expiry(until), transaction: receipt.transaction, gas: receipt.gas_used })
    }
}

awaitable!(VouchFor => Vouched);

/// A role as the contract names it.
fn role_code(role: &str) -> Result<B256> {
    let printable = role.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
    if role.is_empty() || role.len() > 32 || !printable {
        return Err(Error::Invalid(format!(
            "{role:?} is not a role: it has 1 to 32 printable ASCII characters without blanks, such as practitioner"
        )));
    }
    Ok(B256::right_padding_from(role.as_bytes()))
}
