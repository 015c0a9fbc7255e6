//! Login at a node: a name and a password give a person's phrase on any machine.

use std::{fmt, time::Duration};

use alloy::primitives::{Address, Bytes};
use hospital_record_core::{
    error::{CoreError, LoginError},
    id::{Account, Deployment},
    vault::{
        opaque::{ExportKey, LoggingIn, Registering},
        sealed::{Place, VaultKey},
    },
};
use reqwest::Method;
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

use crate::{
    base::{
        bounds::Timeout,
        error::{Error, Result, fail},
        task::{MaybeSend, compute},
    },
    node::{
        ask::{ask, name_of, other_version, parse},
        call::Caller,
        join::below,
        messages::{Begin, Challenge, Ended, Evaluated, Live, NewVault, NewWay, Opened, Proof, Status, Token},
        secret::{Secret, check_password, checked_user},
        session::{LONGEST_SESSION, Session},
    },
    people::identity::Identity,
    platform::clock::now,
};

/// Logins at one node. See the [guide](crate::node).
#[derive(Clone, Debug)]
pub struct Login {
    caller: Caller,
    deployment: Deployment,
}

/// What a login gives.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoggedIn {
    /// The phrase and its account.
    pub secret: Secret,
    /// The account.
    pub account: Address,
    /// How often the vault was made anew. A lower one than before means that the node shows an old vault.
    pub generation: u64,
    /// Attempts since the last login that did not log in. Show them to the person.
    pub failures: u64,
    /// The last of these, in seconds since 1970.
    pub last_failure: Option<u64>,
    /// Names this login: for [`Login::is_live`] and [`Login::end`]. It opens nothing.
    pub token: Bytes,
    key: VaultKey,
}

