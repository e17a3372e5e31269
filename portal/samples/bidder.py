"""Samples of the bidder's pages and of the opening witness's page."""

from bidding.readiness import Finding, Readiness
from portal.samples.common import (
    AGENT,
    BIDDER,
    BIDDERS,
    CAP,
    DEADLINE,
    EMPTY_FORM,
    NUMBER,
    TITLE,
    TRUSTEE,
    Row,
    at,
    digest,
    qr,
)
from portal.samples.public import TRUSTEES

BASE = "/b/lots/01J2Q8"
_USCC = ("91610131MA6U0A0010", "916100007L0B1C2D3E", "91110108MA01X9Y8Z7", "91510100MA6C0D0E0F", "91420100MA4K0L0M0N")

LOGIN = Row(
    scans_href="/api/v1/auth/licence/scans",
    challenge_href="/api/v1/licence/challenges",
    verify_href="/api/v1/licence/sessions",
    audience="sunlit.example",
    next="/b",
    authorities=["本地演示签发机构（非法定）"],
    problem=None,
    samples=[
        *[Row(name=n, uscc=u, word="有效", kind="ok", href="#") for n, u in zip(BIDDERS, _USCC, strict=True)],
        Row(name="陕西远澜科技有限公司", uscc="91610100MA6W0R0T0U", word="已吊销", kind="bad", href="#"),
    ],
)
CLERKS = Row(
    is_holder=True,
    name=BIDDERS[0],
    uscc=_USCC[0],
    requests=[
        Row(kid="oXg1yQkQm2o0b8dOe3l9sA", name="李办事", asked_at=at("2026-07-20 09:12"), certificate_until=at("2027-07-01 00:00"))
    ],
    appointments=[
        Row(id="1", name="周敏", kid="b8dOe3l9sAoXg1yQkQm2o0", scopes="查看、编制、签名、递交", lots="全部标段", until=at("2026-12-31 23:59"), state=("ok", "有效"), may_end=True),
        Row(id="2", name="何立", kid="QkQm2o0b8dOe3l9sAoXg1y", scopes="查看、编制", lots=f"{NUMBER} {TITLE}", until=at("2026-06-30 23:59"), state=("mute", "已到期"), may_end=False),
    ],
    scopes=[
        ("prepare", "编制", "登记参加、提问、上传已加密的投标文件"),
        ("sign", "签名", "用自己的办事人证书代表本单位签名"),
        ("submit", "递交", "递交、替换和撤回投标文件"),
        ("open", "开标解密", "开标时提交解密密钥"),
    ],
    lots=[("01J2Q8", f"{NUMBER} {TITLE}")],
    longest_days=366,
    now=at("2026-07-21 10:00"),
)  # fmt: skip
WORKBENCH = Row(
    name=BIDDERS[0],
    uscc=_USCC[0],
    licence_until=at("2027-08-02 00:00"),
    licence_state=("ok", "有效"),
    todos=[
        Row(kind="bad", text=f"递交投标文件：{TITLE}", href=BASE + "/submit", sub="已递交第 2 次，截止前可以修改", due="剩余 00:38:22"),
        Row(kind="warn", text="开标解密", href=BASE + "/release", sub="截止后 30 分钟内释放密钥，逾期视为撤销", due="08-06 14:00 起"),
        Row(kind="info", text="阅读澄清文件（第 1 号）", href=BASE + "/documents", sub="修改了交货地点", due="未读"),
    ],
    lots=[
        Row(title=TITLE, number=NUMBER, href=BASE, deadline=DEADLINE, state=("info", "接收投标"), mine=("ok", "已递交第 2 次")),
        Row(title="城区供热管网改造（二标段）", number="YL-GC-2026-0398", href="#", deadline=at("2026-08-06 15:30"), state=("info", "接收投标"), mine=("mute", "未递交")),
    ],
    open_lots=[Row(title="市图书馆古籍数字化服务", number="YL-FW-2026-0211", href="#", buyer="云澜市图书馆", deadline=at("2026-08-28 09:30"))],
    messages=[
        Row(title="澄清文件（第 1 号）已发布", href="#", at=at("2026-07-20 10:12"), unread=True),
        Row(title="招标文件获取成功", href="#", at=at("2026-07-17 08:50"), unread=False),
    ],
    unread=1,
)  # fmt: skip
_READY = Readiness(DEADLINE, ())
_NOT_READY = Readiness(
    DEADLINE,
    (
        Finding(
            "certificate",
            "登录所用的执照证书 2026-08-04 09:00 到期，早于开标解密结束时间 2026-08-06 14:30。请在此之前换发并重新登录，否则开标当日不能解密。",
        ),
        Finding("scope", "您的授权不包括开标解密，请确认本单位届时有其他人员在线解密。"),
    ),
)
SUBMIT = Row(
    readiness=_READY,
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    tender=NUMBER,
    lot="001",
    bidder="p-4f1c",
    bidder_name=BIDDERS[0],
    base=BASE,
    deadline=DEADLINE,
    opens_at=DEADLINE,
    open=True,
    closed_text="",
    suite="intl-1",
    policy="both",
    k=3,
    n=5,
    keyset_href="/api/v1/lots/01J2Q8/keyset",
    keyset_digest=digest("ks"),
    upload_href="/api/v1/lots/01J2Q8/uploads",
    submit_href="/api/v1/lots/01J2Q8/submissions",
    prev=digest("rev2"),
    rev=3,
    fields=[
        Row(name="price", label="投标报价", hint="含税，不得超过最高投标限价 3,200,000.00 元", unit="元", inputmode="decimal", required=True),
        Row(name="period", label="交货期", hint="自合同签订之日起的日历天数，不超过 30 天", unit="天", inputmode="numeric", required=True),
        Row(name="manager", label="项目负责人", hint="姓名与身份证件一致", unit="", inputmode="text", required=True),
        Row(name="remark", label="说明", hint="对招标文件的偏离，没有则留空", unit="", inputmode="text", required=False),
    ],
    basis={"missing": "（《中华人民共和国招标投标法》第三十六条）", "cap": "（《中华人民共和国招标投标法实施条例》第五十一条）", "file": "（《电子招标投标办法》第二十六条）"},
    price_cap=CAP,
    max_bytes=500 * 1024**2,
    accept=".pdf,.xlsx,.docx,.zip",
    checks=[
        ("ok", "已获取招标文件", "2026-07-17 08:50"),
        ("ok", "执照证书有效", "至 2027-08-02"),
        ("ok", "开标密钥集已公布并演练", "5 名见证人，门槛 3 名"),
        ("warn", "澄清文件（第 1 号）尚未阅读", "不影响递交"),
    ],
    evidence=[("", "合同关键页和验收证明复印件", "同类业绩，10 分"), ("", "技术规格偏离表", "技术响应，35 分")],
    rejections=[
        Row(received_at=at("2026-08-06 11:02:40"), words="递交次序不连续，请刷新页面后重新递交。", number="JS-q7Jm0gQmA1", href="#"),
    ],
    submissions=[
        Row(rev=2, at=at("2026-08-05 17:42:09"), digest=digest("rev2"), receipt_no="HZ-20260805-00872", receipt_href="/b/receipts/2", state=("ok", "当前有效"), current=True),
        Row(rev=1, at=at("2026-08-04 10:08:31"), digest=digest("rev1"), receipt_no="HZ-20260804-00415", receipt_href="/b/receipts/1", state=("mute", "已被替换"), current=False),
    ],
    cli=[
        ("准备（联网）", "./sunlit bid prepare https://ggzy.example.cn/lots/0198c1f2-7a10-7cc1-9a3e-5d1f0c2b7e44"),
        ("填写表单后密封（断网）", "./sunlit bid seal bid-0198c1f2"),
        ("上传、签名、取得回执（联网）", "./sunlit bid submit bid-0198c1f2"),
        ("开标解密（联网）", "./sunlit bid release bid-0198c1f2"),
    ],
)  # fmt: skip
SUBMIT_CLOSED = Row(**{
    **vars(SUBMIT),
    "open": False,
    "closed_text": "投标已于 2026-08-06 14:00:00（北京时间）截止。您第 2 次递交的投标文件有效。",
})  # fmt: skip

