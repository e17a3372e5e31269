"""A lot as the other packages and the doors see it: frozen values, read in one go."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kernel.periods import legal_date
from trading.procedures.book import Combination, of_lot
from trading.procedures.definition import Definition
from trading.slots import Slot, slots_of
from trading.stages import PublicDates, phase_of
from trading.vocabulary import LotKind, Phase, Regime, Stage, TenderMethod


@dataclass(frozen=True, slots=True)
class Criterion:
    """One line of the scoring grid.

    Attributes:
        kind: `objective`, `subjective` or `price`.
        max: most points, decimal text.
        group: `technical`, `business` or `price`.
        hint: how it is scored, for bidders and experts.
        evidence: what a bid proves it with, for bidders and experts; empty if nothing is asked for.
    """

    code: str
    name: str
    kind: str
    max: str
    group: str
    hint: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One line of the preliminary review; a bid that fails it is rejected.

    Attributes:
        group: `form`, `qualification` or `response`.
        article: what the item rests on, in Chinese.
    """

    code: str
    name: str
    group: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class LotView:
    """A lot with its project.

    Attributes:
        tender: the project's human number.
        number: the lot's number, three digits.
        scope: quantity, place, term, quality: what the notice says of the thing bought.
        procedure: `policy`, `k`, `n`, `window_s` and what else the procedure fixes (crypto.md §3); `definition` says
            which version of which procedure it is.
        keyset: `ks` of the keyset that bids are sealed to, b64u; None until trustees have accepted.
        provenance: `source` of facts and the list of what is `invented`; empty in production.
    """

    id: uuid.UUID
    project_id: uuid.UUID
    tender: str
    number: str
    project_title: str
    title: str
    regime: Regime
    kind: LotKind
    method: TenderMethod
    region: str
    stage: Stage
    stage_since: datetime
    came_from: Stage | None
    procuring_entity_id: uuid.UUID
    procuring_entity_name: str
    agency_id: uuid.UUID
    agency_name: str
    is_entrusted: bool
    funds: dict[str, Any]
    approval: str
    supervising_body: str
    contacts: list[dict[str, Any]]
    scope: dict[str, Any]
    qualifications: list[str]
    consortium_allowed: bool
    agents_allowed: bool
    price_cap_fen: int | None
    estimate_fen: int | None
    bid_bond_fen: int | None
    criteria: tuple[Criterion, ...]
    review_items: tuple[ReviewItem, ...]
    price_method: dict[str, Any]
    procedure: dict[str, Any]
    provenance: dict[str, Any]
    registered_at: datetime
    documents_from: datetime | None
    documents_to: datetime | None
    deadline: datetime | None
    opening_at: datetime | None
    publicity_until: datetime | None
    keyset: str | None
    published_at: datetime | None
    closed_at: datetime | None
    opened_at: datetime | None
    failed_reason: str | None

    @property
    def registered_on(self) -> date:
        """The day whose law the lot keeps (R-META-01)."""
        return legal_date(self.registered_at)

    @property
    def is_public(self) -> bool:
        """Whether everybody may see the lot: its notice is out, and of an invited tender the bids are closed."""
        hidden = self.method is TenderMethod.INVITED and self.closed_at is None
        return self.published_at is not None and not hidden

    @property
    def definition(self) -> Definition:
        """The procedure that the lot began under, in the version of that day."""
        prequalified = bool(self.procedure.get("prequalified"))
        return of_lot(Combination(self.regime, self.kind, self.method, prequalified), self.procedure)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The parts of a bid, as they were when the lot was registered."""
        return slots_of(self.procedure)

    def phase(self, now: datetime) -> Phase:
        """Return what a visitor sees at an instant."""
        dates = PublicDates(self.documents_from, self.documents_to, self.deadline, self.publicity_until)
        return phase_of(self.stage, dates, now)

    def is_party(self, organisation_id: uuid.UUID | None) -> bool:
        """Say whether the organisation is the procuring entity or its agency, entrusted or not; neither may bid."""
        return organisation_id is not None and organisation_id in (self.procuring_entity_id, self.agency_id)

    def is_run_by(self, organisation_id: uuid.UUID | None) -> bool:
        """Say whether the organisation acts for the buyer: the procuring entity, or its agency while it is entrusted.

        Source: R-AGT-02
        """
        if organisation_id == self.agency_id and organisation_id != self.procuring_entity_id:
            return self.is_entrusted
        return organisation_id is not None and organisation_id == self.procuring_entity_id
