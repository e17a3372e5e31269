"""The installation's own keys: made once, each in the folder of the process that may read it.

signer/key.p8      log signer (Ed25519)          witness/key.p8   witness (Ed25519)
keys/platform.p8   receipts (Ed25519)            keys/vault.p8    identities of drawn people (P-256)
keys/fields.key    ID numbers, phones, accounts in the database (32 random bytes)
keys/authority/    the local issuing authority: development, tests, rehearsals
keys/timestamps/   the local time-stamping authority beside it; read by the worker only
trust.json         the public side of all of them (crypto.md §2)
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kernel.canonical import jcs
from kernel.crypto import random_bytes
from kernel.crypto.keys import KeyKind, PrivateKey, generate, load_private
from kernel.log.note import KeyType, VerifierKey
from kernel.log.platform import PlatformKey
from portal.embedded.home import Home, write_private


@dataclass(frozen=True, slots=True)
class LogName:
    """The log's name in its checkpoints; a rehearsal's log says so in every checkpoint and receipt."""

    origin: str

    @property
    def witness(self) -> str:
        """Name of the witness that runs beside the log."""
        return f"{self.origin}/witness"


def log_name(origin: str, *, rehearsal: bool) -> LogName:
    """Return the log's name."""
    return LogName(f"{origin}/rehearsal" if rehearsal else origin)


def load_or_make(file: Path, kind: KeyKind) -> PrivateKey:
    """Return the key in a file; make it at first use."""
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, generate(kind).pkcs8(), only_new=True)
    return load_private(file.read_bytes())


def signer_key(home: Home) -> PrivateKey:
    """Return the log's signing key; read by the signer's process only."""
    return load_or_make(home / "signer" / "key.p8", KeyKind.ED25519)


def witness_key(home: Home) -> PrivateKey:
    """Return the witness's key; read by the witness's process only."""
    return load_or_make(home / "witness" / "key.p8", KeyKind.ED25519)


def platform_key(home: Home) -> PlatformKey:
    """Return the key of receipts and rejections."""
    return PlatformKey(load_or_make(home / "keys" / "platform.p8", KeyKind.ED25519))


def vault_key(home: Home) -> PrivateKey:
    """Return the key under which the identities of drawable people lie."""
    return load_or_make(home / "keys" / "vault.p8", KeyKind.P256)


def field_key(home: Home) -> bytes:
    """Return the key under which ID numbers, phones and bank accounts lie in the database."""
    file = home / "keys" / "fields.key"
    if not file.exists():
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, random_bytes(32), only_new=True)
    return file.read_bytes()


def trust_file(home: Home) -> Path:
    """Return where the trust file lies."""
    return home.path / "trust.json"


def make_trust(
    home: Home, name: LogName, *, licence_roots: list[str], timestamp_roots: list[str] | None = None
) -> dict[str, Any]:
    """Write and return the trust file.

    Args:
        licence_roots: PEM certificates of the issuers of e-licences.
        timestamp_roots: the same of time-stamping authorities; without any the file has no such member, so that
            verifiers from before it was there read the file as ever.
    """
    log = VerifierKey.of_spki(name.origin, KeyType.ED25519, signer_key(home).public.spki)
    witness = VerifierKey.of_spki(name.witness, KeyType.COSIGNATURE_V1, witness_key(home).public.spki)
    trust: dict[str, Any] = {
        "v": 1,
        "type": "trust",
        "origin": name.origin,
        "suites": ["intl-1"],
        "log_keys": [str(log)],
        "platform_keys": [platform_key(home).trust_row()],
        "witness_keys": [str(witness)],
        "witness_quorum": 1,
        "licence_roots": licence_roots,
    }
    if timestamp_roots:
        trust["timestamp_roots"] = timestamp_roots
    trust_file(home).write_bytes(jcs(trust))  # the form that the offline verifier reads
    return trust


def load_trust(home: Home) -> dict[str, Any]:
    """Return the trust file."""
    trust: dict[str, Any] = json.loads(trust_file(home).read_text(encoding="utf-8"))
    return trust
