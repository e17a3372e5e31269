"""What people fill in: values that the acts take. Doors read them from JSON or from a form; nothing is checked here.

Amounts are text in yuan (`12345678.90`), moments are aware; unknown members are refused when they come as JSON.
"""

import uuid
from datetime import date, datetime
from typing import Any

import msgspec

from trading.admission_rules import Invitee
from trading.lot_view import Criterion, ReviewItem
from trading.vocabulary import (
    AwardMode,
    EvaluationMethod,
    FundSource,
    LotKind,
    ObjectionOutcome,
    ObjectionSubject,
    Regime,
    TenderMethod,
)


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to ask.

    Attributes:
        party: 招标人, 招标代理机构 or 监督部门.
    """

    party: str
    name: str
    phone: str
    address: str = ""
    email: str = ""


class Entrustment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The paper by which the procuring entity entrusts its agency (招投法 12, 15)."""

    document: str
    signed_on: date


class Funds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose money pays (R-THR-01 to R-THR-03).

    Attributes:
        state_percent: share of state-owned money, decimal text.
        budget: public budget money in it, yuan.
        investment: the whole investment, yuan.
    """

    source: FundSource
    description: str
    state_percent: str = "0"
    budget: str = "0"
    investment: str = "0"
    state_controls: bool = False
    is_public_utility: bool = False


class Provenance(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of the data is fact and what is invented; empty in production.

    Attributes:
        source: where the facts were published, in words.
        invented: names of the data that are invented for a demonstration, in Chinese.
    """

    source: str = ""
    invented: tuple[str, ...] = ()


class ProjectDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project to register."""

    number: str
    title: str
    regime: Regime
    kind: LotKind
    method: TenderMethod
    region: str
    agency_uscc: str
    agency_name: str
    entrustment: Entrustment
    funds: Funds
    approval: str
    supervising_body: str
    contacts: tuple[Contact, ...]
    provenance: Provenance = Provenance()


class Scope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is bought: the parts of the notice that describe it (R-ANN-01)."""

    summary: str
    quantity: str
    place: str
    term: str
    quality: str = ""


class Procedure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the lot is run: fixed at registration, so that a running lot keeps it.

    Attributes:
        policy: who must take part in opening a bid: `both`, `bidder` or `trustees` (crypto.md §3.1).
        k, n: trustees needed and appointed.
        window_s: how long bidders may release after the deadline.
        documents_fee: what the documents cost, yuan.
        opening_place: where the opening can be seen.
        form_keys_published: whether the keys of the price forms become public after the opening.
        prequalified: whether applicants are examined before they get the documents (R-TIME-02).
        envelopes: `one`, or `two`: technical part first, price later, as the definition divides them.
        blind_technical: the technical part must not show who bids (暗标); only where it is a part of its own.
    """

    evaluation_method: EvaluationMethod = EvaluationMethod.COMPREHENSIVE
    award_mode: AwardMode = AwardMode.RANKED
    policy: str = "both"
    k: int = 3
    n: int = 5
    window_s: int = 1800
    documents_fee: str = "0"
    opening_place: str = "本平台线上开标大厅"
    form_keys_published: bool = True
    valid_days: int = 90
    prequalified: bool = False
    envelopes: str = "one"
    blind_technical: bool = False


class LotDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lot to register in a project.

    Attributes:
        price_method: `method` as of R-PRC-03 with its parameters; `full` is the price criterion's maximum.
    """

    number: str = "001"
    title: str
    scope: Scope
    qualifications: tuple[str, ...]
    consortium_allowed: bool
    agents_allowed: bool
    price_cap: str | None = None
    estimate: str | None = None
    bid_bond: str | None = None
    criteria: tuple[Criterion, ...]
    review_items: tuple[ReviewItem, ...]
    price_method: dict[str, Any]
    procedure: Procedure = Procedure()
    provenance: Provenance = Provenance()


class PlanDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A plan of dates to propose."""

    documents_from: datetime
    documents_to: datetime
    deadline: datetime
    opening_at: datetime | None = None


class AnswerDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An answer to a question.

    Attributes:
        affects_bids: it changes or clarifies the documents in a way that may affect how bids are made.
        move_deadline_to: the new bid deadline, where too few days are left.
    """

    text: str
    affects_bids: bool = False
    move_deadline_to: datetime | None = None


class ObjectionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An objection.

    Attributes:
        text: the facts, and why they are unlawful or unfair.
        request: what is asked for.
        interest: who does not hold the documents says which interest the tender touches.
    """

    subject: ObjectionSubject = ObjectionSubject.DOCUMENTS
    text: str
    request: str
    interest: str = ""


class ObjectionAnswerDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer to an objection.

    Attributes:
        affects_bids: the answer changes the documents in a way that may affect how bids are made.
        move_deadline_to: a later bid deadline than the earliest lawful one, if wanted.
    """

    outcome: ObjectionOutcome
    text: str
    affects_bids: bool = False
    move_deadline_to: datetime | None = None


class InvitationDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to invite, why, and who approved (R-AWD-08).

    Attributes:
        ground: a name of the procedure's `invitation_grounds`.
    """

    ground: str
    reason: str
    approved_by: str
    approval_no: str
    invitees: tuple[Invitee, ...]


class PrequalificationDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dates of a prequalification.

    Attributes:
        documents_from, documents_to: when its documents are handed out.
        deadline: until when applications come in; at this very moment it is too late.
    """

    documents_from: datetime
    documents_to: datetime
    deadline: datetime
    review_method: str = ""


class VerdictDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes of one application."""

    application_id: uuid.UUID
    passed: bool
    reason: str = ""


class CorrectionDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a notice shall say differently; None leaves a part as it is.

    Attributes:
        reason: one sentence, published.
        deadline: the new bid deadline.
        move_as_needed: move the deadline to the first lawful moment where too few days are left (R-TIME-04).
    """

    reason: str
    summary: str | None = None
    quantity: str | None = None
    place: str | None = None
    term: str | None = None
    quality: str | None = None
    qualifications: tuple[str, ...] | None = None
    price_cap: str | None = None
    documents_to: datetime | None = None
    deadline: datetime | None = None
    move_as_needed: bool = False


class ContractDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed contract as the procuring entity puts it on record; the other party is the winner.

    Attributes:
        amount: yuan, decimal text; the award's price and no other.
        performance_bond: yuan; empty if none is asked for.
        late_reason: why it was signed after the limit; needed only then.
    """

    contract_no: str
    signed_on: date
    amount: str
    term: str
    summary: str = ""
    performance_bond: str = ""
    late_reason: str = ""


class CandidatesDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The publicity of candidates; what is left empty is taken from the report, or is the usual sentence (R-ANN-03).

    Attributes:
        evaluation: how the evaluation went, for the public.
        objection_channel: where and how to object.
    """

    evaluation: str = ""
    objection_channel: str = ""


class AwardDraft(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The choice of the winner.

    Attributes:
        bid_id: one of the report's candidates.
        reason: why not the first, where the law leaves the choice.
    """

    bid_id: uuid.UUID
    reason: str = ""
