"""The expert pool for the centre: how it stands, and imports from a table with a preview.

Law: R-POOL-03, R-POOL-12, R-COM-10.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from experts import pool, queries
from experts.api.committees import vault_of
from experts.drafts import NewExpert
from experts.pool_table import COLUMNS, row_of
from experts.vocabulary import Standing
from kernel.canonical import b64u_encode
from kernel.csv_table import BadTable, Column, write_template
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.web.filters import moment
from kernel.web.guards import permits
from kernel.web.importing import MAX_TABLE, Handed, Preview, preview_of, take_table
from kernel.web.render import render_page
from kernel.web.services import Services
from trading.pages.common import Form, require_agreement

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
_KEEP = [permits("pool.keep")]
STANDINGS = {
    Standing.APPLIED: "已申请",
    Standing.CITY_SCREENED: "已初审",
    Standing.TRAINED: "已培训",
    Standing.ACTIVE: "在库",
    Standing.LEAVE: "请假",
    Standing.COOLDOWN: "抽取间隔期",
    Standing.SUSPENDED: "暂停",
    Standing.REMOVED: "出库",
}


@dataclass(slots=True)
class PoolPage:
    """The context of `portal/importing.html`."""

    facts: list[tuple[str, str]]
    digest: str
    form: Form
    preview: Preview | None = None
    done: str = ""
    rail: str = "staff"
    active: str = "experts"
    title: str = "专家库"
    lead: str = "导入省综合评标专家库已入库的专家；身份证号只保存带密钥的指纹"
    base: str = "/c/experts"
    kinds: list[tuple[str, str]] = field(default_factory=list)
    complete: str = ""
    columns: tuple[Column, ...] = COLUMNS
    digest_words: str = "专家库根指纹，已写入公开账本"
    policy: str = "有问题的行不入库，其余行可以导入；也可以改好文件后重新预检。"
    statement: str = "我确认名单来自省综合评标专家库，信息已核对"
    button: str = "导入专家库"


@get("/c/experts", guards=_KEEP, include_in_schema=False)
async def pool_page(
    request: Request[Any, Any, Any], tx: Tx, imported: int | None = None, refused: int = 0
) -> Response[str]:
    """Show how the pool stands, and where a table is handed in."""
    page = await _page(tx, Form())
    if imported is not None:
        left = f"，{refused} 行有问题未入库" if refused else ""
        page.done = f"已导入 {imported} 人{left}；专家库的新根指纹已写入公开账本。"
    return _render(request, tx, page)


@get("/c/experts/template.csv", guards=_KEEP, include_in_schema=False)
async def pool_template() -> Response[bytes]:
    """Return the empty table."""
    return template_file(COLUMNS, "experts.csv")


@post("/c/experts/preview", guards=_KEEP, include_in_schema=False, request_max_body_size=MAX_TABLE)
async def preview_pool(request: Request[Any, Any, Any], tx: Tx, services: Services, data: Upload) -> Response[str]:
    """Judge a table without taking anything."""
    page = await _page(tx, Form())
    try:
        page.preview = _preview(await _judged(tx, services, data))
    except BadTable as error:
        page.form.errors["file"] = str(error)
    return _render(request, tx, page)


@post("/c/experts/import", guards=_KEEP, include_in_schema=False, request_max_body_size=MAX_TABLE)
async def import_pool(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, data: Upload
) -> Response[Any]:
    """Take the lines against which nothing stands."""
    page = await _page(tx, Form({name: value for name, value in data.items() if name == "agree"}))
    try:
        handed = await _judged(tx, services, data)
    except BadTable as error:
        page.form.errors["file"] = str(error)
        return _render(request, tx, page)
    rows = handed.sound
    if not rows or not require_agreement(page.form):
        page.preview = _preview(handed)
        return _render(request, tx, page)
    done = await pool.import_experts(tx, actor, vault_of(services), rows)
    told = f"imported={done.imported}&refused={len(handed.faults) + len(done.refused)}"
    return Response(None, status_code=303, headers={"Location": f"/c/experts?{told}"})


async def _judged(tx: Tx, services: Services, data: dict[str, Any]) -> Handed[NewExpert]:
    handed = await take_table(data, COLUMNS, row_of, most=pool.MAX_ROWS)
    _, refused = await pool.judge_rows(tx, vault_of(services), [row for _, row in handed.rows])
    for row in refused:
        for fault in row.faults:
            handed.blame(row.row - 1, fault)
    return handed


def _preview(handed: Handed[NewExpert]) -> Preview:
    good = len(handed.sound)
    blocked = "" if good else "没有可以入库的行，请改好文件后重新预检。"
    return preview_of(handed, [("将入库", good), ("不入库", len(handed.faults))], "name", blocked=blocked)


async def _page(tx: Tx, form: Form) -> PoolPage:
    newest = await queries.latest_registry(tx)
    if newest is None:
        return PoolPage([("在库", "尚未导入")], "", form)
    counts = await queries.count_standings(tx)
    facts = [(STANDINGS[Standing(name)], f"{count:,} 人") for name, count in counts.items()]
    facts.append(("更新", moment(newest.at)))
    return PoolPage(facts, b64u_encode(newest.root), form)


def _render(request: Request[Any, Any, Any], tx: Tx, page: PoolPage) -> Response[str]:
    status = 422 if page.form.errors else 200
    return render_page(request, "portal/importing.html", {"page": page}, status=status, now=tx.now)


def template_file(columns: tuple[Column, ...], name: str) -> Response[bytes]:
    """Return the empty table as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(write_template(columns), media_type="text/csv; charset=utf-8", headers=headers)


HANDLERS: list[Any] = [pool_page, pool_template, preview_pool, import_pool]
