//! The `HospitalRecord` contract for Rust: its interface as types, and the bytecode that is deployed.
//!
//! [`IHospitalRecord`] is generated from `IHospitalRecord.sol`, whose documentation it carries; the constants come from
//! the committed artifact. So this crate builds without a Solidity compiler.

use std::ops::Range;

use alloy::primitives::{Address, B256, Bytes, address, b256, bytes};

mod interface {
    #![allow(missing_docs, clippy::too_many_arguments)]

    alloy::sol! {
        #![sol(all_derives)]
        "src/IHospitalRecord.sol"
    }
}

pub use interface::IHospitalRecord;

include!(concat!(env!("OUT_DIR"), "/artifact.rs"));

/// The CREATE2 deployer that most chains have (Arachnid's deterministic deployment proxy).
pub const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// What to send to [`DEPLOYER`] to get the contract at [`ADDRESS`].
#[must_use]
pub fn deploy_calldata() -> Bytes {
    [SALT.as_slice(), &BYTECODE].concat().into()
}

/// Whether this is the code of the contract, whatever its constructor filled in.
#[must_use]
pub fn is_deployed_code(code: &[u8]) -> bool {
    let filled_in = |index: &usize| IMMUTABLES.iter().any(|range| range.contains(index));
    code.len() == DEPLOYED_BYTECODE.len()
        && (0..code.len()).filter(|index| !filled_in(index)).all(|index| code[index] == DEPLOYED_BYTECODE[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_follows_from_salt_and_bytecode() {
        assert_eq!(DEPLOYER.create2_from_code(SALT, &BYTECODE), ADDRESS);
    }

    #[test]
    fn only_what_the_constructor_fills_in_may_differ() {
        let mut code = DEPLOYED_BYTECODE.to_vec();
        for range in IMMUTABLES {
            code[range.clone()].fill(0xff);
        }
        assert!(is_deployed_code(&code));
        let free = (0..code.len()).find(|index| IMMUTABLES.iter().all(|range| !range.contains(index))).unwrap_or(0);
        code[free] ^= 1;
        assert!(!is_deployed_code(&code));
        assert!(!is_deployed_code(&DEPLOYED_BYTECODE[1..]));
        assert!(!is_deployed_code(&[]));
    }
}
