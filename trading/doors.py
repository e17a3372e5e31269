"""All doors of trading, for the table of routes."""

from typing import Any

from trading.api import admission, affiliations, awards, documents, entrustments, lots, notices, objections
from trading.pages import (
    admitting,
    applying,
    asking,
    calendar,
    contracting,
    correcting,
    deciding,
    delivering,
    ending,
    entrusting,
    failing,
    feed,
    letters,
    objecting,
    procedures,
    publishing,
    registering,
    room,
    workbench,
)
from trading.pages import affiliations as affiliation_pages
from trading.pages import lots as lot_pages
from trading.pages import notices as notice_pages

HANDLERS: list[Any] = [
    *admission.HANDLERS,
    *admitting.HANDLERS,
    *applying.HANDLERS,
    *calendar.HANDLERS,
    *contracting.HANDLERS,
    *correcting.HANDLERS,
    *lots.HANDLERS,
    *documents.HANDLERS,
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
    *delivering.HANDLERS,
    *objecting.HANDLERS,
    *ending.HANDLERS,
    *failing.HANDLERS,
    *deciding.HANDLERS,
    *letters.HANDLERS,
]
