"""Samples of the pages that need no log-in: home, notice, lot, hall."""

from dataclasses import replace

from kernel.papers.verdict import judge
from kernel.web.figures import Figure, Series, stacked
from kernel.web.seal import Seal, SealReport, seal_svg
from portal.samples.common import (
    AGENCY,
    BIDDERS,
    BUYER,
    CAP,
    DEADLINE,
    EMPTY_FORM,
    LOT,
    NOTICES,
    NUMBER,
    OVER,
    PRICES,
    STAGES,
    TITLE,
    Row,
    at,
    digest,
    qr,
)

_MONTHS = ("1月", "2月", "3月", "4月", "5月", "6月", "7月")
_WORKS, _GOODS = (38.0, 22, 44, 51, 49, 62, 55), (14.0, 8, 15, 17, 16, 21, 18)

HOME = Row(
    openings=[
        (DEADLINE, TITLE, "/openings/01J2Q8", "info", "接收投标"),
        (at("2026-08-06 15:30"), "城区供热管网改造（二标段）", "/openings/2", "mute", "待开标"),
        (at("2026-08-05 09:30"), "全市政务云扩容服务", "/openings/3", "ok", "已确认"),
    ],
    numbers=[
        ("今年完成项目", "286", "宗", ""),
        ("今年成交金额", "46.24", "亿元", ""),
        ("正在公告", "37", "宗", ""),
        ("回执与抽取核验", "1,952", "次", ""),
    ],
    types=[
        (t, "/notices", t == "全部公告")
        for t in ("全部公告", "招标公告", "澄清", "开标记录", "候选人公示", "中标结果", "抽查结果", "终止公告")
    ],
    notices=NOTICES,
    chart=Figure(
        caption="工程仍占六成以上，6 月成交额为年内最高",
        method="单位：千万元；按中标结果公告日期统计；截至 2026 年 7 月 31 日；演示数据",
        svg=stacked(
            "2026年各月成交金额",
            "按类型堆叠的柱形图，单位千万元",
            _MONTHS,
            [Series("工程", 1, _WORKS), Series("货物与服务", 3, _GOODS)],
        ),
        head=("月份", "工程", "货物与服务"),
        rows=tuple((m, f"{a:.0f}", f"{b:.0f}") for m, a, b in zip(_MONTHS, _WORKS, _GOODS, strict=True)),
    ),
    legend=[(1, "工程"), (3, "货物与服务")],
    news=[
        Row(title="关于开标见证人密钥演练的通知", href="#", at=at("2026-07-20 09:00")),
        Row(title="离线核验工具发布第 2 版", href="#", at=at("2026-07-11 09:00")),
    ],
    checkpoint=Row(
        size=48_213, root="q7Jm0gQmA1xF0c6uTn5yQmY2W3m8l1y0v5pZs3cX9dE=", at=at("2026-08-06 13:21:30"), witnesses=2
    ),
)

