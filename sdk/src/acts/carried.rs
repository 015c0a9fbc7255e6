//! Acting by signature: each act is signed here, and carried to the chain by whoever pays for it.

use std::{sync::atomic::Ordering, time::Duration};

use alloy::primitives::{Address, B256, Bytes, U256};
use tokio::time::{Instant, sleep};

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::error::{Error, Result, fill_random},
    boards::board::Board,
    ledger::{Act, Call, LedgerError, Revocation, Step},
    relay::{Fate, SignedRequest},
};

/// How long a request may be withheld and still take effect.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(15 * 60);
/// How long relays are asked that cannot be reached: none of them has the request.
const UNREACHED: Duration = Duration::from_secs(10);
/// Acts of one account whose nonces share a word on chain, which makes all but the first of them cheaper.
const NONCES_A_WORD: u64 = 256;

/// What became of a request that relays were asked to carry, as the chain shows it.
enum Answer {
    /// It took effect; with the receipt of the transaction where a relay told it.
    Done(Option<Confirmed>),
    /// Not yet, or never, by what the relays say.
    Not(Error),
}

impl Person {
    /// Signs every part of a call, and has one after the other carried to the chain.
    pub(crate) async fn send_by_relay(&self, call: &Call, note: Bytes) -> Result<Confirmed> {
        let mut all: Option<Confirmed> = None;
        for step in self.contract().steps(call) {
            let carried = async {
                let request = self.sign_step(step).await?;
                Ok((self.carry(&request).await?, request))
            };
            let before = all.as_ref().map(|before| before.transaction);
            let (receipt, request) = carried.await.map_err(|error: Error| error.after_part(before))?;
            self.keep_request(&request, note.clone()).await;
            all = Some(match all {
                Some(before) => Confirmed { gas: before.gas + receipt.gas, ..receipt },
                None => receipt,
            });
        }
        all.ok_or_else(|| Error::Invalid("there is nothing to do".into()))
    }

    /// Sends a call as this person. Signed, it has this nonce: of several attempts with one nonce at most one takes effect.
    pub(crate) async fn send_once(&self, call: &Call, nonce: U256) -> Result<Confirmed> {
        if self.relays().is_empty() {
            return self.send(call.clone()).await;
        }
        let request = self.sign_once(call, nonce).await?;
        let note = self.note_for(call).await?;
        let receipt = self.carry(&request).await?;
        self.keep_request(&request, note).await;
        Ok(receipt)
    }

    pub(crate) async fn sign_revocation(&self, grantee: Address, scope: B256) -> Result<SignedRequest> {
        let revocation = Revocation { grantee, scope, keyring: None, barred: true };
        self.sign_step(Step::Revoke(revocation, 0)).await
    }

    pub(crate) async fn void_signed(&self) -> Result<Confirmed> {
        let mut all: Confirmed = self.void_at(self.contract().address()).await?;
        let first = Some(all.transaction);
        let partly = |error: Error| error.after_part(first);
        for beside in self.besides().all() {
            match beside.deployed_at().await {
                Ok(_) => all.gas += self.void_at(beside.address()).await.map_err(partly)?.gas,
                // Nobody has signed anything for what is not there.
                Err(LedgerError::NotDeployed { .. }) => {}
                Err(error) => return Err(partly(error.into())),
            }
        }
        Ok(all)
    }

    pub(crate) async fn void_signed_at(&self, board: &Board) -> Result<Confirmed> {
        self.void_at(board.address).await
    }

    async fn void_at(&self, contract: Address) -> Result<Confirmed> {
        self.send(self.contract().invalidate_nonces_at(contract)).await
    }

    pub(crate) async fn was_carried(&self, request: &SignedRequest) -> Result<bool> {
        let act = request.act_for(self.contract()).await?;
        Ok(self.contract().took_effect(&act, request.call()).await?)
    }

