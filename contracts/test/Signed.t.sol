// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {ISigned} from "../src/ISigned.sol";
import {Vm} from "forge-std/Vm.sol";
import {IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "./Base.sol";
import {Signing} from "./Signing.sol";

/// relay, nonces, deadlines.
contract SignedTest is Signing {
    uint8 internal constant ALL = READ | CONTRIBUTE | DELEGATE | ATTEST;
    bytes32 internal key;
    bytes32 internal other;

    function setUp() public override {
        super.setUp();
        key = _add(_digest("record", 0));
        other = _add(_digest("record", 3));
        _grant(doctor, SCOPE, ALL, NEVER);
        _passOn(doctor, laboratory, SCOPE, READ, NEVER);
    }

    /// Each verb leaves by a signature exactly the state and the entry that it leaves by a call.
    function test_relay_isTheCallOfTheSigner() public {
        (address[] memory actors, bytes[] memory calls) = _everyVerb();
        for (uint256 i; i < calls.length; ++i) {
            uint256 state = vm.snapshotState();
            vm.recordLogs();
            vm.prank(actors[i]);
            (bool succeeded,) = address(hospital).call(calls[i]);
            assertTrue(succeeded, "call");
            Vm.Log[] memory due = vm.getRecordedLogs();
            bytes32 head = hospital.journalHeadOf(patient);
            vm.revertToState(state);

            vm.recordLogs();
            _relay(actors[i], calls[i], i);
            Vm.Log[] memory logs = vm.getRecordedLogs();
            assertEq(hospital.journalHeadOf(patient), head, "head");
            assertEq(abi.encode(logs), abi.encode(due), "logs");
            if (i + 1 < calls.length) assertTrue(_isUsed(actors[i], i), "nonce");
            vm.revertToState(state);
        }
    }

    /// Whatever of a request is changed, its signature is none.
    function test_relay_revertsWhenAnyWordIsChanged() public {
        (address[] memory actors, bytes[] memory calls) = _everyVerb();
        for (uint256 i; i < calls.length; ++i) {
            bytes memory signature = _signed(actors[i], calls[i], i);
            bool hasAList = _hasAList(bytes4(calls[i]));
            for (uint256 place = 4 + 31; place < calls[i].length; place += 32) {
                calls[i][place] ^= 0x01;
                // A word that says where a list is, or how long, makes no list any more.
                if (hasAList) vm.expectRevert();
                else _expectInvalid(actors[i]);
                hospital.relay(actors[i], calls[i], i, DEADLINE, signature);
                calls[i][place] ^= 0x01;
            }
            _expectInvalid(actors[i]);
            hospital.relay(actors[i], calls[i], i + 1000, DEADLINE, signature);
            _expectInvalid(actors[i]);
            hospital.relay(actors[i], calls[i], i, DEADLINE + 1, signature);
            _expectInvalid(stranger);
            hospital.relay(stranger, calls[i], i, DEADLINE, signature);
            hospital.relay(actors[i], calls[i], i, DEADLINE, signature);
            _restore();
        }
    }

    function test_relay_revertsForAnotherVerb() public {
        bytes memory attestation = abi.encodeCall(hospital.attest, (patient, key));
        bytes memory renunciation = abi.encodeCall(hospital.renounce, (patient, key)); // the same words
        _expectInvalid(doctor);
        hospital.relay(doctor, renunciation, 0, DEADLINE, _signed(doctor, attestation, 0));
    }

    function test_relay_revertsOnAnotherChainAndContract() public {
        bytes memory call = _profile();
        bytes memory signature = _signed(patient, call, 0);
        IHospitalRecord twin = _deploy();
        _expectInvalid(patient);
        twin.relay(patient, call, 0, DEADLINE, signature);
        // By a call: an optimizer may else ask for it only where it is used.
        uint256 chain = this.chainId();
        vm.chainId(chain + 1);
        _expectInvalid(patient);
        hospital.relay(patient, call, 0, DEADLINE, signature);
        vm.chainId(chain);
        hospital.relay(patient, call, 0, DEADLINE, signature);
    }

    function chainId() external view returns (uint256) {
        return block.chainid;
    }

    function test_relay_takesOneFormOfASignatureAlone() public {
        bytes memory call = _profile();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_secrets[patient], _digestOf(_hash(patient, call, 0, DEADLINE)));
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        bytes[9] memory wrong = [
            abi.encodePacked(r, s, v - 27),
            abi.encodePacked(r, s, v ^ 7), // 27 for 28 and the reverse
            abi.encodePacked(r, bytes32(order - uint256(s)), v ^ 7),
            abi.encodePacked(r, bytes32(uint256(s) | uint256(v - 27) << 255)),
            abi.encodePacked(r, s),
            abi.encodePacked(r, s, v, uint8(0)),
            abi.encodePacked(bytes32(0), bytes32(0), v),
            "",
            new bytes(1000)
        ];
        for (uint256 i; i < wrong.length; ++i) {
            _expectInvalid(patient);
            hospital.relay(patient, call, 0, DEADLINE, wrong[i]);
        }
        // What ecrecover says of nonsense is nobody.
        _expectInvalid(address(0));
        hospital.relay(address(0), call, 0, DEADLINE, abi.encodePacked(r, s, uint8(0)));
        hospital.relay(patient, call, 0, DEADLINE, abi.encodePacked(r, s, v));
    }

    function test_relay_takesOneVAlone() public {
        bytes memory call = _profile();
        (uint8 right, bytes32 r, bytes32 s) = vm.sign(_secrets[patient], _digestOf(_hash(patient, call, 0, DEADLINE)));
        for (uint256 v; v < 256; ++v) {
            if (v == right) continue;
            _expectInvalid(patient);
            hospital.relay(patient, call, 0, DEADLINE, abi.encodePacked(r, s, uint8(v)));
        }
        hospital.relay(patient, call, 0, DEADLINE, abi.encodePacked(r, s, right));
    }

    function test_relay_refusesWhatHasNoSignedForm() public {
        IHospitalRecord.Revocation[] memory r = new IHospitalRecord.Revocation[](1);
        bytes[5] memory calls = [
            abi.encodeCall(hospital.revoke, (r[0], 0)),
            abi.encodeCall(hospital.revokeMany, (r, 0)),
            abi.encodeCall(hospital.relay, (patient, _profile(), 1, DEADLINE, "")),
            abi.encodeCall(hospital.profileOf, (patient)),
            bytes("")
        ];
        for (uint256 i; i < calls.length; ++i) {
            bytes4 verb = bytes4(calls[i]);
            vm.expectRevert(abi.encodeWithSelector(ISigned.NotRelayable.selector, verb, calls[i].length));
            hospital.relay(patient, calls[i], 0, DEADLINE, "");
        }
    }

    /// No argument is ever taken from the signer that stands behind the call, not even with its own consent.
    function test_relay_refusesTooFewArguments() public {
        bytes memory call = abi.encodeCall(hospital.attest, (patient, key));
        for (uint256 length = 4; length < call.length; ++length) {
            bytes memory short = new bytes(length);
            for (uint256 i; i < length; ++i) {
                short[i] = call[i];
            }
            bytes memory signature = _signed(doctor, short, 0);
            vm.expectRevert();
            hospital.relay(doctor, short, 0, DEADLINE, signature);
        }
        _relay(doctor, call, 0);
    }

    /// A number that is too large for its type is no number, whatever was signed.
    function test_relay_refusesWordsThatAreNotOfTheirType() public {
        bytes memory call = abi.encodeCall(hospital.attest, (patient, key));
        call[4] = 0x01; // above the address
        bytes memory signature = _signed(doctor, call, 0);
        vm.expectRevert();
        hospital.relay(doctor, call, 0, DEADLINE, signature);
        call = abi.encodeCall(hospital.setStatus, (patient, key, ERRONEOUS));
        call[call.length - 1] = 0x04; // no such status
        signature = _signed(patient, call, 0);
        vm.expectRevert();
        hospital.relay(patient, call, 0, DEADLINE, signature);
    }

    /// Who appends an account to a call of its own is still itself.
    function test_relay_isNotForgedByAppendingASigner() public {
        bytes memory call = bytes.concat(_profile(), bytes20(patient));
        vm.prank(stranger);
        (bool succeeded,) = address(hospital).call(call);
        assertTrue(succeeded);
        assertEq(hospital.profileOf(patient), 0);
        assertTrue(hospital.profileOf(stranger) != 0);
    }

    function test_relay_tellsWhyTheCallReverts() public {
        vm.prank(patient);
        hospital.rotate(FOLDER, 1, KEYRING, 0);
        bytes memory call = abi.encodeCall(hospital.grant, (_permission(stranger, SCOPE, READ, NEVER), 0));
        bytes memory signature = _signed(patient, call, 0);
        vm.expectRevert(abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 0, 1));
        hospital.relay(patient, call, 0, DEADLINE, signature);
        assertFalse(_isUsed(patient, 0), "what was not carried out uses no nonce");
    }

    function test_relay_worksUntilTheDeadline() public {
        bytes memory call = _profile();
        vm.warp(DEADLINE + 1);
        bytes memory signature = _signed(patient, call, 0);
        vm.expectRevert(abi.encodeWithSelector(ISigned.DeadlinePassed.selector, DEADLINE, DEADLINE + 1));
        hospital.relay(patient, call, 0, DEADLINE, signature);
        vm.warp(DEADLINE);
        hospital.relay(patient, call, 0, DEADLINE, signature);
    }

    function test_nonces_areUsedOnceInAnyOrder() public {
        uint256[5] memory nonces = [uint256(300), 0, 255, 256, type(uint128).max];
        for (uint256 i; i < nonces.length; ++i) {
            assertFalse(_isUsed(patient, nonces[i]));
            _relay(patient, _profile(), nonces[i]);
            assertTrue(_isUsed(patient, nonces[i]));
            bytes memory signature = _signed(patient, _profile(), nonces[i]);
            _expectUsed(nonces[i]);
            hospital.relay(patient, _profile(), nonces[i], DEADLINE, signature);
        }
        assertFalse(_isUsed(patient, 1));
        assertFalse(_isUsed(doctor, 0), "every account has its own");
    }

    function test_invalidateNonces_endsWhatIsOutstandingAndNothingBefore() public {
        bytes memory signature = _signed(patient, _profile(), 7);
        vm.expectEmit();
        emit ISigned.NoncesInvalidated(patient, 1);
        vm.prank(patient);
        hospital.invalidateNonces();
        assertEq(_seriesOf(patient), 1);
        assertEq(_seriesOf(doctor), 0);
        _expectUsed(7);
        hospital.relay(patient, _profile(), 7, DEADLINE, signature);
        _relay(patient, _profile(), 1 << 128 | 7);
        uint256 ahead = 2 << 128;
        signature = _signed(patient, _profile(), ahead);
        _expectUsed(ahead);
        hospital.relay(patient, _profile(), ahead, DEADLINE, signature);
    }

    function test_invalidateNonces_bySignatureEndsItselfToo() public {
        bytes memory call = abi.encodeCall(hospital.invalidateNonces, ());
        bytes32 head = hospital.journalHeadOf(patient);
        _relay(patient, call, 0);
        assertEq(_seriesOf(patient), 1);
        assertEq(hospital.journalHeadOf(patient), head, "no entry");
        bytes memory signature = _signed(patient, call, 0);
        _expectUsed(0);
        hospital.relay(patient, call, 0, DEADLINE, signature);
    }

    function test_grant_signedBeforeARevocationIsVoidAfterIt() public {
        bytes memory grant = abi.encodeCall(hospital.grant, (_permission(stranger, SCOPE, READ, NEVER), 0));
        bytes memory add = abi.encodeCall(hospital.addRecord, (patient, FOLDER, _digest("record", 9), 0));
        bytes memory passing = abi.encodeCall(hospital.passOn, (patient, _permission(stranger, SCOPE, READ, NEVER), 0));
        bytes[3] memory signatures = [_signed(patient, grant, 0), _signed(patient, add, 1), _signed(doctor, passing, 0)];
        _grant(laboratory, SCOPE, READ, NEVER);
        _revoke(laboratory, SCOPE);
        bytes memory stale = abi.encodeWithSelector(IHospitalRecord.StaleKeys.selector, 0, 1);
        vm.expectRevert(stale);
        hospital.relay(patient, grant, 0, DEADLINE, signatures[0]);
        vm.expectRevert(stale);
        hospital.relay(patient, add, 1, DEADLINE, signatures[1]);
        vm.expectRevert(stale);
        hospital.relay(doctor, passing, 0, DEADLINE, signatures[2]);
    }

    function test_eip712Domain_isWhatIsSignedFor() public view {
        (bytes1 fields, string memory name, string memory version, uint256 chain, address verifier, bytes32 salt,) =
            hospital.eip712Domain();
        assertEq(fields, hex"0f");
        assertEq(name, "HospitalRecord");
        assertEq(version, "1");
        assertEq(chain, block.chainid);
        assertEq(verifier, address(hospital));
        assertEq(salt, 0);
    }

    function testFuzz_relay_onlyTheSignersKeySigns(uint256 secret, uint256 nonce, uint256 deadline) public {
        secret = bound(secret, 1, 2 ** 250);
        nonce = bound(nonce, 0, type(uint128).max);
        deadline = bound(deadline, NOW, type(uint256).max);
        vm.assume(vm.addr(secret) != patient);
        bytes32 structHash = _hash(patient, _profile(), nonce, deadline);
        bytes memory forged = _sign(secret, structHash);
        _expectInvalid(patient);
        hospital.relay(patient, _profile(), nonce, deadline, forged);
        hospital.relay(patient, _profile(), nonce, deadline, _sign(_secrets[patient], structHash));
    }

    /// Every verb with a signed form, who acts, and a call that succeeds on the state of `setUp`. The last ends nonces.
    function _everyVerb() internal view returns (address[] memory actors, bytes[] memory calls) {
        calls = new bytes[](17);
        actors = new address[](17);
        calls[0] = _profile();
        calls[1] = abi.encodeCall(hospital.addRecord, (patient, FOLDER, _digest("record", 1), 0));
        calls[2] = abi.encodeCall(hospital.replace, (patient, key, _digest("record", 2), 0));
        calls[3] = abi.encodeCall(hospital.setStatus, (patient, key, ERRONEOUS));
        calls[4] = abi.encodeCall(hospital.grant, (_permission(stranger, SCOPE, READ, NEVER), 0));
        calls[5] = abi.encodeCall(hospital.rotate, (FOLDER, 2, KEYRING, 0));
        calls[6] = abi.encodeCall(hospital.renounce, (patient, SCOPE));
        calls[7] = abi.encodeCall(hospital.passOn, (patient, _permission(laboratory, SCOPE, READ, NEVER), 0));
        calls[8] = abi.encodeCall(hospital.attest, (patient, key));
        calls[9] = abi.encodeCall(hospital.logAccess, (patient, key, TREAT, _digest("note", 0)));
        calls[10] = abi.encodeCall(hospital.addRecord, (patient, FOLDER, _digest("result", 1), 0));
        calls[11] = abi.encodeCall(hospital.withdraw, (patient, SCOPE, laboratory));
        calls[12] = abi.encodeCall(hospital.logAccesses, (patient, _twoKeys(), TREAT, _digest("note", 0)));
        calls[13] = abi.encodeCall(hospital.addRecords, (patient, FOLDER, _digests("study", 3), 0));
        calls[14] = abi.encodeCall(hospital.grantMany, (_permissions(3), 0));
        calls[15] = abi.encodeCall(hospital.checkpoint, (_digest("checkpoint", 0)));
        calls[16] = abi.encodeCall(hospital.invalidateNonces, ());
        for (uint256 i; i < calls.length; ++i) {
            actors[i] = i < 6 || i == 14 || i == 15 ? patient : doctor;
        }
    }

    /// After a verb, so that the next succeeds too.
    function _restore() internal {
        setUp();
    }

    function _hasAList(bytes4 verb) internal pure returns (bool) {
        return verb == IHospitalRecord.addRecords.selector || verb == IHospitalRecord.grantMany.selector
            || verb == IHospitalRecord.logAccesses.selector;
    }

    function _twoKeys() internal view returns (bytes32[] memory keys) {
        keys = new bytes32[](2);
        (keys[0], keys[1]) = key < other ? (key, other) : (other, key);
    }

    function _profile() internal pure returns (bytes memory) {
        return abi.encodeCall(IHospitalRecord.setProfile, (keccak256("profile")));
    }

    function _isUsed(address account, uint256 nonce) internal view returns (bool used) {
        (used,) = hospital.nonceUsed(account, nonce);
    }

    function _seriesOf(address account) internal view returns (uint256 series) {
        (, series) = hospital.nonceUsed(account, 0);
    }

    function _expectInvalid(address signer) internal {
        vm.expectRevert(abi.encodeWithSelector(ISigned.InvalidSignature.selector, signer));
    }

    function _expectUsed(uint256 nonce) internal {
        vm.expectRevert(abi.encodeWithSelector(ISigned.NonceUsed.selector, patient, nonce));
    }
}
