"""How far a draw is: everything that has come in, which phase follows from it, who is awaited until when, why it ends.

One reading for acts, pages and the worker, so that they never disagree. Nothing here changes anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.draw.beacon import WITNESSES
from kernel.draw.errors import DrawError
from kernel.draw.escrow import EscrowFault, recover
from kernel.draw.seed import escrow_share_hash
from kernel.draw.spec import Spec, read_spec
from kernel.drawbook.models import Contribution, Delivery, Draw, Share, Statement, Step
from kernel.drawbook.shelf import list_contributions, list_steps


class Phase(StrEnum):
    """What a draw waits for."""

    #: Commitments. Next: the close.
    COMMIT = "commit"
    #: All have committed, or their time is over: the close itself.
    CLOSE = "close"
    #: Shares are handed out and acknowledged.
    ESCROW = "escrow"
    #: Public numbers: their time has not come, or their witnesses have not spoken.
    BEACON = "beacon"
    #: The random values.
    REVEAL = "reveal"
    #: The time for values is over; holders put the missing ones together.
    RECOVER = "recover"
    RESULT = "result"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Standing:
    """A draw with all that has come in.

    Attributes:
        given: commitments and values by party.
        deliveries: escrows handed out, by party.
        shares: all that were handed out, by party and number.
        statements: of the witnesses, by beacon.
        emptied: whether a replacement found the reserve empty.
    """

    draw: Draw
    spec: Spec
    given: Mapping[str, Contribution]
    deliveries: Mapping[str, Delivery]
    shares: tuple[Share, ...]
    statements: tuple[Statement, ...]
    emptied: bool

    @property
    def final(self) -> list[str]:
        """Whose values enter the seed: who committed and, with an escrow, delivered it."""
        return [party for party in self.given if self.spec.escrow is None or party in self.deliveries]

    @property
    def missing(self) -> list[str]:
        """Final contributors whose value is not known."""
        return [party for party in self.final if self.given[party].value is None]

    def acknowledged(self, party: str) -> int:
        """Count the holders who acknowledged a party's shares."""
        return sum(share.party == party and share.ack_token is not None for share in self.shares)

    @property
    def escrowed(self) -> bool:
        """Whether everybody delivered and every share was acknowledged."""
        acks = sum(share.ack_token is not None for share in self.shares)
        return self.spec.escrow is not None and acks == len(self.spec.contributors) * self.spec.escrow.n

    def beacon(self, number: int) -> tuple[str, list[Statement]] | None:
        """Return the value for which enough witnesses vouch, and their statements; None before."""
        told = [one for one in self.statements if one.beacon == number]
        for value in dict.fromkeys(one.value for one in told):
            agreeing = [one for one in told if one.value == value]
            if len(agreeing) >= WITNESSES:
                return value, agreeing
        return None

    @property
    def beacons(self) -> list[str]:
        """The values of the beacons that have spoken, in the order of the spec; all of them, or the draw waits."""
        return [found[0] for n in range(len(self.spec.beacons)) if (found := self.beacon(n)) is not None]

    @property
    def values_open(self) -> bool:
        """Whether values may be told: nothing that precedes them is outstanding."""
        over = self.draw.state == ("closed" if self.spec.escrow is None else "final")
        return over and len(self.beacons) == len(self.spec.beacons)

    def phase(self, now: datetime) -> Phase:
        """Return what the draw waits for."""
        if self.draw.state in ("drawn", "void"):
            return Phase.RESULT if self.draw.state == "drawn" else Phase.VOID
        if self.draw.state == "frozen":
            whole = len(self.given) == len(self.spec.contributors)
            return Phase.CLOSE if whole or now >= self.spec.commit_by else Phase.COMMIT
        if self.draw.state == "closed" and self.spec.escrow is not None:
            return Phase.ESCROW
        if not self.values_open:
            return Phase.BEACON
        return Phase.RECOVER if self.spec.escrow is not None and now >= self.spec.reveal_by else Phase.REVEAL

    def until(self, now: datetime) -> datetime | None:
        """Return until when the draw waits; None if it waits for nothing."""
        spec = self.spec
        return {
            Phase.COMMIT: spec.commit_by,
            Phase.CLOSE: spec.commit_by,
            Phase.ESCROW: spec.escrow.by if spec.escrow else None,
            Phase.BEACON: spec.beacon_by,
            Phase.REVEAL: spec.reveal_by,
            Phase.RECOVER: spec.recover_by,
        }.get(self.phase(now))

    def awaited(self, now: datetime) -> list[str]:
        """Return the contributors on whom the draw waits; none where it waits for a time, a witness or the close."""
        phase = self.phase(now)
        if phase is Phase.COMMIT:
            return [party for party in self.spec.contributors if party not in self.given]
        if phase is Phase.ESCROW:
            slow = {one.holder for one in self.shares if one.ack_token is None} | (
                set(self.given) - set(self.deliveries)
            )
            return [party for party in self.spec.contributors if party in slow]
        if phase is Phase.REVEAL:
            return self.missing
        if phase is Phase.RECOVER:
            holding = {one.holder for one in self.shares if one.party in self.missing and one.value is None}
            return [party for party in self.spec.contributors if party in holding | set(self.missing)]
        return []

    def shares_of(self, party: str) -> dict[int, bytes]:
        """Return the shares of a party's value that holders have given back, lowest number first."""
        return {one.number: one.value for one in self.shares if one.party == party and one.value is not None}

    def put_together(self, party: str, promised: Mapping[int, bytes]) -> bytes | None:
        """Return a missing value from the shares given back; None while they are too few.

        Raises:
            EscrowFault: the party shared another value than it committed to.
        """
        given = self.shares_of(party)
        if self.spec.escrow is None or len(given) < self.spec.escrow.k:
            return None
        return recover(self.spec, party, self.given[party].commitment, promised, sorted(given.items()))

    @property
    def offender(self) -> str | None:
        """Whose escrow is proved false by the shares given back; None as a rule."""
        for party in self.missing:
            given = self.shares_of(party)
            promised = {n: escrow_share_hash(self.draw.spec, party, n, share) for n, share in given.items()}
            try:
                self.put_together(party, promised)
            except EscrowFault as fault:
                return fault.party
            except DrawError:
                continue
        return None

    def why_void(self, now: datetime) -> tuple[str, str | None] | None:
        """Return why the rules leave nothing but to declare the attempt void, and who is to blame; None if it lives."""
        state, spec = self.draw.state, self.spec
        if state == "frozen" and now >= spec.commit_by and len(self.given) < spec.least:
            return "too-few", _only(set(spec.contributors) - set(self.given))
        if state == "closed" and spec.escrow is not None and now > spec.escrow.by:
            if any(self.acknowledged(party) < spec.escrow.k for party in self.deliveries):
                return "escrow-failed", None
            if len(self.deliveries) < spec.least:
                active = {one.holder for one in self.shares if one.ack_token is not None} | set(self.deliveries)
                return "too-few", _only(set(spec.contributors) - active)
        if state in ("closed", "final") and self.phase(now) is Phase.BEACON and now >= spec.beacon_by:
            return "beacon-missing", None
        if self.values_open:
            offender = self.offender
            if offender is not None:
                return "escrow-failed", offender
            if self.missing and now >= spec.recover_by:
                return "not-revealed", _only(set(self.missing))
        return ("reserve-empty", None) if state == "drawn" and self.emptied else None


