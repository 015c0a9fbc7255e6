//! The proof that an account writes at a node: a signed statement for one host, good for a quarter of an hour.

use std::{fmt, str::FromStr, time::Duration};

use alloy::{
    primitives::{Address, B256, U256, hex},
    sol_types::{SolStruct, eip712_domain},
};
use hospital_record_core::id::Deployment;

use crate::{
    base::error::{Error, Result, fail},
    people::identity::Identity,
    relay::key,
};

/// The longest time that a session is good for.
pub const LONGEST_SESSION: Duration = Duration::from_secs(15 * 60);
/// How much the clocks of a person and a node may differ.
const TOLERANCE: u64 = 60;
/// The start of a session that is written as text.
const SCHEME: &str = "hr1";

mod typed {
    #![allow(missing_docs)]

    use alloy::sol;

    sol! {
        /// The typed data that an account signs (ERC-712).
        struct Session {
            address account;
            string host;
            uint256 until;
        }
    }
}

/// The proof that an account writes at the node of one host. It gives no access to anything that is read, and a host
/// that sees it can use it nowhere else.
///
/// Its text is the bearer token of a request: `hr1.ACCOUNT.UNTIL.SIGNATURE`.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    account: Address,
    until: u64,
    signature: [u8; key::LENGTH],
}

impl Session {
    /// Signs a session for the node at this host (`clinic.example`, with its port if that is not the scheme's own), until a
    /// second since 1970.
    ///
    /// # Errors
    /// [`Error::Refused`] if the signer refuses.
    pub async fn sign(identity: &Identity, deployment: Deployment, host: &str, until: u64) -> Result<Self> {
        let account = identity.address();
        let signature = identity.sign_hash(&digest(deployment, account, host, until)).await?;
        Ok(Self { account, until, signature })
    }

    /// The account that it proves, at this host and this second.
    ///
    /// # Errors
    /// [`Error::Denied`] if it is over, is good for longer than [`LONGEST_SESSION`], or was signed by another account or
    /// for another host, chain or contract.
    pub fn verify(&self, deployment: Deployment, host: &str, now: u64) -> Result<Address> {
        if self.until.saturating_add(TOLERANCE) < now {
            return fail!(Denied, "this session is over: sign a new one, and check this machine's clock");
        }
        if self.until > now.saturating_add(LONGEST_SESSION.as_secs() + TOLERANCE) {
            return fail!(
                Denied,
                "this session is good for more than 15 minutes: sign one that ends earlier, and check this machine's clock"
            );
        }
        let digest = digest(deployment, self.account, host, self.until);
        match key::signer_of(&digest, &self.signature) {
            Some(signer) if signer == self.account => Ok(signer),
            _ => fail!(Denied, "this session was signed by another account, or for another host, chain or contract"),
        }
    }

    /// The second since 1970 in which it ends.
    pub fn until(&self) -> u64 {
        self.until
    }
}

/// What an account signs of a statement for nodes (ERC-712): it counts on one chain and for one contract.
pub(super) fn statement_hash(statement: &impl SolStruct, deployment: Deployment) -> B256 {
    statement.eip712_signing_hash(&eip712_domain! {
        name: "HospitalRecordNode",
        version: "1",
        chain_id: deployment.chain,
        verifying_contract: Address::from(deployment.contract.0),
    })
}

fn digest(deployment: Deployment, account: Address, host: &str, until: u64) -> B256 {
    let statement = typed::Session { account, host: host.to_ascii_lowercase(), until: U256::from(until) };
    statement_hash(&statement, deployment)
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}.{}.{}.{}", hex::encode(self.account), self.until, hex::encode(self.signature))
    }
}

impl FromStr for Session {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let read = |account: &str, until: &str, signature: &str| {
            let session = Self {
                account: hex::decode(account).ok()?.as_slice().try_into().ok()?,
                until: until.parse().ok()?,
                signature: hex::decode(signature).ok()?.try_into().ok()?,
            };
            // One text for each session.
            Some(session).filter(|session| session.to_string() == text)
        };
        let session = match parts[..] {
            [SCHEME, account, until, signature] => read(account, until, signature),
            _ => None,
        };
        session.ok_or_else(|| Error::Invalid("this is no session: one looks like hr1.ACCOUNT.UNTIL.SIGNATURE".into()))
    }
}

/// Shows no signature, which is a password for a quarter of an hour.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("account", &self.account).field("until", &self.until).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use hospital_record_core::id::Account;

    use super::*;
    use crate::base::error::kind::ErrorKind;

    const NOW: u64 = 1_800_000_000;
    const HOST: &str = "clinic.example";

    fn at(chain: u64, contract: u8) -> Deployment {
        Deployment { chain, contract: Account([contract; 20]) }
    }

    async fn session(until: u64) -> (Identity, Session) {
        let (ana, _) = Identity::generate().unwrap();
        let session = Session::sign(&ana, at(1, 1), HOST, until).await.unwrap();
        (ana, session)
    }

    #[tokio::test]
    async fn session_proves_its_account_at_one_host_chain_and_contract() {
        let (ana, session) = session(NOW + 900).await;
        let read: Session = session.to_string().parse().unwrap();
        assert_eq!(read.verify(at(1, 1), "Clinic.example", NOW).unwrap(), ana.address());
        for (deployment, host) in [
            (at(1, 1), "evil.example"),
            (at(1, 1), "clinic.example:443"),
            (at(1, 1), ""),
            (at(2, 1), HOST),
            (at(1, 2), HOST),
        ] {
            let error = read.verify(deployment, host, NOW).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Denied, "{host}: {error}");
        }
        assert!(!format!("{session:?}").contains(&hex::encode(session.signature)));
    }

    #[tokio::test]
    async fn session_is_good_for_a_quarter_of_an_hour() {
        for (until, is_good) in [
            (NOW + 900, true),
            (NOW + 960, true),
            (NOW + 961, false),
            (NOW - 60, true),
            (NOW - 61, false),
            (0, false),
            (u64::MAX, false),
        ] {
            let (_, session) = session(until).await;
            assert_eq!(session.verify(at(1, 1), HOST, NOW).is_ok(), is_good, "{until}");
        }
    }

    #[tokio::test]
    async fn changed_session_is_refused() {
        let (_, session) = session(NOW + 900).await;
        let text = session.to_string();
        for place in 0..text.len() {
            for other in ["0", "1", "f", ".", "F", " "] {
                let mut changed = text.clone();
                changed.replace_range(place..=place, other);
                let verdict = changed.parse::<Session>().and_then(|session| session.verify(at(1, 1), HOST, NOW));
                assert!(verdict.is_err() || changed == text, "{changed}");
            }
        }
        for text in
            ["", "hr1", "hr1...", "hr2.00.1.00", &format!("{text}.x"), &format!(" {text}"), &text.to_uppercase()]
        {
            assert!(text.parse::<Session>().is_err(), "{text}");
        }
    }
}
