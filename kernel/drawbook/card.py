"""A reader's part in a draw as a card of a page (templates/macros/draw.html): rows, step, addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from kernel.drawbook.part import Part


@dataclass(frozen=True, slots=True)
class ContributorRow:
    """A contributor and how far it is."""

    name: str
    role: str
    committed_at: datetime | None
    revealed_at: datetime | None
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
    reveal_by: datetime
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
            row.name, words.get(row.party.partition(":")[0], ""), row.committed_at, row.revealed_at, row.mine
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
        reveal_by=part.reveal_by,
        rows=rows,
        commit_href=f"{base}/commits",
        reveal_href=f"{base}/reveals",
        close_href=close_href,
        void_href=void_href if part.overdue else "",
    )
