"""Vaults: a phrase under a random key, and that key under what a login gives."""
from .common import context, gcm_open, hkdf, must, part, same, u

PADDED = 512


def vault(vector):
    host = part(vector["host"].encode())
    chain, contract, account = vector["chain"], bytes.fromhex(vector["contract"]), bytes.fromhex(vector["account"])

    def opened(label, key, field):
        info = context(label, chain, contract, host, account, u(8, vector["generation"]))
        sealed = bytes.fromhex(vector[field])
        return gcm_open(hkdf(key, b"", info), sealed[:12], sealed[12:])

    key = opened("vault-key", bytes.fromhex(vector["export_key"]), "wrapped")
    must(len(key) == 32, "the length of the key")
    padded = opened("vault", key, "sealed")
    must(len(padded) == PADDED, "padding")
    content = padded[2:2 + int.from_bytes(padded[:2], "big")]
    same(content.hex(), vector["content"], "the content")
