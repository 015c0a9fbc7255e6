"""Boards: what is dealt to members, and what they release. Shamir's sharing over GF(2^8), the polynomial of AES."""
import hashlib

from .common import context, gcm_open, hkdf, must, same, u
from .keys import Person
from .signed import block, payload


def times(one, other):
    product = 0
    for bit in range(8):
        product ^= (one << bit) * (other >> bit & 1)
    for bit in range(14, 7, -1):
        product ^= (0x11B << bit - 8) * (product >> bit & 1)
    return product


def over(one, other):
    return next(quotient for quotient in range(256) if times(quotient, other) == one)


def combine(shares):
    secret = [0] * 32
    for x, share in shares.items():
        weight = 1
        for other in shares.keys() - {x}:
            weight = over(times(weight, other), other ^ x)
        secret = [byte ^ times(part, weight) for byte, part in zip(secret, share)]
    return bytes(secret)


class Deal:
    def __init__(self, vector, data):
        self.ctx, patient = vector["context"], Person(vector["patient"])
        must(self.ctx["chain"] == patient.chain, "deployment")
        issuer, self.body = block({"block": data}, "deal", patient)
        self.digest = hashlib.sha256(bytes.fromhex(data)).digest()
        named = {"patient": issuer, "grantee": self.body["board"], "scope": self.body["scope"]}
        must(all(value.hex() == self.ctx[name] for name, value in named.items()), "patient, board and scope")
        must(self.body["epoch"] == self.ctx["epoch"], "epoch")
        self.patient, members = patient, [share["member"] for share in self.body["shares"]]
        must(1 <= self.body["threshold"] <= len(members) == len(set(members)) <= 16, "board")

    def context(self, label, *parts):
        hexed = (bytes.fromhex(self.ctx[name]) for name in ("patient", "grantee", "scope"))
        numbers = u(2, self.ctx["epoch"]) + u(1, self.body["threshold"]) + u(1, len(self.body["shares"]))
        return context(label, self.ctx["chain"], bytes.fromhex(self.ctx["contract"]), *hexed, numbers, *parts)

    def share(self, member, plain):
        """The number and value of what is a member's share, when it is the one that was dealt."""
        number, dealt = self.dealt(member)
        opening = self.context("share", u(1, number), member, plain)
        must(len(plain) == 64 and hashlib.sha256(opening).digest() == dealt["commitment"], "commitment to the share")
        return number, plain[32:]

    def dealt(self, member):
        numbered = [(at, share) for at, share in enumerate(self.body["shares"], 1) if share["member"] == member]
        must(numbered, "member")
        return numbered[0]

    def own_share(self, member):
        number, dealt = self.dealt(member.account)
        must(dealt["key_id"] == member.hpke.key_id, "member's key")
        info = self.context("deal", u(1, number), member.account, member.hpke.key_id)
        return self.share(member.account, member.hpke.open(info, dealt["sealed"]))

    def released(self, vector, member, data):
        grantee = Person(vector["grantee"])
        issuer, body = block({"block": data}, "share", member)
        must((body["deal"], body["case"].hex()) == (self.digest, vector["case"]), "deal and case")
        must((body["grantee"], body["key_id"]) == (grantee.account, grantee.hpke.key_id), "recipient")
        number, _ = self.dealt(issuer)
        info = self.context("share-release", u(1, number), issuer, self.digest, body["case"], grantee.account,
                            grantee.hpke.key_id)
        share = self.share(issuer, grantee.hpke.open(info, body["sealed"]))
        same(self.own_share(member), share, "a member's own share")
        return share

    def open(self, shares):
        must(len(shares) >= self.body["threshold"], "threshold")
        key = combine(dict(list(shares.items())[:self.body["threshold"]]))
        must(hkdf(key, b"", self.context("deal-key")) == self.body["commitment"], "commitment to the key")
        sealed = self.body["payload"]
        plain = gcm_open(hkdf(key, b"", self.context("deal-payload")), sealed[:12], sealed[12:])
        secret, fields = payload(plain, self.ctx, self.patient)
        return secret.hex(), fields["folder_name"]


def deal(vector):
    dealt = Deal(vector, vector["block"])
    shares = [dealt.released(vector, Person(row["member"]), row["block"]) for row in vector["releases"]]
    same(dealt.open(dict(shares)), (vector["secret"], vector["folder_name"]), "payload")


def share(vector):
    Deal(vector, vector["deal"]).released(vector, Person(vector["member"]), vector["block"])
