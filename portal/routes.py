"""The table of doors. Every handler carries a guard or the mark `PUBLIC`; a test walks this table."""

from typing import Any

from bidding import doors as bidding
from experts import doors as experts
from portal.doors import (
    accounts,
    administration,
    case,
    draw_steps,
    draws,
    home,
    log,
    organisation,
    papers,
    parties,
    passkeys,
    receipts,
    registration,
    rehearsal,
    seals,
    security,
    signin,
    staff,
    system,
    timestamps,
    verify,
)
from supervision import doors as supervision
from trading import doors as trading

ROUTES: list[Any] = [
    *home.HANDLERS,
    *system.HANDLERS,
    *signin.HANDLERS,
    *accounts.HANDLERS,
    *registration.HANDLERS,
    *organisation.HANDLERS,
    *parties.HANDLERS,
    *security.HANDLERS,
    *passkeys.HANDLERS,
    *staff.HANDLERS,
    *administration.HANDLERS,
    *log.HANDLERS,
    *timestamps.HANDLERS,
    *rehearsal.HANDLERS,
    *trading.HANDLERS,
    *verify.HANDLERS,
    *draws.HANDLERS,
    *draw_steps.HANDLERS,
    *receipts.HANDLERS,
    *papers.HANDLERS,
    *seals.HANDLERS,
    *case.HANDLERS,
    *bidding.HANDLERS,
    *experts.HANDLERS,
    *supervision.HANDLERS,
]
