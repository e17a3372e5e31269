"""The party library for the trading centre's staff: search, export, one party, roles, clear sight, merges."""

import csv
import io
import uuid
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.credit_code import CreditCode, CreditCodeRefused, describe_credit_code, read_credit_code
from kernel.db.transaction import Tx
from kernel.errors import DomainError, InvalidInput
from kernel.identity.actor import Actor
from kernel.parties import library, merging, organisations, persons, registering
from kernel.parties.library import PartyLine
from kernel.parties.merging import Duplicate, MergeView
from kernel.parties.organisations import NameView, OrganisationView, RoleView
from kernel.parties.persons import PersonView, UnmaskingView
from kernel.parties.registering import DocumentView, ProfileView
from kernel.parties.registration_form import DOCUMENTS
from kernel.web.filters import moment
from kernel.web.guards import permits
from kernel.web.render import render_page
from kernel.web.services import Services
from portal.doors.signin import origin_of
from portal.parties import ROLES, SOURCES, Form, cipher_of

_READ = [permits("party.read")]
_PAGE = 50
_MOST_EXPORTED = 20_000
FormData = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]
#: States of a registration, in words.
STATES = {"complete": "已完成登记", "unfinished": "登记未完成", "merged": "已并入其他登记"}


@dataclass(frozen=True, slots=True)
class PartiesPage:
    """The context of `portal/parties.html`."""

    q: str
    role: str
    standing: str
    roles: dict[str, str]
    states: dict[str, str]
    hint: tuple[str, str]
    counts: dict[str, int]
    rows: list[PartyLine]
    next_href: str
    export_href: str
    open_merges: int


@get("/c/parties", guards=_READ, include_in_schema=False)
async def list_page(
    request: Request[Any, Any, Any], tx: Tx, q: str = "", role: str = "", standing: str = "", after: str = ""
) -> Response[str]:
    """Search the library; a code is read as it was typed, and what was put right is said."""
    wanted, hint = _read_query(q)
    rows = await library.search_parties(tx, q=wanted, role=role, state=standing, after=after, most=_PAGE + 1)
    chosen = {"q": q, "role": role, "standing": standing}
    more = f"/c/parties?{urlencode({**chosen, 'after': rows[_PAGE - 1].uscc})}" if len(rows) > _PAGE else ""
    page = PartiesPage(
        **chosen,
        roles=ROLES,
        states=STATES,
        hint=hint,
        counts=await library.count_parties(tx),
        rows=rows[:_PAGE],
        next_href=more,
        export_href=f"/c/parties.csv?{urlencode(chosen)}",
        open_merges=len(await merging.list_open_merges(tx)),
    )
    return render_page(request, "portal/parties.html", {"page": page}, now=tx.now)


def _read_query(q: str) -> tuple[str, tuple[str, str]]:
    """Return what to search for, and a word on it: a whole code is checked, a name or a beginning is not."""
    signs = "".join(q.split())
    if not (15 <= len(signs) <= 20 and all(ord(sign) < 128 or "！" <= sign <= "～" for sign in signs)):
        return q, ("", "")
    try:
        read = read_credit_code(q)
    except CreditCodeRefused as refusal:
        return q, ("warn", refusal.detail)
    notes = [remark.message for remark in (*read.notices, *read.warnings)]
    return read.code, ("info", "".join(notes)) if notes else ("", "")


