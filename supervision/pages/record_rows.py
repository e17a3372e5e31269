"""A record of an inspection as a page shows it: to its team, which signs it, and to supervision, which publishes it."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kernel.canonical import b64u_encode
from supervision.queries import InspectionView, PickView
from supervision.vocabulary import RESULT_WORDS, ResultCode
from trading.pages.common import Form

VERDICTS = {"ok": "未发现问题", "issue": "发现问题"}


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """A piece of evidence by its digest."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class RecordRow:
    """The newest version of a record.

    Attributes:
        href: of the API: the record in full; signatures go below it.
        digest: what is signed.
        signatures: (certificate, whether it is the reader's).
        signable: the reader is of the team and has not signed yet.
    """

    version: int
    code: str
    result: str
    items: list[tuple[str, str, str, str]]
    findings: str
    summary: str
    basis: str
    evidence: list[EvidenceRow]
    href: str
    digest: str
    signatures: list[tuple[str, bool]]
    missing: int
    signable: bool


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One object: its record as it stands, and the form of the next version while there may be one.

    Attributes:
        begins: the day from which records may be written, if it has not come yet.
    """

    id: UUID
    name: str
    unit: str
    items: list[tuple[str, str]]
    record: RecordRow | None
    editable: bool
    begins: date | None
    form: Form


def record_row(view: InspectionView, pick: PickView, reader: UUID | None) -> RecordRow | None:
    """Return an object's record; None before there is one.

    Args:
        reader: the account of somebody of the team; None for who only reads.
    """
    made = pick.record
    if made is None:
        return None
    names = {item["code"]: item["name"] for item in view.items}
    missing = max(0, view.team_size - len(made.signed_by))
    return RecordRow(
        version=made.version,
        code=made.code,
        result=RESULT_WORDS[ResultCode(made.code)],
        items=[(key, names.get(key, key), value, VERDICTS[value]) for key, value in sorted(made.items.items())],
        findings=made.findings,
        summary=made.summary,
        basis=made.basis,
        evidence=[EvidenceRow(one["name"], one["sha256"], one["size"]) for one in made.evidence],
        href=f"/api/v1/inspections/{view.id}/records/{made.id}",
        digest=b64u_encode(made.digest),
        signatures=[
            (certificate, account == reader) for certificate, account in zip(made.signed_by, made.signers, strict=True)
        ],
        missing=missing,
        signable=reader is not None and reader not in made.signers,
    )
