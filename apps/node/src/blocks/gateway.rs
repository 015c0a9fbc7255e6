//! Reading, as an IPFS trustless gateway (<https://specs.ipfs.tech/http-gateways/trustless-gateway/>).
//!
//! It serves blocks that have rows, and nothing else that the backing store has or could fetch.

use std::{
    collections::HashSet,
    convert::Infallible,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, TryStreamExt, stream};
use hospital_record::{
    Cid,
    store::{Block, StoreError, write_car},
};
use hospital_record_page::has_etag;

use crate::{
    answer::{Said, last_of},
    blocks::{
        ask::{Form, Format, Scope, form},
        problem::Problem,
        room::{Parts, Room},
        walk::{held, links_of},
    },
    guard::Caller,
    places::Place,
};

/// dag-pb: the blocks of a file are one entity.
const DAG_PB: u64 = 0x70;
/// The most blocks of one CAR answer: 64 GiB in blocks of 1 MiB. And the most links that wait for their turn.
const MOST: usize = 65_536;
/// How long a CID is: version, codec, hash function, length and 32 bytes.
const CID_LENGTH: usize = 36;

/// The CID at the end of a path, of the only kind that the node keeps.
pub(crate) fn cid_of(uri: &Uri) -> Result<Cid, Problem> {
    let cid: Option<Cid> = last_of(uri).parse().ok();
    cid.ok_or_else(|| Problem::Malformed("this is no CID: one looks like bafy...".into()))
}

/// A block, or the blocks below it; also by HEAD
///
/// As an IPFS trustless gateway: `Accept` chooses the format if the query does not.
#[utoipa::path(
    get,
    path = "/ipfs/{cid}",
    tag = "blocks",
    params(
        ("cid" = String, Path, description = "CIDv1, with sha2-256."),
        ("format" = inline(Option<Format>), Query, description = "One block, or a CAR."),
        ("dag-scope" = inline(Option<Scope>), Query, description = "How much a CAR contains; all of it by default."),
        ("If-None-Match" = Option<String>, Header, description = "What the caller has already."),
    ),
    responses(
        (status = 200, description = "The bytes. The caller checks them. A CAR breaks off at a missing block.", content(
            ("application/vnd.ipld.raw"), ("application/vnd.ipld.car"),
        )),
        (status = 304, description = "The caller has it already."),
        (status = 400, description = "No CID, no such scope, or a block below has no readable links.", body = Said),
        (status = 404, description = "This node does not have it.", body = Said),
        (status = 406, description = "Neither a block nor a CAR was asked for.", body = Said),
        (status = 413, description = "More blocks than one CAR has.", body = Said),
        (status = 422, description = "A block below has no readable links.", body = Said),
        (status = 503, description = "The store behind does not answer.", body = Said),
    )
)]
pub(crate) async fn read(
    State(room): State<Room>,
    caller: Option<Extension<Caller>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let caller = caller.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(caller)| caller.network);
    let answer = answer(&room, caller, method == Method::HEAD, &uri, &headers).await;
    match answer {
        Ok(response) => {
            room.0.metrics.served();
            response
        }
        // To a reader there is no difference.
        Err(Problem::Missing(_)) => Problem::NotHeld.into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn answer(
    room: &Room,
    caller: IpAddr,
    is_head: bool,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let cid = cid_of(uri)?;
    let form = form(uri, headers)?;
    let size = room.0.rows.size(&cid).await?.ok_or(Problem::NotHeld)?;
    let etag = etag(&cid, form);
    if has_etag(headers, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, described(&cid, form, &etag), unsaid()).into_response());
    }
    let body = match (form, is_head) {
        (_, true) if room.0.store.has(&cid).await? => unsaid(),
        (_, true) => return Err(Problem::NotHeld),
        (Form::Raw, false) => Body::from(held(&room.0, &cid).await?.ok_or(Problem::NotHeld)?.bytes),
        (Form::Car(scope), false) => car(room, caller, cid, scope).await?,
    };
    let mut response = (described(&cid, form, &etag), body).into_response();
    if is_head && form == Form::Raw {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(size));
    }
    Ok(response)
}

