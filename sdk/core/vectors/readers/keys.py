"""From seeds to keys: X-Wing pairs, folder states, and what a person derives."""
import hashlib
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite

from .common import LABEL, Fails, context, gcm_open, hkdf, must, part, same, u, unpad

X_WING = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class HpkeKey:
    """An X-Wing key pair by DeriveKeyPair of draft-ietf-hpke-pq from 32 bytes."""

    def __init__(self, ikm):
        label = b"DeriveKeyPair"
        suite = b"KEM" + u(2, 0x647A)
        labeled = ikm + b"HPKE-v1" + suite + u(2, len(label)) + label + u(2, 32)
        expanded = hashlib.shake_256(hashlib.shake_256(labeled).digest(32)).digest(96)
        kem = mlkem.MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
        curve = x25519.X25519PrivateKey.from_private_bytes(expanded[64:])
        self.secret = MLKEM768X25519PrivateKey(kem, curve)
        self.public = kem.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        self.key_id = hashlib.sha256(self.public).digest()

    def open(self, info, sealed):
        must(sealed["suite"] == 1, "suite")
        try:
            return X_WING.decrypt(sealed["enc"] + sealed["ciphertext"], self.secret, info=info)
        except (InvalidTag, ValueError) as error:
            raise Fails(f"HPKE: {error!r}") from error


def state_at(state, epoch, wanted):
    must(wanted <= epoch, "a state opens no later epoch")
    for _ in range(epoch - wanted):
        state = hashlib.sha256(LABEL.encode() + b"ratchet" + state).digest()
    return state


def folder_key(state):
    return HpkeKey(hkdf(state, b"", LABEL.encode() + b"folder-key"))


class Person:
    def __init__(self, person):
        self.chain, self.contract = person["chain"], bytes.fromhex(person["contract"])
        self.account, self.seed = bytes.fromhex(person["account"]), bytes.fromhex(person["seed"])
        number = u(4, person["sequence"])
        self.hpke = HpkeKey(self.derive("profile/hpke", number))
        self.signing = ed25519.Ed25519PrivateKey.from_private_bytes(self.derive("profile/ed25519", number))
        self.ed25519 = self.signing.public_key().public_bytes_raw()

    def derive(self, label, *parts, length=32):
        return hkdf(self.seed, b"", context(label, self.chain, self.contract, self.account, *parts), length)

    def folder(self, name, confidentiality):
        name = unicodedata.normalize("NFC", name.strip()).encode()
        output = self.derive("folder-number", confidentiality.encode(), part(name), length=40)
        groups = (int.from_bytes(output[at:at + 5], "big") for at in range(0, 40, 5))
        return next(number for number in groups if number)

    def folder_state(self, folder, epoch):
        return state_at(self.derive("folder-state", u(8, folder)), 65535, epoch)

    def open_own(self, label, vector):
        sealed = bytes.fromhex(vector["sealed"])
        must(len(sealed) >= 12, "too short for a nonce")
        return gcm_open(self.derive(label, part(bytes.fromhex(vector["context"]))), sealed[:12], sealed[12:])


def commitment(key):
    return hkdf(key, b"", LABEL.encode() + b"commit")


def derivation(vector):
    if "bip39_seed" in vector:
        info = LABEL.encode() + b"seed" + u(4, vector["index"])
        same(hkdf(bytes.fromhex(vector["bip39_seed"]), b"", info).hex(), vector["person"]["seed"], "seed")
        return same(Person(vector["person"]).hpke.key_id.hex(), vector["key_id"], "key id")
    person = Person(vector["person"])
    if "note" in vector:
        return same(unpad(person.open_own("note", vector["note"]), 64).decode(), vector["note"]["text"], "note")
    if "local" in vector:
        return same(person.open_own("local", vector["local"]).hex(), vector["local"]["plain"], "local data")
    same(person.hpke.public.hex(), vector["hpke_public"], "HPKE key")
    same(person.ed25519.hex(), vector["ed25519_public"], "Ed25519 key")
    for row in vector["folders"]:
        same(person.folder(row["name"], row["confidentiality"]), row["number"], "folder number")
    for row in vector["states"]:
        same(person.folder_state(row["folder"], row["epoch"]).hex(), row["state"], "folder state")


def ratchet(vector):
    for row in vector["at"]:
        state = state_at(bytes.fromhex(vector["state"]), vector["epoch"], row["epoch"])
        same((state.hex(), folder_key(state).key_id.hex()), (row["state"], row["key_id"]), "state and key")
