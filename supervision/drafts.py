"""What people fill in: values that the acts take. Doors read them from JSON or from a form; nothing is checked here."""

from datetime import date, datetime

import msgspec

from kernel.drawbook.composing import BeaconDraft
from supervision.vocabulary import Credit, Outcome, ResultCode, TargetKind


class TargetDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An object for the register.

    Attributes:
        unit: credit code of an organisation; number of a lot or an expert.
        responsible: credit code of who answers for it; empty for organisations, who answer for themselves.
    """

    unit: str
    name: str
    credit: Credit
    responsible: str = ""
    last_inspected: date | None = None


class TargetsDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Objects of one kind.

    Attributes:
        complete: whether objects that are not listed leave the register.
    """

    kind: TargetKind
    targets: tuple[TargetDraft, ...]
    complete: bool = False


class Conflict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A unit that an inspector has to stay away from.

    Attributes:
        unit: its credit code.
        reason: former employer, kinship, other interest; never shown to the public.
    """

    unit: str
    reason: str


class InspectorDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An inspector for the register.

    Attributes:
        login: of an account with the role.
        certificate: number of the law-enforcement certificate.
    """

    login: str
    certificate: str
    may_lead: bool = False
    conflicts: tuple[Conflict, ...] = ()


class InspectorsDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Inspectors; see `TargetsDraft`."""

    inspectors: tuple[InspectorDraft, ...]
    complete: bool = False


class RateDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Share of a credit class in percent, as decimal text, and the least number."""

    percent: str
    least: int = 0


class PlanDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The plan of an inspection.

    Attributes:
        items: codes of the list of items.
        rates: by credit class; classes left out keep the rate of the parameter table.
        batch: name of the batch in the year's plan (R-DR-04).
        departments: who inspects together with the lead (R-DR-13).
    """

    title: str
    target_kind: TargetKind
    items: tuple[str, ...]
    starts_on: date
    ends_on: date
    rates: dict[Credit, RateDraft] = {}
    team_size: int = 2
    certified_lead: bool = True
    batch: str = ""
    departments: tuple[str, ...] = ()


class FreezeDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The draw to freeze.

    Attributes:
        contributors: logins of those who add randomness; for the second draw empty, it keeps those of the first.
        escrow_by: with three contributors or more, the end of the escrow; None takes half of the time there is.
        beacon: public numbers that are to enter the seed.
    """

    commit_by: datetime
    reveal_by: datetime
    contributors: tuple[str, ...] = ()
    escrow_by: datetime | None = None
    beacon: BeaconDraft | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A piece of evidence, as its digest; the piece itself stays with the inspectors.

    Attributes:
        sha256: base64url.
    """

    name: str
    sha256: str
    size: int


class RecordDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found at one object.

    Attributes:
        items: code of each item of the plan → `ok` or `issue`.
        findings: facts, evidence and what the inspected party said; not published.
        summary: what is published.
        basis: the article that a problem breaks, in words; empty without a problem.
    """

    code: ResultCode
    items: dict[str, str]
    findings: str
    summary: str
    basis: str = ""
    evidence: tuple[Evidence, ...] = ()


class CorrectionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order to correct what was found.

    Attributes:
        demand: what has to be corrected; public once the inspection is.
        due: the last day.
    """

    demand: str
    due: date


class CheckDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an ordered correction was found."""

    outcome: Outcome
    finding: str


class PublicationDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The decision to publish.

    Attributes:
        withheld: unit → article by which its name is kept closed (R-DR-08).
    """

    statement: str
    withheld: dict[str, str] = {}
