"""Planning, drawing, recording and publishing an inspection: R-DR-03 to R-DR-09, R-DR-12, R-DR-15."""

import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from kernel.db.transaction import Tx
from kernel.drawbook.shelf import find_draw
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted, RuleBroken, TooEarly, VerificationFailed
from kernel.identity.accounts import create_account
from supervision import drawing, freezing, inspections, publication, records, registers
from supervision.drafts import Conflict as Stay
from supervision.drafts import InspectorDraft, InspectorsDraft, PublicationDraft, RateDraft, TargetDraft, TargetsDraft
from supervision.items import ITEMS, items_for
from supervision.queries import list_picks
from supervision.stages import INSPECTION
from supervision.vocabulary import Credit, ResultCode, Stage, TargetKind
from tests.factories.supervision import (
    BODY,
    MEMBERS,
    OTHER_BODY,
    agencies,
    agency_code,
    facts_of,
    make_office,
    make_person,
    plan_draft,
    record_draft,
    view,
)
from tests.factories.trading import at, set_clock


def test_the_list_has_twelve_items_each_with_its_basis() -> None:
    """R-DR-16."""
    assert [item.code for item in ITEMS] == [f"GZ-{n:02d}" for n in range(1, 13)]
    assert all(item.basis and item.kinds and item.level in ("general", "key") for item in ITEMS)
    assert [item.code for item in items_for(TargetKind.AGENCY)] == ["GZ-09"]


def test_a_draw_whose_outcome_may_be_known_cannot_be_given_up() -> None:
    for stage in (Stage.COMMITTED, Stage.DRAWN, Stage.ASSIGNED, Stage.RECORDED):
        assert "terminate" not in {move.act for move in INSPECTION.acts_from(stage)}


async def test_a_plan_takes_the_shares_of_the_parameter_table(tx: Tx) -> None:
    """R-DR-07."""
    office = await make_office(tx)

    await office.planned(tx)

    (planned,) = await facts_of(tx, "inspection.planned")
    assert {credit: rate["percent"] for credit, rate in planned["rates"].items()} == {
        "A": "5",
        "B": "20",
        "C": "60",
        "D": "100",
    }
    assert planned["inspection"] == "CQ-2026-01"


async def test_plans_of_a_year_are_numbered_on(tx: Tx) -> None:
    office = await make_office(tx)
    await office.planned(tx)

    await office.planned(tx)

    assert (await view(tx, office)).number == "CQ-2026-02"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"items": ()}, "items"),
        ({"items": ("GZ-99",)}, "items"),
        ({"items": ("GZ-10",)}, "items"),
        ({"title": "短"}, "title"),
        ({"ends_on": date(2026, 8, 16)}, "ends_on"),
        ({"starts_on": date(2026, 8, 13)}, "starts_on"),
        ({"rates": {Credit.A: RateDraft(percent="0")}}, "rate-A"),
        ({"rates": {Credit.A: RateDraft(percent="many")}}, "rate-A"),
    ],
)
async def test_a_plan_that_does_not_hold_together_is_refused(tx: Tx, changes: dict, field: str) -> None:
    office = await make_office(tx)

    with pytest.raises(InvalidInput) as caught:
        await office.planned(tx, **changes)

    assert field in dict(caught.value.fields)


async def test_fewer_than_two_inspectors_are_refused_with_the_article(tx: Tx) -> None:
    """R-DR-05."""
    office = await make_office(tx)

    with pytest.raises(RuleBroken) as caught:
        await office.planned(tx, team_size=1)

    assert caught.value.findings[0]["rule"] == "R-DR-05"
    assert "第四十二条" in caught.value.detail


async def test_a_general_item_has_a_ceiling_and_a_key_item_has_none(tx: Tx) -> None:
    """R-DR-03, R-DR-07."""
    office = await make_office(tx)
    more = {"rates": {Credit.A: RateDraft(percent="5.1")}}
    key = {"target_kind": TargetKind.PLATFORM, "items": ("GZ-12",)}

    with pytest.raises(RuleBroken) as caught:
        await office.planned(tx, **more)
    await office.planned(tx, **more, **key)

    assert caught.value.findings[0]["rule"] == "R-DR-07"


