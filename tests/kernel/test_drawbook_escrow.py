"""Escrow and beacons in the live book, and the attacks 26, 27, 34 and 35 of crypto.md §13 against it."""

import copy
import uuid
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from kernel.canonical import b64u_decode, b64u_encode, format_time
from kernel.crypto import split32
from kernel.draw import DrawError, verify_draw
from kernel.draw import records as rec
from kernel.draw.escrow import hand_out
from kernel.drawbook import escrowing, revealing
from kernel.drawbook.standing import Phase
from kernel.drawbook.tokens import read_token
from kernel.errors import (
    Conflict,
    DeadlinePassed,
    DomainError,
    InvalidInput,
    NotFound,
    NotPermitted,
    TooEarly,
    VerificationFailed,
)
from tests.kernel.test_drawbook import Play, actor_for
from tests.world import World
from tests.worlds.draw_world import filler
from tests.worlds.escrow_world import BEACON, COMMIT, ESCROW, FOUR, NUMBERS, REVEAL, THREE, Live


async def refused(kind: type[DomainError], act: Awaitable[Any], match: str | None = None) -> None:
    with pytest.raises(kind, match=match) as caught:
        await act
    assert type(caught.value) is kind


# 26: commitments


async def test_nothing_enters_the_seed_after_the_close(world: World) -> None:
    live = await Live(world, FOUR).freeze()
    await live.commit("agency", "centre")
    await refused(TooEarly, live.close())
    await refused(Conflict, live.commit("agency"), "不能更换")
    await live.clock(COMMIT)
    await live.close()

    await refused(Conflict, live.commit("owner"))
    await refused(VerificationFailed, live.do(lambda tx: _commit_of_another(tx, live)))
    standing = await live.standing()
    assert list(standing.given) == ["agency", "centre"]
    assert standing.phase(live.at(COMMIT)) is Phase.ESCROW


async def _commit_of_another(tx: Any, live: Live) -> None:
    """A token of one party under another's name."""
    token = live.sign("agency", rec.COMMIT_TYP, rec.commit_payload(live.spec, "owner", bytes(32)))
    read_token(live.spec, token, rec.COMMIT_TYP, what="承诺")


async def test_too_few_commitments_or_deliveries_end_the_attempt_before_anything_is_known(world: World) -> None:
    live = await Live(world, FOUR).freeze()
    await live.commit("agency")
    await live.clock(COMMIT)
    await refused(Conflict, live.close())
    assert await live.void() == "too-few"

    again = Live(world, FOUR, play=replace(live.play))
    await again.freeze("D-2", prev=live.spec.ref)
    await again.commit()
    await again.close()
    await again.deliver("agency")
    await again.acknowledge("centre", "agency")
    await again.acknowledge("owner", "agency")
    await again.clock(ESCROW + 0.1)
    await refused(DeadlinePassed, again.deliver("centre"))
    assert (await again.standing()).why_void(again.at(ESCROW + 1)) == ("too-few", "supervisor")
    assert await again.void() == "too-few"
    assert (await again.draw()).void_party == "supervisor"


async def test_values_match_their_commitments_and_wait_for_escrow(world: World) -> None:
    live = await Live(world).freeze()
    await live.commit()
    await refused(TooEarly, live.reveal("agency"), "承诺尚未截止")
    await live.close()
    await refused(TooEarly, live.reveal("agency"), "托管尚未完成")
    await live.deliver()
    for holder in THREE:
        await live.acknowledge(holder)

    for party, value, kind in (
        ("agency", filler("another"), VerificationFailed),
        ("centre", filler("centre"), NotPermitted),
        ("nobody", filler("agency"), NotFound),
    ):
        await refused(
            kind,
            live.do(lambda tx, p=party, v=value: revealing.reveal(tx, actor_for("agency"), live.id, p, v)),  # type: ignore[misc]
        )
    assert await live.reveal()
    assert (await live.verified()).parties == THREE


# 27: another try


async def test_nobody_gets_a_second_draw_after_seeing_the_first(world: World) -> None:
    live = await Live(world).escrowed()
    await refused(Conflict, live.void(), "仍然有效")
    await live.reveal("agency", "centre")
    await refused(Conflict, live.void(), "仍然有效")
    again = Live(world, play=replace(live.play))
    await refused(Conflict, again.freeze("D-2"), "不能重新抽取")
    await live.reveal("supervisor")

    await refused(Conflict, live.void(), "仍然有效")
    await refused(Conflict, again.freeze("D-2"), "不能重新抽取")
    await refused(Conflict, again.freeze("D-2", prev=live.spec.ref), "不能重新抽取")


