"""Candidates, award, award notice, contract."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Response

from kernel.db.transaction import Tx
from kernel.errors import InvalidInput
from kernel.identity.actor import Actor
from kernel.web.downloads import serve_file
from kernel.web.guards import permits, signed_in
from kernel.web.services import Services
from trading.awarding import decide_award, publish_candidates, send_award_notice
from trading.contract_reading import ContractView, access_contract, access_contract_file
from trading.contracting import conclude_contract
from trading.documents import MAX_SIZE
from trading.drafts import AwardDraft, CandidatesDraft, ContractDraft
from trading.schemas import Identified, moment, money, posted_json
from trading.special_notices import publish_contract

_TAGS = ["trading"]
_LOT = "/api/v1/lots/{lot_id:uuid}"


@post(
    f"{_LOT}/candidates",
    guards=[permits("candidates.publish")],
    tags=_TAGS,
    summary="Publish the candidates",
)
async def add_candidates(tx: Tx, actor: Actor, lot_id: UUID, data: CandidatesDraft) -> dict[str, Any]:
    """Make the report's candidates public."""
    return posted_json(await publish_candidates(tx, actor, lot_id, data))


@post(f"{_LOT}/award", guards=[permits("award.decide")], tags=_TAGS, summary="Decide the award")
async def add_award(tx: Tx, actor: Actor, lot_id: UUID, data: AwardDraft) -> Identified:
    """Decide who wins, after the publicity."""
    return Identified(await decide_award(tx, actor, lot_id, data))


@post(
    f"{_LOT}/award-notice",
    guards=[permits("award.notify")],
    tags=_TAGS,
    summary="Send the award notice",
)
async def add_award_notice(tx: Tx, actor: Actor, lot_id: UUID) -> Identified:
    """Publish the result, send the award notice, tell everybody who bid."""
    return Identified(await send_award_notice(tx, actor, lot_id))


@post(
    f"{_LOT}/contract",
    guards=[permits("contract.conclude")],
    tags=_TAGS,
    summary="Put the signed contract on record",
    request_max_body_size=MAX_SIZE + (1 << 16),
)
async def add_contract(
    tx: Tx,
    actor: Actor,
    services: Services,
    lot_id: UUID,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> dict[str, Any]:
    """Take the members of the draft as fields, and the contract as `file`."""
    file = data.get("file")
    given = {name: value for name, value in data.items() if isinstance(value, str) and name != "_csrf"}
    try:
        draft = msgspec.convert(given, ContractDraft, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidInput("请补充合同的内容。", [("form", str(error))]) from None
    content, name = b"", ""
    if isinstance(file, UploadFile):
        content, name = await file.read(), file.filename.replace("\\", "/").rpartition("/")[2]
    await conclude_contract(tx, actor, services.files, lot_id, draft, name=name, data=content)
    return _contract_json(await access_contract(tx, actor, lot_id))


@get(f"{_LOT}/contract", guards=[signed_in], tags=_TAGS, summary="The contract, for its parties and supervision")
async def read_contract(tx: Tx, actor: Actor, lot_id: UUID) -> dict[str, Any]:
    """Return the contract on record.

    Raises:
        NotFound: there is none, or it is somebody else's.
    """
    return _contract_json(await access_contract(tx, actor, lot_id))


@get(f"{_LOT}/contract/file", guards=[signed_in], tags=_TAGS, summary="The contract's paper")
async def read_contract_file(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, lot_id: UUID
) -> Response[Any]:
    """Return the PDF to both parties, the agency and supervision."""
    return serve_file(request, services.files, await access_contract_file(tx, actor, lot_id))


@post(
    f"{_LOT}/contract/publication",
    guards=[permits("notice.publish")],
    tags=_TAGS,
    summary="Publish the contract on record",
)
async def add_contract_publication(tx: Tx, actor: Actor, lot_id: UUID) -> dict[str, Any]:
    """Publish the main contents of the contract."""
    return posted_json(await publish_contract(tx, actor, lot_id))


def _contract_json(view: ContractView) -> dict[str, Any]:
    return {
        "number": view.number,
        "winner": view.winner,
        "amount": money(view.amount_fen),
        "performance_bond": money(view.performance_bond_fen),
        "signed_on": view.signed_on.isoformat(),
        "due": view.due_on.isoformat(),
        "late": bool(view.late_reason),
        "late_reason": view.late_reason,
        "term": view.term,
        "summary": view.summary,
        "sha256": view.digest.hex(),
        "concluded_at": moment(view.concluded_at),
    }


HANDLERS = [
    add_candidates,
    add_award,
    add_award_notice,
    add_contract,
    read_contract,
    read_contract_file,
    add_contract_publication,
]
