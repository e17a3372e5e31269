"""Samples of supervision, verification, the log, accounts, the bidder's room and the calendar of openings."""

from datetime import date

from kernel.log.reader import Checkpoint, LoggedEntry
from kernel.web.figures import Figure, Series, bars, lines
from portal.samples.admin import PASSKEY_SITE
from portal.samples.bidder import BASE as BIDDER_BASE
from portal.samples.common import (
    BIDDER,
    BUYER,
    DEADLINE,
    EMPTY_FORM,
    NOTICES,
    NUMBER,
    OVER,
    STAFF,
    STAGES,
    SUPERVISOR,
    TITLE,
    Row,
    acts_of,
    at,
    digest,
    part,
)
from supervision.register_tables import TARGETS

_MONTHS = ("1月", "2月", "3月", "4月", "5月", "6月", "7月")
_FAILED, _BEFORE = (9.1, 8.4, 8.8, 7.2, 7.5, 6.1, 4.2), (9.8, 9.5, 9.9, 9.2, 8.7, 8.9, 8.8)
_DUE = (("CQ-2026-01", 17.0), ("CQ-2026-02", 12.0), ("CQ-2026-03", 6.0))
INSPECTOR = Row(name="陈立", role="检查人员", home="/s/tasks", acts=acts_of("inspector"), desks=())