async def test_only_a_supervisor_plans_and_only_the_own_body_goes_on(tx: Tx) -> None:
    office = await make_office(tx)
    await office.planned(tx)
    stranger = await make_person(tx, "supervisor", "stranger", OTHER_BODY)
    inspector = office.inspectors["zf1"]

    with pytest.raises(NotPermitted):
        await inspections.plan(tx, inspector, plan_draft())
    with pytest.raises(NotPermitted):
        await registers.import_targets(tx, office.centre, TargetsDraft(kind=TargetKind.AGENCY, targets=agencies()))
    with pytest.raises(NotFound):
        await freezing.freeze_targets(tx, stranger, office.vault, office.inspection_id, office.freeze_draft(tx))
    with pytest.raises(NotPermitted):
        await drawing.close(tx, office.centre, office.inspection_id)


async def test_registers_refuse_wrong_codes_and_doubles(tx: Tx) -> None:
    office = await make_office(tx)
    wrong = TargetDraft(unit="91610100MA6T00001X", name="错码公司", credit=Credit.A)
    twice = agencies()[0]

    draft = TargetsDraft(kind=TargetKind.AGENCY, targets=(wrong, twice, twice))

    with pytest.raises(InvalidInput) as caught:
        await registers.import_targets(tx, office.supervisor, draft)

    assert [pointer for pointer, _ in caught.value.fields] == ["targets/0/unit", "targets/2/unit"]


async def test_a_certificate_belongs_to_one_inspector(tx: Tx) -> None:
    office = await make_office(tx)

    draft = InspectorsDraft(inspectors=(InspectorDraft(login="zf2", certificate="ZF-001"),))

    with pytest.raises(InvalidInput, match="检查人员"):
        await registers.import_inspectors(tx, office.supervisor, draft)


async def test_objects_are_drawn_by_class_in_the_announced_numbers(tx: Tx) -> None:
    """R-DR-12, TV-24: shares are rounded up."""
    office = await make_office(tx)

    await office.drawn(tx)

    (frozen,) = await facts_of(tx, "inspection.frozen")
    (drawn,) = await facts_of(tx, "inspection.drawn")
    picks = await list_picks(tx, office.inspection_id)
    assert frozen["members"] == {credit.value: count for credit, count in MEMBERS.items()}
    assert frozen["samples"] == drawn["drawn"] == {"A": 1, "B": 2, "C": 3, "D": 2}
    assert [pick.no for pick in picks] == list(range(1, 9))
    assert [pick.credit for pick in picks] == list("ABBCCCDD")
    assert (await view(tx, office)).stage is Stage.DRAWN


async def test_every_opened_object_is_on_record(tx: Tx) -> None:
    office = await make_office(tx)

    await office.drawn(tx)

    opened = await tx.session.execute(text("SELECT count(*) FROM audit_entry WHERE type = 'draw.identity-opened'"))
    assert opened.scalar_one() == 8


async def test_what_was_inspected_this_year_is_left_out(tx: Tx) -> None:
    """R-DR-15."""
    office = await make_office(tx)
    first = agencies()[0]
    seen = TargetDraft(unit=first.unit, name=first.name, credit=first.credit, last_inspected=date(2026, 1, 1))
    await registers.import_targets(tx, office.supervisor, TargetsDraft(kind=TargetKind.AGENCY, targets=(seen,)))

    await office.drawn(tx)

    (frozen,) = await facts_of(tx, "inspection.frozen")
    assert frozen["skipped"] == 1
    assert frozen["members"]["A"] == MEMBERS[Credit.A] - 1


async def test_an_object_is_not_drawn_again_for_the_same_item(tx: Tx) -> None:
    """R-DR-15: our own records count."""
    office = await make_office(tx)
    await office.assigned(tx)
    first = {pick.unit for pick in await list_picks(tx, office.inspection_id)}
    await office.recorded(tx)

    await office.drawn(tx, starts_on=date(2026, 9, 1), ends_on=date(2026, 9, 2), items=("GZ-09",), rates={})

    assert not first & {pick.unit for pick in await list_picks(tx, office.inspection_id)}


