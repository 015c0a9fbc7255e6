"""Journals: a patient's history as raw logs, and the head that it must end in. Written by Foundry, after the manual in
`contracts/src/IHospitalRecord.sol`."""
from Crypto.Hash import keccak

from .common import must, u

KEY_CHANGES = 1 << 24


def keccak256(data):
    return keccak.new(digest_bits=256, data=data).digest()


def topic(signature):
    return keccak256(signature.encode())


DELEGATE = 4
GRANTED = topic("AccessGranted(address,bytes32,address,uint8,uint8,uint40,uint16,bytes32,bytes32)")
PASSED_ON = topic("AccessPassedOn(address,bytes32,address,uint8,uint8,uint40,uint16,bytes32,address,uint8,bytes32)")
REVOKED = topic("AccessRevoked(address,bytes32,address,uint16,bytes32,bool,bytes32)")
ENDED = {topic("AccessRenounced(address,bytes32,address,bytes32)"),
         topic("AccessWithdrawn(address,bytes32,address,address,bytes32)")}
ROTATED = topic("KeysRotated(address,uint40,uint16,bytes32,bytes32)")
OTHERS = {topic("ProfileSet(address,bytes32,bytes32)"),
          topic("CheckpointMade(address,bytes32,bytes32)"),
          topic("RecordAdded(address,uint40,address,bytes32,bytes32)"),
          topic("RecordAttested(address,bytes32,address,bytes32)"),
          topic("RecordStatusChanged(address,bytes32,address,uint8,bytes32,bytes32)"),
          topic("RecordAccessed(address,bytes32,address,uint8,bytes32,bytes32)")}


def unhex(text):
    return bytes.fromhex(text.removeprefix("0x"))


class Grants:
    """What each grantee has on each scope, as far as it decides whether folder keys must move on."""

    def __init__(self):
        self.held = {}

    def moves_keys(self, kind, on, fields, time):
        """Takes in an entry; whether folder keys must move on after it."""
        if kind in (GRANTED, PASSED_ON):
            rights, _, expires = (int.from_bytes(word, "big") for word in fields[:3])
            before_rights, before_expires = self.held.get(on, (0, 0))
            self.held[on] = rights, expires
            # All grants that the account delegated end with its right to delegate.
            less = expires < before_expires or before_rights & (~rights | DELEGATE) != 0
            return kind == GRANTED and time < before_expires and less
        if kind == REVOKED:
            must(on in self.held, "a grant to end")
            if int.from_bytes(fields[2], "big"):
                self.held[on] = 0, 0
            else:
                del self.held[on]
            return True
        if kind in ENDED:
            must(on in self.held, "a grant to give up")
            self.held[on] = self.held[on][0], time
            return False
        must(kind == ROTATED or kind in OTHERS, "event")
        return kind == ROTATED


def journal(vector):
    patient, grants = unhex(vector["patient"]), Grants()
    head, changes = bytes(32), 0
    for entry in vector["entries"]:
        topics, data = [unhex(word) for word in entry["topics"]], unhex(entry["data"])
        must(topics[1] == bytes(12) + patient, "patient")
        must(data[-32:] == head, "link to the entry before")
        fields = [data[at:at + 32] for at in range(0, len(data) - 32, 32)]
        changes += grants.moves_keys(topics[0], tuple(topics[2:]), fields, entry["timestamp"])
        link = keccak256(head + u(32, entry["timestamp"]) + b"".join(topics + fields))
        head = link[:24] + u(5, entry["block"]) + u(3, changes % KEY_CHANGES)
    must(head == unhex(vector["head"]), "head")
