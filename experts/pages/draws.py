"""A committee's draw as its pages show it: the frozen rule, who contributes randomness, recusals, calls."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from experts import committee, queries
from experts.pages.parts import word_of
from experts.queries import CommitteeView
from experts.recusal import Ground
from experts.vocabulary import CallState, CommitteeState
from kernel.db.transaction import Tx
from kernel.draw.panel import matches
from kernel.drawbook.card import part_card
from kernel.drawbook.models import Draw
from kernel.drawbook.part import find_part
from kernel.drawbook.shelf import find_draw
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from trading.pages.common import Form, attempt, require_agreement

GROUNDS: Final = {
    Ground.BIDDER_OR_RELATIVE: "投标人或其负责人的近亲属",
    Ground.DEPARTMENT_STAFF: "主管或监督部门人员",
    Ground.ECONOMIC_INTEREST: "与投标人有利害关系",
    Ground.PUNISHED: "曾受处罚",
    Ground.WITHIN_YEARS: "三年内与供应商有关系",
    Ground.BUYER_OR_AGENCY: "在招标人或代理机构任职",
    Ground.NAMED_UNIT: "申请回避的单位",
    Ground.DECLARED: "本人申报回避",
}
CALLS: Final = {
    CallState.OUT: ("mute", "待答复"),
    CallState.ACCEPTED: ("ok", "已接受"),
    CallState.REFUSED: ("warn", "不接受，已递补"),
    CallState.NO_ANSWER: ("warn", "未应答，已递补"),
    CallState.RECUSED: ("warn", "回避，已递补"),
}
PARTY_WORDS: Final = {
    "agency": "代理机构",
    "procuring_entity": "招标人",
    "supervisor": "行政监督",
    "centre": "交易中心",
}


@dataclass(frozen=True, slots=True)
class SpecRow:
    """The frozen draw."""

    draw_no: str
    draw_href: str
    size: int
    root: str
    frozen_at: datetime
    algorithm: str
    odds: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SeatRow:
    """A call, masked."""

    no: int
    group: str
    word: str
    kind: str
    name: str
    at: datetime | None
    reason: str


async def drawn_of(tx: Tx, actor: Actor, view: CommitteeView, void_href: str) -> dict[str, Any]:
    """Return what the pages of a committee show of its draw and its calls."""
    draw = await find_draw(tx, view.draw_id)
    api = f"/api/v1/draws/{draw.id}"
    part = await find_part(tx, actor, draw.id, may_close=True)
    return {
        "stage": _stage(view, draw),
        "spec": SpecRow(
            draw_no=draw.number,
            draw_href=f"/verify/draws/{draw.id}",
            size=int(draw.spec["pool"]["count"]),
            root=str(draw.spec["pool"]["root"]),
            frozen_at=draw.created_at,
            algorithm=str(draw.spec["algo"]),
            odds=_odds(draw),
        ),
        "excluded": [(GROUNDS[Ground(ground)], count) for ground, count in sorted(view.excluded.items())],
        "part": part_card(part, PARTY_WORDS, base=api, close_href=f"{api}/close", void_href=void_href),
        "seats": [
            SeatRow(
                call.no,
                word_of(call.group),
                CALLS[call.state][1],
                CALLS[call.state][0],
                call.name,
                call.answered_at,
                call.reason,
            )
            for call in view.calls
        ],
    }


async def give_up(tx: Tx, actor: Actor, lot_id: UUID, form: Form) -> None:
    """Declare the draw of a lot's committee void, from its form; a refusal goes into the form."""
    if not require_agreement(form, "void"):
        return
    standing = await queries.find_committee(tx, lot_id)
    if standing is None:
        raise NotFound
    draw_id = standing.draw_id
    await attempt(tx, form, lambda: committee.give_up(tx, actor, draw_id))


def _stage(view: CommitteeView, draw: Draw) -> str:
    if view.state is CommitteeState.COMPLETE:
        return "complete"
    if view.state is CommitteeState.CALLING:
        return "calling" if view.calls else "drawn"
    return "committed" if draw.state in ("closed", "final") else "frozen"


def _odds(draw: Draw) -> list[tuple[str, str]]:
    pool = draw.pools["pool"]
    return [
        (word_of(group["v"]), f"{group['n']} / {sum(matches(entry['p'], group['a'], group['v']) for entry in pool)}")
        for group in draw.spec["params"]["groups"]
    ]
