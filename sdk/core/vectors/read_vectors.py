#!/usr/bin/env python3
"""Reads every vector without a line of the Rust code or of the contract, after the formats as they are documented.

Google Tink opens the streams, `cryptography` does HKDF, AES-GCM, Ed25519 and HPKE with X-Wing, `dag-cbor` reads the
blocks, `pycryptodome` hashes the journals. Ends with status 1 on any vector whose outcome is not the one that its name
says, and on a format without vectors.

    python3 read_vectors.py [FORMAT ...]        # default: every format
"""
import json
import pathlib
import sys

from readers import FORMATS
from readers.common import Fails

HERE = pathlib.Path(__file__).resolve().parent
# Foundry writes the journals beside the contract's tests.
ELSEWHERE = {"journal": HERE.parents[2] / "contracts/test/vectors"}


def expected(path):
    if path.stem.endswith("_does_not_join"):
        return "fails"
    if path.stem.endswith("_joins"):
        return "opens"
    return path.stem.split("_")[0]


def outcome(read, path):
    try:
        read(json.loads(path.read_text()))
    except Fails as error:
        return "fails", str(error)
    except Exception as error:
        return "is read wrongly", repr(error)
    return "opens", ""


def main(names):
    count, wrong = 0, []
    for name in names or FORMATS:
        paths = sorted(ELSEWHERE.get(name, HERE / name).glob("*.json"))
        if not paths:
            wrong.append(f"{name}: no vectors")
        for path in paths:
            found, reason = outcome(FORMATS[name], path)
            if found != expected(path):
                wrong.append(f"{path}: {found} ({reason})")
        count += len(paths)
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"{count} vectors read, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
