"""Notes about a board's case: why it was opened, and what its review found."""
import unicodedata

from .common import Fails, context, gcm_open, hkdf, must, same, unpad
from .keys import Person
from .signed import block

READERS = 17
LONGEST = 2044
PADDED = 2560


class Note:
    def __init__(self, vector):
        self.terms, author = vector["terms"], Person(vector["author"])
        must(self.terms["chain"] == author.chain, "deployment")
        issuer, self.body = block(vector, "case-note", author)
        named = {name: self.body[name] for name in ("patient", "board", "scope", "grantee")} | {"author": issuer}
        must(all(value.hex() == self.terms[name] for name, value in named.items()), "what it is about")
        must((self.body["case"] or b"").hex() == (self.terms["case"] or ""), "case")
        must(len(self.body["readers"]) <= READERS, "readers")
        must(len(self.body["payload"]) <= 12 + PADDED + 16, "size")

    def context(self, label, *parts):
        hexed = (bytes.fromhex(self.terms[name]) for name in ("patient", "board", "scope", "grantee", "author"))
        case = bytes.fromhex(self.terms["case"] or "00" * 32)
        return context(label, self.terms["chain"], bytes.fromhex(self.terms["contract"]), *hexed, case, *parts)

    def key(self, reader):
        own = [(entry["reader"], entry["key_id"]) for entry in self.body["readers"]]
        wanted = reader.account, reader.hpke.key_id
        must(wanted in own, "entry")
        key = reader.hpke.open(self.context("case-note", *wanted), self.body["readers"][own.index(wanted)]["sealed"])
        must(len(key) == 32, "length of the key")
        must(hkdf(key, b"", self.context("case-note-key")) == self.body["commitment"], "commitment to the key")
        return key

    def words(self, reader):
        key, sealed = hkdf(self.key(reader), b"", self.context("case-note-payload")), self.body["payload"]
        plain = unpad(gcm_open(key, sealed[:12], sealed[12:]), 512)
        must(plain, "purpose")
        try:
            text = plain[1:].decode()
        except UnicodeDecodeError as error:
            raise Fails("UTF-8") from error
        must(len(plain) - 1 <= LONGEST and text.strip(), "length of the text")
        must(all(unicodedata.category(letter) != "Cc" for letter in text.replace("\n", "")), "control characters")
        return plain[0], text


def case_note(vector):
    same(Note(vector).words(Person(vector["reader"])), (vector["purpose"], vector["text"]), "words")