DASHBOARD = Row(
    subtitle="全市 · 2026 年 1 月至 8 月 5 日 · 演示数据",
    numbers=[
        ("成交金额", "46.24", "亿元", "较去年同期 +6.2%"),
        ("平均投标人数", "6.8", "家", "较去年同期 +0.9"),
        ("节约率", "4.6", "%", "较去年同期 −0.3 个百分点"),
        ("抽查按期公开", "100", "%", "3 期，平均 11.7 个工作日"),
    ],
    figures=[
        (
            Figure(
                caption="因投标人不足三家重新招标的比例降到 4.2%",
                method="按月，占当月开标项目的百分比",
                svg=lines(
                    "流标比例",
                    "折线图：由一月百分之九点一降到七月百分之四点二",
                    _MONTHS,
                    [Series("今年", 1, _FAILED), Series("上年", 6, _BEFORE)],
                    unit="%",
                ),
                head=("月份", "今年", "上年"),
                rows=tuple((m, f"{a}%", f"{b}%") for m, a, b in zip(_MONTHS, _FAILED, _BEFORE, strict=True)),
            ),
            [],
        ),
        (
            Figure(
                caption="抽查结果均在法定 20 个工作日之内公开",
                method="自检查结束之日起的工作日",
                svg=bars(
                    "公开用时",
                    "横向条形图，虚线为20个工作日",
                    _DUE,
                    limit=20,
                    limit_label="20 个工作日",
                    unit=" 日",
                    width=540,
                ),
                head=("抽查", "工作日"),
                rows=tuple((n, f"{v:.0f}") for n, v in _DUE),
            ),
            [],
        ),
    ],
    openings=[(DEADLINE, TITLE, "/openings/1", "info", "接收投标")],
    clues=[
        Row(
            level=("bad", "高"),
            text="3 家投标人文件的生成设备特征相同",
            href="#",
            lot="滨江路桥梁检测服务",
            basis="同一台计算机编制，文件 2、4、5",
            at=at("2026-08-05 18:02"),
            state=("warn", "待核查"),
        ),
        Row(
            level=("warn", "中"),
            text="专家评分连续偏离",
            href="#",
            lot="智慧交通信号优化",
            basis="超过控制限 4 次",
            at=at("2026-08-04 17:26"),
            state=("info", "核查中"),
        ),
    ],
    inspections=[
        Row(title="2026 年第 4 期：代理机构从业行为", href="#", state=("info", "检查中"), due="结果应于 09-11 前公开")
    ],
    recent=[(at("2026-08-05 18:02"), "发布招标公告", "陕西铭源项目管理有限公司", 49_120)],
    unread=2,
)
NEW = Row(
    form=Row(
        values={"team": "2", "lead": "1", "target_kind": "agency", "items": ["conduct"], "departments": []}, errors={}
    ),
    items=[("conduct", "招标代理机构从业行为"), ("contract", "合同履约"), ("bond", "保证金退还")],
    target_kinds=[("agency", "招标代理机构", "按信用等级分层抽取"), ("lot", "已完成标段", "")],
    departments=[("housing", "住房和城乡建设"), ("transport", "交通运输"), ("water", "水利")],
    classes=[
        Row(key="A", word="A 级", count=38, rate="3", minimum="1"),
        Row(key="B", word="B 级", count=61, rate="10", minimum="3"),
        Row(key="C", word="C 级", count=24, rate="30", minimum="4"),
        Row(key="D", word="D 级", count=5, rate="100", minimum="5"),
    ],
    targets=Row(count=128, root=digest("targets"), at=at("2026-08-14 08:00")),
    inspectors=Row(count=36, root=digest("inspectors"), at=at("2026-08-14 08:00")),
    earlier=3,
)
_STEPS = [
    ("done", "冻结名录", "08-14 10:00"),
    ("done", "公布承诺", "08-14 10:05"),
    ("done", "揭示与抽取", "08-14 10:31"),
    ("now", "检查与记录", "至 08-28"),
    ("", "公开", "09-25 前"),
]
_PICKS = [
    Row(
        no=1,
        name="陕西铭源项目管理有限公司",
        class_="B 级",
        team="ZF-003、ZF-013",
        state=("ok", "已检查"),
        result="未发现问题",
        law="",
        href="",
    ),
    Row(
        no=2,
        name="秦川咨询有限公司",
        class_="C 级",
        team="ZF-034、ZF-001",
        state=("warn", "责令改正"),
        result="招标文件发售期不足 5 日",
        law="招标投标法实施条例第十六条",
        href="",
    ),
    Row(
        no=3,
        name="长安招标代理有限公司",
        class_="D 级",
        team="ZF-011、ZF-025",
        state=("info", "检查中"),
        result="",
        law="",
        href="",
    ),
]
INSPECTION = Row(
    role="public",
    base="/s/inspections/4",
    openable=False,
    codes=[("1", "未发现问题"), ("5", "发现问题已责令改正")],
    freeze=None,
    closable=False,
    no="CQ-2026-04",
    title="2026 年第 4 期：招标代理机构从业行为",
    state=("info", "检查中"),
    steps=_STEPS,
    facts=[
        ("检查对象", "名录 128 个，抽取 13 个"),
        ("检查人员", "名录 36 人，每个对象 2 人"),
        ("分层", "按信用等级 3%、10%、30%、100%"),
        ("回避", "3 人次，由下一顺位递补"),
    ],
    draw_href="/verify/draws/2",
    part=None,
    picks=_PICKS,
    tasks=[],
    publish_by=date(2026, 9, 25),
    published_at=None,
    pdf_href="",
    publishable=False,
    statement="",
    form=EMPTY_FORM,
    digest=digest("spec"),
    log_index=49_911,
    rectifications=[
        Row(
            name="秦川咨询有限公司",
            order="更正招标文件并重新计算发售期",
            due=date(2026, 9, 4),
            state=("info", "整改中"),
            id="",
            note="",
        ),
        Row(
            name="丰禾工程咨询有限公司",
            order="补齐委托合同，并书面说明收费依据",
            due=date(2026, 8, 28),
            state=("ok", "已整改"),
            id="",
            note="2026-08-30 复查：合同已补签，收费依据已公示。",
        ),
    ],
    key="",
    correctable=[],
    withholdable=[],
    terminable=False,
)
SUPERVISED = Row(
    **{
        **vars(INSPECTION),
        "role": "supervisor",
        "part": part("reveal"),
        "publishable": True,
        "withholdable": [("91610131MA6TX0XJ2K", "长安招标代理有限公司"), ("91610131MA6TX0XJ3H", "秦川咨询有限公司")],
        "correctable": [("3", "长安招标代理有限公司（发现问题已责令改正）")],
        "rectifications": [Row(**{**vars(INSPECTION.rectifications[0]), "id": "c1"}), INSPECTION.rectifications[1]],
        "statement": "我确认检查记录已核对，依法应当公开的内容完整",
    }
)


