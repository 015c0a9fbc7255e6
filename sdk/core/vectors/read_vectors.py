#!/usr/bin/env python3
"""Reads every vector without a line of the Rust code, after the formats as they are documented.

Google Tink opens the streams, `cryptography` does HKDF, AES-GCM, Ed25519 and HPKE with X-Wing, `dag-cbor` reads the
blocks. Ends with status 1 on any vector whose outcome is not the one that its name says.

    python3 read_vectors.py [FOLDER ...]        # default: the folder of this file, every format
"""
import base64
import hashlib
import io
import json
import pathlib
import sys
import unicodedata

import dag_cbor
import tink
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ed25519, mlkem, x25519
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from multiformats import CID, multihash
from tink import cleartext_keyset_handle, streaming_aead

LABEL = "hospital-record/v1/"
MIB = 1 << 20
streaming_aead.register()


class Fails(Exception):
    """The vector does not open, as a `fails_` vector must."""


def must(holds, what):
    if not holds:
        raise Fails(what)


def same(found, expected, what):
    """A wrong answer is never the expected failure: it ends the run."""
    if found != expected:
        raise AssertionError(f"{what}: found {found!r}, expected {expected!r}")


def u(size, number):
    return number.to_bytes(size, "big")


def hkdf(ikm, salt, info, length=32):
    return HKDF(SHA256(), length, salt or None, info).derive(ikm)


def context(label, chain, contract, *parts):
    label = (LABEL + label).encode()
    return u(2, len(label)) + label + u(8, chain) + contract + b"".join(parts)


def part(data):
    return u(4, len(data)) + data


def gcm_open(key, nonce, sealed):
    try:
        return AESGCM(key).decrypt(nonce, sealed, None)
    except (InvalidTag, ValueError) as error:
        raise Fails(f"AES-GCM: {error!r}") from error


