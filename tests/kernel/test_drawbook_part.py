"""What a contributor's page says next, at every state of a draw."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from kernel.canonical import b64u_decode
from kernel.db.transaction import Tx
from kernel.drawbook import book
from kernel.drawbook.part import ACTIVE, Step, find_part, list_draws_of
from kernel.identity.accounts import add_person_key, create_account
from kernel.identity.actor import Actor
from tests.kernel.test_drawbook import PARTIES, Play, actor_for

FIRST, SECOND = PARTIES[:2]


async def signer(tx: Tx, play: Play, party: str) -> Actor:
    """The account whose key the spec names for a party."""
    account = await create_account(tx, login=f"{party} signs", display_name=f"{party} signs", roles=["agency"])
    await add_person_key(tx, account.id, purpose="sign", spki=b64u_decode(play.contributor(party)["spki"]))
    return replace(actor_for(party), account_id=account.id)


async def step(tx: Tx, play: Play, actor: Actor, *, may_close: bool = False) -> Step:
    await tx.session.flush()
    return (await find_part(tx, actor, play.draw_id, may_close=may_close)).step


async def past(tx: Tx, play: Play, minutes: int) -> Tx:
    """The same transaction, later: only its fixed instant counts here."""
    return Tx(tx.session, tx.now + timedelta(minutes=minutes), rehearsal=True)


async def test_each_state_has_its_step(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)
    first, second = await signer(tx, play, FIRST), await signer(tx, play, SECOND)
    stranger, colleague = actor_for("another agency"), actor_for(FIRST)

    assert [await step(tx, play, who) for who in (first, second, stranger)] == [Step.COMMIT, Step.COMMIT, Step.WATCH]
    told = await find_part(tx, colleague, play.draw_id, may_close=False)
    assert (told.step, told.signer) == (Step.OTHER, f"{FIRST} signs")

    await play.commit(tx, FIRST)
    assert [await step(tx, play, who) for who in (first, second)] == [Step.AWAIT_COMMITS, Step.COMMIT]
    for party in PARTIES[1:]:
        await play.commit(tx, party)
    assert await step(tx, play, first) is Step.AWAIT_CLOSE
    assert await step(tx, play, first, may_close=True) is Step.REVEAL

    await book.close(tx, play.draw_id)
    assert await step(tx, play, colleague) is Step.REVEAL  # whoever of the organisation holds the file
    await play.reveal(tx, FIRST)
    assert [await step(tx, play, who) for who in (first, second)] == [Step.AWAIT_REVEALS, Step.REVEAL]
    for party in PARTIES[1:]:
        await play.reveal(tx, party)
    assert [await step(tx, play, who) for who in (first, stranger)] == [Step.DRAWN, Step.DRAWN]


async def test_time_that_has_passed_shows_as_stuck_and_a_late_value_still_counts(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)
    first = await signer(tx, play, FIRST)
    later = await past(tx, play, 10)

    assert await step(later, play, first) is Step.STUCK
    await play.commit(tx)
    assert await step(later, play, first, may_close=True) is Step.REVEAL
    await book.close(tx, play.draw_id)
    await play.reveal(tx, FIRST)
    latest = await past(tx, play, 60)
    assert await step(latest, play, first) is Step.STUCK
    assert await step(latest, play, actor_for(SECOND)) is Step.REVEAL
    part = await find_part(latest, actor_for(SECOND), play.draw_id, may_close=False)
    assert part.overdue
    assert part.until == part.reveal_by
    assert [row.revealed_at is not None for row in part.rows if row.mine] == [False]


async def test_a_void_attempt_asks_nobody_for_anything(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)
    await tx.session.execute(text("UPDATE draw_draw SET state = 'void' WHERE id = :id"), {"id": play.draw_id})
    tx.session.expire_all()

    for party in PARTIES:
        part = await find_part(tx, actor_for(party), play.draw_id, may_close=True)
        assert part.step is Step.VOID
        assert part.step not in ACTIVE
        assert part.until is None


async def test_an_organisation_finds_its_own_draws_only(tx: Tx) -> None:
    play = Play()
    await play.freeze(tx)

    assert [draw.id for draw in await list_draws_of(tx, actor_for(FIRST))] == [play.draw_id]
    assert await list_draws_of(tx, actor_for("nobody")) == []
    assert await list_draws_of(tx, actor_for("")) == []
