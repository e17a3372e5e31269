"""Invitations, prequalification, corrections and the notices that acts bring about."""

from typing import Any

import pytest
from sqlalchemy import text

from kernel.db.transaction import Tx
from kernel.errors import Conflict, DeadlinePassed, InvalidInput, NotFound, NotPermitted, RuleBroken, TooEarly
from tests.factories.trading import (
    AGENCY,
    BIDDERS,
    BUYER,
    OTHER_AGENCY,
    TradingWorld,
    at,
    entries,
    lot_draft,
    make_actor,
    make_lot,
    make_planned_lot,
    make_published_lot,
    project_draft,
    set_clock,
    uscc,
)
from trading import facade
from trading.admission_rules import Invitee, read_invitees
from trading.affiliation_checks import AffiliationDraft
from trading.affiliations import ask_declaration, decide
from trading.announcement import NoticeKind
from trading.applying import apply, find_own_application, list_applications, withdraw_application
from trading.correcting import correct_lot
from trading.documents import PREQUALIFICATION, upload_document
from trading.drafts import (
    CorrectionDraft,
    InvitationDraft,
    ObjectionAnswerDraft,
    ObjectionDraft,
    PrequalificationDraft,
    Procedure,
    VerdictDraft,
)
from trading.inviting import decide_invitation
from trading.messages import list_messages
from trading.models.project import Lot, Project
from trading.notices import publish_notice
from trading.objections import answer_objection, raise_objection
from trading.prequalifying import announce_prequalification, conclude_prequalification, postpone_prequalification
from trading.reading import list_notices_of, load_notice, search_notices
from trading.special_notices import post_postponement, post_termination
from trading.visibility import require_admitted, view_lot, view_notice
from trading.vocabulary import ObjectionOutcome, TenderMethod

INVITED = project_draft(method=TenderMethod.INVITED)
FIRMS = tuple(Invitee(uscc(code[:17]), name) for code, name in BIDDERS)
PREQUALIFIED = lot_draft(procedure=Procedure(prequalified=True))


def invitation(**changes: Any) -> InvitationDraft:
    values: dict[str, Any] = {
        "ground": "few_bidders",
        "reason": "专用设备，国内只有少数单位能够制造",
        "approved_by": "云岭市发展和改革委员会",
        "approval_no": "云发改〔2026〕18 号",
        "invitees": FIRMS,
    }
    return InvitationDraft(**values | changes)


# ---- invitations ----


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ground": "because"}, "ground"),
        ({"reason": " "}, "reason"),
        ({"approved_by": ""}, "approved_by"),
        ({"approval_no": ""}, "approval_no"),
    ],
)
async def test_an_invitation_names_ground_and_approval(tx: Tx, changes: dict[str, Any], field: str) -> None:
    """R-AWD-08."""
    world = await make_lot(tx, project=INVITED)

    with pytest.raises(InvalidInput) as refusal:
        await decide_invitation(tx, world.agency, world.lot_id, invitation(**changes))

    assert [name for name, _ in refusal.value.fields] == [field]


async def test_at_least_three_are_invited_and_none_of_the_buying_side(tx: Tx) -> None:
    """R-THR-10."""
    world = await make_lot(tx, project=INVITED)

    with pytest.raises(RuleBroken, match="招标投标法》第十七条"):
        await decide_invitation(tx, world.agency, world.lot_id, invitation(invitees=FIRMS[:2]))
    own = Invitee(world.agency.uscc, "代理")
    with pytest.raises(RuleBroken, match="不能邀请招标人"):
        await decide_invitation(tx, world.agency, world.lot_id, invitation(invitees=(*FIRMS, own)))
    assert await decide_invitation(tx, world.agency, world.lot_id, invitation()) == 1
    assert await decide_invitation(tx, world.agency, world.lot_id, invitation(reason="另一理由")) == 2
    with pytest.raises(NotFound):
        await decide_invitation(tx, world.other_agency, world.lot_id, invitation())