RECEIPT = Row(
    no="HZ-20260806-01043",
    accepted=True,
    state=("ok", "当前有效"),
    kind_word="投标文件",
    base=BASE,
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    bidder_name=BIDDERS[0],
    rev=3,
    replaces=2,
    received_at=at("2026-08-06 13:31:27"),
    millis="418",
    deadline=DEADLINE,
    open=True,
    reason="",
    law="",
    docs=[
        Row(slot="投标函", eid=digest("form"), bytes=16_944, chunks=1),
        Row(slot="投标文件", eid=digest("file"), bytes=14_682_112, chunks=14),
    ],
    submission=digest("sub"),
    proof=Row(
        index=48_213,
        size=48_214,
        root="q7Jm0gQmA1xF0c6uTn5yQmY2W3m8l1y0v5pZs3cX9dE=",
        at=at("2026-08-06 13:31:28"),
        witnesses=["监督部门", "邻市平台"],
    ),
    signature="MEUCIQDf0sJ8m1x0bq7V5o3H2s9uKQv8yQ0Jm1T7kQ2gAiBv0T5c4x8m9nH",
    qr=qr("/verify?q=HZ-20260806-01043"),
    pdf_href="#",
    json_href="#",
    mail_to="z***@example.cn",
    mailed=False,
)
REJECTED = Row(**{
    **vars(RECEIPT),
    "no": "JS-q7Jm0gQmA1",
    "accepted": False,
    "state": ("bad", "已拒收"),
    "received_at": at("2026-08-06 14:00:01"),
    "millis": "006",
    "open": False,
    "reason": "投标已截止，平台未接收本次递交。",
    "law": "招标投标法第二十八条",
    "docs": [],
    "kind_word": "本次递交",
})  # fmt: skip
WITHDRAW = Row(
    base=BASE,
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    bidder_name=BIDDERS[0],
    deadline=DEADLINE,
    rev=2,
    at=at("2026-08-05 17:42:09"),
    receipt_no="HZ-20260805-00872",
    digest=digest("rev2"),
    allowed=True,
    why_not="",
    law="",
    submit_href="/api/v1/lots/01J2Q8/submissions",
    tender=NUMBER,
    lot="001",
    bidder="p-4f1c",
)
WITHDRAW_LATE = Row(**{
    **vars(WITHDRAW),
    "allowed": False,
    "why_not": "只能依法撤销投标文件，招标人可以不退还投标保证金。",
    "law": "招标投标法实施条例第三十五条",
})  # fmt: skip
RELEASE = Row(
    base=BASE,
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    bidder_name=BIDDERS[0],
    state="open",
    deadline=DEADLINE,
    window_until=at("2026-08-06 14:30:00"),
    released_at=None,
    rev=3,
    receipt_no="HZ-20260806-01043",
    digest=digest("sub"),
    slots=[
        Row(slot="form", name="投标函（报价、交货期、负责人）", eid=digest("form")),
        Row(slot="file", name="投标文件", eid=digest("file")),
    ],
    headers_href="/api/v1/lots/01J2Q8/headers",
    closelist_href="/api/v1/lots/01J2Q8/close",
    release_href="/api/v1/lots/01J2Q8/releases",
    log_href="/api/v1/log",
    tender=NUMBER,
    lot="001",
    bidder="p-4f1c",
    hall_href="/openings/01J2Q8",
)
GIVING = Row(
    **{
        name: getattr(RELEASE, name) for name in ("base", "title", "number", "lot_no", "bidder_name", "digest", "slots")
    },
    state="open",
    reason="三名见证人因道路中断不能到场，候补见证人联系不上",
    given_at=None,
    tender=NUMBER,
    lot="001",
    bidder="p-4f1c",
    hall_href="/openings/01J2Q8",
)