@get("/c/parties.csv", guards=_READ, include_in_schema=False)
async def export(tx: Tx, q: str = "", role: str = "", standing: str = "") -> Response[bytes]:
    """Hand the found organisations out as a table; no personal data is in it."""
    found = await library.search_parties(tx, q=_read_query(q)[0], role=role, state=standing, most=_MOST_EXPORTED)
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(["统一社会信用代码", "名称", "法定代表人", "角色", "状态", "首次登录时间", "登记完成时间"])
    for row in found:
        state_word = STATES["merged" if row.merged else "complete" if row.registered_at else "unfinished"]
        words = [
            row.uscc,
            row.name,
            row.legal_representative,
            "、".join(ROLES.get(r, r) for r in row.roles),
            state_word,
        ]
        times = [moment(row.created_at), moment(row.registered_at) if row.registered_at else ""]
        table.writerow([_cell(word) for word in (*words, *times)])
    headers = {"Content-Disposition": 'attachment; filename="parties.csv"', "Cache-Control": "no-store"}
    # Spreadsheets take the text for UTF-8 only if it begins with this mark.
    return Response(b"\xef\xbb\xbf" + out.getvalue().encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(word: str) -> str:
    """Return a cell that a spreadsheet reads as text: a name that begins like a formula gets an apostrophe."""
    return "'" + word if word[:1] in ("=", "+", "-", "@", "\t", "\r") else word


@dataclass(frozen=True, slots=True)
class PartyFilePage:
    """The context of `portal/party_file.html`."""

    organisation: OrganisationView
    code: CreditCode
    merged_into: OrganisationView | None
    roles: list[tuple[str, RoleView]]
    grantable: dict[str, str]
    names: list[tuple[str, NameView]]
    profile: ProfileView | None
    contacts: list[PersonView]
    documents: list[tuple[str, DocumentView]]
    unmaskings: list[UnmaskingView]
    form: Form
    shown: tuple[str, str, str] | None


@get("/c/parties/{organisation_id:uuid}", guards=_READ, include_in_schema=False)
async def file_page(
    request: Request[Any, Any, Any], tx: Tx, services: Services, organisation_id: uuid.UUID
) -> Response[str]:
    """Show everything about an organisation; persons are masked."""
    return await _show_file(request, tx, services, organisation_id, Form())


@post(
    "/c/parties/{organisation_id:uuid}/sight",
    guards=[permits("person.unmask")],
    include_in_schema=False,
    status_code=200,
)
async def unmask_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    organisation_id: uuid.UUID,
    data: FormData,
) -> Response[str]:
    """Show one field of one contact in clear, once, after the reason is on record."""
    form = Form({name: str(value) for name, value in data.items() if name != "_csrf"})
    cipher = cipher_of(services)
    contacts = {str(person.id): person for person in await registering.list_contacts(tx, cipher, organisation_id)}
    person = contacts.get(str(form.values.get("person", "")))
    shown = None
    try:
        if person is None:
            raise InvalidInput("请选择联系人。", [("person", "请选择要查看的联系人")])
        field, reason = str(form.values.get("field", "")), str(form.values.get("reason", ""))
        clear = await persons.unmask(tx, actor, cipher, person.id, field, reason, origin=origin_of(request))
        shown = (person.name, {"id_number": "公民身份号码", "phone": "联系电话"}[field], clear)
    except DomainError as refusal:
        _take(form, refusal, "reason")
    return await _show_file(request, tx, services, organisation_id, form, shown)


@post("/c/parties/{organisation_id:uuid}/roles", guards=[permits("party.roles")], include_in_schema=False)
async def roles_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    actor: Actor,
    services: Services,
    organisation_id: uuid.UUID,
    data: FormData,
) -> Response[Any]:
    """Grant or end a role."""
    form = Form({name: str(value) for name, value in data.items() if name != "_csrf"})
    role, act = str(form.values.get("role", "")), form.values.get("act")
    try:
        if role not in ROLES:
            raise InvalidInput("请选择角色。", [("role", "请选择角色")])
        if act == "end":
            await organisations.end_role(tx, actor, organisation_id, role, str(form.values.get("why", "")))
        else:
            await organisations.grant_role(tx, actor, organisation_id, role)
    except InvalidInput as refusal:
        form.errors.update({"why" if name == "reason" else name: text for name, text in refusal.fields})
        return await _show_file(request, tx, services, organisation_id, form)
    return Response(None, status_code=303, headers={"Location": f"/c/parties/{organisation_id}"})


