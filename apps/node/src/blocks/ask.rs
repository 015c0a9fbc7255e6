//! What a reader asks for: the format, the scope, and what it has already.

use axum::http::{HeaderMap, Uri, header};
use utoipa::ToSchema;

use crate::{blocks::problem::Problem, browser::CAR};

/// The form of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Raw,
    Car(Scope),
}

/// The query's name of a form.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "a description")]
pub(crate) enum Format {
    Raw,
    Car,
}

/// How much of the DAG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub(crate) enum Scope {
    Block,
    Entity,
    All,
}

const RAW: &str = "application/vnd.ipld.raw";

/// The form that a request asks for. The query has priority over `Accept`
/// (<https://specs.ipfs.tech/http-gateways/trustless-gateway/>).
pub(crate) fn form(uri: &Uri, headers: &HeaderMap) -> Result<Form, Problem> {
    let query = uri.query().unwrap_or_default();
    let of = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let scope = match of("dag-scope") {
        None | Some("all") => Scope::All,
        Some("entity") => Scope::Entity,
        Some("block") => Scope::Block,
        Some(_) => return Err(Problem::Malformed("dag-scope is block, entity or all".into())),
    };
    let asked = match of("format") {
        Some("raw") => Some(Form::Raw),
        Some("car") => Some(Form::Car(scope)),
        Some(_) => None,
        None => accepted(headers, scope),
    };
    asked.ok_or(Problem::Format)
}

fn accepted(headers: &HeaderMap, scope: Scope) -> Option<Form> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|item| {
        let mut parts = item.split(';').map(|part| part.trim().to_ascii_lowercase());
        let essence = parts.next().unwrap_or_default();
        let parameters: Vec<String> = parts.map(|part| part.replace([' ', '"'], "")).collect();
        let refused =
            |part: &String| part == "q=0" || part.strip_prefix("version=").is_some_and(|version| version != "1");
        match essence.as_str() {
            RAW if !parameters.iter().any(refused) => Some(Form::Raw),
            CAR if !parameters.iter().any(refused) => Some(Form::Car(scope)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn form_is_that_of_the_query_or_else_the_first_known_type() {
        let all = Some(Form::Car(Scope::All));
        for (query, accept, expected) in [
            ("?format=raw", "", Some(Form::Raw)),
            ("?format=car", "", all),
            ("?format=car&dag-scope=all", "", all),
            ("?dag-scope=block&format=car", "", Some(Form::Car(Scope::Block))),
            ("?format=car&dag-scope=entity&x", "", Some(Form::Car(Scope::Entity))),
            ("?format=raw", CAR, Some(Form::Raw)),
            ("", RAW, Some(Form::Raw)),
            ("", "text/html, application/vnd.ipld.raw;q=0.5", Some(Form::Raw)),
            ("", "application/vnd.ipld.car; version=1; order=dfs; dups=y, */*", all),
            ("", "Application/VND.ipld.car; version=\"1\"", all),
            ("", "application/vnd.ipld.car; version=2", None),
            ("", "application/vnd.ipld.car;q=0", None),
            ("?format=html", RAW, None),
            ("?format=tar", "", None),
            ("?format=", "", None),
            ("", "*/*", None),
            ("", "text/html", None),
            ("", "", None),
        ] {
            let uri: Uri = format!("/ipfs/x{query}").parse().unwrap();
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(form(&uri, &headers).ok(), expected, "{query} {accept}");
        }
        let uri: Uri = "/ipfs/x?format=car&dag-scope=everything".parse().unwrap();
        assert!(matches!(form(&uri, &HeaderMap::new()), Err(Problem::Malformed(_))));
    }
}
