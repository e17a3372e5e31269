"""Every package's work for the worker, in one table; a test checks that none is forgotten."""

from collections.abc import Awaitable, Callable

from bidding import jobs as bidding
from experts import jobs as experts
from kernel.drawbook import jobs as drawbook
from kernel.outbox.queue import Handler
from kernel.web.services import Services
from portal import administrators, draw_paper, revocation, timestamps
from supervision import jobs as supervision
from trading import jobs as trading

#: Kind of an outbox row → its handler.
JOBS: dict[str, Handler] = {
    **trading.JOBS,
    **bidding.JOBS,
    **experts.JOBS,
    **supervision.JOBS,
    draw_paper.PRINT: draw_paper.print_draw,
}
#: Acts that ask the database what is due; run every second.
DUE: tuple[Callable[[Services], Awaitable[None]], ...] = (
    *bidding.DUE,
    *drawbook.DUE,
    *experts.DUE,
    *supervision.DUE,
    *trading.DUE,
    draw_paper.order_draw_records,
    *revocation.DUE,
    *timestamps.DUE,
    *administrators.DUE,
)
