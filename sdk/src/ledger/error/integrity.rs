//! How a history fails its check.

use alloy::primitives::B256;

/// How a history failed its check. Each is evidence against the provider (or, rarely, a deep reorganisation).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Integrity {
    /// The entry that a head commits to was not told: hidden, changed, re-dated, or the head itself is forged.
    #[error(
        "{host} tells no entry in block {block} that matches the head {head}: the history it tells is not the one on chain, use another provider"
    )]
    Missing {
        /// Host and port of the provider.
        host: String,
        /// The head without its entry.
        head: B256,
        /// The block in which it must be.
        block: u64,
    },
    /// History before what was read earlier has changed, deeper than a chain reorganises.
    #[error(
        "{host} tells the head {told}, which does not contain {known} that was verified before: use another provider, or a new state directory if the chain was started anew"
    )]
    Rewritten {
        /// Host and port of the provider.
        host: String,
        /// The newest head that was verified before.
        known: B256,
        /// The head that was told now.
        told: B256,
    },
    /// The head from a trusted source is not part of the history that was told.
    #[error(
        "{host} tells the head {told}, which does not contain the trusted head {trusted}: it hides entries or is behind (use another provider), or the head is of another patient or chain or mistyped"
    )]
    NotTrusted {
        /// Host and port of the provider.
        host: String,
        /// The head that must be part of the history.
        trusted: B256,
        /// The head that was told.
        told: B256,
    },
    /// An entry counts key changes that its event does not explain.
    #[error(
        "entry {index} counts {found} key changes where there are {expected}: the head that was told is forged, use another provider"
    )]
    KeyChanges {
        /// Position in the journal, from zero.
        index: usize,
        /// What its event makes of the count before it.
        expected: u32,
        /// What the head says.
        found: u32,
    },
    /// A kept entry does not join the entry before it.
    #[error("entry {index} kept on this machine does not join the one before it: remove the cache")]
    Cache {
        /// Position in the journal, from zero.
        index: usize,
    },
    /// On this chain `block.number` is not the number of the block (some rollups).
    #[error("the entry of block {block} says it is in block {claimed}: chains that number blocks so are not supported")]
    ForeignBlockNumbers {
        /// The block whose log it is.
        block: u64,
        /// What the contract saw.
        claimed: u64,
    },
}