/// No body, and no claim that one would be empty.
fn unsaid() -> Body {
    Body::from_stream(stream::empty::<Result<Bytes, Infallible>>())
}

fn etag(cid: &Cid, form: Form) -> String {
    match form {
        Form::Raw => format!("\"{cid}.raw\""),
        Form::Car(scope) => format!("W/\"{cid}.car.{scope:?}\"").to_ascii_lowercase().replace("w/", "W/"),
    }
}

fn described(cid: &Cid, form: Form, etag: &str) -> [(HeaderName, String); 8] {
    let (kind, end) = match form {
        Form::Raw => ("application/vnd.ipld.raw", "bin"),
        Form::Car(_) => ("application/vnd.ipld.car; version=1; order=dfs; dups=n", "car"),
    };
    [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CACHE_CONTROL, "public, max-age=29030400, immutable".to_owned()),
        (header::ETAG, etag.to_owned()),
        (header::VARY, "accept".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{cid}.{end}\"")),
        (HeaderName::from_static("x-ipfs-path"), format!("/ipfs/{cid}")),
        (HeaderName::from_static("x-ipfs-roots"), cid.to_string()),
    ]
}

/// A CAR that is read as fast as the caller takes it. At a missing block it breaks off, without a proper end.
async fn car(room: &Room, caller: IpAddr, root: Cid, scope: Scope) -> Result<Body, Problem> {
    let parts = room.0.clone();
    let place = parts.cars.take(caller, parts.patience.place).await.ok_or(Problem::TooMany)?;
    let first = held(&parts, &root).await?.ok_or(Problem::NotHeld)?;
    let is_whole = match scope {
        Scope::All => true,
        Scope::Entity => root.codec() == DAG_PB,
        Scope::Block => false,
    };
    let mut descent = Descent { parts, pending: Vec::new(), met: HashSet::new(), _place: place };
    if is_whole {
        descent.enter(&first)?;
    }
    let rest = stream::try_unfold(descent, |mut descent| async move {
        Ok(descent.next().await.map_err(broken_off)?.map(|block| (block, descent)))
    });
    let blocks = stream::iter([Ok(first)]).chain(rest).boxed();
    Ok(Body::from_stream(write_car(&[root], blocks).map_err(|_| "a block is missing")))
}

fn broken_off(problem: Problem) -> StoreError {
    tracing::info!(reason = problem.reason(), "a CAR answer broke off");
    StoreError::Input("a block is missing".into())
}

type Name = [u8; CID_LENGTH];

/// The blocks below a root: depth first, each once.
struct Descent {
    parts: Arc<Parts>,
    /// The next is the last.
    pending: Vec<Name>,
    met: HashSet<Name>,
    _place: Place,
}

impl Descent {
    /// Notes a block that is sent, and its links.
    fn enter(&mut self, block: &Block) -> Result<(), Problem> {
        self.met.insert(name(&block.cid)?);
        for link in links_of(block)?.iter().rev() {
            let name = name(link)?;
            if !self.met.contains(&name) {
                self.pending.push(name);
            }
        }
        match self.met.len() > MOST || self.pending.len() > MOST {
            true => Err(Problem::TooLong(format!("more than {MOST} blocks: ask for parts"))),
            false => Ok(()),
        }
    }

    async fn next(&mut self) -> Result<Option<Block>, Problem> {
        while let Some(name) = self.pending.pop() {
            if self.met.contains(&name) {
                continue;
            }
            let cid = Cid::try_from(&name[..]).map_err(|_| Problem::NotHeld)?;
            let block = held(&self.parts, &cid).await?.ok_or(Problem::NotHeld)?;
            self.enter(&block)?;
            return Ok(Some(block));
        }
        Ok(None)
    }
}

/// A CID of another kind is never held.
fn name(cid: &Cid) -> Result<Name, Problem> {
    Name::try_from(cid.to_bytes()).map_err(|_| Problem::NotHeld)
}
