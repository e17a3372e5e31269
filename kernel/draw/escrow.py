"""Escrow: a contributor that falls silent after the close changes nothing, its value is put together by the others.

Shares are handed out only after the commitments are closed: earlier, k colluding holders could read an honest value and
choose their own to fit. Every share has a commitment, so whatever goes wrong has an author.

Source: `docs/spec/draw.md`, "Escrow".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode
from kernel.crypto import CryptoError, combine32, equal, split32
from kernel.crypto.keys import PrivateKey
from kernel.draw.errors import DrawError
from kernel.draw.records import ACK_TYP, ESCROW_TYP
from kernel.draw.seed import commit_hash, escrow_context, escrow_share_hash
from kernel.draw.spec import Spec
from kernel.draw.transcript import Delivery, Logged, Signed


class EscrowFault(DrawError):
    """An escrow fails, and it is provable through whom.

    Attributes:
        party: who made or returned something that does not fit.
    """

    def __init__(self, party: str, reason: str) -> None:
        super().__init__("void", f"{reason} ({party})")
        self.party = party


@dataclass(frozen=True, slots=True)
class Kept:
    """A contributor whose escrow stands.

    Attributes:
        shares: share number → its commitment.
    """

    party: str
    shares: Mapping[int, bytes]


def hand_out(spec: Spec, party: str, value: bytes) -> list[dict[str, Any]]:
    """Split a party's random value for the other contributors, each share wrapped for its holder.

    Args:
        value: 32 bytes, what the party committed to.
    Returns:
        `{i, holder, a, kid, enc, ct, sc}`, i = 1 … n in order, as `records.escrow_payload` takes them.
    Raises:
        DrawError: `void`: the draw has no escrow.
    """
    if spec.escrow is None:
        raise DrawError("void", "this draw has no escrow")
    told = []
    for (index, share), holder in zip(split32(value, spec.escrow.k, spec.escrow.n), spec.holders(party), strict=True):
        key = spec.contributors[holder].wrap
        assert key is not None
        enc, ct = spec.suite.wrap(key.a, key.key, escrow_context(spec.raw, party, index), share)
        commitment = escrow_share_hash(spec.raw, party, index, share)
        told.append(
            {
                "i": index,
                "holder": holder,
                "a": key.a,
                "kid": key.kid,
                "enc": b64u_encode(enc),
                "ct": b64u_encode(ct),
                "sc": b64u_encode(commitment),
            }
        )
    return told


def open_share(spec: Spec, party: str, told: Mapping[str, Any], key: PrivateKey) -> bytes:
    """Open one's own share of another contributor's value and compare it with its commitment.

    Args:
        told: the share as its giver signed it.
        key: the holder's private wrapping key.
    Raises:
        EscrowFault: it does not open, or is another than was promised. Only the holder can see this, so nothing is
            proved to others: who is given such a share does not acknowledge it.
    """
    try:
        context = escrow_context(spec.raw, party, told["i"])
        share = spec.suite.unwrap(told["a"], key, context, b64u_decode(told["enc"]), b64u_decode(told["ct"]))
        sound = equal(escrow_share_hash(spec.raw, party, told["i"], share), b64u_decode(told["sc"], 32))
    except (CryptoError, NotCanonical):
        sound = False
    if not sound:
        raise EscrowFault(party, "a share does not open, or is not the one that was promised")
    return share


def check_shares(spec: Spec, party: str, shares: Sequence[Mapping[str, Any]]) -> dict[int, bytes]:
    """Check the form of the shares a contributor hands out: one for every holder, wrapped to the key in the spec.

    Returns:
        Share number → its commitment.
    Raises:
        DrawError: `void`.
    """
    holders = spec.holders(party)
    listed = [(share["i"], share["holder"]) for share in shares]
    if listed != list(enumerate(holders, 1)) or any(type(i) is not int for i, _ in listed):
        raise DrawError("void", "shares are not those of the other contributors")
    for share, holder in zip(shares, holders, strict=True):
        key = spec.contributors[holder].wrap
        if key is None or (share["a"], share["kid"]) != (key.a, key.kid):
            raise DrawError("void", "a share is not wrapped to its holder's key")
    return {share["i"]: b64u_decode(share["sc"], 32) for share in shares}


def recover(
    spec: Spec, party: str, commitment: bytes, shares: Mapping[int, bytes], given: Sequence[tuple[int, bytes]]
) -> bytes:
    """Put a party's random value together from k shares.

    Args:
        commitment: what the party committed to before the close.
        shares: commitments of the shares.
        given: (number, share) of the holders who help; the first k that are there are used.
    Raises:
        EscrowFault: a holder returned another share than it got, or the party shared another value than it committed
        to. DrawError: `void`: fewer than k shares.
    """
    escrow = spec.escrow
    if escrow is None:
        raise DrawError("void", "this draw has no escrow")
    holders = spec.holders(party)
    for index, share in given:
        if type(index) is not int or index not in shares:
            raise DrawError("void", "a share has a number that was never handed out")
        if not equal(escrow_share_hash(spec.raw, party, index, share), shares[index]):
            raise EscrowFault(holders[index - 1], "a holder returned another share than it acknowledged")
    try:
        value = combine32(list(given)[: escrow.k], escrow.k)
    except CryptoError as refusal:
        raise DrawError("void", f"the shares do not suffice: {refusal.reason}") from None
    if not equal(commit_hash(spec.raw, party, value), commitment):
        raise EscrowFault(party, "a contributor shared another value than it committed to")
    return value


def kept_contributors(
    spec: Spec, deliveries: Sequence[Delivery], close: Logged, committed: set[str]
) -> dict[str, Kept]:
    """Who delivered its escrow in time; who did not is dropped here, before any outcome can be known.

    Whoever delivered and was not acknowledged by k holders is never dropped: holders could throw an honest contributor
    out that way. Such a draw is void.

    Raises:
        DrawError: `party-unknown`, `party-duplicate`; `void` for an escrow that is false, came before the close, or was
            acknowledged by too few.
    """
    if spec.escrow is None:
        if deliveries:
            raise DrawError("void", "this draw has no escrow")
        return {party: Kept(party, {}) for party in committed}
    kept: dict[str, Kept] = {}
    for delivery in deliveries:
        party = str(delivery.token.payload["party"])
        if party not in committed:
            raise DrawError("party-unknown", "an escrow of somebody who did not commit")
        if party in kept:
            raise DrawError("party-duplicate", "two escrows of one contributor")
        shares = _shares(spec, party, delivery.token, close)
        if _acknowledged(spec, party, delivery.acks, shares) < spec.escrow.k:
            raise DrawError("void", f"too few holders acknowledged the shares of {party}")
        kept[party] = Kept(party, shares)
    return kept


def _shares(spec: Spec, party: str, token: Signed, close: Logged) -> dict[int, bytes]:
    _require_signed(spec, party, token, ESCROW_TYP)
    if token.log.index <= close.index or token.log.at <= close.at:
        raise DrawError("void", "shares were handed out before the commitments were closed")
    if spec.escrow is None or token.log.at > spec.escrow.by:
        raise DrawError("void", "shares were handed out too late")
    return check_shares(spec, party, token.payload["shares"])


def _acknowledged(spec: Spec, party: str, acks: Sequence[Signed], shares: Mapping[int, bytes]) -> int:
    holders, seen = spec.holders(party), set()
    for ack in acks:
        index, holder = ack.payload["i"], ack.payload["holder"]
        if type(index) is not int or index not in shares or holders[index - 1] != holder or index in seen:
            raise DrawError("void", "an acknowledgement of a share that was not given")
        _require_signed(spec, str(holder), ack, ACK_TYP)
        if ack.payload["party"] != party or b64u_decode(ack.payload["sc"], 32) != shares[index]:
            raise EscrowFault(str(holder), "an acknowledgement of another share")
        if spec.escrow is None or ack.log.at > spec.escrow.by:
            raise DrawError("void", "an acknowledgement came too late")
        seen.add(index)
    return len(seen)


def _require_signed(spec: Spec, party: str, token: Signed, typ: str) -> None:
    signer = spec.contributors[party]
    if token.payload["spec"] != spec.ref or not token.holds(spec.suite, signer.key, signer.alg, signer.kid, typ):
        raise EscrowFault(party, "a message of the escrow is not signed by its author, or is of another draw")
