"""Locks: a content key for a folder or an account."""
from .common import cbor, context, must, same, u
from .keys import Person, commitment, folder_key, state_at


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
