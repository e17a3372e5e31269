"""Parts that several samples share: the case, people, digests, the row type."""

import hashlib
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

from kernel.web.figures import qr as draw_qr
from portal.policy import platform_policy

Row = SimpleNamespace
BEIJING = timezone(timedelta(hours=8))

TITLE = "服务器、数据库、数据库集群软件"
NUMBER = "C1100000189017141002"
BUYER = "西安航天动力试验技术研究所"
AGENCY = "陕西铭源项目管理有限公司"
LOT = "/lots/01J2Q8"
OVER = "招标投标法 · 货物 · 公开招标 · 综合评估法"
BIDDERS = (
    "西安云枢信息技术有限公司",
    "陕西恒算科技股份有限公司",
    "北京澄源数据系统有限公司",
    "成都集智软件有限公司",
    "武汉长策计算机系统有限公司",
)
PRICES = (298_640_000, 305_120_000, 301_988_800, 294_500_000, 309_700_000)
CAP = 320_000_000


def at(text: str) -> datetime:
    """A moment written as Beijing reads it, 2026-08-06 14:00."""
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING).astimezone(UTC)


def digest(text: str) -> str:
    """A digest that looks like one."""
    return hashlib.sha256(text.encode()).hexdigest()


def qr(path: str) -> Any:
    """A code that leads to a page of this site."""
    return draw_qr(f"https://sunlit.example{path}")


def acts_of(role: str) -> frozenset[str]:
    """What the policy table admits somebody of a role to."""
    return frozenset(act for act, rule in platform_policy().rules.items() if role in rule.roles)


def part(step: str, *, escrow: bool = False, beacon: str = "") -> Row:
    """Return a supervisor's part in a draw at a step."""
    at_commit = step in ("commit", "other", "await-commits", "stuck")
    told = at("2026-08-06 13:05")
    rows = [
        Row(
            name="云澜市公共资源交易监督管理局",
            role="行政监督",
            committed_at=None if step in ("commit", "other") else told,
            delivered_at=told if escrow and step not in ("commit", "escrow") else None,
            acknowledged=2 if escrow and step not in ("commit", "escrow") else 0,
            recovered=False,
            revealed_at=told if step in ("await-reveals", "recover", "drawn") else None,
            mine=step != "watch",
        ),
        Row(
            name="云澜市公共资源交易中心",
            role="交易中心",
            committed_at=None if at_commit else told,
            delivered_at=told if escrow else None,
            acknowledged=1 if step == "escrow" else 2 if escrow else 0,
            recovered=escrow and step == "drawn",
            revealed_at=told if step == "drawn" else None,
            mine=False,
        ),
    ]
    return Row(
        draw="/api/v1/draws/1",
        number="CQ-2026-04/T1",
        step=step,
        party="" if step == "watch" else "supervisor:11420000MB1A2B3C4W",
        signer="李卫东" if step == "other" else "",
        commit_by=at("2026-08-06 13:40"),
        escrow_by=at("2026-08-06 14:10") if escrow else None,
        reveal_by=at("2026-08-06 14:40"),
        recover_by=at("2026-08-06 15:10"),
        escrow=(2, 2) if escrow else None,
        owes=step == "escrow",
        lost="云澜市公共资源交易中心" if step == "recover" else "",
        steps=_draw_steps(step, escrow=escrow, beacon=beacon),
        waiting=""
        if step == "drawn"
        else "等待承诺：云澜市公共资源交易中心，截至 08-06 13:40。"
        if at_commit
        else "等待托管和确认：云澜市公共资源交易监督管理局，截至 08-06 14:10；逾期未托管的一方退出，不影响其他方。"
        if step == "escrow"
        else "等待公开随机数：云澜市公共资源交易中心，截至 08-06 14:40。",
        beacons=[
            Row(
                number=0,
                source="福利彩票 3D 第 2026208 期开奖号码",
                at=at("2026-08-06 13:20") if beacon != "early" else at("2026-08-06 21:20"),
                by=at("2026-08-06 14:30"),
                said=1,
                value="2.5.8./" if beacon == "stands" else "",
                mine=beacon in ("early", "sign"),
                stated="",
            )
        ]
        if beacon
        else [],
        rows=rows,
        commit_href="#",
        reveal_href="#",
        close_href="#",
        void_href="#" if step == "stuck" else "",
    )


