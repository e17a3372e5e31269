"""A reader's part in a draw as a card of a page (templates/macros/draw.html): rows, step, addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kernel.drawbook.part import BeaconRow, Part


@dataclass(frozen=True, slots=True)
class ContributorRow:
    """A contributor and how far it is."""

    name: str
    role: str
    committed_at: datetime | None
    delivered_at: datetime | None
    acknowledged: int
    revealed_at: datetime | None
    recovered: bool
    mine: bool


@dataclass(frozen=True, slots=True)
class PartCard:
    """The reader's part in a draw, with the addresses of its steps (templates/macros/draw.html)."""

    draw: str
    number: str
    step: str
    party: str
    signer: str
    commit_by: datetime
    escrow_by: datetime | None
    reveal_by: datetime
    recover_by: datetime
    escrow: tuple[int, int] | None
    owes: bool
    lost: str
    steps: list[tuple[str, str, str]]
    waiting: str
    beacons: list[BeaconRow]
    rows: list[ContributorRow]
    commit_href: str
    reveal_href: str
    close_href: str
    void_href: str


def part_card(part: Part, words: Mapping[str, str], *, base: str, close_href: str, void_href: str) -> PartCard:
    """Put the card of a draw together.

    Args:
        words: first word of a party → its role in words.
        base: where commitments and values go, below the API.
        void_href: the form that declares an attempt void; left out while the draw is alive.
    """
    rows = [
        ContributorRow(
            name=row.name,
            role=words.get(row.party.partition(":")[0], ""),
            committed_at=row.committed_at,
            delivered_at=row.delivered_at,
            acknowledged=row.acknowledged,
            revealed_at=row.revealed_at,
            recovered=row.recovered,
            mine=row.mine,
        )
        for row in part.rows
    ]
    return PartCard(
        draw=f"/api/v1/draws/{part.draw_id}",
        number=part.number,
        step=part.step.value,
        party=part.party,
        signer=part.signer,
        commit_by=part.commit_by,
        escrow_by=part.escrow_by,
        reveal_by=part.reveal_by,
        recover_by=part.recover_by,
        escrow=part.escrow,
        owes=part.owes,
        lost="、".join(row.name for row in part.rows if row.party in part.lost),
        steps=list(part.steps),
        waiting=part.waiting,
        beacons=list(part.beacons),
        rows=rows,
        commit_href=f"{base}/commits",
        reveal_href=f"{base}/reveals",
        close_href=close_href,
        void_href=void_href if part.overdue else "",
    )
