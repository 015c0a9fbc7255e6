//! What the whole-system tests stand on: a private Anvil and a private Kubo that end with the test process, a proxy
//! that makes an RPC provider unreliable or dishonest, and a store that lies.

pub mod anvil;
pub mod data;
pub mod faults;
pub mod http;
pub mod kubo;
pub mod process;
pub mod proxy;
