//! Logging in, and the logins of machines.

use axum::{Extension, body::Body, extract::State, http::HeaderMap, response::Response};
use hospital_record::node::messages::{Begin, Bytes, Challenge, Ended, Live, Opened, Proof, Token};
use hospital_record_core::vault::opaque;

use crate::{
    answer::Said,
    browser::host,
    clock::now,
    guard::Caller,
    login::{
        LIVE, LOGIN, Parts, Room, described,
        http::{answer, network, random, short, user},
        keys::Id,
        problem::Problem,
        rows::{Vault, tries::Attempt},
    },
};

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
        let (user, id) = (user(&begin.user)?, random()?);
        short(&begin.request)?;
        let name = keys.id("name", user.as_bytes()).await?;
        let network = network(&room, &caller).await?;
        let record = rows.record(&name).await?;
        // OPAQUE's identity of the server: a client that asked another host gets nowhere.
        let [answer, state] = keys.log_in(&name, record.clone(), begin.request, &host(&headers)).await?;
        rows.attempt(&Attempt { id, name, network, state, record }, now()).await?;
        Ok(Challenge { attempt: Bytes::copy_from_slice(&id), answer })
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

impl Room {
    /// What stands for the name of a login.
    async fn token(&self, token: &Bytes) -> Result<Id, Problem> {
        short(token)?;
        self.0.keys.id("token", token).await
    }
}
