"""Receipts: the platform's signed word for what it accepted, with the proof that the log holds it.

Bundle: `{receipt, entry, index, size, path, checkpoint}`. The receipt is a JWS of the platform over the detail, the
entry binds the detail, the path leads from the entry to the checkpoint's root. Whoever has a receipt also has a
checkpoint to compare with those of others.

Source: `docs/spec/log.md`, "Receipts".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, parse
from kernel.log.checkpoint import Checkpoint, parse_checkpoint
from kernel.log.entry import Entry, parse_entry
from kernel.log.errors import LogError
from kernel.log.tree import verify_inclusion
from kernel.log.trust import Trust, read_trust

RECEIPT_TYP = "otp-receipt+jws"
#: What a receipt may attest. A refusal is signed too, but under another `typ`, so that nobody takes it for a receipt.
RECEIPT_KINDS = frozenset({"bid.accepted", "bid.withdrawn"})


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves.

    Attributes:
        detail: what the platform signed.
        index: number of the entry in the log; a bid counts only if it lies below the size of the deadline checkpoint.
    """

    detail: dict[str, Any]
    entry: Entry
    index: int
    checkpoint: Checkpoint


def verify_receipt(bundle: Mapping[str, Any] | bytes, trust: Trust | Mapping[str, Any] | bytes) -> VerifiedReceipt:
    """Check a receipt against a trust file.

    Args:
        bundle: the receipt file's JSON value, or its canonical bytes.
        trust: a trust file, read or raw.
    Raises:
        LogError: `receipt-signature`, `receipt-type`, `entry-digest`, `checkpoint-format`, `checkpoint-origin`,
            `checkpoint-signature`, `witness`, `checkpoint-size`, `inclusion`, checked in this order; before them
            `trust-format`, `vkey` or `suite` if the trust file itself is no good.
    """
    trusted = read_trust(trust)
    suite = trusted.log_suite
    members = _members(bundle)
    detail = _signed_detail(members.get("receipt"), trusted)
    entry = parse_entry(members.get("entry"))
    if not entry.holds(suite, detail):
        raise LogError("entry-digest", "the entry is not that of the receipt")
    note = members.get("checkpoint")
    checkpoint = parse_checkpoint(note if isinstance(note, str) else "", trusted)
    index, size = members.get("index"), members.get("size")
    if type(size) is not int or size != checkpoint.size:
        raise LogError("checkpoint-size", "the proof is for another size than the checkpoint's")
    path = hashes_of(members.get("path"))
    if type(index) is not int or not verify_inclusion(suite, entry.leaf(suite), index, size, path, checkpoint.root):
        raise LogError("inclusion", "the entry is not in the tree of the checkpoint")
    return VerifiedReceipt(detail, entry, index, checkpoint)


def bundle_of(receipt: str, entry: Entry, index: int, path: list[bytes], checkpoint: str) -> dict[str, Any]:
    """Put a receipt bundle together."""
    return {
        "receipt": receipt,
        "entry": entry.as_json(),
        "index": index,
        "size": parse_checkpoint(checkpoint).size,
        "path": [b64u_encode(step) for step in path],
        "checkpoint": checkpoint,
    }


def hashes_of(path: object) -> list[bytes]:
    """Proof hashes from their JSON form.

    Raises:
        LogError: `inclusion`.
    """
    try:
        if not isinstance(path, list):
            raise NotCanonical("a list is expected")
        return [b64u_decode(item, 32) for item in path]
    except NotCanonical:
        raise LogError("inclusion", "the path is not a list of hashes") from None


def _members(bundle: object) -> Mapping[str, Any]:
    if isinstance(bundle, bytes):
        try:
            bundle = parse(bundle)
        except NotCanonical:
            raise LogError("receipt-signature", "the receipt file is not canonical JSON") from None
    return bundle if isinstance(bundle, Mapping) else {}


def platform_message(token: object, trust: Trust, typ: str) -> Any:
    """The payload of a message signed by the platform; the algorithm is the trust file's, never the token's.

    Raises:
        LogError: `receipt-signature`, then `receipt-type` for a genuine message of another kind.
    """
    header, payload, signed, signature = _take_apart(token)
    fitting = [key for key in trust.platform_keys if header.get("kid", key.kid) == key.kid]
    provider = trust.log_suite
    if not any(header.get("alg") == key.alg and provider.verify(key.key, signed, signature) for key in fitting):
        raise LogError("receipt-signature", "no key of the platform has signed this")
    try:
        told = parse(payload)
    except NotCanonical:
        raise LogError("receipt-signature", "what was signed is not canonical JSON") from None
    if header.get("typ") != typ or not header.keys() <= {"alg", "typ", "kid"}:
        raise LogError("receipt-type", "this is another kind of message")
    return told


def _signed_detail(token: object, trust: Trust) -> dict[str, Any]:
    detail = platform_message(token, trust, RECEIPT_TYP)
    if not isinstance(detail, dict) or detail.get("v") != 1 or detail.get("type") not in RECEIPT_KINDS:
        raise LogError("receipt-type", "this does not attest that something was accepted")
    return detail


def _take_apart(token: object) -> tuple[dict[str, Any], bytes, bytes, bytes]:
    try:
        if not isinstance(token, str):
            raise NotCanonical("a token is a text")
        first, second, third = token.split(".")
        # Only the payload is bound to the canonical form; a header may be spelled as the signer's library does.
        header = json.loads(b64u_decode(first), object_pairs_hook=_no_member_twice)
        payload, signature = b64u_decode(second), b64u_decode(third)
        if not isinstance(header, dict):
            raise NotCanonical("a header is an object")
    except (ValueError, RecursionError):
        raise LogError("receipt-signature", "the receipt is not a signed message") from None
    return header, payload, f"{first}.{second}".encode(), signature


def _no_member_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotCanonical("a header member occurs twice")
    return members
