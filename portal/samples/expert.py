"""Samples of the expert's pages and of the committee page of the agency."""

from portal.samples.common import (
    AGENT,
    BIDDERS,
    EMPTY_FORM,
    EXPERT,
    NUMBER,
    PRICES,
    SUPERVISOR,
    TITLE,
    Row,
    at,
    digest,
    part,
)

BASE = "/e/tasks/01J2Q8"
_COMMON = {"base": BASE, "title": TITLE, "number": NUMBER, "lot_no": "001", "desk": "/api/v1/sessions/1", "key": "k1"}
_CODES = [Row(id=f"b{i}", code=c) for i, c in enumerate("甲乙丙丁")]
_DONE = ["task", "review"]

HOME = Row(
    speciality="计算机与网络（A080304）",
    region="西安市",
    state=("ok", "在库"),
    calls=[
        Row(
            id="1",
            begins=at("2026-08-07 09:00"),
            days="半天",
            place="远程异地评标一号场地",
            kind="货物 · 信息技术",
            answer_by=at("2026-08-06 18:00"),
            href=BASE,
        )
    ],
    tasks=[
        Row(
            title=TITLE,
            href=BASE,
            begins=at("2026-08-07 09:00"),
            place="一号场地",
            seat="3 号席",
            state=("info", "评审中"),
        )
    ],
    proof_href="#",
    key="",
)
INVITED = Row(
    base=BASE,
    stage="invited",
    begins=at("2026-08-07 09:00"),
    place="远程异地评标一号场地",
    days="半天",
    kind="货物 · 信息技术",
    answer_by=at("2026-08-06 18:00"),
    title="",
    number="",
    lot_no="",
    seat="",
    venue="",
    bidders=[],
    form=EMPTY_FORM,
    reasons=[
        ("", "请选择"),
        ("busy", "时间冲突"),
        ("ill", "身体原因"),
        ("conflict", "存在利害关系"),
        ("other", "其他"),
    ],
    promise="",
    done=[],
    next_href="",
    checked_at=None,
    desk="/api/v1/sessions/1",
    key="k1",
)
_KNOWN = {**vars(INVITED), "title": TITLE, "number": NUMBER, "lot_no": "001"}
DECLARE = Row(
    **{
        **_KNOWN,
        "stage": "declare",
        "seat": "3 号席",
        "venue": "一号场地",
        "bidders": [Row(id=f"b{i}", name=n) for i, n in enumerate(BIDDERS[:4])],
        "promise": "本人承诺：客观、公正地履行评标专家职责，遵守评标纪律和保密规定；与投标人没有利害关系；不私下接触投标人，不收受任何好处；对本人提出的评审意见承担个人责任。",
        "checked_at": at("2026-08-07 08:52:10"),
    }
)
READY = Row(**{**vars(DECLARE), "stage": "ready", "done": ["task"], "next_href": BASE + "/review"})

_ITEMS = [
    Row(
        key="form",
        name="形式评审",
        items=[
            Row(code="F1", name="投标函签字盖章", article="第二章 2.1.1"),
            Row(code="F2", name="报价唯一", article="第二章 2.1.1"),
        ],
    ),
    Row(
        key="qualification",
        name="资格评审",
        items=[
            Row(code="Q1", name="营业执照有效", article="第二章 2.1.2"),
            Row(code="Q2", name="制造商授权", article="第二章 2.1.2"),
        ],
    ),
    Row(
        key="response",
        name="响应性评审",
        items=[
            Row(code="S1", name="报价不超过最高限价", article="第二章 2.1.3"),
            Row(code="S2", name="交货期", article="第二章 2.1.3"),
        ],
    ),
]
_CELLS = {f"{i.code}.{b.id}": Row(verdict="pass", reason="", page="") for g in _ITEMS for i in g.items for b in _CODES}
_CELLS["Q2.b2"] = Row(verdict="fail", reason="授权书未加盖制造商公章，第 41 页", page="41")
_CELLS["S2.b3"] = Row(verdict="", reason="", page="")
REVIEW = Row(
    **{
        **_COMMON,
        "done": ["task"],
        "bidders": _CODES,
        "groups": _ITEMS,
        "cells": _CELLS,
        "form": EMPTY_FORM,
        "locked_at": None,
        "filled": 23,
        "total": 24,
        "documents": [Row(name=f"投标人{b.code}", href="#") for b in _CODES],
        "discussion": [],
    }
)
REVIEW_LOCKED = Row(
    **{
        **vars(REVIEW),
        "locked_at": at("2026-08-07 10:12:00"),
        "cells": _CELLS | {"S2.b3": Row(verdict="pass", reason="", page="")},
        "discussion": [Row(text="制造商授权（投标人丙）：3 人认为符合，2 人认为不符合")],
    }
)

