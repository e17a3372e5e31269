"""Reading the party library: search for staff, certificates and seals of one organisation.

Nothing here tells who takes part in what; the library knows organisations, not bids.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from sqlalchemy import text

from kernel.credit_code import half_width
from kernel.db.transaction import Tx
from kernel.names import name_key


@dataclass(frozen=True, slots=True)
class PartyLine:
    """An organisation in the list of staff."""

    id: uuid.UUID
    uscc: str
    name: str
    legal_representative: str
    roles: tuple[str, ...]
    created_at: datetime
    registered_at: datetime | None
    merged: bool


@dataclass(frozen=True, slots=True)
class CertificateView:
    """A licence certificate with which somebody of the organisation signed in."""

    holder: str
    person: str
    title: str
    issuer: str
    serial: str
    valid_from: datetime
    valid_until: datetime
    first_used: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class SealView:
    """A seal of the organisation: what it was used for last, and how often.

    Attributes:
        fingerprint: SHA-256 of the certificate, in hexadecimal digits.
        document: SHA-256 of the document that was sealed last, in hexadecimal digits; its page judges the certificate.
        uses: of what is not closed.
    """

    fingerprint: str
    document: str
    uses: int
    last_used: datetime


#: The uses of a seal that may be known. Receipts of closed bids count only after the opening: their number is a secret.
_SEAL_USES = """
SELECT certificate, digest, used_at, count(*) OVER () AS uses FROM kernel_seal_use AS k
WHERE uscc = :uscc AND (visibility <> 'sealed' OR EXISTS (SELECT 1 FROM kernel_unsealed u WHERE u.subject = k.matter))
ORDER BY used_at DESC, digest LIMIT 1
"""

#: `:q` is what was typed, without width and case for codes; a name matches former names as well.
_SEARCH = """
SELECT o.id, o.uscc, o.name, o.created_at, o.registered_at, o.merged_into,
  coalesce((SELECT n.legal_representative FROM identity_organisation_name n
            WHERE n.organisation_id = o.id AND n.until IS NULL), '') AS legal_representative,
  coalesce((SELECT array_agg(r.role ORDER BY r.since, r.role) FROM identity_organisation_role r
            WHERE r.organisation_id = o.id AND r.until IS NULL), '{}') AS roles
FROM identity_organisation o
WHERE (:q = '' OR o.uscc LIKE :code || '%' OR o.name ILIKE '%' || :like || '%' OR EXISTS (
        SELECT 1 FROM identity_organisation_name n
        WHERE n.organisation_id = o.id AND (n.name ILIKE '%' || :like || '%' OR n.name_key = :key)))
  AND (:role = '' OR EXISTS (SELECT 1 FROM identity_organisation_role r
        WHERE r.organisation_id = o.id AND r.until IS NULL AND r.role = :role))
  AND (:state = '' OR (:state = 'merged' AND o.merged_into IS NOT NULL)
    OR (:state = 'complete' AND o.registered_at IS NOT NULL AND o.merged_into IS NULL)
    OR (:state = 'unfinished' AND o.registered_at IS NULL AND o.merged_into IS NULL))
  AND (:after = '' OR o.uscc > :after)
ORDER BY o.uscc LIMIT :most
"""


async def search_parties(
    tx: Tx, *, q: str = "", role: str = "", state: str = "", after: str = "", most: int = 50
) -> list[PartyLine]:
    """Return organisations by code; a page at a time.

    Args:
        q: the beginning of a credit code, or a part of a present or former name.
        state: `complete`, `unfinished`, `merged` or "".
        after: the last code of the page before.
    """
    typed = " ".join(half_width(q).split())
    values = {
        "q": typed,
        "code": _literal(typed.replace(" ", "").upper()),
        "like": _literal(" ".join(q.split())),
        "key": name_key(q) if typed else "",
        "role": role,
        "state": state,
        "after": after,
        "most": most,
    }
    rows = await tx.session.execute(text(_SEARCH), values)
    return [
        PartyLine(
            row.id,
            row.uscc,
            row.name,
            row.legal_representative,
            tuple(row.roles),
            row.created_at,
            row.registered_at,
            row.merged_into is not None,
        )
        for row in rows
    ]


async def count_parties(tx: Tx) -> dict[str, int]:
    """Return how many registrations are complete, unfinished and merged."""
    row = (
        await tx.session.execute(
            text(
                "SELECT count(*) FILTER (WHERE merged_into IS NULL AND registered_at IS NOT NULL) AS complete,"
                " count(*) FILTER (WHERE merged_into IS NULL AND registered_at IS NULL) AS unfinished,"
                " count(*) FILTER (WHERE merged_into IS NOT NULL) AS merged FROM identity_organisation"
            )
        )
    ).one()
    return {"complete": row.complete, "unfinished": row.unfinished, "merged": row.merged}


async def list_certificates(tx: Tx, organisation_id: uuid.UUID) -> list[CertificateView]:
    """Return the licence certificates that the organisation's people signed in with, newest first."""
    rows = await tx.session.execute(
        text(
            "SELECT k.certificate, k.created_at, k.revoked_at FROM identity_person_key k"
            " JOIN identity_account a ON a.id = k.account_id"
            " WHERE a.organisation_id = :id AND k.purpose = 'licence' AND k.certificate IS NOT NULL"
            " ORDER BY k.created_at DESC"
        ),
        {"id": organisation_id},
    )
    return [_certificate(row.certificate, row.created_at, row.revoked_at) for row in rows]


async def find_seal(tx: Tx, uscc: str) -> SealView | None:
    """Return the organisation's seal as it was used last; None when it never was.

    Before an opening nothing may tell how many bids there are (R-ET-05), so closed uses are not counted.
    """
    row = (await tx.session.execute(text(_SEAL_USES), {"uscc": uscc})).one_or_none()
    if row is None:
        return None
    return SealView(row.certificate.hex(), row.digest.hex(), row.uses, row.used_at)


def _certificate(der: bytes, first_used: datetime, revoked_at: datetime | None) -> CertificateView:
    certificate = x509.load_der_x509_certificate(der)
    title = _name(certificate.subject, NameOID.TITLE)
    common = _name(certificate.subject, NameOID.COMMON_NAME)
    return CertificateView(
        holder=_name(certificate.subject, NameOID.ORGANIZATION_NAME) or common,
        person=common if title else "",
        title=title,
        issuer=_name(certificate.issuer, NameOID.COMMON_NAME),
        serial=f"{certificate.serial_number:X}",
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
        first_used=first_used,
        revoked_at=revoked_at,
    )


def _name(name: x509.Name, oid: Any) -> str:
    found = name.get_attributes_for_oid(oid)
    return str(found[0].value) if found else ""


def _literal(typed: str) -> str:
    """Return the text for LIKE, its own signs meaning nothing."""
    return typed.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