async def test_an_invitation_is_seen_by_the_invited_alone_until_bids_are_closed(tx: Tx) -> None:
    """R-ANN-05; 招投法 17."""
    world = await make_planned_lot(tx, project=INVITED)
    with pytest.raises(Conflict, match="受邀单位"):
        async with tx.session.begin_nested():
            await publish_notice(tx, world.agency, world.lot_id)
    await decide_invitation(tx, world.agency, world.lot_id, invitation())

    posted = await publish_notice(tx, world.agency, world.lot_id)

    notice = await view_notice(tx, world.bidders[0], posted.id)
    said = str(notice.content)
    assert notice.kind is NoticeKind.INVITATION
    assert "只有少量潜在投标人" in said
    assert "云发改〔2026〕18 号" in said
    assert not any(firm.name in said or firm.uscc in said for firm in FIRMS)
    for stranger in (None, world.other_agency):
        with pytest.raises(NotFound):
            await view_notice(tx, stranger, posted.id)
        with pytest.raises(NotFound):
            await view_lot(tx, stranger, world.lot_id)
    assert await search_notices(tx) == []
    assert await facade.list_lots(tx) == []
    assert [m.kind for m in await list_messages(tx, world.bidders[2])] == ["invitation"]
    (decided,) = await entries(tx, "invitation.decided")
    (published,) = await entries(tx, "notice.published")
    assert decided["visibility"] == published["visibility"] == "parties"
    assert not any(firm.name in str(decided) or firm.uscc in str(decided) for firm in FIRMS)
    with pytest.raises(Conflict):
        await decide_invitation(tx, world.agency, world.lot_id, invitation())

    await set_clock(tx, at("2026-08-06 14:00"))
    await facade.mark_closed(tx, world.lot_id)
    assert (await view_notice(tx, None, posted.id)).id == posted.id
    assert [line.id for line in await search_notices(tx)] == [posted.id]


async def test_only_the_invited_may_take_part(tx: Tx) -> None:
    world = await make_planned_lot(tx, project=INVITED)
    await decide_invitation(
        tx, world.agency, world.lot_id, invitation(invitees=(*FIRMS[:2], Invitee(uscc("91420100MA4K00000"), "别家")))
    )
    await publish_notice(tx, world.agency, world.lot_id)
    lot = await facade.get_lot(tx, world.lot_id)

    await require_admitted(tx, world.bidders[0], lot)
    with pytest.raises(NotFound):
        await require_admitted(tx, world.bidders[2], lot)

    objection = ObjectionDraft(text="缺少工期。", request="补充。", interest="本单位拟参与本项目的分包。")
    with pytest.raises(NotFound):  # a stranger neither learns of the tender nor stops it
        await raise_objection(tx, world.bidders[2], world.holders, world.lot_id, objection)
    raised = await raise_objection(tx, world.bidders[0], world.holders, world.lot_id, objection)
    answer = ObjectionAnswerDraft(outcome=ObjectionOutcome.DISMISSED, text="已在第二章写明。")
    await answer_objection(tx, world.agency, world.holders, raised, answer)
    (told,) = await entries(tx, "objection.answered")
    assert told["visibility"] == "parties"  # what the invitation's documents say is in nobody's public log yet


def test_invitees_are_read_line_by_line_with_every_fault() -> None:
    firms = [Invitee(uscc(code[:17]), name) for code, name in (BUYER, AGENCY, OTHER_AGENCY)]
    good = "\n".join(f"{firm.uscc} {firm.name}" for firm in firms)

    assert read_invitees(f"{good}\n\n") == (firms, [])
    found, faults = read_invitees(f"{good}\n{firms[0].uscc} 又一次\n12345 短码\n{firms[1].uscc}")
    assert found == firms
    assert [fault[:5] for fault in faults] == ["第 4 行", "第 5 行", "第 6 行"]


# ---- prequalification ----


def dates(**changes: str) -> PrequalificationDraft:
    said = {"documents_from": "2026-07-13 10:00", "documents_to": "2026-07-20 17:00", "deadline": "2026-07-27 10:00"}
    return PrequalificationDraft(**{name: at(text) for name, text in (said | changes).items()})


