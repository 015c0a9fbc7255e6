//! What a record is made of: its manifest, its metadata, the DAG of its ciphertext.

pub mod dag;
pub mod manifest;
pub mod metadata;
pub mod walker;

mod node;
