//! The contracts for Rust: their interfaces as types, and the bytecode that is deployed.
//!
//! [`IHospitalRecord`] is generated from `IHospitalRecord.sol`, whose documentation it carries, with the members of
//! `ISigned.sol`, which all contracts share; the constants come from the committed artifact. So this crate builds without
//! a Solidity compiler. [`vouching`], [`access_requests`] and [`boards`] are the same for the contracts beside it, and
//! [`ALL`] lists them.

use std::ops::Range;

use alloy::primitives::{Address, B256, Bytes, address, hex};

// Below, `boards` takes the place of the generated one.
#[allow(unreachable_pub)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/contracts.rs"));
}

pub use generated::*;
pub use hospital_record::{ADDRESS, BYTECODE, DEPLOYED_BYTECODE, IHospitalRecord, IMMUTABLES, SALT};

/// The CREATE2 deployer that most chains have (Arachnid's deterministic deployment proxy).
pub const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

/// A contract that is at one address on every chain.
#[derive(Debug)]
pub struct Artifact {
    /// As the source calls it.
    pub name: &'static str,
    /// Where it is: CREATE2 of salt and bytecode by [`DEPLOYER`].
    pub address: Address,
    /// Salt of the deployment.
    pub salt: B256,
    /// Creation code, with its arguments.
    pub bytecode: &'static Bytes,
    /// Code after the deployment; the bytes that the constructor fills in are zero here.
    pub deployed_bytecode: &'static Bytes,
    /// Which bytes of the code the constructor fills in.
    pub immutables: &'static [Range<usize>],
}

impl Artifact {
    /// What to send to [`DEPLOYER`] to get the contract at its address.
    #[must_use]
    pub fn deploy_calldata(&self) -> Bytes {
        [self.salt.as_slice(), self.bytecode].concat().into()
    }

    /// Whether this is the code of the contract, whatever its constructor filled in.
    #[must_use]
    pub fn is_deployed_code(&self, code: &[u8]) -> bool {
        let due = self.deployed_bytecode;
        let may_differ = |index: &usize| self.immutables.iter().any(|range| range.contains(index));
        code.len() == due.len()
            && (0..code.len()).filter(|index| !may_differ(index)).all(|index| code[index] == due[index])
    }
}

/// Where boards come from, and what a board is.
pub mod boards {
    use super::{Address, hex};
    pub use crate::generated::{board::IBoard, boards::*};

    /// A clone (ERC-1167) is what stands before and behind the account that it is a clone of.
    pub const CLONE: [&[u8]; 2] = [&hex!("363d3d373d3d3d363d73"), &hex!("5af43d82803e903d91602b57fd5bf3")];

    /// What all boards are clones of: the first contract that `Boards` made.
    #[must_use]
    pub fn implementation() -> Address {
        ADDRESS.create(1)
    }

    /// Whether an account with this code does what `Board.sol` says, whoever made it.
    #[must_use]
    pub fn is_board(code: &[u8]) -> bool {
        code.starts_with(&[CLONE[0], implementation().as_slice(), CLONE[1]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_artifact_is_one_of_the_contracts() {
        let artifacts = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/artifacts")).map(Iterator::count);
        assert_eq!(artifacts.ok(), Some(ALL.len()), "a contract is missing in CONTRACTS of build.rs");
    }

    #[test]
    fn addresses_follow_from_salt_and_bytecode() {
        for contract in ALL {
            let address = DEPLOYER.create2_from_code(contract.salt, contract.bytecode);
            assert_eq!(address, contract.address, "{}", contract.name);
        }
        assert!(boards::BYTECODE.ends_with(ADDRESS.into_word().as_slice()), "boards are of this HospitalRecord");
    }

    #[test]
    fn only_what_the_constructor_fills_in_may_differ() {
        for contract in ALL {
            assert_knows_its_code(contract);
        }
        assert!(!vouching::ARTIFACT.is_deployed_code(&access_requests::DEPLOYED_BYTECODE));
    }

    #[test]
    fn a_board_is_a_clone_of_the_one_board() {
        let mut code = [boards::CLONE[0], boards::implementation().as_slice(), boards::CLONE[1], &[1; 96]].concat();
        assert!(boards::is_board(&code));
        assert!(!boards::is_board(&code[..44]) && !boards::is_board(&[]));
        for index in 0..45 {
            code[index] ^= 1;
            assert!(!boards::is_board(&code), "byte {index}");
            code[index] ^= 1;
        }
    }

    fn assert_knows_its_code(contract: &Artifact) {
        let mut code = contract.deployed_bytecode.to_vec();
        for range in contract.immutables {
            code[range.clone()].fill(0xff);
        }
        assert!(contract.is_deployed_code(&code), "{}", contract.name);
        let is_free = |index: &usize| contract.immutables.iter().all(|range| !range.contains(index));
        let free = (0..code.len()).find(is_free).unwrap_or(0);
        code[free] ^= 1;
        assert!(!contract.is_deployed_code(&code), "{}", contract.name);
        assert!(!contract.is_deployed_code(&contract.deployed_bytecode[1..]));
        assert!(!contract.is_deployed_code(&[]));
    }
}
