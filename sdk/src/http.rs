//! One way to speak HTTP: rustls over ring, the platform's certificates, deadlines always set.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, crypto::ring};
use rustls_platform_verifier::BuilderVerifierExt;

/// The longest text of a server that is repeated to people, in characters.
const LONGEST: usize = 300;

/// What a server said, as one short line: it cannot steer a terminal, forge a line of a log or fill a screen.
pub fn one_line(text: &str) -> String {
    let spaced = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let mut line: String = spaced.filter(|c| !is_unseen(*c)).take(LONGEST + 1).collect();
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    line.trim().to_owned()
}

/// Control characters, and those that turn the reading direction or are not seen.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A client that gives up on connecting after `connect`, and on a connection that has been silent for `idle`.
///
/// Redirects are refused: a store or RPC that answers from elsewhere is not the one that was configured.
pub(crate) fn client(connect: Duration, idle: Duration) -> Result<reqwest::Client, String> {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        // The environment is not read: a proxy would see tokens that were meant for this machine.
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(connect)
        .read_timeout(idle)
        .build()
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_server_is_one_short_line_that_steers_no_terminal() {
        let said = "no\r\nforged: line\u{1b}[2J \u{202e}txt\u{200b}\u{9b}1m\t";
        assert_eq!(one_line(said), "no  forged: line[2J txt1m");
        let long = one_line(&"é".repeat(100_000));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with("é…"));
        assert_eq!(one_line(&"x".repeat(LONGEST)), "x".repeat(LONGEST));
    }
}
