"""The issue's list of bad input, case by case: where it comes in, and the message of its own that answers it.

Licence attacks are made and judged in `test_licence_attacks.py`; here each case of the list is held to its words.
"""

from dataclasses import dataclass

import pytest

from bidding.diagnosis import USCC_FAULTS, WORDS
from kernel.codes import uscc_check_char
from tests.bidding.test_licence_attacks import ATTACKS, present
from tests.world import World
from tests.worlds.bidding_world import BiddingWorld, uscc

GOOD = "91350100M000100Y43"
ATTACK = {attack.name: attack for attack in ATTACKS}


@dataclass(frozen=True, slots=True)
class Typed:
    """A credit code in a form."""

    case: str
    typed: str
    told: str


@dataclass(frozen=True, slots=True)
class Presented:
    """A licence at the sign-in."""

    case: str
    attack: str
    told: str


FORM = [
    Typed("wrong check digit", GOOD[:-1] + "4", "第 18 位校验码 4 与前 17 位不符"),
    Typed("letter I", "91350100I000100Y43", "是否应为数字 1"),
    Typed("letter O", "9135010OM000100Y43", "是否应为数字 0"),
    Typed("letter S", "91350100S000100Y43", "是否应为数字 5"),
    Typed("letter V", "91350100V000100Y43", "是否应为字母 U 或 Y"),
    Typed("letter Z", "91350100M000100Y4Z", "是否应为数字 2"),
    Typed("15-digit number", "420000000012345", "15 位的旧注册号"),
    Typed("unknown region", "91990000M000100Y4" + uscc_check_char("91990000M000100Y4"), "行政区划代码"),
]
LICENCE = [
    Presented("wrong check digit", "wrong check character", "校验位不正确"),
    Presented("letters I O S V Z", "letter that is left out", "不使用字母 I、O、S、V、Z"),
    Presented("lower case", "lower case", "字母应为大写"),
    Presented("15-digit number", "fifteen digits", "15 位的旧工商注册号"),
    Presented("a licence of another firm", "licence of another firm", "不能用别家单位的执照登录"),
    Presented("an expired one", "expired licence", "已过有效期，请先到发照机关换发"),
    Presented("a future one", "future licence", "尚未生效"),
    Presented("a replayed challenge", "used already", "已失效或已使用"),
    Presented("a forged challenge", "never given out", "已失效或已使用"),
    Presented("a forged answer", "another key", "签名不正确"),
    Presented("another browser's challenge", "another browser's challenge", "另一个浏览器会话"),
    Presented("a chain with a wrong key usage", "encryption certificate", "加密证书不能用于登录"),
    Presented("a path too long", "path too long", "超出签发机构允许的层级"),
    Presented("full-width characters", "full width", "全角字符"),
]


@pytest.mark.parametrize("row", LICENCE, ids=lambda row: row.case)
def test_a_licence_that_does_not_hold_is_answered_in_its_own_words(row: Presented) -> None:
    """Source: R-LIC-08, R-USC-05"""
    attack = ATTACK[row.attack]

    with pytest.raises(Exception, match=row.told) as refusal:
        present(attack)

    every = [*WORDS.values(), *USCC_FAULTS.values()]
    assert every.count(str(refusal.value)) == 1


async def test_a_code_that_does_not_hold_is_answered_in_its_own_words_wherever_it_is_typed(world: World) -> None:
    """Source: R-USC-01 to R-USC-05"""
    bw = BiddingWorld(world)
    system = await bw.staff("sys", "system_admin", code=uscc(700_001), organisation="数据局")
    centre = await bw.staff("he.jing", "centre", code=uscc(700_002), organisation="交易中心（洪湖）")
    wish = {"login": "lin", "name": "林蔚", "roles": ["centre"], "organisation": "交易中心", "reason": "任职通知"}
    tie = {"kind": "holding", "name": "某公司", "to": "operator", "basis": "股东名册", "since": "2026-01-01"}
    told: list[str] = []

    for row in FORM:
        account = await system.post("/api/v1/accounts", json={**wish, "uscc": row.typed})
        affiliate = await system.post("/api/v1/affiliations", json={**tie, "uscc": row.typed})
        shown = await centre.get("/c/parties", params={"q": row.typed}, headers={"accept": "text/html"})
        for answer in (account, affiliate):
            assert answer.status_code == 422
            (fault,) = answer.json()["errors"]
            assert fault["pointer"] == "uscc"
            assert row.told in fault["detail"]
        assert row.told in shown.text
        told.append(fault["detail"])
    lower = await centre.get("/c/parties", params={"q": GOOD.lower()}, headers={"accept": "text/html"})
    width = {**wish, "uscc": uscc(700_002), "organisation": "交易中心(洪湖)"}
    named = await system.post("/api/v1/accounts", json=width)
    other = await system.post("/api/v1/accounts", json={**width, "organisation": "别的中心"})

    assert len(set(told)) == len(told), "no two faults share a message"
    assert "小写字母已改为大写字母" in lower.text
    assert named.status_code == other.status_code == 422
    assert "只有全角、半角字符或空格不同" in named.json()["errors"][0]["detail"]
    assert "名称不一致" in other.json()["errors"][0]["detail"]


async def test_two_browsers_or_two_wallets_at_one_code_are_told_so(world: World) -> None:
    """Source: R-LIC-08"""
    bw = BiddingWorld(world)
    company = await bw.company(1)
    mine, theirs, wallet, second = (world.client() for _ in range(4))
    code = await bw.begin_scan(mine)
    await theirs.get("/api/v1/time")
    prompt = (await bw.open_scan(wallet, code["id"])).json()

    other_wallet = await bw.open_scan(second, code["id"], secret="x" * 22)
    await bw.answer_scan(wallet, code["id"], await bw.token(company, prompt))
    other_browser = await theirs.post(f"/api/v1/auth/licence/scans/{code['id']}/session", json={})
    collected = await mine.post(f"/api/v1/auth/licence/scans/{code['id']}/session", json={})

    assert (other_wallet.status_code, other_wallet.json()["reason"]) == (409, "taken")
    assert "已被另一台设备扫描" in other_wallet.json()["detail"]
    assert (other_browser.status_code, other_browser.json()["reason"]) == (409, "elsewhere")
    assert "属于另一个浏览器" in other_browser.json()["detail"]
    assert collected.status_code == 200
