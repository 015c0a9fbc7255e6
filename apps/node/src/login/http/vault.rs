//! Vaults: made, added to, looked at and deleted by their accounts.

use axum::{Extension, body::Body, extract::State, http::HeaderMap, response::Response};
use hospital_record::node::messages::{Begin, Bytes, Ended, Evaluated, NewVault, NewWay, Status};
use hospital_record_core::vault::{opaque, sealed};

use crate::{
    answer::Said,
    clock::now,
    guard::Caller,
    login::{
        Parts, Room, VAULT, described,
        http::{answer, malformed, network, random, said, short, user},
        problem::Problem,
        rows::{New, Registrar, Way},
    },
};

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
        rows.may_register(&registrar, &name, [random()?, random()?], now()).await?;
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
        let NewVault { user, generation, record, wrapped, sealed } = vault;
        if sealed.len() != sealed::SEALED {
            return Err(malformed("this is no sealed vault"));
        }
        let way = room.way(&user, record, wrapped).await?;
        room.0.rows.put(&registrar, &New { generation, sealed: &sealed, way: &way }, now()).await?;
        Ok(Status { generation, ways: 1, logins: 0 })
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
        let NewWay { user, generation, record, wrapped } = way;
        let way = room.way(&user, record, wrapped).await?;
        room.0.rows.add_way(&registrar, generation, &way, now()).await?;
        Ok(room.0.rows.status(registrar.account).await?)
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
    said(async { Ok(room.0.rows.status(room.0.members.account(&headers).await?).await?) }.await)
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

    async fn way(&self, typed: &str, record: Bytes, wrapped: Bytes) -> Result<Way, Problem> {
        if wrapped.len() != sealed::WRAPPED {
            return Err(malformed("this is no wrapped key of a vault"));
        }
        opaque::check_record(&record).map_err(|error| malformed(&error.to_string()))?;
        let name = self.0.keys.id("name", user(typed)?.as_bytes()).await?;
        Ok(Way { name, record, wrapped })
    }
}
