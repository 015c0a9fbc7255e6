// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {Test} from "forge-std/Test.sol";
import {IHospitalRecord, READ, CONTRIBUTE, DELEGATE, ATTEST} from "../../src/IHospitalRecord.sol";

/// What must be the case after the calls that were made, kept without looking at the contract's state or events, and
/// told as the manual tells it.
abstract contract Model is Test {
    struct Given {
        address patient;
        bytes32 scope;
        address grantee;
    }

    struct Added {
        address patient;
        bytes32 key;
    }

    struct Attested {
        address patient;
        bytes32 key;
        address by;
    }

    IHospitalRecord public hospital;

    address[] public people;
    uint40[] public folders;
    Given[] public given; // every grant there ever was
    Added[] public added; // every record there is
    Attested[] public attested;
    mapping(bytes32 patientScopeGrantee => IHospitalRecord.Grant) internal _grants;
    mapping(bytes32 patientScopeGrantee => bool) internal _listed;
    /// Since when the grantee has been out of the scope, by a revocation after which nobody gave; zero when it is not.
    mapping(bytes32 patientScopeGrantee => uint256) internal _outSince;
    mapping(bytes32 patientKey => IHospitalRecord.Record) internal _records;

    mapping(address patient => mapping(bytes32 key => mapping(address account => bool))) public hasAttested;

    /// What went wrong, in words; empty when nothing did.
    string public intrusion;
    string public blocked;
    string public widened;
    string public misattested;
    string public readmitted;

    function givenCount() external view returns (uint256) {
        return given.length;
    }

    function addedCount() external view returns (uint256) {
        return added.length;
    }

    function attestedCount() external view returns (uint256) {
        return attested.length;
    }

    function peopleCount() external view returns (uint256) {
        return people.length;
    }

    function grantOf(address patient, bytes32 scope, address grantee)
        public
        view
        returns (IHospitalRecord.Grant memory)
    {
        return _grants[_place(patient, scope, grantee)];
    }

    function recordOf(address patient, bytes32 key) public view returns (IHospitalRecord.Record memory) {
        return _records[keccak256(abi.encode(patient, key))];
    }

    function outSince(address patient, bytes32 scope, address grantee) external view returns (uint256) {
        return _outSince[_place(patient, scope, grantee)];
    }

    /* LIVENESS, as the manual defines it: by recursion */

    function has(address patient, bytes32 scope, address account, uint8 right) public view returns (bool) {
        return grantOf(patient, scope, account).rights & right == right && isLive(patient, scope, account);
    }

    function isLive(address patient, bytes32 scope, address account) public view returns (bool live) {
        (live,) = _level(patient, scope, account, 0);
    }

    function mayRead(address patient, bytes32 key, address account) public view returns (bool) {
        bytes32 folder = _folderOf(patient, key);
        return account == patient || has(patient, folder, account, READ) || has(patient, key, account, READ);
    }

    /// Whether the grant is live, and how many passings-on it is below the patient's.
    function _level(address patient, bytes32 scope, address account, uint256 asked)
        internal
        view
        returns (bool live, uint256 level)
    {
        IHospitalRecord.Grant memory held = grantOf(patient, scope, account);
        if (held.giver == address(0) || vm.getBlockTimestamp() >= held.expiresAt || asked > 3) return (false, 0);
        if (held.via == IHospitalRecord.Via.Patient) return (true, 0);
        if (held.via == IHospitalRecord.Via.Folder) scope = _folderOf(patient, scope);
        IHospitalRecord.Grant memory above = grantOf(patient, scope, held.giver);
        (live, level) = _level(patient, scope, held.giver, asked + 1);
        live = live && level < 3 && above.grantedAt <= held.grantedAt
            && covers(above, held.rights, held.purpose, held.expiresAt);
        ++level;
    }

    function covers(IHospitalRecord.Grant memory above, uint8 rights, IHospitalRecord.Purpose purpose, uint40 until)
        public
        pure
        returns (bool)
    {
        return above.rights & DELEGATE != 0 && rights & ~above.rights == 0 && above.purpose == purpose
            && until <= above.expiresAt;
    }

    /// By which of its own grants the giver may pass this on, if it may.
    function mayPassOn(address patient, address giver, IHospitalRecord.Permission memory p)
        public
        view
        returns (bool may, IHospitalRecord.Via via)
    {
        bytes32 folder = _folderOf(patient, p.scope);
        IHospitalRecord.Grant memory there = grantOf(patient, p.scope, p.grantee);
        bool taken = there.giver != giver && isLive(patient, p.scope, p.grantee);
        if (taken || _isBarred(patient, p.scope, p.grantee) || _isBarred(patient, folder, p.grantee)) {
            return (false, via);
        }
        if (p.grantee == patient || p.grantee == giver || p.expiresAt <= vm.getBlockTimestamp()) return (false, via);
        bool onRecord = uint256(p.scope) > type(uint40).max;
        if (onRecord && (p.rights & READ == 0 || p.rights & (CONTRIBUTE | ATTEST) != 0)) return (false, via);
        if (_mayPassOnFrom(patient, p.scope, giver, p)) return (true, IHospitalRecord.Via.Scope);
        return (_mayPassOnFrom(patient, folder, giver, p), IHospitalRecord.Via.Folder);
    }

    function _mayPassOnFrom(address patient, bytes32 scope, address giver, IHospitalRecord.Permission memory p)
        internal
        view
        returns (bool)
    {
        (bool live, uint256 level) = _level(patient, scope, giver, 0);
        return live && level < 3 && covers(grantOf(patient, scope, giver), p.rights, p.purpose, p.expiresAt);
    }

    /// Those to whom it was passed on are refused from 16 on, and those to whom the patient gave it from 255 on.
    function mayAttest(Added memory which, address by) public view returns (bool) {
        IHospitalRecord.Record memory record = recordOf(which.patient, which.key);
        bytes32 folder = bytes32(uint256(record.folder));
        bool direct = grantOf(which.patient, folder, by).giver == which.patient;
        return has(which.patient, folder, by, ATTEST) && !hasAttested[which.patient][which.key][by]
            && record.status != IHospitalRecord.Status.EnteredInError && record.attestations < (direct ? 255 : 16);
    }

    /* WHAT HAPPENED */

    function _wasAdded(address patient, address author, uint40 folder, bytes32 id) internal {
        bytes32 key = keccak256(abi.encode(author, id));
        IHospitalRecord.Record storage record = _records[keccak256(abi.encode(patient, key))];
        if (record.author != address(0)) intrusion = "a record was added twice";
        if (author != patient && !has(patient, bytes32(uint256(folder)), author, CONTRIBUTE)) {
            intrusion = "a record was added without the right to contribute";
        }
        record.author = author;
        record.addedAt = uint40(vm.getBlockTimestamp());
        record.folder = folder;
        record.status = IHospitalRecord.Status.Current;
        added.push(Added(patient, key));
    }

    function _wasMoved(Added memory which, address by, IHospitalRecord.Status status) internal {
        IHospitalRecord.Record storage record = _records[keccak256(abi.encode(which.patient, which.key))];
        bool mayContribute = has(which.patient, bytes32(uint256(record.folder)), by, CONTRIBUTE);
        if (by != which.patient && (by != record.author || !mayContribute)) {
            intrusion = "a status was moved by another than the patient and the author";
        }
        if (status <= record.status) intrusion = "a status moved to the left";
        record.status = status;
    }

    function _wasAttested(Added memory which, address by) internal {
        IHospitalRecord.Record storage record = _records[keccak256(abi.encode(which.patient, which.key))];
        if (!mayAttest(which, by)) misattested = "without the right, twice, too often or of an error";
        ++record.attestations;
        attested.push(Attested(which.patient, which.key, by));
        hasAttested[which.patient][which.key][by] = true;
    }

    function _wasGiven(address patient, IHospitalRecord.Permission memory p) internal {
        _put(patient, p, patient, IHospitalRecord.Via.Patient);
    }

    function _wasPassedOn(address patient, address giver, IHospitalRecord.Permission memory p) internal {
        (bool may, IHospitalRecord.Via via) = mayPassOn(patient, giver, p);
        if (!may) widened = "more was passed on than the giver may";
        bool barred =
            _isBarred(patient, p.scope, p.grantee) || _isBarred(patient, _folderOf(patient, p.scope), p.grantee);
        if (barred) readmitted = "a delegate gave to a barred account";
        _put(patient, p, giver, via);
    }

    function _put(address patient, IHospitalRecord.Permission memory p, address giver, IHospitalRecord.Via via)
        internal
    {
        bytes32 place = _place(patient, p.scope, p.grantee);
        if (!_listed[place]) given.push(Given(patient, p.scope, p.grantee));
        _listed[place] = true;
        _outSince[place] = 0;
        uint40 time = uint40(vm.getBlockTimestamp());
        _grants[place] = IHospitalRecord.Grant(giver, p.expiresAt, time, p.rights, p.purpose, via);
    }

    function _wasRevoked(Given memory which, bool barred) internal {
        bytes32 place = _place(which.patient, which.scope, which.grantee);
        barred = barred || _grants[place].via == IHospitalRecord.Via.Barred;
        delete _grants[place];
        _outSince[place] = vm.getBlockTimestamp();
        if (!barred) return;
        _grants[place].giver = which.patient;
        _grants[place].via = IHospitalRecord.Via.Barred;
    }

    /// Renounced by the grantee, or withdrawn by the giver.
    function _wasEnded(Given memory which, address by) internal {
        IHospitalRecord.Grant storage held = _grants[_place(which.patient, which.scope, which.grantee)];
        if (vm.getBlockTimestamp() >= held.expiresAt) intrusion = "a grant that had ended was ended again";
        if (by != which.grantee && (by != held.giver || by == which.patient)) intrusion = "a stranger ended a grant";
        held.expiresAt = uint40(vm.getBlockTimestamp());
    }

    function _isBarred(address patient, bytes32 scope, address grantee) internal view returns (bool) {
        return grantOf(patient, scope, grantee).via == IHospitalRecord.Via.Barred;
    }

    function _folderOf(address patient, bytes32 key) internal view returns (bytes32) {
        return bytes32(uint256(recordOf(patient, key).folder));
    }

    function _place(address patient, bytes32 scope, address grantee) internal pure returns (bytes32) {
        return keccak256(abi.encode(patient, scope, grantee));
    }
}
