// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title ISigned: an account acts, and another pays
/// @notice Every contract here takes its verbs in two ways: as a call, or as a request that the actor signed (EIP-712)
/// and that anybody sends to `relay`. The contract then acts as if the signer had called. So `by`, `author`, `giver` and
/// the like name the signer, never the sender. An account needs no ether to act.
///
/// WHAT IS SIGNED
/// Each contract's manual lists its structs, one for each verb. A struct has the verb's name with a capital letter, the
/// verb's arguments in order, and then the tail `address signer,uint256 nonce,uint256 deadline`. Enums are uint8. Arrays
/// are hashed as EIP-712 says. The domain is what `eip712Domain` returns: this contract's name, version "1", this chain,
/// this contract. So a request for one contract, or for one board, is void at every other.
///
/// What is signed is what is carried out. Where a verb takes no array, the words that are hashed are the words of the
/// call, and the verb refuses a word that is not of its type. Where it takes one, `relay` refuses every call but the
/// canonical ABI encoding of what it hashed. So no two readings of a call can differ.
///
/// A signature is 65 bytes r, s, v, with s in the lower half and v 27 or 28, by the signer's key. Otherwise it is
/// whatever the signer's code accepts (ERC-1271). The contract asks the code when the key did not sign.
///
/// DEADLINES AND NONCES
/// - The deadline is the last second in which the request is carried out. Until then the relay chooses when, and in what
///   order. Short deadlines are safer.
/// - A nonce is `series << 128 | number`. Each is used once, in any order, so no request can hold up another. Give the
///   same nonce to requests that must not both happen. Numbers that count upwards cost less.
/// - `invalidateNonces` starts the next series, which ends all outstanding requests of the account at this contract.
///   An account that abandons a request calls it before it does otherwise; else the old request may still come later.
/// - Each contract, and each board, counts the nonces of an account for itself.
interface ISigned {
    /// @notice `account` made void every request it had signed with a nonce of an earlier series.
    event NoncesInvalidated(address indexed account, uint256 series);

    /// @notice The verb has no signed form, or the call is not the canonical encoding of its arguments.
    error NotRelayable(bytes4 verb, uint256 length);
    /// @notice The request was to be carried out until `deadline`. Both in seconds since 1970.
    error DeadlinePassed(uint256 deadline, uint256 time);
    /// @notice The nonce was used, or is not of the signer's current series.
    error NonceUsed(address signer, uint256 nonce);
    /// @notice This is not a signature by the signer, of this request, for this contract on this chain.
    error InvalidSignature(address signer);

    /// @notice Carries out what `signer` signed, as if the signer had called. Reverts as the call does.
    /// @param call Selector and arguments, as the signer would send them.
    function relay(address signer, bytes calldata call, uint256 nonce, uint256 deadline, bytes calldata signature)
        external;

    /// @notice Makes void every request that the caller has signed with a nonce and that was not carried out.
    /// Signed as `InvalidateNonces(address signer,uint256 nonce,uint256 deadline)`.
    function invalidateNonces() external;

    /// @notice Whether this nonce of the account was used, and the series that a nonce must be of.
    function nonceUsed(address account, uint256 nonce) external view returns (bool used, uint256 series);

    /// @notice The domain of all signatures (ERC-5267).
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        );
}
