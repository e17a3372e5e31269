"""The sealed paper of a published inspection: laid out after the publication, under the supervising body's seal.

The paper shows the published snapshot and carries it as JSON; without Pango or a seal desk the result is public all the
same, as page and data.
"""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from kernel.canonical import jcs
from kernel.errors import Unavailable
from kernel.identity.models import Organisation
from kernel.papers import issuing
from kernel.web.figures import qr
from kernel.web.pdf import Attachment
from kernel.web.services import Services
from supervision.models import Inspection
from supervision.publication import PAPER, keep_paper, result_digest

log = logging.getLogger("sunlit.supervision")


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A line of the table of results."""

    no: int
    name: str
    class_: str
    team: str
    result: str
    law: str


@dataclass(frozen=True, slots=True)
class PaperPage:
    """The context of `print/inspection_result.html`."""

    head: str
    number: str
    note: str
    title: list[str]
    issuer: str
    sign_name: str
    sign_at: datetime
    seal: Markup
    qr: Markup
    verify_url: str
    invented: list[str]
    intro: str
    facts: list[tuple[str, str]]
    picks: list[PaperRow]
    rectifications: list[Any]
    closing: str


async def make_paper(services: Services, inspection_id: uuid.UUID) -> None:
    """Lay out, seal and keep the paper of a published inspection; a second call changes nothing."""
    async with services.db.begin_read_only() as tx:
        inspection = await tx.session.get_one(Inspection, inspection_id)
        body = await tx.session.get_one(Organisation, inspection.organisation_id)
    if inspection.file_id is not None or inspection.result is None or inspection.published_at is None:
        return
    result, at = inspection.result, inspection.published_at
    page = _page(services, inspection.id, result, at)
    paper = issuing.Paper(
        subject=inspection_id,
        kind="双随机抽查结果公示",
        number=page.number,
        name=f"{page.number}-抽查结果公示.pdf",
        template="print/inspection_result.html",
        page=page,
        signer=(body.name, body.uscc),
        access="public",
        matter=inspection_id,
        at=at,
        twins=(Attachment("inspection-result.json", jcs(result), "抽查结果（机器可读）"),),
        job=(PAPER, {"inspection": str(inspection_id)}),
    )
    try:
        sealed = await issuing.print_and_seal(services, paper)
    except Unavailable as error:
        log.warning("no paper for %s: %s", page.number, error.detail)
        return
    async with services.db.begin() as tx:
        kept = await issuing.keep_paper(tx, services, paper, sealed)
        await keep_paper(tx, inspection_id, kept.id)


def _page(services: Services, inspection_id: uuid.UUID, result: Mapping[str, Any], at: datetime) -> PaperPage:
    url = f"{services.site.base_url}/inspections/{inspection_id}"
    body = str(result["body"])
    items = "；".join(f"{one['code']} {one['name']}" for one in result["items"])
    return PaperPage(
        head=services.site.name,
        number=str(result["inspection"]),
        note="",
        title=[str(result["title"]), "双随机抽查结果公示"],
        issuer=services.site.name,
        sign_name=body,
        sign_at=at,
        seal=issuing.picture(services, body),
        qr=qr(url),
        verify_url=url,
        invented=["检查对象", "检查人员", "检查结果"] if services.site.demo else [],
        intro=f"依据随机抽查事项清单（{items}），{body}开展双随机抽查，现将结果公示如下：",
        facts=[
            ("检查对象", f"名录 {result['objects']} 个，抽取 {len(result['results'])} 个"),
            ("抽取算法", "、".join(f"{one['algo']}（{one['number']}）" for one in result["draws"])),
            ("检查完成", str(result["finished_on"])),
            ("公开期限", str(result["publish_by"])),
            ("数据指纹", result_digest(dict(result)).hex()),
        ],
        picks=[
            PaperRow(
                no=one["no"],
                name=one["name"] or f"依法不公开（{one['withheld']}）",
                class_=f"{one['credit']} 级",
                team="、".join(one["team"]),
                result=one["summary"] or one["result"],
                law=one["basis"],
            )
            for one in result["results"]
        ],
        rectifications=[],
        closing="抽取过程和结果可以在验证页面复算；被检查人对检查结果有异议的，可以依法申请行政复议或者提起行政诉讼。",
    )
