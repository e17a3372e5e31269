"""Samples of the pages of procuring entity and agency, and of the list of notices."""

from datetime import date

from kernel.money import Money
from kernel.periods import HolidayTable
from portal.samples.common import (
    AGENCY,
    AGENT,
    BIDDER,
    BIDDERS,
    BUYER,
    DEADLINE,
    EMPTY_FORM,
    NOTICES,
    NUMBER,
    OVER,
    PRICES,
    STAGES,
    TITLE,
    Row,
    at,
    digest,
)
from portal.samples.public import ACTS, LIMITS, OPENING_OBJECTIONS
from trading.pages.calendar import Entry, weeks_of
from trading.pages.track import Bar, Track
from trading.pages.track import Mark as TrackMark
from trading.restrictive import marked_fields
from trading.thresholds import Mandate

BASE = "/a/lots/01J2Q8"
_TYPES = [
    (k, t, f"/notices?type={k}", k == "")
    for k, t in (
        ("", "全部公告"),
        ("tender", "招标公告"),
        ("clarification", "澄清"),
        ("opening", "开标记录"),
        ("candidates", "候选人公示"),
        ("award", "中标结果"),
        ("inspection", "抽查结果"),
    )
]
_COMMON = {"base": BASE, "title": TITLE, "number": NUMBER, "lot_no": "001"}

LIST = Row(
    q="",
    type="",
    region="",
    since="",
    until="",
    types=_TYPES,
    regions=[("610100", "西安市"), ("local", "市本级")],
    notices=NOTICES,
    prev_href=None,
    next_href="/notices?after=7",
    count_text="每页 20 条",
    feed_href="/notices.atom",
    json_href="/api/v1/notices",
    errors={},
)
_TODOS = [
    Row(
        kind="bad",
        text="答复第 2 号异议：评分标准第 3 项",
        href="#",
        sub="自收到之日起 3 日内答复，答复前暂停",
        due="今天 24:00 前",
        law="《中华人民共和国招标投标法实施条例》第二十二条",
    ),
    Row(
        kind="warn",
        text="抽取评标专家",
        href=BASE + "/committee",
        sub="评标委员会 5 人，专家不少于三分之二",
        due="08-06 前",
        law="《中华人民共和国招标投标法》第三十七条",
    ),
    Row(
        kind="info",
        text="确认开标见证人到场",
        href=BASE,
        sub="5 人中至少 3 人",
        due="08-06 13:30 前",
        law="《电子招标投标办法》第三十条",
    ),
]
_LOTS = [
    Row(
        title=TITLE,
        number=NUMBER,
        lot_no="001",
        href=BASE,
        stage=("info", "接收投标"),
        next="答复异议",
        next_href=BASE + "/objections",
        law="《中华人民共和国招标投标法实施条例》第二十二条",
        due="今天 24:00 前",
        due_kind="bad",
    ),
    Row(
        title="市图书馆古籍数字化服务",
        number="YL-FW-2026-0211",
        lot_no="001",
        href="#",
        stage=("mute", "已登记"),
        next="提交时间计划",
        next_href="#",
        law="《中华人民共和国政府采购法》第三十五条",
        due="待办",
        due_kind="info",
    ),
]
WORKBENCH = Row(
    name=AGENCY,
    may_register=True,
    warnings=[
        Row(
            kind="warn",
            lead="市图书馆古籍数字化服务",
            text="投标截止日 2026-10-03 是休假日，建议改在其后第一个工作日开标。",
            href="#",
            law="《中华人民共和国民法典》第二百零三条",
        )
    ],
    dues=[
        Row(key="today", title="今天到期", kind="bad", rows=_TODOS[:1]),
        Row(key="soon", title="三天之内", kind="warn", rows=_TODOS[1:2]),
        Row(key="later", title="以后到期", kind="info", rows=_TODOS[2:]),
    ],
    groups=[
        Row(key="preparing", title="筹备", rows=_LOTS[1:]),
        Row(key="tendering", title="招标", rows=_LOTS[:1]),
    ],
    counts=[
        ("筹备", "1", "个", ""),
        ("招标", "1", "个", ""),
        ("评标与公示", "0", "个", ""),
        ("今年完成", "17", "个", ""),
    ],
    messages=[Row(title="5 名见证人已完成密钥演练", href="#", at=at("2026-07-09 15:00"), unread=True)],
    unread=1,
)