def unpad(padded, unit):
    length = int.from_bytes(padded[:4], "big")
    must(len(padded) == -(-(4 + length) // unit) * unit and not any(padded[4 + length:]), "padding")
    return padded[4:4 + length]


def cbor(data):
    try:
        value = dag_cbor.decode(data)
    except Exception as error:
        raise Fails(f"dag-cbor: {error!r}") from error
    must(dag_cbor.encode(value) == data, "canonical dag-cbor")
    return value


# --- keys ---

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


# --- signed blocks ---

def block(vector, kind, signer):
    value = cbor(bytes.fromhex(vector["block"]))
    must(isinstance(value, dict) and value.get("kind") == kind and value.get("v") == 1, "kind and version")
    must((value["chain"], value["contract"]) == (signer.chain, signer.contract), "deployment")
    message = dag_cbor.encode({name: field for name, field in value.items() if name != "signature"})
    key = ed25519.Ed25519PublicKey.from_public_bytes(signer.ed25519)
    try:
        key.verify(value["signature"], LABEL.encode() + b"block\0" + message)
    except InvalidSignature as error:
        raise Fails("signature") from error
    return value["issuer"], value["body"]


def statement_of(data, signer):
    return block({"block": data.hex()}, "folder-key", signer)


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


# --- content ---

def plaintext(length):
    blocks = (hashlib.sha256(u(8, block)).digest() for block in range(-(-length // 32)))
    return b"".join(blocks)[:length]


def seal_stream(key, header, plain):
    cipher, index, at, output = AESGCM(hkdf(key, header[1:33], b"")), 0, 0, [header]
    while True:
        chunk = plain[at:at + MIB - 16 - (40 if index == 0 else 0)]
        at += len(chunk)
        last = at == len(plain)
        output.append(cipher.encrypt(header[33:] + u(4, index) + bytes([last]), chunk, None))
        if last:
            return b"".join(output)
        index += 1


def tink_open(key, stream):
    material = bytes.fromhex("12080880804010201803" + "1a20") + key
    keyset = {"primaryKeyId": 1, "key": [{"keyId": 1, "status": "ENABLED", "outputPrefixType": "RAW", "keyData": {
        "typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmHkdfStreamingKey", "keyMaterialType": "SYMMETRIC",
        "value": base64.b64encode(material).decode()}}]}
    handle = cleartext_keyset_handle.read(tink.JsonKeysetReader(json.dumps(keyset)))
    try:
        with handle.primitive(streaming_aead.StreamingAead).new_decrypting_stream(io.BytesIO(stream), b"") as source:
            return source.read()
    except tink.TinkError as error:
        raise Fails(f"Tink: {error!r}") from error


def stream(vector):
    key, header = bytes.fromhex(vector["key"]), bytes.fromhex(vector["header"])
    plain = plaintext(vector["plain_len"])
    whole = seal_stream(key, header, plain)
    same(hashlib.sha256(whole).hexdigest(), vector["ciphertext_sha256"], "ciphertext")
    pieces = vector.get("pieces", [[0, len(whole)]])
    given = bytearray(b"".join(whole[start:end] for start, end in pieces))
    if "flip" in vector:
        given[vector["flip"]] ^= 1
    if "ciphertext" in vector:
        same(given.hex(), vector["ciphertext"], "ciphertext")
    same(tink_open(bytes.fromhex(vector.get("open_with", vector["key"])), bytes(given)) == plain, True, "plaintext")
    same(commitment(key).hex(), vector["commitment"], "commitment")


def open_lock(lock, ctx, person=None, state=None):
    kind, fields = next(iter(lock.items()))
    must(fields["epoch"] == ctx["epoch"], "epoch")
    recipient = bytes(20)
    if kind == "folder":
        key = folder_key(state_at(bytes.fromhex(state["state"]), state["epoch"], ctx["epoch"]))
    else:
        key, recipient = person.hpke, person.account
        must(fields["account"] == recipient and fields["key_id"] == key.key_id, "recipient")
    info = context(f"lock/{kind}", ctx["chain"], bytes.fromhex(ctx["contract"]), bytes.fromhex(ctx["patient"]),
                   bytes.fromhex(ctx["author"]), u(8, ctx["folder"]), u(2, ctx["epoch"]), recipient, key.key_id,
                   bytes.fromhex(ctx["commitment"]))
    content_key = key.open(info, fields["sealed"])
    must(commitment(content_key).hex() == ctx["commitment"], "commitment")
    return content_key


def lock(vector):
    person = Person(vector["recipient"]) if "recipient" in vector else None
    key = open_lock(cbor(bytes.fromhex(vector["lock"])), vector["context"], person, vector.get("folder_state"))
    same(key.hex(), vector["content_key"], "content key")


def scoped(label, ctx, key_id):
    hexed = (bytes.fromhex(ctx[name]) for name in ("patient", "issuer", "grantee", "scope"))
    return context(label, ctx["chain"], bytes.fromhex(ctx["contract"]), *hexed, key_id, u(2, ctx["epoch"]))


def envelope(vector):
    ctx, issuer, grantee = vector["context"], Person(vector["issuer"]), Person(vector["grantee"])
    must(ctx["chain"] == issuer.chain, "deployment")
    signer, body = block(vector, "envelope", issuer)
    named = {"issuer": signer, "patient": body["patient"], "grantee": body["grantee"], "scope": body["scope"]}
    must(all(value.hex() == ctx[name] for name, value in named.items()) and body["epoch"] == ctx["epoch"], "context")
    must(body["key_id"] == grantee.hpke.key_id and body["grantee"] == grantee.account, "recipient")
    payload = unpad(grantee.hpke.open(scoped("envelope", ctx, grantee.hpke.key_id), body["sealed"]), 512)
    secret, fields = payload[:32], cbor(payload[32:])
    if fields["statement"] is not None:
        _, statement = statement_of(fields["statement"], issuer)
        must(statement["epoch"] == ctx["epoch"] and u(32, statement["folder"]).hex() == ctx["scope"], "statement")
        must(fields["keys"] != "read" or folder_key(secret).public == statement["public_key"], "public key")
    fields |= {"secret": secret.hex(), "statement": (fields["statement"] or b"").hex()}
    same(fields, vector["payload"], "payload")


def keyring(vector):
    patient, grantee = Person(vector["patient"]), Person(vector["grantee"])
    issuer, body = block(vector, "keyring", patient)
    must(body["folder"] == vector["folder"], "folder")
    _, statement = statement_of(body["statement"], patient)
    entries = [entry for entry in body["entries"] if entry["grantee"] == grantee.account]
    must(entries and entries[0]["key_id"] == grantee.hpke.key_id, "entry")
    ctx = {"chain": patient.chain, "contract": patient.contract.hex(), "patient": issuer.hex(), "issuer": issuer.hex(),
           "grantee": grantee.account.hex(), "scope": u(32, body["folder"]).hex(), "epoch": body["epoch"]}
    state = grantee.hpke.open(scoped("keyring", ctx, grantee.hpke.key_id), entries[0]["sealed"])
    must(folder_key(state).public == statement["public_key"], "public key")
    same((state.hex(), body["epoch"]), (vector["state"], vector["epoch"]), "state")


def folder_key_statement(vector):
    _, body = block(vector, "folder-key", Person(vector["patient"]))
    found = (body["folder"], body["epoch"], body["public_key"].hex())
    same(found, (vector["folder"], vector["epoch"], vector["public_key"]), "statement")


def open_metadata(key, header, sealed):
    padded = gcm_open(hkdf(key, header[1:33], b"metadata"), sealed["nonce"], sealed["ciphertext"])
    return cbor(unpad(padded, 512))


def metadata(vector):
    sealed = cbor(bytes.fromhex(vector["sealed"]))
    found = open_metadata(bytes.fromhex(vector["key"]), bytes.fromhex(vector["header"]), sealed)
    same(found, vector["metadata"], "metadata")


def cid(codec, data):
    return CID("base32", 1, codec, multihash.digest(data, "sha2-256"))


def manifest(vector):
    author = Person(vector["author"])
    issuer, body = block(vector, "manifest", author)
    same(str(cid("dag-cbor", bytes.fromhex(vector["block"]))), vector["cid"], "CID")
    ctx = {"chain": author.chain, "contract": author.contract.hex(), "patient": body["patient"].hex(),
           "author": issuer.hex(), "folder": body["folder"], "epoch": vector["folder_state"]["epoch"],
           "commitment": body["commitment"].hex()}
    key = open_lock(body["locks"][0], ctx, state=vector["folder_state"])
    same(open_metadata(key, body["header"], body["metadata"])["name"], vector["name"], "name")
    content = bytes.fromhex(vector["content"])
    must(body["content"] == cid("raw", content), "content CID")
    plain = tink_open(key, content)
    same((plain.hex(), len(plain), content[:40]), (vector["plain"], body["size"], body["header"]), "content")


# The eight points of small order, in every encoding that a decoder accepts.
SMALL_ORDER = {y | sign << 255 for sign in (0, 1) for y in (
    0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD83D3D706A17C7,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826)}


def profile(vector):
    data, person = bytes.fromhex(vector["block"]), Person(vector["person"])
    value = cbor(data)
    must((value["kind"], value["chain"], value["contract"]) == ("profile", person.chain, person.contract), "deployment")
    try:
        mlkem.MLKEM768PublicKey.from_public_bytes(value["hpke"][:1184])
        x25519.X25519PrivateKey.generate().exchange(x25519.X25519PublicKey.from_public_bytes(value["hpke"][1184:]))
    except ValueError as error:
        raise Fails("HPKE key") from error
    must(int.from_bytes(value["ed25519"], "little") not in SMALL_ORDER, "Ed25519 key")
    must((value["previous"] is None) == (value["sequence"] == 0), "sequence")
    found = (value["hpke"], value["ed25519"], value["account"], value["signature"].hex())
    same(found, (person.hpke.public, person.ed25519, person.account, vector["signature"]), "profile")
    digest = hashlib.sha256(data).hexdigest()
    same(" ".join(digest[at:at + 4] for at in range(0, 32, 4)), vector["fingerprint"], "fingerprint")


# --- content DAG ---

def varint(number):
    output = bytearray()
    while number >= 0x80:
        output.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(output) + bytes([number])


def field(tag, data):
    return bytes([tag]) + varint(len(data)) + data


def node(links):
    """A dag-pb node of (CID, bytes of the file, bytes of all blocks) with its UnixFS message."""
    children = b"".join(field(0x12, field(0x0A, bytes(c)) + field(0x12, b"") + b"\x18" + varint(t)) for c, _, t in links)
    sizes = b"".join(b"\x20" + varint(size) for _, size, _ in links)
    data = children + field(0x0A, b"\x08\x02\x18" + varint(sum(size for _, size, _ in links)) + sizes)
    return cid("dag-pb", data), sum(size for _, size, _ in links), sum(total for *_, total in links) + len(data)


def dag(vector):
    must(vector["size"] > 0, "empty")
    if "blocks" in vector:
        root, data = next(iter((name, bytes.fromhex(data)) for name, data in vector["blocks"].items()))
        must(str(cid("dag-pb", data)) == root, "CID")
        sizes = [min(MIB, vector["size"] - at) for at in range(0, vector["size"], MIB)]
        links = [(CID.decode(leaf), size, size) for leaf, size in zip(vector["leaves"], sizes)]
        return must(str(node(links)[0]) == root, "layout")
    key = hashlib.sha256(vector["seed"].encode()).digest()
    keystream = Cipher(algorithms.ChaCha20(key, bytes(16)), mode=None).encryptor()
    level = []
    for at in range(0, vector["size"], MIB):
        leaf = keystream.update(bytes(min(MIB, vector["size"] - at)))
        level.append((cid("raw", leaf), len(leaf), len(leaf)))
    while len(level) > 1:
        level = [node(level[at:at + 1024]) for at in range(0, len(level), 1024)]
    same(str(level[0][0]), vector["root"], "root")


FORMATS = {"derivation": derivation, "ratchet": ratchet, "stream": stream, "lock": lock, "envelope": envelope,
           "keyring": keyring, "folder-key": folder_key_statement, "manifest": manifest, "metadata": metadata,
           "profile": profile, "dag": dag}


def outcome(path):
    try:
        FORMATS[path.parent.name](json.loads(path.read_text()))
    except Fails as error:
        return "fails", str(error)
    except Exception as error:
        return "is read wrongly", repr(error)
    return "opens", ""


def main(folders):
    here = pathlib.Path(__file__).parent
    paths = sorted(path for folder in folders or map(here.joinpath, FORMATS) for path in pathlib.Path(folder).glob("*.json"))
    wrong = 0
    for path in paths:
        found, reason = outcome(path)
        if found != path.name.split("_")[0]:
            wrong += 1
            print(f"{path}: {found} ({reason})", file=sys.stderr)
    print(f"{len(paths) - wrong} of {len(paths)} vectors have the outcome that their name says")
    return 1 if wrong or not paths else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