_GROUPS = [
    Row(
        name="技术（50 分）",
        items=[
            Row(code="T1", name="总体方案", max="10", step="0.5", hint="", evidence="技术规格偏离表"),
            Row(code="T2", name="集群与容灾", max="15", step="0.5", hint="", evidence=""),
            Row(code="T3", name="性能与扩展", max="15", step="0.5", hint="", evidence=""),
            Row(code="T4", name="实施与培训", max="10", step="0.5", hint="", evidence=""),
        ],
    ),
    Row(
        name="商务（20 分）",
        items=[
            Row(
                code="B1", name="同类业绩", max="10", step="1", hint="每个 2 分", evidence="合同关键页和验收证明复印件"
            ),
            Row(code="B2", name="售后服务", max="10", step="0.5", hint="", evidence=""),
        ],
    ),
]
_POINTS = {
    "T1": (8.5, 7, 9, 6),
    "T2": (13, 11.5, 14, ""),
    "T3": (12, 10, 13.5, ""),
    "T4": (8, 7.5, 9, ""),
    "B1": (8, 6, 10, 4),
    "B2": (8.5, 7, 9, ""),
}
SCORE = Row(
    **{
        **_COMMON,
        "done": _DONE,
        "subtitle": "暗标评审：投标人以代号显示 · 满分 70 分",
        "bidders": _CODES,
        "groups": _GROUPS,
        "cells": {f"{c}.b{i}": str(v) for c, vs in _POINTS.items() for i, v in enumerate(vs)},
        "notes": {},
        "save_href": "/api/v1/sessions/1/scores",
        "saved_at": at("2026-08-07 10:26:03"),
        "locked_at": None,
        "total": "70",
        "rubric": Row(
            title="评分标准：集群与容灾（0–15 分）",
            rows=[
                ("12.5–15", "方案完整，有可核实的同类实测数据"),
                ("9–12", "方案合理，有仿真或部分实测数据"),
                ("4.5–8.5", "方案一般，缺少数据支撑"),
                ("0–4", "未针对本项目或不可行"),
            ],
            source="摘自招标文件第三章 3.4.2，公布后不可修改",
        ),
        "document": Row(
            name="投标人丙 · 投标文件",
            page=37,
            pages=212,
            prev="#",
            next="#",
            image="/static/icon.svg",
            text="3.2 集群与容灾。本方案采用双活架构……",
        ),
        "form": EMPTY_FORM,
    }
)
SCORE_LOCKED = Row(
    **{
        **vars(SCORE),
        "locked_at": at("2026-08-07 11:02:00"),
        "cells": {k: v or "5" for k, v in SCORE.cells.items()},
        "rubric": None,
        "document": None,
    }
)