def task(state: str) -> Row:
    """Return an inspector's object: nothing written yet ("new"), waiting for the own ("signing") or others' signature
    ("signed"), complete, or before the first day ("early").
    """
    items = [
        ("GZ-09", "委托合同、收费、保密、人员与档案，不为投标人投标或咨询"),
        ("GZ-02", "公告的媒介、内容与各项时限"),
    ]
    made = Row(
        version=1,
        code="5",
        result="发现问题已责令改正",
        items=[("GZ-02", items[1][1], "ok", "未发现问题"), ("GZ-09", items[0][1], "issue", "发现问题")],
        findings="抽查 2025 年以来三份委托代理合同，其中一份收费高于合同约定。\n当事人陈述：系财务录入错误，愿意退还。",
        summary="一份委托代理合同收费高于约定，已责令改正。",
        basis="招标投标法实施条例第十四条",
        evidence=[Row(name="收费凭证.pdf", sha256="mYc0Gk1Q7n2s4W6y8A0b2C4d6E8f0G2h4I6j8K0l2M4", size=812_331)],
        href="/api/v1/inspections/4/records/1",
        digest="q1Wm3Kx8dNf0Yv7Zb5Gt2Hr9Lc4Jp6Qs1Uo3Xe5Ia7T",
        signatures=[("ZF-011", False)] if state == "signing" else [("ZF-011", False), ("ZF-025", True)],
        missing=0 if state == "complete" else 1,
        signable=state == "signing",
    )
    return Row(
        id="3",
        name="长安招标代理有限公司",
        unit="91610131MA6TX0XJ2K",
        items=items,
        record=None if state in ("new", "early") else made,
        editable=state != "complete",
        begins=date(2026, 8, 17) if state == "early" else None,
        form=EMPTY_FORM,
    )


INSPECTED = Row(
    **{
        **vars(INSPECTION),
        "role": "inspector",
        "tasks": [task("signing")],
        "key": "Zk3wQ2fX9aLm0PpR5tUvWw",
        "openable": True,
    }
)
PLANNED = Row(
    **{
        **vars(INSPECTION),
        "role": "supervisor",
        "picks": [],
        "rectifications": [],
        "draw_href": "",
        "publish_by": None,
        "digest": "",
        "terminable": True,
        "freeze": Row(
            title="冻结检查对象名录",
            contributors=[("jd", "监督局"), ("zx", "交易中心")],
            beacon=Row(
                available=True, witnesses=[("gz", "云澜市明信公证处 周文博"), ("xh", "云澜市招标投标协会 孙越")]
            ),
        ),
        "closable": True,
    }
)

