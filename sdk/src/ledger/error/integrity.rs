//! The ways in which a history fails its check.

use alloy::primitives::B256;

/// Why a history failed its check. Each is evidence against the provider, or rarely of a deep reorg.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Integrity {
    /// The provider did not return the entry that a head commits to. It hid or changed the entry, or the head is
    /// forged.
    #[error(
        "{host} returned no entry in block {block} that matches the head {head}: its history is not the one on chain, use another provider"
    )]
    Missing {
        /// Host and port of the provider.
        host: String,
        /// The head without its entry.
        head: B256,
        /// The block that must contain it.
        block: u64,
    },
    /// The verified history has changed, deeper than a reorg.
    #[error(
        "{host} returned the head {reported}, which does not contain {known} that was verified before: use another provider, or a new state directory if the chain was restarted"
    )]
    Rewritten {
        /// Host and port of the provider.
        host: String,
        /// The newest head that was verified before.
        known: B256,
        /// The head that the provider returned now.
        reported: B256,
    },
    /// The head from a trusted source is not part of the provider's history.
    #[error(
        "{host} returned the head {reported}, which does not contain the trusted head {trusted}: it hides entries or is behind (use another provider), or the trusted head is mistyped or of another patient or chain"
    )]
    NotTrusted {
        /// Host and port of the provider.
        host: String,
        /// The head that must be part of the history.
        trusted: B256,
        /// The head that the provider returned.
        reported: B256,
    },
    /// The count of key changes of an entry does not fit its event.
    #[error(
        "entry {index} counts {found} key changes instead of {expected}: the provider's head is forged, use another provider"
    )]
    KeyChanges {
        /// Position in the journal, from zero.
        index: usize,
        /// The count that follows from its event and the previous count.
        expected: u32,
        /// The count in the head.
        found: u32,
    },
    /// A cached entry does not follow from the entry before it.
    #[error("entry {index} in the cache of this machine does not follow from the one before it: remove the cache")]
    Cache {
        /// Position in the journal, from zero.
        index: usize,
    },
    /// On this chain, `block.number` is not the number of the block (some rollups).
    #[error(
        "the entry of block {block} claims to be in block {claimed}: chains with such block numbers are not supported"
    )]
    ForeignBlockNumbers {
        /// The block whose log it is.
        block: u64,
        /// The block number that the contract saw.
        claimed: u64,
    },
}
