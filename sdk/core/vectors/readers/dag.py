"""Content DAGs: UnixFS under the profile unixfs-v1-2025."""
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from multiformats import CID

from .common import MIB, cid, must, same


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