NOTICE = Row(
    crumb="招标公告",
    type_href="/notices?type=tender",
    issuer_head="云澜市公共资源交易平台",
    number="招标编号 " + NUMBER,
    validity="文件获取：2026-07-16 22:00 至 2026-07-23 22:00",
    title=[TITLE, "招标公告"],
    body=[
        Row(kind="p", text=f"{TITLE}（招标编号：{NUMBER}）已具备招标条件，资金来源为国有资金，出资比例 100%，招标人为{BUYER}。现进行公开招标，欢迎合格的投标人参加投标。"),
        Row(kind="h", text="一、招标内容"),
        Row(kind="table", label="招标内容", head=["标段", "名称", "数量", "最高投标限价（元）", "交货期"], rows=[["001", TITLE, "1 套", "3,200,000.00", "合同签订后 30 日内"]]),
        Row(kind="h", text="二、投标人资格要求"),
        Row(kind="p", text="投标人须为中华人民共和国境内依法注册的法人或者其他组织；本次招标不接受联合体投标；允许代理商投标，代理商须提供制造商授权。"),
        Row(kind="h", text="三、投标文件的递交"),
        Row(kind="p", text="投标文件须在投标人的电脑上加密后通过本平台递交，投标截止时间为2026年8月6日14时00分（北京时间），开标时间同投标截止时间。逾期送达的投标文件，平台不予接收，并出具载明理由的拒收凭证。"),
        Row(kind="p", text="本次招标采用“投标人与见证人共同开标”方式：5 名开标见证人中任意 3 名与投标人共同参与，才能打开投标文件。"),
    ],
    sign_name=AGENCY,
    sign_at=at("2026-07-16 22:00"),
    seal=seal_svg(AGENCY, caption="演示 CA"),
    seal_label=f"电子签章：{AGENCY}（签名有效，演示 CA）",
    kind="info",
    type="招标公告",
    published_at=at("2026-07-16 22:00"),
    until=DEADLINE,
    until_label="距投标截止",
    facts=[("招标人", BUYER), ("代理机构", AGENCY), ("适用制度", "招标投标法"), ("最高限价", "3,200,000.00 元")],
    objection_href="",
    pdf_href="/notices/1.pdf",
    json_href="/api/v1/notices/1",
    digest=digest("notice"),
    log_index=48_019,
    qr=qr("/notices/1"),
    timeline=[
        ("now", "招标公告", "#", "07-16"),
        ("done", "澄清文件（第 1 号）", "#", "07-20"),
        ("", "开标记录", None, "08-06"),
        ("", "中标候选人公示", None, "待发布"),
        ("", "中标结果公告", None, "待发布"),
    ],
    versions=[Row(no=1, at=at("2026-07-16 22:00"), href="#", note="")],
    superseded_by="",
    invented=["最高投标限价", "评标办法", "交货期", "联系方式"],
    contract_href="",
)  # fmt: skip

ACTS = [
    Row(at=at("2026-07-08 09:12"), kind="info", what="登记项目与标段", who=BUYER, note="", law="招标投标法实施条例第七条", index=47_102, href=None),
    Row(at=at("2026-07-08 10:40"), kind="bad", what="时间计划被退回：文件发售期只有 4 日", who=AGENCY, note="要求不少于 5 日", law="招标投标法实施条例第十六条", index=47_118, href=None),
    Row(at=at("2026-07-08 11:02"), kind="ok", what="时间计划通过", who=AGENCY, note="共核对 6 项时限", law="招标投标法第二十四条", index=47_121, href=None),
    Row(at=at("2026-07-09 15:00"), kind="seal", what="开标密钥演练完成", who="5 名开标见证人", note="3/5，来自 4 个单位", law="", index=47_390, href="/verify"),
    Row(at=at("2026-07-16 22:00"), kind="ok", what="发布招标公告与招标文件", who=AGENCY, note="已签章", law="招标投标法第十六条", index=48_019, href="/notices/1"),
    Row(at=at("2026-07-20 10:12"), kind="info", what="发布澄清文件（第 1 号）", who=AGENCY, note="距投标截止 17 日", law="招标投标法第二十三条", index=48_077, href="/notices/2"),
]  # fmt: skip
LIMITS = [
    Row(what="招标文件发出至投标截止", required="不少于 20 日", actual="21 日", law="招标投标法第二十四条", kind="ok", word="满足"),
    Row(what="招标文件发售期", required="不少于 5 日", actual="7 日", law="实施条例第十六条", kind="ok", word="满足"),
    Row(what="澄清至投标截止", required="不少于 15 日", actual="17 日", law="招标投标法第二十三条", kind="ok", word="满足"),
    Row(what="对招标文件提出异议", required="截止 10 日前", actual="至 2026-07-27", law="实施条例第二十二条", kind="mute", word="已过"),
    Row(what="中标候选人公示期", required="不少于 3 日", actual="未开始", law="实施条例第五十四条", kind="mute", word="未开始"),
]  # fmt: skip

