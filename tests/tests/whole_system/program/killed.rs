//! Ctrl-C and worse in the middle of `add`: the next `resume` finishes the record or removes it, and nothing between.

use std::{
    collections::BTreeSet,
    process::{Child, Command},
    sync::Arc,
    thread,
    time::Duration,
};

use hospital_record_tests::{
    anvil::Anvil,
    data::{self, MIB},
    faults,
    kubo::Kubo,
    program::Computer,
    proxy::{Gate, Proxy},
};

use super::added;

/// A moment in the life of an `add`: the program asks the chain this for the first time after its upload began.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// The manifest is pinned, nothing is signed.
    BeforeSigning,
    /// The transaction is signed and kept; the chain does not have it.
    BeforeSending,
    /// The chain has it; the program does not know.
    AfterSending,
    /// It is mined and known; the program has not looked at the journal.
    BeforeConfirming,
}