def _only(parties: set[str]) -> str | None:
    return next(iter(parties)) if len(parties) == 1 else None


async def standing_of(tx: Tx, draw: Draw) -> Standing:
    """Read how far a draw is."""
    spec = read_spec(draw.spec)
    given = {row.party: row for row in await list_contributions(tx, draw.id)}
    deliveries: dict[str, Delivery] = {}
    shares: list[Share] = []
    if spec.escrow is not None and draw.state != "frozen":
        found = (await tx.session.execute(select(Delivery).where(Delivery.draw_id == draw.id))).scalars()
        deliveries = {row.party: row for row in sorted(found, key=lambda row: row.party.encode())}
        query = select(Share).where(Share.draw_id == draw.id)
        shares = sorted((await tx.session.execute(query)).scalars(), key=lambda row: (row.party.encode(), row.number))
    statements: list[Statement] = []
    if spec.beacons:
        told = select(Statement).where(Statement.draw_id == draw.id).order_by(Statement.beacon, Statement.kid)
        statements = list((await tx.session.execute(told)).scalars())
    emptied = draw.state == "drawn" and any(_emptied(step) for step in await list_steps(tx, draw.id))
    return Standing(draw, spec, given, deliveries, tuple(shares), tuple(statements), emptied)


def _emptied(step: Step) -> bool:
    return step.act == "replace" and step.in_leaf is None
