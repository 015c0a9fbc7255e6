//! Computes the address of a board: a clone (ERC-1167) made by CREATE2, with threshold and members appended to its code.

use alloy::{
    primitives::{Address, B256, U256, hex},
    sol_types::SolValue,
};
use hospital_record_contracts::boards::{self, CLONE, implementation};

pub(crate) fn address_of(threshold: u8, members: &[Address], salt: B256) -> Address {
    let arguments = (U256::from(threshold), members.to_vec()).abi_encode_params();
    // At most 16 members.
    let length = u16::try_from(arguments.len() + 45).unwrap_or(u16::MAX).to_be_bytes();
    let code = [
        [0x61].as_slice(),
        length.as_slice(),
        hex!("3d81600a3d39f3").as_slice(),
        CLONE[0],
        implementation().as_slice(),
        CLONE[1],
        &arguments,
    ]
    .concat();
    boards::ADDRESS.create2_from_code(salt, code)
}
