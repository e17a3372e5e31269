"""What the worker does for experts: call whoever is next, note who did not answer, close commitments in time."""

from collections.abc import Awaitable, Callable
from typing import cast

from sqlalchemy import select

from experts import calls
from experts.models.committee import Committee
from experts.paper import print_report
from experts.phone import DELIVER, deliver_message
from experts.reporting import PRINT_REPORT
from experts.vocabulary import CommitteeState
from kernel.canonical import parse_time
from kernel.drawbook import book
from kernel.drawbook.models import Contribution, Draw
from kernel.drawbook.vault import Vault
from kernel.outbox.queue import Handler
from kernel.web.services import Services


async def call_experts(services: Services) -> None:
    """Call the next experts of every committee, each identity in a transaction of its own."""
    vault = services.plugins.get("vault")
    if vault is None:
        return
    async with services.db.begin_read_only() as tx:
        waiting = await calls.list_committees_calling(tx)
    for committee_id in waiting:
        async with services.db.begin() as tx:
            await calls.expire_calls(tx, committee_id)
        called = True
        while called:
            async with services.db.begin() as tx:
                made = await calls.call_next(
                    tx, cast(Vault, vault), services.plugins["fields"], committee_id, site=services.site.name
                )
                called = made is not None


async def close_commitments(services: Services) -> None:
    """Close the commitments of committees' draws whose time is over, if enough contributors have committed."""
    async with services.db.begin_read_only() as tx:
        query = (
            select(Draw.id, Draw.spec)
            .join(Committee, Committee.draw_id == Draw.id)
            .where(Draw.state == "frozen", Committee.state == CommitteeState.FROZEN)
        )
        due = []
        for draw_id, spec in (await tx.session.execute(query)).all():
            given = (await tx.session.execute(select(Contribution.party).where(Contribution.draw_id == draw_id))).all()
            if parse_time(spec["commit_by"]) <= tx.now and len(given) >= spec["min"]:
                due.append(draw_id)
    for draw_id in due:
        async with services.db.begin() as tx:
            await book.close(tx, draw_id)


JOBS: dict[str, Handler] = {PRINT_REPORT: print_report, DELIVER: deliver_message}
DUE: tuple[Callable[[Services], Awaitable[None]], ...] = (close_commitments, call_experts)
