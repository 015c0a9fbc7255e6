//! What the whole-system tests stand on: a private Anvil and a private Kubo that end with the test process, a proxy
//! that makes an RPC provider unreliable or dishonest, a store that lies, and an insider who does not use our client.

pub mod anvil;
pub mod data;
pub mod door;
pub mod faults;
pub mod http;
pub mod insider;
pub mod kubo;
pub mod liar;
pub mod node;
pub mod process;
pub mod program;
pub mod proxy;
pub mod s3;
pub mod world;
