"""Worlds of supervision, made by its acts: a supervising body, a centre, registers, and an inspection at any stage."""

import uuid
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import text

from kernel.crypto import jws
from kernel.crypto.keys import KeyKind, generate
from kernel.db.transaction import Tx
from kernel.draw import commit_hash, read_spec
from kernel.draw import records as rec
from kernel.drawbook.shelf import find_draw
from kernel.drawbook.vault import Vault
from kernel.identity.accounts import add_person_key, create_account, ensure_organisation
from kernel.identity.actor import Actor
from kernel.identity.sessions import actor_of
from supervision import drawing, freezing, inspections, publication, records, registers
from supervision.drafts import (
    Conflict,
    FreezeDraft,
    InspectorDraft,
    InspectorsDraft,
    PlanDraft,
    PublicationDraft,
    RecordDraft,
    TargetDraft,
    TargetsDraft,
)
from supervision.queries import get_inspection, list_picks
from supervision.vocabulary import Credit, ResultCode, TargetKind
from tests.factories.trading import at, set_clock, uscc
from tests.worlds.draw_world import filler, p256
from tests.worlds.log_world import SUITE

BODY = (uscc("11610100MB0X0001X"), "云岭市公共资源交易监督管理局")
CENTRE = (uscc("12610100MB0X0002X"), "云岭市公共资源交易中心")
OTHER_BODY = (uscc("11610100MB0X0003X"), "远山县行政审批局")
#: Members of the register by class.
MEMBERS = {Credit.A: 20, Credit.B: 10, Credit.C: 5, Credit.D: 2}


def agency_code(number: int) -> str:
    """Return the credit code of the n-th agency of the register."""
    return uscc(f"91610100MA6T{number:05d}")


def agencies() -> tuple[TargetDraft, ...]:
    """Return the objects of the register."""
    classes = [credit for credit, count in MEMBERS.items() for _ in range(count)]
    return tuple(
        TargetDraft(unit=agency_code(n), name=f"第{n}招标代理有限公司", credit=credit)
        for n, credit in enumerate(classes, 1)
    )


def plan_draft(**changes: Any) -> PlanDraft:
    """Return a sound plan."""
    told: dict[str, Any] = {
        "title": "2026 年第 4 期：招标代理机构从业行为",
        "target_kind": TargetKind.AGENCY,
        "items": ("GZ-09",),
        "starts_on": date(2026, 8, 17),
        "ends_on": date(2026, 8, 28),
        **changes,
    }
    return PlanDraft(**told)


def record_draft(**changes: Any) -> RecordDraft:
    """Return a sound record without a problem."""
    told: dict[str, Any] = {
        "code": ResultCode.NO_PROBLEM,
        "items": {"GZ-09": "ok"},
        "findings": "查阅委托合同、收费凭证与档案，未见异常。",
        "summary": "未发现问题。",
        **changes,
    }
    return RecordDraft(**told)