async def test_a_void_attempt_must_be_named(world: World) -> None:
    live = await Live(world).freeze()
    await live.clock(COMMIT)
    assert await live.void() == "too-few"
    again = Live(world, play=replace(live.play))

    await refused(InvalidInput, again.freeze("D-2"), "作废")
    await refused(InvalidInput, again.freeze("D-2", prev=b64u_encode(bytes(32))), "作废")
    await again.freeze("D-2", prev=live.spec.ref)


# 34: too early, another round


async def test_shares_wait_for_the_close(world: World) -> None:
    live = await Live(world).freeze()
    await live.commit()
    token = live.escrow_token("agency")
    await refused(TooEarly, live.give("agency", token), "承诺尚未截止")

    await live.close()
    await refused(NotPermitted, live.give("centre", token))
    await live.give("agency", token)
    await refused(Conflict, live.give("agency", live.escrow_token("agency")), "不能更换")
    foreign = await Live(world, play=Play(), parties=FOUR).freeze("D-9")
    payload = rec.escrow_payload(foreign.spec, "centre", hand_out(foreign.spec, "centre", filler("centre")))
    await refused(VerificationFailed, live.give("centre", live.sign("centre", rec.ESCROW_TYP, payload)))
    await refused(VerificationFailed, live.give("centre", live.escrow_token("centre", signer="agency")))


async def test_an_escrow_that_strangers_could_not_verify_is_not_taken(world: World) -> None:
    live = await Live(world).freeze()
    await live.commit()
    await live.close()
    good = rec.escrow_payload(live.spec, "agency", hand_out(live.spec, "agency", filler("agency")))
    first, second = good["shares"]

    for shares in (
        [first],
        [second, first],
        [first | {"kid": second["kid"]}, second],
        [first | {"ct": "AA"}, second],
        [first | {"more": 1}, second],
        [first, second | {"sc": "AA"}],
        [first | {"i": True}, second],
        None,
    ):
        token = live.sign("agency", rec.ESCROW_TYP, good | {"shares": shares})
        await refused(VerificationFailed, live.give("agency", token))
    for more in ({"v": True}, {"more": 1}, {"type": "draw.escrow-ack"}):
        await refused(VerificationFailed, live.give("agency", live.sign("agency", rec.ESCROW_TYP, good | more)))
    await live.give("agency", live.sign("agency", rec.ESCROW_TYP, good))


async def test_a_holder_vouches_for_its_own_share_only(world: World) -> None:
    live = await Live(world).freeze()
    await live.commit()
    await live.close()
    await live.deliver("agency")
    number, _, sc = await live.open("centre", "agency")
    told = rec.ack_payload(live.spec, "agency", "centre", number, b64u_decode(sc, 32))

    for signer, changes, kind in (
        ("centre", {"sc": b64u_encode(bytes(32))}, VerificationFailed),
        ("centre", {"v": 2}, VerificationFailed),
        ("supervisor", {}, VerificationFailed),
        ("centre", {"i": 2}, NotFound),
        ("centre", {"i": "1"}, InvalidInput),
        ("centre", {"party": "supervisor"}, NotFound),
    ):
        token = live.sign(signer, rec.ACK_TYP, told | changes)
        await refused(kind, live.acknowledged("centre", token))
    token = live.sign("centre", rec.ACK_TYP, told)
    await refused(NotPermitted, live.acknowledged("supervisor", token))
    assert not await live.acknowledged("centre", token)
    assert not await live.acknowledged("centre", token)  # an answer that was lost is asked for again
    assert (await live.standing()).acknowledged("agency") == 1


async def test_a_beacon_of_another_time_or_round_counts_for_nothing(world: World) -> None:
    live = Live(world, beacon=True)
    first, second, third = await live.witnesses()
    await live.escrowed()
    await refused(TooEarly, live.state(first, live.statement(1)), "尚未产生")
    await refused(TooEarly, live.reveal("agency"), "公共随机数尚未公布")

    await live.clock(BEACON)
    for token in (
        live.statement(1, at=format_time(live.at(BEACON - 5))),
        live.statement(1, source="another lottery"),
        live.statement(1, spec=b64u_encode(bytes(32))),
        live.statement(1, beacon=1),
        live.statement(1, value="2,5,8"),
        live.statement(4),
    ):
        await refused(VerificationFailed, live.state(first, token))
    await refused(NotPermitted, live.state(second, live.statement(1)))
    assert not await live.state(first, live.statement(1, "1.1.1./"))
    assert not await live.state(second, live.statement(2))
    assert not await live.state(second, live.statement(2))
    assert await live.state(first, live.statement(1))  # corrected before two agreed
    await refused(Conflict, live.state(third, live.statement(3, "9.9.9./")), "已经确定")
    assert await live.reveal()

    told, pool = await live.files()
    verified = verify_draw(told, pool, world.services.trust)
    assert (verified.signed, verified.parties) == (True, THREE)
    assert b64u_decode(told["beacons"][0]["value"]) == NUMBERS.encode()
    for broken in ({"value": b64u_encode(b"1.1.1./")}, {"statements": told["beacons"][0]["statements"][:1]}):
        forged = copy.deepcopy(told)
        forged["beacons"][0] |= broken
        with pytest.raises(DrawError) as caught:
            verify_draw(forged, pool)
        assert caught.value.code == "beacon"