def _calendar(month: str) -> Row:
    """A month with two lots, laid out as the page does it."""
    day = date.fromisoformat(f"{month}-01")
    dates = [
        ("2026-07-22", "24:00", "澄清、修改的最迟时间", "《中华人民共和国招标投标法》第二十三条", "done"),
        ("2026-07-27", "24:00", "对招标文件提出异议的最迟时间", "《中华人民共和国招标投标法实施条例》第二十二条", ""),
        ("2026-08-06", "14:00", "投标截止、开标", "《中华人民共和国招标投标法》第三十四条", ""),
        ("2026-10-12", "24:00", "订立书面合同的期限", "《中华人民共和国招标投标法》第四十六条", "today"),
    ]
    entries = [
        Entry(date.fromisoformat(on), time, what, law, TITLE, f"{NUMBER} · 001", BASE, state)
        for on, time, what, law, state in dates
    ]
    return Row(
        month=day,
        prev="2026-06",
        next="2026-08",
        weeks=weeks_of(day, date(2026, 10, 12), HolidayTable.seeded(), entries),
        entries=[entry for entry in entries if (entry.on.year, entry.on.month) == (day.year, day.month)],
        unloaded=[] if day.year == 2026 else [day.year],
        bad=False,
        lots=2,
    )


_MANDATE = Mandate(
    "R-THR-01",
    "《必须招标的工程项目规定》第二条",
    Money.from_yuan(3_200_000),
    Money.from_yuan(2_000_000),
    "《必须招标的工程项目规定》第五条",
    2,
    True,
)
ROOM = Row(
    papers=[],
    mandate=_MANDATE,
    **{
        **_COMMON,
        "over": OVER,
        "state": ("info", "接收投标"),
        "stages": STAGES,
        "todos": _TODOS,
        "limits": LIMITS,
        "actions": [("开标大厅", "/openings/01J2Q8"), ("发布澄清", BASE + "/documents")],
        "deadline": DEADLINE,
        "withheld": "投标人名称、数量在投标截止前对所有人保密，包括招标人、代理机构和平台工作人员（招标投标法第二十二条）。",
        "facts": [("招标人", BUYER), ("最高限价", "3,200,000.00 元"), ("评标办法", "综合评估法"), ("经办人", "王珂")],
        "acts": list(reversed(ACTS)),
        "trustees": [
            Row(role="招标人代表", name="赵林", accepted=True),
            Row(role="公证处", name="周文博", accepted=True),
            Row(role="交易中心见证", name="何静", accepted=True),
            Row(role="行政监督", name="李卫东", accepted=True),
            Row(role="行业协会", name="孙越", accepted=False),
        ],
    },
)


def _row_of(name: str, at: int, /, **members: str) -> dict[str, str]:
    return {f"{name}-{at}-{member}": value for member, value in members.items()}


