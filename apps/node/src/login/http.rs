//! The requests of the room of logins.

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use hospital_record::{
    Address,
    node::{
        checked_user,
        messages::{Begin, Bytes, Challenge, Ended, Evaluated, Live, NewVault, NewWay, Opened, Proof, Status, Token},
    },
};
use hospital_record_core::vault::{opaque, sealed};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    answer::{Said, body_of, json},
    clock::now,
    guard::Caller,
    login::{
        LIVE, LOGIN, Parts, Room, VAULT, described,
        keys::Id,
        problem::Problem,
        rows::{Registrar, Vault, Way},
    },
};

/// The longest body of a request in bytes.
const LONGEST: usize = 8 << 10;

/// Begin a login (OPAQUE)
#[utoipa::path(
    post,
    path = LOGIN,
    tag = "login",
    request_body = described::Begin,
    responses(
        (status = 200, description = "The answer, also for a name that nobody has.", body = described::Challenge),
        (status = 400, description = "No request of a login, or a name or bytes that cannot be right.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 413, description = "The body is too long.", body = Said),
        (status = 429, description = "Too many attempts.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
    )
)]
pub(crate) async fn begin(
    State(room): State<Room>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(body, async |begin: Begin| {
        let Parts { rows, keys, .. } = &*room.0;
        let (user, attempt) = (user(&begin.user)?, random()?);
        short(&begin.request)?;
        let name = keys.id("name", user.as_bytes()).await?;
        let network = network(&room, &caller).await?;
        let record = rows.record(&name).await?;
        let [answer, state] = keys.log_in(&name, record, begin.request, &host(&headers)).await?;
        rows.attempt(&attempt, &name, &network, &state, now()).await?;
        Ok(Challenge { attempt: Bytes::copy_from_slice(&attempt), answer })
    })
    .await
}

/// Prove that one knows the password
#[utoipa::path(
    post,
    path = "/v1/login/proof",
    tag = "login",
    request_body = described::Proof,
    responses(
        (status = 200, description = "The vault, and a new login.", body = described::Opened),
        (status = 400, description = "No request of a login, or a name or bytes that cannot be right.", body = Said),
        (status = 401, description = "Wrong name or password, or the attempt is over.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 413, description = "The body is too long.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
    )
)]
pub(crate) async fn prove(State(room): State<Room>, headers: HeaderMap, body: Body) -> Response {
    answer(body, async |proof: Proof| {
        let Parts { rows, keys, .. } = &*room.0;
        let attempt = Id::try_from(proof.attempt.as_ref()).map_err(|_| Problem::Refused)?;
        let (token, host) = (random()?, host(&headers));
        let is_proven = |state: &[u8]| opaque::finish(state, &proof.proof, &host).is_ok();
        let vault = rows.prove(&attempt, &keys.id("token", &token).await?, now(), is_proven).await?;
        opened(vault, &token)
    })
    .await
}

fn opened(vault: Vault, token: &Id) -> Result<Opened, Problem> {
    let Vault { account, generation, sealed, wrapped, failures, last_failure } = vault;
    let damaged = || {
        tracing::error!("a row of the database is damaged");
        Problem::Unavailable
    };
    Ok(Opened {
        account: account.parse().map_err(|_| damaged())?,
        generation,
        sealed: sealed.parse().map_err(|_| damaged())?,
        wrapped: wrapped.parse().map_err(|_| damaged())?,
        failures,
        last_failure,
        token: Bytes::copy_from_slice(token),
    })
}

/// Whether a login still stands
#[utoipa::path(
    post,
    path = LIVE,
    tag = "login",
    request_body = described::Token,
    responses(
        (status = 200, description = "Whether it does.", body = described::Live),
        (status = 400, description = "No request of a login, or a name or bytes that cannot be right.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 413, description = "The body is too long.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
    )
)]
pub(crate) async fn live(State(room): State<Room>, body: Body) -> Response {
    answer(body, async |Token { token }| {
        let live = room.0.rows.is_live(&room.token(&token).await?).await?;
        Ok(Live { live })
    })
    .await
}

