//! The contracts for Rust: their interfaces as types, and the bytecode that is deployed.
//!
//! [`IHospitalRecord`] is generated from `IHospitalRecord.sol`, whose documentation it carries, with the members of
//! `ISigned.sol`, which all contracts share; the constants come from the committed artifact. So this crate builds without
//! a Solidity compiler. [`vouching`], [`access_requests`] and [`boards`] are the same for the contracts beside it.

use std::ops::Range;

use alloy::primitives::{Address, B256, Bytes, address, b256, bytes, hex};

mod interface {
    #![allow(missing_docs, clippy::too_many_arguments)]

    include!(concat!(env!("OUT_DIR"), "/IHospitalRecord.rs"));
}

pub use interface::IHospitalRecord;

/// The CREATE2 deployer that most chains have (Arachnid's deterministic deployment proxy).
pub const DEPLOYER: Address = address!("4e59b44847b379578588920cA78FbF26c0B4956C");

include!(concat!(env!("OUT_DIR"), "/HospitalRecord.rs"));

/// Who says of which account that it acts in a role.
pub mod vouching {
    use super::{Address, B256, Bytes, Range, address, b256, bytes};
    pub use interface::IVouching;

    mod interface {
        #![allow(missing_docs, clippy::too_many_arguments)]

        include!(concat!(env!("OUT_DIR"), "/IVouching.rs"));
    }

    include!(concat!(env!("OUT_DIR"), "/Vouching.rs"));
}

/// Who asks which patient for access.
pub mod access_requests {
    use super::{Address, B256, Bytes, Range, address, b256, bytes};
    pub use interface::IAccessRequests;

    mod interface {
        #![allow(missing_docs, clippy::too_many_arguments)]

        include!(concat!(env!("OUT_DIR"), "/IAccessRequests.rs"));
    }

    include!(concat!(env!("OUT_DIR"), "/AccessRequests.rs"));
}

/// Where boards come from, and what a board is.
pub mod boards {
    use super::{Address, B256, Bytes, Range, address, b256, bytes, hex};
    pub use board::IBoard;
    pub use interface::IBoards;

    mod interface {
        #![allow(missing_docs, clippy::too_many_arguments)]

        include!(concat!(env!("OUT_DIR"), "/IBoards.rs"));
    }

    mod board {
        #![allow(missing_docs, clippy::too_many_arguments)]

        include!(concat!(env!("OUT_DIR"), "/IBoard.rs"));
    }

    include!(concat!(env!("OUT_DIR"), "/Boards.rs"));

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

fn is_same_but(places: &[Range<usize>], due: &[u8], code: &[u8]) -> bool {
    let may_differ = |index: &usize| places.iter().any(|range| range.contains(index));
    code.len() == due.len() && (0..code.len()).filter(|index| !may_differ(index)).all(|index| code[index] == due[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_follow_from_salt_and_bytecode() {
        assert_eq!(DEPLOYER.create2_from_code(SALT, &BYTECODE), ADDRESS);
        assert_eq!(DEPLOYER.create2_from_code(vouching::SALT, &vouching::BYTECODE), vouching::ADDRESS);
        assert_eq!(
            DEPLOYER.create2_from_code(access_requests::SALT, &access_requests::BYTECODE),
            access_requests::ADDRESS
        );
        assert_eq!(DEPLOYER.create2_from_code(boards::SALT, &boards::BYTECODE), boards::ADDRESS);
        assert!(boards::BYTECODE.ends_with(ADDRESS.into_word().as_slice()), "boards are of this HospitalRecord");
    }

    #[test]
    fn only_what_the_constructor_fills_in_may_differ() {
        assert_knows_its_code(is_deployed_code, &DEPLOYED_BYTECODE, IMMUTABLES);
        assert_knows_its_code(vouching::is_deployed_code, &vouching::DEPLOYED_BYTECODE, vouching::IMMUTABLES);
        let (code, places) = (&access_requests::DEPLOYED_BYTECODE, access_requests::IMMUTABLES);
        assert_knows_its_code(access_requests::is_deployed_code, code, places);
        assert_knows_its_code(boards::is_deployed_code, &boards::DEPLOYED_BYTECODE, boards::IMMUTABLES);
        assert!(!vouching::is_deployed_code(code));
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

    fn assert_knows_its_code(is_deployed_code: fn(&[u8]) -> bool, deployed: &[u8], places: &[Range<usize>]) {
        let mut code = deployed.to_vec();
        for range in places {
            code[range.clone()].fill(0xff);
        }
        assert!(is_deployed_code(&code));
        let free = (0..code.len()).find(|index| places.iter().all(|range| !range.contains(index))).unwrap_or(0);
        code[free] ^= 1;
        assert!(!is_deployed_code(&code));
        assert!(!is_deployed_code(&deployed[1..]));
        assert!(!is_deployed_code(&[]));
    }
}