@pytest.mark.parametrize("minutes", [COMMIT, ESCROW])
async def test_a_beacon_that_speaks_before_the_contributors_are_final_is_not_frozen(world: World, minutes: int) -> None:
    live = Live(world, beacon=True)
    live.frozen_at = (await Live(world, play=Play()).freeze("D-7")).frozen_at
    early = {"kind": "public-numbers", "at": format_time(live.at(minutes)), "source": "x"}

    witnesses = [live.witness(1), live.witness(2)]
    await refused(InvalidInput, live.freeze(beacons=[early | {"witnesses": witnesses}]))


async def test_a_beacon_needs_two_others_as_witnesses_and_a_source(world: World) -> None:
    live = Live(world, beacon=True)
    live.frozen_at = (await Live(world, play=Play()).freeze("D-7")).frozen_at
    good = {"kind": "public-numbers", "at": format_time(live.at(BEACON)), "source": "x"}
    own = {name: live.play.contributor("agency")[name] for name in ("kid", "spki")}

    for beacon in (
        good | {"witnesses": [live.witness(1)]},
        good | {"witnesses": [live.witness(1)] * 2},
        good | {"witnesses": [live.witness(1), own]},
        good | {"witnesses": [live.witness(1), live.witness(2)], "source": " "},
        good | {"witnesses": "two"},
        good | {"witnesses": [live.witness(1), live.witness(2)], "kind": "drand"},
    ):
        await refused(InvalidInput, live.freeze(beacons=[beacon]))


async def test_a_draw_whose_beacon_stays_away_is_void(world: World) -> None:
    live = Live(world, ("agency", "supervisor"), beacon=True, escrow=False)
    first, *_ = await live.witnesses()
    await live.freeze()
    await live.commit()
    await live.close()
    await live.clock(BEACON)
    await live.state(first, live.statement(1))
    await refused(Conflict, live.void())
    await live.clock((BEACON + REVEAL) / 2)

    await refused(DeadlinePassed, live.state(first, live.statement(1)))
    assert await live.void() == "beacon-missing"
    assert (await live.draw()).void_party is None


# 35: silence and false escrow


async def test_recovery_gives_the_seed_that_the_silent_one_would_have_given(world: World) -> None:
    live = await Live(world).escrowed()
    await live.reveal("centre", "supervisor")
    await refused(TooEarly, live.hand_back("centre", "agency"))
    await live.clock(REVEAL)
    number, share, _ = await live.open("centre", "agency")
    await refused(VerificationFailed, live.give_back("centre", "agency", number, bytes(32)))
    await refused(NotPermitted, live.give_back("supervisor", "agency", number, share))
    await refused(NotFound, live.give_back("centre", "agency", 3, share))
    await refused(Conflict, live.hand_back("agency", "centre"))
    await refused(Conflict, live.void())

    assert not await live.hand_back("centre", "agency")
    assert not await live.hand_back("centre", "agency")
    assert await live.hand_back("supervisor", "agency")

    told, pool = await live.files()
    recovered = verify_draw(told, pool, world.services.trust)
    by_hand = {reveal["party"]: reveal for reveal in told["reveals"]}
    assert b64u_decode(by_hand["agency"]["r"]) == filler("agency")
    assert [len(by_hand[party]["shares"] or ()) for party in THREE] == [2, 0, 0]
    same = copy.deepcopy(told)
    for reveal in same["reveals"]:
        reveal["shares"] = None
    assert verify_draw(same, pool, world.services.trust).seed == recovered.seed
    forged = copy.deepcopy(told)
    forged["reveals"][0]["shares"][0]["share"] = b64u_encode(bytes(32))
    with pytest.raises(DrawError, match="void"):
        verify_draw(forged, pool)