LOT_PAGE = Row(
    papers=[
        Row(
            name="招标公告",
            number=NUMBER + "-001-ZBGG-1",
            signer=AGENCY,
            at=at("2026-07-16 21:50"),
            href="#",
            check_href="#",
        )
    ],
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    over=OVER,
    state=("info", "接收投标"),
    stages=STAGES,
    deadline=DEADLINE,
    facts=[
        ("招标人", BUYER, False),
        ("招标代理", AGENCY, False),
        ("资金来源", "国有资金 100%", False),
        ("联合体", "不接受", False),
        ("代理商", "接受，须有制造商授权", False),
        ("最高投标限价", "3,200,000.00 元", True),
        ("评标办法", "综合评估法", True),
        ("行政监督", "市公共资源交易监督管理局", True),
    ],
    withheld="投标人名称、数量在投标截止前对所有人保密，包括招标人、代理机构和平台工作人员（招标投标法第二十二条）。",
    acts=ACTS,
    limits=LIMITS,
    notices=NOTICES[:2],
    documents=[
        Row(name="招标文件（第 1 版）.pdf", sub="2026-07-16 发布", href="", size=2_411_724, digest=digest("doc1")),
        Row(name="澄清文件（第 1 号）.pdf", sub="2026-07-20 发布", href="#", size=182_272, digest=digest("doc2")),
    ],
    answers=[
        Row(
            anchor="answer-1",
            kind="提问",
            no=1,
            text="第三章 3.4 所述集群软件授权，是按处理器数还是按实例数？",
            verdict="",
            answer="按处理器数授权，不少于 16 个处理器。",
            at=at("2026-07-20 10:12"),
            affects=True,
        ),
        Row(
            anchor="objection-1",
            kind="异议",
            no=1,
            text="评分标准第 3 项以特定行业业绩加分，与采购需求无关。",
            verdict="异议成立",
            answer="已删去该项，相应分值并入技术响应。",
            at=at("2026-07-25 16:40"),
            affects=True,
        ),
    ],
    keyset=Row(
        k=3,
        n=5,
        digest=digest("ks"),
        trustees=["招标人代表", "公证处", "交易中心见证", "行政监督（备用）", "行业协会（备用）"],
        accepted_at=at("2026-07-09 15:00"),
    ),
    draws=[Row(title="评标专家抽取", href="/verify/draws/1", word="待抽取", kind="mute")],
    bids=[],
    hall_href="/openings/01J2Q8",
    apply_until=at("2026-08-08 17:00"),
    bundle_href="",
    first_index=47_102,
    last_index=48_077,
)
AWARDED = Row(**{
    **vars(LOT_PAGE),
    "state": ("ok", "已发中标通知书"),
    "stages": [("done", t, s) for _, t, s in STAGES[:-1]] + [("now", "定标与中标通知", "08-14")],
    "deadline": None,
    "withheld": "",
    "bids": [
        Row(name=BIDDERS[i], price=PRICES[i], score=s, rank=str(r))
        for r, (i, s) in enumerate([(0, "93.42"), (3, "91.87"), (2, "90.06"), (1, "86.20"), (4, "82.75")], 1)
    ],
    "bundle_href": "/lots/01J2Q8/bundle",
    "last_index": 49_876,
})  # fmt: skip


def _bid(i: int, **change: object) -> Row:
    times = ("08-04 16:31:27", "08-05 20:05:52", "08-06 09:14:40", "08-06 11:48:03", "08-06 13:58:59")
    row = {
        "id": f"b{i}",
        "no": i + 1,
        "name": BIDDERS[i],
        "note": "",
        "submitted_at": at("2026-" + times[i]),
        "seal": "ok",
        "state": ("ok", "已打开"),
        "percent": None,
        "price": PRICES[i],
        "offer": "30 天",
        "receipt_href": "/verify/receipts/x",
        "mine": i == 0,
    }
    return Row(**{**row, **change})


