"""What people sign in a draw's calls and in an evaluation session, byte for byte. Pure: used by both sides.

A member signs with the own key (ES256, `kid` in the header); the platform compares the payload with what it expects.
"""

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from experts.vocabulary import PROMISE
from kernel.canonical import b64u_encode, jcs

ANSWER_TYP: Final = "call-answer+jws"
CHECK_IN_TYP: Final = "session-check-in+jws"
REVIEW_TYP: Final = "evaluation-review+jws"
SCORES_TYP: Final = "evaluation-scores+jws"
REPORT_TYP: Final = "evaluation-report+jws"


def call_answer(call: uuid.UUID | str, answer: str, reason: str = "") -> dict[str, Any]:
    """Return the answer to a call: `accept` or `refuse`."""
    return {"v": 1, "type": "call.answer", "call": str(call), "answer": answer, "reason": reason}


def check_in(session: uuid.UUID | str, seat: int, conflicts: Iterable[uuid.UUID | str] = ()) -> dict[str, Any]:
    """Return promise and declaration at check-in.

    Args:
        conflicts: ids of bids.
    """
    return {
        "v": 1,
        "type": "session.check-in",
        "session": str(session),
        "seat": seat,
        "promise": b64u_encode(hashlib.sha256(PROMISE.encode()).digest()),
        "conflicts": sorted(str(item) for item in conflicts),
    }


def lock(kind: str, session: uuid.UUID | str, seat: int, digest: bytes) -> dict[str, Any]:
    """Return what locks an own part.

    Args:
        kind: `evaluation.review` or `evaluation.scores`.
    """
    return {"v": 1, "type": kind, "session": str(session), "seat": seat, "digest": b64u_encode(digest)}


def report_signature(session: uuid.UUID | str, seat: int, report: bytes, dissent: str = "") -> dict[str, Any]:
    """Return a signature under the report: its digest, and that of the own dissent if there is one."""
    return {
        "v": 1,
        "type": "evaluation.report",
        "session": str(session),
        "seat": seat,
        "report": b64u_encode(report),
        "dissent": b64u_encode(hashlib.sha256(dissent.encode()).digest()) if dissent else None,
    }


def digest_of_marks(marks: Iterable[tuple[uuid.UUID | str, str, str, str]]) -> bytes:
    """Return the digest of verdicts: SHA-256 of `[[bid, item, verdict, reason] …]`, ascending."""
    rows = sorted([str(bid), item, verdict, reason] for bid, item, verdict, reason in marks)
    return hashlib.sha256(jcs(rows)).digest()


def digest_of_sheet(sheet: Mapping[Any, Mapping[str, Decimal]]) -> bytes:
    """Return the digest of points: SHA-256 of `[[bid, criterion, "8.50"] …]`, ascending."""
    rows = sorted([str(bid), code, f"{value:.2f}"] for bid, points in sheet.items() for code, value in points.items())
    return hashlib.sha256(jcs(rows)).digest()


def digest_of_report(report: Mapping[str, Any]) -> bytes:
    """Return the digest under which everybody signs the report."""
    return hashlib.sha256(jcs(dict(report))).digest()
