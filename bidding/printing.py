"""The opening record as a sealed PDF: laid out by a job, after the act, from the record alone (R-ET-10).

A machine without Pango, or an installation without seals, makes no PDF; the reason is kept and shown. The record's
canonical JSON travels inside the PDF and is public by itself.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import text

from bidding.closing import notify
from bidding.consortium_reading import shares_of
from bidding.faults import CONSEQUENCES, cause_of, sealed_as_received
from bidding.opening_view import list_forms
from bidding.presence import CAPACITIES
from bidding.signing import STANCE_WORDS
from bidding.vocabulary import BidState, Capacity
from kernel.canonical import b64u_encode, jcs, parse_time
from kernel.db.transaction import Tx
from kernel.errors import Unavailable
from kernel.log import reader
from kernel.money import Money
from kernel.papers import issuing
from kernel.web.figures import qr
from kernel.web.filters import moment
from kernel.web.pdf import Attachment
from kernel.web.services import Services
from trading import facade as trading
from trading.lot_view import LotView
from trading.objections import OUTCOMES
from trading.vocabulary import ObjectionOutcome


@dataclass(frozen=True, slots=True)
class BidRow:
    """A line of the printed table."""

    no: int
    name: str
    submitted_at: datetime
    seal_ok: bool | None
    price: int | None
    offer: str
    state: str


@dataclass(frozen=True, slots=True)
class TrusteeRow:
    """A trustee as printed."""

    role: str
    name: str
    word: str


@dataclass(frozen=True, slots=True)
class ObjectionRow:
    """An objection as printed, with its answer."""

    name: str
    text: str
    answer: str


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The context of `print/opening_record.html`."""

    head: str
    number: str
    note: str
    title: list[str]
    issuer: str
    sign_name: str
    sign_at: datetime
    seal: Markup
    qr: Markup
    verify_url: str
    invented: list[str]
    facts: list[tuple[str, str]]
    timeline: list[tuple[datetime, str]]
    bids: list[BidRow]
    offer_label: str
    price_cap: int | None
    trustees: list[TrusteeRow]
    k: int
    parameters: list[tuple[str, str]]
    objections: list[ObjectionRow]
    present: list[tuple[str, str, str]]
    signatures: list[tuple[str, str, str]]
    consortia: list[tuple[str, str]]
    close_root: str
    checkpoint: str
    form_keys: list[tuple[str, str]]


async def print_record(services: Services, payload: dict[str, Any]) -> None:
    """Make the sealed PDF of a confirmed record; doing it twice changes nothing.

    Effects:
        a file; the record names it; entry `seal.used`, public.
    """
    lot_id = uuid.UUID(payload["lot_id"])
    async with services.db.begin_read_only() as tx:
        order = await _order(tx, services, lot_id)
    if order is None:
        return
    try:
        sealed = await issuing.print_and_seal(services, order)
    except Unavailable as error:
        async with services.db.begin() as tx:
            await _note(tx, lot_id, None, error.detail)
        return
    async with services.db.begin() as tx:
        file = await issuing.keep_paper(tx, services, order, sealed)
        await _note(tx, lot_id, file.id, None)


async def _note(tx: Tx, lot_id: uuid.UUID, file_id: uuid.UUID | None, fault: str | None) -> None:
    await tx.session.execute(
        text("UPDATE bidding_record SET file_id = :file, fault = :fault WHERE lot_id = :lot"),
        {"file": file_id, "fault": fault, "lot": lot_id},
    )
    await notify(tx, lot_id)


async def _order(tx: Tx, services: Services, lot_id: uuid.UUID) -> issuing.Paper | None:
    row = (
        await tx.session.execute(
            text(
                "SELECT r.content, r.file_id, r.confirmed_at, c.root, k.k, o.uscc FROM bidding_record r"
                " JOIN bidding_close c ON c.lot_id = r.lot_id JOIN bidding_opening g ON g.lot_id = r.lot_id"
                " JOIN bidding_keyset k ON k.id = g.keyset_id JOIN trading_lot l ON l.id = r.lot_id"
                " JOIN trading_project p ON p.id = l.project_id JOIN identity_organisation o ON o.id = p.agency_id"
                " WHERE r.lot_id = :lot"
            ),
            {"lot": lot_id},
        )
    ).one_or_none()
    if row is None or row.file_id is not None:
        return None
    lot = await trading.get_lot(tx, lot_id)
    head = await reader.checkpoint_of_size(tx, row.content["deadline_size"])
    keys = [(form["name"], form["fk"]) for form in await list_forms(tx, lot_id)]
    page = _page(
        services,
        lot,
        row.content,
        at=row.confirmed_at,
        k=row.k,
        close_root=b64u_encode(bytes(row.root)),
        checkpoint=f"{head.size} {b64u_encode(head.root)}",
        form_keys=keys,
    )
    return issuing.Paper(
        subject=lot.id,
        kind="开标记录",
        number=page.number,
        name=f"开标记录-{page.number}.pdf",
        template="print/opening_record.html",
        page=page,
        signer=(lot.agency_name, row.uscc),
        access="public",
        matter=lot.id,
        at=row.confirmed_at,
        twins=(Attachment("opening-record.json", jcs(row.content), "开标记录（机器可读）"),),
        job=("bidding:print_record", {"lot_id": str(lot_id)}),
    )


