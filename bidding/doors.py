"""All doors of bidding, for the portal's table of routes."""

from typing import Any

from bidding.api import (
    bids,
    bonds,
    clerks,
    consortia,
    keysets,
    licence,
    objections,
    opening,
    parameters,
    presence,
    scanning,
    signatures,
)
from bidding.pages import (
    attending,
    blind,
    bonding,
    giving_keys,
    halls,
    intervening,
    objecting,
    proposing,
    receipts,
    releasing,
    rooms,
    signing,
    signing_in,
    submitting,
    withdrawing,
    witnessing,
)
from bidding.pages import clerks as clerk_pages
from bidding.pages import consortia as consortium_pages
from bidding.pages import parameters as parameter_pages

HANDLERS: list[Any] = [
    *licence.HANDLERS,
    *scanning.HANDLERS,
    *clerks.HANDLERS,
    *clerk_pages.HANDLERS,
    *keysets.HANDLERS,
    *bids.HANDLERS,
    *bonds.HANDLERS,
    *consortia.HANDLERS,
    *consortium_pages.HANDLERS,
    *opening.HANDLERS,
    *objections.HANDLERS,
    *presence.HANDLERS,
    *parameters.HANDLERS,
    *signatures.HANDLERS,
    *signing_in.HANDLERS,
    *rooms.HANDLERS,
    *submitting.HANDLERS,
    *blind.HANDLERS,
    *bonding.HANDLERS,
    *withdrawing.HANDLERS,
    *releasing.HANDLERS,
    *receipts.HANDLERS,
    *giving_keys.HANDLERS,
    *intervening.HANDLERS,
    *halls.HANDLERS,
    *objecting.HANDLERS,
    *attending.HANDLERS,
    *parameter_pages.HANDLERS,
    *signing.HANDLERS,
    *witnessing.HANDLERS,
    *proposing.HANDLERS,
]
