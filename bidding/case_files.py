"""What bidding adds to a lot's case once its bids are open: signed messages, sealed forms, the close list, the table.

Nothing of it exists for readers before the opening: `find_case_files` answers None until the table is public.
"""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from bidding.consortium_reading import list_opened
from bidding.envelopes import SealedDocument, find_document
from bidding.opening_view import find_reading
from bidding.vocabulary import FORM
from kernel.canonical import parse
from kernel.db.transaction import Tx


@dataclass(frozen=True, slots=True)
class CaseBid:
    """One bid of the close list.

    Attributes:
        no: its number in the table that was read out.
        submission: the bidder's signed message that counts.
        receipt: the platform's receipt for it, and the entry that proves it.
        form: the sealed form, if it was read out; a bid that was not opened stays sealed here too.
        consents: the members' signatures under the agreement of a consortium, the leader's first; none where one firm
            bid alone.
        releases: the bidder's signed secrets, of all slots; none where the bidder did not release.
    """

    no: int
    bidder: str
    submission: str
    receipt: str
    entry_id: int
    form: SealedDocument | None
    consents: tuple[str, ...]
    releases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseFiles:
    """The bidding part of a case.

    Attributes:
        deadline_size: size of the log at the deadline checkpoint.
        close: rows of the close list.
        table: canonical bytes of the table, whose digest the entry `bid.opened` holds.
        shares: seat and signed batch of each trustee who posted, over all slots.
    """

    keyset: dict[str, Any]
    deadline_size: int
    close: list[dict[str, Any]]
    table: bytes
    bids: tuple[CaseBid, ...]
    shares: tuple[tuple[int, str], ...]


async def find_case_files(tx: Tx, lot_id: uuid.UUID) -> CaseFiles | None:
    """Return the bidding part of a lot's case; None before the table is public."""
    table = await find_reading(tx, lot_id)
    if table is None:
        return None
    query = text(
        "SELECT o.deadline_size, k.id AS keyset_id, k.document, c.items FROM bidding_opening o"
        " JOIN bidding_keyset k ON k.id = o.keyset_id JOIN bidding_close c ON c.lot_id = o.lot_id"
        " WHERE o.lot_id = :lot"
    )
    row = (await tx.session.execute(query, {"lot": lot_id})).one()
    return CaseFiles(
        keyset=row.document,
        deadline_size=row.deadline_size,
        close=list(row.items),
        table=table,
        bids=tuple(await _bids(tx, lot_id, parse(table)["rows"])),
        shares=tuple(await _shares(tx, row.keyset_id)),
    )


async def _bids(tx: Tx, lot_id: uuid.UUID, lines: list[dict[str, Any]]) -> list[CaseBid]:
    rows = await tx.session.execute(
        text(
            "SELECT b.id, i.pseudonym, i.organisation_id, s.jws, s.receipt, s.entry_id,"
            " array(SELECT DISTINCT r.jws FROM bidding_release r WHERE r.bid_id = b.id ORDER BY r.jws) AS releases"
            " FROM bidding_bid b JOIN bidding_interest i ON i.id = b.interest_id"
            " JOIN bidding_submission s ON s.digest = b.head WHERE b.lot_id = :lot"
        ),
        {"lot": lot_id},
    )
    found = {row.pseudonym: row for row in rows}
    joint = await list_opened(tx, lot_id)
    consents = {leader: tuple(member[-1] for member in one.members) for leader, one in joint.items()}
    return [
        CaseBid(
            no=line["no"],
            bidder=line["bidder"],
            submission=found[line["bidder"]].jws,
            receipt=found[line["bidder"]].receipt,
            entry_id=found[line["bidder"]].entry_id,
            form=None if line["form"] is None else await find_document(tx, found[line["bidder"]].id, FORM),
            consents=consents.get(found[line["bidder"]].organisation_id, ()),
            releases=tuple(found[line["bidder"]].releases),
        )
        for line in lines
    ]


async def _shares(tx: Tx, keyset_id: uuid.UUID) -> list[tuple[int, str]]:
    rows = await tx.session.execute(
        text("SELECT i, jws FROM bidding_share_batch WHERE keyset_id = :id ORDER BY i"), {"id": keyset_id}
    )
    return [(row.i, row.jws) for row in rows]
