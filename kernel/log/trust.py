"""The trust file: the few keys an outsider has to believe in, everything else is proved from them.

It ships with the offline verifier and is published; its digest is printed on receipts. Old log keys stay in it, so that
old checkpoints remain verifiable.

Source: `docs/spec/log.md`, "Trust file".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, jcs, parse
from kernel.crypto import CryptoError, Suite, suite
from kernel.crypto.keys import PublicKey
from kernel.log.errors import LogError
from kernel.log.note import KeyType, VerifierKey, parse_vkey

_MEMBERS = {
    "v",
    "type",
    "origin",
    "suites",
    "log_keys",
    "platform_keys",
    "witness_keys",
    "witness_quorum",
    "licence_roots",
}
#: A later addition: a file without it is as good as ever, and an installation writes it only if it needs it.
_OPTIONAL = frozenset({"timestamp_roots"})


@dataclass(frozen=True, slots=True)
class PlatformKey:
    """A key with which the platform signs receipts."""

    kid: str
    alg: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust file, read and checked.

    Attributes:
        licence_roots: root certificates of e-licences in PEM form.
        timestamp_roots: root certificates of time-stamping authorities in PEM form; where the file names none, they are
            those of e-licences.
        digest: SHA-256 of the file, as printed on receipts.
    """

    origin: str
    suites: tuple[str, ...]
    log_keys: tuple[VerifierKey, ...]
    platform_keys: tuple[PlatformKey, ...]
    witness_keys: tuple[VerifierKey, ...]
    witness_quorum: int
    licence_roots: tuple[str, ...]
    timestamp_roots: tuple[str, ...]
    digest: bytes

    def suite(self, suite_id: object) -> Suite:
        """The provider of a suite that a signed record names, if this file allows it.

        Raises:
            LogError: `suite`.
        """
        if not isinstance(suite_id, str) or suite_id not in self.suites:
            raise LogError("suite", "the suite is not on the allow-list of the trust file")
        try:
            return suite(suite_id)
        except CryptoError as refusal:
            raise LogError("suite", refusal.reason) from None

    @property
    def log_suite(self) -> Suite:
        """The suite of the tree, told by the type of the log's keys."""
        return self.suite("intl-1")


def read_trust(source: "Trust | Mapping[str, Any] | bytes") -> Trust:
    """Read a trust file from its bytes or its JSON value; a `Trust` is passed through.

    Raises:
        LogError: `trust-format`, `vkey` or `suite`.
    """
    if isinstance(source, Trust):
        return source
    try:
        members = parse(source) if isinstance(source, bytes) else source
        if not isinstance(members, Mapping) or set(members) - _OPTIONAL != _MEMBERS:
            raise NotCanonical("missing or unknown members")
        if members["type"] != "trust" or type(members["v"]) is not int or members["v"] != 1:
            raise NotCanonical("another type or version")
        licence_roots = tuple(_text(item) for item in _list(members["licence_roots"]))
        stamping = members.get("timestamp_roots")
        trust = Trust(
            origin=_text(members["origin"]),
            suites=tuple(_text(item) for item in _list(members["suites"])),
            log_keys=_vkeys(members["log_keys"], KeyType.ED25519),
            platform_keys=tuple(_platform_key(item) for item in _list(members["platform_keys"])),
            witness_keys=_vkeys(members["witness_keys"], KeyType.COSIGNATURE_V1),
            witness_quorum=_count(members["witness_quorum"]),
            licence_roots=licence_roots,
            timestamp_roots=licence_roots if stamping is None else tuple(_text(item) for item in _list(stamping)),
            digest=suite("intl-1").hash(jcs(dict(members))),
        )
    except NotCanonical as refusal:
        raise LogError("trust-format", str(refusal)) from None
    if not trust.log_keys:
        raise LogError("trust-format", "there is no log key")
    return trust


def _platform_key(item: object) -> PlatformKey:
    if not isinstance(item, Mapping) or set(item) != {"kid", "alg", "spki"}:
        raise NotCanonical("a platform key has kid, alg and spki")
    provider, spki = suite("intl-1"), b64u_decode(item["spki"])
    try:
        key = provider.load_public(spki)
    except CryptoError:
        raise NotCanonical("a platform key is malformed") from None
    if item["alg"] != "EdDSA" or provider.signature_algorithms["EdDSA"] is not key.kind:
        raise NotCanonical("a platform key is an Ed25519 key with alg EdDSA")
    if item["kid"] != provider.kid(spki):
        raise NotCanonical("a kid does not belong to its key")
    return PlatformKey(item["kid"], item["alg"], key)


def _vkeys(items: object, wanted: KeyType) -> tuple[VerifierKey, ...]:
    keys = tuple(parse_vkey(_text(item)) for item in _list(items))
    if any(key.type is not wanted for key in keys):
        raise NotCanonical("a verifier key is of another type than its place says")
    if len({key.public for key in keys}) != len(keys):
        raise NotCanonical("a verifier key occurs twice")
    return keys


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise NotCanonical("a list is expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise NotCanonical("a text is expected")
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise NotCanonical("a quorum is a whole number")
    return value