VERIFY = Row(
    q="",
    problem="",
    draws=[
        Row(
            no="CQ-20260806-01",
            title=f"评标专家抽取：{TITLE}",
            href="/verify/draws/1",
            at=at("2026-08-06 15:31"),
            word="可复算",
            kind="ok",
        )
    ],
    lots=[Row(id="1", title=TITLE, number=NUMBER, forms_href="/api/v1/verify/forms/1")],
    trust_href="/api/v1/trust",
    log_href="/log",
    origin="sunlit.example/log",
    cli=[
        ("sunlit verify 回执.json --trust 信任文件.json", "核验一份回执"),
        ("sunlit verify 抽取记录.json 候选名单.json", "复算一次抽取"),
        ("sunlit verify 全案核验包.zip", "核验一个标段从公告到中标的全部记录"),
    ],
)
IMPORTING = Row(
    rail="supervisor",
    active="registers",
    title="检查对象名录库",
    lead="双随机抽查的“两库”；已冻结的抽查不受影响",
    base="/s/registers/targets",
    policy="只更新和新增，不删除；有问题的文件整份退回，改好后重新预检。",
    statement="我确认名录已核对，可以用于双随机抽查",
    button="导入名录",
    facts=[("招标代理机构", "128 个"), ("A 级", "60 个"), ("更新", "2026-08-01 10:00:00")],
    digest=digest("register"),
    digest_words="名录指纹",
    columns=TARGETS,
    kinds=[("agency", "招标代理机构"), ("lot", "标段")],
    complete="文件中没有列出的同类对象退出名录",
    form=EMPTY_FORM,
    preview=None,
    done="",
)
PREVIEW = Row(
    file="招标代理机构名录.csv",
    encoding="GB18030",
    digest=digest("file"),
    total=130,
    good=127,
    effects=[("新增", 4), ("更新", 123), ("退出名录", 1)],
    faults=[
        Row(line=17, name="长安招标代理有限公司", reasons=("统一社会信用代码不正确。",)),
        Row(
            line=44,
            name="秦川咨询有限公司",
            reasons=("信用等级应为 A、B、C 或 D。", "上次检查日期应写成 2025-09-01 的形式。"),
        ),
        Row(line=90, name="", reasons=("名称不能为空。",)),
    ],
    text="code,name,class\n",
    blocked="",
)
TAKING_PART = Row(
    role="supervisor",
    key="Zk3wQ2fX9aLm0PpR5tUvWw",
    wrap="Qm0PpR5tUvWwZk3wQ2fX9a",
    rows=[
        Row(
            number="CQ-2026-04/T1",
            title="检查对象抽取",
            matter=INSPECTION.title,
            href="#",
            state=("warn", "待您承诺"),
            until=at("2026-08-06 13:40"),
            at=at("2026-08-06 13:00"),
        ),
        Row(
            number="CQ-C1100000189017141002-001-01",
            title="评标专家抽取",
            matter=TITLE,
            href="#",
            state=("ok", "已抽取"),
            until=None,
            at=at("2026-08-06 11:00"),
        ),
    ],
)
_TX = [
    ("pool", "候选名单指纹", "冻结后不能增删；只含专业、地区等必要属性", digest("pool"), False),
    (
        "commits",
        "各方承诺",
        "2 个贡献方在截止前提交，彼此看不到对方的随机数",
        f"代理机构　{digest('c1')}\n行政监督　{digest('c2')}",
        False,
    ),
    ("close", "承诺截止", "此后不能再加入任何随机数", "2026-08-06 15:30:00", False),
    ("reveals", "揭示随机数", "须与承诺一致", f"代理机构　{digest('r1')}\n行政监督　{digest('r2')}", False),
    ("seed", "合成种子", "由规格指纹和全部随机数按次序算出", digest("seed"), False),
    ("outcome", "抽取", "panel/1：在满足全部条件的组合中等概率抽取", "第 1 次尝试即满足条件", False),
]
DRAW = Row(
    no="CQ-20260806-01",
    title="评标专家抽取",
    purpose=TITLE,
    state=("ok", "已抽取，已公开"),
    steps=[
        ("done", "冻结名单", "15:10:00"),
        ("done", "公布承诺", "15:14:20"),
        ("done", "承诺截止", "15:30:00"),
        ("done", "揭示与抽取", "15:30:41"),
        ("now", "公开与核验", "进行中"),
    ],
    facts=[
        ("候选名单", "1,874 人（综合评标专家库 2,000 人，回避剔除 126 人）"),
        ("抽取", "计算机与网络 3 人，数据库与软件 2 人"),
        ("条件", "同一单位最多 1 人"),
        ("算法", "panel/1（公开、可复算）"),
        ("贡献方", "代理机构、行政监督"),
    ],
    groups=[
        Row(
            title="计算机与网络",
            picks=[Row(no=n, name=f"{digest(f'l{n}')[:8]}…", sub="结果公告后公开姓名") for n in (1, 2, 3)],
        ),
        Row(
            title="数据库与软件",
            picks=[Row(no=n, name=f"{digest(f'l{n}')[:8]}…", sub="结果公告后公开姓名") for n in (4, 5)],
        ),
    ],
    odds=[("计算机与网络", "3 / 212"), ("数据库与软件", "2 / 165")],
    waiting="",
    transcript=_TX,
    verify_href="/api/v1/verify/draws/1",
    json_href="#",
    pool_href="#",
    pdf_href="#",
    cli="sunlit verify 抽取记录.json 候选名单.json",
    log_index=49_101,
    attempts=0,
    replacements=[Row(no=3, what="不接受，由候补第 1 位递补", at=at("2026-08-06 15:52"))],
)
FROZEN = Row(
    **{
        **vars(DRAW),
        "state": ("info", "承诺中"),
        "groups": [],
        "verify_href": "",
        "replacements": [],
        "log_index": None,
        "pdf_href": "",
        "attempts": 1,
        "transcript": _TX[:2],
        "waiting": "等待承诺：云澜市公共资源交易中心，截至 08-06 15:40。",
        "steps": [
            ("done", "冻结名录", "08-06 15:10"),
            ("now", "各方承诺", "2/3，截至 08-06 15:40"),
            ("", "截止承诺", "此后不能加入随机数"),
            ("", "托管分片", "0/3，截至 08-06 16:10"),
            ("", "公共随机数", "08-06 21:20"),
            ("", "公开随机数", "截至 08-06 22:00"),
            ("", "抽取结果", "自动算出，任何人可复算"),
        ],
    }
)
RECEIPT = Row(
    no="HZ-20260806-01043",
    found=True,
    opened=False,
    state=("ok", "有效"),
    kind_word="投标文件接收回执",
    received_at=at("2026-08-06 13:31:27"),
    lot_title=TITLE,
    lot_href="/lots/1",
    bidder_name="",
    submission=digest("sub"),
    proof=Row(
        index=48_213,
        size=48_214,
        root="q7Jm0gQmA1xF0c6uTn5yQmY2W3m8l1y0v5pZs3cX9dE=",
        path=[digest(str(i)) for i in range(4)],
        at=at("2026-08-06 13:31:28"),
        witnesses=["监督部门", "邻市平台"],
    ),
    bundle_href="/api/v1/receipts/1",
)


