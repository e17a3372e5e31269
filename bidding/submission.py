"""The act that takes bids: a lock shared by all bidders of the lot, a row and an outcome of its own for each.

Intent in, receipt out. Intents of several bidders that wait at the same moment share a transaction (ADR 13); each is
judged alone, and a refused one leaves the others as they are. The deadline is decided by the database's clock after the
lot is held: whoever waits for the lock is judged by the time at which he gets it. The lock is shared: submissions never
wait for each other, only the closer waits for them, and they for him; so every bid is either wholly before the close
list or refused. Revisions form a chain: each names the digest of the one before.

Source: crypto.md §3.5, §3.6; R-ET-05.
"""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from bidding.addressee import unverified_payload, verify_bidder_message
from bidding.consortium_gate import require_consents
from bidding.envelope import envelope_id
from bidding.licence_trust import LicenceTrust
from bidding.messages import SUBMISSION, WITHDRAWAL, MessageError, check_message, submission_digest
from bidding.refusing import SubmissionLate, SubmissionRefused
from bidding.registration import InterestView, find_interests, require_own
from bidding.vocabulary import BidState, Hold, SubmissionKind
from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs, parse
from kernel.crypto import Suite, suite
from kernel.db.transaction import Tx
from kernel.errors import Conflict, DomainError, NotFound
from kernel.identity.actor import Actor
from kernel.log.platform import RECEIPT, PlatformKey
from kernel.log.writer import record_details
from trading import facade as trading
from trading.due_lots import PAUSED, DueLot, HeldLot

#: Log entry, and `type` of the receipt's detail, for each kind of message.
_ENTRY = {SUBMISSION: "bid.accepted", WITHDRAWAL: "bid.withdrawn"}
_STATE = {SUBMISSION: BidState.SEALED, WITHDRAWAL: BidState.WITHDRAWN}
_KIND = {SUBMISSION: SubmissionKind.SUBMISSION, WITHDRAWAL: SubmissionKind.WITHDRAWAL}

