"""Content: a Google Tink stream, opened by Tink itself."""
import base64
import hashlib
import io
import json

import tink
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tink import cleartext_keyset_handle, streaming_aead

from .common import MIB, Fails, hkdf, same, u
from .keys import commitment

streaming_aead.register()


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
