"""All doors of trading, for the table of routes."""

from typing import Any

from trading.api import affiliations, awards, entrustments, lots, notices, objections
from trading.pages import affiliations as affiliation_pages
from trading.pages import (
    asking,
    deciding,
    entrusting,
    feed,
    letters,
    objecting,
    procedures,
    publishing,
    registering,
    room,
    workbench,
)
from trading.pages import lots as lot_pages
from trading.pages import notices as notice_pages

HANDLERS: list[Any] = [
    *lots.HANDLERS,
    *notices.HANDLERS,
    *awards.HANDLERS,
    *objections.HANDLERS,
    *entrustments.HANDLERS,
    *entrusting.HANDLERS,
    *affiliations.HANDLERS,
    *affiliation_pages.HANDLERS,
    *notice_pages.HANDLERS,
    *feed.HANDLERS,
    *procedures.HANDLERS,
    *lot_pages.HANDLERS,
    *workbench.HANDLERS,
    *registering.HANDLERS,
    *room.HANDLERS,
    *publishing.HANDLERS,
    *asking.HANDLERS,
    *objecting.HANDLERS,
    *deciding.HANDLERS,
    *letters.HANDLERS,
]
