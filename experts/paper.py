"""The evaluation report on paper: laid out from what every member signed, under the seal of the agency that ran it.

The report and all signatures travel inside the document as JSON, so that each signature can be checked by itself. A
machine without Pango, or an installation without seals, makes no paper; the signed report is there all the same.
"""

import logging
import uuid
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from experts.models.committee import Member
from experts.models.session import EvaluationSession
from experts.report import Row, sections_of
from experts.seats import list_sitting
from kernel.canonical import b64u_encode, jcs
from kernel.db.transaction import Tx
from kernel.errors import Unavailable
from kernel.identity.models import Organisation
from kernel.papers import issuing
from kernel.web.figures import qr
from kernel.web.pdf import Attachment
from kernel.web.seal import Sealed
from kernel.web.services import Services
from trading import facade as trading

log = logging.getLogger("sunlit.experts")
#: Who may read the file: the lot's parties and members, asked by the door.
ACCESS = "evaluation"
_GROUPS = (("technical", "技术"), ("business", "商务"))


async def print_report(services: Services, payload: dict[str, Any]) -> None:
    """Make the sealed PDF of a signed report; doing it twice changes nothing.

    Effects:
        a file; the session's `file_id`; entry `seal.used`.
    """
    session_id = uuid.UUID(payload["session"])
    async with services.db.begin_read_only() as tx:
        session = await tx.session.get_one(EvaluationSession, session_id)
        if session.file_id is not None or session.report is None or session.closed_at is None:
            return
        lot = await trading.get_lot(tx, session.lot_id)
        agency = await tx.session.get_one(Organisation, lot.agency_id)
        members = await list_sitting(tx, session.committee_id)
    at = session.closed_at
    page = _page(services, session, list(members), agency.name, list(lot.provenance.get("invented", [])))
    signatures = [{"seat": row.seat, "jws": row.report_jws, "dissent": row.dissent or ""} for row in members]
    twin = Attachment(
        "evaluation-report.json", jcs({"report": session.report, "signatures": signatures}), "评标报告及全部签名"
    )
    paper = issuing.Paper(
        subject=session_id,
        kind="评标报告",
        number=f"{lot.tender}-{lot.number}-PBBG",
        name=f"评标报告-{lot.tender}-{lot.number}.pdf",
        template="print/evaluation_report.html",
        page=page,
        signer=(agency.name, agency.uscc),
        access=ACCESS,
        matter=session.lot_id,
        at=at,
        twins=(twin,),
        visibility="restricted",
        job=("experts:print_report", {"session": str(session_id)}),
        extra={"report": b64u_encode(session.report_digest or b"")},
    )
    try:
        sealed = await issuing.print_and_seal(services, paper)
    except Unavailable as error:
        log.warning("no paper for session %s: %s", session_id, error.detail)
        return
    async with services.db.begin() as tx:
        await _keep(tx, services, paper, sealed)


async def _keep(tx: Tx, services: Services, paper: issuing.Paper, sealed: Sealed) -> None:
    query = select(EvaluationSession).where(EvaluationSession.id == paper.subject).with_for_update()
    session = (await tx.session.execute(query)).scalar_one()
    if session.file_id is None:
        session.file_id = (await issuing.keep_paper(tx, services, paper, sealed)).id


def _page(
    services: Services, session: EvaluationSession, members: list[Member], signer: str, invented: list[str]
) -> dict[str, Any]:
    report = session.report or {}
    at: datetime = session.closed_at or session.opened_at
    url = f"{services.site.base_url}/verify"
    names = {row["seat"]: row["name"] for row in report["members"]}
    bidders = {row["bid"]: row["bidder"] for row in report["bids"]}
    return {
        "head": services.site.name,
        "number": report["draw"],
        "note": "",
        "title": [report["lot"]["title"], "评标报告"],
        "issuer": services.site.name,
        "sign_name": signer,
        "sign_at": at,
        "seal": issuing.picture(services, signer),
        "qr": qr(url),
        "verify_url": url,
        "invented": invented,
        "sections": sections_of(report),
        "review": None,
        "scores": Row(
            ["投标人", *(word for _, word in _GROUPS), "价格", "综合得分"],
            [
                [
                    (row["bidder"], "l"),
                    *(row["parts"].get(key, "—") for key, _ in _GROUPS),
                    row["price_score"],
                    row["total"],
                ]
                for row in report["ranking"]
            ],
        ),
        "price_rule": f"{report['prices']['words']}评标基准价 {report['prices']['benchmark']} 元。",
        "ranked": [
            {
                "rank": row["rank"],
                "name": row["bidder"],
                "price": int(Decimal(row["price"]) * 100),
                "total": row["total"],
            }
            for row in report["ranking"][:3]
        ],
        "rejected": [
            {
                "name": bidders[item["bid"]],
                "reason": "；".join(f"{one['name']}：{one['reason']}" for one in item["reasons"]),
                "law": "；".join(one["article"] for one in item["reasons"]),
            }
            for item in report["review"]["rejected"]
        ],
        "members": [
            {
                "no": row.seat,
                "code": f"{names[row.seat]}（{row.code}）",
                "role": "组长" if row.seat == session.chair_seat else "成员",
                "signed_at": row.signed_at,
                "dissent": row.dissent or "",
            }
            for row in members
        ],
    }
