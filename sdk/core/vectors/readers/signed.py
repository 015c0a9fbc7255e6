"""Signed blocks: access requests, and those that carry keys (folder keys, envelopes, keyrings)."""
import dag_cbor
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ed25519

from .common import LABEL, Fails, cbor, context, must, same, u, unpad
from .keys import Person, folder_key


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


def scoped(label, ctx, key_id):
    hexed = (bytes.fromhex(ctx[name]) for name in ("patient", "issuer", "grantee", "scope"))
    return context(label, ctx["chain"], bytes.fromhex(ctx["contract"]), *hexed, key_id, u(2, ctx["epoch"]))


def payload(plain, ctx, patient):
    plain = unpad(plain, 512)
    secret, fields = plain[:32], cbor(plain[32:])
    if fields["statement"] is not None:
        _, statement = statement_of(fields["statement"], patient)
        must(statement["epoch"] == ctx["epoch"] and u(32, statement["folder"]).hex() == ctx["scope"], "statement")
        must(fields["keys"] != "read" or folder_key(secret).public == statement["public_key"], "public key")
    return secret, fields


def envelope(vector):
    ctx, issuer, grantee = vector["context"], Person(vector["issuer"]), Person(vector["grantee"])
    must(ctx["chain"] == issuer.chain, "deployment")
    signer, body = block(vector, "envelope", issuer)
    named = {"issuer": signer, "patient": body["patient"], "grantee": body["grantee"], "scope": body["scope"]}
    must(all(value.hex() == ctx[name] for name, value in named.items()) and body["epoch"] == ctx["epoch"], "context")
    must(body["key_id"] == grantee.hpke.key_id and body["grantee"] == grantee.account, "recipient")
    plain = grantee.hpke.open(scoped("envelope", ctx, grantee.hpke.key_id), body["sealed"])
    secret, fields = payload(plain, ctx, issuer)
    fields |= {"secret": secret.hex(), "statement": (fields["statement"] or b"").hex()}
    same(fields, vector["payload"], "payload")


def access_request(vector):
    terms, asker, patient = vector["terms"], Person(vector["asker"]), Person(vector["patient"])
    must(terms["chain"] == asker.chain, "deployment")
    signer, body = block(vector, "access-request", asker)
    must((signer.hex(), body["patient"].hex()) == (terms["asker"], terms["patient"]), "asker and patient")
    must(all(body[name] == terms[name] for name in ("rights", "purpose", "grant_until", "answer_by")), "terms")
    must(body["key_id"] == patient.hpke.key_id and body["patient"] == patient.account, "recipient")
    info = context("access-request", terms["chain"], bytes.fromhex(terms["contract"]), body["patient"], signer,
                   patient.hpke.key_id, u(1, body["rights"]), u(1, body["purpose"]), u(8, body["grant_until"]),
                   u(8, body["answer_by"]))
    same(unpad(patient.hpke.open(info, body["sealed"]), 512).decode(), vector["reason"], "reason")


def sorted_once(rows, account):
    accounts = [row[account] for row in rows]
    must(accounts == sorted(set(accounts)), "order, and no account twice")


def dealt(body):
    """Where a keyring's keys were dealt to boards; the field is there only when it says something."""
    if "deals" not in body:
        return []
    deals = body["deals"]
    must(isinstance(deals, list) and 1 <= len(deals) <= 16, "deals")
    must(all(row.keys() == {"board", "deal"} for row in deals), "fields of a deal")
    must(all((len(row["board"]), len(row["deal"])) == (20, 32) for row in deals), "board and digest")
    sorted_once(deals, "board")
    return [{"board": row["board"].hex(), "deal": row["deal"].hex()} for row in deals]


def keyring(vector):
    patient, grantee = Person(vector["patient"]), Person(vector["grantee"])
    issuer, body = block(vector, "keyring", patient)
    must(body["folder"] == vector["folder"], "folder")
    _, statement = statement_of(body["statement"], patient)
    must((statement["folder"], statement["epoch"]) == (body["folder"], body["epoch"]), "statement")
    must(len(body["entries"]) <= 600, "entries")
    sorted_once(body["entries"], "grantee")
    deals = dealt(body)
    entries = [entry for entry in body["entries"] if entry["grantee"] == grantee.account]
    must(entries and entries[0]["key_id"] == grantee.hpke.key_id, "entry")
    ctx = {"chain": patient.chain, "contract": patient.contract.hex(), "patient": issuer.hex(), "issuer": issuer.hex(),
           "grantee": grantee.account.hex(), "scope": u(32, body["folder"]).hex(), "epoch": body["epoch"]}
    state = grantee.hpke.open(scoped("keyring", ctx, grantee.hpke.key_id), entries[0]["sealed"])
    must(folder_key(state).public == statement["public_key"], "public key")
    same((state.hex(), body["epoch"]), (vector["state"], vector["epoch"]), "state")
    same(deals, vector.get("deals", []), "deals")


def folder_key_statement(vector):
    _, body = block(vector, "folder-key", Person(vector["patient"]))
    found = (body["folder"], body["epoch"], body["public_key"].hex())
    same(found, (vector["folder"], vector["epoch"], vector["public_key"]), "statement")
