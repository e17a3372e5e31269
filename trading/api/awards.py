"""Candidates, award, award notice."""

from typing import Any
from uuid import UUID

from litestar import post

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from trading.awarding import decide_award, publish_candidates, send_award_notice
from trading.drafts import AwardDraft, CandidatesDraft
from trading.schemas import Identified, posted_json

_TAGS = ["trading"]


@post(
    "/api/v1/lots/{lot_id:uuid}/candidates",
    guards=[permits("candidates.publish")],
    tags=_TAGS,
    summary="Publish the candidates",
)
async def add_candidates(tx: Tx, actor: Actor, lot_id: UUID, data: CandidatesDraft) -> dict[str, Any]:
    """Make the report's candidates public."""
    return posted_json(await publish_candidates(tx, actor, lot_id, data))


@post("/api/v1/lots/{lot_id:uuid}/award", guards=[permits("award.decide")], tags=_TAGS, summary="Decide the award")
async def add_award(tx: Tx, actor: Actor, lot_id: UUID, data: AwardDraft) -> Identified:
    """Decide who wins, after the publicity."""
    return Identified(await decide_award(tx, actor, lot_id, data))


@post(
    "/api/v1/lots/{lot_id:uuid}/award-notice",
    guards=[permits("award.notify")],
    tags=_TAGS,
    summary="Send the award notice",
)
async def add_award_notice(tx: Tx, actor: Actor, lot_id: UUID) -> Identified:
    """Publish the result, send the award notice, tell everybody who bid."""
    return Identified(await send_award_notice(tx, actor, lot_id))


HANDLERS = [add_candidates, add_award, add_award_notice]
