"""One page per file for the module tests: loading Chromium costs more than all their calls."""

from collections.abc import Iterator

import pytest

from tests.browser.modules import Modules, opened


@pytest.fixture(scope="module")
def js() -> Iterator[Modules]:
    with opened() as page:
        yield Modules(page)
