"""The evaluation report as the value that every member signs.

Law: R-EVAL-09 (12号令 42). Pure. Decimals are texts, moments are UTC; its canonical form has one digest.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bidding.opened import OpenedBidView
from experts.summary import Sheets, Summary, words_of
from kernel.canonical import format_time
from kernel.money import Money
from trading.lot_view import LotView


@dataclass(frozen=True, slots=True)
class Row:
    """A printed table: its head, and rows of texts or (text, class)."""

    head: list[str]
    rows: list[list[Any]]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report in words."""

    title: str
    paragraphs: list[str]


def report_of(
    lot: LotView,
    *,
    committee: str,
    session: uuid.UUID,
    opened_at: datetime,
    at: datetime,
    rehearsal: bool,
    members: Sequence[tuple[int, str, bool]],
    names: Mapping[int, tuple[str, str]],
    bids: Sequence[OpenedBidView],
    outcome: Mapping[str, Any],
    sheets: Sheets,
    summary: Summary,
    explanation: str,
) -> dict[str, Any]:
    """Put the report together.

    Args:
        committee: number of the draw.
        members: seat, code, whether the chair.
        names: name and employer by seat.
        outcome: of the preliminary review.
        explanation: what the committee says to the alarms.
    Source:
        R-EVAL-09
    """
    return {
        "v": 1,
        "type": "evaluation.report",
        "rehearsal": rehearsal,
        "at": format_time(at),
        "session": str(session),
        "session_opened_at": format_time(opened_at),
        "draw": committee,
        "lot": _lot(lot),
        "members": [
            {"seat": seat, "code": code, "name": names[seat][0], "employer": names[seat][1], "chair": chair}
            for seat, code, chair in members
        ],
        "bids": [
            {"bid": str(bid.bid_id), "no": bid.no, "bidder": bid.bidder_name, "uscc": bid.bidder_uscc}
            | {"price": str(Money(bid.price_fen))}
            for bid in bids
        ],
        "review": dict(outcome),
        "criteria": [
            {"code": item.code, "name": item.name, "kind": item.kind, "group": item.group, "max": item.max}
            for item in lot.criteria
        ],
        "prices": _prices(summary),
        "scores": [
            {"member": member, "bid": str(bid), "points": {code: _two(value) for code, value in points.items()}}
            for member, sheet in sheets.items()
            for bid, points in sheet.items()
        ],
        "ranking": _ranking(summary, {bid.bid_id: bid.bidder_name for bid in bids}),
        "alarms": [
            {"kind": alarm.kind.value, "bid": str(alarm.bid), "criterion": alarm.criterion, "member": alarm.member}
            | {"deviation": None if alarm.deviation is None else str(alarm.deviation)}
            for alarm in summary.alarms
        ],
        "explanation": explanation,
    }


def _lot(lot: LotView) -> dict[str, Any]:
    return {
        "tender": lot.tender,
        "number": lot.number,
        "project": lot.project_title,
        "title": lot.title,
        "procuring_entity": lot.procuring_entity_name,
        "agency": lot.agency_name,
        "opened_at": None if lot.opened_at is None else format_time(lot.opened_at),
    }


def _prices(summary: Summary) -> dict[str, Any]:
    table = summary.prices
    return {
        "rule": table.rule.described(),
        "words": words_of(table.rule),
        "mean": str(table.mean),
        "benchmark": str(table.benchmark),
        "lines": [
            {"bid": str(line.bid), "price": str(line.price), "deviation": str(line.deviation)}
            | {"score": _two(line.score), "counted": line.counted}
            for line in table.lines
        ],
    }


def _ranking(summary: Summary, names: Mapping[uuid.UUID, str]) -> list[dict[str, Any]]:
    return [
        {
            "rank": item.rank,
            "bid": str(item.total.bid),
            "bidder": names[item.total.bid],
            "price": str(item.total.price),
            "parts": {group: _two(value) for group, value in summary.parts[item.total.bid].items()},
            "members": _two(item.total.members),
            "price_score": _two(item.total.price_score),
            "total": _two(item.total.total),
            "decided_by": item.decided_by.value,
        }
        for item in summary.ranks
    ]


def _two(value: Decimal) -> str:
    return f"{value:.2f}"


def sections_of(report: dict[str, Any]) -> list[Section]:
    """Write the report's parts in words, for the page and for print."""
    lot, review = report["lot"], report["review"]
    bids = {row["bid"]: row["bidder"] for row in report["bids"]}
    basics = (
        f"{lot['project']}（项目编号 {lot['tender']}，标段 {lot['number']}）由{lot['procuring_entity']}招标，"
        f"{lot['agency']}代理。开标时读出 {len(bids)} 家投标人的报价。"
    )
    rejected = [
        f"否决{bids[item['bid']]}的投标："
        + "；".join(f"{r['name']}，{r['reason']}（{r['votes']} 人）" for r in item["reasons"])
        for item in review["rejected"]
    ]
    split = [
        f"{bids[item['bid']]}的“{item['name']}”：{item['pass']} 人符合，{item['fail']} 人不符合，按多数意见处理。"
        for item in review["split"]
    ]
    passed = f"经初步评审，{len(review['valid'])} 家投标人通过。"
    prices = f"{report['prices']['words']}评标基准价 {report['prices']['benchmark']} 元。"
    told = [
        Section(
            "一、基本情况",
            [basics, f"评标委员会由 {len(report['members'])} 人组成，从专家库公开抽取（{report['draw']}）。"],
        ),
        Section("二、初步评审", [passed, *rejected, *split]),
        Section("三、详细评审", ["成员独立评分并签名锁定后汇总，取平均值。", prices]),
    ]
    if report["explanation"]:
        told.append(Section("四、一致性核对", [report["explanation"]]))
    return told
