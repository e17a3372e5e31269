"""Wire forms: what the API reads, and how views are written as JSON."""

import uuid
from typing import Any

import msgspec

from experts.drafts import NewExpert
from experts.evaluation import digest_of, scored_criteria
from experts.messages import digest_of_sheet
from experts.queries import CommitteeView, OwnCall
from experts.session_queries import Desk, ReportFile
from experts.summary import Summary, formula_of, words_of
from experts.vocabulary import PROMISE
from kernel.canonical import b64u_encode, format_time
from kernel.drawbook.standing import Standing
from trading.schemas import moment, money


class PoolRows(msgspec.Struct, forbid_unknown_fields=True):
    """Rows of an import."""

    rows: list[NewExpert]


class StandingChange(msgspec.Struct, forbid_unknown_fields=True):
    """A step of the state table with the document it rests on."""

    act: str
    basis: str


class SignedText(msgspec.Struct, forbid_unknown_fields=True):
    """A signed message."""

    jws: str


class Reveal(msgspec.Struct, forbid_unknown_fields=True):
    """A contributor's random value, b64u."""

    party: str
    r: str


class Code(msgspec.Struct, forbid_unknown_fields=True):
    """A one-time code from a message."""

    code: str


class CallAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """`accept` or `refuse`, with a reason for a refusal; signed if the person has a key already."""

    answer: str
    reason: str = ""
    jws: str | None = None


class CheckIn(msgspec.Struct, forbid_unknown_fields=True):
    """Promise and declaration; `conflicts` are ids of bids."""

    jws: str
    conflicts: list[uuid.UUID] = []
    reason: str = ""


class ChairVote(msgspec.Struct, forbid_unknown_fields=True):
    """A vote for the member at a seat."""

    seat: int


class NewMark(msgspec.Struct, forbid_unknown_fields=True):
    """A verdict."""

    bid: uuid.UUID
    item: str
    verdict: str
    reason: str = ""


class NewMarks(msgspec.Struct, forbid_unknown_fields=True):
    """Verdicts, all or some."""

    marks: list[NewMark]


class NewPoints(msgspec.Struct, forbid_unknown_fields=True):
    """Points, decimal text."""

    bid: uuid.UUID
    criterion: str
    points: str


class NewScores(msgspec.Struct, forbid_unknown_fields=True):
    """Points, all or some."""

    scores: list[NewPoints]


class Typed(msgspec.Struct, forbid_unknown_fields=True):
    """The grid as it stands: `criterion.bid` → text."""

    scores: dict[str, str]


class Lock(msgspec.Struct, forbid_unknown_fields=True):
    """`review` or `scores`, signed."""

    part: str
    jws: str


class Confirmation(msgspec.Struct, forbid_unknown_fields=True):
    """What the committee says to the alarms."""

    explanation: str = ""


class ReportSignature(msgspec.Struct, forbid_unknown_fields=True):
    """A member's signature, with another opinion if there is one."""

    jws: str
    dissent: str = ""


def committee_json(view: CommitteeView) -> dict[str, Any]:
    """Write a committee."""
    return {
        "id": str(view.id),
        "lot": str(view.lot_id),
        "draw": str(view.draw_id),
        "number": view.number,
        "state": view.state.value,
        "groups": list(view.groups),
        "begins_at": format_time(view.begins_at),
        "duration": view.duration,
        "place": view.place,
        "completed_at": moment(view.completed_at),
        "excluded": view.excluded,
        "session": None if view.session_id is None else str(view.session_id),
        "session_state": None if view.session_state is None else view.session_state.value,
        "calls": [
            {
                "no": call.no,
                "leaf": b64u_encode(call.leaf),
                "group": call.group,
                "state": call.state.value,
                "seat": call.seat,
                "code": call.code,
                "name": call.name,
                "reason": call.reason,
                "called_at": format_time(call.called_at),
                "answered_at": moment(call.answered_at),
                "left_at": moment(call.left_at),
            }
            for call in view.calls
        ],
    }


