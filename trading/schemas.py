"""Wire forms: what the API reads besides the drafts, and how views are written as JSON.

Money is `{amount, currency}` with a decimal text, moments are RFC 3339 in UTC.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from kernel.canonical import b64u_encode, format_time
from kernel.money import CURRENCY, plain
from trading.documents import DocumentView
from trading.lot_view import LotView
from trading.messages import MessageView
from trading.posting import Posted
from trading.queries import LotLine
from trading.questions import QuestionView
from trading.reading import NoticeLine, NoticeView
from trading.timeline import Event


class NewQuestion(msgspec.Struct, forbid_unknown_fields=True):
    """A question on the documents."""

    text: str


class NewDeadline(msgspec.Struct, forbid_unknown_fields=True):
    """A later bid deadline and why."""

    deadline: datetime
    reason: str


class Identified(msgspec.Struct):
    """What came into being."""

    id: uuid.UUID


def money(fen: int | None) -> dict[str, str] | None:
    """Write an amount."""
    return None if fen is None else {"amount": plain(fen), "currency": CURRENCY}


def moment(instant: datetime | None) -> str | None:
    """Write an instant."""
    return None if instant is None else format_time(instant)


def lot_json(lot: LotView, now: datetime) -> dict[str, Any]:
    """Write a lot."""
    return {
        "id": lot.id,
        "project_id": lot.project_id,
        "tender": lot.tender,
        "number": lot.number,
        "project_title": lot.project_title,
        "title": lot.title,
        "regime": lot.regime.value,
        "kind": lot.kind.value,
        "method": lot.method.value,
        "region": lot.region,
        "stage": lot.stage.value,
        "phase": lot.phase(now).value,
        "procuring_entity": {"id": lot.procuring_entity_id, "name": lot.procuring_entity_name},
        "agency": {"id": lot.agency_id, "name": lot.agency_name},
        "funds": lot.funds,
        "approval": lot.approval,
        "supervising_body": lot.supervising_body,
        "contacts": lot.contacts,
        "scope": lot.scope,
        "qualifications": lot.qualifications,
        "consortium_allowed": lot.consortium_allowed,
        "agents_allowed": lot.agents_allowed,
        "price_cap": money(lot.price_cap_fen),
        "bid_bond": money(lot.bid_bond_fen),
        "criteria": [msgspec.to_builtins(item) for item in lot.criteria],
        "review_items": [msgspec.to_builtins(item) for item in lot.review_items],
        "price_method": lot.price_method,
        "procedure": lot.procedure,
        "provenance": lot.provenance,
        "registered_at": moment(lot.registered_at),
        "documents_from": moment(lot.documents_from),
        "documents_to": moment(lot.documents_to),
        "deadline": moment(lot.deadline),
        "opening_at": moment(lot.opening_at),
        "publicity_until": moment(lot.publicity_until),
        "keyset": lot.keyset,
        "published_at": moment(lot.published_at),
        "closed_at": moment(lot.closed_at),
        "opened_at": moment(lot.opened_at),
        "failed_reason": lot.failed_reason,
    }


def lot_line_json(lot: LotLine, now: datetime) -> dict[str, Any]:
    """Write a lot of a list."""
    return {
        "id": lot.id,
        "project_id": lot.project_id,
        "tender": lot.tender,
        "number": lot.number,
        "project_title": lot.project_title,
        "title": lot.title,
        "regime": lot.regime,
        "kind": lot.kind,
        "method": lot.method,
        "region": lot.region,
        "stage": lot.stage,
        "phase": lot.phase(now),
        "procuring_entity": {"id": lot.procuring_entity_id, "name": lot.procuring_entity_name},
        "agency": {"id": lot.agency_id, "name": lot.agency_name},
        "consortium_allowed": lot.consortium_allowed,
        "agents_allowed": lot.agents_allowed,
        "price_cap": money(lot.price_cap_fen),
        "bid_bond": money(lot.bid_bond_fen),
        "registered_at": moment(lot.registered_at),
        "documents_from": moment(lot.documents_from),
        "documents_to": moment(lot.documents_to),
        "deadline": moment(lot.deadline),
        "opening_at": moment(lot.opening_at),
        "publicity_until": moment(lot.publicity_until),
        "published_at": moment(lot.published_at),
        "closed_at": moment(lot.closed_at),
        "opened_at": moment(lot.opened_at),
        "failed_reason": lot.failed_reason,
        "href": f"/api/v1/lots/{lot.id}",
    }


def document_json(document: DocumentView, lot_id: uuid.UUID) -> dict[str, Any]:
    """Write a document."""
    return {
        "id": str(document.id),
        "name": document.name,
        "version": document.version,
        "sha256": document.digest.hex(),
        "size": document.size,
        "media_type": document.media_type,
        "issued_at": moment(document.issued_at),
        "href": f"/api/v1/lots/{lot_id}/documents/{document.id}",
    }


def posted_json(posted: Posted) -> dict[str, Any]:
    """Write what a publication brought."""
    return {
        "id": str(posted.id),
        "number": posted.number,
        "version": posted.version,
        "sha256": b64u_encode(posted.digest),
        "href": f"/notices/{posted.id}",
    }


def notice_json(notice: NoticeView) -> dict[str, Any]:
    """Write a notice with its content, exactly as it was hashed."""
    return {
        "id": str(notice.id),
        "lot_id": str(notice.lot_id),
        "kind": notice.kind.value,
        "version": notice.version,
        "number": notice.number,
        "title": notice.title,
        "content": notice.content,
        "sha256": b64u_encode(notice.digest),
        "published_at": moment(notice.published_at),
        "until": moment(notice.until),
        "log_index": notice.log_index,
        "superseded_by": str(notice.superseded_by) if notice.superseded_by else None,
        "pdf": f"/notices/{notice.id}/pdf" if notice.pdf_id else None,
        "pdf_fault": notice.pdf_fault,
    }


def line_json(line: NoticeLine) -> dict[str, Any]:
    """Write a notice of a list."""
    return {
        "id": line.id,
        "lot_id": line.lot_id,
        "kind": line.kind,
        "version": line.version,
        "number": line.number,
        "title": line.title,
        "region": line.region,
        "published_at": moment(line.published_at),
        "until": moment(line.until),
        "href": f"/notices/{line.id}",
    }


def questions_json(questions: Sequence[QuestionView]) -> list[dict[str, Any]]:
    """Write questions with their answers."""
    return [
        {
            "id": str(item.id),
            "no": item.no,
            "text": item.text,
            "answer": item.answer,
            "affects_bids": item.affects_bids,
            "answered_at": moment(item.answered_at),
        }
        for item in questions
    ]


def message_json(message: MessageView) -> dict[str, Any]:
    """Write a message of the inbox."""
    return {
        "id": str(message.id),
        "lot_id": None if message.lot_id is None else str(message.lot_id),
        "kind": message.kind,
        "title": message.title,
        "text": message.text,
        "href": message.href,
        "sent_at": moment(message.sent_at),
        "read": message.read_at is not None,
    }


def event_json(event: Event) -> dict[str, Any]:
    """Write a line of a timeline."""
    return {
        "type": event.type,
        "at": moment(event.at),
        "who": event.who,
        "what": event.what,
        "note": event.note,
        "rules": list(event.rules),
        "article": event.law,
        "index": event.index,
        "facts": event.facts,
    }
