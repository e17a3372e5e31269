"""All doors of trading, for the table of routes."""

from typing import Any

from trading.api import awards, lots, notices

HANDLERS: list[Any] = [*lots.HANDLERS, *notices.HANDLERS, *awards.HANDLERS]
