"""What can go wrong with an embedded service, told in one sentence."""

from portal.errors import CommandError


class ServiceFailed(CommandError):
    """A service could not be started, or ended for good; the message says which, and where its log is."""


class HomeRefused(CommandError):
    """The data folder cannot be used: it belongs to somebody else, holds something else, or is in use."""
