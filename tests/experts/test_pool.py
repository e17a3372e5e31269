import uuid
from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from experts.admission import check_row
from experts.committee import request_committee
from experts.drafts import CommitteeDraft, NewExpert, NewGroup
from experts.models.committee import Exclusion
from experts.models.pool import Expert
from experts.pool import change_standing, import_experts
from experts.standing import POOL
from experts.vocabulary import Standing
from kernel.canonical import b64u_encode
from kernel.codes import citizen_check_char, citizen_number_valid
from kernel.crypto.keys import KeyKind, generate
from kernel.db.transaction import Tx
from kernel.drawbook.vault import Vault
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted, RuleBroken
from kernel.identity.accounts import add_person_key
from kernel.identity.actor import Actor
from kernel.states import MoveNotAllowed
from portal.demo.experts_pool import faulty_rows, make_pool
from tests.factories.trading import entries, make_actor, uscc
from tests.worlds.evaluation_world import OpenedLot, make_opened_lot
from tests.worlds.expert_world import CENTRE, OVERSIGHT, experts, import_pool
from trading.vocabulary import Role

ROW = msgspec.convert(make_pool([])[0], NewExpert)


@given(st.text("0123456789", min_size=17, max_size=17), st.integers(0, 16), st.integers(1, 9))
def test_one_changed_digit_of_an_identity_number_is_found(stem: str, place: int, by: int) -> None:
    other = stem[:place] + str((int(stem[place]) + by) % 10) + stem[place + 1 :]

    assert citizen_check_char(stem) != citizen_check_char(other)


# GB 11643-1999, annex: 110105194912310 02 X and 440524188001010014.
@pytest.mark.parametrize("number", ["11010519491231002X", "440524188001010014"])
def test_the_examples_of_the_standard_hold(number: str) -> None:
    assert citizen_number_valid(number)
    assert not citizen_number_valid(number[:6] + "19491331" + number[14:])


@pytest.mark.parametrize(
    "changes, word",
    [
        ({"id_number": "990000198104240050"}, "身份证"),
        ({"employer_uscc": "91420105MA4K01A9X5"}, "信用代码"),
        ({"years": 7}, "8年"),
        ({"title": "工程师"}, "高级职称"),
        ({"specialities": ()}, "专业"),
        ({"specialities": ("X01",)}, "专业代码"),
        ({"specialities": ("A080104", "B013200", "C050200")}, "二级专业"),
        ({"specialities": tuple(f"A08010{n}" for n in range(1, 8))}, "三级专业"),
    ],
)
def test_a_row_with_a_fault_stays_out(changes: dict[str, object], word: str) -> None:
    faults = check_row(msgspec.structs.replace(ROW, **changes))

    assert any(word in fault for fault in faults), faults


def test_every_generated_expert_is_admissible_and_nobody_twice() -> None:
    rows = experts(2000)

    assert [row for row in rows if check_row(row)] == []
    assert len({row.id_number for row in rows}) == 2000


def test_the_state_table_has_no_way_back_from_removal() -> None:
    assert POOL.acts_from(Standing.REMOVED) == ()
    with pytest.raises(MoveNotAllowed):
        POOL.move("admit", Standing.APPLIED)


async def test_an_import_takes_good_rows_tells_bad_ones_and_roots_the_pool(tx: Tx) -> None:
    centre, vault = await make_actor(tx, "centre", CENTRE), Vault(generate(KeyKind.P256))
    rows = [*experts(20), *(msgspec.convert(row, NewExpert) for row in faulty_rows())]

    done = await import_experts(tx, centre, vault, [*rows, rows[0]])

    assert (done.imported, done.total) == (20, 20)
    assert [item.row for item in done.refused] == [21, 22, 23, 24]
    rooted = (await entries(tx, "pool.rooted"))[-1]
    assert rooted["visibility"] == "public"
    assert rooted["facts"]["root"] == b64u_encode(done.root)
    kept = (await tx.session.execute(text("SELECT experts_expert::text FROM experts_expert"))).scalars().all()
    assert not [row for row in rows if any(row.id_number in line for line in kept)]
    again = await import_experts(tx, centre, vault, rows[:20])
    assert again.imported == 0


async def test_only_the_centre_touches_the_pool(tx: Tx) -> None:
    agency, vault = await make_actor(tx, "agency", CENTRE), Vault(generate(KeyKind.P256))

    with pytest.raises(NotPermitted):
        await import_experts(tx, agency, vault, [ROW])
    with pytest.raises(NotPermitted):
        await change_standing(tx, agency, uuid.uuid4(), "suspend", "文件")