    pub(crate) async fn carry(&self, request: &SignedRequest) -> Result<Confirmed> {
        let act = request.act_for(self.contract()).await?;
        // What the contract refuses is told in its own words, before anybody else is asked.
        self.ledger().call(&request.call(), None).await?;
        if self.relays().is_empty() {
            return Ok(self.sender().send(&self.signer(), request.call()).await?.into());
        }
        let start = Instant::now();
        let mut until = start + UNREACHED.min(self.patience());
        let mut pause = Duration::from_millis(50);
        let mut asked_again = false;
        loop {
            match self.ask_relays(request, &act).await {
                Answer::Done(Some(receipt)) => return Ok(receipt),
                Answer::Done(None) if asked_again => return Ok(Confirmed::default()),
                // Who was late may say now in which transaction it was.
                Answer::Done(None) => asked_again = true,
                Answer::Not(error) => {
                    if !matches!(error.cause(), Error::Unreachable { .. }) {
                        until = start + self.patience();
                    }
                    if !error.may_have_happened() || Instant::now() >= until {
                        return Err(error);
                    }
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Asks one relay after the other until the chain shows the effect: what a relay says keeps none from being asked, and
    /// is no answer.
    async fn ask_relays(&self, request: &SignedRequest, act: &Act) -> Answer {
        let mut failed = Vec::new();
        for relay in self.relays() {
            let said = relay.carry(request).await;
            let seen = self.contract().took_effect(act, request.call()).await;
            if matches!(seen, Ok(true)) {
                return Answer::Done(self.told(said).await);
            }
            let error = match said {
                // Whoever has it may have had it mined: that nobody can say now is no refusal.
                Ok(_) if seen.is_err() => Error::TimedOut { service: self.ledger().name(), after: self.patience() },
                Ok(Fate::Waiting | Fate::Done { .. }) => {
                    Error::TimedOut { service: relay.name(), after: self.patience() }
                }
                Ok(Fate::Refused { reason }) => Error::Refused { service: relay.name(), reason: reason.into() },
                Err(error) => error,
            };
            tracing::debug!(relay = relay.name(), %error, "asking the next relay");
            failed.push(error);
        }
        Answer::Not(all_of(failed))
    }

    /// The receipt of the transaction that a relay named, where it can be had.
    async fn told(&self, said: Result<Fate>) -> Option<Confirmed> {
        let Ok(Fate::Done { transaction: Some(transaction) }) = said else { return None };
        let receipt = self.ledger().receipt(transaction).await.ok().flatten();
        receipt.filter(|receipt| receipt.succeeded).map(Confirmed::from)
    }

    async fn sign_step(&self, step: Step) -> Result<SignedRequest> {
        let act = match step {
            Step::Verb(call) => {
                let nonce = self.next_nonce(call.to).await?;
                return self.sign_once(&call, nonce).await;
            }
            Step::Revoke(mut revocation, key_changes) => {
                revocation.barred = true;
                // Also what is signed already and withheld: else whoever has it carries it first, and this is outdated.
                let granted_up_to = self.clocks().believed_time().await? + GOOD_FOR.as_secs();
                Act::Revocation { patient: self.address(), revocation, granted_up_to, key_changes }
            }
        };
        self.sign_act(&act).await
    }

    async fn sign_once(&self, call: &Call, nonce: U256) -> Result<SignedRequest> {
        let deadline = self.clocks().latest_time().await? + GOOD_FOR.as_secs();
        let act = self.contract().once(call, self.address(), nonce, deadline);
        self.sign_act(&act.ok_or_else(no_signed_form)?).await
    }

    pub(crate) async fn sign_act(&self, act: &Act) -> Result<SignedRequest> {
        let contract = self.contract();
        let digest = contract.digest_of(act).ok_or_else(no_signed_form)?;
        let signed = self.me.identity.signer().sign_hash(&digest).await;
        let signature = signed
            .map_err(|error| Error::Refused { service: "the signer".into(), reason: error.to_string().into() })?;
        let call = contract.signed(act, Bytes::from(signature.as_bytes().to_vec()));
        Ok(SignedRequest { chain_id: contract.chain(), contract: call.to, data: call.data })
    }

    /// One that no other act of this account has: a word of its own for this client, and its places in order.
    pub(crate) async fn next_nonce(&self, contract: Address) -> Result<U256> {
        let count = self.me.acts.fetch_add(1, Ordering::Relaxed);
        let first = *self.me.first_word.get_or_try_init(|| async { random_word() }).await?;
        let word = first.wrapping_add(count / NONCES_A_WORD);
        let number = U256::from(word) << 8 | U256::from(count % NONCES_A_WORD);
        let (_, series) = self.contract().nonce_used(contract, self.address(), U256::ZERO).await?;
        Ok(series << 128 | number)
    }
}

fn no_signed_form() -> Error {
    Error::Invalid("this act has no signed form".into())
}

fn random_word() -> Result<u64> {
    let mut bytes = [0; 8];
    fill_random(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

/// What the relays said, as one error: one that may still do it counts more than those that will not.
fn all_of(mut failed: Vec<Error>) -> Error {
    let last = failed.len().saturating_sub(1);
    let worst = failed.iter().position(Error::may_have_happened).unwrap_or(last);
    match worst < failed.len() {
        true => {
            let error = failed.remove(worst);
            let others: Vec<String> = failed.iter().map(Error::to_string).collect();
            error.and_earlier((!others.is_empty()).then(|| others.join("; ")))
        }
        false => Error::Invalid("no relay is configured".into()),
    }
}
