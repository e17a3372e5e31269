"""The sealed papers of a lot as its pages list them: what each is, who sealed it, where it can be had."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.papers.shelf import PaperLine, list_uses
from trading.lot_view import LotView
from trading.vocabulary import Role

#: Kinds that not everybody may read; their doors decide by themselves.
_RESTRICTED: Final = ("评标报告", "中标通知书")
_ADDRESSES: Final = {
    "招标公告": "/notices/{subject}/pdf",
    "中标候选人公示": "/notices/{subject}/pdf",
    "中标结果公告": "/notices/{subject}/pdf",
    "中标通知书": "/award-notices/{subject}/pdf",
    "开标记录": "/api/v1/lots/{matter}/opening/record.pdf",
    "评标报告": "/api/v1/lots/{matter}/evaluation-report.pdf",
    "随机抽取记录": "/verify/draws/{subject}/record.pdf",
}


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A sealed paper in a list."""

    name: str
    number: str
    signer: str
    at: datetime
    href: str
    check_href: str


async def list_papers(tx: Tx, actor: Actor | None, lot: LotView) -> list[PaperRow]:
    """Return the papers of a lot that the actor may read."""
    inside = actor is not None and (lot.is_party(actor.organisation_id) or actor.has(Role.SUPERVISOR))
    uses = await list_uses(tx, lot.id, ("public", "restricted") if inside else ("public",))
    return [_row(use, lot) for use in uses if use.kind in _ADDRESSES and (inside or use.kind not in _RESTRICTED)]


def _row(use: PaperLine, lot: LotView) -> PaperRow:
    href = _ADDRESSES[use.kind].format(subject=use.subject, matter=lot.id)
    return PaperRow(use.kind, use.number, use.signer, use.used_at, href, f"/verify/papers/{use.digest.hex()}")
