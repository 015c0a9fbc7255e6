//! Nodes and chains.

use hospital_record::{Address, Deployment, node::NodeInfo};
use wasm_bindgen::prelude::*;

use crate::values::{Plain, text};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface Deployment {
    /** EIP-155 chain id. */
    chain: number;
    contract: Address;
}

/** What a node says that it offers. Each service is a URL relative to the node's address; not there if it is off. */
export interface NodeInfo {
    version: number;
    software: string;
    chainId: number;
    /** By name; `HospitalRecord` is always there. */
    contracts: Record<string, Address>;
    rpc?: string;
    events?: string;
    blocks?: string;
    frames?: string;
    relay?: string;
    login?: string;
    directory?: string;
}
"#;

pub(crate) fn deployment(deployment: Deployment) -> JsValue {
    let contract = Address::from(deployment.contract.0);
    Plain::new().with("chain", deployment.chain as f64).with("contract", text(contract)).done()
}

pub(crate) fn node_info(info: &NodeInfo) -> JsValue {
    let contracts = info.contracts.iter();
    let contracts = contracts.fold(Plain::new(), |plain, (name, address)| plain.with(name, text(address)));
    Plain::new()
        .with("version", info.version)
        .with("software", &info.software)
        .with("chainId", info.chain_id as f64)
        .with("contracts", contracts.done())
        .maybe("rpc", info.rpc.as_ref())
        .maybe("events", info.events.as_ref())
        .maybe("blocks", info.blocks.as_ref())
        .maybe("frames", info.frames.as_ref())
        .maybe("relay", info.relay.as_ref())
        .maybe("login", info.login.as_ref())
        .maybe("directory", info.directory.as_ref())
        .done()
}
