"""What the worker does for experts: call whoever is next, note who did not answer, follow draws."""

from collections.abc import Awaitable, Callable
from typing import cast

from sqlalchemy import select

from experts import calls
from experts.committee import begin_calls
from experts.models.committee import Committee
from experts.paper import print_report
from experts.phone import DELIVER, deliver_message
from experts.reporting import PRINT_REPORT
from experts.vocabulary import CommitteeState
from kernel.drawbook.models import Draw
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


async def follow_draws(services: Services) -> None:
    """Begin to call experts of every committee whose draw got its result through somebody else's step."""
    async with services.db.begin_read_only() as tx:
        query = (
            select(Draw.id)
            .join(Committee, Committee.draw_id == Draw.id)
            .where(Draw.state == "drawn", Committee.state == CommitteeState.FROZEN)
        )
        behind = list((await tx.session.execute(query)).scalars())
    for draw_id in behind:
        async with services.db.begin() as tx:
            await begin_calls(tx, draw_id)


JOBS: dict[str, Handler] = {PRINT_REPORT: print_report, DELIVER: deliver_message}
DUE: tuple[Callable[[Services], Awaitable[None]], ...] = (follow_draws, call_experts)
