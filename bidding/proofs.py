"""What a bidder's own program checks of the platform's word, before it seals and before it releases. Pure.

A keyset counts if the public log holds it under a head that the log has signed and its witnesses have cosigned; the
own bid counts if it stands in the close list whose root that log holds.

Source: docs/spec/log.md; docs/spec/sealing.md, "Messages"; crypto.md §3.5 step 1, §3.7 step 2.
"""

from collections.abc import Mapping
from typing import Any

from bidding.envelope import EnvelopeError
from kernel.canonical import b64u_decode, b64u_encode, jcs
from kernel.crypto import suite
from kernel.crypto.merkle import leaf_hash
from kernel.log.checkpoint import Checkpoint, parse_checkpoint
from kernel.log.entry import parse_entry
from kernel.log.errors import LogError
from kernel.log.receipt import hashes_of
from kernel.log.tree import verify_inclusion
from kernel.log.trust import Trust

SUITE = suite("intl-1")
KEYSET, CLOSE, TECHNICAL = "keyset.published", "bid.close", "bid.technical-concluded"


def require_logged(detail: Any, proof: Mapping[str, Any] | None, trust: Trust, *kinds: str) -> Checkpoint:
    """Check that the log holds a detail; return the head that proves it.

    Args:
        proof: `{entry, index, size, path, checkpoint}`; None where the platform has none yet.
        kinds: what the entry may be; without any, anything.

    Raises:
        LogError: `unlogged`, the codes of `parse_checkpoint`, `entry-digest`, `entry-type`, `checkpoint-size`,
            `inclusion`, in this order.
    """
    if proof is None:
        raise LogError("unlogged", "the log has not numbered the entry yet")
    note = proof.get("checkpoint")
    head = parse_checkpoint(note if isinstance(note, str) else "", trust)
    entry = parse_entry(proof.get("entry"))
    if not entry.holds(SUITE, detail):
        raise LogError("entry-digest", "the entry is of another detail")
    if kinds and entry.kind not in kinds:
        raise LogError("entry-type", "the log holds it as something else")
    index, size = proof.get("index"), proof.get("size")
    if type(size) is not int or size != head.size:
        raise LogError("checkpoint-size", "the proof is for another size than the checkpoint's")
    path = hashes_of(proof.get("path"))
    if type(index) is not int or not verify_inclusion(SUITE, entry.leaf(SUITE), index, size, path, head.root):
        raise LogError("inclusion", "the entry is not in the log")
    return head


def holds(detail: Any, proof: Mapping[str, Any] | None, trust: Trust) -> bool:
    """Say whether the log holds a detail."""
    try:
        require_logged(detail, proof, trust)
    except LogError:
        return False
    return True


def require_own_place(told: Mapping[str, Any], own: bytes, trust: Trust) -> None:
    """Check that one's own submission stands in the close list, and that list's root in the log.

    Args:
        told: `{root, size, close: {detail, proof}, mine: {entry, index, path}}`, as the platform gives it.
        own: digest of the submission.

    Raises:
        LogError: the root is not in the log.
        EnvelopeError: `close-root` if list and log differ, `close-list` if the submission is not in it.
    """
    close, mine = told["close"], told["mine"]
    require_logged(close["detail"], close["proof"], trust, CLOSE)
    if close["detail"].get("root") != told["root"]:
        raise EnvelopeError("close-root", "the list is not the one whose root was logged")
    if mine is None or mine["entry"].get("submission") != b64u_encode(own):
        raise EnvelopeError("close-list", "the submission is not in the list")
    leaf, path = leaf_hash(SUITE, jcs(mine["entry"])), hashes_of(mine["path"])
    if not verify_inclusion(SUITE, leaf, mine["index"], told["size"], path, b64u_decode(told["root"])):
        raise EnvelopeError("close-list", "the submission is not in the list")


def require_passed(told: Mapping[str, Any] | None, lot: Mapping[str, Any], bidder: str, trust: Trust) -> None:
    """Check, before a key of a second envelope is given, that the log holds that its bidder passed.

    Args:
        told: `{detail, proof}` of the conclusion, as the platform gives it; None where it gives none.
        lot: has `tender` and `lot`.

    Raises:
        LogError: the log does not hold it.
        EnvelopeError: `technical`: it is of another lot, or the bidder did not pass.
    """
    if told is None:
        raise EnvelopeError("technical", "it is not on record that the technical evaluation has ended")
    detail = told["detail"]
    require_logged(detail, told["proof"], trust, TECHNICAL)
    same = (detail["tender"], detail["lot"]) == (lot["tender"], lot["lot"])
    if not same or bidder not in [one["bidder"] for one in detail["verdicts"] if one["passed"] is True]:
        raise EnvelopeError("technical", "the bidder did not pass the technical evaluation")


def log_file(detail: Any, proof: Mapping[str, Any]) -> bytes:
    """Write a proof as the stand-alone file that the offline verifier reads."""
    return jcs({"v": 1, "type": "log.inclusion", "detail": detail, **proof})