OPERATOR = ("12420000MB1D5E6F7U", "云岭市公共资源交易中心")


async def announced(tx: Tx) -> TradingWorld:
    world = await make_lot(tx, lot=PREQUALIFIED)
    await upload_document(
        tx,
        world.agency,
        world.files,
        world.lot_id,
        name="资格预审文件.pdf",
        data=b"%PDF-1.7 x",
        purpose=PREQUALIFICATION,
    )
    await announce_prequalification(tx, world.agency, world.lot_id, dates())
    return world


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"documents_to": "2026-07-17 17:00"}, "R-TIME-01"),
        ({"deadline": "2026-07-24 10:00"}, "R-TIME-02"),
    ],
)
async def test_the_dates_of_a_prequalification_keep_the_law(tx: Tx, changes: dict[str, str], rule: str) -> None:
    world = await make_lot(tx, lot=PREQUALIFIED)
    await upload_document(
        tx,
        world.agency,
        world.files,
        world.lot_id,
        name="资格预审文件.pdf",
        data=b"%PDF-1.7 x",
        purpose=PREQUALIFICATION,
    )

    with pytest.raises(RuleBroken) as refusal:
        await announce_prequalification(tx, world.agency, world.lot_id, dates(**changes))

    assert [finding["rule"] for finding in refusal.value.findings] == [rule]


async def test_a_prequalification_brings_only_those_who_passed_into_the_tender(tx: Tx) -> None:
    """R-TIME-02, R-THR-10, R-ANN-05."""
    world = await announced(tx)
    notice = (await list_notices_of(tx, world.lot_id))[0]
    assert notice.kind is NoticeKind.PREQUALIFICATION
    assert (await view_lot(tx, None, world.lot_id)).published_at is None

    with pytest.raises(TooEarly):
        await apply(tx, world.bidders[0], world.files, world.lot_id, "满足", [("申请.pdf", b"%PDF-1.7 a")])
    await set_clock(tx, at("2026-07-15 10:00"))
    for bidder in world.bidders:
        await apply(tx, bidder, world.files, world.lot_id, "满足全部条件", [("申请.pdf", b"%PDF-1.7 a")])
    await apply(tx, world.bidders[0], world.files, world.lot_id, "改后的说明", [("业绩.pdf", b"%PDF-1.7 b")])
    own = await find_own_application(tx, world.bidders[0], world.lot_id)
    assert own is not None
    assert (own.statement, [item["name"] for item in own.files]) == ("改后的说明", ["申请.pdf", "业绩.pdf"])
    assert await list_applications(tx, world.agency, world.lot_id) == []
    query = "SELECT pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polname = 'kernel_file_oversight'"
    assert "trading.application" in (await tx.session.execute(text(query))).scalar_one()  # nor does supervision count
    with pytest.raises(TooEarly):
        await conclude_prequalification(tx, world.agency, world.lot_id, ())

    await set_clock(tx, at("2026-07-27 10:00"))
    with pytest.raises(DeadlinePassed):
        await apply(tx, world.bidders[1], world.files, world.lot_id, "迟到", [])
    with pytest.raises(DeadlinePassed):
        await withdraw_application(tx, world.bidders[1], world.lot_id)
    found = await list_applications(tx, world.agency, world.lot_id)
    assert len(found) == 3
    with pytest.raises(NotFound):
        await list_applications(tx, world.other_agency, world.lot_id)
    with pytest.raises(InvalidInput):
        await conclude_prequalification(
            tx, world.agency, world.lot_id, (VerdictDraft(application_id=found[0].id, passed=True),)
        )
    with pytest.raises(InvalidInput):
        await conclude_prequalification(
            tx, world.agency, world.lot_id, tuple(VerdictDraft(application_id=item.id, passed=False) for item in found)
        )

    verdicts = tuple(VerdictDraft(application_id=item.id, passed=True) for item in found)
    posted = await conclude_prequalification(tx, world.agency, world.lot_id, verdicts)

    said = str((await load_notice(tx, posted.id)).content)
    assert "资格预审有效" in said
    assert not any(bidder.organisation_name in said for bidder in world.bidders)
    lot = await facade.get_lot(tx, world.lot_id)
    await require_admitted(tx, world.bidders[1], lot)
    with pytest.raises(NotPermitted, match="通过资格预审"):
        await require_admitted(tx, world.other_agency, lot)
    assert {e["visibility"] for e in await entries(tx, "application.submitted")} == {"sealed"}