async def _show_file(
    request: Request[Any, Any, Any],
    tx: Tx,
    services: Services,
    organisation_id: uuid.UUID,
    form: Form,
    shown: tuple[str, str, str] | None = None,
) -> Response[str]:
    organisation = await organisations.get_organisation(tx, organisation_id)
    into = organisation.merged_into
    roles = await organisations.list_roles(tx, organisation_id)
    held = {role.role for role in roles if role.until is None}
    contacts = await registering.list_contacts(tx, cipher_of(services), organisation_id)
    labels = {kind: label for kind, label, _, _ in DOCUMENTS}
    everything = await registering.list_documents(tx, organisation_id, ended=True)
    page = PartyFilePage(
        organisation=organisation,
        code=describe_credit_code(organisation.uscc),
        merged_into=await organisations.get_organisation(tx, into) if into else None,
        roles=[(ROLES.get(role.role, role.role), role) for role in roles],
        grantable={role: words for role, words in ROLES.items() if role not in held},
        names=[(SOURCES[name.source], name) for name in await organisations.list_names(tx, organisation_id)],
        profile=await registering.find_profile(tx, organisation_id),
        contacts=contacts,
        documents=[(labels.get(one.kind, one.kind), one) for one in everything],
        unmaskings=await persons.list_unmaskings(tx, [person.id for person in contacts]),
        form=form,
        shown=shown,
    )
    return render_page(
        request, "portal/party_file.html", {"page": page}, status=422 if form.errors else 200, now=tx.now
    )


@dataclass(frozen=True, slots=True)
class MergesPage:
    """The context of `portal/merges.html`."""

    duplicates: list[Duplicate]
    whys: dict[str, str]
    waiting: list[tuple[MergeView, bool]]
    form: Form


@get("/c/merges", guards=_READ, include_in_schema=False)
async def merges_page(request: Request[Any, Any, Any], tx: Tx, actor: Actor) -> Response[str]:
    """Show likely doubles and merges that wait for their second person."""
    return await _show_merges(request, tx, actor, Form())


@post("/c/merges", guards=[permits("party.merge")], include_in_schema=False)
async def ask_form(request: Request[Any, Any, Any], tx: Tx, actor: Actor, data: FormData) -> Response[Any]:
    """Ask for a merge."""
    form = Form({name: str(value).strip() for name, value in data.items() if name != "_csrf"})
    try:
        kind, reason = str(form.values.get("kind", "")), str(form.values.get("reason", ""))
        from_id, into_id = _sides(form)
        await merging.ask_merge(tx, actor, kind=kind, from_id=from_id, into_id=into_id, reason=reason)
    except DomainError as refusal:
        _take(form, refusal, "reason")
        return await _show_merges(request, tx, actor, form)
    return Response(None, status_code=303, headers={"Location": "/c/merges"})


@post("/c/merges/{merge_id:uuid}", guards=[permits("party.merge")], include_in_schema=False)
async def decide_form(tx: Tx, actor: Actor, merge_id: uuid.UUID, data: FormData) -> Response[None]:
    """Approve or refuse a merge as its second person."""
    if data.get("decision") not in ("approve", "refuse"):
        raise InvalidInput("请选择同意或不同意。", [("decision", "请选择")])
    await merging.decide_merge(tx, actor, merge_id, approved=data["decision"] == "approve")
    return Response(None, status_code=303, headers={"Location": "/c/merges"})


async def _show_merges(request: Request[Any, Any, Any], tx: Tx, actor: Actor, form: Form) -> Response[str]:
    waiting = await merging.list_open_merges(tx)
    page = MergesPage(
        duplicates=await merging.list_duplicates(tx),
        whys={"code": "代码相同，写法不同", "name": "名称相近", "number": "公民身份号码相同"},
        waiting=[(merge, merge.asked_by == actor.account_id) for merge in waiting],
        form=form,
    )
    return render_page(request, "portal/merges.html", {"page": page}, status=422 if form.errors else 200, now=tx.now)


def _take(form: Form, refusal: DomainError, usual: str) -> None:
    fields = dict(refusal.fields) if isinstance(refusal, InvalidInput) else {}
    form.errors.update(fields or {usual: refusal.detail})


def _sides(form: Form) -> tuple[uuid.UUID, uuid.UUID]:
    """Return which registration goes into which: of the pair, the one that was not chosen to stay."""
    try:
        pair = {uuid.UUID(one) for one in str(form.values.get("pair", "")).split()}
        into = uuid.UUID(str(form.values.get("into_id", "")))
        (other,) = pair - {into}
    except ValueError:
        raise InvalidInput("请选择要保留的登记。", [("into_id", "请选择要保留的登记")]) from None
    return other, into


HANDLERS = [
    list_page,
    export,
    file_page,
    unmask_form,
    roles_form,
    merges_page,
    ask_form,
    decide_form,
]