TRUSTEES = [
    Row(role="招标人代表", name="赵林", state="on", word="已释放 14:31:11"),
    Row(role="公证处", name="周文博", state="on", word="已释放 14:31:09"),
    Row(role="交易中心见证", name="何静", state="on", word="已释放 14:31:14"),
    Row(role="行政监督", name="李卫东", state="spare", word="备用"),
    Row(role="行业协会", name="孙越", state="spare", word="备用"),
]
OPENING_OBJECTIONS = [
    Row(
        id="1",
        no=1,
        name=BIDDERS[1],
        text="唱标的交货期为 45 天，本单位投标函写明 30 天，请核对。",
        at=at("2026-08-06 14:33:20"),
        mine=False,
        outcome="异议不成立",
        answer="投标函当场用公布的密钥重新解出，交货期为 45 天，与唱标一致。",
        answered_at=at("2026-08-06 14:36:05"),
    ),
    Row(
        id="2",
        no=2,
        name=BIDDERS[0],
        text="第 5 家投标人的解密失败原因认定有误，请说明依据。",
        at=at("2026-08-06 14:38:41"),
        mine=True,
        outcome="",
        answer="",
        answered_at=None,
    ),
]
PRESENT = [
    Row(role="招标代理机构", name=AGENCY, person="周敏", at=at("2026-08-06 13:31:05"), mine=False),
    Row(role="行政监督部门", name="西安市发展和改革委员会", person="李静", at=at("2026-08-06 13:40:12"), mine=False),
    Row(role="投标人", name=BIDDERS[0], person=BIDDERS[0], at=at("2026-08-06 13:52:44"), mine=True),
    Row(role="投标人", name=BIDDERS[2], person=BIDDERS[2], at=at("2026-08-06 13:58:20"), mine=False),
]
SIGNATURES = [
    Row(
        role="投标人",
        name=BIDDERS[0],
        words="对开标记录无异议",
        remark="",
        current=True,
        at=at("2026-08-06 14:52:01"),
        mine=True,
    ),
    Row(
        role="投标人",
        name=BIDDERS[2],
        words="签署并注明意见",
        remark="唱标的交货期与投标函一致，请核对质保期",
        current=False,
        at=at("2026-08-06 14:49:30"),
        mine=False,
    ),
]
SIGNING = Row(
    id="01J2Q8",
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    state=("ok", "已唱标"),
    role="投标人",
    why_not="",
    until=at("2026-08-06 15:00:00"),
    bids=[
        Row(no=1, name=BIDDERS[0], price="2,986,400.00", note="已打开"),
        Row(no=2, name=BIDDERS[1], price="", note="投标人在规定的解密时间内没有释放密钥"),
    ],
    objections=[Row(name=BIDDERS[1], text="请核对解密失败的原因", answer="异议不成立。日志显示未收到解密密钥。")],
    parameters=[("下浮系数 K", "3 %")],
    digest=digest("draft"),
    draft_href="/api/v1/lots/01J2Q8/opening/draft",
    send_href="/api/v1/lots/01J2Q8/opening/signatures",
    by="licence",
    key="",
    mine=None,
    signatures=SIGNATURES[1:],
    hall_href="/openings/01J2Q8",
)
PARAMETERS = [
    Row(
        name="K",
        label="下浮系数",
        value="0.03",
        choices="0.01、0.02、0.03、0.04、0.05",
        basis="招标文件第三章 2.2",
        draw_href="/verify/draws/1",
    )
]
_UNDRAWN = [Row(**{**vars(PARAMETERS[0]), "value": "", "draw_href": ""})]
DRAWING = Row(
    id="01J2Q8",
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    state=("seal", "投标人解密"),
    rows=_UNDRAWN,
    may_freeze=True,
    thirds=[("", "不加入（两方抽取，不设托管）"), ("3", "西安市公共资源交易中心 王磊")],
    part=None,
    key=digest("k")[:22],
    hall_href="/openings/01J2Q8",
    form=EMPTY_FORM,
)
HALL = Row(
    id="01J2Q8",
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    buyer=BUYER,
    agency=AGENCY,
    state=("seal", "正在打开"),
    phases=[
        ("done", "投标截止", "14:00:00"),
        ("done", "公布封存清单", "14:00:04"),
        ("done", "投标人解密", "14:00—14:30"),
        ("done", "见证人释放分片", "14:31:14"),
        ("now", "打开与唱标", "进行中"),
        ("", "异议与答复", "待开始"),
        ("", "记录确认", "待开始"),
    ],
    until=at("2026-08-06 15:00:00"),
    until_label="距异议截止",
    stream="/openings/01J2Q8/events",
    secret=False,
    bids=[
        _bid(0),
        _bid(1),
        _bid(2),
        _bid(3, state=("seal", "正在打开"), percent=62, price=None, offer=""),
        _bid(
            4,
            state=("bad", "未解密，视为撤销"),
            price=None,
            offer="",
            seal="",
            note="投标人在规定的解密时间内没有释放密钥",
        ),
    ],
    opened=3,
    total=5,
    offer_label="交货期",
    price_cap=CAP,
    faults=["因投标人原因未解密，视为撤销投标文件"],
    policy="both",
    trustees=TRUSTEES,
    k=3,
    people=Row(
        present=PRESENT,
        secret=False,
        check_in="",
        came_at=None,
        opens_at=None,
        role="",
        is_bidder=False,
        signatures=SIGNATURES,
        sign_until=at("2026-08-06 15:00:00"),
        sign_href="",
    ),
    log=[
        Row(at=at("2026-08-06 14:31:40"), text=f"{BIDDERS[2]}的投标文件已打开，指纹与回执一致", digest=digest("1")),
        Row(at=at("2026-08-06 14:31:32"), text=f"{BIDDERS[1]}的投标文件已打开，指纹与回执一致", digest=digest("2")),
        Row(at=at("2026-08-06 14:31:20"), text=f"{BIDDERS[0]}的投标文件已打开，指纹与回执一致", digest=digest("3")),
        Row(at=at("2026-08-06 14:31:14"), text="3 份密钥分片已到位，开始打开投标文件", digest=digest("4")),
        Row(at=at("2026-08-06 14:30:00"), text="投标人解密窗口关闭，4 家已释放密钥", digest=digest("5")),
        Row(at=at("2026-08-06 14:00:04"), text="封存清单与截止检查点已公布，2 个见证方共同签名", digest=digest("6")),
        Row(at=at("2026-08-06 14:00:00"), text="投标截止，停止接收投标文件", digest=digest("7")),
    ],
    objections=OPENING_OBJECTIONS,
    open_objections=1,
    objection_word="",
    objection_href="/b/lots/01J2Q8/opening",
    parameters=PARAMETERS,
    parameters_href="",
    record_href="",
    verify_href="/verify",
    confirm_href="",
    release_href="",
    give_href="",
    intervene_href="",
)
HALL_BEFORE = Row(**{
    **vars(HALL),
    "state": ("info", "等待投标截止"),
    "phases": [("now", "投标截止", "08-06 14:00:00")] + [("", t, "待开始") for _, t, _ in HALL.phases[1:]],
    "until": DEADLINE,
    "until_label": "距投标截止",
    "secret": True,
    "bids": [],
    "opened": 0,
    "total": 0,
    "trustees": [Row(role=t.role, name=t.name, state="", word="截止后释放") for t in TRUSTEES],
    "log": [Row(at=at("2026-08-06 13:00:00"), text="开标大厅开放，公众可旁观", digest=digest("8"))],
    "parameters": _UNDRAWN,
    "people": Row(
        present=PRESENT[:2],
        secret=True,
        check_in="open",
        came_at=None,
        opens_at=at("2026-08-06 13:00"),
        role="投标人",
        is_bidder=True,
        signatures=[],
        sign_until=None,
        sign_href="",
    ),
    "objections": [],
    "open_objections": 0,
    "objection_word": "唱标之后、确认开标记录之前提出。",
    "objection_href": "",
    "verify_href": "",
})  # fmt: skip

