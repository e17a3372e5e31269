"""Who may not bid because of whom: the rule by itself (R-ET-01, R-AGT-03)."""

import uuid
from datetime import date, timedelta

import pytest

from trading.independence import Held, NotIndependent, Tie, article_of, find_bar

TODAY = date(2026, 8, 6)
DAY = timedelta(days=1)
PROJECT, OTHER = uuid.uuid4(), uuid.uuid4()
AGENCY, BUYER, STRANGER = "91420105MA4K20C97U", "91420106MA4KWM1B3X", "91420111MA4L0R2T7Q"


def bar(*held: Held) -> NotIndependent | None:
    return find_bar(held, on=TODAY, project_id=PROJECT, agency_uscc=AGENCY, buyer_uscc=BUYER)


def tied(tie: Tie, of: str, project: uuid.UUID | None = None, since: date = TODAY, until: date | None = None) -> Held:
    return Held(tie, of, project, since, until)


@pytest.mark.parametrize(
    ("held", "article"),
    [
        (tied(Tie.ITSELF, ""), "二十三条"),
        (tied(Tie.HOLDING, ""), "二十三条"),
        (tied(Tie.MANAGEMENT, ""), "二十三条"),
        (tied(Tie.HOLDING, AGENCY), "第十三条、第三十四条"),
        (tied(Tie.MANAGEMENT, AGENCY), "第十三条、第三十四条"),
        (tied(Tie.ADVISER, AGENCY, PROJECT), "第十三条"),
        (tied(Tie.HOLDING, BUYER), "第三十四条"),
    ],
    ids=["operator", "held-by-operator", "run-by-operator", "held-by-agency", "run-by-agency", "advised", "buyers"],
)
def test_who_is_tied_is_kept_out_with_the_article(held: Held, article: str) -> None:
    found = bar(held)

    assert found is not None
    assert found.article.endswith(article)
    assert found.article in found.detail
    assert found.extra == {"article": found.article, "tie": held.tie.value}
    assert article_of(held.tie, held.of_uscc).startswith("《")


@pytest.mark.parametrize(
    "held",
    [
        tied(Tie.HOLDING, STRANGER),
        tied(Tie.ADVISER, AGENCY, OTHER),
        tied(Tie.ADVISER, STRANGER, PROJECT),
    ],
    ids=["another-agency", "advice-for-another-project", "advised-by-a-stranger"],
)
def test_a_tie_that_does_not_touch_the_lot_keeps_nobody_out(held: Held) -> None:
    assert bar(held) is None


@pytest.mark.parametrize(
    ("since", "until", "holds"),
    [
        (TODAY + DAY, None, False),
        (TODAY, None, True),
        (TODAY - DAY, TODAY + DAY, True),
        (TODAY - DAY, TODAY, False),  # ended yesterday: today is the first day without it
        (TODAY - DAY, TODAY - DAY, False),  # declared by mistake and taken back
    ],
)
def test_a_tie_holds_from_its_first_day_to_the_day_before_its_end(since: date, until: date | None, holds: bool) -> None:
    assert (bar(tied(Tie.HOLDING, "", since=since, until=until)) is not None) is holds


def test_an_ended_tie_does_not_hide_one_that_holds() -> None:
    ended = tied(Tie.HOLDING, "", since=TODAY - DAY, until=TODAY)

    assert bar(ended, tied(Tie.MANAGEMENT, AGENCY)) is not None