NEW = Row(
    mandate=_MANDATE,
    form=Row(
        values={
            "regime": "ZTB",
            "kind": "goods",
            "method": "open",
            "consortium": "no",
            "agents": "yes",
            "title": TITLE,
            "price_method": "P-AVG",
            "e1": "1",
            "e2": "0.5",
            **_row_of("criteria", 0, code="P1", name="投标报价", kind="price", max="30", group="price", hint=""),
            **_row_of(
                "criteria", 1, code="T1", name="技术响应", kind="subjective", max="60", group="technical", hint=""
            ),
            **_row_of(
                "criteria",
                2,
                code="B1",
                name="同类业绩",
                kind="objective",
                max="10",
                group="business",
                hint="每份 2 分",
                evidence="合同关键页和验收证明复印件",
            ),
            **_row_of(
                "review_items", 0, code="F1", name="投标函按要求签署、盖章", group="form", article="实施条例第五十一条"
            ),
        },
        errors={},
    ),
    regimes=[("ZTB", "招标投标法", "工程以及与工程建设有关的货物、服务"), ("GP", "政府采购法", "其他货物和服务")],
    kinds=[
        ("works", "工程施工", ""),
        ("goods", "货物", ""),
        ("design", "勘察、设计", ""),
        ("service", "监理与其他服务", ""),
    ],
    methods=[("open", "公开招标", ""), ("invited", "邀请招标", "须有批准依据")],
    parties=[("1", BUYER)],
    agencies=[("", "自行招标"), ("1", AGENCY)],
    draft_saved=None,
    grid=Row(criteria=3, review_items=1, total="100", price="30", full="100"),
    score_kinds=[("subjective", "主观分"), ("objective", "客观分"), ("price", "价格分")],
    score_groups=[("technical", "技术"), ("business", "商务"), ("price", "价格")],
    review_groups=[("form", "形式评审"), ("qualification", "资格评审"), ("response", "响应性评审")],
    price_methods=[("P-AVG", "平均价法", "按偏差率扣分"), ("P-LOW", "低价优先法", "最低有效报价为基准")],
    edited="",
    marks=marked_fields({"qualifications": "供应商应为本市注册的企业"}, {"qualifications": "投标人资格要求"}),
)
NEW_ERRORS = Row(
    **{
        **vars(NEW),
        "form": Row(
            values=NEW.form.values,
            errors={
                "number": "填写招标编号",
                "price_cap": "最高投标限价应为不超过两位小数的金额，例如 3200000.00",
                "regime": "选择适用制度",
                "criteria": "各评审因素满分合计应为 100 分，现为 99 分。（《评标委员会和评标方法暂行规定》第三十五条）",
                "criteria-1-max": "须大于零，最多两位小数。",
                "criteria-2-code": "编号重复。",
            },
        ),
        "draft_saved": at("2026-07-08 09:10:00"),
    }
)
_PLAN_VALUES = {
    "documents_from": "2026-07-16 22:00:00",
    "documents_to": "2026-07-20 22:00:00",
    "deadline": "2026-08-06 14:00:00",
    "opening_at": "2026-08-06 14:00:00",
}
PLAN_REFUSED = Row(
    **{
        **_COMMON,
        "form": Row(values=_PLAN_VALUES, errors={}),
        "track": None,
        "findings": [
            Row(
                severity="breach",
                message="请延长招标文件的发售期。",
                required="不少于 5 日",
                actual="4 日",
                article="招标投标法实施条例第十六条",
                rule="R-TIME-03",
                earliest=date(2026, 7, 21),
            ),
            Row(
                severity="advice",
                message="发售期最后一日是星期一，建议留足办公时间。",
                required="—",
                actual="2026-07-20 22:00",
                article="",
                rule="R-TIME-03",
                earliest=None,
            ),
        ],
        "limits": LIMITS[:3],
        "accepted_at": None,
        "locked": False,
        "moved": [],
        "calendar": [],
    }
)
PLAN = Row(
    **{
        **vars(PLAN_REFUSED),
        "form": Row(values=_PLAN_VALUES | {"documents_to": "2026-07-23 22:00:00"}, errors={}),
        "findings": [],
        "accepted_at": at("2026-07-08 11:02"),
        "track": Track(
            date(2026, 7, 16),
            date(2026, 8, 7),
            [
                Bar("招标文件获取", "计划至 2026-07-23，法定最早 2026-07-21", "实施条例第十六条", 0.0, 318.2, 227.3),
                Bar(
                    "编制投标文件", "计划至 2026-08-06，法定最早 2026-08-05", "招标投标法第二十四条", 0.0, 954.5, 909.1
                ),
            ],
            [
                TrackMark("澄清、修改的最迟时间", date(2026, 7, 22), 272.7, "实施条例第二十一条"),
                TrackMark("提出异议的最迟时间", date(2026, 7, 27), 500.0, "实施条例第二十二条"),
                TrackMark("投标截止、开标", date(2026, 8, 6), 954.5, ""),
            ],
        ),
        "moved": [Row(label="编制投标文件的时间", raw=at("2026-10-03").date(), day=at("2026-10-09").date())],
        "calendar": [
            Row(on=date(2026, 7, 22), what="澄清截止（不须顺延）", law="招标投标法第二十三条"),
            Row(on=date(2026, 7, 27), what="对招标文件提出异议的最后一日", law="实施条例第二十二条"),
            Row(on=date(2026, 8, 6), what="投标截止、开标", law="招标投标法第三十四条"),
            Row(on=date(2026, 11, 4), what="投标有效期届满", law=""),
        ],
    }
)
_DOCS = [
    Row(
        name="招标文件（第 1 版）.pdf",
        kind="招标文件",
        href="#",
        digest=digest("doc1"),
        version=1,
        size=2_411_724,
        at=at("2026-07-10 09:00"),
        current=True,
        change="",
        unread=False,
    ),
    Row(
        name="澄清文件（第 1 号）.pdf",
        kind="澄清",
        href="#",
        digest=digest("doc2"),
        version=1,
        size=182_272,
        at=at("2026-07-20 10:12"),
        current=True,
        change="修改交货地点",
        unread=True,
    ),
]
DOCUMENTS = Row(
    **{
        **_COMMON,
        "role": "agency",
        "documents": _DOCS[:1],
        "form": EMPTY_FORM,
        "ready": [
            ("ok", "时间计划已通过", "07-08 11:02"),
            ("ok", "开标密钥集已演练", "5 名见证人，门槛 3 名"),
            ("ok", "招标文件已上传", "第 1 版"),
            ("warn", "评分因素合计 100 分", "价格 30，技术 50，商务 20"),
        ],
        "publishable": True,
        "published_at": None,
        "notice_href": "",
        "preview": Row(
            title=[TITLE, "招标公告"],
            number=NUMBER,
            paragraphs=[
                f"{TITLE}已具备招标条件，招标人为{BUYER}，现进行公开招标。",
                "投标截止时间为2026年8月6日14时00分（北京时间）。",
            ],
        ),
        "statement": f"我以{AGENCY}的名义确认公告内容与招标文件一致，并知悉发布后只能通过澄清或更正公告修改",
        "window": (at("2026-07-16 22:00"), at("2026-07-23 22:00")),
        "most": 500 << 20,
        "most_whole": 64 << 20,
        "joined": True,
        "join_href": "",
    }
)
HELD = Row(
    **{
        **vars(DOCUMENTS),
        "role": "bidder",
        "base": "/b/lots/01J2Q8",
        "documents": _DOCS,
        "publishable": False,
        "published_at": at("2026-07-16 22:00"),
        "notice_href": "/notices/1",
        "preview": None,
    }
)
_ITEMS = [
    Row(
        id="1",
        no=1,
        kind="提问",
        text="第三章 3.4 所述集群软件授权，是按处理器数还是按实例数？",
        asked_at=at("2026-07-18 09:31"),
        mine=True,
        answer="按处理器数授权，不少于 16 个处理器；详见澄清文件第 1 号。",
        answered_at=at("2026-07-20 10:12"),
        due="",
        due_kind="",
        affects=True,
    ),
    Row(
        id="2",
        no=2,
        kind="提问",
        text="交货地点是否含指定库房的卸货与就位？",
        asked_at=at("2026-07-24 15:02"),
        mine=False,
        answer=None,
        answered_at=None,
        due="尽快答复",
        due_kind="info",
        affects=False,
    ),
]
QUESTIONS = Row(
    **{
        **_COMMON,
        "role": "agency",
        "items": _ITEMS,
        "form": EMPTY_FORM,
        "may_ask": False,
        "ask_until": at("2026-07-27 23:59:59"),
        "why_not": "",
        "limit": "自收到之日起 3 日内",
        "law": "招标投标法实施条例第二十二条",
    }
)
ASK = Row(**{**vars(QUESTIONS), "role": "bidder", "base": "/b/lots/01J2Q8", "may_ask": True})
ASK_LATE = Row(
    **{**vars(ASK), "items": [], "may_ask": False, "why_not": "对招标文件有异议的，应当在投标截止时间 10 日前提出。"}
)
_OPEN_OBJECTION = Row(
    id="o2", no=None, subject="招标文件", text="评分标准第 3 项以特定行业业绩加分，与采购需求无关，违反条例第三十二条。",
    request="删去该评分项，并相应顺延投标截止时间。", raiser="", raised_at=at("2026-07-24 15:02"), mine=False, is_open=True,
    withdrawn=False, due="07-27 24:00 前答复", due_kind="warn", outcome="", answer=None, answered_at=None, affects=False,
    late=False, earliest=at("2026-08-10 14:00"),
)  # fmt: skip
_ANSWERED_OBJECTION = Row(
    id="o1", no=1, subject="招标文件", text="第二章第 4 条要求的服务器型号仅一家厂商供货。", request="改为性能要求。", raiser="",
    raised_at=at("2026-07-18 11:20"), mine=True, is_open=False, withdrawn=False, due="", due_kind="warn", outcome="异议成立",
    answer="已改为性能指标，见澄清文件第 2 号。", answered_at=at("2026-07-20 09:05"), affects=True, late=False, earliest=None,
)  # fmt: skip
OBJECTIONS = Row(
    **{
        **_COMMON,
        "role": "agency",
        "word": "异议",
        "joined": True,
        "pauses": True,
        "paused": True,
        "items": [_OPEN_OBJECTION, _ANSWERED_OBJECTION],
        "form": EMPTY_FORM,
        "subject": "documents",
        "subject_word": "招标文件",
        "until": at("2026-07-28 00:00"),
        "why_not": "",
        "limits": [("提出", "至 07-27 24:00 前"), ("答复", "收到之日起 3 日内")],
        "law": "招标投标法实施条例第二十二条",
    }
)
OBJECTING = Row(
    **{**vars(OBJECTIONS), "role": "bidder", "base": "/b/lots/01J2Q8", "paused": False, "items": [_ANSWERED_OBJECTION]}
)
OBJECTING_STRANGER = Row(
    **{
        **vars(OBJECTING),
        "joined": False,
        "items": [],
        "form": Row(
            values={"text": "文件不合理"},
            errors={
                "request": "请填写请求事项。",
                "interest": "未获取招标文件的，请写明与本次招标的利害关系（不少于十个字）。",
            },
        ),
    }
)
OBJECTING_LATE = Row(
    **{
        **vars(OBJECTING),
        "items": [],
        "until": None,
        "why_not": "对招标文件提出的期限已于 07-27 23:59 届满；仍可以提问，或者依法向行政监督部门投诉。",
    }
)
ENDING = Row(
    **{
        **_COMMON,
        "state": ("info", "接收投标"),
        "open": True,
        "causes": [
            ("force_majeure", "不可抗力", ""),
            ("task_cancelled", "重大变故，采购任务取消", ""),
            ("policy_changed", "国家政策、规划或者审批变更", ""),
        ],
        "form": EMPTY_FORM,
        "laws": ["《中华人民共和国招标投标法实施条例》第三十一条", "《工程建设项目施工招标投标办法》第十五条"],
    }
)
DELIVERIES = Row(
    **{
        **_COMMON,
        "withheld": "",
        "groups": [
            (
                "服务器采购：第 1 号答复",
                "/lots/01J2Q8#answer-1",
                [
                    Row(holder=BIDDERS[0], uscc="91610133MA6TX0XJ28", sent_at=at("2026-07-20 10:00"), read_at=at("2026-07-20 10:07")),
                    Row(holder=BIDDERS[1], uscc="91420105MA4K20C97U", sent_at=at("2026-07-20 10:00"), read_at=None),
                ],
            )
        ],
        "holders": 2,
        "unread": 1,
    }
)  # fmt: skip
FAILURE = Row(
    **{
        **_COMMON,
        "state": ("bad", "招标失败"),
        "form": Row(values={"next": "again"}, errors={}),
        "reason": "投标截止时投标人少于三个，不予开标，投标文件保持密封，依法重新招标。",
        "failures": 1,
        "opened": False,
        "kind_title": "招标失败公告",
        "ways": [("again", "依法重新招标", "《中华人民共和国招标投标法》第二十八条")],
        "notice_href": "",
        "again_href": "",
        "successor_href": "",
        "otherwise": "",
    }
)
FAILURE_SECOND = Row(
    **{
        **vars(FAILURE),
        "failures": 2,
        "ways": [*FAILURE.ways, ("no_tender", "不再进行招标", "《工程建设项目施工招标投标办法》第三十八条")],
    }
)
FAILURE_OUT = Row(**{**vars(FAILURE), "notice_href": "/notices/14", "again_href": f"{BASE}/again"})
AGAIN = Row(
    **{
        **_COMMON,
        **{name: getattr(NEW, name) for name in ("form", "grid", "score_kinds", "score_groups", "review_groups")},
        "price_methods": NEW.price_methods,
        "edited": "",
        "state": ("bad", "招标失败"),
        "failures": 1,
        "reason": FAILURE.reason,
    }
)
_CANDIDATES = [
    Row(
        rank=r,
        bid=f"b{i}",
        name=BIDDERS[i],
        price=PRICES[i],
        score=s,
        manager=m,
        term="30 天",
        eligible=r == 1,
        why_not="" if r == 1 else "须先证明第一名存在法定情形",
    )
    for r, (i, s, m) in enumerate([(0, "93.42", "周启明"), (3, "91.87", "何文静"), (2, "90.06", "张柏川")], 1)
]
CANDIDATES = Row(
    **{
        **_COMMON,
        "state": ("warn", "待公示"),
        "candidates": _CANDIDATES,
        "rejected": [Row(name=BIDDERS[4], reason="未在窗口内解密，视为撤销投标", law="电子招标投标办法第三十一条")],
        "report_href": "#",
        "report_digest": digest("report"),
        "report_signed_at": at("2026-08-07 16:40"),
        "publish_by": at("2026-08-10 23:59:59"),
        "publishable": True,
        "statement": f"我以{BUYER}的名义确认以上内容与评标报告一致",
        "form": EMPTY_FORM,
        "published_at": None,
        "until": None,
        "notice_href": "",
        "basis": "自 2026-08-08 起算，8 月 8 日、9 日为休息日，期满日为 2026-08-11",
        "law": "招标投标法实施条例第五十四条",
        "objections": [],
    }
)
CANDIDATES_OUT = Row(
    **{
        **vars(CANDIDATES),
        "state": ("info", "公示中"),
        "publishable": False,
        "published_at": at("2026-08-08 09:00"),
        "until": at("2026-08-11 23:59:59"),
        "notice_href": "/notices/9",
        "objections": [
            Row(
                no=1,
                from_=BIDDERS[3],
                text="对第一候选人业绩的异议",
                at=at("2026-08-09 10:02"),
                state=("ok", "已答复"),
                href="#",
            )
        ],
    }
)
AWARD = Row(
    **{
        **_COMMON,
        "state": ("warn", "待定标"),
        "stage": "decide",
        "publicity_until": at("2026-08-11 23:59:59"),
        "open_objections": 0,
        "candidates": _CANDIDATES,
        "form": EMPTY_FORM,
        "law": "招标投标法实施条例第五十五条",
        "winner": None,
        "notice": None,
        "contract_by": None,
        "contract_basis": "",
        "statement": f"我以{BUYER}的名义确定上述中标人",
    }
)
_WINNER = Row(name=BIDDERS[0], price=PRICES[0], decided_at=at("2026-08-12 10:00"))
AWARD_SENT = Row(
    **{
        **vars(AWARD),
        "state": ("ok", "已发中标通知书"),
        "stage": "sent",
        "winner": _WINNER,
        "notice": Row(no="ZB-2026-0417", pdf_href="#", digest=digest("notice-pdf"), sent_at=at("2026-08-14 09:30")),
        "contract_by": date(2026, 9, 14),
        "contract_basis": "30 日届满为 2026-09-13（星期日），顺延至次日",
    }
)
CONTRACT = Row(
    **{
        **_COMMON,
        "state": ("ok", "已发中标通知书"),
        "form": Row(values={"term": "30 天", "summary": "服务器、数据库集群软件"}, errors={}),
        "mine": True,
        "facts": [
            ("中标人", BIDDERS[0]),
            ("中标价", "2,987,600.00 元"),
            ("中标通知书", f"{NUMBER}-001-ZBTZ"),
            ("履约保证金上限", "298,760.00 元"),
        ],
        "laws": [
            ("订立书面合同的期限：30 日", "《中华人民共和国招标投标法》第四十六条"),
            ("履约保证金不超过合同金额的 10%", "《中华人民共和国招标投标法实施条例》第五十八条"),
        ],
        "until": date(2026, 9, 14),
        "overdue": False,
        "contract": [],
        "digest": "",
        "file_href": "",
        "late": "",
        "publication_until": None,
        "notice_href": "",
        "statement": "我以招标人的名义确认：上传的是与中标人订立的合同，未背离招标文件和中标人的投标文件",
        "publication_statement": "公示内容取自登记的合同，与所订合同一致",
        "most": 64 << 20,
    }
)
CONTRACT_WRONG = Row(
    **{
        **vars(CONTRACT),
        "overdue": True,
        "form": Row(
            values={"contract_no": "YL-2026-017", "signed_on": "2026-09-16", "amount": "2990000", "term": "30 天"},
            errors={
                "amount": "合同应当按照招标文件和中标人的投标文件订立，合同金额应与中标价2,987,600.00元一致。"
                "（《中华人民共和国招标投标法》第四十六条；《中华人民共和国招标投标法实施条例》第五十七条）",
                "late_reason": "请写明逾期的原因。",
                "file": "请上传合同的 PDF 文件。",
            },
        ),
    }
)
CONTRACT_KEPT = Row(
    **{
        **vars(CONTRACT),
        "state": ("ok", "已订立合同"),
        "contract": [
            ("合同编号", "YL-2026-017"),
            ("合同相对方", BIDDERS[0]),
            ("合同金额", "2,987,600.00 元"),
            ("订立日期", "2026-09-16"),
            ("履行期限", "30 天"),
            ("合同标的", "服务器、数据库集群软件"),
            ("履约保证金", "不收取"),
        ],
        "digest": "3f8a" * 16,
        "file_href": "/api/v1/lots/01J2Q8/contract/file",
        "late": "中标人更换签约代表，重新办理授权",
    }
)
WAITING = Row(
    **{
        **_COMMON,
        "active": "candidates",
        "heading": "评标报告尚未提交",
        "why": "评标委员会全体成员签署报告后，在此公示中标候选人。",
    }
)


