"""Evaluation sessions: check in, review, score, lock, confirm, sign; the report for its receivers."""

import uuid
from typing import Any

from litestar import Response, get, post, put

from experts import evaluation, reporting, sessions
from experts.evaluation import Points
from experts.review import Mark
from experts.schemas import (
    ChairVote,
    CheckIn,
    Code,
    Confirmation,
    Lock,
    NewMarks,
    NewScores,
    ReportSignature,
    Typed,
    desk_json,
    report_json,
    summary_json,
)
from experts.session_queries import get_desk, get_report
from experts.vocabulary import Verdict
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.files.library import FileView, find_file, read_file
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.services import Services


@post(
    "/api/v1/lots/{lot_id:uuid}/session",
    guards=[permits("session.open")],
    tags=["evaluation"],
    summary="Begin the evaluation",
)
async def open_session(tx: Tx, actor: Actor, services: Services, lot_id: uuid.UUID) -> dict[str, str]:
    """Open a session; members get a new code."""
    cipher = services.plugins["fields"]
    return {"session": str(await sessions.open_evaluation(tx, actor, lot_id, site=services.site.name, cipher=cipher))}


@get(
    "/api/v1/sessions/{session_id:uuid}",
    guards=[permits("session.review")],
    tags=["evaluation"],
    summary="A member's own desk",
)
async def desk(tx: Tx, actor: Actor, session_id: uuid.UUID) -> dict[str, Any]:
    """Return the session as its member sees it."""
    return desk_json(await get_desk(tx, actor, session_id))


@post(
    "/api/v1/sessions/{session_id:uuid}/arrive",
    guards=[permits("session.review")],
    status_code=200,
    tags=["evaluation"],
    summary="Show the code that was sent when the session began",
)
async def arrive(tx: Tx, actor: Actor, session_id: uuid.UUID, data: Code) -> dict[str, bool]:
    """Take the code of arrival."""
    await sessions.arrive(tx, actor, session_id, data.code)
    return {"arrived": True}


@post(
    "/api/v1/sessions/{session_id:uuid}/check-in",
    guards=[permits("session.review")],
    status_code=200,
    tags=["evaluation"],
    summary="Promise and declare; whoever has a conflict leaves and is replaced",
)
async def check_in(tx: Tx, actor: Actor, session_id: uuid.UUID, data: CheckIn) -> dict[str, bool]:
    """Take promise and declaration."""
    return {"stays": await sessions.check_in(tx, actor, session_id, data.conflicts, data.reason, data.jws)}


@post(
    "/api/v1/sessions/{session_id:uuid}/chair",
    guards=[permits("session.review")],
    status_code=200,
    tags=["evaluation"],
    summary="Vote for the chair",
)
async def vote(tx: Tx, actor: Actor, session_id: uuid.UUID, data: ChairVote) -> dict[str, int | None]:
    """Take a vote; the answer names the chair once all have voted."""
    return {"chair_seat": await sessions.vote_chair(tx, actor, session_id, data.seat)}


@post(
    "/api/v1/sessions/{session_id:uuid}/reviews",
    guards=[permits("session.review")],
    status_code=200,
    tags=["evaluation"],
    summary="Keep own verdicts",
)
async def save_reviews(tx: Tx, actor: Actor, session_id: uuid.UUID, data: NewMarks) -> dict[str, Any]:
    """Keep verdicts; the answer has the digest to sign."""
    if any(mark.verdict not in ("pass", "fail") for mark in data.marks):
        raise InvalidInput("请选择符合或者不符合。", [("marks", "pass 或 fail")])
    marks = [Mark(mark.bid, mark.item, Verdict(mark.verdict), mark.reason) for mark in data.marks]
    await evaluation.save_reviews(tx, actor, session_id, marks)
    return desk_json(await get_desk(tx, actor, session_id))


@post(
    "/api/v1/sessions/{session_id:uuid}/scores",
    guards=[permits("session.review")],
    status_code=200,
    tags=["evaluation"],
    summary="Keep own points",
)
async def save_scores(tx: Tx, actor: Actor, session_id: uuid.UUID, data: NewScores) -> dict[str, Any]:
    """Keep points; the answer has the digest to sign."""
    given = [Points(item.bid, item.criterion, item.points) for item in data.scores]
    await evaluation.save_scores(tx, actor, session_id, given)
    return desk_json(await get_desk(tx, actor, session_id))


@put(
    "/api/v1/sessions/{session_id:uuid}/scores",
    guards=[permits("session.review")],
    status_code=200,
    tags=["evaluation"],
    summary="Keep own points while typing: names are `criterion.bid`",
)
async def autosave_scores(tx: Tx, actor: Actor, session_id: uuid.UUID, data: Typed) -> dict[str, int]:
    """Keep what stands in the grid; empty fields are left alone."""
    given = [points for name, text in data.scores.items() if text and (points := points_of(name, text)) is not None]
    await evaluation.save_scores(tx, actor, session_id, given)
    return {"saved": len(given)}