def _page(
    services: Services,
    lot: LotView,
    content: dict[str, Any],
    *,
    at: datetime,
    k: int,
    close_root: str,
    checkpoint: str,
    form_keys: list[tuple[str, str]],
) -> RecordPage:
    url = f"{services.site.base_url}/openings/{lot.id}"
    return RecordPage(
        head=services.site.name,
        number=f"{lot.tender}-{lot.number}",
        note="",
        title=[lot.title, "开标记录"],
        issuer=services.site.name,
        sign_name=lot.agency_name,
        sign_at=at,
        seal=issuing.picture(services, lot.agency_name),
        qr=qr(url),
        verify_url=url,
        invented=list(lot.provenance.get("invented", [])) if services.site.demo else [],
        facts=[
            ("项目名称", lot.title),
            ("招标编号", f"{lot.tender}　标段 {lot.number}"),
            ("招标人", lot.procuring_entity_name),
            ("招标代理", lot.agency_name),
            ("开标方式", "网上公开开标"),
        ],
        timeline=_timeline(content),
        bids=[_bid(line) for line in content["bids"]],
        offer_label="交货期或工期",
        consortia=[
            (line["name"], shares_of(line["consortium"]["members"])) for line in content["bids"] if "consortium" in line
        ],
        price_cap=lot.price_cap_fen,
        trustees=[
            TrusteeRow(row["role"], f"{row['person']}（{row['organisation']}）", _posted(row))
            for row in content["trustees"]
        ],
        k=k,
        parameters=[_parameter(line) for line in content.get("parameters", [])],
        objections=[_objection(line) for line in content["objections"]],
        present=[_present(line) for line in content.get("present", [])],
        signatures=[*map(_signature, content.get("signatures", [])), *map(_unsigned, content.get("unsigned", []))],
        close_root=close_root,
        checkpoint=checkpoint,
        form_keys=form_keys,
    )


def _timeline(content: dict[str, Any]) -> list[tuple[datetime, str]]:
    steps = (
        ("deadline", "投标截止"),
        ("closed_at", "停止接收投标文件，公布截止清单的根"),
        ("window_closed_at", "投标人解密时限届满"),
        ("opened_at", "打开投标文件，同时公布全部报价"),
    )
    return [(parse_time(content[name]), words) for name, words in steps if content[name]]


def _bid(line: dict[str, Any]) -> BidRow:
    form, state = line.get("form", {}), BidState(line["state"])
    cause = cause_of(state, line["fault"])
    return BidRow(
        no=line["no"],
        name=line["name"],
        submitted_at=parse_time(line["received_at"]),
        seal_ok=sealed_as_received(state, line["fault"]),
        price=Money.parse(line["price"]).fen if "price" in line else None,
        offer=str(form.get("period", "")),
        state=f"{cause}；{CONSEQUENCES[state]}（电子招标投标办法第三十一条）" if cause else "已打开",
    )


def _objection(line: dict[str, Any]) -> ObjectionRow:
    raised, answered = (moment(parse_time(line[name])) for name in ("raised_at", "answered_at"))
    return ObjectionRow(
        name=line["name"],
        text=f"{line['text']}（{raised} 提出）",
        answer=f"{OUTCOMES[ObjectionOutcome(line['outcome'])]}。{line['answer']}（{answered} 答复）",
    )


def _parameter(line: dict[str, Any]) -> tuple[str, str]:
    words = f"{line['value']}{line['unit']}（抽取编号 {line['draw']}，规则指纹 {line['spec']}）"
    return f"{line['label']} {line['name']}（{line['basis']}）", words


def _present(line: dict[str, Any]) -> tuple[str, str, str]:
    return CAPACITIES[Capacity(line["capacity"])], _person(line), moment(parse_time(line["came_at"]))


def _signature(line: dict[str, Any]) -> tuple[str, str, str]:
    words = STANCE_WORDS[line["stance"]] + (f"：{line['remark']}" if line["remark"] else "")
    earlier = "" if line["current"] else "，签署的是变化之前的记录"
    return (
        CAPACITIES[Capacity(line["capacity"])],
        _person(line),
        f"{words}（{moment(parse_time(line['signed_at']))}{earlier}）",
    )


def _unsigned(line: dict[str, Any]) -> tuple[str, str, str]:
    return CAPACITIES[Capacity(line["capacity"])], _person(line), "未签署" if line["present"] else "未到场，未签署"


def _person(line: dict[str, Any]) -> str:
    same = line["person"] is None or line["person"] == line["organisation"]
    return str(line["organisation"]) if same else f"{line['person']}（{line['organisation']}）"


def _posted(row: dict[str, Any]) -> str:
    return "已提交密钥分片" if row["posted_at"] else "候补"