async def test_a_change_of_standing_needs_a_document_and_changes_the_root(tx: Tx) -> None:
    centre, vault = await make_actor(tx, "centre", CENTRE), Vault(generate(KeyKind.P256))
    done = await import_experts(tx, centre, vault, [ROW])
    expert = (await tx.session.execute(select(Expert.id))).scalar_one()
    with pytest.raises(InvalidInput):
        await change_standing(tx, centre, expert, "suspend", " ")

    after = await change_standing(tx, centre, expert, "suspend", "鄂发改〔2026〕1 号")

    assert after is Standing.SUSPENDED
    assert (await entries(tx, "pool.rooted"))[-1]["facts"]["root"] != b64u_encode(done.root)


async def made(tx: Tx, **pool: object) -> tuple[OpenedLot, Actor, Vault]:
    """Return an opened lot, its agency with a key, and a pool of 400 with the bidders' people in it."""
    opened, vault = await make_opened_lot(tx), Vault(generate(KeyKind.P256))
    oversight = await make_actor(tx, Role.SUPERVISOR, OVERSIGHT)
    agency = opened.trading.agency
    for actor in (agency, oversight):
        await add_person_key(tx, actor.account_id, purpose="sign", spki=generate(KeyKind.P256).public.spki)
    await import_pool(tx, await make_actor(tx, "centre", CENTRE), vault, opened.trading)
    return opened, agency, vault


def draft(tx: Tx, **changes: object) -> CommitteeDraft:
    asked = CommitteeDraft(
        groups=(NewGroup("B0133", 4), NewGroup("C0502", 1)),
        begins_at=tx.now + timedelta(hours=20),
        place="评标一室",
    )
    return msgspec.structs.replace(asked, **changes)


async def test_recusal_is_applied_before_the_freeze_and_its_digests_are_public(tx: Tx) -> None:
    opened, agency, vault = await made(tx)

    frozen = await request_committee(tx, agency, vault, opened.lot_id, draft(tx))

    rows = (await tx.session.execute(select(Exclusion))).scalars().all()
    assert sorted(row.ground for row in rows) == ["buyer_or_agency"] * 2 + ["economic_interest"] * 4
    assert (frozen.pool, frozen.excluded) == (394, 6)
    told = (await entries(tx, "draw.avoidance"))[0]
    assert told["visibility"] == "public"
    assert told["facts"]["digests"] == sorted(b64u_encode(row.digest) for row in rows)
    assert "ground" not in str(told["facts"])
    first, second = (
        await tx.session.execute(
            text(
                "SELECT min(id) FILTER (WHERE type = 'draw.avoidance'), min(id) FILTER (WHERE type = 'draw.spec')"
                " FROM audit_entry"
            )
        )
    ).one()
    assert first < second


@pytest.mark.parametrize(
    "changes, rule",
    [
        ({"groups": (NewGroup("B0133", 4),)}, "R-COM-01"),
        ({"groups": (NewGroup("B0133", 3),)}, "R-COM-01"),
    ],
)
async def test_an_unlawful_committee_is_refused_with_its_article(tx: Tx, changes: dict[str, object], rule: str) -> None:
    opened, agency, vault = await made(tx)

    with pytest.raises(RuleBroken) as refusal:
        await request_committee(tx, agency, vault, opened.lot_id, draft(tx, **changes))

    assert rule in {finding["rule"] for finding in refusal.value.findings}
    assert all(finding["article"] for finding in refusal.value.findings)


async def test_experts_are_drawn_at_most_a_day_before(tx: Tx) -> None:
    opened, agency, vault = await made(tx)
    edge = tx.now + timedelta(hours=24)

    late = draft(tx, begins_at=edge + timedelta(microseconds=1))
    with pytest.raises(RuleBroken) as refusal:
        await request_committee(tx, agency, vault, opened.lot_id, late)
    await request_committee(tx, agency, vault, opened.lot_id, draft(tx, begins_at=edge))

    assert refusal.value.findings[0]["rule"] == "R-DRAW-01"
    with pytest.raises(Conflict):
        await request_committee(tx, agency, vault, opened.lot_id, draft(tx))


async def test_a_stranger_and_a_short_pool_are_refused(tx: Tx) -> None:
    opened, agency, vault = await made(tx)

    with pytest.raises(NotFound):
        await request_committee(tx, opened.trading.other_agency, vault, opened.lot_id, draft(tx))
    short = draft(tx, groups=(NewGroup("B0133", 4), NewGroup("A0113", 1)))
    with pytest.raises(InvalidInput, match="不足"):
        await request_committee(tx, agency, vault, opened.lot_id, short)


async def test_named_units_stay_out(tx: Tx) -> None:
    opened, agency, vault = await made(tx)
    unit = (await tx.session.execute(select(Expert.employer_uscc).order_by(Expert.number.desc()).limit(1))).scalar_one()

    await request_committee(tx, agency, vault, opened.lot_id, draft(tx, named_units=(unit,)))

    named = (await tx.session.execute(select(Exclusion.unit).where(Exclusion.ground == "named_unit"))).scalars().all()
    assert set(named) == {unit}
    assert uscc(unit[:17]) == unit
