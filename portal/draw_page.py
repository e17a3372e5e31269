"""What the public page of a draw shows: rule, frozen pool, contributions, outcome, replacements; never a name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from kernel.canonical import b64u_encode, parse_time
from kernel.clock import SHANGHAI
from kernel.draw.panel import matches
from kernel.drawbook.models import Draw, Step
from kernel.drawbook.standing import Standing
from kernel.drawbook.steps import steps_of, waiting_of

_PURPOSES = {
    "experts": "评标专家抽取",
    "opening": "开标随机参数抽取",
    "targets": "检查对象抽取",
    "inspectors": "检查人员抽取",
}
#: What a draw is for, where the spec names it by a code.
_FOR = {"targets": "“双随机、一公开”检查", "inspectors": "“双随机、一公开”检查", "experts": "评标委员会"}
_PARTIES = {
    "agency": "招标代理机构",
    "procuring_entity": "招标人",
    "supervisor": "行政监督部门",
    "centre": "交易中心",
}
_ALGORITHMS = {
    "panel/1": "在满足全部条件的组合中等概率抽取",
    "strata/1": "按信用等级分层抽取",
    "assign/1": "随机匹配检查人员",
    "order/1": "随机排序",
    "worder/1": "加权随机排序",
}
_REASONS = {"refused": "不接受", "no-answer": "未应答", "avoidance": "回避", "absent": "缺席"}
_MASKED = "结果公告后公开姓名"


@dataclass(frozen=True, slots=True)
class Pick:
    """One selected leaf, by its code."""

    no: int
    name: str
    sub: str


@dataclass(frozen=True, slots=True)
class PickGroup:
    """The selected of one group, class or object."""

    title: str
    picks: list[Pick]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A step of the replacement log."""

    no: int
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DrawPage:
    """The context of `portal/draw.html`."""

    no: str
    title: str
    purpose: str
    state: tuple[str, str]
    steps: list[tuple[str, str, str]]
    facts: list[tuple[str, str]]
    groups: list[PickGroup]
    odds: list[tuple[str, str]]
    waiting: str
    transcript: list[tuple[str, str, str, str, bool]]
    verify_href: str
    json_href: str
    pool_href: str
    pdf_href: str
    cli: str
    log_index: int | None
    attempts: int
    replacements: list[Replaced]


def draw_page(
    standing: Standing,
    now: datetime,
    steps: Sequence[Step],
    *,
    names: Mapping[str, str],
    attempts: int,
    log_index: int | None,
    pdf_href: str = "",
    step_times: Sequence[datetime],
) -> DrawPage:
    """Put the page together.

    Args:
        names: of the contributors' organisations, by party.
        attempts: how many void attempts came before.
        pdf_href: address of the sealed record, once it is made.
        step_times: instant of each replacement, in order.
    """
    draw = standing.draw
    base = f"/api/v1/verify/draws/{draw.id}"
    drawn = draw.state == "drawn"
    return DrawPage(
        no=draw.number,
        title=title_of(draw),
        purpose=purpose_of(draw),
        state=_STATES[draw.state],
        steps=steps_of(standing, now),
        waiting=waiting_of(standing, now, names),
        facts=_facts(draw),
        groups=_groups(draw),
        odds=_odds(draw),
        transcript=_transcript(standing),
        verify_href=base if drawn else "",
        json_href=f"{base}/transcript.json",
        pool_href=f"{base}/pool.json",
        pdf_href=pdf_href,
        cli=f"./sunlit verify {draw.number}.transcript.json {draw.number}.pool.json",
        log_index=log_index,
        attempts=attempts,
        replacements=[
            Replaced(number, _replaced(step), at)
            for number, (step, at) in enumerate(zip(steps, step_times, strict=True), 1)
        ],
    )


_STATES = {
    "frozen": ("info", "名录已冻结，等待各方承诺"),
    "closed": ("seal", "承诺已截止"),
    "final": ("seal", "托管已完成"),
    "drawn": ("ok", "已抽取，可复算"),
    "void": ("bad", "已作废"),
}


def purpose_of(draw: Draw) -> str:
    """Return what the draw is for, in words."""
    return _FOR.get(draw.purpose, draw.purpose)


def title_of(draw: Draw) -> str:
    """Return what is drawn, in words."""
    return _PURPOSES.get(str(draw.spec["stage"]).split("/")[0], "公开抽取")


def party_words(party: str) -> str:
    """`agency:9161…` → 招标代理机构（9161…）."""
    role, _, code = party.partition(":")
    return f"{_PARTIES.get(role, role)}（{code}）" if code else _PARTIES.get(role, party)


