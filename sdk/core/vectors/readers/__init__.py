"""The readers of our formats, one module for each family of formats."""
from . import board, dag, journal, keys, lock, manifest, note, profile, signed, stream, vault

# By the name of the folder that holds the vectors.
FORMATS = {
    "derivation": keys.derivation,
    "ratchet": keys.ratchet,
    "stream": stream.stream,
    "lock": lock.lock,
    "envelope": signed.envelope,
    "access-request": signed.access_request,
    "keyring": signed.keyring,
    "deal": board.deal,
    "share": board.share,
    "case-note": note.case_note,
    "folder-key": signed.folder_key_statement,
    "manifest": manifest.manifest,
    "metadata": manifest.metadata,
    "profile": profile.profile,
    "dag": dag.dag,
    "vault": vault.vault,
    "journal": journal.journal,
}
