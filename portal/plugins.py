"""Collaborators of the packages above the kernel, by name."""

from typing import Any

from portal.embedded.home import Home


def make_plugins(home: Home) -> dict[str, Any]:
    """Return the collaborators of an installation."""
    return {}
