"""Manifests and the metadata in them."""
from .common import cbor, cid, gcm_open, hkdf, must, same, unpad
from .keys import Person
from .lock import open_lock
from .signed import block
from .stream import tink_open


def open_metadata(key, header, sealed):
    padded = gcm_open(hkdf(key, header[1:33], b"metadata"), sealed["nonce"], sealed["ciphertext"])
    return cbor(unpad(padded, 512))


def metadata(vector):
    sealed = cbor(bytes.fromhex(vector["sealed"]))
    found = open_metadata(bytes.fromhex(vector["key"]), bytes.fromhex(vector["header"]), sealed)
    same(found, vector["metadata"], "metadata")


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
