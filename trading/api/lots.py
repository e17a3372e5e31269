"""Projects, lots, plans, documents, questions."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.params import Parameter

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.guards import PUBLIC, actor_of_connection, permits, signed_in
from kernel.web.problems import handle_domain_error
from kernel.web.services import Services
from trading.drafts import AnswerDraft, LotDraft, PlanDraft, ProjectDraft
from trading.holders import holders_of
from trading.messages import list_messages, mark_read
from trading.plans import propose_plan
from trading.projects import register_lot, register_project
from trading.queries import list_lots_of, list_public_lots
from trading.questions import answer_question, ask_question, list_answers, list_own_questions, list_questions
from trading.schemas import (
    Identified,
    NewQuestion,
    event_json,
    lot_json,
    lot_line_json,
    message_json,
    questions_json,
)
from trading.timeline import list_timeline
from trading.visibility import view_lot
from trading.vocabulary import Role

_TAGS = ["trading"]


@post("/api/v1/projects", guards=[permits("project.register")], tags=_TAGS, summary="Register a project")
async def add_project(tx: Tx, actor: Actor, data: ProjectDraft) -> Identified:
    """Register a project for the own organisation and entrust its agency."""
    return Identified(await register_project(tx, actor, data))


@post(
    "/api/v1/projects/{project_id:uuid}/lots",
    guards=[permits("project.register")],
    tags=_TAGS,
    summary="Register a lot",
)
async def add_lot(tx: Tx, actor: Actor, project_id: UUID, data: LotDraft) -> Identified:
    """Register a lot of an own project."""
    return Identified(await register_lot(tx, actor, project_id, data))


@get("/api/v1/lots", opt=PUBLIC, tags=_TAGS, summary="Lots whose notice is out, newest first")
async def read_lots(
    tx: Tx, after: UUID | None = None, most: Annotated[int, Parameter(ge=1, le=100)] = 50
) -> dict[str, Any]:
    """List published lots, a page at a time: what tells them apart; each is found whole under its `href`."""
    lots = await list_public_lots(tx, most=most, after=after)
    return {
        "items": [lot_line_json(lot, tx.now) for lot in lots],
        "after": str(lots[-1].id) if len(lots) == most else None,
    }


@get("/api/v1/own/lots", guards=[permits("lot.room")], tags=_TAGS, summary="The own organisation's lots")
async def read_own_lots(tx: Tx, actor: Actor) -> list[dict[str, Any]]:
    """List the lots of the actor's organisation."""
    lots = await list_lots_of(tx, actor.organisation_id) if actor.organisation_id else []
    return [lot_json(lot, tx.now) for lot in lots]


@get("/api/v1/lots/{lot_id:uuid}", opt=PUBLIC, tags=_TAGS, summary="A lot")
async def read_lot(request: Request[Any, Any, Any], tx: Tx, lot_id: UUID) -> dict[str, Any]:
    """Return a lot that is public, or one's own."""
    return lot_json(await view_lot(tx, actor_of_connection(request), lot_id), tx.now)


@get("/api/v1/lots/{lot_id:uuid}/timeline", opt=PUBLIC, tags=_TAGS, summary="Every act on record, with its number")
async def read_timeline(request: Request[Any, Any, Any], tx: Tx, lot_id: UUID) -> list[dict[str, Any]]:
    """Return the lot's entries of the log that the reader may see, oldest first."""
    actor = actor_of_connection(request)
    lot = await view_lot(tx, actor, lot_id)
    return [event_json(event) for event in await list_timeline(tx, actor, lot)]


@post(
    "/api/v1/lots/{lot_id:uuid}/plan", guards=[permits("plan.propose")], tags=_TAGS, summary="Propose the plan of dates"
)
async def add_plan(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, lot_id: UUID, data: PlanDraft
) -> Response[Any]:
    """Propose a plan; one that breaks a limit is refused with its article, and the refusal is on record."""
    outcome = await propose_plan(tx, actor, lot_id, data)
    if not outcome.accepted:
        return handle_domain_error(request, outcome.refusal())
    findings = [finding.described() for finding in outcome.findings]
    return Response({"id": str(outcome.plan_id), "no": outcome.no, "accepted": True, "findings": findings})


@post("/api/v1/lots/{lot_id:uuid}/questions", guards=[permits("question.ask")], tags=_TAGS, summary="Ask")
async def add_question(tx: Tx, actor: Actor, services: Services, lot_id: UUID, data: NewQuestion) -> Identified:
    """Ask about the documents, unnamed towards everybody else."""
    return Identified(await ask_question(tx, actor, holders_of(services.plugins), lot_id, data.text))


@get("/api/v1/lots/{lot_id:uuid}/questions", opt=PUBLIC, tags=_TAGS, summary="Questions and answers")
async def read_questions(request: Request[Any, Any, Any], tx: Tx, lot_id: UUID) -> dict[str, Any]:
    """Return the public answers; open questions for the own parties, own ones for their asker."""
    actor = actor_of_connection(request)
    lot = await view_lot(tx, actor, lot_id)
    found: dict[str, Any] = {"answered": questions_json(await list_answers(tx, lot_id))}
    if actor is not None and lot.is_run_by(actor.organisation_id):
        found["open"] = questions_json([q for q in await list_questions(tx, actor, lot_id) if q.no is None])
    elif actor is not None and actor.has(Role.BIDDER):
        found["own"] = questions_json(await list_own_questions(tx, actor, lot_id))
    return found


@post(
    "/api/v1/questions/{question_id:uuid}/answer",
    guards=[permits("question.answer")],
    tags=_TAGS,
    summary="Answer to all",
)
async def add_answer(tx: Tx, actor: Actor, services: Services, question_id: UUID, data: AnswerDraft) -> dict[str, int]:
    """Answer a question to every holder and to the public."""
    return {"no": await answer_question(tx, actor, holders_of(services.plugins), question_id, data)}


@get("/api/v1/inbox", guards=[signed_in], tags=_TAGS, summary="The own organisation's messages")
async def read_inbox(tx: Tx, actor: Actor) -> list[dict[str, Any]]:
    """Return the newest messages."""
    return [message_json(item) for item in await list_messages(tx, actor)]


@post("/api/v1/inbox/{message_id:uuid}/read", guards=[signed_in], status_code=204, tags=_TAGS, summary="Mark as read")
async def read_message(tx: Tx, actor: Actor, message_id: UUID) -> None:
    """Note that a message was read."""
    await mark_read(tx, actor, message_id)


HANDLERS = [
    add_project,
    add_lot,
    read_lots,
    read_own_lots,
    read_lot,
    read_timeline,
    add_plan,
    add_question,
    read_questions,
    add_answer,
    read_inbox,
    read_message,
]