async def test_with_fewer_than_three_that_pass_no_notice_goes_out(tx: Tx) -> None:
    """R-THR-10 (条例 19)."""
    world = await make_planned_lot(tx, lot=PREQUALIFIED)
    with pytest.raises(Conflict, match="请先完成资格预审"):
        async with tx.session.begin_nested():
            await publish_notice(tx, world.agency, world.lot_id)
    await set_clock(tx, at("2026-07-13 09:30"))
    await upload_document(
        tx, world.agency, world.files, world.lot_id, name="预审.pdf", data=b"%PDF-1.7 x", purpose=PREQUALIFICATION
    )
    await announce_prequalification(tx, world.agency, world.lot_id, dates())
    await set_clock(tx, at("2026-07-27 10:00"))

    posted = await conclude_prequalification(tx, world.agency, world.lot_id, ())

    assert "重新招标" in str((await load_notice(tx, posted.id)).content)
    await set_clock(tx, at("2026-07-16 21:50"))
    with pytest.raises(Conflict, match="不足法定人数"):
        await publish_notice(tx, world.agency, world.lot_id)


async def test_a_postponed_prequalification_shows_the_difference_and_keeps_three_days(tx: Tx) -> None:
    """R-TIME-05."""
    world = await announced(tx)
    await set_clock(tx, at("2026-07-26 10:00"))

    with pytest.raises(RuleBroken) as refusal:
        await postpone_prequalification(tx, world.agency, world.lot_id, at("2026-07-28 10:00"), "补充说明")
    assert refusal.value.findings[0]["rule"] == "R-TIME-05"
    posted = await postpone_prequalification(tx, world.agency, world.lot_id, at("2026-07-29 10:00"), "补充说明")

    body = (await load_notice(tx, posted.id)).content["body"]
    (shown,) = [block for block in body if block["kind"] == "table"]
    assert shown["rows"] == [["资格预审申请截止时间", "2026年7月27日10时00分", "2026年7月29日10时00分"]]


# ---- corrections and other notices ----


async def test_a_correction_shows_old_and_new_side_by_side_and_keeps_the_old_version(tx: Tx) -> None:
    world = await make_published_lot(tx)
    (first,) = await list_notices_of(tx, world.lot_id)

    draft = CorrectionDraft(reason="核对后更正", term="合同签订后 90 日内交货", price_cap="4900000.00")
    posted = await correct_lot(tx, world.agency, world.holders, world.lot_id, draft)

    body = (await load_notice(tx, posted.id)).content["body"]
    shown = next(block for block in body if block.get("label") == "更正前后对照")
    assert shown["rows"] == [
        ["期限", "合同签订后 60 日内交货", "合同签订后 90 日内交货"],
        ["最高投标限价（元）", "5,000,000.00", "4,900,000.00"],
    ]
    old = await load_notice(tx, first.id)
    assert (old.superseded_by, old.content["data"]["term"]) == (posted.id, "合同签订后 60 日内交货")
    lot = await facade.get_lot(tx, world.lot_id)
    assert (lot.price_cap_fen, lot.deadline) == (490_000_000, at("2026-08-06 14:00"))
    assert [m.kind for m in await list_messages(tx, world.bidders[0])] == ["correction"]