SUMMARY = Row(
    **{
        **_COMMON,
        "done": ["task", "review", "score"],
        "waiting": 0,
        "members": [Row(code=f"专家 {i:02d}", locked=i < 6) for i in (3, 5, 7, 11, 19)],
        "formula": "满足要求且报价最低的为评标基准价，其价格分为满分；其他报价按基准价与报价之比计算，保留两位小数。",
        "formula_tex": "价格分 = 30 × 评标基准价 ÷ 投标报价",
        "base_price": "2,945,000.00 元",
        "recompute": [("满分", "30 分"), ("舍入", "四舍五入到 0.01")],
        "heads": [("技术", "num"), ("商务", "num")],
        "member_heads": ["成员", *[(n[:6], "num") for n in BIDDERS[:4]]],
        "rows": [
            Row(name=BIDDERS[i], price=PRICES[i], price_points=pp, parts=parts, total=t, rank=str(r))
            for r, (i, pp, parts, t) in enumerate(
                [
                    (0, "29.58", ["45.10", "18.74"], "93.42"),
                    (3, "30.00", ["43.62", "18.25"], "91.87"),
                    (2, "29.25", ["43.20", "17.61"], "90.06"),
                    (1, "28.95", ["40.05", "17.20"], "86.20"),
                ],
                1,
            )
        ],
        "scores": [Row(member=f"专家 {i:02d}", values=["63.50", "61.00", "60.50", "57.00"]) for i in (3, 5, 7, 11, 19)],
        "alarms": [
            ("ok", "各成员排序基本一致", "肯德尔系数 0.86"),
            ("warn", "专家 11 对一家投标人的评分偏离中位数 18%", "请核对是否笔误"),
            ("ok", "价格分可由公式复算", ""),
        ],
        "chair": True,
        "chair_seat": 1,
        "seats": [("", "请选择"), ("1", "专家01"), ("2", "专家02")],
        "form": EMPTY_FORM,
        "confirmed_at": None,
    }
)
WAITING = Row(
    **{**vars(SUMMARY), "waiting": 3, "chair": False, "chair_seat": None, "done": ["task", "review", "score"]}
)
REPORT = Row(
    **{
        **_COMMON,
        "done": ["task", "review", "score", "summary"],
        "sections": [
            Row(
                title="一、基本情况",
                paragraphs=[f"{TITLE}于2026年8月6日14时00分公开开标，共有4家投标人的投标文件打开。"],
            ),
            Row(
                title="二、评审情况",
                paragraphs=["评标委员会按招标文件规定的标准和方法进行了初步评审和详细评审，没有否决投标。"],
            ),
        ],
        "ranked": [Row(rank=r + 1, name=s.name, price=s.price, total=s.total) for r, s in enumerate(SUMMARY.rows[:3])],
        "members": [
            Row(
                code=f"专家 {i:02d}",
                role="组长" if i == 3 else "成员",
                signed_at=at("2026-08-07 16:30") if i < 8 else None,
                dissent="",
            )
            for i in (3, 5, 7, 11, 19)
        ],
        "signed": False,
        "final": False,
        "pdf_href": "",
        "digest": "",
        "form": EMPTY_FORM,
    }
)
REPORT_FINAL = Row(
    **{
        **vars(REPORT),
        "signed": True,
        "final": True,
        "pdf_href": "#",
        "digest": digest("report"),
        "members": [Row(**{**vars(m), "signed_at": at("2026-08-07 16:40")}) for m in REPORT.members],
    }
)