#: Makes the refusal of this message for a reason.
Refuse = Callable[[str], SubmissionRefused]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the act knows before the log has numbered the entry.

    Attributes:
        detail: exactly what entry and receipt cover.
        is_repeat: this very message had been accepted before; nothing was changed.
    """

    digest: bytes
    entry_id: int
    detail: dict[str, Any]
    receipt: str
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Intent:
    """What a bidder wants, as it came in.

    Attributes:
        token: JWS by the bidder's licence certificate.
        kind: `SUBMISSION` or `WITHDRAWAL` of `bidding.messages`.
        address: numbers of the tender and the lot, read before the signature is.
    """

    actor: Actor
    token: str
    kind: str
    address: tuple[str, str]


def intent_of(actor: Actor, token: str, kind: str) -> Intent:
    """Read where a token wants to go.

    Raises:
        NotFound: it cannot be read at all.
    """
    payload = unverified_payload(token)
    return Intent(actor, token, kind, (str(payload.get("tender", "")), str(payload.get("lot", ""))))


async def submit(
    tx: Tx, actor: Actor, token: str, kind: str, *, platform: PlatformKey, trust: LicenceTrust
) -> Accepted:
    """Accept one submission or withdrawal: `submit_all` for one, which raises what became of it.

    Raises:
        NotFound: no such lot, or the actor does not take part in it.
        SubmissionRefused: late, malformed, not the next link of the bid's chain, of a firm that is not independent, or
            of a consortium that is not complete (an earlier bid may still be withdrawn); `reason` says which.
    """
    (outcome,) = await submit_all(tx, [intent_of(actor, token, kind)], platform=platform, trust=trust)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


async def submit_all(
    tx: Tx, intents: Sequence[Intent], *, platform: PlatformKey, trust: LicenceTrust
) -> list[Accepted | DomainError]:
    """Accept or refuse submissions and withdrawals of different bidders of one lot.

    Args:
        intents: all of one address, no two of one organisation.

    Returns:
        What became of each, in their order; a refusal (see `submit`) has changed nothing.

    Effects:
        for each that is accepted: one row in `bidding_submission` with its documents, the bid's new head, entry
        `bid.accepted` or `bid.withdrawn`, sealed until the opening.
    Source:
        R-ET-01, R-ET-05, R-AGT-03; crypto.md §3.5 steps 5 and 6; ADR 13
    """
    lot = await trading.find_due_lot(tx, *intents[0].address)
    if lot is None:
        return [NotFound() for _ in intents]
    cases = [_Case(intent, lot) for intent in intents]
    interests = await find_interests(tx, lot.id, [one.actor.organisation_id for one in intents])
    await _each(cases, lambda case: _read(tx, case, interests, trust))
    await _bar(tx, cases, lot)
    held = await _hold(tx, lot.id)
    await _each(cases, lambda case: _require_open(held, case))
    bids = await _lock_bids(tx, (case.interest.bid_id for case in cases if case.is_open))
    await _recall(tx, cases, bids)
    await _each(cases, lambda case: _require_consents(tx, case, bids[case.interest.bid_id]))
    uploads = await _find_uploads(tx, (case for case in cases if case.is_open and case.intent.kind == SUBMISSION))
    await _each(cases, lambda case: _judge(case, bids[case.interest.bid_id], held, uploads))
    await _write(tx, [case for case in cases if case.is_open], held, platform)
    return [case.outcome for case in cases if case.outcome is not None]


@dataclass(slots=True)
class _Case:
    """An intent on its way through the act.

    Attributes:
        outcome: what became of it, as soon as that is known.
    """

    intent: Intent
    lot: DueLot
    interest: InterestView = field(init=False)
    message: dict[str, Any] = field(default_factory=dict)
    digest: bytes = b""
    prev: bytes | None = None
    papers: "list[_Paper]" = field(default_factory=list)
    outcome: Accepted | DomainError | None = None

    @property
    def is_open(self) -> bool:
        return self.outcome is None

    def refuse(self, reason: str, bar: trading.NotIndependent | None = None) -> SubmissionRefused:
        cls = SubmissionLate if reason == "late" else SubmissionRefused
        return cls(reason, self.interest, self.lot, suite("intl-1").hash(self.intent.token.encode()), bar)


async def _each(cases: Iterable[_Case], step: Callable[[_Case], Awaitable[None] | None]) -> None:
    """Take a step for every case that is still open; a refusal is the case's own."""
    for case in cases:
        if case.is_open:
            try:
                waiting = step(case)
                if waiting is not None:
                    await waiting
            except DomainError as refusal:
                case.outcome = refusal


async def _read(tx: Tx, case: _Case, interests: Mapping[uuid.UUID, InterestView], trust: LicenceTrust) -> None:
    """Find the bidder's place, verify the signature, check the message's form."""
    actor, kind, provider = case.intent.actor, case.intent.kind, suite("intl-1")
    case.interest = require_own(actor, case.lot.id, interests)
    act = await verify_bidder_message(tx, actor, case.intent.token, kind, trust, case.lot.id, case.refuse)
    try:
        case.message = check_message(act.payload, kind)
    except MessageError:
        raise case.refuse("message") from None
    case.digest = submission_digest(provider, case.message)


async def _bar(tx: Tx, cases: Sequence[_Case], lot: DueLot) -> None:
    """Refuse whoever is not independent; an earlier bid may still be withdrawn."""
    bound = [case for case in cases if case.is_open and case.intent.kind == SUBMISSION]
    tied = await trading.list_tied(tx, [case.intent.actor.organisation_id for case in bound])

    async def require(case: _Case) -> None:
        organisation_id = case.intent.actor.organisation_id
        if organisation_id in tied:
            try:
                await trading.require_independent(tx, organisation_id, lot)
            except trading.NotIndependent as bar:
                raise case.refuse("independence", bar) from None

    await _each(bound, require)


async def _hold(tx: Tx, lot_id: uuid.UUID) -> HeldLot | None:
    try:
        return await trading.hold_due_lot(tx, lot_id)
    except NotFound:
        return None


def _require_open(held: HeldLot | None, case: _Case) -> None:
    """Refuse what the held lot does not take."""
    if held is None:
        raise NotFound
    if held.is_paused:
        raise Conflict(PAUSED, stage=held.stage.value)
    if held.is_over:
        raise case.refuse("late")
    if not held.takes_bids:
        raise Conflict("本标段现在不接收投标文件。", stage=held.stage.value)


