"""An inspector's view of an inspection: the own objects, the record of the chosen one, the form of its next version."""

from uuid import UUID

from kernel.db.transaction import Tx
from kernel.drawbook.identities import leaf_of_person
from kernel.drawbook.vault import Vault
from kernel.errors import NotFound
from kernel.identity.accounts import list_person_keys
from kernel.identity.actor import Actor
from kernel.periods import legal_date
from supervision.pages.record_rows import TaskRow, record_row
from supervision.pages.room import InspectionPage, frame, pick_row
from supervision.queries import InspectionView, PickView, find_place, list_picks
from supervision.records import list_assignments
from supervision.vocabulary import RESULT_WORDS, Stage
from trading.pages.common import Form


async def inspector_page(
    tx: Tx, view: InspectionView, actor: Actor, vault: Vault, form: Form, chosen: UUID | None
) -> InspectionPage:
    """Return an inspector's view: the own objects, and the chosen one with its record.

    Raises:
        NotFound: not in this inspection's list.
    """
    place = await find_place(tx, view.id, actor.account_id)
    if place is None:
        raise NotFound
    page = await frame(tx, view, "inspector", f"/s/inspections/{view.id}", actor)
    page.form = form
    page.codes = [(code.value, f"{code.value} {words}") for code, words in RESULT_WORDS.items()]
    mine = [pick for pick in await list_picks(tx, view.id) if actor.account_id in pick.members]
    page.picks = [pick_row(pick, view, href=f"{page.base}?object={pick.target_id}") for pick in mine]
    page.openable = await has_unopened(tx, view, vault, place)
    page.tasks = [_task(tx, view, pick, actor, form) for pick in mine if pick.target_id == chosen]
    keys = await list_person_keys(tx, actor.account_id, purpose="sign")
    page.key = keys[-1].kid if keys else ""
    return page


async def has_unopened(tx: Tx, view: InspectionView, vault: Vault, place: UUID) -> bool:
    """Say whether an inspector is in a team and has not opened the own tasks; opens nothing."""
    if view.inspector_draw is None or view.stage is not Stage.ASSIGNED:
        return False
    own = await leaf_of_person(tx, vault, view.inspector_draw.id, str(place))
    rows = await list_assignments(tx, view.id)
    objects = {row.object_leaf for row in rows if row.inspector_leaf == own}
    return any(row.opened_at is None for row in rows if row.object_leaf in objects)


def _task(tx: Tx, view: InspectionView, pick: PickView, actor: Actor, form: Form) -> TaskRow:
    made = record_row(view, pick, actor.account_id if view.stage is Stage.ASSIGNED else None)
    return TaskRow(
        id=pick.target_id,
        name=pick.name,
        unit=pick.unit,
        items=[(item["code"], item["name"]) for item in view.items],
        record=made,
        editable=view.stage is Stage.ASSIGNED and (made is None or made.missing > 0),
        begins=view.starts_on if legal_date(tx.now) < view.starts_on else None,
        form=form if form.values else Form(_values(pick)),
    )


def _values(pick: PickView) -> dict[str, object]:
    """Return the newest version as a form shows it, so that the next one begins where it ended."""
    made = pick.record
    if made is None:
        return {}
    told = {"code": made.code, "findings": made.findings, "summary": made.summary, "basis": made.basis}
    kept = [one["sha256"] for one in made.evidence]
    return {**told, "keep": kept, **{f"found-{key}": value for key, value in made.items.items()}}
