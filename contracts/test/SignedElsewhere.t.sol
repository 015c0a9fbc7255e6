// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Vm} from "forge-std/Vm.sol";
import {BoardBase, IBoard, IBoards} from "./BoardBase.sol";
import {Types} from "./Types.sol";
import {IVouching} from "../src/IVouching.sol";
import {IAccessRequests} from "../src/IAccessRequests.sol";
import {ISigned} from "../src/ISigned.sol";

/// Every verb with a signed form of every contract beside HospitalRecord, through one table.
contract SignedElsewhereTest is BoardBase, Types {
    struct Row {
        ISigned target;
        ISigned twin; // does the same, elsewhere
        string domain;
        string verb; // the type without its tail
        bytes fields; // as EIP-712 encodes them
        bytes call;
        uint256 key;
    }

    uint256 internal constant DEADLINE = NOW + 1 hours;
    string internal constant CASE =
        "address patient,bytes32 scope,address grantee,uint32 duration,bytes32 reason,uint16 epoch,";

    Row[] internal rows;
    IVouching internal vouching;
    IAccessRequests internal requests;
    uint256 internal patientKey;

    function setUp() public override {
        super.setUp();
        (, patientKey) = makeAddrAndKey("patient");
        vouching = IVouching(deployCode("Vouching"));
        requests = IAccessRequests(deployCode("AccessRequests"));
        _listVouching();
        _listRequests();
        _listBoards();
        _listBoard();
    }

    function test_relay_isTheCallOfTheSignerInEveryContract() public {
        for (uint256 i; i < rows.length; ++i) {
            Row memory r = rows[i];
            uint256 state = vm.snapshotState();
            vm.recordLogs();
            vm.prank(vm.addr(r.key));
            (bool done,) = address(r.target).call(r.call);
            assertTrue(done, r.verb);
            Vm.Log[] memory due = vm.getRecordedLogs();
            vm.revertToState(state);

            vm.recordLogs();
            vm.prank(stranger);
            r.target.relay(vm.addr(r.key), r.call, i, DEADLINE, _signed(r, i, DEADLINE));
            assertEq(abi.encode(vm.getRecordedLogs()), abi.encode(due), r.verb);
            vm.revertToState(state);
        }
    }

    function test_relay_takesEachRequestOnceInEveryContract() public {
        for (uint256 i; i < rows.length; ++i) {
            (Row memory r, address signer) = (rows[i], vm.addr(rows[i].key));
            uint256 state = vm.snapshotState();
            bytes memory signature = _signed(r, 7, DEADLINE);
            r.target.relay(signer, r.call, 7, DEADLINE, signature);
            vm.expectRevert(abi.encodeWithSelector(ISigned.NonceUsed.selector, signer, 7));
            r.target.relay(signer, r.call, 7, DEADLINE, signature);
            vm.revertToState(state);

            vm.prank(signer);
            r.target.invalidateNonces();
            vm.expectRevert(abi.encodeWithSelector(ISigned.NonceUsed.selector, signer, 7));
            r.target.relay(signer, r.call, 7, DEADLINE, signature);
            vm.revertToState(state);
        }
    }

    function test_relay_refusesWhatWasNotSignedInEveryContract() public {
        for (uint256 i; i < rows.length; ++i) {
            (Row memory r, address signer) = (rows[i], vm.addr(rows[i].key));
            bytes memory signature = _signed(r, 0, DEADLINE);
            _expectInvalid(stranger);
            r.target.relay(stranger, r.call, 0, DEADLINE, signature);
            _expectInvalid(signer);
            r.target.relay(signer, r.call, 1, DEADLINE, signature);
            _expectInvalid(signer);
            r.target.relay(signer, r.call, 0, DEADLINE + 1, signature);
            for (uint256 place = 4 + 31; place < r.call.length; place += 32) {
                r.call[place] ^= 0x01;
                if (r.target == boards) vm.expectRevert(); // it may make no list any more
                else _expectInvalid(signer);
                r.target.relay(signer, r.call, 0, DEADLINE, signature);
                r.call[place] ^= 0x01;
            }
        }
    }

    /// Words behind the arguments, and arguments that a list is hidden among, were not signed either.
    function test_relay_refusesWordsBehindTheCallInEveryContract() public {
        for (uint256 i; i < rows.length; ++i) {
            (Row memory r, address signer) = (rows[i], vm.addr(rows[i].key));
            bytes memory longer = bytes.concat(r.call, bytes32(uint256(uint160(stranger))));
            bytes4 verb = bytes4(longer);
            if (verb != IBoards.create.selector) _expectInvalid(signer);
            else vm.expectRevert(abi.encodeWithSelector(ISigned.NotRelayable.selector, verb, longer.length));
            r.target.relay(signer, longer, 0, DEADLINE, _signed(r, 0, DEADLINE));
        }
    }

    /// The identity precompile returns the question as its answer, which begins with the word that says yes.
    function test_relay_takesNoPrecompileForAWallet() public {
        for (uint160 precompile = 1; precompile < 5; ++precompile) {
            _expectInvalid(address(precompile));
            board.relay(address(precompile), abi.encodeCall(IBoard.appoint, (stranger)), 0, DEADLINE, "");
        }
    }

    function test_relay_refusesWhatWasSignedForAnotherContractOrBoard() public {
        for (uint256 i; i < rows.length; ++i) {
            (Row memory r, address signer) = (rows[i], vm.addr(rows[i].key));
            bytes memory signature = _signed(r, 0, DEADLINE);
            _expectInvalid(signer);
            r.twin.relay(signer, r.call, 0, DEADLINE, signature);
            // By a call: an optimizer may else ask for it only where it is used.
            uint256 chain = this.chainId();
            vm.chainId(chain + 1);
            _expectInvalid(signer);
            r.target.relay(signer, r.call, 0, DEADLINE, signature);
            vm.chainId(chain);
        }
    }

    function test_relay_worksUntilTheDeadlineInEveryContract() public {
        for (uint256 i; i < rows.length; ++i) {
            (Row memory r, address signer) = (rows[i], vm.addr(rows[i].key));
            bytes memory signature = _signed(r, 0, NOW);
            uint256 state = vm.snapshotState();
            vm.warp(NOW + 1);
            vm.expectRevert(abi.encodeWithSelector(ISigned.DeadlinePassed.selector, NOW, NOW + 1));
            r.target.relay(signer, r.call, 0, NOW, signature);
            vm.warp(NOW);
            r.target.relay(signer, r.call, 0, NOW, signature);
            vm.revertToState(state);
        }
    }

    function test_relay_refusesWhatHasNoSignedFormInEveryContract() public {
        bytes memory none = abi.encodeCall(ISigned.nonceUsed, (patient, 0));
        bytes memory again = abi.encodeCall(ISigned.relay, (patient, none, 1, DEADLINE, ""));
        for (uint256 i; i < rows.length; ++i) {
            bytes[3] memory calls = [none, again, bytes("")];
            for (uint256 j; j < 3; ++j) {
                bytes4 verb = bytes4(calls[j]);
                vm.expectRevert(abi.encodeWithSelector(ISigned.NotRelayable.selector, verb, calls[j].length));
                rows[i].target.relay(patient, calls[j], 0, DEADLINE, "");
            }
            bytes memory longer = bytes.concat(rows[i].call, hex"00");
            vm.expectRevert(abi.encodeWithSelector(ISigned.NotRelayable.selector, bytes4(longer), longer.length));
            rows[i].target.relay(patient, longer, 0, DEADLINE, "");
        }
    }

    /// `relay` acts as the signer by a call of the contract to itself: so nobody may sign for the contract.
    function test_relay_takesNoSignatureOfTheContractItself() public {
        for (uint256 i; i < rows.length; ++i) {
            (Row memory r, address self) = (rows[i], address(rows[i].target));
            _expectInvalid(self);
            r.target.relay(self, r.call, 0, DEADLINE, "");
            _expectInvalid(self);
            r.target.relay(self, r.call, 0, DEADLINE, _signed(r, 0, DEADLINE));
        }
        _expectInvalid(address(board));
        bytes memory call = abi.encodeCall(hospital.withdraw, (patient, SCOPE, laboratory));
        hospital.relay(address(board), call, 0, DEADLINE, "");
    }

    /// It has a signature of its own, which nothing can end.
    function test_veto_isNotRelayed() public {
        bytes memory call = abi.encodeCall(IBoard.veto, (_open(members[0]), patient, ""));
        vm.expectRevert(abi.encodeWithSelector(ISigned.NotRelayable.selector, bytes4(call), call.length));
        board.relay(patient, call, 0, DEADLINE, "");
    }

    /// Whoever appends an account to a call of its own is still itself.
    function test_relay_isNotForgedByAppendingASignerInAnyContract() public {
        vm.startPrank(stranger);
        for (uint256 i; i < rows.length; ++i) {
            address signer = vm.addr(rows[i].key);
            vm.recordLogs();
            (bool done,) = address(rows[i].target).call(bytes.concat(rows[i].call, bytes20(signer)));
            Vm.Log[] memory logs = vm.getRecordedLogs();
            for (uint256 j; done && j < logs.length; ++j) {
                for (uint256 t = 1; t < logs[j].topics.length; ++t) {
                    assertTrue(logs[j].topics[t] != bytes32(uint256(uint160(signer))), rows[i].verb);
                }
            }
        }
    }

    function test_eip712Domain_ofEveryContract() public view {
        for (uint256 i; i < rows.length; ++i) {
            (bytes1 fields, string memory name, string memory version, uint256 chain, address verifier, bytes32 salt,) =
                rows[i].target.eip712Domain();
            assertEq(fields, hex"0f");
            assertEq(name, rows[i].domain);
            assertEq(version, "1");
            assertEq(chain, block.chainid);
            assertEq(verifier, address(rows[i].target));
            assertEq(salt, 0);
        }
    }

    function chainId() external view returns (uint256) {
        return block.chainid;
    }

    /* THE TABLE */

    function _listVouching() internal {
        ISigned twin = ISigned(deployCode("Vouching"));
        string memory domain = "HospitalRecordVouching";
        vm.prank(members[0]);
        vouching.vouch(laboratory, "nurse", NEVER);
        bytes memory call = abi.encodeCall(IVouching.vouch, (doctor, "physician", IN_A_YEAR));
        rows.push(_row(vouching, twin, domain, "Vouch(address account,bytes32 role,uint40 until,", call, 200));
        call = abi.encodeCall(IVouching.withdraw, (laboratory, "nurse"));
        rows.push(_row(vouching, twin, domain, "Withdraw(address account,bytes32 role,", call, 200));
        rows.push(_row(vouching, twin, domain, "InvalidateNonces(", abi.encodeCall(ISigned.invalidateNonces, ()), 200));
    }

    function _listRequests() internal {
        ISigned twin = ISigned(deployCode("AccessRequests"));
        string memory domain = "HospitalRecordAccessRequests";
        string memory verb =
            "Ask(address patient,uint8 rights,uint8 purpose,uint40 grantUntil,uint40 answerBy,bytes32 reason,";
        bytes memory call = abi.encodeCall(IAccessRequests.ask, (patient, 1, 0, IN_A_YEAR, NOW + 1 days, REASON));
        rows.push(_row(requests, twin, domain, verb, call, 200));
        call = abi.encodeCall(IAccessRequests.withdraw, (patient, REASON));
        rows.push(_row(requests, twin, domain, "Withdraw(address patient,bytes32 reason,", call, 200));
        rows.push(_row(requests, twin, domain, "InvalidateNonces(", abi.encodeCall(ISigned.invalidateNonces, ()), 200));
    }

    function _listBoards() internal {
        ISigned twin = ISigned(deployCode("Boards", abi.encode(hospital)));
        string memory domain = "HospitalRecordBoards";
        bytes memory call = abi.encodeCall(IBoards.create, (2, members, "salt"));
        Row memory r = _row(boards, twin, domain, "Create(uint256 threshold,address[] members,bytes32 salt,", call, 200);
        bytes32[] memory words = new bytes32[](members.length);
        for (uint256 i; i < words.length; ++i) {
            words[i] = bytes32(uint256(uint160(members[i])));
        }
        r.fields = abi.encode(2, _hashOfList(words), bytes32("salt"));
        rows.push(r);
        rows.push(_row(boards, twin, domain, "InvalidateNonces(", abi.encodeCall(ISigned.invalidateNonces, ()), 200));
    }

    function _listBoard() internal {
        ISigned twin = _boardOf(2, 3);
        string memory domain = "HospitalRecordBoard";
        IBoard.Case memory waiting = _open(board, members[0], stranger, HOURS);
        IBoard.Case memory running = _open(board, members[0], laboratory, HOURS);
        _acknowledge(running, members[1]);
        (bytes32 id, uint24 count) = (_idOf(running), _keyChanges());
        string memory verb = string.concat("Open(", CASE, "uint24 keyChanges,");
        bytes memory call = abi.encodeCall(IBoard.open, (patient, SCOPE, doctor, HOURS, REASON, 1, count));
        rows.push(_row(board, twin, domain, verb, call, 203));
        verb = string.concat("Acknowledge(", CASE, "address opener,uint40 openedAt,uint24 keyChanges,");
        rows.push(_row(board, twin, domain, verb, abi.encodeCall(IBoard.acknowledge, (waiting, count)), 201));
        call = abi.encodeCall(IBoard.release, (id, keccak256("share")));
        rows.push(_row(board, twin, domain, "Release(bytes32 id,bytes32 share,", call, 200));
        call = abi.encodeCall(IBoard.review, (id, keccak256("finding")));
        rows.push(_row(board, twin, domain, "Review(bytes32 id,bytes32 finding,", call, 202));
        rows.push(_row(board, twin, domain, "Resign(", abi.encodeCall(IBoard.resign, ()), 202));
        call = abi.encodeCall(IBoard.acknowledgeSuccessor, (address(twin)));
        rows.push(_row(board, twin, domain, "AcknowledgeSuccessor(address successor,", call, 202));
        call = abi.encodeCall(IBoard.appoint, (doctor));
        rows.push(_row(board, twin, domain, "Appoint(address proxy,", call, patientKey));
        rows.push(_row(board, twin, domain, "InvalidateNonces(", abi.encodeCall(ISigned.invalidateNonces, ()), 202));
    }

    function _row(
        ISigned target,
        ISigned twin,
        string memory domain,
        string memory verb,
        bytes memory call,
        uint256 key
    ) internal pure returns (Row memory) {
        return Row(target, twin, domain, verb, _argumentsOf(call), call, key);
    }

    function _signed(Row memory r, uint256 nonce, uint256 deadline) internal view returns (bytes memory) {
        bytes32 typeHash = keccak256(bytes(string.concat(r.verb, TAIL)));
        bytes32 structHash = _hash(typeHash, r.fields, vm.addr(r.key), nonce, deadline);
        bytes32 domain = _separator(r.domain, block.chainid, address(r.target));
        (uint8 v, bytes32 rr, bytes32 s) = vm.sign(r.key, keccak256(abi.encodePacked(hex"1901", domain, structHash)));
        return abi.encodePacked(rr, s, v);
    }

    function _expectInvalid(address signer) internal {
        vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, signer));
    }
}
