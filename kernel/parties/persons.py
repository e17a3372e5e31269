"""Acts on natural persons: registered with encrypted fields, shown masked, looked at in clear only with a reason.

Source: R-SEC-14; 个人信息保护法 13, 28, 44 (the person may know who looked).
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text

from kernel.crypto import equal
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.identity.access import note_access
from kernel.identity.actor import Actor
from kernel.identity.party_models import Person, Unmasking
from kernel.log.writer import record
from kernel.parties.fields import FieldCipher, masked_id_number, masked_name, masked_phone

ID_NUMBER, PHONE = "id_number", "phone"
_WORDS = {ID_NUMBER: "公民身份号码", PHONE: "联系电话"}
#: The shortest reason that can be one.
_REASON = 4


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as pages show them: masked."""

    id: uuid.UUID
    name: str
    id_number: str
    phone: str
    merged_into: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class UnmaskingView:
    """Who looked at a person's data in clear, when, why."""

    person: str
    field: str
    reason: str
    by: str
    at: datetime


async def register_person(tx: Tx, cipher: FieldCipher, *, name: str, id_number: str = "", phone: str = "") -> uuid.UUID:
    """Register a person; the same ID number twice is two rows until somebody merges them.

    Args:
        id_number: from `kernel.person_numbers.read_id_number`, or "".
        phone: from `kernel.person_numbers.read_phone`, or "".

    Effects:
        one row in `identity_person`; the act around it records.
    """
    person_id = tx.new_secret_id()
    tx.session.add(
        Person(
            id=person_id,
            name=name,
            id_number=cipher.seal(person_id, f"person.{ID_NUMBER}", id_number) if id_number else None,
            id_number_mac=cipher.fingerprint(ID_NUMBER, id_number) if id_number else None,
            phone=cipher.seal(person_id, f"person.{PHONE}", phone) if phone else None,
            created_at=tx.now,
        )
    )
    await tx.session.flush()  # contacts and accounts refer to it
    return person_id


async def renew_person(
    tx: Tx, cipher: FieldCipher, person_id: uuid.UUID, *, name: str, id_number: str, phone: str
) -> bool:
    """Change name and phone of a person who shows the ID number on record; the act around it records.

    Returns:
        Whether it is the same person; without a number nobody can say.
    """
    row = await _load(tx, person_id)
    if not id_number or row.id_number_mac is None:
        return False
    if not equal(row.id_number_mac, cipher.fingerprint(ID_NUMBER, id_number)):
        return False
    row.name, row.phone = name, cipher.seal(person_id, f"person.{PHONE}", phone)
    return True


async def get_person(tx: Tx, cipher: FieldCipher, person_id: uuid.UUID) -> PersonView:
    """Return a person, masked.

    Raises:
        NotFound: there is none.
    """
    return _masked(cipher, await _load(tx, person_id))


async def unmask(
    tx: Tx, actor: Actor, cipher: FieldCipher, person_id: uuid.UUID, field: str, reason: str, *, origin: str = ""
) -> str:
    """Look at one field of a person in clear; the look is on record before the field is shown.

    Args:
        field: `id_number` or `phone`.
        origin: address that the request came from, for the audit of access.

    Raises:
        InvalidInput: no reason, or no such field.
        NotFound: no such person, or the person has no such data.

    Effects:
        a row in `identity_unmasking`, entry `person.unmasked`, a line in the audit of access, which names the person
        masked; none holds the field.
    Source:
        R-SEC-14
    """
    reason = reason.strip()
    if field not in _WORDS:
        raise InvalidInput("只能查看公民身份号码或联系电话。", [("field", "请选择")])
    if len(reason) < _REASON:
        raise InvalidInput("请写明查看原因，当事人可以看到。", [("reason", f"请写明查看原因，至少 {_REASON} 个字")])
    person = await _load(tx, person_id)
    sealed = person.id_number if field == ID_NUMBER else person.phone
    if sealed is None:
        raise NotFound("没有登记这一项。")

    tx.session.add(
        Unmasking(
            id=tx.new_id(), person_id=person_id, field=field, reason=reason, account_id=actor.account_id, at=tx.now
        )
    )
    facts = {"person": str(person_id), "field": field, "reason": reason, "rules": ["R-SEC-14"]}
    await record(tx, actor, "person.unmasked", facts, subject=person_id)
    clear = cipher.open(person_id, f"person.{field}", sealed)
    masked = (masked_id_number if field == ID_NUMBER else masked_phone)(clear)
    await note_access(
        tx,
        "unmasked",
        account_id=actor.account_id,
        login=actor.login,
        origin=origin,
        act=f"person.unmask {field}",
        reason=f"{masked_name(person.name)}，{_WORDS[field]} {masked}；{reason}",
    )
    return clear


async def list_unmaskings(tx: Tx, person_ids: list[uuid.UUID]) -> list[UnmaskingView]:
    """Return who looked at these persons' data, newest first."""
    rows = await tx.session.execute(
        text(
            "SELECT p.name, u.field, u.reason, a.display_name, coalesce(o.name, '') AS organisation, u.at"
            " FROM identity_unmasking u JOIN identity_person p ON p.id = u.person_id"
            " JOIN identity_account a ON a.id = u.account_id"
            " LEFT JOIN identity_organisation o ON o.id = a.organisation_id"
            " WHERE u.person_id = ANY(:people) ORDER BY u.at DESC LIMIT 200"
        ),
        {"people": person_ids},
    )
    return [
        UnmaskingView(row.name, _WORDS[row.field], row.reason, f"{row.organisation} {row.display_name}".strip(), row.at)
        for row in rows
    ]


async def person_of_account(tx: Tx, account_id: uuid.UUID) -> uuid.UUID | None:
    """Return the person behind an account, when it is known."""
    found = await tx.session.execute(
        text("SELECT person_id FROM identity_account WHERE id = :account"), {"account": account_id}
    )
    value = found.scalar_one_or_none()
    assert value is None or isinstance(value, uuid.UUID)
    return value


async def link_account(tx: Tx, account_id: uuid.UUID, person_id: uuid.UUID) -> None:
    """Say which person holds an account; the act around it records."""
    await tx.session.execute(
        text("UPDATE identity_account SET person_id = :person WHERE id = :account"),
        {"person": person_id, "account": account_id},
    )


async def _load(tx: Tx, person_id: uuid.UUID) -> Person:
    row = (await tx.session.execute(select(Person).where(Person.id == person_id))).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


def _masked(cipher: FieldCipher, row: Person) -> PersonView:
    number = cipher.open(row.id, f"person.{ID_NUMBER}", row.id_number) if row.id_number else ""
    phone = cipher.open(row.id, f"person.{PHONE}", row.phone) if row.phone else ""
    return PersonView(row.id, row.name, masked_id_number(number), masked_phone(phone), row.merged_into)
