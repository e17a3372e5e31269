"""The policy table: every door asks for an act that it has, every act has a door, and it contradicts nothing."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.routes import HTTPRoute

from kernel.errors import NotPermitted
from kernel.identity import policy
from kernel.identity.actor import system_actor
from kernel.identity.policy import PolicyFault, read_policy
from kernel.web.guards import Permits
from portal.cli import main
from portal.policy import platform_policy
from portal.routes import ROUTES
from trading.vocabulary import Role

ADMINS = {"system_admin", "security_admin", "audit_admin"}
TABLE = platform_policy()


def acts_of_doors() -> set[str]:
    app = Litestar(route_handlers=list(ROUTES), openapi_config=None)
    return {
        guard.act
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        for guard in handler.guards or []
        if isinstance(guard, Permits)
    }


def write(tmp_path: Path, words: str) -> Path:
    file = tmp_path / "policy.toml"
    file.write_text('role = [{ name = "agency", title = "代理" }]\n' + words, encoding="utf-8")
    return file


def test_every_door_asks_for_an_act_that_the_table_has() -> None:
    assert acts_of_doors() <= TABLE.rules.keys()


def test_no_role_may_do_everything_and_the_administrators_do_nothing_of_a_procedure() -> None:
    business = {act for act, rule in TABLE.rules.items() if not rule.roles & ADMINS}

    for role in TABLE.roles:
        assert any(role not in rule.roles for rule in TABLE.rules.values())
    assert not any(TABLE.rules[act].roles & ADMINS for act in business)
    prepares = {act for act, rule in TABLE.rules.items() if "system_admin" in rule.roles}
    assert prepares == {"staff.prepare", "staff.read", "policy.read", "affiliation.declare", "affiliation.read"}
    reads = {act for act, rule in TABLE.rules.items() if "audit_admin" in rule.roles}
    assert reads == {"access.audit", "policy.read", "affiliation.read"}


def test_who_asks_for_a_privileged_act_never_approves_it() -> None:
    """Source: R-SEC-02"""
    assert not TABLE.rule("staff.prepare").roles & TABLE.rule("staff.approve").roles
    assert not TABLE.rule("affiliation.declare").roles & TABLE.rule("affiliation.approve").roles


@given(st.sets(st.sampled_from(sorted(TABLE.roles))))
def test_nobody_holds_two_administrations_or_runs_the_platform_and_bids(roles: set[str]) -> None:
    runs = ADMINS | {"operator"}
    forbidden = len(roles & ADMINS) > 1 or bool(roles & runs and roles & {"bidder", "agency"})

    assert not forbidden or TABLE.conflicts(roles)


def test_supervision_watches_and_decides_no_trade() -> None:
    """Source: R-SEC-11"""
    watches = {"supervisor", "inspector"}
    trade = {
        act
        for act, rule in TABLE.rules.items()
        if rule.roles & {"procuring_entity", "agency", "bidder"} and not rule.act.endswith((".read", ".list"))
    }
    shared = {act for act in trade if TABLE.rules[act].roles & watches}

    # Drawing lots takes a number from supervision; its own seal is its own; at an opening it is present and signs so.
    present = {"opening.attend", "opening.sign"}
    assert shared == {"draw.contribute", "draw.end", "inspection.contribute", "seal.confirm"} | present
    assert {"award.decide", "bid.submit", "notice.publish", "opening.confirm", "candidates.publish"} <= trade
    for one in sorted(watches):
        for other in ("procuring_entity", "agency", "bidder", "centre"):
            assert TABLE.conflicts({one, other}), f"{one} and {other}"


def test_every_role_alone_is_possible() -> None:
    assert [role for role in TABLE.roles if TABLE.conflicts({role})] == []


def test_every_role_of_the_procedures_is_declared() -> None:
    assert {role.value for role in Role} - {"system"} <= TABLE.roles.keys()


def test_the_clock_is_admitted_to_no_act_of_a_person() -> None:
    for act in TABLE.rules:
        with pytest.raises(NotPermitted):
            policy.require(system_actor(), act)


def test_an_act_that_the_table_does_not_have_is_a_defect_not_a_refusal() -> None:
    with pytest.raises(PolicyFault):
        policy.require(system_actor(), "no.such-act")


@pytest.mark.parametrize(
    "words",
    [
        '[[act]]\nname = "a"\ntitle = "甲"\n',
        '[[act]]\nname = "a"\ntitle = "甲"\nroles = ["agncy"]\n',
        '[[act]]\nname = "a"\ntitle = "甲"\nroles = []\nscope = "everything"\n',
        '[[act]]\nname = "a"\ntitle = "甲"\nroles = []\nstepup = true\n',
        '[[act]]\nname = "a"\ntitle = "甲"\nroles = []\n[[act]]\nname = "a"\ntitle = "乙"\nroles = []\n',
        '[[apart]]\none = ["nobody"]\nother = ["agency"]\narticle = ""\nmessage = ""\n',
    ],
    ids=["no roles", "unknown role", "unknown scope", "unknown member", "double", "apart"],
)
def test_a_table_with_a_slip_is_refused(tmp_path: Path, words: str) -> None:
    with pytest.raises(PolicyFault):
        read_policy(write(tmp_path, words))


def test_a_new_limit_holds_from_its_day_on_and_of_several_roles_the_strictest(tmp_path: Path) -> None:
    rows = [
        ("[]", "2026-01-01", 120, 720),
        ('["agency"]', "2026-01-01", 60, 700),
        ('["agency"]', "2027-01-01", 30, 800),
    ]
    words = "".join(
        f'[[session]]\nroles = {roles}\nsince = {since}\nidle_min = {idle}\nabsolute_min = {absolute}\nbasis = ""\n'
        for roles, since, idle, absolute in rows
    )
    table = read_policy(write(tmp_path, words))

    assert table.limits(["expert"], date(2026, 6, 1)).idle == timedelta(minutes=120)
    assert table.limits(["agency"], date(2026, 12, 31)).idle == timedelta(minutes=60)
    assert table.limits(["agency"], date(2027, 1, 1)).idle == timedelta(minutes=30)
    assert TABLE.limits(["centre", "system_admin"], date(2026, 6, 1)).idle == timedelta(minutes=30)


def test_the_command_prints_the_table_for_people_and_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["policy"]) == 0
    shown = capsys.readouterr().out
    assert main(["policy", "--json", "--role", "audit_admin"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert "award.decide" in shown
    assert "确定中标人" in shown
    assert {row["act"] for row in told["acts"]} == {"policy.read", "access.audit", "affiliation.read"}
    assert main(["policy", "--role", "emperor"]) == 2
