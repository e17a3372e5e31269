"""The record of a draw on paper: ordered once a draw has its outcome, under the seal of whoever drew.

The experts' draw of a lot is the agency's, a draw of an inspection that of the inspecting body. Codes, never names.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw
from kernel.drawbook.shelf import find_draw
from kernel.drawbook.standing import standing_of
from kernel.drawbook.transcript import pool_file, transcript
from kernel.errors import NotFound
from kernel.log.reader import find_entry
from kernel.outbox.queue import enqueue
from kernel.papers import issuing
from kernel.web.figures import qr
from kernel.web.pdf import Attachment
from kernel.web.services import Services
from portal.draw_page import draw_page, party_words, purpose_of, title_of

KIND = "随机抽取记录"
PRINT = "portal:print_draw"


@dataclass(frozen=True, slots=True)
class _Given:
    """A contributor's commitment and value."""

    name: str
    commit: str
    reveal: str
    at: datetime


async def order_draw_records(services: Services) -> None:
    """Order the paper of every draw that has an outcome, once each."""
    async with services.db.begin_read_only() as tx:
        query = text(
            "SELECT d.id FROM draw_draw d WHERE d.state = 'drawn' AND NOT EXISTS"
            " (SELECT 1 FROM kernel_outbox o WHERE o.key = 'draw-record:' || d.id)"
        )
        waiting = list((await tx.session.execute(query)).scalars())
    for draw_id in waiting:
        async with services.db.begin() as tx:
            await enqueue(tx, PRINT, {"draw": str(draw_id)}, key=f"draw-record:{draw_id}")


async def print_draw(services: Services, payload: dict[str, Any]) -> None:
    """Make the sealed record of a draw; doing it twice changes nothing.

    Raises:
        NotFound: the log has not taken in the outcome yet; the job tries again.
        Unavailable: no Pango or no seal service.
    Effects:
        a public file; entry `seal.used`, public.
    """
    draw_id = uuid.UUID(payload["draw"])
    async with services.db.begin_read_only() as tx:
        if await issuing.find_use(tx, draw_id, KIND) is not None:
            return
        paper = await _paper(tx, services, draw_id)
    sealed = await issuing.print_and_seal(services, paper)
    async with services.db.begin() as tx:
        await issuing.keep_paper(tx, services, paper, sealed)


async def _issuer(tx: Tx, draw: Draw) -> tuple[str, str]:
    query = text(
        "SELECT o.name, o.uscc FROM identity_organisation o WHERE o.id = coalesce("
        " (SELECT p.agency_id FROM trading_lot l JOIN trading_project p ON p.id = l.project_id WHERE l.id = :s),"
        " (SELECT i.organisation_id FROM supervision_inspection i WHERE i.id = :s))"
    )
    row = (await tx.session.execute(query, {"s": draw.subject})).one_or_none()
    if row is None:
        raise NotFound
    return row.name, row.uscc


async def _paper(tx: Tx, services: Services, draw_id: uuid.UUID) -> issuing.Paper:
    draw = await find_draw(tx, draw_id)
    assert draw.drawn_at is not None
    assert draw.seed is not None
    signer = await _issuer(tx, draw)
    standing = await standing_of(tx, draw)
    given = [standing.given[party] for party in standing.final]
    shown = draw_page(standing, tx.now, [], names={}, attempts=0, log_index=None, step_times=[])
    played = await transcript(tx, draw_id)
    spec = draw.spec
    pools = [spec["pool"]] if "pool" in spec else list(spec["pools"].values())
    url = f"{services.site.base_url}/verify/draws/{draw.id}"
    page = {
        "head": services.site.name,
        "number": draw.number,
        "note": "",
        "title": [f"{title_of(draw)}记录"],
        "issuer": services.site.name,
        "sign_name": signer[0],
        "sign_at": draw.drawn_at,
        "seal": issuing.picture(services, signer[0]),
        "qr": qr(url),
        "verify_url": url,
        "invented": [],
        "facts": [("用途", purpose_of(draw)), *shown.facts],
        "contributors": [
            _Given(
                party_words(row.party),
                b64u_encode(row.commitment),
                b64u_encode(row.value or b"") + ("（由分片恢复）" if row.recovered else ""),
                (await find_entry(tx, row.commit_entry)).at,
            )
            for row in given
        ],
        "beacons": [(one["source"], value) for one, value in zip(spec["beacons"], standing.beacons, strict=True)],
        "seed": b64u_encode(draw.seed),
        "pool_root": "、".join(str(pool["root"]) for pool in pools),
        "spec_hash": b64u_encode(draw.spec_hash),
        "groups": [
            {"title": group.title, "picks": [(pick.no, pick.name, "代码，不含姓名") for pick in group.picks]}
            for group in shown.groups
        ],
        "replacements": [],
        "cli": shown.cli,
    }
    return issuing.Paper(
        subject=draw.id,
        kind=KIND,
        number=draw.number,
        name=f"抽取记录-{draw.number}.pdf",
        template="print/draw_record.html",
        page=page,
        signer=signer,
        access="public",
        matter=draw.subject,
        at=draw.drawn_at,
        twins=(
            Attachment("transcript.json", jcs(played), "抽取记录（可复算）"),
            Attachment("pool.json", jcs(await pool_file(tx, draw_id)), "候选名单"),
        ),
        job=(PRINT, {"draw": str(draw_id)}),
    )
