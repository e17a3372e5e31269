"""Doors of a consortium: the leader proposes and ends, members read, consent by signature, or decline."""

import uuid
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from bidding import consortia, consortium_reading
from bidding.api.licence import trust_of
from bidding.consortium_reading import ConsortiumView
from bidding.consortium_rules import TypedMember
from bidding.schemas import SignedMessage
from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.identity.actor import Actor
from kernel.web.guards import permits
from kernel.web.services import Services

_TAGS = ["consortia"]
_PRIVATE = {"Cache-Control": "no-store"}


class Refusal(msgspec.Struct, forbid_unknown_fields=True):
    """Why a firm does not consent; may be empty."""

    reason: str = ""


class _Typed(msgspec.Struct, forbid_unknown_fields=True):
    share: str
    work: str
    uscc: str = ""
    name: str = ""


@post(
    "/api/v1/lots/{lot_id:uuid}/consortium",
    guards=[permits("consortium.propose")],
    tags=_TAGS,
    summary="Propose a consortium: `members` as JSON (the leader first, with share and work), `file` the agreement",
)
async def add_consortium(
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: uuid.UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[dict[str, Any]]:
    """Propose; all members then sign `message`, the leader first."""
    try:
        rows = msgspec.json.decode(str(data.get("members", "")), type=list[_Typed])
    except msgspec.MsgspecError:
        raise InvalidInput("成员列表无法读取。", [("members", "应为 JSON 数组")]) from None
    typed = [TypedMember(row.uscc, row.name, row.share, row.work) for row in rows]
    made = await consortia.propose(tx, actor, services.files, lot_id, typed, await chosen_file(data))
    view = await consortium_reading.find_consortium(tx, actor, made)
    return Response(shown(view), status_code=201, headers=_PRIVATE)


@get(
    "/api/v1/lots/{lot_id:uuid}/consortium",
    guards=[permits("bid.room")],
    tags=_TAGS,
    summary="The consortium that one's own firm leads in a lot",
)
async def read_led(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> Response[dict[str, Any]]:
    """Return it to the leader."""
    found = await consortium_reading.find_led(tx, actor, lot_id)
    if found is None:
        raise NotFound
    return Response(shown(found), headers=_PRIVATE)


@post(
    "/api/v1/lots/{lot_id:uuid}/consortium/end",
    guards=[permits("consortium.propose")],
    status_code=204,
    tags=_TAGS,
    summary="End the consortium that one's own firm leads",
)
async def end_consortium(tx: Tx, actor: Actor, lot_id: uuid.UUID) -> None:
    """End it; nobody is bound any more."""
    await consortia.end(tx, actor, lot_id)


@get("/api/v1/consortia", guards=[permits("bid.room")], tags=_TAGS, summary="The consortia that name one's own firm")
async def read_consortia(tx: Tx, actor: Actor) -> Response[list[dict[str, Any]]]:
    """Return them, the newest first."""
    return Response([shown(one) for one in await consortium_reading.list_consortia(tx, actor)], headers=_PRIVATE)


@get(
    "/api/v1/consortia/{consortium_id:uuid}",
    guards=[permits("bid.room")],
    tags=_TAGS,
    summary="One consortium, for its members",
)
async def read_consortium(tx: Tx, actor: Actor, consortium_id: uuid.UUID) -> Response[dict[str, Any]]:
    """Return members, answers, and what is to be signed."""
    return Response(shown(await consortium_reading.find_consortium(tx, actor, consortium_id)), headers=_PRIVATE)


@get(
    "/api/v1/consortia/{consortium_id:uuid}/agreement",
    guards=[permits("bid.room")],
    tags=_TAGS,
    summary="The agreement of a consortium, for its members",
)
async def read_agreement(tx: Tx, actor: Actor, services: Services, consortium_id: uuid.UUID) -> Response[bytes]:
    """Return the file whose SHA-256 the members sign."""
    _, data = await consortium_reading.read_agreement(tx, actor, services.files, consortium_id)
    headers = _PRIVATE | {"Content-Disposition": 'attachment; filename="agreement.pdf"'}
    return Response(data, media_type="application/pdf", headers=headers)


@post(
    "/api/v1/consortia/{consortium_id:uuid}/consent",
    guards=[permits("consortium.answer")],
    status_code=200,
    tags=_TAGS,
    summary="Consent: the consortium's message, signed with one's own licence",
)
async def add_consent(
    tx: Tx, actor: Actor, services: Services, consortium_id: uuid.UUID, data: SignedMessage
) -> dict[str, str]:
    """Consent."""
    complete = await consortia.consent(tx, actor, consortium_id, data.jws, trust=trust_of(services))
    return {"state": "complete" if complete else "open"}


@post(
    "/api/v1/consortia/{consortium_id:uuid}/refusal",
    guards=[permits("consortium.answer")],
    status_code=204,
    tags=_TAGS,
    summary="Decline, or take one's consent back while no bid is in force",
)
async def add_refusal(tx: Tx, actor: Actor, consortium_id: uuid.UUID, data: Refusal) -> None:
    """Decline."""
    await consortia.decline(tx, actor, consortium_id, data.reason)


async def chosen_file(data: dict[str, Any]) -> tuple[str, bytes]:
    """Return name and bytes of the uploaded `file`.

    Raises:
        InvalidInput: there is none.
    """
    file = data.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise InvalidInput("请选择联合体协议。", [("file", "请选择各方盖章的联合体协议（PDF）。")])
    return file.filename.replace("\\", "/").rpartition("/")[2], await file.read()


def shown(view: ConsortiumView) -> dict[str, Any]:
    """Return a consortium as its members' programs see it."""
    return {
        "id": str(view.id),
        "lot": str(view.lot_id),
        "no": view.no,
        "state": view.state.value,
        "leads": view.leads,
        "mine": view.mine.value,
        "members": [
            {
                "uscc": member.uscc,
                "name": member.name,
                "share": member.share,
                "work": member.work,
                "state": member.state.value,
                "reason": member.reason,
            }
            for member in view.members
        ],
        "message": view.message,
        "digest": b64u_encode(view.digest),
        "agreement": f"/api/v1/consortia/{view.id}/agreement",
    }


HANDLERS = [
    add_consortium,
    read_led,
    end_consortium,
    read_consortia,
    read_consortium,
    read_agreement,
    add_consent,
    add_refusal,
]
