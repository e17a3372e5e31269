"""The frozen list of candidates: public attributes beside leaves that hide who is who.

A leaf commits to an identity under a salt that is fresh for every draw and candidate, so nobody finds a candidate by
guessing names, and the leaves of one expert in two draws have nothing in common.

Source: `docs/spec/draw.md`, "Pool".
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse
from kernel.crypto import Suite
from kernel.draw.errors import DrawError
from kernel.draw.primitives import LEAF_BYTES
from kernel.log.tree import leaf_hash, mth

SALT_BYTES = 32

Candidate = tuple[bytes, Mapping[str, Any]]


def leaf_of(suite: Suite, salt: bytes, pub: Mapping[str, Any], priv: Mapping[str, Any]) -> bytes:
    """The leaf of a candidate.

    Args:
        salt: 32 secret random bytes, fresh for this draw and candidate.
        pub: what the rule needs, and what everybody sees.
        priv: the identity.
    """
    if len(salt) != SALT_BYTES:
        raise DrawError("json-profile", "a salt has 32 bytes")
    return suite.hash(b"OTD1/leaf\0" + salt + suite.hash(jcs(dict(pub))) + suite.hash(jcs(dict(priv))))


def pool_of(candidates: Iterable[Candidate]) -> list[dict[str, Any]]:
    """The pool file's value: entries `{l, p}` by ascending leaf.

    Raises:
        DrawError: `pool-duplicate`.
    """
    pool = sorted(((leaf, dict(pub)) for leaf, pub in candidates), key=lambda candidate: candidate[0])
    if any(one[0] == other[0] for one, other in pairwise(pool)):
        raise DrawError("pool-duplicate", "two candidates have the same leaf")
    return [{"l": b64u_encode(leaf), "p": pub} for leaf, pub in pool]


def pool_root(suite: Suite, pool: Iterable[Mapping[str, Any]]) -> bytes:
    """Merkle root over the canonical entries."""
    return mth(suite, [leaf_hash(suite, jcs(dict(entry))) for entry in pool])


def read_pool(suite: Suite, pool: object, frozen: Mapping[str, Any]) -> list[Candidate]:
    """Read a pool and compare it with what the spec froze.

    Args:
        pool: the pool file's value or its canonical bytes.
        frozen: `{root, count}` of the spec.
    Raises:
        DrawError: `json-profile`, `pool-order`, `pool-duplicate`, `pool-root`, checked in this order.
    """
    entries = _entries(pool)
    try:
        candidates = [(b64u_decode(entry["l"], LEAF_BYTES), _pub(entry["p"])) for entry in entries]
        root = pool_root(suite, entries)
    except NotCanonical as refusal:
        raise DrawError("json-profile", f"pool: {refusal}") from None
    if any(one[0] > other[0] for one, other in pairwise(candidates)):
        raise DrawError("pool-order", "the pool is not ascending")
    if any(one[0] == other[0] for one, other in pairwise(candidates)):
        raise DrawError("pool-duplicate", "two candidates have the same leaf")
    if frozen["count"] != len(candidates) or frozen["root"] != b64u_encode(root):
        raise DrawError("pool-root", "the pool is not the one that was frozen")
    return candidates


def _entries(pool: object) -> Sequence[Mapping[str, Any]]:
    if isinstance(pool, bytes):
        try:
            pool = parse(pool)
        except NotCanonical as refusal:
            raise DrawError("json-profile", f"pool: {refusal}") from None
    if not isinstance(pool, list) or not all(isinstance(e, dict) and e.keys() == {"l", "p"} for e in pool):
        raise DrawError("json-profile", "a pool is a list of entries {l, p}")
    return pool


def _pub(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise NotCanonical("public attributes are an object")
    for held in value.values():
        for item in held if isinstance(held, list) else [held]:
            if not isinstance(item, str | int):
                raise NotCanonical("a public attribute is a text, a number, or a list of these")
    return value