async def test_who_does_not_deliver_drops_out_and_who_delivers_does_not(world: World) -> None:
    live = await Live(world, FOUR).freeze()
    await live.commit()
    await live.close()
    await live.deliver("agency", "centre", "supervisor")
    for holder, others in (("agency", ("centre", "supervisor")), ("centre", ("supervisor",))):
        await live.acknowledge(holder, *others)
    await live.acknowledge("owner", "centre", "supervisor", "agency")
    await refused(TooEarly, live.do(lambda tx: escrowing.settle(tx, live.id)))
    late = live.at(ESCROW + 1)
    assert (await live.standing()).why_void(late) == ("escrow-failed", None)  # the agency delivered; one ack is too few
    await live.acknowledge("supervisor", "agency")
    assert (await live.standing()).why_void(late) is None
    await live.clock(ESCROW + 0.1)
    await world.rounds.run()

    assert (await live.draw()).state == "final"
    await refused(Conflict, live.reveal("owner"), "已退出")
    assert await live.reveal("agency", "centre", "supervisor")
    verified = await live.verified()
    assert verified.parties == ("agency", "centre", "supervisor")


async def test_a_false_escrow_is_proved_and_its_author_stays_out_of_the_next_attempt(world: World) -> None:
    live = await Live(world).freeze()
    await live.commit()
    await live.close()
    await live.give("agency", live.escrow_token("agency", value=filler("not what was committed to")))
    await live.deliver("centre", "supervisor")
    for holder in THREE:
        await live.acknowledge(holder)
    await live.reveal("centre", "supervisor")
    await live.clock(REVEAL)
    await live.hand_back("centre", "agency")
    assert not await live.hand_back("supervisor", "agency")

    standing = await live.standing()
    assert standing.offender == "agency"
    await refused(Conflict, live.reveal("agency"), "托管是假的")
    assert await live.void() == "escrow-failed"
    draw = await live.draw()
    assert draw.void_party == "agency"
    again = Live(world, play=replace(live.play))
    await refused(InvalidInput, again.freeze("D-2", prev=live.spec.ref), "不能再参与")
    rest = Live(world, ("centre", "supervisor"), escrow=False, play=replace(live.play))
    await rest.freeze("D-2", prev=live.spec.ref)
    await rest.commit()
    await rest.close()
    assert await rest.reveal()

    told, pool = await rest.files()
    assert verify_draw(told, pool, world.services.trust).parties == ("centre", "supervisor")
    assert told["attempts"][0]["void"]["detail"]["party"] == "agency"


async def test_silence_of_more_than_the_escrow_covers_is_void_in_the_end(world: World) -> None:
    live = await Live(world).escrowed()
    await live.reveal("supervisor")
    await live.clock(REVEAL)
    await live.hand_back("supervisor", "agency")
    await refused(Conflict, live.void(), "仍然有效")
    await live.clock(REVEAL + (REVEAL - ESCROW))

    assert await live.void() == "not-revealed"
    assert (await live.draw()).void_party is None  # two are silent


async def test_a_late_value_still_completes_the_draw(world: World) -> None:
    live = await Live(world).escrowed()
    await live.reveal("agency", "centre")
    await live.clock(REVEAL + 1)
    await live.hand_back("agency", "supervisor")

    assert await live.reveal("supervisor")
    told, pool = await live.files()
    assert told["reveals"][2]["shares"] is None
    assert verify_draw(told, pool, world.services.trust)


async def test_a_draw_without_escrow_knows_no_shares(world: World) -> None:
    live = await Live(world, ("agency", "supervisor"), escrow=False).freeze()
    await live.commit()
    await live.close()
    payload: dict[str, Any] = {"v": 1, "type": "draw.escrow", "spec": live.spec.ref, "party": "agency", "shares": []}

    await refused(Conflict, live.give("agency", live.sign("agency", rec.ESCROW_TYP, payload)), "不设托管")
    await refused(NotFound, live.state(actor_for("agency"), "a.b.c"))
    await refused(Conflict, live.give_back("agency", "supervisor", 1, split32(bytes(32), 2, 2)[0][1]))


async def test_what_was_signed_in_an_escrow_cannot_be_changed_in_the_database(world: World) -> None:
    live = await Live(world).escrowed()

    for statement in (
        "UPDATE draw_delivery SET token = 'x'",
        "DELETE FROM draw_share",
        "UPDATE draw_share SET holder = 'x'",
        "DELETE FROM draw_statement",
    ):
        with pytest.raises(Exception, match="permission denied"):
            await live.do(lambda tx, s=statement: tx.session.execute(text(s)))  # type: ignore[misc]
    assert isinstance(live.id, uuid.UUID)
