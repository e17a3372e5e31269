"""All doors of bidding, for the portal's table of routes."""

from typing import Any

from bidding.api import bids, keysets, licence, opening

HANDLERS: list[Any] = [*licence.HANDLERS, *keysets.HANDLERS, *bids.HANDLERS, *opening.HANDLERS]
