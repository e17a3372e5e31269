"""The browser and the offline tool find the same traces in the same files, and say the same words."""

import pytest

from bidding.blindness import LIMITS, find_traces
from tests.browser.modules import Modules
from tests.factories.blind_files import CASES, IDENTITY

pytestmark = pytest.mark.browser


def test_the_browser_and_the_offline_tool_find_the_same_traces(js: Modules) -> None:
    told = {case: js("probe", "findTraces", name, data, IDENTITY) for case, (name, data, _) in CASES.items()}
    expected = {
        case: [[one.where, one.code, one.what, one.words] for one in find_traces(name, data, IDENTITY)]
        for case, (name, data, _) in CASES.items()
    }
    assert told == expected
    assert js("probe", "blindLimits") == LIMITS