async def test_a_list_with_too_few_inspectors_is_refused_before_the_freeze(tx: Tx) -> None:
    """R-DR-05, R-DR-12: in plain words, with the object's name."""
    target = agency_code(1)
    office = await make_office(tx, inspectors=3, conflicts={2: (target,), 3: (target,)})
    await office.planned(tx)

    with pytest.raises(InvalidInput) as caught:
        await freezing.freeze_targets(
            tx, office.supervisor, office.vault, office.inspection_id, office.freeze_draft(tx)
        )

    assert caught.value.detail.startswith(
        "检查对象“第1招标代理有限公司”可选派的检查人员只有 1 人（回避 2 人），少于 2 人"
    )
    assert await facts_of(tx, "inspection.frozen") == []


async def test_an_object_without_a_possible_lead_is_refused_before_the_freeze(tx: Tx) -> None:
    office = await make_office(tx, inspectors=4, leads=1, conflicts={1: (agency_code(2),)})
    await office.planned(tx)

    with pytest.raises(InvalidInput, match="没有可以带队的执法人员（回避 1 人）"):
        await freezing.freeze_targets(
            tx, office.supervisor, office.vault, office.inspection_id, office.freeze_draft(tx)
        )


async def test_contributors_are_the_body_and_somebody_who_is_not_inspected(tx: Tx) -> None:
    office = await make_office(tx)
    await office.planned(tx)
    inspected = await make_person(tx, "agency", "inspected", (agency_code(3), "第3招标代理有限公司"))
    await create_account(
        tx, login="mute", display_name="无密钥", roles=["centre"], organisation_id=office.centre.organisation_id
    )

    async def freeze(*logins: str) -> uuid.UUID:
        draft = office.freeze_draft(tx, contributors=logins)
        return await freezing.freeze_targets(tx, office.supervisor, office.vault, office.inspection_id, draft)

    with pytest.raises(InvalidInput, match="监督部门必须贡献随机数"):
        await freeze("centre")
    with pytest.raises(InvalidInput, match="至少由两个单位贡献"):
        await freeze("supervisor")
    with pytest.raises(InvalidInput, match="自身在检查对象名录中"):
        await freeze("supervisor", inspected.login)
    with pytest.raises(InvalidInput, match="没有登记签名密钥"):
        await freeze("supervisor", "mute")
    with pytest.raises(InvalidInput, match="没有可以贡献随机数的账户"):
        await freeze("supervisor", "zf1")


async def test_a_silent_contributor_voids_the_attempt_and_the_next_names_it(tx: Tx) -> None:
    """crypto.md §4.1: the same lists, counted in public."""
    office = await make_office(tx)
    await office.planned(tx)
    first = await freezing.freeze_targets(
        tx, office.supervisor, office.vault, office.inspection_id, office.freeze_draft(tx)
    )
    spec = (await find_draw(tx, first)).spec
    await drawing.commit(tx, office.supervisor, office.inspection_id, office.commitment(spec, office.supervisor))
    with pytest.raises(Conflict):
        await drawing.void(tx, office.supervisor, office.inspection_id)
    await set_clock(tx, tx.now + timedelta(minutes=11))

    assert await drawing.void(tx, office.supervisor, office.inspection_id) == "too-few"
    second = await freezing.freeze_targets(
        tx, office.supervisor, office.vault, office.inspection_id, office.freeze_draft(tx)
    )
    await office.play(tx, second)

    again = (await find_draw(tx, second)).spec
    assert again["prev"] is not None
    assert again["pool"]["count"] == spec["pool"]["count"]
    assert (await view(tx, office)).stage is Stage.DRAWN


async def test_a_recused_inspector_is_never_assigned(tx: Tx) -> None:
    """R-DR-05: former employers of every object of class D."""
    barred = (agency_code(36), agency_code(37))
    office = await make_office(tx, conflicts={1: barred})
    await office.assigned(tx)

    teams = await office.opened(tx)

    picks = {pick.target_id: pick for pick in await list_picks(tx, office.inspection_id)}
    kept_away = [team for target, team in teams.items() if picks[target].unit in barred]
    assert len(kept_away) == 2
    assert all(office.inspectors["zf1"] not in team for team in kept_away)
    assert (await view(tx, office)).recusals == 2
    (recusals,) = await facts_of(tx, "inspection.recusals")
    assert {one["unit"] for one in recusals["recusals"]} == set(barred)
    public = await tx.session.execute(text("SELECT visibility FROM audit_entry WHERE type = 'inspection.recusals'"))
    assert public.scalar_one() == "restricted"