def _entry(index: int, kind: str, detail: dict[str, object], when: str) -> LoggedEntry:
    return LoggedEntry(1, index, kind, b"{}", detail, "public", at(when))


_ENTRIES = [
    _entry(48_077, "question.answered", {"lot": "001", "no": 1}, "2026-07-20 10:12"),
    _entry(48_019, "notice.published", {"tender": NUMBER, "digest": digest("notice")}, "2026-07-16 22:00"),
    _entry(47_118, "plan.refused", {"rule": "R-TIME-03", "article": "招标投标法实施条例第十六条"}, "2026-07-08 10:40"),
]
_CHECKPOINT = Checkpoint(
    size=48_214,
    root=bytes.fromhex(digest("root")),
    note="sunlit.example/log\n48214\nq7Jm0gQmA1xF0c6uTn5yQmY2W3m8l1y0v5pZs3cX9dE=\n\n— sunlit.example/log 1yF…\n— witness.example 9aQ…\n",
    at=at("2026-08-06 13:31:28"),
)
_SCHEMA = {
    "info": {"title": "Sunlit", "version": "0.1.0"},
    "paths": {
        "/api/v1/lots/{lot_id}": {
            "get": {
                "tags": ["lots"],
                "summary": "A lot as the public sees it",
                "parameters": [{"name": "lot_id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "the lot"}},
            }
        },
        "/api/v1/submissions": {
            "post": {
                "tags": ["bids"],
                "summary": "Hand in a sealed bid",
                "description": "The body carries the bidder's signature only.",
                "requestBody": {
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Submission"}}}
                },
                "responses": {"201": {"description": "receipt"}, "409": {"description": "too late"}},
            }
        },
    },
}
ROOM = Row(
    base=BIDDER_BASE,
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    over=OVER,
    state=("info", "接收投标"),
    stages=STAGES,
    joined=True,
    join_href="",
    todos=[
        Row(
            kind="bad",
            text="递交投标文件",
            href=BIDDER_BASE + "/submit",
            sub="已递交第 2 次，截止前可以修改",
            due="剩余 00:38:22",
        )
    ],
    deadline=DEADLINE,
    mine=Row(
        rev=2, at=at("2026-08-05 17:42:09"), receipt_no="HZ-20260805-00872", receipt_href="#", state=("ok", "当前有效")
    ),
    notices=NOTICES[:2],
    facts=[("招标人", BUYER), ("最高限价", "3,200,000.00 元")],
    result=None,
)
_OPENINGS = [Row(at=DEADLINE, title=TITLE, number=NUMBER, buyer=BUYER, href="#", state=("info", "接收投标"))]


def _supervisor(page: Row) -> dict[str, object]:
    return {"user": SUPERVISOR, "page": page}


def _intervention(state: str = "") -> dict[str, object]:
    """Supervision's page of an opening whose trustees do not come, or whose window may be extended."""
    early = state == "window"
    errors = {"conclude_reason": "请写明决定的理由，理由随决定公告。", "conclude_agree": "请勾选确认后再提交。"}
    row = Row(
        base="/s/lots/01J2Q8/opening",
        title=TITLE,
        number=NUMBER,
        lot_no="001",
        state=("seal", "投标人解密" if early else "见证人解密"),
        facts=[("招标人", BUYER), ("项目编号", NUMBER), ("投标截止", "2026-08-06 14:00:00")],
        window_until=at("2026-08-06 14:30:00"),
        latest=at("2026-08-07 14:30:00") if early else None,
        emergency={"": "may", "errors": "may", "decided": "done"}.get(state, ""),
        conclude=state in ("", "decided", "errors"),
        trustees=[
            Row(role="公证处", name="周文博（市公证处）", state="on", word="14:32 到位"),
            Row(role="行业协会", name="孙越（市招标投标协会）", state="", word="尚未提交"),
        ],
        on=1,
        k=3,
        history=[Row(at=at("2026-08-06 14:40:00"), text="决定启用应急解密：见证人不能到场（账本第 91 条）", digest="")]
        if state == "decided"
        else [],
        hall_href="/openings/01J2Q8",
        form=Row(values={"until": "2026-08-06 15:30:00"}, errors=errors if state == "errors" else {}),
    )
    return {"user": SUPERVISOR, "page": row}


SAMPLES: dict[str, dict[str, dict[str, object]]] = {
    "supervision/dashboard.html": {"": _supervisor(DASHBOARD), "empty": _supervisor(Row(**{**vars(DASHBOARD), "figures": [], "openings": [], "clues": [], "inspections": []}))},
    "supervision/inspection_new.html": {"": _supervisor(NEW), "errors": _supervisor(Row(**{**vars(NEW), "form": Row(values={}, errors={"title": "填写名称", "items": "至少选择一个抽查事项"})}))},
    "supervision/inspection.html": {"": {"nav": "inspections", "page": INSPECTION}, "supervisor": _supervisor(SUPERVISED), "inspector": {"user": INSPECTOR, "page": INSPECTED}, "keyless": {"user": INSPECTOR, "page": Row(**{**vars(INSPECTED), "key": ""})}, **{f"inspector-{state}": {"user": INSPECTOR, "page": Row(**{**vars(INSPECTED), "tasks": [task(state)], "openable": False})} for state in ("new", "early", "signed", "complete")}, "record": _supervisor(Row(**{**vars(SUPERVISED), "tasks": [task("complete")]})), "draft": _supervisor(PLANNED), **{f"draw-{step}": _supervisor(Row(**{**vars(SUPERVISED), "publishable": False, "rectifications": [], "picks": [], "publish_by": None, "part": part(step)})) for step in ("commit", "other", "await-commits", "await-close", "await-reveals", "stuck", "drawn", "void", "watch")}, "frozen": {"nav": "inspections", "page": Row(**{**vars(INSPECTION), "picks": [], "rectifications": [], "draw_href": "", "publish_by": None, "digest": ""})}},
    "supervision/inspections.html": {"": {"nav": "inspections", "page": Row(rows=[Row(no="CQ-2026-04", title=INSPECTION.title, href="#", targets=128, picked=13, state=("info", "检查中"), at=at("2026-08-14 10:31"))], prev_href=None, next_href=None)}, "empty": {"nav": "inspections", "page": Row(rows=[], prev_href=None, next_href=None)}},
    "supervision/tasks.html": {"": {"user": INSPECTOR, "page": Row(tasks=[Row(title=INSPECTION.title, href="#", target="长安招标代理有限公司", due=date(2026, 8, 28), mates="ZF-025", state=("warn", "待检查"))], key="Zk3wQ2fX9aLm0PpR5tUvWw", conflicts=[("91610131MA6TX0XJ2K", "曾在该单位任职")], form=EMPTY_FORM)}, "empty": {"user": INSPECTOR, "page": Row(tasks=[], key="", conflicts=[], form=EMPTY_FORM)}},
    "portal/verify.html": {"": {"nav": "verify", "page": VERIFY}, "unknown": {"nav": "verify", "page": Row(**{**vars(VERIFY), "q": "HZ-0", "problem": "没有找到这个编号。请核对后重新输入。", "draws": [], "lots": []})}},
    "portal/importing.html": {"": _supervisor(IMPORTING), "preview": _supervisor(Row(**{**vars(IMPORTING), "preview": PREVIEW})), "blocked": _supervisor(Row(**{**vars(IMPORTING), "preview": Row(**{**vars(PREVIEW), "blocked": "名录须完整、无误才能导入：请按下表改好文件后重新预检。"})})), "errors": _supervisor(Row(**{**vars(IMPORTING), "form": Row(values={}, errors={"file": "表头缺少：名称。请使用模板的表头。"})})), "done": {"user": STAFF, "page": Row(**{**vars(IMPORTING), "rail": "staff", "active": "experts", "kinds": [], "complete": "", "title": "专家库", "done": "已导入 2000 人，3 行有问题未入库；专家库的新根指纹已写入公开账本。"})}},
    "portal/draws.html": {"": _supervisor(TAKING_PART), "empty": _supervisor(Row(role="supervisor", rows=[], key="", wrap="")), "unwrapped": _supervisor(Row(**{**vars(TAKING_PART), "wrap": ""}))},
    "portal/draw_part.html": {name: _supervisor(Row(role="supervisor", title="检查对象抽取", number="CQ-2026-04/T1", matter="2026 年第 4 期：招标代理机构从业行为", part=row, draw_href="/verify/draws/1", form=EMPTY_FORM, key="k")) for name, row in {"": part("escrow", escrow=True), "commit": part("commit", escrow=True), "recover": part("recover", escrow=True, beacon="stands"), "drawn": part("drawn", escrow=True, beacon="stands"), "await-escrow": part("await-escrow", escrow=True), "await-recovery": part("await-recovery", escrow=True), "dropped": part("dropped", escrow=True), "early": part("await-beacon", beacon="early"), "sign": part("watch", beacon="sign")}.items()},
    "portal/draw.html": {"": {"nav": "verify", "page": DRAW}, "frozen": {"nav": "verify", "page": FROZEN}},
    "portal/receipt_verify.html": {"": {"nav": "verify", "page": RECEIPT}, "opened": {"nav": "verify", "page": Row(**{**vars(RECEIPT), "opened": True, "bidder_name": "西安云枢信息技术有限公司"})}, "unknown": {"nav": "verify", "page": Row(**{**vars(RECEIPT), "found": False})}},
    "portal/login.html": {"": {"next": "", "error": "", "login": "", "passkey_site": PASSKEY_SITE}, "failed": {"passkey_site": None, "next": "/a", "error": "登录名或口令不正确。", "login": "wangke", "accounts": [("招标代理机构", "agency"), ("行政监督", "supervisor")]}},
    "portal/log.html": {"": {"nav": "log", "checkpoint": _CHECKPOINT, "stamped": _CHECKPOINT, "stamp_demo": True, "entries": _ENTRIES, "next_before": 47_118}, "empty": {"nav": "log", "checkpoint": None, "stamped": None, "stamp_demo": True, "entries": [], "next_before": None}},
    "portal/schema.html": {"": {"nav": "schema", "schema": _SCHEMA}},
    "bidding/intervene.html": {"": _intervention(), "window": _intervention("window"), "decided": _intervention("decided"), "none": _intervention("none"), "errors": _intervention("errors")},
    "portal/inbox.html": {"": {"user": BIDDER, "page": Row(role="bidder", messages=[Row(title="澄清文件（第 1 号）已发布", text="修改了交货地点，请重新下载。", href="#", sent_at=at("2026-07-20 10:12"), read=False, lot=TITLE), Row(title="招标文件获取成功", text="第 1 版。", href="#", sent_at=at("2026-07-17 08:50"), read=True, lot=TITLE)], prev_href=None, next_href=None)}, "empty": {"user": STAFF, "page": Row(role="staff", messages=[], prev_href=None, next_href=None)}},
    "portal/help.html": {"": {"nav": "help"}},
    "bidding/openings.html": {"": {"nav": "openings", "page": Row(running=[], coming=_OPENINGS, past=[])}},
    "bidding/room.html": {"": {"user": BIDDER, "page": ROOM}, "outsider": {"user": BIDDER, "page": Row(**{**vars(ROOM), "joined": False, "join_href": "#", "todos": [], "mine": None})}, "result": {"user": BIDDER, "page": Row(**{**vars(ROOM), "deadline": None, "todos": [], "result": Row(rank="第 2 名", total="91.87", reason="综合得分低于第一名 1.55 分，主要差距在集群与容灾一项")})}},
}  # fmt: skip