async def _lock_bids(tx: Tx, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, asyncpg.Record]:
    """Lock the bids' own rows, everybody in the same order, so that nobody waits in a circle."""
    wanted = list(ids)
    if not wanted:
        return {}
    query = "SELECT id, rev, head, state, hold FROM bidding_bid WHERE id = ANY($1) ORDER BY id FOR UPDATE"
    return {row["id"]: row for row in await tx.fetch(query, wanted)}


async def _recall(tx: Tx, cases: Sequence[_Case], bids: Mapping[uuid.UUID, asyncpg.Record]) -> None:
    """Answer again what had been accepted before, whatever would become of it today."""
    asked = {
        (case.interest.bid_id, case.digest): case
        for case in cases
        if case.digest and (not case.is_open or bids[case.interest.bid_id]["rev"] >= case.message["rev"])
    }
    if not asked:
        return
    rows = await tx.fetch(
        "SELECT s.bid_id, s.digest, s.entry_id, s.receipt FROM bidding_submission s"
        " JOIN unnest($1::uuid[], $2::bytea[]) AS w (bid, digest) ON s.bid_id = w.bid AND s.digest = w.digest",
        [bid_id for bid_id, _ in asked],
        [digest for _, digest in asked],
    )
    for row in rows:
        detail = parse(b64u_decode(row["receipt"].split(".")[1]))
        case = asked[row["bid_id"], row["digest"]]
        case.outcome = Accepted(row["digest"], row["entry_id"], detail, row["receipt"], is_repeat=True)


async def _require_consents(tx: Tx, case: _Case, bid: asyncpg.Record) -> None:
    """Refuse a consortium that is not complete, and a member's own bid; most bids are neither and ask nothing."""
    if bid["hold"] is not None and case.intent.kind == SUBMISSION:
        await require_consents(tx, case.lot, case.interest.bid_id, Hold(bid["hold"]), case.refuse)


def _judge(case: _Case, bid: asyncpg.Record, held: HeldLot | None, uploads: Mapping[uuid.UUID, Any]) -> None:
    """Require the next link of the bid's chain, and the documents that it names."""
    assert held is not None
    case.prev = bid["head"]
    _require_next(case.message, bid, case.intent.kind, case.refuse)
    if case.message["bidder"] != case.interest.pseudonym:
        raise case.refuse("bidder")
    if case.intent.kind == SUBMISSION:
        found = uploads.get(case.interest.bid_id, [])
        case.papers = _documents(suite("intl-1"), held, found, case.message, case.refuse)


def _require_next(message: dict[str, Any], bid: asyncpg.Record, kind: str, refuse: Refuse) -> None:
    if message["rev"] != bid["rev"] + 1:
        raise refuse("rev")
    head = None if bid["head"] is None else b64u_encode(bid["head"])
    if message["prev"] != head:
        raise refuse("prev")
    if kind == WITHDRAWAL and bid["state"] != BidState.SEALED:
        raise refuse("nothing")


#: Complete uploads of bids that have the slots and the numbers of chunks that were claimed.
_UPLOADS = (
    "SELECT u.bid_id, u.id, u.slot, u.chunks, u.head_digest, length(u.head) + u.chunks * u.chunk_bytes AS size,"
    " array_agg(c.leaf ORDER BY c.j) AS leaves"
    " FROM unnest($1::uuid[], $2::text[], $3::bigint[]) AS d (bid, slot, chunks)"
    " JOIN bidding_upload u ON u.bid_id = d.bid AND u.slot = d.slot AND u.chunks = d.chunks"
    " JOIN bidding_chunk c ON c.upload_id = u.id GROUP BY u.id HAVING count(*) = u.chunks"
)
#: Slot, upload, envelope id, chunks, size.
_Paper = tuple[str, uuid.UUID, bytes, int, int]


async def _find_uploads(tx: Tx, cases: Iterable[_Case]) -> dict[uuid.UUID, list[asyncpg.Record]]:
    """Return, by bid, the uploads that the documents of the messages may mean."""
    claimed = [(case.interest.bid_id, doc["slot"], doc["chunks"]) for case in cases for doc in case.message["docs"]]
    found: dict[uuid.UUID, list[asyncpg.Record]] = {}
    if claimed:
        for row in await tx.fetch(_UPLOADS, *(list(column) for column in zip(*claimed, strict=True))):
            found.setdefault(row["bid_id"], []).append(row)
    return found


