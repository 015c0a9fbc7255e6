"""Profiles: public keys that can be used."""
import hashlib

from cryptography.hazmat.primitives.asymmetric import mlkem, x25519

from .common import Fails, cbor, must, same
from .keys import Person

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
