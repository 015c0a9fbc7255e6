// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// A contract account that accepts what its owner's key signed.
contract Wallet {
    address internal immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view virtual returns (bytes4) {
        address signer = ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
        return signer == owner ? this.isValidSignature.selector : bytes4(0);
    }
}

/// Answers whatever it was told to, also what is no proper answer.
contract Answering {
    bytes internal answer;

    constructor(bytes memory answer_) {
        answer = answer_;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return answer;
    }
}

/// Says yes, but tries to use the moment.
contract Reentering {
    bytes internal call;

    constructor(bytes memory call_) {
        call = call_;
    }

    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        (bool succeeded,) = msg.sender.call(call);
        return succeeded ? this.isValidSignature.selector : bytes4(0);
    }
}

contract Looping {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        while (true) {}
        return 0;
    }
}

contract Reverting {
    /// With the word that says yes, and nothing else.
    fallback() external {
        bytes4 yes = IERC1271.isValidSignature.selector;
        assembly {
            mstore(0, yes)
            revert(0, 32)
        }
    }
}

/// What an account may delegate to (EIP-7702): code that knows no signatures.
contract Plain {
    receive() external payable {}
}