def _documents(
    provider: Suite, held: HeldLot, uploads: Sequence[asyncpg.Record], message: dict[str, Any], refuse: Refuse
) -> list[_Paper]:
    """Match every document of the message with an upload whose chunks, as stored, give its envelope id."""
    if message["ks"] != held.keyset:
        raise refuse("keyset")
    docs = message["docs"]
    if sorted(doc["slot"] for doc in docs) != sorted(slot.name for slot in held.slots):
        raise refuse("slots")
    return [_document(provider, doc, uploads, refuse) for doc in docs]


def _document(provider: Suite, doc: dict[str, Any], uploads: Sequence[asyncpg.Record], refuse: Refuse) -> _Paper:
    claimed = b64u_decode(doc["eid"])
    for upload in uploads:
        if upload["slot"] == doc["slot"] and upload["chunks"] == doc["chunks"] and upload["size"] == doc["bytes"]:
            eid = envelope_id(provider, upload["head_digest"], upload["leaves"])
            if eid == claimed:
                return doc["slot"], upload["id"], eid, doc["chunks"], upload["size"]
    raise refuse("eid")


#: Submissions, their documents and the bids' new heads, in one statement.
_INSERT = (
    "WITH s AS MATERIALIZED (SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bytea[],"
    " $6::bytea[], $7::jsonb[], $8::text[], $9::text[], $10::bigint[], $11::text[])"
    " AS s (id, bid_id, kind, rev, prev, digest, payload, jws, receipt, entry_id, state)),"
    " kept AS (INSERT INTO bidding_submission"
    " (id, bid_id, lot_id, kind, rev, prev, digest, payload, jws, receipt, entry_id, received_at)"
    " SELECT id, bid_id, $12, kind, rev, prev, digest, payload, jws, receipt, entry_id, $13 FROM s),"
    " papers AS (INSERT INTO bidding_document (submission_id, slot, lot_id, upload_id, eid, chunks, size)"
    " SELECT d.submission, d.slot, $12, d.upload, d.eid, d.chunks, d.size"
    " FROM unnest($14::uuid[], $15::text[], $16::uuid[], $17::bytea[], $18::bigint[], $19::bigint[])"
    " AS d (submission, slot, upload, eid, chunks, size))"
    " UPDATE bidding_bid b SET state = s.state, rev = s.rev, head = s.digest FROM s WHERE b.id = s.bid_id"
)


async def _write(tx: Tx, cases: Sequence[_Case], held: HeldLot | None, platform: PlatformKey) -> None:
    """Write what was accepted: the entries in one statement, everything else in another."""
    if not cases:
        return
    assert held is not None
    details = [(_ENTRY[case.intent.kind], _detail(case, held)) for case in cases]
    recorded = await record_details(tx, details, subject=cases[0].lot.id, visibility="sealed")
    rows: list[tuple[Any, ...]] = []
    papers: list[tuple[Any, ...]] = []
    for case, entry in zip(cases, recorded, strict=True):
        submission_id, kind = tx.new_secret_id(), case.intent.kind
        receipt = platform.sign(RECEIPT, entry.detail)
        payload = jcs(case.message).decode()
        fixed = submission_id, case.interest.bid_id, _KIND[kind].value, case.message["rev"], case.prev, case.digest
        rows.append((*fixed, payload, case.intent.token, receipt, entry.entry_id, _STATE[kind].value))
        papers += [(submission_id, *paper) for paper in case.papers]
        case.outcome = Accepted(case.digest, entry.entry_id, entry.detail, receipt, is_repeat=False)
    await tx.fetch(
        _INSERT,
        *(list(column) for column in zip(*rows, strict=True)),
        cases[0].lot.id,
        held.instant,
        *([list(column) for column in zip(*papers, strict=True)] if papers else ([],) * 6),
    )


def _detail(case: _Case, held: HeldLot) -> dict[str, Any]:
    return {
        "v": 1,
        "type": _ENTRY[case.intent.kind],
        "tender": case.lot.tender,
        "lot": case.lot.number,
        "bidder": case.interest.pseudonym,
        "rev": case.message["rev"],
        "submission": b64u_encode(case.digest),
        "received_at": format_time(held.instant),
    }