def points_of(name: str, text: str) -> Points | None:
    """Read a field of the grid; None if its name is no field's."""
    criterion, _, bid = name.rpartition(".")
    try:
        return Points(uuid.UUID(bid), criterion, text)
    except ValueError:
        return None


@post(
    "/api/v1/sessions/{session_id:uuid}/lock",
    guards=[permits("session.review")],
    status_code=200,
    tags=["evaluation"],
    summary="Lock own verdicts or points by signature",
)
async def lock(tx: Tx, actor: Actor, session_id: uuid.UUID, data: Lock) -> dict[str, bool]:
    """Lock; the answer says whether all have."""
    if data.part == "review":
        return {"all": await evaluation.lock_reviews(tx, actor, session_id, data.jws)}
    if data.part == "scores":
        return {"all": await evaluation.lock_scores(tx, actor, session_id, data.jws)}
    raise InvalidInput("只能锁定初步评审或者评分。", [("part", "review 或 scores")])


@get(
    "/api/v1/sessions/{session_id:uuid}/summary",
    guards=[permits("session.review")],
    tags=["evaluation"],
    summary="Price points and ranking, once all have locked",
)
async def show_summary(tx: Tx, actor: Actor, session_id: uuid.UUID) -> dict[str, Any]:
    """Return the summary; before all have locked there is none for anybody."""
    own = await get_desk(tx, actor, session_id)
    return summary_json(own, await reporting.load_summary(tx, own.session))


@post(
    "/api/v1/sessions/{session_id:uuid}/summary",
    guards=[permits("session.review")],
    status_code=200,
    tags=["evaluation"],
    summary="Confirm the summary as the chair",
)
async def confirm_summary(tx: Tx, actor: Actor, session_id: uuid.UUID, data: Confirmation) -> dict[str, str]:
    """Fix the report."""
    return {"report": await reporting.confirm_summary(tx, actor, session_id, data.explanation)}


@post(
    "/api/v1/sessions/{session_id:uuid}/sign",
    guards=[permits("report.sign")],
    status_code=200,
    tags=["evaluation"],
    summary="Sign the report, with another opinion if there is one",
)
async def sign(tx: Tx, actor: Actor, session_id: uuid.UUID, data: ReportSignature) -> dict[str, bool]:
    """Sign; the answer says whether all have."""
    return {"all": await reporting.sign_report(tx, actor, session_id, data.jws, data.dissent)}


@get(
    "/api/v1/sessions/{session_id:uuid}/bids/{bid_id:uuid}/file",
    guards=[permits("session.review")],
    tags=["evaluation"],
    summary="A bid's document, for members who have checked in",
)
async def bid_file(
    tx: Tx, actor: Actor, services: Services, session_id: uuid.UUID, bid_id: uuid.UUID
) -> Response[bytes]:
    """Return the opened document of a bid."""
    own = await get_desk(tx, actor, session_id)
    bid = next((item for item in own.bids if item.bid_id == bid_id), None)
    if own.member.checked_in_at is None or bid is None or bid.file_id is None:
        raise NotFound
    return await _answer(services, await find_file(tx, bid.file_id))


@get(
    "/api/v1/lots/{lot_id:uuid}/evaluation-report",
    guards=[permits("report.read")],
    tags=["evaluation"],
    summary="The signed report with its signatures",
)
async def report(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> dict[str, Any]:
    """Return the report to those who may read it."""
    return report_json(await get_report(tx, actor, lot_id))


@get(
    "/api/v1/lots/{lot_id:uuid}/evaluation-report.pdf",
    guards=[permits("report.read")],
    tags=["evaluation"],
    summary="The signed report as a sealed PDF",
)
async def report_file(tx: Tx, actor: Actor, services: Services, lot_id: uuid.UUID) -> Response[bytes]:
    """Return the printed report, once the job has made it."""
    found = await get_report(tx, actor, lot_id)
    if found.file_id is None:
        raise NotFound("盖章 PDF 正在生成，请稍后再试。")
    return await _answer(services, await find_file(tx, found.file_id))


async def _answer(services: Services, file: FileView) -> Response[bytes]:
    headers = {"Cache-Control": "no-store", "Content-Disposition": "inline"}
    return Response(await read_file(services.files, file), media_type=file.media_type, headers=headers)


HANDLERS: list[Any] = [
    open_session,
    desk,
    arrive,
    check_in,
    vote,
    save_reviews,
    save_scores,
    autosave_scores,
    lock,
    show_summary,
    confirm_summary,
    sign,
    bid_file,
    report,
    report_file,
]