@dataclass
class Office:
    """The people of an inspection and their keys.

    Attributes:
        inspectors: actors by login.
    """

    supervisor: Actor
    centre: Actor
    inspectors: dict[str, Actor]
    vault: Vault = field(default_factory=lambda: Vault(generate(KeyKind.P256)))
    inspection_id: uuid.UUID = field(default_factory=uuid.uuid4)

    def freeze_draft(self, tx: Tx, **changes: Any) -> FreezeDraft:
        """Return times and contributors for a draw that starts now."""
        told: dict[str, Any] = {
            "commit_by": tx.now + timedelta(minutes=10),
            "reveal_by": tx.now + timedelta(minutes=60),
            "contributors": (self.supervisor.login, self.centre.login),
            **changes,
        }
        return FreezeDraft(**told)

    def commitment(self, spec: dict[str, Any], actor: Actor) -> str:
        """Sign a contributor's commitment."""
        party = self.party(spec, actor)
        key = p256(actor.login)
        payload = rec.commit_payload(read_spec(spec), party, commit_hash(spec, party, filler(party)))
        return jws.sign(SUITE, rec.COMMIT_TYP, payload, key, "ES256", {"kid": SUITE.kid(key.public.spki)})

    def party(self, spec: dict[str, Any], actor: Actor) -> str:
        """Return a contributor's name in a spec."""
        return str(next(one["party"] for one in spec["contributors"] if one["org"] == actor.uscc))

    async def play(self, tx: Tx, draw_id: uuid.UUID) -> None:
        """Commit, close, reveal."""
        spec = (await find_draw(tx, draw_id)).spec
        for actor in (self.supervisor, self.centre):
            await drawing.commit(tx, actor, self.inspection_id, self.commitment(spec, actor))
        await drawing.close(tx, self.supervisor, self.inspection_id)
        for actor in (self.supervisor, self.centre):
            party = self.party(spec, actor)
            await drawing.reveal(tx, actor, self.vault, self.inspection_id, party, filler(party))

    async def planned(self, tx: Tx, **changes: Any) -> uuid.UUID:
        """Lay down the plan."""
        self.inspection_id = await inspections.plan(tx, self.supervisor, plan_draft(**changes))
        return self.inspection_id

    async def drawn(self, tx: Tx, **changes: Any) -> uuid.UUID:
        """Draw the objects; return the draw's id."""
        await self.planned(tx, **changes)
        draft = self.freeze_draft(tx)
        draw_id = await freezing.freeze_targets(tx, self.supervisor, self.vault, self.inspection_id, draft)
        await self.play(tx, draw_id)
        return draw_id

    async def assigned(self, tx: Tx, **changes: Any) -> uuid.UUID:
        """Draw objects and teams; return the second draw's id."""
        await self.drawn(tx, **changes)
        draft = self.freeze_draft(tx, contributors=())
        draw_id = await freezing.freeze_inspectors(tx, self.supervisor, self.vault, self.inspection_id, draft)
        await self.play(tx, draw_id)
        return draw_id

    async def opened(self, tx: Tx) -> dict[uuid.UUID, list[Actor]]:
        """Let every assigned inspector open the own tasks; return object → team."""
        for actor in self.inspectors.values():
            try:
                await records.open_assignment(tx, actor, self.vault, self.inspection_id)
            except records.NotFound:
                continue
        await tx.session.flush()
        by_id = {actor.account_id: actor for actor in self.inspectors.values()}
        picks = await list_picks(tx, self.inspection_id)
        return {pick.target_id: [by_id[account] for account in pick.members] for pick in picks}

    async def sign(self, tx: Tx, actor: Actor, made: records.DraftedRecord) -> bool:
        """Sign a record with the inspector's own key."""
        key = p256(actor.login)
        kid = {"kid": SUITE.kid(key.public.spki)}
        token = jws.sign(SUITE, records.RECORD_TYP, made.payload, key, "ES256", kid)
        return await records.sign_record(tx, actor, self.inspection_id, made.id, token)

    async def recorded(self, tx: Tx) -> None:
        """Record and sign every object without a problem."""
        teams = await self.opened(tx)
        await set_clock(tx, at("2026-08-20 10:00"))
        for target_id, team in teams.items():
            made = await records.record_result(tx, team[0], self.inspection_id, target_id, record_draft())
            for actor in team:
                await self.sign(tx, actor, made)

    async def published(self, tx: Tx, **withheld: str) -> dict[str, Any]:
        """Publish."""
        draft = PublicationDraft(statement="我确认依法应当公开的内容完整", withheld=withheld)
        return await publication.publish(tx, self.supervisor, self.inspection_id, draft)


async def make_person(tx: Tx, role: str, login: str, organisation: tuple[str, str]) -> Actor:
    """Return somebody with a signing key."""
    found = await ensure_organisation(tx, uscc=organisation[0], name=organisation[1])
    account = await create_account(tx, login=login, display_name=login, roles=[role], organisation_id=found.id)
    await add_person_key(tx, account.id, purpose="sign", spki=p256(login).public.spki)
    return await actor_of(tx, account)


async def make_office(
    tx: Tx, *, inspectors: int = 6, conflicts: dict[int, tuple[str, ...]] | None = None, leads: int = 3
) -> Office:
    """Return a supervising body with both registers filled.

    Args:
        conflicts: number of an inspector (from 1) → units to stay away from.
        leads: so many of them may lead.
    """
    await set_clock(tx, at("2026-08-14 09:00"))
    office = Office(
        await make_person(tx, "supervisor", "supervisor", BODY), await make_person(tx, "centre", "centre", CENTRE), {}
    )
    for n in range(1, inspectors + 1):
        office.inspectors[f"zf{n}"] = await make_person(tx, "inspector", f"zf{n}", BODY)
    await registers.import_targets(tx, office.supervisor, TargetsDraft(kind=TargetKind.AGENCY, targets=agencies()))
    drafts = tuple(
        InspectorDraft(
            login=f"zf{n}",
            certificate=f"ZF-{n:03d}",
            may_lead=n <= leads,
            conflicts=tuple(Conflict(unit=unit, reason="曾在该单位任职") for unit in (conflicts or {}).get(n, ())),
        )
        for n in range(1, inspectors + 1)
    )
    await registers.import_inspectors(tx, office.supervisor, InspectorsDraft(inspectors=drafts))
    return office


async def facts_of(tx: Tx, kind: str) -> list[dict[str, Any]]:
    """Return the facts of all entries of a kind, oldest first."""
    rows = await tx.session.execute(text("SELECT detail FROM audit_entry WHERE type = :k ORDER BY id"), {"k": kind})
    return [row[0]["facts"] for row in rows]


async def view(tx: Tx, office: Office) -> Any:
    """Return the inspection as everybody may read it."""
    await tx.session.flush()
    return await get_inspection(tx, office.inspection_id)
