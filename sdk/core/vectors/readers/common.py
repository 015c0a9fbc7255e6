"""What every reader needs: failing, bytes, HKDF, AES-GCM, dag-cbor, CIDs."""
import dag_cbor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from multiformats import CID, multihash

LABEL = "hospital-record/v1/"
MIB = 1 << 20


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


def cid(codec, data):
    return CID("base32", 1, codec, multihash.digest(data, "sha2-256"))
