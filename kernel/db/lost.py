"""Tell a database that cannot be reached from a fault of ours."""

from sqlalchemy.exc import TimeoutError as PoolTimeout

#: SQLSTATE classes: connection exceptions; the server is shutting down or starting up.
_AWAY = ("08", "57")


def is_lost_connection(error: BaseException | None) -> bool:
    """Say whether an error means that the database is away: nothing was decided, and the same may be tried again."""
    while error is not None:
        if isinstance(error, OSError | PoolTimeout) or getattr(error, "connection_invalidated", False):
            return True
        if str(getattr(error, "sqlstate", "") or "")[:2] in _AWAY:
            return True
        error = getattr(error, "orig", None) or error.__cause__
    return False