def _task(stage: str, **change: object) -> Row:
    base = {
        "id": "01J2Q8",
        "title": TITLE,
        "number": NUMBER,
        "lot_no": "001",
        "stage": stage,
        "opens_at": DEADLINE,
        "window_until": at("2026-08-06 14:30:00"),
        "k": 3,
        "n": 5,
        "index": 2,
        "ks": digest("ks"),
        "on": 0,
        "released_at": None,
        "drill_href": "/api/v1/lots/01J2Q8/drill",
        "keyset_href": "/api/v1/lots/01J2Q8/keyset",
        "headers_href": "/api/v1/lots/01J2Q8/headers",
        "release_href": "/api/v1/lots/01J2Q8/shares",
        "log_href": "/api/v1/log",
        "others": [],
    }
    return Row(**{**base, **change})


_KEY = Row(kid="z9Kd0a7Qm2", made_at=at("2026-07-08 16:20"))


def _trustee(key: Row | None, *tasks: Row) -> dict[str, object]:
    page = Row(role="公证处见证人", organisation="云澜市公证处", key=key, tasks=list(tasks))
    return {"user": TRUSTEE, "page": page}


KEYSET = Row(
    base="/a/lots/01J2Q8",
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    k=3,
    n=5,
    state="drill",
    ks=digest("ks"),
    seats=[
        Row(i=1, role="招标人代表", person="赵林", organisation="西安航天动力试验技术研究所", accepted=True),
        Row(i=2, role="公证处", person="周文博", organisation="云澜市明信公证处", accepted=False),
    ],
    people=[
        Row(account="a1", name="赵林", organisation="西安航天动力试验技术研究所", ready=True),
        Row(account="a2", name="周文博", organisation="云澜市明信公证处", ready=False),
    ],
    open=True,
    why_not="",
)
DOCUMENTS = Row(
    base=BASE,
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    documents=[
        Row(name="招标文件.pdf", version=1, size=412_000, digest=digest("doc"), at=at("2026-07-16 21:50"), href="#"),
    ],
)