def _local(instant: datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")


def _facts(draw: Draw) -> list[tuple[str, str]]:
    spec = draw.spec
    pools = [spec["pool"]] if "pool" in spec else list(spec["pools"].values())
    told = [("候选名录", " / ".join(f"{pool['count']:,} 名" for pool in pools))]
    told.append(("抽取方法", f"{spec['algo']}：{_ALGORITHMS[spec['algo']]}"))
    if spec["algo"] == "panel/1":
        people = "" if spec["stage"].startswith("opening/") else " 人"
        counts = (f"{group['v']} {group['n']}{people}" for group in spec["params"]["groups"])
        told.append(("抽取人数" if people else "抽取个数", "，".join(counts)))
        if spec["params"]["cap"]:
            told.append(("限制", f"同一单位至多 {spec['params']['cap']['max']} 人"))
    if spec["algo"] == "strata/1":
        rates = spec["params"]["rates"]
        told.append(
            ("各级比例", "，".join(f"{name} 级 {rate['num']}/{rate['den']}" for name, rate in sorted(rates.items())))
        )
    told.append(("贡献方", "，".join(party_words(row["party"]) for row in spec["contributors"])))
    if spec["escrow"]:
        told.append(("托管", f"每方的随机数分给其他 {spec['escrow']['n']} 方，任意 {spec['escrow']['k']} 份可以恢复"))
    for beacon in spec["beacons"]:
        told.append(("公共随机数", f"{beacon['source']}，{_local(parse_time(beacon['at']))} 产生，两名见证人登记"))
    return told


def _groups(draw: Draw) -> list[PickGroup]:
    output = draw.output or {}
    if "groups" in output:
        titles = [str(group["v"]) for group in draw.spec["params"]["groups"]]
        values = {entry["l"]: str(entry["p"]["value"]) for entry in draw.pools["pool"] if "value" in entry["p"]}
        return [_picks(title, leaves, values) for title, leaves in zip(titles, output["groups"], strict=True)]
    if "classes" in output:
        return [_picks(f"{name} 级", leaves) for name, leaves in sorted(output["classes"].items())]
    if "teams" in output:
        return [_picks(f"对象 {thing[:8]}…", team) for thing, team in output["teams"]]
    return [_picks("次序", output["order"])] if "order" in output else []


def _picks(title: str, leaves: Sequence[str], values: Mapping[str, str] | None = None) -> PickGroup:
    """Return the selected; what is drawn from public values shows its value, people only their codes."""
    values = values or {}
    return PickGroup(
        title,
        [
            Pick(number, values[leaf], f"{leaf[:8]}…") if leaf in values else Pick(number, f"{leaf[:8]}…", _MASKED)
            for number, leaf in enumerate(leaves, 1)
        ],
    )


def _odds(draw: Draw) -> list[tuple[str, str]]:
    """Chance per group, published beside each draw because quotas make it differ (crypto.md §4.3, honesty note)."""
    if draw.spec["algo"] != "panel/1":
        return []
    pool = draw.pools["pool"]
    return [
        (str(group["v"]), f"{group['n']} / {sum(matches(entry['p'], group['a'], group['v']) for entry in pool):,}")
        for group in draw.spec["params"]["groups"]
    ]


def _transcript(standing: Standing) -> list[tuple[str, str, str, str, bool]]:
    draw, spec, contributions = standing.draw, standing.draw.spec, list(standing.given.values())
    pools = {"pool": spec["pool"]} if "pool" in spec else spec["pools"]
    told: list[tuple[str, str, str, str, bool]] = [
        (
            "pool",
            "名录指纹",
            "冻结后不能增删；只含专业、地区等必要属性",
            "\n".join(str(pool["root"]) for pool in pools.values()),
            False,
        ),
        (
            "commits",
            "各方承诺",
            "在截止前提交，彼此看不到对方的随机数",
            "\n".join(f"{party_words(row.party)}\n{b64u_encode(row.commitment)}" for row in contributions)
            or "尚未提交",
            False,
        ),
        ("close", "承诺截止", "此后不能再加入任何随机数", _local(parse_time(spec["commit_by"])), False),
    ]
    if spec["escrow"]:
        escrowed = [
            f"{party_words(party)}\n{standing.acknowledged(party)} 方确认保管分片" for party in standing.deliveries
        ]
        why = "承诺截止以后才拆分；逾期未托管的退出，此后没有人能靠沉默改变结果"
        told.append(("escrow", "托管分片", why, "\n".join(escrowed) or "尚未交付", False))
    for number, beacon in enumerate(spec["beacons"]):
        found = standing.beacon(number)
        value = f"{beacon['source']}\n{found[0] if found else '尚未登记'}"
        told.append(("beacon", "公共随机数", "来源和时刻事先写明，两名见证人签名", value, False))
    values = [
        f"{party_words(row.party)}{'（由分片恢复）' if row.recovered else ''}\n{b64u_encode(row.value)}"
        for row in contributions
        if row.value is not None
    ]
    told.append(("reveals", "公开随机数", "须与承诺一致", "\n".join(values) or "承诺截止后公开", False))
    seed = b64u_encode(draw.seed) if draw.seed else "待全部随机数公开后算出"
    told.append(("seed", "合成种子", "由规则指纹、全部随机数和公共随机数按次序算出", seed, False))
    attempt = (draw.output or {}).get("attempt")
    outcome = f"第 {attempt + 1} 次尝试即满足全部条件" if isinstance(attempt, int) else "按规则唯一确定"
    told.append(("outcome", "抽取", f"{spec['algo']}：{_ALGORITHMS[spec['algo']]}", outcome, False))
    return told


def _replaced(step: Step) -> str:
    reason = _REASONS.get(step.reason, step.reason)
    taken = f"由候补次序中的 {b64u_encode(step.in_leaf)[:8]}… 递补" if step.in_leaf else "候补已用尽"
    return f"{b64u_encode(step.out_leaf)[:8]}… {reason}，{taken}"
