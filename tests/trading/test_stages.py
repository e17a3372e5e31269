"""The stage table of a lot: complete, walkable, and honest about the clock (R-ET-11, R-ET-12, R-TIME-12)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.strategies import data, sampled_from

from kernel.states import MoveNotAllowed
from trading.stages import FINAL, GUARDED, LOT, PublicDates, phase_of
from trading.vocabulary import Phase, Role, Stage

ACTS = sorted({move.act for move in LOT.moves})

#: Source: R-ET-11, the main road of the rule book (derived states left out, 评定分离 apart).
MAIN_ROAD = [
    ("register_lot", "registered"),
    ("publish_notice", "notice_published"),
    ("close_bidding", "closed"),
    ("open_bids", "opened"),
    ("confirm_committee", "committee_ready"),
    ("start_evaluation", "evaluating"),
    ("sign_report", "report_signed"),
    ("publish_candidates", "candidate_publicity"),
    ("decide_award", "awarded"),
    ("publish_result", "result_published"),
    ("send_award_notice", "notice_sent"),
    ("conclude_contract", "contracted"),
    ("report_to_supervisor", "reported"),
    ("return_bonds", "bonds_returned"),
    ("archive", "archived"),
]


def test_the_main_road_leads_from_draft_to_archive():
    stage = Stage.DRAFT
    for act, expected in MAIN_ROAD:
        stage = LOT.target(act, stage)
        assert stage == expected
    assert stage in FINAL


@pytest.mark.parametrize("act", ACTS)
def test_every_pair_of_act_and_stage_moves_or_is_refused(act):
    known = {move.from_ for move in LOT.moves if move.act == act}

    for stage in Stage:
        if stage in known:
            assert LOT.move(act, stage).from_ is stage
        else:
            with pytest.raises(MoveNotAllowed):
                LOT.move(act, stage)


def test_the_opening_cannot_be_skipped():
    assert LOT.entrances(Stage.OPENED) == {
        Stage.CLOSED,
        Stage.INTERRUPTED,
        Stage.COMMITTEE_READY,
        Stage.REPORT_SIGNED,
        Stage.PAUSED_RESULT,
    }
    assert LOT.entrances(Stage.CLOSED) == {Stage.NOTICE_PUBLISHED}


def test_only_supervisors_suspend_override_and_order():
    supervisors_acts = {move.act for move in LOT.moves if move.role == Role.SUPERVISOR}

    assert supervisors_acts == {
        "suspend",
        "lift_suspension",
        "order_new_evaluation",
        *(f"override_{act}" for act in GUARDED),
    }
    overrides = [move for move in LOT.moves if move.act.startswith("override_")]
    assert all("R-ET-12" in move.source for move in overrides)


def test_an_override_leads_where_the_act_itself_leads():
    for move in LOT.moves:
        if move.act in GUARDED:
            assert LOT.move(f"override_{move.act}", move.from_).to is move.to


def test_a_suspended_lot_goes_back_to_its_stage_and_to_no_other():
    assert LOT.target("lift_suspension", Stage.SUSPENDED, Stage.EVALUATING) is Stage.EVALUATING
    with pytest.raises(MoveNotAllowed):
        LOT.target("lift_suspension", Stage.SUSPENDED, Stage.ARCHIVED)


def test_after_the_award_the_buyer_cannot_end_the_tender():
    for stage in (Stage.AWARDED, Stage.RESULT_PUBLISHED, Stage.NOTICE_SENT, Stage.CONTRACTED):
        with pytest.raises(MoveNotAllowed):
            LOT.move("terminate", stage)


def test_every_move_names_its_rules_and_a_known_role():
    for move in LOT.moves:
        assert move.role in set(Role)
        assert all(rule_id.startswith("R-") for rule_id in move.source.split())


class Walk(RuleBasedStateMachine):
    """Walk the table at random: no stage is a trap, and a suspension forgets nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = LOT.initial
        self.came_from: Stage | None = None

    @precondition(lambda self: self.stage not in FINAL)
    @rule(choice=data())
    def act(self, choice):
        move = choice.draw(sampled_from(LOT.acts_from(self.stage)))
        before = self.stage
        self.stage = LOT.target(move.act, self.stage, self.came_from)
        if self.stage is Stage.SUSPENDED:
            self.came_from = before
        elif before is Stage.SUSPENDED and move.act == "lift_suspension":
            assert self.stage is self.came_from
            self.came_from = None

    @precondition(lambda self: self.stage in FINAL)
    @rule()
    def begin_another(self):
        self.stage, self.came_from = LOT.initial, None

    @invariant()
    def there_is_a_way_on_unless_it_is_the_end(self):
        assert bool(LOT.acts_from(self.stage)) != (self.stage in FINAL)


Walk.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWalk = Walk.TestCase

START = datetime(2026, 7, 16, 14, tzinfo=UTC)
DATES = PublicDates(
    documents_from=START,
    documents_to=START + timedelta(days=7),
    deadline=START + timedelta(days=21),
    publicity_until=START + timedelta(days=30),
)
TICK = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("moment", "phase"),
    [
        (START - TICK, Phase.ANNOUNCED),
        (START, Phase.SELLING),
        (DATES.documents_to - TICK, Phase.SELLING),
        (DATES.documents_to, Phase.BIDDING),
        (DATES.deadline - TICK, Phase.BIDDING),
        (DATES.deadline, Phase.DEADLINE_REACHED),
    ],
)
def test_before_the_close_only_the_clock_decides(moment, phase):
    assert phase_of(Stage.NOTICE_PUBLISHED, DATES, moment) is phase


def test_publicity_is_over_at_its_end_and_not_before():
    assert phase_of(Stage.CANDIDATE_PUBLICITY, DATES, DATES.publicity_until - TICK) is Phase.PUBLICITY
    assert phase_of(Stage.CANDIDATE_PUBLICITY, DATES, DATES.publicity_until) is Phase.PUBLICITY_OVER
    assert phase_of(Stage.CANDIDATE_PUBLICITY, PublicDates(), DATES.deadline) is Phase.PUBLICITY


def test_every_stage_has_a_phase_whatever_the_clock_says():
    for stage in Stage:
        assert phase_of(stage, PublicDates(), START) in Phase
    assert phase_of(Stage.AWARDED, DATES, START) is Phase.AWARD
    assert phase_of(Stage.SUSPENDED, DATES, DATES.deadline) is Phase.STANDSTILL
