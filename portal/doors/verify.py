"""Public verification: the entrance, draws with their replay, their files, receipts."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get
from sqlalchemy import select, text

from kernel.canonical import jcs
from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw
from kernel.drawbook.part import names_of
from kernel.drawbook.shelf import find_draw, list_attempts, list_steps
from kernel.drawbook.standing import standing_of
from kernel.drawbook.transcript import pool_file, transcript
from kernel.errors import NotFound
from kernel.log.reader import find_entry
from kernel.papers.issuing import find_use, find_use_by_digest
from kernel.papers.shelf import paper_response
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from kernel.web.services import Services
from portal.draw_page import draw_page, purpose_of, title_of
from portal.draw_paper import KIND as RECORD
from trading import facade as trading
from trading.vocabulary import Stage

#: From this stage on the price forms of a lot are open.
OPEN_STAGES = tuple(
    stage
    for stage in Stage
    if stage not in (Stage.DRAFT, Stage.REGISTERED, Stage.NOTICE_PUBLISHED, Stage.CLOSED, Stage.FAILED)
)


@dataclass(frozen=True, slots=True)
class DrawRow:
    """A draw in the list."""

    no: str
    title: str
    href: str
    at: datetime
    word: str
    kind: str


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot whose price forms anybody may recompute."""

    id: str
    title: str
    number: str
    forms_href: str


@dataclass(frozen=True, slots=True)
class VerifyPage:
    """The context of `portal/verify.html`."""

    q: str
    problem: str
    draws: list[DrawRow]
    lots: list[LotRow]
    trust_href: str
    log_href: str
    origin: str
    cli: list[tuple[str, str]]


@get("/verify", opt=PUBLIC, include_in_schema=False)
async def entrance(request: Request[Any, Any, Any], tx: Tx, services: Services, q: str = "") -> Response[Any]:
    """Show the entrance; a number typed on the home page leads straight to its page."""
    typed = q.strip()[:200]
    if typed:
        target = await _find(tx, typed)
        if target:
            return Response(None, status_code=303, headers={"Location": target})
    draws = (await tx.session.execute(select(Draw).order_by(Draw.created_at.desc()).limit(20))).scalars()
    lots = await trading.list_lots(tx, stages=OPEN_STAGES)
    page = VerifyPage(
        q=typed,
        problem="没有找到这个编号。请核对抽取编号、回执编号或公告编号。" if typed else "",
        draws=[_row(draw) for draw in draws],
        lots=[LotRow(str(lot.id), lot.title, lot.tender, f"/api/v1/verify/forms/{lot.id}") for lot in lots],
        trust_href="/api/v1/trust",
        log_href="/ledger",
        origin=str(services.trust["origin"]),
        cli=[
            ("./sunlit verify 回执.json --trust 信任文件.json", "核验一份回执"),
            ("./sunlit verify 抽取记录.json 候选名单.json", "复算一次抽取"),
            ("./sunlit verify 文件.pdf --trust 信任文件.json", "核验一份盖章文件：谁盖的章，盖章后改动过没有"),
            ("./sunlit verify 案卷.zip", "核验一个标段从公告到中标的全部记录"),
        ],
    )
    return render_page(request, "portal/verify.html", {"page": page}, nav="verify", now=tx.now)


def _row(draw: Draw) -> DrawRow:
    drawn = draw.state == "drawn"
    return DrawRow(
        draw.number,
        f"{title_of(draw)}：{purpose_of(draw)}",
        f"/verify/draws/{draw.id}",
        draw.drawn_at or draw.created_at,
        "可复算" if drawn else "进行中",
        "ok" if drawn else "info",
    )


async def _find(tx: Tx, typed: str) -> str:
    draw = (await tx.session.execute(select(Draw.id).where(Draw.number == typed))).scalar_one_or_none()
    if draw is not None:
        return f"/verify/draws/{draw}"
    notice = (
        await tx.session.execute(text("SELECT id FROM trading_notice WHERE number = :n LIMIT 1"), {"n": typed})
    ).scalar_one_or_none()
    if notice is not None:
        return f"/notices/{notice}"
    if re.fullmatch(r"[0-9a-fA-F]{64}", typed) and await find_use_by_digest(tx, bytes.fromhex(typed)):
        return f"/verify/papers/{typed.lower()}"
    return f"/verify/receipts/{typed}" if len(typed) == 43 and typed.isascii() else ""


@get("/verify/draws/{draw_id:uuid}", opt=PUBLIC, include_in_schema=False)
async def show_draw(request: Request[Any, Any, Any], tx: Tx, draw_id: uuid.UUID) -> Response[str]:
    """Show a draw and let the visitor's browser recompute it."""
    draw = await find_draw(tx, draw_id)
    steps = await list_steps(tx, draw_id)
    entries = [await find_entry(tx, step.entry_id) for step in steps]
    spec = await find_entry(tx, draw.result_entry or draw.spec_entry)
    record = await find_use(tx, draw_id, RECORD)
    page = draw_page(
        await standing_of(tx, draw),
        tx.now,
        steps,
        names=await names_of(tx, draw),
        attempts=len(await list_attempts(tx, draw)),
        log_index=spec.index,
        pdf_href=f"/verify/draws/{draw_id}/record.pdf" if record else "",
        step_times=[entry.at for entry in entries],
    )
    return render_page(request, "portal/draw.html", {"page": page}, nav="verify", now=tx.now)


@get(
    "/api/v1/verify/draws/{draw_id:uuid}",
    opt=PUBLIC,
    tags=["verification"],
    summary="Transcript and pool of a draw, for recomputing it",
)
async def draw_files(tx: Tx, draw_id: uuid.UUID) -> dict[str, Any]:
    """Return the public files of a draw that has its result."""
    return {"transcript": await transcript(tx, draw_id), "pool": await pool_file(tx, draw_id)}


@get("/api/v1/verify/draws/{draw_id:uuid}/transcript.json", opt=PUBLIC, tags=["verification"], summary="Transcript")
async def transcript_file(tx: Tx, draw_id: uuid.UUID) -> Response[bytes]:
    """Return the transcript as canonical bytes, for the offline verifier."""
    return await _file(tx, draw_id, "transcript", await transcript(tx, draw_id))


@get("/api/v1/verify/draws/{draw_id:uuid}/pool.json", opt=PUBLIC, tags=["verification"], summary="Pool")
async def pool_download(tx: Tx, draw_id: uuid.UUID) -> Response[bytes]:
    """Return the pool as canonical bytes."""
    return await _file(tx, draw_id, "pool", await pool_file(tx, draw_id))


@get("/verify/draws/{draw_id:uuid}/record.pdf", opt=PUBLIC, tags=["verification"], summary="Sealed record of a draw")
async def record_file(tx: Tx, services: Services, draw_id: uuid.UUID) -> Response[bytes]:
    """Return the sealed record of a draw, once the job has made it."""
    use = await find_use(tx, draw_id, RECORD)
    if use is None:
        raise NotFound("盖章的抽取记录正在生成，请稍后再试。")
    return await paper_response(services, use)


async def _file(tx: Tx, draw_id: uuid.UUID, kind: str, value: Any) -> Response[bytes]:
    number = (await find_draw(tx, draw_id)).number
    headers = {"Content-Disposition": f'attachment; filename="{number}.{kind}.json"', "Cache-Control": "no-store"}
    return Response(jcs(value), media_type="application/json", headers=headers)


HANDLERS = [entrance, show_draw, draw_files, transcript_file, pool_download, record_file]
