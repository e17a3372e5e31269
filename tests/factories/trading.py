"""Worlds of trading, made by its acts: people, a project, a lot at the stage that a test needs."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import text

from kernel.canonical import b64u_encode
from kernel.clock import SHANGHAI
from kernel.db.transaction import Tx
from kernel.files.store import FileStore, memory_store
from kernel.identity.accounts import create_account, ensure_organisation
from kernel.identity.actor import Actor
from kernel.identity.sessions import actor_of
from trading import facade
from trading.awarding import publish_candidates
from trading.documents import upload_document
from trading.drafts import (
    CandidatesDraft,
    Contact,
    Entrustment,
    Funds,
    LotDraft,
    PlanDraft,
    Procedure,
    ProjectDraft,
    Scope,
)
from trading.entrusting import answer_entrustment
from trading.evaluation_report import EvaluationReport, RankedBid, RejectedBid
from trading.lot_view import Criterion, ReviewItem
from trading.notices import publish_notice
from trading.plans import propose_plan
from trading.projects import register_lot, register_project
from trading.vocabulary import EvaluationMethod, FundSource, LotKind, Regime, TenderMethod

BUYER = ("91610132MA6U8G1J4F", "云岭动力试验技术研究所")
AGENCY = ("91610133MA6TX0XJ2R", "云岭项目管理有限公司")
OTHER_AGENCY = ("91610131MA6TX11W2M", "远山招标代理有限公司")
BIDDERS = (
    ("91420105MA4K20C97U", "江城数据设备有限公司"),
    ("91420106MA4KWM1B3X", "三镇信息技术有限公司"),
    ("91420111MA4L0R2T7Q", "东湖系统集成有限公司"),
)


def uscc(body: str) -> str:
    """Return a credit code with the right check character (GB 32100-2015) for its first 17 characters."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    total = sum(alphabet.index(mark) * pow(3, at, 31) for at, mark in enumerate(body))
    return body + alphabet[(31 - total % 31) % 31]


def at(local: str) -> datetime:
    """Return a moment in Beijing: `2026-08-06 14:00` or with seconds and microseconds."""
    return datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)


async def set_clock(tx: Tx, moment: datetime) -> None:
    """Let the transaction begin at a moment; the database's clock of this rehearsal goes along."""
    tx.now = moment
    await tx.session.execute(
        text("UPDATE kernel_installation SET clock_offset = cast(:t AS timestamptz) - clock_timestamp()"), {"t": moment}
    )


async def make_actor(tx: Tx, role: str, organisation: tuple[str, str]) -> Actor:
    """Return somebody of an organisation, with one role."""
    code, name = uscc(organisation[0][:17]), organisation[1]
    found = await ensure_organisation(tx, uscc=code, name=name)
    account = await create_account(
        tx, login=f"{role}-{uuid.uuid4().hex[:8]}", display_name=name, roles=[role], organisation_id=found.id
    )
    return await actor_of(tx, account)


def project_draft(**changes: Any) -> ProjectDraft:
    """Return a sound project: state-owned money, goods under the bidding law."""
    draft = ProjectDraft(
        number="C1100000189017141002",
        title="服务器、数据库、数据库集群软件",
        regime=Regime.ZTB,
        kind=LotKind.GOODS,
        method=TenderMethod.OPEN,
        region="云岭市",
        agency_uscc=uscc(AGENCY[0][:17]),
        agency_name=AGENCY[1],
        entrustment=Entrustment(document="委托代理合同 2026-07", signed_on=at("2026-07-01 00:00").date()),
        funds=Funds(
            source=FundSource.STATE_OWNED,
            description="国有资金 100%",
            state_percent="100",
            investment="6000000.00",
            state_controls=True,
        ),
        approval="云发改〔2026〕17 号",
        supervising_body="云岭市公共资源交易监督管理局",
        contacts=(
            Contact(party="招标人", name="周工", phone="029-00000001", address="云岭市测试路 1 号"),
            Contact(party="招标代理机构", name="吴工", phone="029-00000002", address="云岭市代理路 2 号"),
        ),
    )
    return msgspec.structs.replace(draft, **changes)


def lot_draft(**changes: Any) -> LotDraft:
    """Return a sound lot."""
    draft = LotDraft(
        title="服务器、数据库、数据库集群软件采购",
        scope=Scope(summary="采购服务器与数据库软件", quantity="1 批", place="云岭市", term="合同签订后 60 日内交货"),
        qualifications=("具有独立承担民事责任的能力", "代理商投标的须有制造商授权"),
        consortium_allowed=False,
        agents_allowed=True,
        price_cap="5000000.00",
        estimate="4800000.00",
        bid_bond="80000.00",
        criteria=(
            Criterion("T1", "技术响应", "subjective", "40", "technical"),
            Criterion("B1", "业绩", "objective", "20", "business", "每份 2 分", "合同关键页复印件"),
            Criterion("P1", "投标报价", "price", "40", "price"),
        ),
        review_items=(
            ReviewItem("F1", "投标函签章", "form", "条例第五十一条"),
            ReviewItem("Q1", "营业执照", "qualification", "条例第五十一条"),
        ),
        price_method={"method": "P-AVG"},
        procedure=Procedure(),
    )
    return msgspec.structs.replace(draft, **changes)


def plan_draft(**changes: Any) -> PlanDraft:
    """Return the plan of the real notice: 7 days for documents, 21 days for bids."""
    draft = PlanDraft(
        documents_from=at("2026-07-16 22:00"), documents_to=at("2026-07-23 22:00"), deadline=at("2026-08-06 14:00")
    )
    return msgspec.structs.replace(draft, **changes)