/// End one login
#[utoipa::path(
    post,
    path = "/v1/login/end",
    tag = "login",
    request_body = described::Token,
    responses(
        (status = 200, description = "It has ended.", body = described::Ended),
        (status = 400, description = "No request of a login, or a name or bytes that cannot be right.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 413, description = "The body is too long.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
    )
)]
pub(crate) async fn end(State(room): State<Room>, body: Body) -> Response {
    answer(body, async |Token { token }| {
        let logins = room.0.rows.end(&room.token(&token).await?).await?;
        Ok(Ended { logins })
    })
    .await
}

/// Begin a registration (OPAQUE)
#[utoipa::path(
    post,
    path = "/v1/vault/begin",
    tag = "login",
    request_body = described::Begin,
    security(("session" = [])),
    responses(
        (status = 200, description = "The answer.", body = described::Evaluated),
        (status = 400, description = "No request of a login, or a name or bytes that cannot be right.", body = Said),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "The node does not serve this account.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 409, description = "Somebody else has this name, or the vault was changed meanwhile.", body = Said),
        (status = 413, description = "The body is too long.", body = Said),
        (status = 429, description = "Too many attempts.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
    )
)]
pub(crate) async fn begin_vault(
    State(room): State<Room>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(body, async |begin: Begin| {
        let Parts { rows, keys, .. } = &*room.0;
        let registrar = room.registrar(&headers, &caller).await?;
        short(&begin.request)?;
        let name = keys.id("name", user(&begin.user)?.as_bytes()).await?;
        rows.may_register(&registrar, &name, &random()?, now()).await?;
        Ok(Evaluated { answer: keys.register(&name, begin.request).await? })
    })
    .await
}

/// Make a vault, or make it anew
#[utoipa::path(
    put,
    path = VAULT,
    tag = "login",
    request_body = described::NewVault,
    security(("session" = [])),
    responses(
        (status = 200, description = "It is the vault now; other ways and all logins have ended.", body = described::Status),
        (status = 429, description = "Too many attempts.", body = Said),
        (status = 400, description = "No request of a login, or a name or bytes that cannot be right.", body = Said),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "The node does not serve this account.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 409, description = "Somebody else has this name, or the vault was changed meanwhile.", body = Said),
        (status = 413, description = "The body is too long.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
        (status = 507, description = "No more vaults.", body = Said),
    )
)]
pub(crate) async fn put_vault(
    State(room): State<Room>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(body, async |vault: NewVault| {
        let registrar = room.registrar(&headers, &caller).await?;
        let account = registrar.account;
        let NewVault { user, generation, record, wrapped, sealed } = vault;
        if sealed.len() != sealed::SEALED {
            return Err(malformed("this is no sealed vault"));
        }
        let way = room.way(&user, record, wrapped).await?;
        room.0.rows.count(&registrar, &random()?, now()).await?;
        room.0.rows.put(account, generation, &sealed, &way).await?;
        room.status(account).await
    })
    .await
}

/// Add a way to log in
#[utoipa::path(
    put,
    path = "/v1/vault/ways",
    tag = "login",
    request_body = described::NewWay,
    security(("session" = [])),
    responses(
        (status = 200, description = "It is added.", body = described::Status),
        (status = 429, description = "Too many attempts.", body = Said),
        (status = 400, description = "No request of a login, or a name or bytes that cannot be right.", body = Said),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "The node does not serve this account.", body = Said),
        (status = 404, description = "The account has no vault.", body = Said),
        (status = 408, description = "The body took too long.", body = Said),
        (status = 409, description = "Somebody else has this name, or the vault was changed meanwhile.", body = Said),
        (status = 413, description = "The body is too long.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
        (status = 507, description = "No more vaults.", body = Said),
    )
)]
pub(crate) async fn put_way(
    State(room): State<Room>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(body, async |way: NewWay| {
        let registrar = room.registrar(&headers, &caller).await?;
        let account = registrar.account;
        let NewWay { user, generation, record, wrapped } = way;
        let way = room.way(&user, record, wrapped).await?;
        room.0.rows.count(&registrar, &random()?, now()).await?;
        room.0.rows.add_way(account, generation, &way).await?;
        room.status(account).await
    })
    .await
}

/// The state of a vault
#[utoipa::path(
    get,
    path = VAULT,
    tag = "login",
    security(("session" = [])),
    responses(
        (status = 200, description = "The state; generation 0 if there is none.", body = described::Status),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 403, description = "The node does not serve this account.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
    )
)]
pub(crate) async fn status(State(room): State<Room>, headers: HeaderMap) -> Response {
    said(async { room.status(room.0.members.account(&headers).await?).await }.await)
}

