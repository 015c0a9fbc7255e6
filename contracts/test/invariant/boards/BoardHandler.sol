// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

import {IHospitalRecord, READ, DELEGATE} from "../../../src/IHospitalRecord.sol";
import {IBoard} from "../../../src/IBoard.sol";
import {IBoards} from "../../../src/IBoards.sol";
import {ISigned} from "../../../src/ISigned.sol";
import {BoardSender} from "./BoardSender.sol";

/// What members, patients, proxies and others do with two boards, of which 2 and 3 of 4 are needed. Most of what they try
/// is allowed, so that much happens.
contract BoardHandler is BoardSender {
    bytes32 internal constant REASON = keccak256("reason");
    bytes32 internal constant VETO = keccak256("Veto(bytes32 id)");
    address internal delegate;
    IBoards internal boardsFactory;

    /// Two patients, of whom the second is a member, too; four other members; one whom nobody knows; one delegate.
    constructor(IHospitalRecord hospital_, IBoards factory) {
        hospital = hospital_;
        for (uint256 i; i < 8; ++i) {
            people.push(vm.addr(KEYS + i));
        }
        folders = [uint40(uint256(SCOPE))];
        delegate = people[7];
        boardsFactory = factory;
        _sit(factory, 2, 1);
        _sit(factory, 3, 2);
        for (uint256 i; i < 2; ++i) {
            _send(people[i], address(hospital), abi.encodeCall(hospital.addRecord, (people[i], folders[0], REASON, 0)));
            _wasAdded(people[i], people[i], folders[0], REASON);
            _grant(people[i], delegate, READ | DELEGATE, 400 days);
            _grant(people[i], address(boards[i]), READ | DELEGATE, 40 days);
        }
        _grant(people[0], address(boards[1]), READ | DELEGATE, 40 days);
    }

    function _sit(IBoards factory, uint256 k, uint256 first) internal {
        address[] memory members = new address[](4);
        for (uint256 i; i < 4; ++i) {
            members[i] = people[first + i];
        }
        boards.push(IBoard(factory.create(k, members, 0)));
        needed.push(k);
        _members.push(members);
        closed.push(false);
        successors.push(address(0));
    }

    /* TIME */

    /// To the last second of a window or before a review is owed, or the second after; or for some hours.
    function pass(uint256 which, uint256 luck) external {
        uint256 time = vm.getBlockTimestamp() + 1 + luck / 64 % 6 hours;
        if (_cases.length > 0 && luck % 8 < 3) {
            Kept memory k = _cases[which % _cases.length];
            uint256 end = (luck % 8 < 2 ? k.c.openedAt + 1 days : k.since + 7 days) - luck / 8 % 2;
            if (end > vm.getBlockTimestamp()) time = end;
        }
        vm.warp(time);
    }

    /* MEMBERS */

    function open(uint256 which, uint256 who, uint256 whom, uint256 luck) external {
        for (uint256 i; i < 2; ++i) {
            _openOne(which / 4 ** i, who, whom / 8 ** i, _luck(luck, i));
        }
        if (_cases.length == 0) return;
        // As if it had never been, what was opened in this second.
        Kept memory last = _cases[_cases.length - 1];
        if (luck % 4 == 0 && last.c.openedAt == vm.getBlockTimestamp()) _open(last.board, last.c, luck / 4);
        if (luck % 4 > 1) acknowledge(_cases.length - 1, who, luck);
    }

    function _openOne(uint256 which, uint256 who, uint256 whom, uint256 luck) internal {
        uint256 b = which % 2;
        IBoard.Case memory c;
        c.patient = people[which / 2 % 2];
        (c.scope, c.reason, c.epoch) = (SCOPE, REASON, 1);
        c.grantee = whom % 32 == 0 ? c.patient : people[whom % people.length];
        c.duration = uint32(luck / 16 % 16 == 0 ? 1 days + 1 : 1 + luck / 256 % 1 days);
        c.opener = luck % 8 == 0 ? people[who % people.length] : _members[b][who % 4];
        for (uint256 i; i < 4 && luck % 8 > 1 && _mayVote(b, c.opener) != 0; ++i) {
            c.opener = _members[b][(who % 4 + i) % 4];
        }
        c.openedAt = uint40(vm.getBlockTimestamp());
        _open(b, c, luck);
    }

    function _open(uint256 b, IBoard.Case memory c, uint256 luck) internal {
        uint256 rule = _mayOpen(b, c);
        if (rule != 0 && luck / 4 % 8 != 0) return;
        bytes memory call = abi.encodeCall(
            IBoard.open, (c.patient, c.scope, c.grantee, c.duration, c.reason, c.epoch, _count(c.patient))
        );
        if (_ask(rule, c.opener, b, call, "opened")) _wasOpened(b, c);
    }

    /// Some acknowledge a case; mostly one that is open, and they may.
    function acknowledge(uint256 which, uint256 who, uint256 luck) public {
        for (uint256 i; i < 4 && _cases.length > 0; ++i) {
            _acknowledge(which, _luck(who, i), _luck(luck, i));
        }
    }

    function _acknowledge(uint256 which, uint256 who, uint256 luck) internal {
        which %= _cases.length;
        for (uint256 i; i < _cases.length && luck % 4 != 0; ++i) {
            uint256 next = (which + i) % _cases.length;
            if (_cases[next].stage == IBoard.Stage.Open) which = next;
            if (which == next && vm.getBlockTimestamp() < _cases[next].c.openedAt + 1 days) break;
        }
        Kept memory k = _cases[which];
        address by = luck / 4 % 8 == 0 ? people[who % people.length] : _members[k.board][who % 4];
        for (uint256 i; i < 4 && luck / 4 % 2 != 0 && _mayAcknowledge(which, by) != 0; ++i) {
            by = _members[k.board][(who % 4 + i) % 4];
        }
        uint256 rule = _mayAcknowledge(which, by);
        if (rule == 0 && _isLast(which)) {
            (rule,) = _mayLetIn(k.board, k.c);
            // Whom a full list lets go depends on its order: that is the unit tests' to show.
            if (_waiting(k.board) > 14) return;
        }
        if (rule != 0 && luck / 32 % 6 != 0) return;
        bytes memory call = abi.encodeCall(IBoard.acknowledge, (k.c, _count(k.c.patient)));
        if (_ask(rule, by, k.board, call, "acknowledged")) _wasAcknowledged(which, by);
    }

    function review(uint256 which, uint256 who, uint256 luck) external {
        if (_cases.length == 0) return;
        which %= _cases.length;
        Kept memory k = _cases[which];
        address by = _members[k.board][who % 4];
        uint256 rule = !mayReview[which][by] ? REVIEWS : left[k.board][by] ? MEMBERS : 0;
        if (rule != 0 && luck % 4 != 0) return;
        bytes memory call = abi.encodeCall(IBoard.review, (keccak256(abi.encode(k.c)), 0));
        if (!_ask(rule, by, k.board, call, "reviewed")) return;
        (_cases[which].waits, mayReview[which][by]) = (false, false);
    }

    function resign(uint256 which, uint256 who, uint256 luck) external {
        uint256 b = which % 2;
        address by = luck % 16 == 0 ? people[who % people.length] : _members[b][who % 4];
        uint256 rule = _isMember(b, by) ? 0 : MEMBERS;
        if (rule != 0 && luck / 64 % 2 != 0) return;
        if (luck % 5 == 0 && _ask(rule, by, b, abi.encodeCall(IBoard.resign, ()), "resigned")) left[b][by] = true;
    }

    function nameSuccessor(uint256 which, uint256 who, uint256 luck) external {
        uint256 b = which % 2;
        address successor = luck / 8 % 2 == 0 ? address(0) : address(boards[1 - b]);
        address by = luck % 16 == 0 ? people[who % people.length] : _members[b][who % 4];
        uint256 rule = _mayVote(b, by);
        if (rule == 0 && _hasVotedFor(b, by, successor)) rule = SHUT;
        if (luck % 3 != 0 || rule != 0 && luck % 2 != 0) return;
        bytes memory call = abi.encodeCall(IBoard.acknowledgeSuccessor, (successor));
        if (_ask(rule, by, b, call, "named a successor")) _wasSucceeded(b, by, successor);
    }

    /// Anybody asks for a board that is there.
    function createAgain(uint256 which, uint256 who) external {
        uint256 b = which % 2;
        bytes memory call = abi.encodeCall(IBoards.create, (needed[b], _members[b], 0));
        vm.prank(people[who % people.length]);
        (bool done, bytes memory answer) = address(boardsFactory).call(call);
        if (!done) broken[MEMBERS] = "a board that is there was refused";
        else if (abi.decode(answer, (IBoard)) != boards[b]) broken[MEMBERS] = "the same members have another board";
    }

    /* PATIENTS */

    /// By the patient, a proxy or anybody; as a transaction of their own, or carried with somebody's signature.
    function veto(uint256 which, uint256 who, uint256 luck) external {
        if (_cases.length == 0 || luck % 2 != 0) return;
        which %= _cases.length;
        Kept memory k = _cases[which];
        address proxy = proxies[k.board][k.c.patient];
        address by = luck / 2 % 2 == 0 || proxy == address(0) ? k.c.patient : proxy;
        if (luck / 4 % 8 == 0) by = people[who % people.length];
        bytes32 id = keccak256(abi.encode(k.c));
        (address from, bytes memory signature, bool own) = _as(by, k.board, keccak256(abi.encode(VETO, id)), luck);
        bool may = own && (by == k.c.patient || by == proxy) && k.stage != IBoard.Stage.Vetoed;
        if (!may && luck / 4 % 8 > 1) return;
        bytes memory call = abi.encodeCall(IBoard.veto, (k.c, by, signature));
        if (_ask(may ? 0 : VETOES, from, k.board, call, "vetoed")) _wasVetoed(which);
    }

    /// As a transaction of the patient, or relayed with somebody's signature and a nonce that was used or not.
    function appoint(uint256 which, uint256 whom, uint256 luck) external {
        (uint256 b, address patient) = (which % 2, people[which / 2 % 2]);
        address proxy = whom % 8 == 0 ? address(0) : people[whom % people.length];
        uint256 nonce = nonces[b][patient];
        bool again = luck % 16 == 0 && nonce > 0;
        if (again) --nonce;
        bytes32 structHash =
            keccak256(abi.encode(_typeOf(IBoard.appoint.selector), proxy, patient, nonce, vm.getBlockTimestamp()));
        (address from, bytes memory signature, bool own) = _as(patient, b, structHash, luck);
        bytes memory call = abi.encodeCall(IBoard.appoint, (proxy));
        if (from != patient) {
            call = abi.encodeCall(ISigned.relay, (patient, call, nonce, vm.getBlockTimestamp(), signature));
        }
        bool may = from == patient || own && !again;
        if (!_ask(may ? 0 : VETOES, from, b, call, "appointed")) return;
        proxies[b][patient] = proxy;
        if (from != patient) ++nonces[b][patient];
    }

    /// To a board, mostly what it needs; sometimes to a person.
    function grant(uint256 which, uint256 whose, uint256 luck) external {
        address to = luck % 8 == 0 ? people[which % 7] : address(boards[which % 2]);
        uint8 rights = luck / 8 % 8 == 0 ? READ : luck / 8 % 8 == 1 ? DELEGATE : READ | DELEGATE;
        address patient = people[whose % 2];
        bool live = isLive(patient, SCOPE, to);
        if (to == patient || live && luck / 64 % 4 != 0) return;
        _grant(patient, to, rights, 1 + luck / 256 % (luck % 2 == 0 ? 2 days : 40 days));
    }

    function revoke(uint256 which, uint256 luck) external {
        Given memory g = given[which % given.length];
        bool isThere = grantOf(g.patient, g.scope, g.grantee).giver != address(0);
        if (luck % 4 != 0 || !isThere || g.grantee == delegate) return;
        bool barred = luck / 4 % 4 == 0 && g.grantee.code.length == 0;
        IHospitalRecord.Revocation memory r = IHospitalRecord.Revocation(SCOPE, g.grantee, 2, REASON, barred);
        bool done = _send(g.patient, address(hospital), abi.encodeCall(hospital.revoke, (r, _count(g.patient))));
        if (done) _wasRevoked(g, barred);
    }

    function renounce(uint256 which) external {
        Given memory g = given[which % given.length];
        bool live = vm.getBlockTimestamp() < grantOf(g.patient, g.scope, g.grantee).expiresAt;
        if (!live || g.grantee == delegate || g.grantee.code.length > 0) return;
        if (_send(g.grantee, address(hospital), abi.encodeCall(hospital.renounce, (g.patient, g.scope)))) {
            _wasEnded(g, g.grantee);
        }
    }

    /// A delegate gives a board what the patient did not.
    function passOn(uint256 which) external {
        (address patient, address to) = (people[which / 2 % 2], address(boards[which % 2]));
        uint40 end = uint40(vm.getBlockTimestamp() + 1 days);
        IHospitalRecord.Permission memory p =
            IHospitalRecord.Permission(SCOPE, to, READ | DELEGATE, ETREAT, end, 1, REASON);
        (bool may,) = mayPassOn(patient, delegate, p);
        if (!may) return;
        bytes memory call = abi.encodeCall(hospital.passOn, (patient, p, _count(patient)));
        if (_send(delegate, address(hospital), call)) _wasPassedOn(patient, delegate, p);
    }

    /* STEPS */

    function _grant(address patient, address to, uint8 rights, uint256 lasts) internal {
        uint40 end = uint40(vm.getBlockTimestamp() + lasts);
        IHospitalRecord.Permission memory p = IHospitalRecord.Permission(SCOPE, to, rights, ETREAT, end, 1, REASON);
        if (_send(patient, address(hospital), abi.encodeCall(hospital.grant, (p, _count(patient))))) {
            _wasGiven(patient, p);
        }
    }

    function _waiting(uint256 b) internal view returns (uint256 count) {
        for (uint256 i; i < _cases.length; ++i) {
            if (_cases[i].waits && _cases[i].board == b) ++count;
        }
    }
}