class ListedHolders:
    """The holders' port with a list of its own, in the place of bidding."""

    def __init__(self, *organisations: uuid.UUID) -> None:
        self.organisations = organisations

    async def list_holders(self, tx: Tx, lot_id: uuid.UUID) -> Sequence[uuid.UUID]:
        return self.organisations

    async def is_holder(self, tx: Tx, lot_id: uuid.UUID, organisation_id: uuid.UUID) -> bool:
        return organisation_id in self.organisations


@dataclass(slots=True)
class TradingWorld:
    """A lot with its people.

    Attributes:
        bidders: three who hold the documents.
    """

    buyer: Actor
    agency: Actor
    other_agency: Actor
    bidders: list[Actor]
    holders: ListedHolders
    project_id: uuid.UUID
    lot_id: uuid.UUID
    files: FileStore


async def make_lot(
    tx: Tx, *, project: ProjectDraft | None = None, lot: LotDraft | None = None, files: FileStore | None = None
) -> TradingWorld:
    """Return a registered lot, on 2026-07-13."""
    await set_clock(tx, at("2026-07-13 09:00"))
    buyer = await make_actor(tx, "procuring_entity", BUYER)
    agency = await make_actor(tx, "agency", AGENCY)
    other = await make_actor(tx, "agency", OTHER_AGENCY)
    bidders = [await make_actor(tx, "bidder", organisation) for organisation in BIDDERS]
    project_id = await register_project(tx, buyer, project or project_draft())
    if (project or project_draft()).agency_uscc == agency.uscc:
        await answer_entrustment(tx, agency, project_id, accept=True)
    lot_id = await register_lot(tx, buyer, project_id, lot or lot_draft())
    ids = [bidder.organisation_id for bidder in bidders if bidder.organisation_id]
    store = files or memory_store()
    return TradingWorld(buyer, agency, other, bidders, ListedHolders(*ids), project_id, lot_id, store)


async def make_planned_lot(tx: Tx, **drafts: Any) -> TradingWorld:
    """Return a lot with an accepted plan, a keyset and one document, just before its notice."""
    world = await make_lot(tx, **drafts)
    outcome = await propose_plan(tx, world.agency, world.lot_id, plan_draft())
    assert outcome.accepted
    await facade.set_keyset_ready(tx, world.lot_id, b64u_encode(hashlib.sha256(b"keyset").digest()))
    await upload_document(
        tx, world.agency, world.files, world.lot_id, name="招标文件.pdf", data=b"%PDF-1.7 the documents"
    )
    await set_clock(tx, at("2026-07-16 21:50"))
    return world


async def make_published_lot(tx: Tx, **drafts: Any) -> TradingWorld:
    """Return a lot whose documents are being handed out, on 2026-07-17."""
    world = await make_planned_lot(tx, **drafts)
    await publish_notice(tx, world.agency, world.lot_id)
    await set_clock(tx, at("2026-07-17 10:00"))
    return world


async def make_evaluated_lot(tx: Tx, *, bidders: int = 3, **drafts: Any) -> TradingWorld:
    """Return a lot whose report arrived on Monday 2026-08-10."""
    world = await make_published_lot(tx, **drafts)
    await set_clock(tx, at("2026-08-06 14:00"))
    await facade.mark_closed(tx, world.lot_id)
    await facade.mark_opened(tx, world.lot_id)
    await facade.mark_committee_ready(tx, world.lot_id)
    await facade.mark_evaluating(tx, world.lot_id)
    await set_clock(tx, at("2026-08-10 09:00"))
    await facade.receive_evaluation_report(tx, world.buyer, report_of(tx, world, bidders))
    return world


async def make_lot_in_publicity(tx: Tx, **drafts: Any) -> TradingWorld:
    """Return a lot whose candidates are public since Monday 2026-08-10, until the end of Thursday 2026-08-13."""
    world = await make_evaluated_lot(tx, **drafts)
    await publish_candidates(tx, world.agency, world.lot_id, CandidatesDraft())
    return world


def report_of(tx: Tx, world: TradingWorld, bidders: int = 3, **changes: Any) -> EvaluationReport:
    """Return a report that ranks the bidders in their order and rejects the last."""
    ranked = tuple(
        RankedBid(uuid.uuid4(), bidder.organisation_id, bidder.organisation_name, 400_000_000 + n, f"{90 - n}.00", n)
        for n, bidder in enumerate(world.bidders[: bidders - 1] if bidders == 3 else world.bidders[:bidders], 1)
        if bidder.organisation_id
    )
    rejected = tuple(
        RejectedBid(uuid.uuid4(), bidder.organisation_id, bidder.organisation_name, "投标函未签章", "条例第五十一条")
        for bidder in world.bidders[len(ranked) : bidders]
        if bidder.organisation_id
    )
    report = EvaluationReport(
        lot_id=world.lot_id,
        method=EvaluationMethod.COMPREHENSIVE,
        ranked=ranked,
        rejected=rejected,
        signed_at=tx.now - timedelta(hours=1),
        report_digest=b64u_encode(hashlib.sha256(b"report").digest()),
    )
    return replace(report, **changes)


async def entries(tx: Tx, kind: str) -> list[dict[str, Any]]:
    """Return the details of the log entries of a kind, oldest first, each with its visibility."""
    rows = await tx.session.execute(
        text("SELECT detail, visibility FROM audit_entry WHERE type = :kind ORDER BY id"), {"kind": kind}
    )
    return [dict(row.detail) | {"visibility": row.visibility} for row in rows]
