"""Wire forms of supervision: bodies of small requests, and views as JSON."""

import uuid
from typing import Any

import msgspec

from kernel.canonical import b64u_encode, format_time
from supervision.drafts import CorrectionDraft, RecordDraft
from supervision.queries import DrawView, InspectionLine, InspectionView, PickView
from supervision.vocabulary import KIND_WORDS, STAGE_WORDS


class Committed(msgspec.Struct, forbid_unknown_fields=True):
    """A contributor's signed commitment."""

    jws: str


class Revealed(msgspec.Struct, forbid_unknown_fields=True):
    """A contributor's random value, base64url."""

    party: str
    r: str


class Reason(msgspec.Struct, forbid_unknown_fields=True):
    """Why."""

    reason: str


class NewCorrection(msgspec.Struct, forbid_unknown_fields=True):
    """An order to correct what was found at one object."""

    target: uuid.UUID
    correction: CorrectionDraft


class NewRecord(msgspec.Struct, forbid_unknown_fields=True):
    """A record of one object."""

    target: uuid.UUID
    record: RecordDraft


def inspection_json(view: InspectionView) -> dict[str, Any]:
    """Write an inspection as everybody may read it."""
    return {
        "id": str(view.id),
        "number": view.number,
        "title": view.title,
        "kind": view.kind.value,
        "kind_name": KIND_WORDS[view.kind],
        "items": [dict(item) for item in view.items],
        "rates": {credit: dict(rate) for credit, rate in view.rates.items()},
        "team": view.team_size,
        "departments": list(view.departments),
        "body": view.organisation,
        "from": view.starts_on.isoformat(),
        "until": view.ends_on.isoformat(),
        "stage": view.stage.value,
        "stage_name": STAGE_WORDS[view.stage][1],
        "objects": view.objects,
        "inspectors": view.inspectors,
        "picked": view.picked,
        "complete": view.complete,
        "recusals": view.recusals,
        "draws": {
            "targets": _draw_json(view.target_draw),
            "inspectors": _draw_json(view.inspector_draw),
        },
        "finished_on": None if view.finished_on is None else view.finished_on.isoformat(),
        "publish_by": None if view.publish_by is None else view.publish_by.isoformat(),
        "publish_basis": view.publish_basis,
        "published_at": None if view.published_at is None else format_time(view.published_at),
        "result": view.result,
        "paper": None if view.file_id is None else f"/inspections/{view.id}/paper.pdf",
    }


def _draw_json(draw: DrawView | None) -> dict[str, Any] | None:
    if draw is None:
        return None
    return {
        "id": str(draw.id),
        "number": draw.number,
        "state": draw.state,
        "spec": dict(draw.spec),
        "contributors": [
            {
                "party": one.party,
                "organisation": one.organisation,
                "committed": one.committed,
                "revealed": one.revealed,
            }
            for one in draw.contributors
        ],
    }


def line_json(line: InspectionLine) -> dict[str, Any]:
    """Write an inspection of a list."""
    return {
        "id": str(line.id),
        "number": line.number,
        "title": line.title,
        "stage": line.stage.value,
        "stage_name": STAGE_WORDS[line.stage][1],
        "objects": line.objects,
        "picked": line.picked,
        "created_at": format_time(line.created_at),
    }


def pick_json(pick: PickView) -> dict[str, Any]:
    """Write a drawn object for those who may know it."""
    made = pick.record
    return {
        "target": str(pick.target_id),
        "no": pick.no,
        "unit": pick.unit,
        "name": pick.name,
        "credit": pick.credit,
        "team": list(pick.team),
        "record": None
        if made is None
        else {
            "id": str(made.id),
            "version": made.version,
            "code": made.code,
            "items": dict(made.items),
            "findings": made.findings,
            "summary": made.summary,
            "basis": made.basis,
            "digest": b64u_encode(made.digest),
            "signed_by": list(made.signed_by),
        },
    }