/// Shows the account alone.
impl fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedIn").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Login {
    /// The logins of the node at this address (`https://clinic.example`).
    ///
    /// # Errors
    /// [`Error::NotFound`] if the node has no logins, and those of [`NodeInfo::of`](crate::node::NodeInfo::of).
    pub async fn at(address: &str, timeout: Duration) -> Result<Self> {
        let (address, timeout) = (parse(address)?, Timeout::try_from(timeout)?.get());
        let (name, info) = (name_of(&address), ask(&address, timeout).await?);
        let contract = info.contract().ok_or_else(|| other_version(&name))?;
        match &info.login {
            Some(place) => {
                let caller = Caller::new(below(&address, place, &name)?, timeout);
                let deployment = Deployment { chain: info.chain_id, contract: Account(contract.into()) };
                Ok(Self { caller, deployment })
            }
            None => fail!(NotFound, "{name} offers no login: use the recovery phrase"),
        }
    }

    /// Logs in.
    ///
    /// # Errors
    /// [`Error::Denied`] for a wrong name or password, without saying which; [`Error::Refused`] after several of these,
    /// with the time to wait; [`Error::Integrity`] if the node's vault is not the person's.
    pub async fn log_in(&self, user: &str, password: &str) -> Result<LoggedIn> {
        let user = checked_user(user)?;
        let (logging_in, request) = LoggingIn::start(password.as_bytes()).map_err(|error| self.of_login(error))?;
        let begin = Begin { user, request: request.into() };
        let challenge: Challenge = self.post("/v1/login", None, &begin).await?;
        let attempt = challenge.attempt.clone();
        let finished = self
            .stretched(password, challenge.answer, |password, answer, host| logging_in.finish(password, answer, host));
        let (proof, way) = match finished.await {
            // Without a proof it counts as failed, for the owner to hear of, only some minutes later.
            Err(error) if matches!(error, Error::Denied(_)) => {
                let ends = Proof { attempt, proof: Bytes::new() };
                let _ = self.post::<Opened>("/v1/login/proof", None, &ends).await;
                return Err(error);
            }
            finished => finished?,
        };
        let proof = Proof { attempt, proof: proof.into() };
        let opened: Opened = self.post("/v1/login/proof", None, &proof).await?;
        self.opened(opened, &way)
    }

    fn opened(&self, opened: Opened, way: &ExportKey) -> Result<LoggedIn> {
        let Opened { account, generation, sealed, wrapped, failures, last_failure, token } = opened;
        let place = self.place(account, generation);
        let key = VaultKey::unwrap(&place, way, &wrapped).map_err(CoreError::from)?;
        let content = key.open(&place, &sealed).map_err(CoreError::from)?;
        let secret = Secret::of_content(&content)?;
        match Identity::from_phrase(&secret.phrase, secret.number)?.address() == account {
            true => Ok(LoggedIn { secret, account, generation, failures, last_failure, token, key }),
            false => fail!(Integrity, "{} named another account than that of the vault", self.caller.name()),
        }
    }

    /// Puts a person's phrase into a vault at the node, under a name and a new password; or makes that vault anew, which
    /// ends all its other ways to log in and all logins. Returns its generation. Log in once to see that it opens.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a password that is too easy; [`Error::Conflict`] if somebody else has the name, or another
    /// machine changed the vault meanwhile; [`Error::Denied`] if the node does not serve the account.
    pub async fn register(&self, secret: &Secret, user: &str, password: &str) -> Result<u64> {
        let user = checked_user(user)?;
        check_password(&user, password)?;
        let identity = Identity::from_phrase(&secret.phrase, secret.number)?;
        let generation = self.status(&identity).await?.generation + 1;
        let (record, way) = self.registered(&identity, &user, password).await?;
        let place = self.place(identity.address(), generation);
        let key = VaultKey::random().map_err(CoreError::from)?;
        let sealed = key.seal(&place, &secret.content()).map_err(CoreError::from)?.into();
        let wrapped = key.wrap(&place, &way).map_err(CoreError::from)?.into();
        let vault = NewVault { user, generation, record: record.into(), wrapped, sealed };
        self.put(&identity, "/v1/vault", &vault).await.map(|status| status.generation)
    }

    /// Adds a way to log in: another name with another password, such as one on paper in a safe.
    ///
    /// # Errors
    /// As [`register`](Self::register).
    pub async fn add_way(&self, logged_in: &LoggedIn, user: &str, password: &str) -> Result<Status> {
        let user = checked_user(user)?;
        check_password(&user, password)?;
        let LoggedIn { secret, account, generation, key, .. } = logged_in;
        let identity = Identity::from_phrase(&secret.phrase, secret.number)?;
        let (record, way) = self.registered(&identity, &user, password).await?;
        let wrapped = key.wrap(&self.place(*account, *generation), &way).map_err(CoreError::from)?.into();
        let way = NewWay { user, generation: *generation, record: record.into(), wrapped };
        self.put(&identity, "/v1/vault/ways", &way).await
    }

    /// The state of an account's vault.
    ///
    /// # Errors
    /// [`Error::Denied`] if the node does not serve the account.
    pub async fn status(&self, identity: &Identity) -> Result<Status> {
        self.as_owner(Method::GET, "/v1/vault", identity).await
    }

    /// Deletes the vault of an account, and ends its logins.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub async fn delete(&self, identity: &Identity) -> Result<u64> {
        self.as_owner::<Ended>(Method::DELETE, "/v1/vault", identity).await.map(|ended| ended.logins)
    }

    /// Ends all logins of an account: on each machine, [`is_live`](Self::is_live) is false from then on.
    ///
    /// # Errors
    /// As [`status`](Self::status).
    pub async fn end_all(&self, identity: &Identity) -> Result<u64> {
        self.as_owner::<Ended>(Method::DELETE, "/v1/logins", identity).await.map(|ended| ended.logins)
    }

    /// Whether a login still stands, and with it the vault.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn is_live(&self, token: &Bytes) -> Result<bool> {
        let token = Token { token: token.clone() };
        self.post::<Live>("/v1/login/live", None, &token).await.map(|live| live.live)
    }

    /// Ends one login.
    ///
    /// # Errors
    /// If the node does not answer.
    pub async fn end(&self, token: &Bytes) -> Result<()> {
        let token = Token { token: token.clone() };
        self.post::<Ended>("/v1/login/end", None, &token).await.map(drop)
    }

    /// The record that the node will keep, and the key that it never sees.
    async fn registered(&self, identity: &Identity, user: &str, password: &str) -> Result<(Vec<u8>, ExportKey)> {
        let (registering, request) = Registering::start(password.as_bytes()).map_err(|error| self.of_login(error))?;
        let begin = Begin { user: user.to_owned(), request: request.into() };
        let session = self.session(identity).await?;
        let evaluated: Evaluated = self.post("/v1/vault/begin", Some(&session), &begin).await?;
        self.stretched(password, evaluated.answer, |password, answer, host| registering.finish(password, answer, host))
            .await
    }

    /// Argon2 takes a fifth of a second: not on a thread that serves others.
    async fn stretched<T, F>(&self, password: &str, answer: Bytes, finish: F) -> Result<T>
    where
        T: MaybeSend + 'static,
        F: FnOnce(&[u8], &[u8], &str) -> Result<T, LoginError> + MaybeSend + 'static,
    {
        let (password, host) = (Zeroizing::new(password.to_owned()), self.caller.host().to_owned());
        let done = compute(move || finish(password.as_bytes(), &answer, &host)).await;
        done?.map_err(|error| self.of_login(error))
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        session: Option<&Session>,
        body: &(impl Serialize + Sync),
    ) -> Result<T> {
        let mut request = self.caller.request(Method::POST, self.caller.url(path))?.json(body);
        if let Some(session) = session {
            request = request.bearer_auth(session);
        }
        self.caller.answer(request).await
    }

    /// Repeated once if the answer was lost: the node takes the same vault twice as one.
    async fn put(&self, identity: &Identity, path: &str, body: &(impl Serialize + Sync)) -> Result<Status> {
        let session = self.session(identity).await?;
        let put = async || {
            let request = self.caller.request(Method::PUT, self.caller.url(path))?;
            self.caller.answer(request.bearer_auth(&session).json(body)).await
        };
        match put().await {
            // The first may have taken effect, whatever the second one says.
            Err(error) if error.kind().is_outage() => put().await.map_err(|_| error),
            done => done,
        }
    }

    async fn as_owner<T: DeserializeOwned>(&self, method: Method, path: &str, identity: &Identity) -> Result<T> {
        let request = self.caller.request(method, self.caller.url(path))?;
        self.caller.answer(request.bearer_auth(self.session(identity).await?)).await
    }

    /// The proof that this account asks.
    async fn session(&self, identity: &Identity) -> Result<Session> {
        Session::sign(identity, self.deployment, self.caller.host(), now() + LONGEST_SESSION.as_secs()).await
    }

    fn place(&self, account: Address, generation: u64) -> Place<'_> {
        let (deployment, host) = (self.deployment, self.caller.host());
        Place { deployment, host, account: Account(account.into()), generation }
    }

    fn of_login(&self, error: LoginError) -> Error {
        match error {
            LoginError::Refused => Error::Denied(format!("{}: wrong name or password", self.caller.name()).into()),
            error => CoreError::from(error).into(),
        }
    }
}