async def test_a_conflict_declared_after_the_objects_are_drawn_still_counts(tx: Tx) -> None:
    """R-DR-05."""
    office = await make_office(tx)
    await office.drawn(tx)
    unit = (await list_picks(tx, office.inspection_id))[0].unit
    await registers.declare_conflict(tx, office.inspectors["zf2"], Stay(unit=unit, reason="近亲属任职"))

    draft = office.freeze_draft(tx, contributors=())
    draw_id = await freezing.freeze_inspectors(tx, office.supervisor, office.vault, office.inspection_id, draft)
    await office.play(tx, draw_id)

    teams = await office.opened(tx)
    picks = {pick.target_id: pick.unit for pick in await list_picks(tx, office.inspection_id)}
    assert all(office.inspectors["zf2"] not in team for target, team in teams.items() if picks[target] == unit)


async def test_teams_have_a_lead_and_share_the_work_evenly(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)

    teams = await office.opened(tx)

    loads = dict.fromkeys(office.inspectors, 0)
    for team in teams.values():
        assert len(team) == 2
        assert team[0].login in ("zf1", "zf2", "zf3")
        for actor in team:
            loads[actor.login] += 1
    assert sum(loads.values()) == 16
    assert max(loads.values()) - min(loads.values()) <= 1


async def test_nobody_reads_teams_from_the_database_before_they_are_opened(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)

    rows = await tx.session.execute(text("SELECT inspector_id, target_id FROM supervision_assignment"))

    assert {tuple(row) for row in rows} == {(None, None)}


async def test_an_inspector_opens_only_the_own_assignments(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)
    outsider = await make_person(tx, "inspector", "outsider", BODY)
    one = office.inspectors["zf1"]

    mine = await records.open_assignment(tx, one, office.vault, office.inspection_id)

    await tx.session.flush()
    opened = [pick for pick in await list_picks(tx, office.inspection_id) if pick.team]
    assert {pick.target_id for pick in opened} == set(mine)
    assert all(one.account_id in pick.members for pick in opened)
    with pytest.raises(NotFound):
        await records.open_assignment(tx, outsider, office.vault, office.inspection_id)
    with pytest.raises(NotPermitted):
        await records.open_assignment(tx, office.supervisor, office.vault, office.inspection_id)


async def test_a_record_needs_its_own_team_and_its_time(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)
    teams = await office.opened(tx)
    target, team = next(iter(teams.items()))
    other = next(actor for actor in office.inspectors.values() if actor not in team)

    with pytest.raises(TooEarly):
        await records.record_result(tx, team[0], office.inspection_id, target, record_draft())
    await set_clock(tx, at("2026-08-17 00:00"))
    with pytest.raises(NotFound):
        await records.record_result(tx, other, office.inspection_id, target, record_draft())
    made = await records.record_result(tx, team[0], office.inspection_id, target, record_draft())

    with pytest.raises(NotFound):
        await office.sign(tx, other, made)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"items": {}}, "items"),
        ({"items": {"GZ-09": "issue"}}, "code"),
        ({"items": {"GZ-09": "issue"}, "code": ResultCode.CORRECTION_ORDERED}, "basis"),
        ({"findings": " "}, "findings"),
        ({"summary": ""}, "summary"),
    ],
)
async def test_a_record_that_contradicts_itself_is_refused(tx: Tx, changes: dict, field: str) -> None:
    office = await make_office(tx)
    await office.assigned(tx)
    target, team = next(iter((await office.opened(tx)).items()))
    await set_clock(tx, at("2026-08-17 00:00"))

    with pytest.raises(InvalidInput) as caught:
        await records.record_result(tx, team[0], office.inspection_id, target, record_draft(**changes))

    assert field in dict(caught.value.fields)


async def test_a_record_counts_when_both_have_signed_its_newest_version(tx: Tx) -> None:
    """R-DR-05, R-DR-09."""
    office = await make_office(tx)
    await office.assigned(tx)
    target, (lead, mate) = next(iter((await office.opened(tx)).items()))
    await set_clock(tx, at("2026-08-17 10:00"))
    old = await records.record_result(tx, lead, office.inspection_id, target, record_draft())
    assert not await office.sign(tx, lead, old)
    new = await records.record_result(tx, mate, office.inspection_id, target, record_draft(summary="无异常。"))

    with pytest.raises(Conflict):
        await office.sign(tx, mate, old)
    assert not await office.sign(tx, mate, new)
    with pytest.raises(Conflict):
        await office.sign(tx, mate, new)
    assert await office.sign(tx, lead, new)
    with pytest.raises(Conflict):
        await records.record_result(tx, lead, office.inspection_id, target, record_draft())

    (recorded,) = await facts_of(tx, "inspection.recorded")
    assert recorded["version"] == 2
    assert "code" not in recorded


