//! Acts by signature: this person signs an act, and a relay carries it to the chain and pays.

use std::{sync::atomic::Ordering, time::Duration};

use alloy::primitives::{Address, B256, Bytes, U256};

use crate::{
    acts::{confirm::Confirmed, person::Person},
    base::error::{Error, Result, fill_random},
    ledger::{Act, Call, LedgerError, Revocation, UnsignedAct},
    platform::clock::{Instant, sleep},
    relay::{Fate, SignedRequest},
};

/// How long after signing a request can still take effect.
pub(crate) const GOOD_FOR: Duration = Duration::from_secs(15 * 60);
/// How long to ask relays that cannot be reached. None of them has the request.
const UNREACHED: Duration = Duration::from_secs(10);
/// Nonces that share a word on chain. All but the first act of such a word are cheaper.
const NONCES_A_WORD: u64 = 256;

impl Person {
    /// Signs each part of a call, and has one after the other carried to the chain.
    pub(crate) async fn send_by_relay(&self, call: &Call, note: Bytes) -> Result<Confirmed> {
        let mut total: Option<Confirmed> = None;
        for act in self.contract.unsigned_acts(call) {
            let attempt = async {
                let request = self.complete_and_sign(act).await?;
                Ok((self.carry(&request).await?, request))
            };
            let before = total.as_ref().map(|earlier| earlier.transaction);
            let (receipt, request) = attempt.await.map_err(|error: Error| error.after_part(before))?;
            self.keep_request(&request, note.clone()).await;
            total = Some(match total {
                Some(earlier) => Confirmed { gas: earlier.gas + receipt.gas, ..receipt },
                None => receipt,
            });
        }
        total.ok_or_else(|| Error::Invalid("there is nothing to do".into()))
    }

