"""The signed messages between bidders, trustees and the platform: their members, their types, their digests.

Each kind has its own JWS `typ`, so that a signature over one can never pass for another. A payload has exactly the
members listed here; whoever verifies one calls `check_message` after the signature.

Source: docs/spec/sealing.md, "Messages".
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bidding.envelope.format import label
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs
from kernel.crypto import CryptoError, Suite
from kernel.crypto.merkle import leaf_hash, merkle_root

SUBMISSION, WITHDRAWAL, RELEASE = "bid.submission", "bid.withdrawal", "bid.release"
SHARE, ACCEPT = "bid.share", "bid.keyset-accept"
EMERGENCY = "bid.emergency-key"
SIGNATURE = "opening.signature"
CONSORTIUM = "bid.consortium"
#: Payload type -> JWS typ.
TYPES = {
    SUBMISSION: "bid-submission+jws",
    WITHDRAWAL: "bid-withdrawal+jws",
    RELEASE: "bid-release+jws",
    SHARE: "bid-share+jws",
    ACCEPT: "keyset-accept+jws",
    EMERGENCY: "bid-emergency-key+jws",
    SIGNATURE: "opening-signature+jws",
    CONSORTIUM: "bid-consortium+jws",
}
_COMMON = {"v", "type", "tender", "lot"}
_MEMBERS = {
    SUBMISSION: _COMMON | {"bidder", "rev", "prev", "docs", "ks"},
    WITHDRAWAL: _COMMON | {"bidder", "rev", "prev"},
    RELEASE: _COMMON | {"bidder", "submission", "secrets"},
    SHARE: _COMMON | {"ks", "i", "shares"},
    ACCEPT: _COMMON | {"ks", "i", "kid", "proof"},
    EMERGENCY: _COMMON | {"bidder", "submission", "keys"},
    SIGNATURE: _COMMON | {"draft", "stance", "remark"},
    CONSORTIUM: _COMMON | {"no", "leader", "members", "agreement"},
}
_DIGESTS = ("ks", "submission", "proof", "draft", "agreement")
#: What somebody says of the record by signing it.
STANCES = ("agreed", "objection")
_ITEMS: dict[str, dict[str, type]] = {
    "docs": {"slot": str, "eid": bytes, "chunks": int, "bytes": int},
    "secrets": {"slot": str, "eid": bytes, "secret": bytes},
    "shares": {"eid": bytes, "share": bytes},
    "keys": {"slot": str, "eid": bytes, "fk": bytes},
    "members": {"uscc": str, "name": str, "share": int, "work": str},
}
#: Shares of a consortium are hundredths of a percent of the whole.
WHOLE = 10_000

Message = dict[str, Any]


class MessageError(CryptoError):
    """A signed message has not exactly the members of its kind (code `message`)."""

    def __init__(self, reason: str) -> None:
        super().__init__("message", reason)


def document(slot: str, eid: bytes, chunks: int, size: int) -> Message:
    """One sealed document of a submission.

    Args:
        size: bytes of the envelope file, head included.
    """
    return {"slot": slot, "eid": b64u_encode(eid), "chunks": chunks, "bytes": size}


def submission(
    *, tender: str, lot: str, bidder: str, rev: int, prev: bytes | None, docs: Sequence[Message], ks: bytes
) -> Message:
    """A bid: the first (rev 1, no prev) or one that replaces the previous.

    Args:
        bidder: the pseudonym for this lot.
        prev: digest of the previous submission or withdrawal.
        docs: from `document`, one per slot.
    """
    return {
        "v": 1,
        "type": SUBMISSION,
        "tender": tender,
        "lot": lot,
        "bidder": bidder,
        "rev": rev,
        "prev": None if prev is None else b64u_encode(prev),
        "docs": list(docs),
        "ks": b64u_encode(ks),
    }


def withdrawal(*, tender: str, lot: str, bidder: str, rev: int, prev: bytes) -> Message:
    """Taking a bid back; a later submission may follow."""
    return {
        "v": 1,
        "type": WITHDRAWAL,
        "tender": tender,
        "lot": lot,
        "bidder": bidder,
        "rev": rev,
        "prev": b64u_encode(prev),
    }


def release(
    *, tender: str, lot: str, bidder: str, submission: bytes, secrets: Iterable[tuple[str, bytes, bytes]]
) -> Message:
    """The bidder's part of the opening.

    Args:
        submission: digest of the submission that stands in the close list.
        secrets: (slot, eid, S_b).
    """
    return {
        "v": 1,
        "type": RELEASE,
        "tender": tender,
        "lot": lot,
        "bidder": bidder,
        "submission": b64u_encode(submission),
        "secrets": [
            {"slot": slot, "eid": b64u_encode(eid), "secret": b64u_encode(secret)} for slot, eid, secret in secrets
        ],
    }


def share_batch(*, tender: str, lot: str, ks: bytes, i: int, shares: Iterable[tuple[bytes, bytes]]) -> Message:
    """A trustee's part of the opening: all shares of all envelopes at once.

    Args:
        shares: (eid, share).
    """
    return {
        "v": 1,
        "type": SHARE,
        "tender": tender,
        "lot": lot,
        "ks": b64u_encode(ks),
        "i": i,
        "shares": [{"eid": b64u_encode(eid), "share": b64u_encode(share)} for eid, share in shares],
    }


def emergency_key(
    *, tender: str, lot: str, bidder: str, submission: bytes, keys: Iterable[tuple[str, bytes, bytes]]
) -> Message:
    """A bidder's own file keys, given directly after a supervisor's decision because trustees fail.

    Args:
        keys: (slot, eid, FK), from the opening file.
    """
    return {
        "v": 1,
        "type": EMERGENCY,
        "tender": tender,
        "lot": lot,
        "bidder": bidder,
        "submission": b64u_encode(submission),
        "keys": [{"slot": slot, "eid": b64u_encode(eid), "fk": b64u_encode(fk)} for slot, eid, fk in keys],
    }


def record_signature(*, tender: str, lot: str, draft: bytes, stance: str, remark: str = "") -> Message:
    """Somebody present signs the opening record.

    Args:
        draft: digest of the record's draft.
        stance: one of `STANCES`; an objection has a remark, an agreement has none.
    """
    return {
        "v": 1,
        "type": SIGNATURE,
        "tender": tender,
        "lot": lot,
        "draft": b64u_encode(draft),
        "stance": stance,
        "remark": remark,
    }


def keyset_accept(*, tender: str, lot: str, ks: bytes, i: int, kid: str, proof: bytes) -> Message:
    """A trustee accepts his seat.

    Args:
        kid: name of the trustee's wrapping key.
        proof: from `keyset.answer_drill`.
    """
    return {
        "v": 1,
        "type": ACCEPT,
        "tender": tender,
        "lot": lot,
        "ks": b64u_encode(ks),
        "i": i,
        "kid": kid,
        "proof": b64u_encode(proof),
    }


def consortium(
    *,
    tender: str,
    lot: str,
    no: int,
    members: Iterable[tuple[str, str, int, str]],
    agreement: bytes,
) -> Message:
    """What all members of a consortium sign, the same bytes each: who they are and who does what.

    Args:
        no: of the leader's agreement for this lot, from 1; a change needs a new number and new signatures.
        members: (credit code, name, share in hundredths of a percent, work), the leader first.
        agreement: SHA-256 of the agreement's file.
    """
    listed = [{"uscc": uscc, "name": name, "share": share, "work": work} for uscc, name, share, work in members]
    return {
        "v": 1,
        "type": CONSORTIUM,
        "tender": tender,
        "lot": lot,
        "no": no,
        "leader": listed[0]["uscc"],
        "members": listed,
        "agreement": b64u_encode(agreement),
    }


def check_message(message: Any, kind: str) -> Message:
    """Check that a payload has exactly the members of its kind, well typed.

    Raises:
        MessageError: it has not.
    """
    _require(isinstance(message, dict) and message.keys() == _MEMBERS[kind], "missing or unknown members")
    _require(type(message["v"]) is int and message["v"] == 1 and message["type"] == kind, "another version or type")
    try:
        for name, value in message.items():
            _check_member(name, value)
    except NotCanonical as refusal:
        raise MessageError(str(refusal)) from None
    if kind in (SUBMISSION, WITHDRAWAL):
        _check_chain(message, kind)
    if kind == SIGNATURE:
        _require((message["stance"] == "objection") == bool(message["remark"]), "exactly an objection has a remark")
    if kind == CONSORTIUM:
        _check_consortium(message)
    return dict(message)


def submission_digest(provider: Suite, message: Message) -> bytes:
    """The digest by which a submission or withdrawal is known: in receipts, `prev`, the close list."""
    return provider.hash(label("submission") + jcs(message))


def consortium_digest(provider: Suite, message: Message) -> bytes:
    """The digest by which an agreement of a consortium is known: in the log, at the opening, in a case bundle."""
    return provider.hash(label("consortium") + jcs(message))


def close_list(entries: Iterable[tuple[str, int, bytes]]) -> list[Message]:
    """The close list in its order: ascending by the canonical bytes of its entries.

    Args:
        entries: (bidder, rev, submission digest), one per bidder who has a bid.
    """
    rows: list[Message] = [
        {"bidder": bidder, "rev": rev, "submission": b64u_encode(digest)} for bidder, rev, digest in entries
    ]
    return sorted(rows, key=jcs)


def close_root(provider: Suite, rows: Sequence[Message]) -> bytes:
    """The Merkle root over a close list, logged at the deadline."""
    return merkle_root(provider, [leaf_hash(provider, jcs(row)) for row in rows])


def _check_member(name: str, value: Any) -> None:
    if name in _DIGESTS:
        b64u_decode(value, 32)
    elif name in _ITEMS:
        _check_items(name, value)
    elif name in ("rev", "i", "no"):
        _require(type(value) is int and value >= 1, f"{name} is a number from 1")
    elif name == "kid":
        b64u_decode(value, 16)
    elif name == "stance":
        _require(value in STANCES, "stance is agreed or objection")
    elif name == "remark":
        _require(value == "" or _is_text(value), "remark is a text")
        _require(value == value.strip() and len(value) <= 2000, "remark is a short text")
    elif name in ("tender", "lot", "bidder", "leader"):
        _require(_is_text(value), f"{name} is a text that is not empty")


def _is_text(value: Any) -> bool:
    """Say whether a value is a text that is not empty; one with the character zero could be kept by no database."""
    return type(value) is str and value != "" and "\0" not in value


def _check_items(name: str, items: Any) -> None:
    shape = _ITEMS[name]
    _require(type(items) is list and len(items) >= 1, f"{name} is a list that is not empty")
    for item in items:
        _require(type(item) is dict and item.keys() == shape.keys(), f"{name}: missing or unknown members")
        for member, kind in shape.items():
            value = item[member]
            if kind is bytes:
                b64u_decode(value, 32)
            elif kind is str:
                _require(_is_text(value), f"{member} is a text that is not empty")
            else:
                _require(type(value) is int and value >= 1, f"{member} is a number from 1")
    identities = [item[next(iter(shape))] for item in items]
    _require(len(set(identities)) == len(identities), f"{name}: an entry occurs twice")


def _check_chain(message: Message, kind: str) -> None:
    first = kind == SUBMISSION and message["rev"] == 1
    _require((message["prev"] is None) == first, "prev is null exactly in a first submission")
    if not first:
        try:
            b64u_decode(message["prev"], 32)
        except NotCanonical as refusal:
            raise MessageError(str(refusal)) from None


def _check_consortium(message: Message) -> None:
    members = message["members"]
    _require(len(members) >= 2, "a consortium has two members at least")
    _require(members[0]["uscc"] == message["leader"], "the leader stands first")
    _require(sum(member["share"] for member in members) == WHOLE, "the shares make the whole")


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise MessageError(reason)
