//! The parts of a record: its manifest, its metadata and the DAG of its ciphertext.

pub mod dag;
pub mod manifest;
pub mod metadata;
pub mod walker;

mod node;
