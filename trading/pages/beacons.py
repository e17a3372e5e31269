"""The part of a form that asks for public numbers in a draw: what it offers, what was filled in."""

from dataclasses import dataclass

from kernel.db.transaction import Tx
from kernel.drawbook.composing import BeaconDraft, list_witnesses, may_have_beacon
from trading.pages.common import Form, moment_of


@dataclass(frozen=True, slots=True)
class BeaconOffer:
    """What a form offers.

    Attributes:
        available: witnesses of two organisations are set up; without them there is nothing to choose.
        witnesses: (login, words).
    """

    available: bool
    witnesses: list[tuple[str, str]]


async def beacon_offer(tx: Tx, form: Form, *, usual: bool, fresh: bool) -> BeaconOffer:
    """Return what the form offers; a fresh form is ticked where the beacon is usual and can be had.

    Args:
        fresh: whether nobody has filled the form in yet.
        usual: whether this kind of draw has a beacon unless somebody decides otherwise.
    """
    available = await may_have_beacon(tx)
    if fresh:
        form.values.setdefault("beacon", "yes" if usual and available else "")
    form.values.setdefault("witnesses", [])
    return BeaconOffer(available, await list_witnesses(tx) if available else [])


def beacon_of(form: Form) -> BeaconDraft | None:
    """Read the beacon of a form; None if none was asked for, or if something is missing (`form.errors` says what)."""
    given = form.values.get("witnesses", [])
    form.values["witnesses"] = given if isinstance(given, list) else [given]
    if form.values.get("beacon") != "yes":
        return None
    at = moment_of(form, "beacon_at", "公共随机数产生的时刻")
    source = str(form.values.get("beacon_source", "")).strip()
    if not source:
        form.errors["beacon_source"] = "请写明公共随机数的来源，例如彩票的种类和期号。"
    if at is None or not source:
        return None
    return BeaconDraft(source=source, at=at, witnesses=tuple(map(str, form.values["witnesses"])))
