"""Log entries: what becomes a leaf, and the detail that stays outside it.

The leaf data is the canonical entry, which holds a digest of the detail and a salt. The public sees leaf hashes, and
the salt keeps anyone from confirming a guessed detail by them; whoever is given the entry could, so an entry goes where
its detail may go. Detail and salt may be erased later, the tree stays valid.

Source: `docs/spec/log.md`, "Entries".
"""

from dataclasses import dataclass
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse, parse_time
from kernel.log.errors import LogError
from kernel.log.tree import Hasher, leaf_hash

SALT_BYTES = 16
_MEMBERS = {"v", "type", "at", "digest", "salt"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A well-formed entry.

    Attributes:
        kind: dotted name of the event, the member `type`.
        at: instant of the act, as written.
    """

    kind: str
    at: str
    digest: bytes
    salt: bytes

    def as_json(self) -> dict[str, Any]:
        """The entry as it is published."""
        return {
            "v": 1,
            "type": self.kind,
            "at": self.at,
            "digest": b64u_encode(self.digest),
            "salt": b64u_encode(self.salt),
        }

    def data(self) -> bytes:
        """The leaf data: the canonical form of `as_json`, whose names are known."""
        digest, salt = b64u_encode(self.digest).encode(), b64u_encode(self.salt).encode()
        return b'{"at":%b,"digest":"%b","salt":"%b","type":%b,"v":1}' % (jcs(self.at), digest, salt, jcs(self.kind))

    def leaf(self, suite: Hasher) -> bytes:
        """The leaf hash."""
        return leaf_hash(suite, self.data())

    def holds(self, suite: Hasher, detail: Any) -> bool:
        """Whether this is the entry of `detail`."""
        try:
            return detail_digest(suite, detail) == self.digest
        except NotCanonical:
            return False


def detail_digest(suite: Hasher, detail: Any) -> bytes:
    """Digest of a detail."""
    return suite.hash(b"OTL1/detail\0" + jcs(detail))


def entry_of(suite: Hasher, kind: str, at: str, detail: Any, salt: bytes) -> Entry:
    """Make the entry of an act.

    Args:
        at: instant as `kernel.canonical.format_time` writes it.
        salt: 16 secret random bytes.
    Raises:
        LogError: `entry-digest`: an empty kind, another form of time, a salt of another length.
    """
    entry = Entry(kind, at, detail_digest(suite, detail), salt)
    try:
        parse_time(at)
        if not isinstance(kind, str) or not kind or len(salt) != SALT_BYTES:
            raise NotCanonical("no type, or a salt of another length")
        entry.data()
    except NotCanonical as refusal:
        raise LogError("entry-digest", f"not an entry: {refusal}") from None
    return entry


def parse_entry(value: object) -> Entry:
    """Read an entry from leaf data or from its JSON value.

    Raises:
        LogError: `entry-digest`: missing or unknown members, or a member of another form.
    """
    try:
        members = parse(value) if isinstance(value, bytes) else value
        if not isinstance(members, dict) or members.keys() != _MEMBERS or type(members["v"]) is not int:
            raise NotCanonical("missing or unknown members")
        kind, at = members["type"], members["at"]
        parse_time(at)
        if members["v"] != 1 or not isinstance(kind, str) or not kind:
            raise NotCanonical("another version, or no type")
        entry = Entry(kind, at, b64u_decode(members["digest"], 32), b64u_decode(members["salt"], SALT_BYTES))
        entry.data()
    except NotCanonical as refusal:
        raise LogError("entry-digest", f"not an entry: {refusal}") from None
    return entry
