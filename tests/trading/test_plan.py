"""The plan of dates: lawful plans pass, each broken limit is named with its article and the first lawful date."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.clock import SHANGHAI
from kernel.errors import RuleBroken
from kernel.periods import CalendarNotLoaded, end_of_day, legal_date
from tests.trading.laws import GP, ZTB, law_of, procedure_of
from trading import plan as rules_of_plans
from trading.findings import Severity, breaches, require_lawful
from trading.plan import PlanOfDates, check_clarification, check_draw_time
from trading.vocabulary import Limit, Regime


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def check_plan(plan: PlanOfDates, law, **switches: bool):
    return rules_of_plans.check_plan(plan, law, procedure_of(law), **switches)


def plan_of(documents_from: str, documents_to: str, deadline: str) -> PlanOfDates:
    return PlanOfDates(at(documents_from), at(documents_to), at(deadline), opening_at=at(deadline))


#: The published dates of the real lot of the demonstration.
REAL = plan_of("2026-07-16T22:00", "2026-07-23T22:00", "2026-08-06T14:00")
PLAIN = plan_of("2025-06-03T09:00", "2025-06-10T17:00", "2025-06-27T09:30")


def rules(plan: PlanOfDates, law=ZTB, **switches: bool) -> list[str]:
    return [finding.rule for finding in check_plan(plan, law, **switches)]


@pytest.mark.parametrize("plan", [REAL, PLAIN])
@pytest.mark.parametrize("strict", [False, True])
def test_a_lawful_plan_has_no_findings(plan, strict):
    assert check_plan(plan, ZTB, strict=strict) == ()
    require_lawful(check_plan(plan, ZTB))


# Source: rules.md section 14, TV-01: the earliest openings.
@pytest.mark.parametrize(
    ("issued", "too_early", "earliest"),
    [("2025-09-11", "2025-09-30", "2025-10-09"), ("2026-01-28", "2026-02-16", "2026-02-24")],
)
def test_twenty_days_for_bids_end_after_the_holidays(issued, too_early, earliest):
    plan = plan_of(f"{issued}T09:00", f"{too_early}T09:00", f"{too_early}T09:30")

    finding = breaches(check_plan(plan, ZTB))[0]

    assert finding.rule == "R-TIME-03"
    assert finding.article == "《中华人民共和国招标投标法》第二十四条"
    assert (finding.actual, finding.required, finding.field) == ("19日", "不少于20日", "deadline")
    assert finding.earliest == date.fromisoformat(earliest)
    assert earliest in finding.message


def test_a_refused_plan_tells_article_and_all_breaches():
    plan = plan_of("2026-07-16T22:00", "2026-07-20T22:00", "2026-07-30T14:00")

    with pytest.raises(RuleBroken) as refusal:
        require_lawful(check_plan(plan, ZTB))

    assert [finding["rule"] for finding in refusal.value.findings] == ["R-TIME-01", "R-TIME-03"]
    assert "《中华人民共和国招标投标法实施条例》第十六条" in refusal.value.detail
    assert "另有1项" in refusal.value.detail
    assert refusal.value.findings[0]["earliest"] == "2026-07-21"


def test_only_mandatory_projects_need_twenty_days():
    short = plan_of("2025-06-03T09:00", "2025-06-10T17:00", "2025-06-16T09:30")

    assert rules(short) == ["R-TIME-03"]
    assert rules(short, mandatory=False) == []
    assert "R-GP-02" in rules(short, GP, mandatory=False)


def test_the_strict_switch_wants_full_days_of_24_hours():
    plan = plan_of("2025-06-03T17:00", "2025-06-10T17:00", "2025-06-23T09:30")

    assert rules(plan) == []
    (finding,) = check_plan(plan, ZTB, strict=True)
    assert (finding.rule, finding.earliest) == ("R-TIME-03", date(2025, 6, 24))


def test_the_earliest_strict_date_is_a_working_day_too():
    plan = plan_of("2025-09-10T17:00", "2025-09-17T17:00", "2025-09-30T09:30")

    (finding,) = check_plan(plan, ZTB, strict=True)

    assert finding.earliest == date(2025, 10, 9)


def test_government_procurement_counts_the_documents_in_working_days():
    plan = plan_of("2026-02-12T09:00", "2026-02-25T17:00", "2026-03-20T09:30")

    (finding,) = check_plan(plan, GP)

    assert (finding.rule, finding.earliest) == ("R-GP-01", date(2026, 2, 26))
    assert check_plan(replace(plan, documents_to=at("2026-02-26T17:00")), GP) == ()


def test_the_opening_is_the_deadline():
    plan = replace(PLAIN, opening_at=PLAIN.deadline + timedelta(minutes=1))

    assert rules(plan) == ["R-TIME-12"]


def test_an_opening_on_a_rest_day_is_lawful_but_advised_against():
    plan = plan_of("2025-09-11T09:00", "2025-09-18T09:00", "2025-10-04T09:30")

    (finding,) = check_plan(plan, ZTB)

    assert (finding.severity, finding.rule) == (Severity.ADVICE, "R-CNT-08")
    assert finding.earliest == date(2025, 10, 9)
    require_lawful([finding])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"documents_to": PLAIN.documents_from - timedelta(days=1)}, "documents_to"),
        ({"documents_to": PLAIN.deadline + timedelta(days=1)}, "deadline"),
        ({"notice_at": PLAIN.documents_from + timedelta(days=1)}, "documents_from"),
    ],
)
def test_dates_that_contradict_each_other_are_named(changes, field):
    first = check_plan(replace(PLAIN, **changes), ZTB)[0]

    assert (first.rule, first.field) == ("R-ANN-01", field)


# Source: rules.md section 14, TV-04 and R-CNT-09.
def test_what_is_counted_back_from_the_deadline():
    dates = {
        found.limit: found for found in rules_of_plans.latest_dates(at("2025-06-30T09:30"), ZTB, procedure_of(ZTB))
    }

    assert dates[Limit.DOCUMENT_OBJECTION].day == date(2025, 6, 20)
    assert dates[Limit.DOCUMENT_OBJECTION].until == end_of_day(date(2025, 6, 20))
    assert dates[Limit.CLARIFICATION].day == date(2025, 6, 15)
    assert [found.limit for found in rules_of_plans.latest_dates(at("2025-06-30T09:30"), GP, procedure_of(GP))] == [
        Limit.CLARIFICATION
    ]


def test_channels_close_neither_too_late_nor_too_early():
    late = replace(PLAIN, clarifications_until=at("2025-06-13T00:00"))
    early = replace(PLAIN, objections_until=at("2025-06-17T23:59"))
    lawful = replace(PLAIN, clarifications_until=at("2025-06-12T23:59"), objections_until=at("2025-06-18T00:00"))

    assert rules(late) == ["R-TIME-04"]
    assert rules(early) == ["R-TIME-07"]
    assert rules(lawful) == []


# Source: rules.md section 14, TV-03.
def test_a_late_clarification_moves_the_deadline():
    deadline = at("2025-06-20T09:30")

    finding = check_clarification(at("2025-06-06T10:00"), deadline, ZTB)

    assert finding is not None
    assert (finding.rule, finding.actual, finding.earliest) == ("R-TIME-04", "14日", date(2025, 6, 23))
    assert check_clarification(at("2025-06-05T23:59"), deadline, ZTB) is None


def test_experts_are_drawn_within_a_day_before_the_evaluation_in_hubei():
    evaluation = at("2026-08-06T15:00")

    assert check_draw_time(evaluation - timedelta(hours=24), evaluation, ZTB) == ()
    assert check_draw_time(evaluation, evaluation, ZTB) == ()
    (early,) = check_draw_time(evaluation - timedelta(hours=24, microseconds=1), evaluation, ZTB)
    assert (early.rule, early.earliest) == ("R-DRAW-01", evaluation - timedelta(hours=24))
    assert check_draw_time(evaluation + timedelta(seconds=1), evaluation, ZTB) != ()
    assert check_draw_time(evaluation - timedelta(hours=48), evaluation, law_of(jurisdiction="CN-53")) == ()


def test_a_plan_names_draw_and_evaluation_faults():
    plan = replace(REAL, draw_at=at("2026-08-01T09:00"), evaluation_at=at("2026-08-06T13:00"))

    assert rules(plan) == ["R-ET-11", "R-DRAW-01"]


def test_a_plan_into_a_year_without_a_calendar_is_refused():
    with pytest.raises(CalendarNotLoaded):
        check_plan(plan_of("2026-12-20T09:00", "2026-12-28T09:00", "2027-01-20T09:30"), ZTB)


days = st.dates(date(2024, 1, 2), date(2026, 10, 1))


@given(day=days, clock=st.times(), regime=st.sampled_from(Regime), opening=st.sampled_from([time(9), time(14, 30)]))
def test_a_proposed_plan_is_lawful_and_no_day_earlier_is(day, clock, regime, opening):
    law = law_of(regime)

    plan = rules_of_plans.propose_plan(datetime.combine(day, clock, SHANGHAI), law, procedure_of(law), opening)

    assert check_plan(plan, law) == ()
    earlier = plan.deadline - timedelta(days=1)
    while not law.calendar.is_working_day(legal_date(earlier)):
        earlier -= timedelta(days=1)
    limits = {"R-TIME-03", "R-GP-02"}
    assert limits & set(rules(replace(plan, deadline=earlier, opening_at=earlier), law))


@given(day=days, gap=st.integers(0, 60))
def test_the_earliest_date_of_a_finding_mends_it(day, gap):
    start = datetime.combine(day, time(9), UTC)
    end = start + timedelta(days=gap)
    plan = PlanOfDates(start, end, end, end)

    for finding in breaches(check_plan(plan, ZTB)):
        assert isinstance(finding.earliest, date)
        moved = datetime.combine(finding.earliest, time(9), UTC)
        mended = replace(plan, deadline=moved, opening_at=moved, documents_to=moved)
        assert finding.rule not in rules(mended)
