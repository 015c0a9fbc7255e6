//! `portal`: the portal on this machine, so that no server can change the page.

use std::{convert::Infallible, net::Ipv4Addr};

use hospital_record::{names::parse_address, node::NodeInfo};
use hospital_record_page::Page;
use http::{HeaderMap, Response, StatusCode, header};
use hyper::{Request, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;

use crate::{
    app::App,
    args::Portal,
    failure::{Failure, Kind, Result},
};

/// Serves the page until Ctrl-C.
pub(crate) async fn portal(app: &App, args: &Portal) -> Result {
    let Some(node) = &app.settings.node else {
        return Err(Failure::usage("the portal works with a hospital's node: name yours with `join URL` first"));
    };
    NodeInfo::of(node, app.timeout()?).await?;
    let page = Page::open(&args.folder).map_err(Failure::usage)?;
    let settings = settings(page.settings(), node, &app.settings.authorities)?;
    let page = page.of_server(&origin(node), settings.to_string().into_bytes()).map_err(Failure::usage)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await;
    let listener = listener.map_err(|error| Failure::new(Kind::Other, format!("port {}: {error}", args.port)))?;
    let port = listener.local_addr().map_or(args.port, |address| address.port());
    let address = format!("http://127.0.0.1:{port}");
    let words = format!("open {address}/ in a browser on this machine; Ctrl-C ends it");
    app.printer.result(&json!({"type": "portal", "address": address, "node": node}), words)?;
    app.printer.note(format!("The node must allow the page: `--allow-origin {address}` at {node}."));
    serve(listener, page, format!("127.0.0.1:{port}")).await
}

/// The page's settings, with this node and, if some are named, one's own authorities in the place of the folder's.
fn settings(of_folder: &[u8], node: &str, authorities: &[String]) -> Result<Value> {
    let mut settings: Map<String, Value> = match of_folder {
        [] => Map::new(),
        bytes => serde_json::from_slice(bytes).map_err(|error| Failure::usage(format!("portal.json: {error}")))?,
    };
    settings.insert("node".into(), node.into());
    if !authorities.is_empty() {
        let named = |who: &String| parse_address(who).map(|account| account.to_string());
        let accounts = authorities.iter().map(named).collect::<Result<Vec<_>, _>>();
        let accounts = accounts.map_err(|_| {
            Failure::usage(
                "the portal knows no contacts of yours before you log in: name each authority by its address",
            )
        })?;
        settings.insert("authorities".into(), accounts.into());
    }
    Ok(settings.into())
}

/// Scheme, host and port of a node's address, as a policy names them.
fn origin(node: &str) -> String {
    let (scheme, rest) = node.split_once("://").unwrap_or(("https", node));
    format!("{scheme}://{}", rest.split(['/', '?', '#']).next().unwrap_or_default())
}

async fn serve(listener: TcpListener, page: Page, host: String) -> Result {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Such as too many open files: others may end meanwhile.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let (page, host) = (page.clone(), host.clone());
        let answer = service_fn(move |request| {
            let answer = answer(&page, &host, &request);
            async { Ok::<_, Infallible>(answer.map(http_body_util::Full::new)) }
        });
        // A browser that goes away in the middle is no failure of this program.
        tokio::spawn(http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), answer));
    }
}

fn answer<B>(page: &Page, host: &str, request: &Request<B>) -> Response<Bytes> {
    let said = |status: StatusCode, words: &'static str| {
        let mut response = Response::new(Bytes::from_static(words.as_bytes()));
        *response.status_mut() = status;
        response
    };
    if !is_for(host, request.headers()) {
        return said(StatusCode::MISDIRECTED_REQUEST, "this is the portal of one person, at its own address alone");
    }
    let answer = page.answer(request.method(), request.uri().path(), request.headers());
    answer.unwrap_or_else(|| said(StatusCode::NOT_FOUND, "the page has no such file"))
}

/// A page whose name was pointed at this machine sends its own name.
fn is_for(host: &str, headers: &HeaderMap) -> bool {
    headers.get(header::HOST).is_some_and(|named| named.as_bytes() == host.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_the_joined_node_and_keep_what_they_have() {
        let known = "0x00000000000000000000000000000000000000AA";
        let of_folder = br#"{"hospital":"City","node":"https://other.example","authorities":["0x1"]}"#;
        let own = settings(of_folder, "https://clinic.example", &[]).unwrap();
        assert_eq!(own, json!({"hospital": "City", "node": "https://clinic.example", "authorities": ["0x1"]}));
        let own = settings(b"", "https://clinic.example", &[known.to_lowercase()]).unwrap();
        assert_eq!(own["authorities"], json!([parse_address(known).unwrap().to_string()]));
        for (of_folder, authorities) in [(&b"no"[..], vec![]), (b"[]", vec![]), (b"{}", vec!["office".to_owned()])] {
            assert_eq!(settings(of_folder, "https://a", &authorities).unwrap_err().kind, Kind::Usage);
        }
    }

    #[test]
    fn origin_is_the_beginning_of_an_address() {
        for (node, expected) in [
            ("https://clinic.example", "https://clinic.example"),
            ("http://127.0.0.1:8550/", "http://127.0.0.1:8550"),
            ("https://clinic.example:8443/node?x#y", "https://clinic.example:8443"),
        ] {
            assert_eq!(origin(node), expected);
        }
    }

    #[test]
    fn another_name_than_its_own_is_refused() {
        let named = |host: &str| HeaderMap::from_iter([(header::HOST, host.parse().unwrap())]);
        assert!(is_for("127.0.0.1:8750", &named("127.0.0.1:8750")));
        for other in ["evil.example", "127.0.0.1", "127.0.0.1:87501", "localhost:8750"] {
            assert!(!is_for("127.0.0.1:8750", &named(other)), "{other}");
        }
        assert!(!is_for("127.0.0.1:8750", &HeaderMap::new()));
    }
}
