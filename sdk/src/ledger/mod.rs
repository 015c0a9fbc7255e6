//! The seam to the chain.
