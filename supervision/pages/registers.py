"""The two registers for the supervisor: how they stand, and imports from a table with a preview.

Law: R-DR-02, R-DR-05, R-DR-06. A register is not imported in part: what is left out could not be drawn.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.csv_table import BadTable, Column, write_template
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.identity.actor import Actor
from kernel.web.filters import moment
from kernel.web.guards import permits
from kernel.web.importing import MAX_TABLE, Handed, Preview, preview_of, take_table
from kernel.web.render import render_page
from supervision import registers
from supervision.drafts import InspectorDraft, InspectorsDraft, TargetDraft, TargetsDraft
from supervision.register_queries import (
    count_inspectors,
    count_register,
    list_inspector_logins,
    list_register_units,
    register_changed_at,
    register_roots,
)
from supervision.register_tables import INSPECTORS, TARGETS, inspector_of, target_of
from supervision.vocabulary import KIND_WORDS, TargetKind
from trading.pages.common import Form, attempt, require_agreement

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]
_PLAN = [permits("inspection.plan")]
_BLOCKED = "名录须完整、无误才能导入：请按下表改好文件后重新预检。"


@dataclass(slots=True)
class RegisterPage:
    """The context of `portal/importing.html`."""

    title: str
    base: str
    columns: tuple[Column, ...]
    facts: list[tuple[str, str]]
    digest: str
    form: Form
    complete: str
    kinds: list[tuple[str, str]] = field(default_factory=list)
    preview: Preview | None = None
    done: str = ""
    rail: str = "supervisor"
    active: str = "registers"
    lead: str = "双随机抽查的“两库”；已冻结的抽查不受影响"
    digest_words: str = "名录指纹"
    policy: str = "只更新和新增，不删除；有问题的文件整份退回，改好后重新预检。"
    statement: str = "我确认名录已核对，可以用于双随机抽查"
    button: str = "导入名录"


@get("/s/registers/{register:str}", guards=_PLAN, include_in_schema=False)
async def register_page(
    request: Request[Any, Any, Any], tx: Tx, register: str, done: int | None = None
) -> Response[str]:
    """Show a register, `targets` or `inspectors`, and where a table is handed in."""
    page = await _page(tx, register, Form({"kind": TargetKind.AGENCY.value}))
    if done is not None:
        page.done = f"已导入，名录中现有 {done} {'个' if register == 'targets' else '人'}。"
    return _render(request, tx, page)


@get("/s/registers/{register:str}/template.csv", guards=_PLAN, include_in_schema=False)
async def register_template(register: str) -> Response[bytes]:
    """Return the empty table of a register."""
    columns = {"targets": TARGETS, "inspectors": INSPECTORS}.get(register)
    if columns is None:
        raise NotFound
    headers = {"Content-Disposition": f'attachment; filename="{register}.csv"', "Cache-Control": "no-store"}
    return Response(write_template(columns), media_type="text/csv; charset=utf-8", headers=headers)


@post("/s/registers/{register:str}/preview", guards=_PLAN, include_in_schema=False, request_max_body_size=MAX_TABLE)
async def preview_register(request: Request[Any, Any, Any], tx: Tx, register: str, data: Upload) -> Response[str]:
    """Judge a table without taking anything."""
    form = _form(data)
    page = await _page(tx, register, form)
    try:
        page.preview, _ = await _judge(tx, register, data, form)
    except BadTable as error:
        form.errors["file"] = str(error)
    return _render(request, tx, page)


@post("/s/registers/{register:str}/import", guards=_PLAN, include_in_schema=False, request_max_body_size=MAX_TABLE)
async def import_register(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, register: str, data: Upload
) -> Response[Any]:
    """Take a table in which nothing is wrong."""
    form = _form(data)
    page = await _page(tx, register, form)
    try:
        page.preview, draft = await _judge(tx, register, data, form)
    except BadTable as error:
        form.errors["file"] = str(error)
        return _render(request, tx, page)
    if page.preview.blocked or not require_agreement(form):
        return _render(request, tx, page)
    if isinstance(draft, TargetsDraft):
        count = await attempt(tx, form, lambda: registers.import_targets(tx, actor, draft))
    else:
        count = await attempt(tx, form, lambda: registers.import_inspectors(tx, actor, draft))
    if count is None:
        return _render(request, tx, page)
    return Response(None, status_code=303, headers={"Location": f"/s/registers/{register}?done={count}"})


def _form(data: dict[str, Any]) -> Form:
    return Form({name: str(data[name]) for name in ("kind", "complete", "agree") if name in data})


async def _judge(
    tx: Tx, register: str, data: dict[str, Any], form: Form
) -> tuple[Preview, TargetsDraft | InspectorsDraft]:
    """Return what an import would do, and the draft that would do it."""
    complete = form.values.get("complete") == "yes"
    if register == "targets":
        if form.values.get("kind") not in set(TargetKind):
            raise BadTable("请先选择检查对象的类别。")
        handed = await take_table(data, TARGETS, target_of, most=registers.MOST)
        draft = TargetsDraft(
            kind=TargetKind(form.values["kind"]), targets=tuple(row for _, row in handed.rows), complete=complete
        )
        for place, _, message in registers.faults_of_targets(draft):
            handed.blame(place, f"{message}。")
        known = await list_register_units(tx, draft.kind)
        return _preview(handed, {row.unit for row in draft.targets}, known, complete=complete), draft
    people = await take_table(data, INSPECTORS, inspector_of, most=registers.MOST)
    listed = InspectorsDraft(inspectors=tuple(row for _, row in people.rows), complete=complete)
    for place, _, message in await registers.faults_of_inspectors(tx, listed):
        people.blame(place, f"{message}。")
    logins = {row.login for row in listed.inspectors}
    return _preview(people, logins, await list_inspector_logins(tx), complete=complete), listed


def _preview(
    handed: Handed[TargetDraft] | Handed[InspectorDraft], given: set[str], known: set[str], *, complete: bool
) -> Preview:
    effects = [("新增", len(given - known)), ("更新", len(given & known))]
    if complete:
        effects.append(("退出名录", len(known - given)))
    name_of = "name" if "name" in handed.table.lines[0].cells else "login"
    return preview_of(handed, effects, name_of, blocked=_BLOCKED if handed.faults else "")


async def _page(tx: Tx, register: str, form: Form) -> RegisterPage:
    roots = await register_roots(tx)
    if register == "targets":
        kind = form.values.get("kind")
        chosen = TargetKind(kind) if kind in set(TargetKind) else TargetKind.AGENCY
        counts = await count_register(tx, chosen)
        changed = await register_changed_at(tx)
        facts = [(KIND_WORDS[chosen], f"{sum(counts.values()):,} 个")]
        facts += [(f"{credit} 级", f"{count:,} 个") for credit, count in counts.items()]
        facts += [("更新", moment(changed))] if changed else []
        kinds = [(one.value, words) for one, words in KIND_WORDS.items()]
        words = "文件中没有列出的同类对象退出名录"
        return RegisterPage("检查对象名录库", "/s/registers/targets", TARGETS, facts, roots[0], form, words, kinds)
    if register == "inspectors":
        people, changed = await count_inspectors(tx)
        facts = [("现有", f"{people:,} 人")] + ([("更新", moment(changed))] if changed else [])
        words = "文件中没有列出的人员退出名录"
        return RegisterPage("检查人员名录库", "/s/registers/inspectors", INSPECTORS, facts, roots[1], form, words)
    raise NotFound


def _render(request: Request[Any, Any, Any], tx: Tx, page: RegisterPage) -> Response[str]:
    status = 422 if page.form.errors else 200
    return render_page(request, "portal/importing.html", {"page": page}, status=status, now=tx.now)


HANDLERS: list[Any] = [register_page, register_template, preview_register, import_register]