def _draw_steps(step: str, *, escrow: bool, beacon: str) -> list[tuple[str, str, str]]:
    names = [("各方承诺", "1/2，截至 08-06 13:40"), ("截止承诺", "此后不能加入随机数")]
    names += [("托管分片", "1/3，截至 08-06 14:10")] if escrow else []
    names += [("公共随机数", "08-06 14:20")] if beacon else []
    names += [("公开随机数", "截至 08-06 14:40"), ("抽取结果", "自动算出，任何人可复算")]
    words = {"escrow": "托管分片", "await-escrow": "托管分片", "await-beacon": "公共随机数", "drawn": ""}
    now = words.get(step, "公开随机数" if step in ("reveal", "await-reveals", "recover") else "各方承诺")
    reached = next((n for n, (text, _) in enumerate(names) if text == now), len(names))
    marked = [("done" if n < reached else "now" if n == reached else "", *told) for n, told in enumerate(names)]
    return [("done", "冻结名录", "08-06 13:00"), *marked]


DEADLINE = at("2026-08-06 14:00:00")
SITE = Row(
    name="云澜市公共资源交易平台",
    operator="云澜市公共资源交易中心",
    rehearsal=True,
    demo=True,
    now=at("2026-08-06 13:21:38"),
)
BIDDER = Row(name="张敏", role="投标人 · " + BIDDERS[0], home="/b", acts=acts_of("bidder"), desks=())
AGENT = Row(name="王珂", role="招标代理 · " + AGENCY, home="/a", acts=acts_of("agency"), desks=())
EXPERT = Row(name="专家 07", role="评标专家", home="/e", acts=acts_of("expert"), desks=())
TRUSTEE = Row(name="周文博", role="开标见证人 · 公证处", home="/w", acts=acts_of("trustee"), desks=())
SUPERVISOR = Row(
    name="李卫东", role="行政监督 · 市公共资源交易监督管理局", home="/s", acts=acts_of("supervisor"), desks=()
)
STAFF = Row(name="何静", role="交易中心", home="/rehearsal", acts=acts_of("operator"), desks=())
EMPTY_FORM = Row(values={}, errors={})

STAGES = [
    ("done", "项目登记", "07-08"),
    ("done", "招标公告", "07-16 22:00"),
    ("done", "文件发售", "至 07-23 22:00"),
    ("now", "投标", "至 08-06 14:00"),
    ("", "开标", "08-06 14:00"),
    ("", "评标", "08-07 起"),
    ("", "候选人公示", "不少于 3 日"),
    ("", "定标与中标通知", "合同 30 日内"),
]

NOTICES = [
    Row(kind="info", type="招标公告", title=f"{TITLE}招标公告", href="/notices/1", region="西安市", at=at("2026-07-16 22:00")),
    Row(kind="warn", type="澄清", title=f"{TITLE}澄清文件（第 1 号）", href="/notices/2", region="西安市", at=at("2026-07-20 10:12")),
    Row(kind="seal", type="开标记录", title="城区供热管网改造（一标段）开标记录", href="/notices/3", region="市本级", at=at("2026-08-05 16:20")),
    Row(kind="ok", type="候选人公示", title="云岭大道雨污分流改造工程（二期）中标候选人公示", href="/notices/4", region="江北区", at=at("2026-08-05 09:00")),
    Row(kind="ok", type="中标结果", title="2026年度城区绿化养护服务（第四标段）中标结果公告", href="/notices/5", region="高新区", at=at("2026-08-04 15:30")),
    Row(kind="mute", type="抽查结果", title="2026年第3期双随机抽查结果公示", href="/inspections/3", region="市本级", at=at("2026-08-03 11:00")),
    Row(kind="bad", type="终止公告", title="滨江公园景观照明提升工程终止公告", href="/notices/6", region="江北区", at=at("2026-08-01 17:45")),
]  # fmt: skip
