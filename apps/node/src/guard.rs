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
    about,
    answer::said_later,
    browser::Browsers,
    chain, directory, frames,
    limits::{Limit, network},
    login, relay,
};

/// Shared by all requests.
pub(crate) struct Guard {
    browsers: Browsers,
    behind_proxy: bool,
    /// Signed requests, which cost the most.
    signed: Limit<IpAddr>,
    /// Questions to the chain, also for health and metrics: they cost the hospital's provider.
    questions: Limit<IpAddr>,
    /// Frames of devices, which come all the time.
    frames: Limit<IpAddr>,
    /// Everything else.
    others: Limit<IpAddr>,
    limited: AtomicU64,
}

/// The requests of one network address in a minute, by what they cost.
#[derive(Clone, Copy)]
pub(crate) struct PerMinute {
    pub(crate) signed: NonZeroU32,
    pub(crate) questions: NonZeroU32,
    pub(crate) frames: NonZeroU32,
    pub(crate) others: NonZeroU32,
}

impl Guard {
    pub(crate) fn new(browsers: Browsers, behind_proxy: bool, most: PerMinute) -> Self {
        let most = [most.signed, most.questions, most.frames, most.others];
        let [signed, questions, frames, others] = most.map(Limit::per_minute);
        Self { browsers, behind_proxy, signed, questions, frames, others, limited: AtomicU64::default() }
    }

    /// Requests that a rate limit refused.
    pub(crate) fn limited(&self) -> u64 {
        self.limited.load(Relaxed)
    }

    fn limit(&self, request: &Request) -> &Limit<IpAddr> {
        match (request.method(), request.uri().path()) {
            (&Method::POST, relay::REQUESTS) | (&Method::PUT, directory::DIRECTORY) => &self.signed,
            (&Method::POST | &Method::PUT, path)
                if path != login::LIVE && (path.starts_with(login::LOGIN) || path.starts_with(login::VAULT)) =>
            {
                &self.signed
            }
            (_, chain::RPC | about::HEALTH | about::METRICS) => &self.questions,
            (&Method::POST, path) if path.starts_with(frames::FRAMES) => &self.frames,
            _ => &self.others,
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
    /// Counts so many questions to the chain more; if that is too many, returns the time to wait.
    pub(crate) fn counts_also(&self, more: usize) -> Result<(), Duration> {
        let more = u32::try_from(more).ok().and_then(NonZeroU32::new);
        let counted = more.map_or(Ok(()), |more| self.guard.questions.take_several(&self.network, more));
        counted.inspect_err(|_| {
            self.guard.limited.fetch_add(1, Relaxed);
        })
    }
}

pub(crate) async fn guard(
    State(guard): State<Arc<Guard>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let page = guard.browsers.page(&request);
    let mut response = match guard.browsers.check(&request) {
        Ok(()) => answered(&guard, peer, page.is_some(), request, next).await,
        Err(stopped) => stopped.into_response(),
    };
    if let Some(page) = page {
        let allowed = "content-type, authorization, cache-control, last-event-id";
        let cross_origin = [
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, page),
            (header::VARY, HeaderValue::from_static("origin")),
            (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE")),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(allowed)),
            (header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after, etag")),
        ];
        response.headers_mut().extend(cross_origin);
    }
    response
}

async fn answered(guard: &Arc<Guard>, peer: SocketAddr, is_page: bool, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let from = if guard.behind_proxy { forwarded(headers).unwrap_or(peer.ip()) } else { peer.ip() };
    let network = network(from);
    request.extensions_mut().insert(Caller { guard: guard.clone(), network });
    match (guard.limit(&request).take(&network), request.method()) {
        (Err(wait), _) => {
            guard.limited.fetch_add(1, Relaxed);
            let text = format!("too many requests: wait {} s", wait.as_secs() + 1);
            said_later(StatusCode::TOO_MANY_REQUESTS, &text, wait)
        }
        (Ok(()), &Method::OPTIONS) if is_page => StatusCode::NO_CONTENT.into_response(),
        (Ok(()), _) => next.run(request).await,
    }
}

/// The last address is the one that the proxy saw; the caller can invent those before it.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    let last = headers.get_all("x-forwarded-for").iter().next_back()?;
    last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::body::Body;

    use super::*;

    #[test]
    fn signed_requests_and_questions_have_limits_of_their_own() {
        let [signed, questions, frames, others] = [1, 2, 3, 4].map(|most| NonZeroU32::new(most).unwrap());
        let guard = Guard::new(Browsers::default(), false, PerMinute { signed, questions, frames, others });
        for (method, path, limit) in [
            (Method::POST, "/v1/requests", &guard.signed),
            (Method::PUT, "/v1/directory", &guard.signed),
            (Method::GET, "/v1/directory?q=lee", &guard.others),
            (Method::DELETE, "/v1/directory/0x00", &guard.others),
            (Method::POST, "/v1/rpc", &guard.questions),
            (Method::GET, "/health", &guard.questions),
            (Method::PUT, "/v1/pins/x", &guard.others),
            (Method::POST, "/v1/login/proof", &guard.signed),
            (Method::PUT, "/v1/vault/ways", &guard.signed),
            (Method::GET, "/v1/vault", &guard.others),
            (Method::POST, "/v1/login/live", &guard.others),
            (Method::POST, "/v1/frames/0x00/00?number=1", &guard.frames),
            (Method::GET, "/v1/frames/0x00/00", &guard.others),
        ] {
            let request = Request::builder().method(&method).uri(path).body(Body::empty()).unwrap();
            assert!(std::ptr::eq(guard.limit(&request), limit), "{method} {path}");
        }
    }
}
