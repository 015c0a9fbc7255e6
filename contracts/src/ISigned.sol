// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title ISigned: one account acts, another account pays
/// @notice Every contract here accepts its verbs in two ways: as a call, or as a signed request. The actor signs the
/// request (EIP-712), and anybody may send it to `relay`. The contract then acts as if the signer had called. So the
/// signer needs no ether. Fields such as `by`, `author` and `giver` name the signer, never the sender.
///
/// SIGNED STRUCTS
/// Each contract's manual lists its structs, one for each verb. A struct has the verb's name with a capital letter, the
/// verb's arguments in order, and then the tail `address signer,uint256 nonce,uint256 deadline`. Enums are uint8.
/// Arrays are hashed as EIP-712 defines. `eip712Domain` returns the domain: this contract's name, version "1", this
/// chain, this contract. So a request for one contract, or for one board, is invalid at every other.
///
/// The contract carries out exactly the words that were signed:
///
/// - A verb without an array: the hash covers the words of the call. The verb refuses a word that does not fit its
///   type.
/// - A verb with an array: `relay` accepts only the canonical ABI encoding of the arguments that it hashed.
///
/// So a call never has two meanings.
///
/// A signature by the signer's key has 65 bytes r, s, v, with s in the lower half and v 27 or 28. If the key did not
/// sign, the contract asks the signer's code, which may accept any bytes (ERC-1271).
///
/// DEADLINES AND NONCES
/// - The deadline is the last second in which the request can be carried out. Until then, the relay chooses the time
///   and the order. Short deadlines are safer.
/// - A nonce is `series << 128 | number`. Each nonce is used once, in any order, so no request delays another. Give the
///   same nonce to requests of which only one may happen. Consecutive numbers cost less gas.
/// - A request that reverts leaves its nonce unused: it can be sent again until its deadline.
/// - `invalidateNonces` starts the next series. That invalidates all outstanding requests of the account at this
///   contract. Call it when you abandon a request, before you do something else. Otherwise the old request may still be
///   carried out.
/// - Each contract, and each board, keeps the nonces of an account separately.
interface ISigned {
    /// @notice `account` invalidated every request that it had signed with a nonce of an earlier series.
    event NoncesInvalidated(address indexed account, uint256 series);

    /// @notice The verb has no signed form, or the call is not the canonical encoding of its arguments. Encode the call
    /// again, or send it without `relay`.
    error NotRelayable(bytes4 verb, uint256 length);
    /// @notice The deadline is before `time`, the time of the block. Both are in seconds since 1970. Sign a new
    /// request.
    error DeadlinePassed(uint256 deadline, uint256 time);
    /// @notice The nonce was used, or belongs to another series than the signer's current one. Sign with an unused
    /// nonce.
    error NonceUsed(address signer, uint256 nonce);
    /// @notice `signer` did not sign this request for this contract on this chain. Check the signer, the fields and the
    /// domain.
    error InvalidSignature(address signer);

    /// @notice Carries out a request of `signer`, as if the signer had called. Reverts as the call reverts.
    /// @param call Selector and arguments, as the signer would send them.
    function relay(address signer, bytes calldata call, uint256 nonce, uint256 deadline, bytes calldata signature)
        external;

    /// @notice Invalidates every outstanding request that the caller signed with a nonce. Signed as
    /// `InvalidateNonces(address signer,uint256 nonce,uint256 deadline)`.
    function invalidateNonces() external;

    /// @notice Whether the account used this nonce, and the account's current series.
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
