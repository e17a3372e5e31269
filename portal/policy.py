"""The platform's own policy table: `policy.toml` beside this file, installed before anybody is served."""

from functools import cache
from pathlib import Path

from kernel.identity.policy import Policy, install, read_policy

FILE = Path(__file__).with_name("policy.toml")


@cache
def platform_policy() -> Policy:
    """Return the table."""
    return read_policy(FILE)


def install_policy() -> None:
    """Make it the one that this process asks."""
    install(platform_policy())
