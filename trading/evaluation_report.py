"""The committee's report as a value: `experts` fills it, `trading` keeps a snapshot of it.

Law: 条例 53 (R-EVAL-08). Pure. What was published must not change when a bid row or a bidder's name changes later, so
the report carries everything that publicity and award need.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from trading.vocabulary import EvaluationMethod


@dataclass(frozen=True, slots=True)
class RankedBid:
    """A bid that passed the preliminary review.

    Attributes:
        bidder_id: the bidder's organisation.
        price_fen: the price read out at the opening, after arithmetic correction.
        score: decimal text, as the report states it.
        rank: 1 is best; None where evaluation and award are separated.
        details: what the bid says for the publicity (R-ANN-03): `quality`, `term`, `leader`, `leader_certificate`,
            `qualification`; texts, any may be missing.
    """

    bid_id: uuid.UUID
    bidder_id: uuid.UUID
    bidder_name: str
    price_fen: int
    score: str
    rank: int | None
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RejectedBid:
    """A bid that the committee rejected, with the ground it gave."""

    bid_id: uuid.UUID
    bidder_id: uuid.UUID
    bidder_name: str
    reason: str
    article: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """The signed report.

    Attributes:
        method: how bids were compared.
        ranked: best first.
        signed_at: when the last member signed.
        report_digest: SHA-256 of the report's canonical data, b64u.
        file_id: the sealed PDF in the file library, if it is made already.
    """

    lot_id: uuid.UUID
    method: EvaluationMethod
    ranked: tuple[RankedBid, ...]
    rejected: tuple[RejectedBid, ...]
    signed_at: datetime
    report_digest: str
    file_id: uuid.UUID | None = None
