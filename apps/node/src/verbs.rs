//! What the program does besides serving: a backup of a node's database, and a look at its health. Neither needs a
//! shell, nor any other program.

use std::{
    env,
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    path::PathBuf,
    time::Duration,
};

use clap::Parser;

use crate::{database::Database, login};

/// The time for the connection, and for each part of the answer: the node itself waits up to 3 s for its store.
const WITHIN: Duration = Duration::from_secs(10);
/// Bytes of the answer that are read.
const LONGEST: u64 = 16 * 1024;

/// The first word, if it is not a flag.
#[derive(Parser)]
#[command(version, name = "hospital-record-node")]
pub(crate) enum Verb {
    /// Copies the database of a node, also while the node runs
    ///
    /// Copy the other files of the state folder too, and afterwards the store of --blocks.
    Backup {
        /// The state folder
        #[arg(long, env = "HOSPITAL_RECORD_NODE_STATE")]
        state: PathBuf,
        /// The new file; it must not exist
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Asks a node on this machine whether it is well: exit code 0, or 1 and the reason
    Check {
        /// Its address, without TLS
        #[arg(env = "HOSPITAL_RECORD_NODE_LISTEN", default_value = "127.0.0.1:8550")]
        address: SocketAddr,
    },
    /// The process of a node that has its login keys; the node starts it
    #[command(name = login::HOLDER, hide = true)]
    HoldLoginKeys {
        key_file: PathBuf,
        /// Make the file if it is missing
        #[arg(long)]
        new: bool,
    },
}

impl Verb {
    /// The verb of this process; `None` if it is a node.
    pub(crate) fn named() -> Option<Self> {
        let first = env::args_os().nth(1)?;
        matches!(first.to_str(), Some("backup" | "check" | login::HOLDER)).then(Self::parse)
    }

    pub(crate) async fn run(self) -> Result<(), String> {
        match self {
            Self::Backup { state, to } => Database::backup(&state, &to).await,
            Self::Check { address } => check(address),
            Self::HoldLoginKeys { key_file, new } => login::hold(&key_file, new).map_err(|error| error.to_string()),
        }
    }
}

fn check(address: SocketAddr) -> Result<(), String> {
    let here = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let address = SocketAddr::new(here, address.port());
    let answer = ask(address).map_err(|error| format!("{address}: {error}"))?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    match status {
        "200" => Ok(()),
        _ => Err(answer.rsplit("\r\n\r\n").next().unwrap_or_default().to_owned()),
    }
}

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, WITHIN)?;
    stream.set_read_timeout(Some(WITHIN))?;
    stream.set_write_timeout(Some(WITHIN))?;
    let request = format!("GET /health HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer)?;
    match answer.starts_with(b"HTTP/1.1 ") {
        true => Ok(String::from_utf8_lossy(&answer).into_owned()),
        false => Err(io::Error::other("no node answers there without TLS")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::{net::TcpListener, thread};

    use super::*;

    /// The result of a check of a server that answers so.
    fn checked(answer: &'static str) -> Result<(), String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut request, mut part) = (Vec::new(), [0; 1024]);
            while !request.ends_with(b"\r\n\r\n") {
                let length = stream.read(&mut part).unwrap();
                request.extend_from_slice(&part[..length]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request).into_owned()
        });
        let result = check(format!("0.0.0.0:{port}").parse().unwrap());
        let request = serving.join().unwrap();
        assert!(request.contains(&format!("host: 127.0.0.1:{port}\r\n")), "a name that the node accepts: {request}");
        result
    }

    #[test]
    fn node_is_well_if_its_health_is_200_and_nothing_else() {
        assert_eq!(checked("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"), Ok(()));
        let error = checked("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"error\":\"the chain does not answer\"}");
        assert_eq!(error, Err("{\"error\":\"the chain does not answer\"}".into()));
        for answer in ["HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 404 Not Found\r\n\r\n{}", "200", "", "\u{15}\u{3}\u{1}"] {
            assert!(checked(answer).is_err(), "{answer}");
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = check(format!("127.0.0.1:{port}").parse().unwrap()).unwrap_err();
        assert!(error.contains("127.0.0.1"), "{error}");
    }

    #[test]
    fn verbs_are_the_first_word_alone() {
        for (words, is_one) in [
            (&["node", "backup", "--state", "s", "--to", "f"][..], true),
            (&["node", "check"], true),
            (&["node", "check", "127.0.0.1:1"], true),
            (&["node", "backup", "--state", "s"], false),
            (&["node", "check", "clinic.example"], false),
        ] {
            assert_eq!(Verb::try_parse_from(words).is_ok(), is_one, "{words:?}");
        }
    }
}