_SEALS = (
    Seal(
        signer=AGENCY,
        uscc="91610000MA6TX8W40J",
        reason="招标公告",
        location="",
        issuer="阳光交易演练 issuing authority",
        claimed_at=at("2026-07-16 21:50"),
        stamped_at=at("2026-07-16 21:50:02"),
        intact=True,
        trusted=True,
        whole=True,
        certificate=bytes.fromhex(digest("certificate")),
        serial=1,
        stamped_by="演示时间戳",
        stamp="demo",
    ),
)
_UNSTAMPED = (replace(_SEALS[0], stamped_at=None, stamped_by="", stamp="none"),)
_MISSTAMPED = (replace(_SEALS[0], stamped_at=None, stamped_by="", stamp="bad"),)
_ISSUED = Row(
    kind="招标公告",
    number=NUMBER + "-001-ZBGG-1",
    signer=AGENCY,
    used_at=at("2026-07-16 21:50:02"),
    index=46,
    size=61,
    root=digest("root"),
    path=[digest(f"step {i}") for i in range(6)],
    at=at("2026-07-16 21:50:02"),
    witnesses=["witness"],
    proof_href="/api/v1/verify/papers/0",
)
_PAPER = Row(
    most=20 << 20, problem="", name="", digest="", verdict=None, findings=[], seals=[], issued=None, local=True
)


def _judged(report: SealReport, *, issued: bool) -> Row:
    verdict, findings = judge(report, issued=issued)
    more = {"name": "招标公告.pdf", "digest": digest("paper"), "verdict": verdict, "findings": findings}
    return Row(**vars(_PAPER) | more | {"seals": report.seals, "issued": _ISSUED if issued else None})