/// Delete a vault
///
/// Also of an account that the node serves no longer: what it has stays its own.
#[utoipa::path(
    delete,
    path = VAULT,
    tag = "login",
    security(("session" = [])),
    responses(
        (status = 200, description = "It is deleted, and its logins have ended.", body = described::Ended),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
    )
)]
pub(crate) async fn delete_vault(State(room): State<Room>, headers: HeaderMap) -> Response {
    said(async { Ok(Ended { logins: room.0.rows.delete(room.0.members.proven(&headers)?).await? }) }.await)
}

/// End all logins of an account
#[utoipa::path(
    delete,
    path = "/v1/logins",
    tag = "login",
    security(("session" = [])),
    responses(
        (status = 200, description = "They have ended.", body = described::Ended),
        (status = 401, description = "No session that counts here.", body = Said),
        (status = 503, description = "The login keys, the database or the chain do not answer.", body = Said),
    )
)]
pub(crate) async fn end_all(State(room): State<Room>, headers: HeaderMap) -> Response {
    said(async { Ok(Ended { logins: room.0.rows.end_all(room.0.members.proven(&headers)?).await? }) }.await)
}

impl Room {
    async fn registrar(&self, headers: &HeaderMap, caller: &Caller) -> Result<Registrar, Problem> {
        let account = self.0.members.account(headers).await?;
        let id = self.0.keys.id("registrar", account.as_slice()).await?;
        Ok(Registrar { account, id, network: network(self, caller).await? })
    }

    /// What stands for the name of a login.
    async fn token(&self, token: &Bytes) -> Result<Id, Problem> {
        short(token)?;
        self.0.keys.id("token", token).await
    }

    async fn status(&self, account: Address) -> Result<Status, Problem> {
        let has = self.0.rows.has(account).await?;
        Ok(Status { generation: has.generation, ways: has.ways, logins: has.logins })
    }

    async fn way(&self, typed: &str, record: Bytes, wrapped: Bytes) -> Result<Way, Problem> {
        if wrapped.len() != sealed::WRAPPED {
            return Err(malformed("this is no wrapped key of a vault"));
        }
        opaque::check_record(&record).map_err(|error| malformed(&error.to_string()))?;
        let name = self.0.keys.id("name", user(typed)?.as_bytes()).await?;
        Ok(Way { name, record, wrapped })
    }
}

async fn answer<T: DeserializeOwned, A: Serialize>(
    body: Body,
    work: impl AsyncFnOnce(T) -> Result<A, Problem>,
) -> Response {
    let body = match body_of(body, LONGEST).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match serde_json::from_slice(&body) {
        Ok(request) => said(work(request).await),
        // The error of the parser would repeat what was sent.
        Err(_) => malformed("this is not a request of a login: update this program").into_response(),
    }
}

/// No answer is kept anywhere on its way.
fn said<A: Serialize>(result: Result<A, Problem>) -> Response {
    let response = result.map_or_else(Problem::into_response, |answer| json(&answer));
    ([(header::CACHE_CONTROL, "no-store")], response).into_response()
}

async fn network(room: &Room, caller: &Caller) -> Result<Id, Problem> {
    room.0.keys.id("network", caller.network.to_string().as_bytes()).await
}

/// No message of a client is longer.
fn short(message: &Bytes) -> Result<(), Problem> {
    match message.len() > opaque::LONGEST_MESSAGE {
        true => Err(malformed("this is not a request of a login: it is too long")),
        false => Ok(()),
    }
}

/// One spelling, whatever the client did.
fn user(typed: &str) -> Result<String, Problem> {
    checked_user(typed).map_err(|error| malformed(&error.to_string()))
}

fn malformed(what: &str) -> Problem {
    Problem::Malformed(what.to_owned())
}

/// The identity of the server in OPAQUE: the host that the client asked. A client that asked another one gets nowhere.
fn host(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    host.unwrap_or_default().to_ascii_lowercase()
}

fn random() -> Result<Id, Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "the system gives no randomness");
        Problem::Unavailable
    })?;
    Ok(bytes)
}
