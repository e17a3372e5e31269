"""Reads of inspections: what everybody sees, what the supervisor sees, what an inspector sees.

Before publication the public sees counts, shares and draws; no object, no inspector. Supervisors read through the
oversight login. An inspector sees the own objects after opening them.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw
from kernel.drawbook.shelf import list_contributions
from kernel.errors import NotFound
from supervision.models import (
    Assignment,
    Inspection,
    Inspector,
    Record,
    Signature,
    Target,
)
from supervision.vocabulary import Stage, TargetKind


@dataclass(frozen=True, slots=True)
class ContributorView:
    """A contributor of a draw and how far it is."""

    party: str
    organisation: str
    org: str
    committed: bool
    revealed: bool


@dataclass(frozen=True, slots=True)
class DrawView:
    """A draw of an inspection, as everybody may see it."""

    id: uuid.UUID
    number: str
    algo: str
    state: str
    spec: Mapping[str, Any]
    spec_hash: bytes
    contributors: tuple[ContributorView, ...]
    created_at: datetime
    drawn_at: datetime | None
    spec_entry: int


@dataclass(frozen=True, slots=True)
class InspectionView:
    """An inspection without the names of anybody drawn.

    Attributes:
        objects, inspectors: members of the frozen lists.
        picked: objects drawn.
        complete: objects whose record the whole team has signed.
        recusals: pairs that may not meet, as counted in the public spec.
        result: the published document.
    """

    id: uuid.UUID
    number: str
    title: str
    kind: TargetKind
    items: tuple[Mapping[str, str], ...]
    rates: Mapping[str, Mapping[str, Any]]
    team_size: int
    departments: tuple[str, ...]
    organisation_id: uuid.UUID
    organisation: str
    starts_on: date
    ends_on: date
    stage: Stage
    created_at: datetime
    objects: int
    inspectors: int
    picked: int
    complete: int
    recusals: int
    target_draw: DrawView | None
    inspector_draw: DrawView | None
    finished_on: date | None
    publish_by: date | None
    publish_basis: str
    published_at: datetime | None
    result: Mapping[str, Any] | None
    entry_id: int | None
    file_id: uuid.UUID | None

    @property
    def running_draw(self) -> DrawView | None:
        """Return the draw whose turn it is."""
        draw = self.target_draw if self.stage in (Stage.FROZEN, Stage.COMMITTED) else self.inspector_draw
        return draw if draw is not None and draw.state in ("frozen", "closed", "final") else None


@dataclass(frozen=True, slots=True)
class InspectionLine:
    """An inspection in a list."""

    id: uuid.UUID
    number: str
    title: str
    stage: Stage
    created_at: datetime
    objects: int
    picked: int
    publish_by: date | None


@dataclass(frozen=True, slots=True)
class RecordView:
    """The newest record of an object.

    Attributes:
        signed_by, signers: certificates and accounts of those who signed it, in one order.
    """

    id: uuid.UUID
    version: int
    code: str
    items: Mapping[str, str]
    findings: str
    summary: str
    basis: str
    digest: bytes
    drafted_at: datetime
    signed_by: tuple[str, ...]
    signers: tuple[uuid.UUID, ...]
    evidence: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PickView:
    """A drawn object with its team, for the supervisor and, of the own ones, for the inspector.

    Attributes:
        team: certificates, once opened.
        object_leaf: its leaf in the second draw, once opened.
    """

    target_id: uuid.UUID
    object_leaf: bytes
    no: int
    unit: str
    name: str
    credit: str
    team: tuple[str, ...]
    members: tuple[uuid.UUID, ...]
    record: RecordView | None


async def get_inspection(tx: Tx, inspection_id: uuid.UUID) -> InspectionView:
    """Return an inspection.

    Raises:
        NotFound: there is none.
    """
    row = await tx.session.get(Inspection, inspection_id)
    if row is None:
        raise NotFound
    draws = [await _draw(tx, row, one) for one in (row.target_draw_id, row.inspector_draw_id)]
    objects, picked = (await tx.session.execute(_counts(row.id))).one()
    return InspectionView(
        id=row.id,
        number=row.number,
        title=row.title,
        kind=TargetKind(row.target_kind),
        items=tuple(row.items),
        rates=row.rates,
        team_size=row.team_size,
        departments=tuple(row.departments),
        organisation_id=row.organisation_id,
        organisation=row.organisation,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        stage=Stage(row.stage),
        created_at=row.created_at,
        objects=objects,
        inspectors=(
            await tx.session.execute(select(func.count()).where(Inspector.inspection_id == row.id))
        ).scalar_one(),
        picked=picked,
        complete=len(await _complete(tx, row)),
        recusals=0 if draws[1] is None else len(draws[1].spec["params"]["recused"]),
        target_draw=draws[0],
        inspector_draw=draws[1],
        finished_on=row.finished_on,
        publish_by=row.publish_by,
        publish_basis=row.publish_basis,
        published_at=row.published_at,
        result=row.result,
        entry_id=row.entry_id,
        file_id=row.file_id,
    )


async def list_inspections(
    tx: Tx, *, most: int = 50, before: str | None = None, stages: Iterable[Stage] = ()
) -> list[InspectionLine]:
    """Return inspections, newest first, a page at a time.

    Args:
        before: number of the last one of the page before.
        stages: only these; all if empty.
    """
    wanted = [stage.value for stage in stages]
    counts = (
        select(Target.inspection_id, func.count().label("objects"), func.count(Target.drawn_no).label("picked"))
        .group_by(Target.inspection_id)
        .subquery()
    )
    query = (
        select(Inspection, counts.c.objects, counts.c.picked)
        .outerjoin(counts, counts.c.inspection_id == Inspection.id)
        .order_by(Inspection.created_at.desc(), Inspection.number.desc())
        .limit(most)
    )
    if wanted:
        query = query.where(Inspection.stage.in_(wanted))
    if before is not None:
        edge = select(Inspection.created_at).where(Inspection.number == before).scalar_subquery()
        query = query.where(Inspection.created_at < edge)
    return [
        InspectionLine(
            row.id,
            row.number,
            row.title,
            Stage(row.stage),
            row.created_at,
            objects or 0,
            picked or 0,
            row.publish_by,
        )
        for row, objects, picked in (await tx.session.execute(query))
    ]


async def list_picks(tx: Tx, inspection_id: uuid.UUID) -> list[PickView]:
    """Return the drawn objects in the order of the draw, with what is on record about each."""
    targets = select(Target).where(Target.inspection_id == inspection_id, Target.drawn_no.is_not(None))
    teams: dict[uuid.UUID, list[tuple[str, uuid.UUID]]] = {}
    members = (
        select(Assignment.target_id, Inspector.certificate, Inspector.account_id)
        .join(Inspector, Inspector.id == Assignment.inspector_id)
        .where(Assignment.inspection_id == inspection_id)
        .order_by(Assignment.object_no, Assignment.place)
    )
    for target_id, certificate, account in await tx.session.execute(members):
        if target_id is not None:
            teams.setdefault(target_id, []).append((certificate, account))
    records = await _records(tx, inspection_id)
    return [
        PickView(
            target_id=one.id,
            object_leaf=one.object_leaf or b"",
            no=one.drawn_no or 0,
            unit=one.unit,
            name=one.name,
            credit=one.credit,
            team=tuple(certificate for certificate, _ in teams.get(one.id, [])),
            members=tuple(account for _, account in teams.get(one.id, [])),
            record=records.get(one.id),
        )
        for one in (await tx.session.execute(targets.order_by(Target.drawn_no))).scalars()
    ]


async def list_tasks(tx: Tx, account_id: uuid.UUID) -> list[InspectionLine]:
    """Return the inspections in whose list an inspector stands and whose teams are drawn, newest first."""
    query = (
        select(Inspector.inspection_id)
        .join(Inspection, Inspection.id == Inspector.inspection_id)
        .where(Inspector.account_id == account_id, Inspection.inspector_draw_id.is_not(None))
    )
    mine = set((await tx.session.execute(query)).scalars())
    lines = await list_inspections(tx, stages=(Stage.ASSIGNED, Stage.RECORDED, Stage.PUBLISHED))
    return [line for line in lines if line.id in mine]


def _counts(inspection_id: uuid.UUID) -> Any:
    return select(func.count(), func.count(Target.drawn_no)).where(Target.inspection_id == inspection_id)


async def _draw(tx: Tx, row: Inspection, draw_id: uuid.UUID | None) -> DrawView | None:
    if draw_id is None:
        return None
    draw = await tx.session.get_one(Draw, draw_id)
    given = {one.party: one.value is not None for one in await list_contributions(tx, draw_id)}
    names = {one["org"]: one["organisation"] for one in row.contributors}
    contributors = tuple(
        ContributorView(
            one["party"],
            names.get(one["org"], one["org"]),
            one["org"],
            one["party"] in given,
            given.get(one["party"], False),
        )
        for one in draw.spec["contributors"]
    )
    return DrawView(
        draw.id,
        draw.number,
        draw.spec["algo"],
        draw.state,
        draw.spec,
        draw.spec_hash,
        contributors,
        draw.created_at,
        draw.drawn_at,
        draw.spec_entry,
    )


async def _complete(tx: Tx, row: Inspection) -> set[uuid.UUID]:
    query = (
        select(Record.target_id)
        .join(Signature, Signature.record_id == Record.id)
        .where(Record.inspection_id == row.id)
        .group_by(Record.id, Record.target_id)
        .having(func.count() >= row.team_size)
    )
    return set((await tx.session.execute(query)).scalars())


async def _records(tx: Tx, inspection_id: uuid.UUID) -> dict[uuid.UUID, RecordView]:
    signed: dict[uuid.UUID, list[tuple[str, uuid.UUID]]] = {}
    signatures = (
        select(Signature.record_id, Inspector.certificate, Inspector.account_id)
        .join(Inspector, Inspector.id == Signature.inspector_id)
        .where(Inspector.inspection_id == inspection_id)
        .order_by(Signature.signed_at, Inspector.certificate)
    )
    for record_id, certificate, account in await tx.session.execute(signatures):
        signed.setdefault(record_id, []).append((certificate, account))
    query = select(Record).where(Record.inspection_id == inspection_id).order_by(Record.version)
    return {
        one.target_id: RecordView(
            one.id,
            one.version,
            one.code,
            one.items,
            one.findings,
            one.summary,
            one.basis,
            one.digest,
            one.drafted_at,
            tuple(certificate for certificate, _ in signed.get(one.id, ())),
            tuple(account for _, account in signed.get(one.id, ())),
            tuple(one.evidence),
        )
        for one in (await tx.session.execute(query)).scalars()
    }


async def find_place(tx: Tx, inspection_id: uuid.UUID, account_id: uuid.UUID) -> uuid.UUID | None:
    """Return an account's id in an inspection's list of inspectors; None if it is not in it."""
    query = select(Inspector.id).where(Inspector.inspection_id == inspection_id, Inspector.account_id == account_id)
    return (await tx.session.execute(query)).scalar_one_or_none()
