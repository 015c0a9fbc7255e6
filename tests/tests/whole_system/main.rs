//! The whole system through its public API, on a real Anvil and a real Kubo.

mod access;
mod another_chain;
mod browser;
mod bucket;
mod conformance;
mod contributors;
mod described;
mod events;
mod folders;
mod frames;
mod harness;
mod inputs;
mod joined;
mod listing;
mod logins;
mod lying_rpc;
mod lying_store;
mod lying_writes;
mod odd_chains;
mod other_patients;
mod outages;
mod program;
mod relay;
mod relay_abused;
mod relay_driven;
mod relay_fees;
mod restored;
mod restoring;
mod sizes;
mod story;
mod unkind_rpc;
mod unnamed;
mod wrong_places;

use std::{fmt::Debug, sync::Arc};

use futures::{StreamExt, stream};
use hospital_record::{
    Error, ErrorKind, Source,
    store::{self, Block, Store, StoreOptions},
};
use hospital_record_tests::world::World;

/// A small record.
fn note(text: &'static str) -> Source {
    Source::bytes("note.txt", text)
}

/// The error that this must be.
#[track_caller]
fn refused<T: Debug>(result: Result<T, Error>, kind: ErrorKind) -> Error {
    match result {
        Ok(value) => panic!("{kind:?} was expected, not {value:?}"),
        Err(error) => {
            assert_eq!(error.kind(), kind, "{error}");
            error
        }
    }
}

/// The world's node as the SDK sees it.
fn store_of(world: &World) -> Arc<dyn Store> {
    store::open(&world.kubo.url(), &StoreOptions::default()).unwrap()
}

/// Puts a block past our client.
async fn keep(world: &World, block: Block) {
    store_of(world).put(stream::iter([Ok(block)]).boxed()).await.unwrap();
}