SAMPLES = {
    "portal/paper_verify.html": {
        "": {"nav": "verify", "page": _PAPER},
        "original": {"nav": "verify", "page": _judged(SealReport(True, _SEALS, ()), issued=True)},
        "foreign": {"nav": "verify", "page": _judged(SealReport(True, _SEALS, ()), issued=False)},
        "unstamped": {"nav": "verify", "page": _judged(SealReport(True, _UNSTAMPED, ()), issued=True)},
        "misstamped": {"nav": "verify", "page": _judged(SealReport(False, _MISSTAMPED, ("timestamp",)), issued=True)},
        "altered": {"nav": "verify", "page": _judged(SealReport(False, _SEALS, ("broken",)), issued=False)},
        "bare": {"nav": "verify", "page": _judged(SealReport(False, (), ("no-seal",)), issued=False)},
        "issued": {"nav": "verify", "page": Row(**vars(_PAPER) | {"digest": digest("paper"), "issued": _ISSUED})},
        "problem": {"nav": "verify", "page": Row(**vars(_PAPER) | {"problem": "请选择一个 PDF 文件。"})},
    },
    "errors/problem.html": {
        "": {"problem": {"status": 404, "title": "没有找到这个页面", "detail": "地址可能写错了，或者内容还没有公开。", "code": "not-found", "instance": "urn:uuid:6f0c"}},
        "rule": {
            "problem": {
                "status": 422,
                "title": "不符合法定期限或限额",
                "detail": "时间计划有 1 处不满足，没有保存。",
                "code": "rule-broken",
                "instance": "urn:uuid:91c2",
                "findings": [
                    {"severity": "breach", "message": "请延长招标文件的发售期。", "required": "不少于 5 日", "actual": "4 日", "article": "招标投标法实施条例第十六条", "rule": "R-TIME-03", "earliest": None}
                ],
                "actions": [("返回修改", "#")],
            }
        },
        "invalid": {"problem": {"status": 422, "title": "填写内容需要更正", "detail": "请检查填写的内容。", "code": "invalid-input", "instance": "urn:uuid:3b7e", "errors": [{"pointer": "deadline", "detail": "时间格式不正确"}]}},
    },
    "portal/home.html": {
        "": {"nav": "home", "page": HOME},
        "empty": {
            "nav": "home",
            "page": Row(**{**vars(HOME), "openings": [], "notices": [], "chart": None, "news": [], "checkpoint": None}),
        },
    },
    "trading/notice.html": {
        "": {"nav": "notices", "page": NOTICE},
        "superseded": {
            "nav": "notices",
            "page": Row(**{
                **vars(NOTICE),
                "superseded_by": "/notices/7",
                "until": None,
                "versions": [Row(no=2, at=at("2026-07-20 10:12"), href="#", note="更正开标地点"), NOTICE.versions[0]],
            }),
        },
    },
    "trading/lot.html": {"": {"nav": "notices", "page": LOT_PAGE}, "awarded": {"nav": "notices", "page": AWARDED}},
    "bidding/hall.html": {
        "": {"nav": "openings", "page": HALL},
        "before": {"nav": "openings", "page": HALL_BEFORE},
    },
    "bidding/parameters.html": {
        "": {"nav": "openings", "page": DRAWING},
        "keyless": {"nav": "openings", "page": Row(**{**vars(DRAWING), "may_freeze": False, "key": ""})},
        "drawn": {"nav": "openings", "page": Row(**{**vars(DRAWING), "rows": PARAMETERS, "may_freeze": False})},
    },
    "bidding/sign_record.html": {
        "": {"nav": "openings", "page": SIGNING},
        "done": {"nav": "openings", "page": Row(**{**vars(SIGNING), "mine": SIGNATURES[0], "signatures": SIGNATURES})},
        "early": {"nav": "openings", "page": Row(**{**vars(SIGNING), "why_not": "请先在开标大厅签到。"})},
        "keyless": {"nav": "openings", "page": Row(**{**vars(SIGNING), "by": "person", "role": "行政监督部门"})},
        "person": {"nav": "openings", "page": Row(**{**vars(SIGNING), "by": "person", "key": digest("k")[:22]})},
    },
}  # fmt: skip
LOT_HREF = LOT