SAMPLES = {
    "bidding/keyset.html": {
        "": {"user": AGENT, "page": KEYSET, "form": EMPTY_FORM},
        "refused": {
            "user": AGENT,
            "page": Row(**{**vars(KEYSET), "state": "none", "seats": []}),
            "form": Row(values={"role-a1": "招标人代表"}, errors={"trustees": "请增加其他单位的见证人。"}),
        },
        "closed": {
            "user": AGENT,
            "page": Row(**{**vars(KEYSET), "state": "published", "open": False, "why_not": "招标公告已发布。"}),
            "form": EMPTY_FORM,
        },
    },
    "bidding/documents.html": {
        "": {"user": BIDDER, "page": DOCUMENTS},
        "none": {"user": BIDDER, "page": Row(**{**vars(DOCUMENTS), "documents": []})},
    },
    "bidding/login.html": {
        "": {"page": LOGIN},
        "refused": {
            "page": Row(**{
                **vars(LOGIN),
                "problem": Row(lead="执照证书已被吊销。", text="吊销日期 2026-07-30。请到发证机关办理新证书后再登录。"),
                "samples": [],
            }),
        },
    },
    "bidding/wallet.html": {
        "": {
            "page": Row(audience="https://sunlit.example", doors="/api/v1/wallet/scans", login_href="/bidding/login"),
        },
    },
    "bidding/workbench.html": {
        "": {"user": BIDDER, "page": WORKBENCH},
        "first": {
            "user": BIDDER,
            "page": Row(**{**vars(WORKBENCH), "todos": [], "lots": [], "open_lots": [], "messages": [], "unread": 0}),
        },
    },
    "bidding/submit.html": {
        "": {"user": BIDDER, "page": SUBMIT},
        "closed": {"user": BIDDER, "page": SUBMIT_CLOSED},
        "not-ready": {"user": BIDDER, "page": Row(**{**vars(SUBMIT), "readiness": _NOT_READY, "checks": [*SUBMIT.checks, ("warn", "开标当日有证书或授权失效", "模拟 2026-08-06 14:00 开标")]})},
        "first": {"user": BIDDER, "page": Row(**{**vars(SUBMIT), "submissions": [], "prev": "", "rev": 1})},
    },
    "bidding/receipt.html": {
        "": {"user": BIDDER, "page": RECEIPT},
        "rejected": {"user": BIDDER, "page": REJECTED},
    },
    "bidding/clerks.html": {
        "": {"user": BIDDER, "page": CLERKS},
        "first": {"user": BIDDER, "page": Row(**{**vars(CLERKS), "requests": [], "appointments": []})},
        "clerk": {"user": BIDDER, "page": Row(**{**vars(CLERKS), "is_holder": False, "requests": []})},
    },
    "bidding/withdraw.html": {
        "": {"user": BIDDER, "page": WITHDRAW},
        "late": {"user": BIDDER, "page": WITHDRAW_LATE},
    },
    "bidding/emergency.html": {
        "": {"user": BIDDER, "page": GIVING},
        **{
            s: {"user": BIDDER, "page": Row(**{**vars(GIVING), "state": s, "given_at": at("2026-08-06 15:03:12")})}
            for s in ("undecided", "done", "none")
        },
    },
    "bidding/release.html": {
        "": {"user": BIDDER, "page": RELEASE},
        **{
            s: {"user": BIDDER, "page": Row(**{**vars(RELEASE), "state": s, "released_at": at("2026-08-06 14:03:12")})}
            for s in ("early", "done", "late", "none")
        },
    },
    "bidding/trustee.html": {
        "": _trustee(_KEY, _task("ready", on=1, others=TRUSTEES)),
        "newcomer": _trustee(None),
        "drill": _trustee(_KEY, _task("drill")),
        "waiting": _trustee(_KEY, _task("waiting")),
        "released": _trustee(_KEY, _task("released", on=2, released_at=at("2026-08-06 14:31:09"), others=TRUSTEES)),
        "done": _trustee(_KEY, _task("done", on=3, released_at=at("2026-08-06 14:31:09"), others=TRUSTEES)),
    },
}  # fmt: skip