REQUEST = Row(
    **{
        **_COMMON,
        "base": "/a/lots/01J2Q8",
        "stage": "request",
        "form": Row(
            values={"members": "5", "cap_employer": "1", "groups-1-count": "3", "groups-2-count": "2"}, errors={}
        ),
        "specialities": [("A080304", "计算机与网络"), ("A080305", "数据库与软件"), ("B010000", "经济")],
        "spec": None,
        "excluded": [],
        "part": None,
        "seats": [],
        "law": "招标投标法第三十七条",
        "thirds": [("", "不设第三方（由招标方和监督部门两方贡献）"), ("1", "云澜市公共资源交易中心 何静")],
        "beacon": Row(available=False, witnesses=[]),
    }
)
CALLING = Row(
    **{
        **vars(REQUEST),
        "stage": "calling",
        "spec": Row(
            draw_no="CQ-20260806-01",
            draw_href="/verify/draws/1",
            size=1874,
            root=digest("pool"),
            frozen_at=at("2026-08-06 15:10"),
            algorithm="panel/1",
            odds=[("计算机与网络", "3 / 212"), ("数据库与软件", "2 / 165")],
        ),
        "excluded": [("与投标人同一单位", 9), ("与招标人有利害关系", 4), ("评审时间冲突", 61)],
        "part": part("drawn"),
        "seats": [
            Row(no=1, group="计算机与网络", word="已接受", kind="ok", name="●●●", at=at("2026-08-06 15:41"), reason=""),
            Row(no=2, group="计算机与网络", word="已接受", kind="ok", name="●●●", at=at("2026-08-06 15:44"), reason=""),
            Row(
                no=3,
                group="计算机与网络",
                word="不接受，递补第 1 位",
                kind="warn",
                name="●●●",
                at=at("2026-08-06 15:52"),
                reason="时间冲突",
            ),
            Row(no=4, group="数据库与软件", word="待答复", kind="mute", name="●●●", at=None, reason=""),
            Row(no=5, group="数据库与软件", word="已接受", kind="ok", name="●●●", at=at("2026-08-06 15:46"), reason=""),
        ],
    }
)


OVERSEEN = Row(
    **{
        **_COMMON,
        **{name: getattr(CALLING, name) for name in ("stage", "form", "spec", "seats", "law")},
        "base": "/s/lots/01J2Q8/committee",
        "part": part("reveal"),
        "exclusions": [
            Row(no="ZJ000412", name="沈远", ground="与投标人有利害关系", unit="91610131MA6TX0XJ2K", rule="R-REC-01"),
            Row(
                no="ZJ001204",
                name="朱清扬",
                ground="在招标人或代理机构任职",
                unit="91610131MA6TX0XJ2K",
                rule="R-REC-02",
            ),
        ],
    }
)


def _expert(page: Row) -> dict[str, object]:
    return {"user": EXPERT, "page": page}


SAMPLES = {
    "experts/home.html": {"": _expert(HOME), "empty": _expert(Row(**{**vars(HOME), "calls": [], "tasks": []}))},
    "experts/task.html": {
        "": _expert(DECLARE),
        "invited": _expert(INVITED),
        "accepted": _expert(Row(**{**_KNOWN, "stage": "accepted"})),
        "ready": _expert(READY),
        "left": _expert(Row(**{**_KNOWN, "stage": "left"})),
        "expired": _expert(Row(**{**vars(INVITED), "stage": "expired"})),
    },
    "experts/login.html": {"": {"user": None, "form": EMPTY_FORM}},
    "experts/review.html": {"": _expert(REVIEW), "locked": _expert(REVIEW_LOCKED)},
    "experts/score.html": {"": _expert(SCORE), "locked": _expert(SCORE_LOCKED)},
    "experts/summary.html": {"": _expert(SUMMARY), "waiting": _expert(WAITING)},
    "experts/report.html": {"": _expert(REPORT), "signed": _expert(Row(**{**vars(REPORT), "signed": True})), "final": _expert(REPORT_FINAL)},
    "experts/committee.html": {"": {"user": AGENT, "page": CALLING}, "request": {"user": AGENT, "page": REQUEST}, "keyless": {"user": AGENT, "page": Row(**{**vars(REQUEST), "key": ""})}, **{step: {"user": AGENT, "page": Row(**{**vars(CALLING), "stage": "frozen", "seats": [], "part": part(step)})} for step in ("commit", "stuck")}},
    "experts/oversight.html": {"": {"user": SUPERVISOR, "page": OVERSEEN}, "empty": {"user": SUPERVISOR, "page": Row(**{**vars(OVERSEEN), "seats": [], "exclusions": [], "part": part("commit")})}},
}  # fmt: skip
