"""Where somebody checks in to an opening: one button in the hall."""

import uuid
from typing import Any

from litestar import Response, post

from bidding.attending import check_in
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits


@post("/openings/{lot_id:uuid}/presence", guards=[permits("opening.attend")], include_in_schema=False)
async def attend(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[Any]:
    """Check in and go back to the hall."""
    await check_in(tx, actor, lot_id)
    return Response(None, status_code=303, headers={"Location": f"/openings/{lot_id}#dc"})


HANDLERS = [attend]
