"""What an organisation sees of itself, what a person sees of the own data, what the public sees of an organisation."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from kernel.codes import uscc_valid
from kernel.credit_code import CreditCode, describe_credit_code
from kernel.db.transaction import Tx
from kernel.errors import NotFound
from kernel.files.library import read_file
from kernel.identity.actor import Actor
from kernel.parties import library, organisations, persons, registering
from kernel.parties.library import CertificateView, SealView
from kernel.parties.organisations import NameView, OrganisationView, RoleView
from kernel.parties.persons import PersonView, UnmaskingView
from kernel.parties.registering import DocumentView, ProfileView
from kernel.parties.registration_form import DOCUMENTS
from kernel.web.guards import PUBLIC, permits, signed_in
from kernel.web.render import render_page
from kernel.web.services import Services
from portal.parties import ROLES, SOURCES, TITLES, cipher_of, side_of, validity_of


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate with its state in words."""

    view: CertificateView
    title: str
    state: tuple[str, str]


@dataclass(frozen=True, slots=True)
class OrganisationPage:
    """The context of `portal/organisation.html`."""

    side: str
    done: bool
    may_register: bool
    organisation: OrganisationView
    code: CreditCode
    legal_representative: str
    roles: list[tuple[str, RoleView]]
    names: list[tuple[str, NameView]]
    profile: ProfileView | None
    contacts: list[PersonView]
    documents: list[tuple[str, DocumentView]]
    certificates: list[CertificateRow]
    seal: SealView | None
    unmaskings: list[UnmaskingView]


@get("/organisation", guards=[permits("organisation.read")], include_in_schema=False)
async def own_page(
    request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services, done: str = ""
) -> Response[str]:
    """Show the own organisation."""
    if actor.organisation_id is None:
        raise NotFound("您的账户没有所属单位。")
    organisation = await organisations.get_organisation(tx, actor.organisation_id)
    names = await organisations.list_names(tx, organisation.id)
    contacts = await registering.list_contacts(tx, cipher_of(services), organisation.id)
    labels = {kind: label for kind, label, _, _ in DOCUMENTS}
    seal = await library.find_seal(tx, organisation.uscc)
    page = OrganisationPage(
        side=side_of(actor),
        done=done == "1" and organisation.registered_at is not None,
        may_register=actor.has("bidder", "agency", "procuring_entity"),
        organisation=organisation,
        code=describe_credit_code(organisation.uscc),
        legal_representative=names[0].legal_representative if names else "",
        roles=[(ROLES.get(role.role, role.role), role) for role in await organisations.list_roles(tx, organisation.id)],
        names=[(SOURCES[name.source], name) for name in names],
        profile=await registering.find_profile(tx, organisation.id),
        contacts=contacts,
        documents=[(labels.get(d.kind, d.kind), d) for d in await registering.list_documents(tx, organisation.id)],
        certificates=[_row(view, tx.now) for view in await library.list_certificates(tx, organisation.id)],
        seal=seal,
        unmaskings=await persons.list_unmaskings(tx, [person.id for person in contacts]),
    )
    return render_page(request, "portal/organisation.html", {"page": page}, now=tx.now)


def _row(view: CertificateView, now: datetime) -> CertificateRow:
    state = ("bad", "已吊销") if view.revoked_at else validity_of(view.valid_until, now)
    return CertificateRow(view, TITLES.get(view.title, view.title) or "单位", state)


@get("/organisation/documents/{document_id:uuid}", guards=[permits("organisation.read")], include_in_schema=False)
async def own_document(tx: Tx, actor: Actor, services: Services, document_id: uuid.UUID) -> Response[bytes]:
    """Hand out a document of the own organisation."""
    if actor.organisation_id is None:
        raise NotFound
    file = await registering.find_document(tx, actor.organisation_id, document_id)
    headers = {"Content-Disposition": "attachment", "Cache-Control": "no-store"}
    return Response(await read_file(services.files, file), media_type=file.media_type, headers=headers)


@dataclass(frozen=True, slots=True)
class MyDataPage:
    """The context of `portal/my_data.html`."""

    side: str
    person: PersonView | None
    unmaskings: list[UnmaskingView]


@get("/me/data", guards=[signed_in], include_in_schema=False)
async def my_data(request: Request[Any, Any, Any], tx: Tx, actor: Actor, services: Services) -> Response[str]:
    """Show what is kept of the person, masked, and who looked at it in clear."""
    person_id = await persons.person_of_account(tx, actor.account_id)
    page = MyDataPage(
        side=side_of(actor),
        person=None if person_id is None else await persons.get_person(tx, cipher_of(services), person_id),
        unmaskings=[] if person_id is None else await persons.list_unmaskings(tx, [person_id]),
    )
    return render_page(request, "portal/my_data.html", {"page": page}, now=tx.now)


@dataclass(frozen=True, slots=True)
class PartyPage:
    """The context of `portal/party.html`: what the law lets everybody see."""

    organisation: OrganisationView
    code: CreditCode
    legal_representative: str
    roles: list[tuple[str, RoleView]]
    names: list[tuple[str, NameView]]


@get("/parties/{uscc:str}", opt=PUBLIC, include_in_schema=False)
async def party_page(request: Request[Any, Any, Any], tx: Tx, uscc: str) -> Response[Any]:
    """Show an organisation to the public: name, code, roles; a merged one leads to the one that goes on.

    Raises:
        NotFound: no such organisation, or its registration is not complete and nobody gave it a role.
    """
    organisation = await organisations.find_organisation(tx, uscc) if uscc_valid(uscc) else None
    if organisation is None:
        raise NotFound("没有找到这个单位，请核对统一社会信用代码。")
    if organisation.merged_into is not None:
        target = await organisations.get_organisation(tx, organisation.merged_into)
        return Response(None, status_code=303, headers={"Location": f"/parties/{target.uscc}"})
    names = await organisations.list_names(tx, organisation.id)
    page = PartyPage(
        organisation=organisation,
        code=describe_credit_code(uscc),
        legal_representative=names[0].legal_representative if names else "",
        roles=[(ROLES.get(one.role, one.role), one) for one in await organisations.list_roles(tx, organisation.id)],
        names=[(SOURCES[name.source], name) for name in names],
    )
    return render_page(request, "portal/party.html", {"page": page}, now=tx.now)


HANDLERS = [own_page, own_document, my_data, party_page]