    /// Sends a call as this person. A signed call has this nonce: of several attempts with one nonce at most one takes
    /// effect.
    pub(crate) async fn send_once(&self, call: &Call, nonce: U256) -> Result<Confirmed> {
        if self.relays.is_empty() {
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
        self.complete_and_sign(UnsignedAct::Revoke(revocation, 0)).await
    }

    pub(crate) async fn void_signed(&self) -> Result<Confirmed> {
        let mut confirmed: Confirmed = self.void_at(self.contract.address()).await?;
        let first = Some(confirmed.transaction);
        let partly = |error: Error| error.after_part(first);
        for beside in self.besides.all() {
            match beside.deployed_at().await {
                Ok(_) => confirmed.gas += self.void_at(beside.address()).await.map_err(partly)?.gas,
                // Nobody signs a request for a contract that is not there.
                Err(LedgerError::NotDeployed { .. }) => {}
                Err(error) => return Err(partly(error.into())),
            }
        }
        Ok(confirmed)
    }

    pub(crate) async fn void_at(&self, contract: Address) -> Result<Confirmed> {
        self.send(self.contract.invalidate_nonces_at(contract)).await
    }

    pub(crate) async fn was_carried(&self, request: &SignedRequest) -> Result<bool> {
        let act = request.act_for(&self.contract).await?;
        Ok(self.contract.took_effect(&act, request.call()).await?)
    }

    pub(crate) async fn carry(&self, request: &SignedRequest) -> Result<Confirmed> {
        let act = request.act_for(&self.contract).await?;
        // If the contract refuses it, its own error is reported before any relay is asked.
        self.ledger().call(&request.call(), None).await?;
        if self.relays.is_empty() {
            return Ok(self.sender.send(&self.signer(), request.call()).await?.into());
        }
        let start = Instant::now();
        let mut deadline = start + UNREACHED.min(self.patience);
        let mut pause = Duration::from_millis(50);
        let mut has_asked_again = false;
        loop {
            match self.ask_relays(request, &act).await {
                Ok(Some(receipt)) => return Ok(receipt),
                Ok(None) if has_asked_again => return Ok(Confirmed::default()),
                // A slow relay may report the transaction now.
                Ok(None) => has_asked_again = true,
                Err(error) => {
                    if !matches!(error.cause(), Error::Unreachable { .. }) {
                        deadline = start + self.patience;
                    }
                    if !error.may_have_happened() || Instant::now() >= deadline {
                        return Err(error);
                    }
                }
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Asks one relay after the other until the chain shows the effect. A relay's answer alone is not believed.
    /// The receipt is that of the transaction that a relay reported.
    async fn ask_relays(&self, request: &SignedRequest, act: &Act) -> Result<Option<Confirmed>> {
        let mut errors = Vec::new();
        for relay in &self.relays {
            let answer = relay.carry(request).await;
            let effect = self.contract.took_effect(act, request.call()).await;
            if matches!(effect, Ok(true)) {
                return Ok(self.receipt_of(answer).await);
            }
            let error = match answer {
                // The relay has it and may get it mined. That the chain does not answer now is not a refusal.
                Ok(_) if effect.is_err() => Error::TimedOut { service: self.ledger().name(), after: self.patience },
                Ok(Fate::Waiting | Fate::Done { .. }) => {
                    Error::TimedOut { service: relay.name(), after: self.patience }
                }
                Ok(Fate::Refused { reason }) => Error::Refused { service: relay.name(), reason: reason.into() },
                Err(error) => error,
            };
            tracing::debug!(relay = relay.name(), %error, "asking the next relay");
            errors.push(error);
        }
        Err(all_of(errors))
    }

    /// The receipt of the transaction that a relay named, if the chain has it.
    async fn receipt_of(&self, answer: Result<Fate>) -> Option<Confirmed> {
        let Ok(Fate::Done { transaction: Some(transaction) }) = answer else { return None };
        let receipt = self.ledger().receipt(transaction).await.ok().flatten();
        receipt.filter(|receipt| receipt.succeeded).map(Confirmed::from)
    }

    async fn complete_and_sign(&self, unsigned: UnsignedAct) -> Result<SignedRequest> {
        let act = match unsigned {
            UnsignedAct::Verb(call) => {
                let nonce = self.next_nonce(call.to).await?;
                return self.sign_once(&call, nonce).await;
            }
            UnsignedAct::Revoke(mut revocation, key_changes) => {
                revocation.barred = true;
                // It must also end a signed grant that is still withheld: otherwise that grant is carried first, and this
                // act is stale.
                let granted_up_to = self.clocks.believed_time().await? + GOOD_FOR.as_secs();
                Act::Revocation { patient: self.address(), revocation, granted_up_to, key_changes }
            }
        };
        self.sign_act(&act).await
    }

    async fn sign_once(&self, call: &Call, nonce: U256) -> Result<SignedRequest> {
        let deadline = self.clocks.latest_time().await? + GOOD_FOR.as_secs();
        let act = self.contract.once(call, self.address(), nonce, deadline);
        self.sign_act(&act.ok_or_else(no_signed_form)?).await
    }

    pub(crate) async fn sign_act(&self, act: &Act) -> Result<SignedRequest> {
        let contract = &self.contract;
        let digest = contract.digest_of(act).ok_or_else(no_signed_form)?;
        let signature = self.me.identity.sign_hash(&digest).await?;
        let call = contract.signed(act, Bytes::from(signature));
        Ok(SignedRequest { chain_id: contract.chain(), contract: call.to, data: call.data })
    }

    /// A nonce that no other act of this account has: this client has words of its own, and uses them in order.
    pub(crate) async fn next_nonce(&self, contract: Address) -> Result<U256> {
        let count = self.me.acts.fetch_add(1, Ordering::Relaxed);
        let first = *self.me.first_word.get_or_try_init(|| async { random_word() }).await?;
        let word = first.wrapping_add(count / NONCES_A_WORD);
        let number = U256::from(word) << 8 | U256::from(count % NONCES_A_WORD);
        let (_, series) = self.contract.nonce_used(contract, self.address(), U256::ZERO).await?;
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

/// The errors of all relays as one. An error of a relay that may still carry it counts more than a refusal.
fn all_of(mut errors: Vec<Error>) -> Error {
    let last = errors.len().saturating_sub(1);
    let worst = errors.iter().position(Error::may_have_happened).unwrap_or(last);
    match worst < errors.len() {
        true => {
            let error = errors.remove(worst);
            let others: Vec<String> = errors.iter().map(Error::to_string).collect();
            error.and_earlier((!others.is_empty()).then(|| others.join("; ")))
        }
        false => Error::Invalid("no relay is configured".into()),
    }
}