async def test_a_signature_over_something_else_or_by_another_key_is_refused(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)
    target, (lead, mate) = next(iter((await office.opened(tx)).items()))
    await set_clock(tx, at("2026-08-17 10:00"))
    made = await records.record_result(tx, lead, office.inspection_id, target, record_draft())
    other = records.DraftedRecord(made.id, made.version, {**made.payload, "version": 7})

    with pytest.raises(VerificationFailed):
        await office.sign(tx, lead, other)
    forged = type(lead)(mate.account_id, lead.login, mate.name, mate.roles, mate.organisation_id, "", mate.uscc)
    with pytest.raises(VerificationFailed):
        await office.sign(tx, forged, made)


async def test_the_result_is_due_twenty_working_days_after_the_inspection(tx: Tx) -> None:
    """R-DR-08: from Thursday 2026-08-20, over no holiday, to Thursday 2026-09-17."""
    office = await make_office(tx)
    await office.assigned(tx)

    await office.recorded(tx)

    told = await view(tx, office)
    assert told.stage is Stage.RECORDED
    assert told.finished_on == date(2026, 8, 20)
    assert told.publish_by == date(2026, 9, 17)
    assert "国务院" in told.publish_basis


async def test_a_published_result_is_a_snapshot_that_the_log_holds(tx: Tx) -> None:
    """R-DR-08, R-DR-09."""
    office = await make_office(tx)
    await office.assigned(tx)
    await office.recorded(tx)

    result = await office.published(tx)

    (logged,) = await facts_of(tx, "inspection.published")
    assert logged["result"] == result
    assert not result["late"]
    assert [line["no"] for line in result["results"]] == list(range(1, 9))
    assert all(len(line["team"]) == 2 and line["result"] == "未发现问题" for line in result["results"])
    assert (await view(tx, office)).stage is Stage.PUBLISHED
    with pytest.raises(Conflict):
        await office.published(tx)


async def test_a_late_publication_says_so(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)
    await office.recorded(tx)
    await set_clock(tx, at("2026-09-18 00:00"))

    assert (await office.published(tx))["late"]


async def test_what_law_keeps_closed_is_named_by_its_article_only(tx: Tx) -> None:
    """R-DR-08."""
    office = await make_office(tx)
    await office.assigned(tx)
    await office.recorded(tx)
    unit = (await list_picks(tx, office.inspection_id))[0].unit

    result = await office.published(tx, **{unit: "政府信息公开条例第十五条"})

    assert result["results"][0]["name"] == result["results"][0]["unit"] == ""
    assert result["results"][0]["withheld"] == "政府信息公开条例第十五条"
    assert unit not in str(await facts_of(tx, "inspection.published"))


async def test_nothing_is_published_before_every_object_is_recorded(tx: Tx) -> None:
    office = await make_office(tx)
    await office.assigned(tx)

    draft = PublicationDraft(statement="我确认")

    with pytest.raises(Conflict):
        await publication.publish(tx, office.supervisor, office.inspection_id, draft)


@pytest.mark.parametrize("table", ["supervision_record", "supervision_signature", "supervision_inspector"])
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
async def test_what_was_signed_stays(tx: Tx, table: str, statement: str) -> None:
    column = {"supervision_record": "code", "supervision_signature": "token", "supervision_inspector": "name"}[table]

    with pytest.raises(DBAPIError, match="permission denied"):
        await tx.session.execute(text(statement.format(table, column, column)))


async def test_an_inspection_is_given_up_in_public(tx: Tx) -> None:
    office = await make_office(tx)
    await office.planned(tx)

    await inspections.terminate(tx, office.supervisor, office.inspection_id, "计划调整")

    (given_up,) = await facts_of(tx, "inspection.terminated")
    assert given_up["reason"] == "计划调整"
    with pytest.raises(Conflict):
        await freezing.freeze_targets(
            tx, office.supervisor, office.vault, office.inspection_id, office.freeze_draft(tx)
        )
