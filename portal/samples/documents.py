"""Samples of official documents (templates/print)."""

from datetime import date
from typing import Any

from kernel.web.figures import qr as draw_qr
from kernel.web.seal import seal_svg
from portal.samples.common import AGENCY, BIDDERS, BUYER, CAP, DEADLINE, NUMBER, PRICES, SITE, TITLE, Row, at, digest
from portal.samples.oversight import INSPECTION
from portal.samples.public import NOTICE, TRUSTEES

CENTRE = "云澜市公共资源交易中心"


def _document(path: str, *, sign: str, signed: str, number: str, title: list[str], **more: Any) -> dict[str, Any]:
    url = f"https://sunlit.example{path}"
    page = {
        "head": "云澜市公共资源交易平台",
        "number": number,
        "note": "",
        "title": title,
        "issuer": SITE.name,
        "sign_name": sign,
        "sign_at": at(signed),
        "seal": seal_svg(sign, caption="演示 CA"),
        "qr": draw_qr(url),
        "verify_url": url,
        "invented": [],
    }
    return {"site": SITE, "page": Row(**page | more)}


_TENDER = _document(
    "/notices/1",
    sign=AGENCY,
    signed="2026-07-16 22:00",
    number="招标编号 " + NUMBER,
    note=NOTICE.validity,
    title=NOTICE.title,
    body=NOTICE.body,
    contacts=[
        ("招标人", BUYER),
        ("联系人", "赵林　（区号）12345681"),
        ("招标代理", AGENCY),
        ("联系人", "王珂　（区号）12345682"),
    ],
    invented=["最高投标限价", "评标办法", "交货期", "联系方式"],
)
_AWARD = _document(
    "/notices/11",
    sign=BUYER,
    signed="2026-08-14 09:30",
    number="ZB-2026-0417",
    title=["中标通知书"],
    to=BIDDERS[0],
    project=TITLE,
    lot_no="001",
    tender=NUMBER,
    price=PRICES[0],
    term="自合同签订之日起 30 天",
    quality="符合国家标准和招标文件要求",
    manager="周启明",
    opened_at=DEADLINE,
    contract_by=date(2026, 9, 14),
    contract_basis="（三十日届满为星期日，依法顺延至次日。）",
    copies="抄送：市公共资源交易监督管理局；各投标人。",
)
_OPENING = _document(
    "/openings/1",
    sign=CENTRE,
    signed="2026-08-06 15:12",
    number="KB-20260806-01",
    title=[TITLE, "开标记录"],
    facts=[
        ("项目名称", TITLE),
        ("招标编号", f"{NUMBER}　标段 001"),
        ("招标人", BUYER),
        ("招标代理", AGENCY),
        ("开标时间", "2026-08-06 14:00:00（北京时间）"),
        ("开标方式", "网上公开，投标人与见证人共同解密（3/5）"),
    ],
    timeline=[
        (at("2026-08-06 14:00:00"), "投标截止，停止接收投标文件"),
        (at("2026-08-06 14:00:04"), "公布封存清单根与截止检查点"),
        (at("2026-08-06 14:30:00"), "投标人解密窗口关闭，4 家已释放密钥"),
        (at("2026-08-06 14:31:14"), "3 名见证人的密钥分片到位"),
        (at("2026-08-06 14:31:52"), "全部已释放的投标文件打开，指纹与回执一致"),
    ],
    bids=[
        Row(
            no=i + 1,
            name=n,
            submitted_at=at(f"2026-08-0{4 + i // 2} 16:31:27"),
            seal_ok=True,
            price=PRICES[i] if i < 4 else None,
            offer="30 天" if i < 4 else "",
            state="已打开" if i < 4 else "视为撤销",
        )
        for i, n in enumerate(BIDDERS)
    ],
    offer_label="交货期",
    consortia=[
        (
            f"{BIDDERS[0]}（牵头人）、{BIDDERS[3]}联合体",
            f"{BIDDERS[0]}（60%，设备供货、总体集成）；{BIDDERS[3]}（40%，安装调试）",
        )
    ],
    price_cap=CAP,
    trustees=TRUSTEES,
    k=3,
    parameters=[],
    objections=[],
    present=[
        ("招标代理机构", f"周敏（{AGENCY}）", "2026-08-06 13:31:05"),
        ("行政监督部门", "李静（西安市发展和改革委员会）", "2026-08-06 13:40:12"),
        ("投标人", BIDDERS[0], "2026-08-06 13:52:44"),
    ],
    signatures=[
        ("投标人", BIDDERS[0], "对开标记录无异议（2026-08-06 14:52:01）"),
        ("投标人", BIDDERS[1], "未到场，未签署"),
        ("行政监督部门", "李静（西安市发展和改革委员会）", "未签署"),
    ],
    close_root=digest("close"),
    checkpoint=digest("cp"),
    form_keys=[(n, digest(n)) for n in BIDDERS[:4]],
)
_REPORT = _document(
    "/verify/report/1",
    sign=CENTRE,
    signed="2026-08-07 16:40",
    number="PB-20260807-01",
    title=[TITLE, "评标报告"],
    sections=[
        Row(
            title="一、基本情况和数据表",
            paragraphs=[
                f"{TITLE}于2026年8月6日14时00分公开开标，递交投标文件5份，打开4份。评标委员会由5人组成，从综合评标专家库随机抽取。"
            ],
        ),
        Row(title="二、评标标准、方法", paragraphs=["采用综合评估法，满分100分：技术50分、商务20分、价格30分。"]),
    ],
    review=Row(
        head=["评审项", *(n[:6] for n in BIDDERS[:4])],
        rows=[
            [item, "符合", "符合", "符合", "符合"]
            for item in ("投标函签字盖章", "报价唯一", "营业执照有效", "制造商授权", "报价不超过最高限价", "交货期")
        ],
    ),
    scores=Row(
        head=["投标人", "技术", "商务", "价格", "综合得分"],
        rows=[
            [(BIDDERS[0], "l"), "45.10", "18.74", "29.58", "93.42"],
            [(BIDDERS[3], "l"), "43.62", "18.25", "30.00", "91.87"],
            [(BIDDERS[2], "l"), "43.20", "17.61", "29.25", "90.06"],
            [(BIDDERS[1], "l"), "40.05", "17.20", "28.95", "86.20"],
        ],
    ),
    price_rule="价格分 = 30 × 评标基准价 ÷ 投标报价，评标基准价为有效报价中的最低价 2,945,000.00 元。",
    ranked=[
        Row(rank=r, name=BIDDERS[i], price=PRICES[i], total=score)
        for r, (i, score) in enumerate([(0, "93.42"), (3, "91.87"), (2, "90.06")], 1)
    ],
    rejected=[],
    members=[
        Row(
            no=i + 1,
            code=f"专家 {c:02d}",
            role="组长" if i == 0 else "成员",
            signed_at=at("2026-08-07 16:40"),
            dissent="",
        )
        for i, c in enumerate((3, 5, 7, 11, 19))
    ],
)
_RECEIPT = _document(
    "/verify/receipts/HZ-20260806-01043",
    sign=CENTRE,
    signed="2026-08-06 13:31:27",
    number="HZ-20260806-01043",
    title=["投标文件接收回执"],
    accepted=True,
    statement=f"平台已于2026年8月6日13时31分27.418秒（北京时间）收到{BIDDERS[0]}第 3 次递交的全部投标文件密文和签名，特此回执。",
    facts=[
        ("项目名称", TITLE),
        ("招标编号", f"{NUMBER}　标段 001"),
        ("投标人", BIDDERS[0]),
        ("投标截止", "2026-08-06 14:00:00（北京时间）"),
    ],
    docs=[
        Row(slot="投标函", bytes=16_944, chunks=1, eid=digest("form")),
        Row(slot="投标文件", bytes=14_682_112, chunks=14, eid=digest("file")),
    ],
    submission=digest("sub"),
    signature="MEUCIQDf0sJ8m1x0bq7V5o3H2s9uKQv8yQ0Jm1T7kQ2gAiBv0T5c4x8m9nHq3w==",
    proof=Row(
        index=48_213,
        size=48_214,
        root=digest("root"),
        path=[digest(str(i)) for i in range(5)],
        at=at("2026-08-06 13:31:28"),
        witnesses=["监督部门", "邻市平台"],
    ),
)
_INSPECTION = _document(
    "/inspections/4",
    sign="云澜市公共资源交易监督管理局",
    signed="2026-09-11 10:00",
    number="CQ-2026-04",
    title=["2026年第4期双随机抽查", "结果公示"],
    intro="依据随机抽查事项清单，对招标代理机构从业行为开展双随机抽查，现将结果公示如下：",
    facts=INSPECTION.facts,
    picks=[
        Row(no=p.no, name=p.name, class_=p.class_, team=p.team, result=p.result or "未发现问题", law=p.law)
        for p in INSPECTION.picks
    ],
    rectifications=INSPECTION.rectifications,
    closing="被检查人对检查结果有异议的，可以自公示之日起 5 个工作日内申请复核。",
)
_DRAW = _document(
    "/verify/draws/1",
    sign=CENTRE,
    signed="2026-08-06 15:31",
    number="CQ-20260806-01",
    title=["评标专家随机抽取记录"],
    facts=[
        ("用途", TITLE),
        ("候选名单", "1,874 人（专家库 2,000 人，回避剔除 126 人）"),
        ("算法与条件", "panel/1；计算机与网络 3 人、数据库与软件 2 人，同一单位最多 1 人"),
        ("冻结", "2026-08-06 15:10:00"),
        ("承诺截止", "2026-08-06 15:30:00"),
    ],
    contributors=[
        Row(name=n, commit=digest(n), reveal=digest(n + "r"), at=at("2026-08-06 15:12:03"))
        for n in ("代理机构", "行政监督")
    ],
    beacons=[],
    seed=digest("seed"),
    pool_root=digest("pool"),
    spec_hash=digest("spec"),
    groups=[
        Row(title="计算机与网络", picks=[(n, digest(f"l{n}")[:16], "第 1 次尝试") for n in (1, 2, 3)]),
        Row(title="数据库与软件", picks=[(n, digest(f"l{n}")[:16], "第 1 次尝试") for n in (4, 5)]),
    ],
    replacements=[(3, "不接受，由候补第 1 位递补", at("2026-08-06 15:52"))],
    cli="sunlit verify 抽取记录.json 候选名单.json",
)

DOCUMENTS: dict[str, dict[str, Any]] = {
    "print/notice.html": _TENDER,
    "print/award_notice.html": _AWARD,
    "print/opening_record.html": _OPENING,
    "print/evaluation_report.html": _REPORT,
    "print/receipt.html": _RECEIPT,
    "print/inspection_result.html": _INSPECTION,
    "print/draw_record.html": _DRAW,
}  # fmt: skip
