//! The verbs of a client, on the contract in an in-process EVM and a store in memory.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod absent;
mod add_open;
mod bad_relay;
mod bad_store;
mod boards;
mod causes;
mod contribute;
mod delegation;
mod details;
mod grant_revoke;
mod hooked;
mod kinds;
mod left_out;
mod lost_answers;
mod no_ether;
mod own_parts;
mod read_once;
mod relayed;
mod requests;
mod restore;
mod silent_store;
mod store;
mod vouching;

use hospital_record::{Client, ErrorKind, Source, System};

/// A person who can pay and has published keys.
async fn person(system: &System) -> Client {
    system.person().await.unwrap()
}

async fn two() -> (System, Client, Client) {
    let system = System::in_memory().await.unwrap();
    let (ana, lee) = (person(&system).await, person(&system).await);
    (system, ana, lee)
}

/// A small record.
fn note(text: &'static str) -> Source {
    Source::bytes("note.txt", text)
}

/// Fails unless it is an error of this kind.
#[track_caller]
fn refused<T: std::fmt::Debug>(result: hospital_record::Result<T>, kind: ErrorKind) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
}