async def test_a_late_correction_moves_the_deadline_or_is_refused(tx: Tx) -> None:
    """R-TIME-04: fifteen days are left on 22 July, fourteen on 23 July."""
    world = await make_published_lot(tx)
    await set_clock(tx, at("2026-07-23 10:00"))
    draft = CorrectionDraft(reason="更正", quantity="2 批")

    with pytest.raises(RuleBroken) as refusal:
        async with tx.session.begin_nested():
            await correct_lot(tx, world.agency, world.holders, world.lot_id, draft)
    assert refusal.value.findings[0]["earliest"] == "2026-08-07"
    moved = CorrectionDraft(reason="更正", quantity="2 批", move_as_needed=True)
    posted = await correct_lot(tx, world.agency, world.holders, world.lot_id, moved)

    assert (await facade.get_lot(tx, world.lot_id)).deadline == at("2026-08-07 14:00")
    assert "2026年8月7日14时00分" in str((await load_notice(tx, posted.id)).content["body"])


@pytest.mark.parametrize(
    ("draft", "fields"),
    [
        (CorrectionDraft(reason="", quantity="2 批"), ["reason"]),
        (CorrectionDraft(reason="无"), ["form"]),
        (CorrectionDraft(reason="无", quantity="1 批"), ["form"]),
        (CorrectionDraft(reason="早", deadline=at("2026-08-01 14:00")), ["deadline"]),
        (CorrectionDraft(reason="空", place=" ", qualifications=()), ["place", "qualifications"]),
        (CorrectionDraft(reason="价", price_cap="一千"), ["price_cap"]),
    ],
)
async def test_bad_corrections_are_refused_beside_their_field(
    tx: Tx, draft: CorrectionDraft, fields: list[str]
) -> None:
    world = await make_published_lot(tx)

    with pytest.raises(InvalidInput) as refusal:
        await correct_lot(tx, world.agency, world.holders, world.lot_id, draft)

    assert [name for name, _ in refusal.value.fields] == fields
    with pytest.raises(NotFound):
        await correct_lot(tx, world.other_agency, world.holders, world.lot_id, draft)


async def test_postponement_and_termination_have_notices_of_their_own(tx: Tx) -> None:
    """R-TIME-04, R-TIME-24."""
    world = await make_published_lot(tx)
    lot = await tx.session.get(Lot, world.lot_id)
    project = await tx.session.get(Project, world.project_id)
    assert lot is not None
    assert project is not None

    late = await post_postponement(
        tx, world.agency, lot, project, old=at("2026-08-06 14:00"), new=at("2026-08-10 14:00"), reason="澄清"
    )
    end = await post_termination(tx, world.buyer, lot, project, reason="项目取消", refund="5 个工作日内退还")

    assert {(await load_notice(tx, item.id)).kind for item in (late, end)} == {
        NoticeKind.POSTPONEMENT,
        NoticeKind.TERMINATION,
    }
    assert "-YQGG-1" in late.number
    assert "-ZZGG-1" in end.number
    with pytest.raises(RuleBroken, match="终止招标的原因"):
        await post_termination(tx, world.buyer, lot, project, reason="", refund="退还")


async def test_an_affiliate_of_the_operator_does_not_apply(tx: Tx) -> None:
    """R-ET-01: it is kept out at the first door, not only when it joins."""
    world = await announced(tx)
    affiliate = world.bidders[0]
    asking, deciding = [await make_actor(tx, role, OPERATOR) for role in ("system_admin", "security_admin")]
    draft = AffiliationDraft(
        kind="holding",
        uscc=affiliate.uscc,
        name=affiliate.organisation_name,
        to="operator",
        basis="国家企业信用信息公示系统 2026-07-01 股东信息",
        since="2026-01-01",
    )
    await decide(tx, deciding, await ask_declaration(tx, asking, draft), approve=True)
    await set_clock(tx, at("2026-07-15 10:00"))

    with pytest.raises(NotPermitted, match="第二十三条"):
        await apply(tx, affiliate, world.files, world.lot_id, "满足", [("申请.pdf", b"%PDF-1.7 a")])
    await apply(tx, world.bidders[1], world.files, world.lot_id, "满足", [("申请.pdf", b"%PDF-1.7 a")])