def draw_json(standing: Standing) -> dict[str, Any]:
    """Write a draw for its contributors; everything here is public."""
    draw, given = standing.draw, standing.given
    return {
        "id": str(draw.id),
        "number": draw.number,
        "state": draw.state,
        "spec": draw.spec,
        "spec_hash": b64u_encode(draw.spec_hash),
        "parties": [
            {
                "party": item["party"],
                "committed": item["party"] in given,
                "delivered": item["party"] in standing.deliveries,
                "acknowledged": standing.acknowledged(item["party"]),
                "revealed": item["party"] in given and given[item["party"]].value is not None,
            }
            for item in draw.spec["contributors"]
        ],
        "beacons": [
            {
                "statements": sum(one.beacon == number for one in standing.statements),
                "value": None if (found := standing.beacon(number)) is None else found[0],
            }
            for number in range(len(draw.spec["beacons"]))
        ],
        "output": draw.output,
        "void": draw.void_reason,
    }


def own_call_json(call: OwnCall) -> dict[str, Any]:
    """Write a call for the person called."""
    return {
        "id": str(call.id),
        "state": call.state.value,
        "begins_at": format_time(call.begins_at),
        "duration": call.duration,
        "place": call.place,
        "answer_by": format_time(call.answer_by),
        "draw": str(call.draw_id),
        "seat": call.seat,
        "code": call.code,
        "lot": None if call.lot_id is None else str(call.lot_id),
        "session": None if call.session_id is None else str(call.session_id),
        "session_state": None if call.session_state is None else call.session_state.value,
    }


def desk_json(desk: Desk) -> dict[str, Any]:
    """Write a member's desk: the own verdicts and points, and of the others how far they are."""
    return {
        "session": str(desk.session.id),
        "state": desk.state.value,
        "seat": desk.member.seat,
        "code": desk.member.code,
        "chair_seat": desk.session.chair_seat,
        "promise": PROMISE,
        "lot": {"id": str(desk.lot.id), "tender": desk.lot.tender, "number": desk.lot.number, "title": desk.lot.title},
        "bids": [
            {"id": str(bid.bid_id), "no": bid.no, "bidder": bid.bidder_name, "price": money(bid.price_fen)}
            | {"has_file": bid.file_id is not None, "form": bid.form}
            for bid in desk.bids
        ],
        "review_items": [msgspec.to_builtins(item) for item in desk.lot.review_items],
        "criteria": [
            {"code": item.code, "max": str(item.maximum), "kind": item.kind.value} for item in scored_criteria(desk.lot)
        ],
        "valid": [str(item) for item in desk.valid],
        "outcome": desk.session.outcome,
        "marks": [
            {"bid": str(mark.bid), "item": mark.item, "verdict": mark.verdict.value, "reason": mark.reason}
            for mark in desk.marks
        ],
        "marks_digest": b64u_encode(digest_of(desk.marks)),
        "scores": [
            {"bid": str(bid), "criterion": code, "points": f"{value:.2f}"}
            for bid, points in desk.sheet.items()
            for code, value in points.items()
        ],
        "scores_digest": b64u_encode(digest_of_sheet(desk.sheet)),
        "members": [msgspec.to_builtins(member) for member in desk.members],
        "report": desk.session.report,
        "report_digest": None if desk.session.report_digest is None else b64u_encode(desk.session.report_digest),
    }


def summary_json(desk: Desk, summary: Summary) -> dict[str, Any]:
    """Write the summary that all see once all have locked."""
    names = {bid.bid_id: bid.bidder_name for bid in desk.bids}
    return {
        "rule": words_of(summary.prices.rule),
        "formula": formula_of(summary.prices.rule),
        "benchmark": str(summary.prices.benchmark),
        "ranking": [
            {
                "rank": item.rank,
                "bid": str(item.total.bid),
                "bidder": names[item.total.bid],
                "price": str(item.total.price),
                "price_score": f"{item.total.price_score:.2f}",
                "parts": {name: f"{value:.2f}" for name, value in summary.parts[item.total.bid].items()},
                "total": f"{item.total.total:.2f}",
                "decided_by": item.decided_by.value,
            }
            for item in summary.ranks
        ],
        "alarms": [
            {
                "kind": alarm.kind.value,
                "bid": str(alarm.bid),
                "criterion": alarm.criterion,
                "member": alarm.member,
                "deviation": None if alarm.deviation is None else str(alarm.deviation),
            }
            for alarm in summary.alarms
        ],
    }


def report_json(found: ReportFile) -> dict[str, Any]:
    """Write the signed report."""
    return {
        "report": found.report,
        "digest": b64u_encode(found.digest),
        "signatures": [{"seat": seat, "jws": jws, "dissent": dissent} for seat, jws, dissent in found.signatures],
        "has_file": found.file_id is not None,
    }
