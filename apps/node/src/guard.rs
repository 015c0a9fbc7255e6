//! Checks every request before a room sees it: host, origin, type, and the rate limit of its network address.

use std::{
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    answer::{said, said_later},
    browser::Browsers,
    limits::{Limit, network},
    relay,
};

/// Shared by all requests.
pub(crate) struct Guard {
    browsers: Browsers,
    behind_proxy: bool,
    /// Signed requests, which cost the most.
    signed: Limit<IpAddr>,
    /// Everything else.
    others: Limit<IpAddr>,
    limited: AtomicU64,
}

impl Guard {
    pub(crate) fn new(browsers: Browsers, behind_proxy: bool, signed: NonZeroU32, others: NonZeroU32) -> Self {
        let (signed, others) = (Limit::per_minute(signed), Limit::per_minute(others));
        Self { browsers, behind_proxy, signed, others, limited: AtomicU64::default() }
    }

    /// Requests that a rate limit refused.
    pub(crate) fn limited(&self) -> u64 {
        self.limited.load(Relaxed)
    }

    fn limit(&self, request: &Request) -> &Limit<IpAddr> {
        match request.method() == Method::POST && request.uri().path() == relay::REQUESTS {
            true => &self.signed,
            false => &self.others,
        }
    }
}

/// The network that a request came from, for rooms that count more than requests.
#[derive(Clone)]
pub(crate) struct Caller {
    guard: Arc<Guard>,
    pub(crate) network: IpAddr,
}

impl Caller {
    /// Counts so many requests more; if that is too many, returns the time to wait.
    pub(crate) fn counts_also(&self, more: usize) -> Result<(), Duration> {
        let more = u32::try_from(more).ok().and_then(NonZeroU32::new);
        let counted = more.map_or(Ok(()), |more| self.guard.others.take_several(&self.network, more));
        counted.inspect_err(|_| {
            self.guard.limited.fetch_add(1, Relaxed);
        })
    }
}

pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let page = match guard.browsers.check(&request) {
        Ok(page) => page,
        Err(stopped) => return said(stopped.status(), stopped.says()),
    };
    let headers = request.headers();
    let from = if guard.behind_proxy { forwarded(headers).unwrap_or(peer.ip()) } else { peer.ip() };
    let network = network(from);
    request.extensions_mut().insert(Caller { guard: guard.clone(), network });
    let mut response = match (guard.limit(&request).take(&network), request.method()) {
        (Err(wait), _) => {
            guard.limited.fetch_add(1, Relaxed);
            let text = format!("too many requests: wait {} s", wait.as_secs() + 1);
            said_later(StatusCode::TOO_MANY_REQUESTS, &text, wait)
        }
        (Ok(()), &Method::OPTIONS) if page.is_some() => StatusCode::NO_CONTENT.into_response(),
        (Ok(()), _) => next.run(request).await,
    };
    if let Some(page) = page {
        let cross_origin = [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, page),
            (header::VARY, HeaderValue::from_static("origin")),
            (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE")),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, authorization")),
        ];
        response.headers_mut().extend(cross_origin);
    }
    response
}

/// The last address is the one that the proxy saw; the caller can invent those before it.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}
