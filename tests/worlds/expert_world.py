"""A pool of four hundred, with the people of bidders and agency in it."""

from datetime import timedelta

import msgspec

from experts.drafts import NewExpert, Relation
from experts.pool import PoolImport, import_experts
from kernel.db.transaction import Tx
from kernel.drawbook.vault import Vault
from kernel.identity.actor import Actor
from portal.demo.experts_pool import make_pool
from tests.factories.trading import TradingWorld

CENTRE = ("12420000MB1D5E6F7U", "云澜市公共资源交易中心")
OVERSIGHT = ("11420000MB1A2B3C4W", "云澜市公共资源交易监督管理局")


def experts(count: int, insiders: list[tuple[str, str, int]] | None = None) -> list[NewExpert]:
    """Return the first rows of the demonstration's pool."""
    return [msgspec.convert(row, NewExpert) for row in make_pool(insiders or [])[:count]]


async def import_pool(tx: Tx, centre: Actor, vault: Vault, made: TradingWorld) -> PoolImport:
    """Import 400: three of the first bidder, two of the agency, one who advised the second bidder."""
    bidder, agency = made.bidders[0], made.agency
    insiders = [(bidder.uscc, bidder.organisation_name, 3), (agency.uscc, agency.organisation_name, 2)]
    rows = experts(400, insiders)
    tie = Relation(unit=made.bidders[1].uscc, kind="consultancy", since=tx.now.date() - timedelta(days=200))
    rows[5] = msgspec.structs.replace(rows[5], relations=(tie,))
    return await import_experts(tx, centre, vault, rows)
