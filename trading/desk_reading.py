"""Reads of the workbench: one's own lots, what has happened in them, what is due, all their dates. No query per lot.

Law: only the lots that the actor's organisation runs (R-AGT-02); who objected is not read here (R-ANN-05).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.parameters.law import Law
from kernel.parameters.store import load_calendar, load_table
from kernel.parameters.table import ParameterTable
from kernel.periods import HolidayTable
from trading.dues import Due, dues_of
from trading.lot_dates import Happened, LotDate, dates_of
from trading.lot_view import LotView
from trading.queries import list_lots_of
from trading.vocabulary import JURISDICTION, Role

_HAPPENED = """
SELECT l.id, r.received_at AS report, a.decided_at AS award, s.issued_at AS award_notice,
  (SELECT min(n.published_at) FROM trading_notice n WHERE n.lot_id = l.id AND n.kind = 'candidates')
    AS candidates_published,
  (SELECT min(n.published_at) FROM trading_notice n WHERE n.lot_id = l.id AND n.kind = 'award') AS result_published,
  (SELECT min(n.published_at) FROM trading_notice n WHERE n.lot_id = l.id AND n.kind = 'contract')
    AS contract_published,
  c.signed_on,
  (SELECT min(n.published_at) FROM trading_notice n WHERE n.lot_id = l.id AND n.kind = 'termination') AS terminated,
  (SELECT min(n.published_at) FROM trading_notice n WHERE n.lot_id = l.id AND n.kind = 'failure') AS failure_published,
  EXISTS (SELECT 1 FROM trading_invitation i WHERE i.lot_id = l.id) AS invited,
  q.documents_from AS prequalification_from, q.documents_to AS prequalification_to,
  q.deadline AS prequalification_deadline, q.concluded_at AS prequalification_concluded,
  ARRAY(SELECT o.answer_by FROM trading_objection o WHERE o.lot_id = l.id AND o.withdrawn_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM trading_objection_answer t WHERE t.objection_id = o.id) ORDER BY o.answer_by)
    AS answers_owed
FROM trading_lot l
LEFT JOIN trading_report r ON r.lot_id = l.id
LEFT JOIN trading_award a ON a.lot_id = l.id
LEFT JOIN trading_award_notice s ON s.lot_id = l.id
LEFT JOIN trading_contract c ON c.lot_id = l.id
LEFT JOIN trading_prequalification q ON q.lot_id = l.id
WHERE l.id = ANY($1)
"""


@dataclass(frozen=True, slots=True)
class DeskLot:
    """A lot of one's own with the law that it keeps and what has happened in it."""

    lot: LotView
    law: Law
    happened: Happened

    def dues(self, now: datetime) -> list[Due]:
        """Return what is to be done, the most urgent first."""
        found = dues_of(self.lot, self.law, self.happened, now)
        return sorted(found, key=lambda due: (due.until is None, due.until or now))

    def dates(self) -> list[LotDate]:
        """Return all dates of the lot in their order."""
        return dates_of(self.lot, self.law, self.happened)


async def list_desk(tx: Tx, actor: Actor) -> list[DeskLot]:
    """Return the lots that the actor's organisation runs, the nearest deadline first."""
    if actor.organisation_id is None:
        return []
    return await with_law(tx, [lot for lot in await list_lots_of(tx, actor.organisation_id) if _runs(actor, lot)])


async def with_law(tx: Tx, lots: Sequence[LotView]) -> list[DeskLot]:
    """Return lots with their law and what has happened; the caller has asked whose they are."""
    if not lots:
        return []
    table, calendar = await load_table(tx), await load_calendar(tx)
    rows = await tx.fetch(_HAPPENED, [lot.id for lot in lots])
    happened = {row["id"]: _happened(dict(row)) for row in rows}
    return [DeskLot(lot, _law(table, calendar, lot), happened[lot.id]) for lot in lots]


async def list_dues(tx: Tx, lot: LotView) -> list[Due]:
    """Return what is to be done in one lot."""
    (desk,) = await with_law(tx, [lot])
    return desk.dues(tx.now)


def _law(table: ParameterTable, calendar: HolidayTable, lot: LotView) -> Law:
    return Law(table, calendar, lot.regime, lot.registered_on, JURISDICTION)


def _runs(actor: Actor, lot: LotView) -> bool:
    own = actor.organisation_id == lot.procuring_entity_id and actor.has(Role.PROCURING_ENTITY)
    return own or (actor.has(Role.AGENCY) and lot.is_entrusted and actor.organisation_id == lot.agency_id)


def _happened(row: dict[str, object]) -> Happened:
    values = {name: value for name, value in row.items() if name != "id"}
    owed = values.pop("answers_owed")
    return Happened(
        **values,  # type: ignore[arg-type]
        answers_owed=tuple(owed) if isinstance(owed, list) else (),
    )