def _entrusted(state: str, word: tuple[str, str], **members: object) -> tuple[Row, tuple[str, str]]:
    row = Row(
        project_id="01J2Q0",
        number=NUMBER,
        title=TITLE,
        procuring_entity=BUYER,
        agency=AGENCY,
        document="委托代理合同 2026-017",
        offered_at=at("2026-07-10 09:00"),
        answered_at=None,
        ended_at=None,
        end_reason=None,
        state=state,
    )
    return Row(**{**vars(row), **members}), word


_OFFERED = _entrusted("offered", ("warn", "等待代理机构接受"))
_ACCEPTED = _entrusted("accepted", ("ok", "委托有效"), answered_at=at("2026-07-10 10:00"))
_ENDED = _entrusted("ended", ("mute", "已解除"), ended_at=at("2026-07-11 10:00"), end_reason="项目取消")
ENTRUSTED = Row(name=AGENCY, is_agency=True, rows=[_OFFERED, _ACCEPTED], form=EMPTY_FORM)
ENTRUSTING = Row(name=BUYER, is_agency=False, rows=[_ACCEPTED, _ENDED], form=EMPTY_FORM)


def _agent(page: Row) -> dict[str, object]:
    return {"user": AGENT, "page": page}


AT_OPENING = Row(
    role="agency",
    base=BASE,
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    state=("ok", "已唱标"),
    items=OPENING_OBJECTIONS,
    most=5,
    why_not="",
    open_count=1,
    confirmable=False,
    confirm_from=None,
    recorded=False,
    record_href="",
    hall_href="/openings/01J2Q8",
    form=EMPTY_FORM,
)
AT_OPENING_END = Row(
    **{
        **vars(AT_OPENING),
        "items": OPENING_OBJECTIONS[:1],
        "open_count": 0,
        "confirmable": True,
        "confirm_from": at("2026-08-06 14:50:00"),
    }
)
AT_OPENING_BIDDER = Row(**{**vars(AT_OPENING), "role": "bidder", "base": "/b/lots/01J2Q8"})

