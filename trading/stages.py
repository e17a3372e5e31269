"""The stage table of a lot: which act leads where, who takes it, under which rule.

Law: R-ET-11, R-ET-12. Pure. What was done is stored as a stage; what follows from the clock is derived (`phase_of`).
A statutory guard is overridden only by a supervisor's own move (`override_…`), never by an exception in code.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kernel.states import Machine, Move
from trading.vocabulary import Phase, Role, Stage

#: Acts whose condition is a statutory limit, with the rules that set it. Each has an `override_` twin (R-ET-12).
GUARDED: Final = {
    "publish_notice": "R-TIME-01 R-TIME-03",
    "publish_candidates": "R-TIME-14",
    "decide_award": "R-TIME-15",
    "conclude_contract": "R-TIME-22",
    "report_to_supervisor": "R-TIME-21",
    "return_bonds": "R-TIME-23",
}

#: The winner is known: from here on the whole case is public.
DECIDED: Final = frozenset(
    {
        Stage.AWARDED,
        Stage.RESULT_PUBLISHED,
        Stage.NOTICE_SENT,
        Stage.CONTRACTED,
        Stage.REPORTED,
        Stage.BONDS_RETURNED,
        Stage.ARCHIVED,
    }
)

_BUYER, _AGENCY, _CENTRE = Role.PROCURING_ENTITY, Role.AGENCY, Role.CENTRE
_EXPERT, _SUPERVISOR, _SYSTEM = Role.EXPERT, Role.SUPERVISOR, Role.SYSTEM

_MAIN_ROAD: Final = (
    Move("register_lot", Stage.DRAFT, Stage.REGISTERED, _BUYER, "R-ET-11"),
    Move("publish_notice", Stage.REGISTERED, Stage.NOTICE_PUBLISHED, _AGENCY, "R-TIME-01 R-TIME-03 R-ANN-01"),
    Move("close_bidding", Stage.NOTICE_PUBLISHED, Stage.CLOSED, _SYSTEM, "R-TIME-12"),
    Move("open_bids", Stage.CLOSED, Stage.OPENED, _AGENCY, "R-ET-06 R-TIME-12"),
    Move("confirm_committee", Stage.OPENED, Stage.COMMITTEE_READY, _CENTRE, "R-COM-01 R-REC-08"),
    Move("start_evaluation", Stage.COMMITTEE_READY, Stage.EVALUATING, _CENTRE, "R-ET-08"),
    Move("sign_report", Stage.EVALUATING, Stage.REPORT_SIGNED, _EXPERT, "R-EVAL-08"),
    Move("publish_candidates", Stage.REPORT_SIGNED, Stage.CANDIDATE_PUBLICITY, _BUYER, "R-TIME-14 R-ANN-03"),
    Move("convene_award_meeting", Stage.CANDIDATE_PUBLICITY, Stage.AWARD_MEETING, _BUYER, "R-SEP-04 R-SEP-07"),
    Move("decide_award", Stage.CANDIDATE_PUBLICITY, Stage.AWARDED, _BUYER, "R-TIME-15 R-AWD-02"),
    Move("decide_award", Stage.AWARD_MEETING, Stage.AWARDED, _BUYER, "R-SEP-04 R-SEP-09"),
    Move("publish_result", Stage.AWARDED, Stage.RESULT_PUBLISHED, _BUYER, "R-TIME-20 R-ANN-04"),
    Move("send_award_notice", Stage.RESULT_PUBLISHED, Stage.NOTICE_SENT, _BUYER, "R-TIME-19"),
    Move("conclude_contract", Stage.NOTICE_SENT, Stage.CONTRACTED, _BUYER, "R-TIME-22"),
    Move("report_to_supervisor", Stage.CONTRACTED, Stage.REPORTED, _BUYER, "R-TIME-21"),
    Move("return_bonds", Stage.REPORTED, Stage.BONDS_RETURNED, _BUYER, "R-TIME-23"),
    Move("archive", Stage.BONDS_RETURNED, Stage.ARCHIVED, _AGENCY, "R-ET-10"),
)

_STANDSTILLS: Final = (
    Move("pause_for_document_objection", Stage.NOTICE_PUBLISHED, Stage.PAUSED_DOCUMENTS, _BUYER, "R-TIME-08"),
    Move("answer_document_objection", Stage.PAUSED_DOCUMENTS, Stage.NOTICE_PUBLISHED, _BUYER, "R-TIME-08"),
    Move("interrupt_evaluation", Stage.EVALUATING, Stage.INTERRUPTED, _CENTRE, "R-REM-10 R-REM-11"),
    Move("resume_evaluation", Stage.INTERRUPTED, Stage.EVALUATING, _CENTRE, "R-REM-11"),
    Move("replace_committee", Stage.INTERRUPTED, Stage.OPENED, _CENTRE, "R-REM-10 R-REM-11"),
    Move("pause_for_result_objection", Stage.CANDIDATE_PUBLICITY, Stage.PAUSED_RESULT, _BUYER, "R-TIME-17"),
    Move("answer_result_objection", Stage.PAUSED_RESULT, Stage.CANDIDATE_PUBLICITY, _BUYER, "R-TIME-17"),
)

_WAYS_BACK: Final = (
    Move("replace_committee", Stage.COMMITTEE_READY, Stage.OPENED, _CENTRE, "R-REC-08 R-REC-09"),
    Move("order_new_evaluation", Stage.REPORT_SIGNED, Stage.OPENED, _SUPERVISOR, "R-FAIL-08"),
    Move("order_new_evaluation", Stage.PAUSED_RESULT, Stage.OPENED, _SUPERVISOR, "R-FAIL-08"),
    Move("reconfirm_candidates", Stage.PAUSED_RESULT, Stage.COMMITTEE_READY, _BUYER, "R-FAIL-10 R-EVAL-15"),
    Move("withdraw_award", Stage.AWARDED, Stage.CANDIDATE_PUBLICITY, _BUYER, "R-FAIL-06"),
    Move("withdraw_award", Stage.RESULT_PUBLISHED, Stage.CANDIDATE_PUBLICITY, _BUYER, "R-FAIL-06"),
    Move("withdraw_award", Stage.NOTICE_SENT, Stage.CANDIDATE_PUBLICITY, _BUYER, "R-FAIL-06"),
)

#: Why a lot fails, by the stage in which it can.
_FAILURES: Final = {
    Stage.NOTICE_PUBLISHED: "R-FAIL-01",
    Stage.CLOSED: "R-FAIL-01",
    Stage.OPENED: "R-FAIL-02",
    Stage.EVALUATING: "R-FAIL-03 R-FAIL-04",
    Stage.PAUSED_DOCUMENTS: "R-FAIL-07",
    Stage.REPORT_SIGNED: "R-FAIL-08",
    Stage.CANDIDATE_PUBLICITY: "R-FAIL-06",
    Stage.PAUSED_RESULT: "R-FAIL-08",
    Stage.AWARD_MEETING: "R-SEP-11",
}

#: Stages without a way on.
FINAL: Final = frozenset({Stage.ARCHIVED, Stage.RETENDERED, Stage.TERMINATED})

#: Until here the procuring entity may end the tender (条例 31): a winner is not yet decided.
_BEFORE_AWARD: Final = (
    *(Stage.REGISTERED, Stage.NOTICE_PUBLISHED, Stage.PAUSED_DOCUMENTS, Stage.CLOSED, Stage.OPENED),
    *(Stage.COMMITTEE_READY, Stage.EVALUATING, Stage.INTERRUPTED, Stage.REPORT_SIGNED),
    *(Stage.CANDIDATE_PUBLICITY, Stage.PAUSED_RESULT, Stage.AWARD_MEETING, Stage.SUSPENDED, Stage.FAILED),
)

#: From publication to contract a supervisor may order a stop (条例 62).
_SUSPENDABLE: Final = (
    *(Stage.NOTICE_PUBLISHED, Stage.PAUSED_DOCUMENTS, Stage.CLOSED, Stage.OPENED, Stage.COMMITTEE_READY),
    *(Stage.EVALUATING, Stage.INTERRUPTED, Stage.REPORT_SIGNED, Stage.CANDIDATE_PUBLICITY, Stage.PAUSED_RESULT),
    *(Stage.AWARD_MEETING, Stage.AWARDED, Stage.RESULT_PUBLISHED, Stage.NOTICE_SENT),
)

_SIDE_ROADS: Final = (
    *(Move("declare_failed", stage, Stage.FAILED, _AGENCY, rules) for stage, rules in _FAILURES.items()),
    Move("tender_again", Stage.FAILED, Stage.RETENDERED, _BUYER, "R-FAIL-01 R-FAIL-03"),
    *(Move("terminate", stage, Stage.TERMINATED, _BUYER, "R-TIME-24") for stage in _BEFORE_AWARD),
    *(Move("suspend", stage, Stage.SUSPENDED, _SUPERVISOR, "R-ET-11") for stage in _SUSPENDABLE),
    Move("lift_suspension", Stage.SUSPENDED, None, _SUPERVISOR, "R-ET-11"),
)

_OVERRIDES: Final = tuple(
    Move(f"override_{move.act}", move.from_, move.to, Role.SUPERVISOR.value, f"R-ET-12 {move.source}")
    for move in _MAIN_ROAD
    if move.act in GUARDED
)

#: The machine of a lot.
LOT: Final = Machine(Stage, Stage.DRAFT, FINAL, (*_MAIN_ROAD, *_STANDSTILLS, *_WAYS_BACK, *_SIDE_ROADS, *_OVERRIDES))


@dataclass(frozen=True, slots=True)
class PublicDates:
    """The dates of a lot that the clock is compared with; None where nothing is fixed yet."""

    documents_from: datetime | None = None
    documents_to: datetime | None = None
    deadline: datetime | None = None
    publicity_until: datetime | None = None


_PHASES: Final = {
    Stage.DRAFT: Phase.IN_PREPARATION,
    Stage.REGISTERED: Phase.IN_PREPARATION,
    Stage.CLOSED: Phase.OPENING,
    Stage.OPENED: Phase.EVALUATION,
    Stage.COMMITTEE_READY: Phase.EVALUATION,
    Stage.EVALUATING: Phase.EVALUATION,
    Stage.INTERRUPTED: Phase.STANDSTILL,
    Stage.REPORT_SIGNED: Phase.EVALUATION,
    Stage.PAUSED_DOCUMENTS: Phase.STANDSTILL,
    Stage.PAUSED_RESULT: Phase.STANDSTILL,
    Stage.SUSPENDED: Phase.STANDSTILL,
    Stage.FAILED: Phase.ENDED,
    Stage.RETENDERED: Phase.ENDED,
    Stage.TERMINATED: Phase.ENDED,
    Stage.ARCHIVED: Phase.ENDED,
}


def phase_of(stage: Stage, dates: PublicDates, now: datetime) -> Phase:
    """Tell what a visitor sees: the stage, refined by the clock where only the clock decides.

    Periods are half-open: at the deadline itself bidding is over, at the end of the publicity it is over.

    Source: R-ET-11, R-CNT-04
    """
    if stage is Stage.NOTICE_PUBLISHED:
        return _phase_before_the_deadline(dates, now)
    if stage is Stage.CANDIDATE_PUBLICITY:
        return Phase.PUBLICITY_OVER if _reached(dates.publicity_until, now) else Phase.PUBLICITY
    return _PHASES.get(stage, Phase.AWARD)


def _phase_before_the_deadline(dates: PublicDates, now: datetime) -> Phase:
    if _reached(dates.deadline, now):
        return Phase.DEADLINE_REACHED
    if _reached(dates.documents_to, now):
        return Phase.BIDDING
    return Phase.SELLING if _reached(dates.documents_from, now) else Phase.ANNOUNCED


def _reached(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now >= moment
