"""Acts of an organisation's one registration: draft, documents, completion; and the door that asks for it.

An unfinished registration may look around; taking part needs a complete one. The draft is encrypted like everything
that holds ID numbers and is gone when the registration is complete.

Source: R-LIC-02, R-LIC-10, R-SEC-14.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, text

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound
from kernel.files.library import FileView, find_file, keep_file
from kernel.files.store import FileStore
from kernel.identity.actor import Actor
from kernel.identity.models import Organisation
from kernel.identity.party_models import Contact, Draft, OrganisationDocument, OrganisationProfile
from kernel.log.writer import record
from kernel.parties.fields import FieldCipher, masked_account
from kernel.parties.persons import (
    PersonView,
    get_person,
    link_account,
    person_of_account,
    register_person,
    renew_person,
)
from kernel.parties.registration_form import DOCUMENTS, FIELDS, PROMISE, RegistrationForm, find_lacks, read_form
from kernel.parties.secrecy import visibility_of

#: The largest document, and how documents begin: PDF, PNG, JPEG.
MAX_DOCUMENT = 1_500_000
_BEGINNINGS = {b"%PDF-": "application/pdf", b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
ACCESS = "organisation"


class RegistrationIncomplete(Conflict):
    """The organisation's registration is not complete; `where` says where to go on."""

    code = "registration-incomplete"


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document that an organisation handed in."""

    id: uuid.UUID
    kind: str
    name: str
    size: int
    digest: bytes
    added_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProfileView:
    """What an organisation said of itself; the bank account is masked."""

    address: str
    postcode: str
    email: str
    bank_name: str
    bank_account: str
    changed_at: datetime


async def require_registered(tx: Tx, organisation_id: uuid.UUID) -> None:
    """Refuse an organisation whose registration is not complete, or that was merged into another one.

    Raises:
        RegistrationIncomplete: with `where`.
    """
    row = await _load(tx, organisation_id)
    if row.merged_into is not None:
        raise RegistrationIncomplete(
            "本单位的登记已并入另一登记，请用现在的电子营业执照登录办理。", where="/organisation"
        )
    if row.registered_at is None:
        raise RegistrationIncomplete("参加项目前请先完成单位登记，已填写的内容都已保存。", where="/registration")


async def save_draft(tx: Tx, actor: Actor, cipher: FieldCipher, values: Mapping[str, str]) -> None:
    """Keep what was typed so far, right or wrong; unknown fields are left out.

    Raises:
        NotFound: the actor has no organisation.

    Effects:
        the row of `identity_draft`; no log entry, since nothing was handed in yet.
    """
    organisation_id = _own(actor)
    known = {name: value[:400] for name, value in values.items() if name in FIELDS or name == PROMISE}
    merged = {**await read_draft(tx, cipher, organisation_id), **known}
    sealed = cipher.seal(organisation_id, "draft", json.dumps(merged, ensure_ascii=False))
    await tx.session.execute(
        text(
            "INSERT INTO identity_draft (organisation_id, content, saved_at) VALUES (:id, :content, :now)"
            " ON CONFLICT (organisation_id) DO UPDATE SET content = excluded.content, saved_at = excluded.saved_at"
        ),
        {"id": organisation_id, "content": sealed, "now": tx.now},
    )


async def read_draft(tx: Tx, cipher: FieldCipher, organisation_id: uuid.UUID) -> dict[str, str]:
    """Return the saved draft; nothing when there is none."""
    query = select(Draft.content).where(Draft.organisation_id == organisation_id)
    sealed = (await tx.session.execute(query)).scalar_one_or_none()
    if sealed is None:
        return {}
    found = json.loads(cipher.open(organisation_id, "draft", sealed))
    return {str(name): str(value) for name, value in found.items()}


async def draft_saved_at(tx: Tx, organisation_id: uuid.UUID) -> datetime | None:
    """Return when the draft was saved last."""
    query = select(Draft.saved_at).where(Draft.organisation_id == organisation_id)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def add_document(tx: Tx, actor: Actor, files: FileStore, kind: str, name: str, data: bytes) -> FileView:
    """Hand in a document; the one of its kind from before ends and stays.

    Raises:
        InvalidInput: an unknown kind, an empty or too large file, or neither PDF nor picture.

    Effects:
        a stored file, a row in `identity_organisation_document`, entry `organisation.document-added`.
    """
    organisation_id = _own(actor)
    labels = {key: label for key, label, _, _ in DOCUMENTS}
    if kind not in labels:
        raise InvalidInput("没有这种材料。", [("kind", "请选择材料种类")])
    media_type = _media_type(kind, data)
    file = await keep_file(
        tx, files, data, name=name.strip()[:120] or labels[kind], media_type=media_type, access=ACCESS,
        subject=organisation_id,
    )  # fmt: skip
    await tx.session.execute(
        text(
            "UPDATE identity_organisation_document SET ended_at = :now"
            " WHERE organisation_id = :id AND kind = :kind AND ended_at IS NULL"
        ),
        {"id": organisation_id, "kind": kind, "now": tx.now},
    )
    tx.session.add(
        OrganisationDocument(
            id=tx.new_id(), organisation_id=organisation_id, kind=kind, file_id=file.id, added_at=tx.now
        )
    )
    facts = {"uscc": actor.uscc, "kind": kind, "digest": file.digest.hex(), "bytes": file.size}
    visibility = visibility_of(actor)
    await record(tx, actor, "organisation.document-added", facts, subject=organisation_id, visibility=visibility)
    return file


async def list_documents(tx: Tx, organisation_id: uuid.UUID, *, ended: bool = False) -> list[DocumentView]:
    """Return the documents of an organisation, oldest first.

    Args:
        ended: those that a newer one replaced as well.
    """
    rows = await tx.session.execute(
        text(
            "SELECT d.id, d.kind, f.name, f.size, f.digest, d.added_at, d.ended_at"
            " FROM identity_organisation_document d JOIN kernel_file f ON f.id = d.file_id"
            " WHERE d.organisation_id = :id AND (:ended OR d.ended_at IS NULL) ORDER BY d.added_at"
        ),
        {"id": organisation_id, "ended": ended},
    )
    return [DocumentView(*row) for row in rows]


async def find_document(tx: Tx, organisation_id: uuid.UUID, document_id: uuid.UUID) -> FileView:
    """Return a document of an organisation.

    Raises:
        NotFound: there is none, or it is another organisation's.
    """
    query = select(OrganisationDocument.file_id).where(
        OrganisationDocument.id == document_id, OrganisationDocument.organisation_id == organisation_id
    )
    file_id = (await tx.session.execute(query)).scalar_one_or_none()
    if file_id is None:
        raise NotFound
    return await find_file(tx, file_id)


async def complete_registration(tx: Tx, actor: Actor, cipher: FieldCipher, values: Mapping[str, str]) -> None:
    """Complete the organisation's registration, or change what it says of itself; all faults are told at once.

    Raises:
        InvalidInput: something is missing or wrong, each with its field.

    Effects:
        profile and contact; the first time `registered_at`; the draft goes; entry `organisation.registered` or
        `organisation.changed`, without personal data.
    Source:
        R-LIC-10
    """
    organisation = await _load(tx, _own(actor), lock=True)
    handed_in = {document.kind for document in await list_documents(tx, organisation.id)}
    lacks = find_lacks(values, handed_in)
    if lacks:
        fields = [(lack.field, lack.message) for lack in lacks]
        raise InvalidInput(f"还有 {len(lacks)} 处需要补充或更正。", fields)
    form = read_form(values)

    await _write_profile(tx, cipher, organisation.id, form)
    await _replace_contact(tx, actor, cipher, organisation.id, form)
    is_new = organisation.registered_at is None
    organisation.registered_at = organisation.registered_at or tx.now
    await tx.session.execute(delete(Draft).where(Draft.organisation_id == organisation.id))

    facts = {"uscc": organisation.uscc, "documents": sorted(handed_in), "promise": True, "rules": ["R-LIC-10"]}
    kind = "organisation.registered" if is_new else "organisation.changed"
    await record(tx, actor, kind, facts, subject=organisation.id, visibility=visibility_of(actor))


async def find_profile(tx: Tx, organisation_id: uuid.UUID) -> ProfileView | None:
    """Return what an organisation said of itself."""
    row = await tx.session.get(OrganisationProfile, organisation_id)
    if row is None:
        return None
    account = masked_account(row.bank_account_tail)
    return ProfileView(row.address, row.postcode, row.email, row.bank_name, account, row.changed_at)


async def list_contacts(tx: Tx, cipher: FieldCipher, organisation_id: uuid.UUID) -> list[PersonView]:
    """Return the present contacts of an organisation, masked."""
    query = (
        select(Contact.person_id)
        .where(Contact.organisation_id == organisation_id, Contact.until.is_(None))
        .order_by(Contact.since)
    )
    return [await get_person(tx, cipher, one) for one in (await tx.session.execute(query)).scalars()]


def _own(actor: Actor) -> uuid.UUID:
    if actor.organisation_id is None:
        raise NotFound("您的账户没有所属单位。")
    return actor.organisation_id


async def _load(tx: Tx, organisation_id: uuid.UUID, *, lock: bool = False) -> Organisation:
    query = select(Organisation).where(Organisation.id == organisation_id)
    row = (await tx.session.execute(query.with_for_update() if lock else query)).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


def _media_type(kind: str, data: bytes) -> str:
    if not data:
        raise InvalidInput("文件是空的，请重新选择。", [(kind, "文件是空的，请重新选择")])
    if len(data) > MAX_DOCUMENT:
        raise InvalidInput("文件过大。", [(kind, "文件不得超过 1.5 MB，请压缩后重新选择")])
    for beginning, media_type in _BEGINNINGS.items():
        if data.startswith(beginning):
            return media_type
    raise InvalidInput("文件格式不符。", [(kind, "请选择 PDF、PNG 或 JPG 文件")])


async def _write_profile(tx: Tx, cipher: FieldCipher, organisation_id: uuid.UUID, form: RegistrationForm) -> None:
    await tx.session.merge(
        OrganisationProfile(
            organisation_id=organisation_id,
            address=form.address,
            postcode=form.postcode,
            email=form.email,
            bank_name=form.bank_name,
            bank_account=cipher.seal(organisation_id, "profile.bank_account", form.bank_account),
            bank_account_tail=form.bank_account[-4:],
            changed_at=tx.now,
        )
    )


async def _replace_contact(
    tx: Tx, actor: Actor, cipher: FieldCipher, organisation_id: uuid.UUID, form: RegistrationForm
) -> None:
    numbers = {"id_number": form.contact_id_number, "phone": form.contact_phone}
    query = select(Contact).where(Contact.organisation_id == organisation_id, Contact.until.is_(None))
    for contact in (await tx.session.execute(query)).scalars():
        if await renew_person(tx, cipher, contact.person_id, name=form.contact_name, **numbers):
            return
        contact.until = tx.now
    person_id = await register_person(tx, cipher, name=form.contact_name, **numbers)
    tx.session.add(Contact(id=tx.new_id(), organisation_id=organisation_id, person_id=person_id, since=tx.now))
    # The holder of the account who names himself may see who looked at his data; another person's account is not his.
    if actor.name == form.contact_name and await person_of_account(tx, actor.account_id) is None:
        await link_account(tx, actor.account_id, person_id)