SAMPLES = {
    "portal/seals.html": {
        "": _agent(Row(organisation=AGENCY, uscc="91610133MA6TX0XJ28", home="/a", demo=True, waiting=[], uses=[])),
        "full": _agent(Row(
            organisation=AGENCY,
            uscc="91610133MA6TX0XJ28",
            home="/a",
            demo=True,
            waiting=[
                Row(kind="中标通知书", number="C11-ZBTZ", title="中标通知书", at=DEADLINE, action="/seals/1/2/confirm", mine=False),
                Row(kind="中标通知书", number="C12-ZBTZ", title="中标通知书", at=DEADLINE, action="/seals/2/2/confirm", mine=True),
            ],
            uses=[Row(kind="招标公告", number="C11-ZBGG-1", at=DEADLINE, check_href="/verify/papers/0")],
        )),
    },
    "portal/notices.html": {
        "": {"nav": "notices", "page": LIST},
        "empty": {"nav": "notices", "page": Row(**{**vars(LIST), "q": "航母", "notices": [], "since": "昨天", "errors": {"since": "日期请写成 2026-08-06 的样子"}})},
    },
    "trading/workbench.html": {"": _agent(WORKBENCH), "first": _agent(Row(**{**vars(WORKBENCH), "warnings": [], "dues": [], "groups": [], "messages": [], "unread": 0}))},
    "trading/calendar.html": {
        "": _agent(_calendar("2026-10")),
        "july": _agent(_calendar("2026-07")),
        "empty": _agent(Row(**{**vars(_calendar("2027-01")), "bad": True, "lots": 0})),
    },
    "trading/room.html": {"": _agent(ROOM), "opened": _agent(Row(**{**vars(ROOM), "deadline": None, "withheld": "", "todos": [], "trustees": []}))},
    "trading/lot_new.html": {"": _agent(NEW), "errors": _agent(NEW_ERRORS)},
    "trading/plan.html": {"": _agent(PLAN), "refused": _agent(PLAN_REFUSED), "locked": _agent(Row(**{**vars(PLAN), "locked": True}))},
    "trading/documents.html": {
        "": _agent(DOCUMENTS),
        "empty": _agent(Row(**{**vars(DOCUMENTS), "documents": [], "publishable": False, "preview": None})),
        "bidder": {"user": BIDDER, "page": HELD},
        "outsider": {"user": BIDDER, "page": Row(**{**vars(HELD), "documents": [], "joined": False, "join_href": "/b/lots/01J2Q8/interest"})},
    },
    "trading/entrustments.html": {"": _agent(ENTRUSTED), "buyer": _agent(ENTRUSTING), "empty": _agent(Row(**{**vars(ENTRUSTED), "rows": []}))},
    "trading/questions.html": {"": _agent(QUESTIONS), "bidder": {"user": BIDDER, "page": ASK}, "late": {"user": BIDDER, "page": ASK_LATE}},
    "trading/deliveries.html": {
        "": _agent(DELIVERIES),
        "withheld": _agent(Row(**{**vars(DELIVERIES), "groups": [], "withheld": "开标前不显示送达情况。"})),
        "empty": _agent(Row(**{**vars(DELIVERIES), "groups": []})),
    },
    "trading/failure.html": {
        "": _agent(FAILURE),
        "second": _agent(FAILURE_SECOND),
        "out": _agent(FAILURE_OUT),
        "again": _agent(Row(**{**vars(FAILURE_OUT), "again_href": "", "successor_href": "/a/lots/01J2Q9"})),
        "otherwise": _agent(Row(**{**vars(FAILURE_OUT), "again_href": "", "otherwise": "不再进行招标"})),
    },
    "trading/again.html": {"": _agent(AGAIN)},
    "trading/termination.html": {"": _agent(ENDING), "closed": _agent(Row(**{**vars(ENDING), "open": False}))},
    "trading/objections.html": {
        "": _agent(OBJECTIONS),
        "bidder": {"user": BIDDER, "page": OBJECTING},
        "stranger": {"user": BIDDER, "page": OBJECTING_STRANGER},
        "late": {"user": BIDDER, "page": OBJECTING_LATE},
    },
    "bidding/opening_objections.html": {
        "": _agent(AT_OPENING),
        "confirm": _agent(AT_OPENING_END),
        "bidder": {"user": BIDDER, "page": AT_OPENING_BIDDER},
    },
    "trading/candidates.html": {"": _agent(CANDIDATES), "published": _agent(CANDIDATES_OUT)},
    "trading/contract.html": {
        "": _agent(CONTRACT),
        "wrong": _agent(CONTRACT_WRONG),
        "kept": _agent(CONTRACT_KEPT),
        "agency": _agent(Row(**{**vars(CONTRACT), "mine": False})),
        "out": _agent(Row(**{**vars(CONTRACT_KEPT), "late": "", "notice_href": "/notices/12"})),
    },
    "trading/waiting.html": {"": _agent(WAITING)},
    "trading/award.html": {
        "": _agent(AWARD),
        "waiting": _agent(Row(**{**vars(AWARD), "stage": "waiting", "state": ("info", "公示中"), "open_objections": 1})),
        "result": _agent(Row(**{**vars(AWARD), "stage": "result", "winner": _WINNER})),
        "notice": _agent(Row(**{**vars(AWARD), "stage": "notice", "winner": _WINNER})),
        "sent": _agent(AWARD_SENT),
    },
}  # fmt: skip
