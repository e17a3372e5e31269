"""The case bundle of a lot as a download."""

import uuid

from litestar import get
from litestar.response import Stream

from kernel.db.transaction import Tx
from kernel.web.guards import PUBLIC, permits
from kernel.web.services import Services
from portal.case import require_case
from portal.case_shelf import CaseShelf, pieces
from trading import facade as trading
from trading.lot_view import LotView


def _shelf(services: Services) -> CaseShelf:
    shelf = services.plugins.get("cases")
    if shelf is None:
        shelf = services.plugins["cases"] = CaseShelf()
    assert isinstance(shelf, CaseShelf)
    return shelf


async def _download(tx: Tx, services: Services, lot: LotView, *, oversight: bool) -> Stream:
    file = await _shelf(services).open(tx, services, lot, oversight=oversight)
    headers = {
        "Content-Disposition": f'attachment; filename="{lot.tender}-{lot.number}.zip"',
        "Cache-Control": "no-store",
    }
    return Stream(pieces(file), media_type="application/zip", headers=headers)


@get(
    "/lots/{lot_id:uuid}/bundle.zip",
    opt=PUBLIC,
    tags=["verification"],
    summary="The case bundle of an awarded lot, for `sunlit verify`",
)
async def public_case(tx: Tx, services: Services, lot_id: uuid.UUID) -> Stream:
    """Return everything the public may have of a lot, once its winner is known."""
    return await _download(tx, services, await require_case(tx, lot_id), oversight=False)


@get(
    "/s/lots/{lot_id:uuid}/bundle.zip",
    guards=[permits("case.download")],
    tags=["verification"],
    summary="The case bundle for supervision: from the opening on, with releases and shares",
)
async def supervised_case(tx: Tx, services: Services, lot_id: uuid.UUID) -> Stream:
    """Return a lot's case as soon as its bids are open."""
    return await _download(tx, services, await trading.get_lot(tx, lot_id), oversight=True)


HANDLERS = [public_case, supervised_case]
