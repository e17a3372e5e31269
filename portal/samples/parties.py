"""Samples of the party library's pages."""

import uuid

from portal.samples.common import BIDDER, BIDDERS, EMPTY_FORM, Row, acts_of, at, digest

_CENTRE = Row(name="何静", role="交易中心", home="/c/parties", acts=acts_of("centre"), desks=())
_CODE = "91610131MA6U0A0010"
_NUMBER = uuid.UUID(int=7)
_ORGANISATION = Row(
    id=_NUMBER,
    uscc=_CODE,
    name=BIDDERS[0],
    region="",
    created_at=at("2026-07-16 22:40"),
    registered_at=None,
    merged_into=None,
)
_DONE = Row(**{**vars(_ORGANISATION), "registered_at": at("2026-07-16 23:05")})
_DESCRIBED = Row(
    code=_CODE,
    department="市场监管",
    kind="企业",
    region=Row(words="陕西省西安市"),
    notices=(),
    warnings=(Row(reason="county", message="行政区划代码 610131 属于陕西省西安市，但没有查到这个县级代码，请核对。"),),
)
_CERTIFICATE = Row(
    holder=BIDDERS[0],
    person="张敏",
    title="legal_representative",
    issuer="本地演示签发机构（非法定）",
    serial=digest("serial")[:32].upper(),
    valid_from=at("2025-08-02 00:00"),
    valid_until=at("2026-08-11 00:00"),
    first_used=at("2026-07-16 22:40"),
    revoked_at=None,
)
_DOCUMENT = Row(
    id=_NUMBER,
    kind="bank_proof",
    name="基本存款账户信息.pdf",
    size=184_320,
    digest=bytes.fromhex(digest("bank")),
    added_at=at("2026-07-16 23:01"),
    ended_at=None,
)
_OLD = Row(**{**vars(_DOCUMENT), "name": "开户许可证（旧）.pdf", "ended_at": at("2026-07-16 23:01")})


def _kinds(given: object) -> list[Row]:
    return [
        Row(kind="bank_proof", label="基本存款账户信息", needed=True, hint="开户银行出具，用于退还保证金", given=given),
        Row(
            kind="authorisation",
            label="法定代表人授权书",
            needed=False,
            hint="联系人不是法定代表人的，可以在此交存",
            given=None,
        ),
        Row(kind="qualification", label="资质证书", needed=False, hint="一次交存，各系统通用", given=None),
    ]


_LACKS = [
    Row(step=2, field="contact_phone", message="请填写联系电话。"),
    Row(step=2, field="bank_account", message="请填写基本账户账号。"),
    Row(step=3, field="bank_proof", message="请上传基本存款账户信息。"),
    Row(step=3, field="promise", message="请阅读并勾选诚信承诺。"),
]
_VALUES = {"contact_name": "张敏", "address": "陕西省西安市高新区科技路 1 号", "bank_name": "示例银行西安高新支行"}
_TYPED = {**_VALUES, "contact_id_number": "61010419900307001", "contact_phone": "1381234"}
_ERRORS = {
    "contact_id_number": "公民身份号码为 18 位，您填写了 17 位。",
    "contact_phone": "请填写 11 位手机号码，或带区号的固定电话，例如 0716-2345678。",
}


def _registration(step: int, **changes: object) -> Row:
    base = {
        "step": step,
        "side": "bidder",
        "organisation": _ORGANISATION,
        "legal_representative": "张敏",
        "code": _DESCRIBED,
        "certificate": _CERTIFICATE,
        "certificate_state": ("warn", "4 天后到期"),
        "spelling": "",
        "form": Row(values=_VALUES, errors={}),
        "kept": {"contact_id_number": "610*************1X"},
        "documents": _kinds(None),
        "lacks": _LACKS,
        "saved_at": at("2026-07-16 22:58:12"),
        "fields": [("联系人姓名", "张敏"), ("联系人公民身份号码", "610*************1X"), ("联系电话", "")],
    }
    return Row(**{**base, **changes})


_UNMASKED = [
    Row(
        person="张敏",
        field="联系电话",
        reason="开标系统提醒未送达，电话联系",
        by="云澜市公共资源交易中心 何静",
        at=at("2026-08-05 16:02:10"),
    ),
]
_PERSON = Row(id=_NUMBER, name="张敏", id_number="610*************1X", phone="138****5678", merged_into=None)
_PROFILE = Row(
    address="陕西省西安市高新区科技路 1 号",
    postcode="710075",
    email="zhangmin@example.cn",
    bank_name="示例银行西安高新支行",
    bank_account="**** **** **** 2345",
    changed_at=at("2026-07-16 23:05"),
)
_ROLES = [
    (
        "投标人、供应商",
        Row(
            role="bidder",
            since=at("2026-07-16 22:40"),
            granted_by="西安云枢信息技术有限公司 张敏",
            until=None,
            ended_by="",
            reason="",
        ),
    ),
    (
        "招标代理机构",
        Row(
            role="agency",
            since=at("2024-03-01 09:00"),
            granted_by="云澜市公共资源交易中心 何静",
            until=at("2026-01-05 10:00"),
            ended_by="云澜市公共资源交易中心 何静",
            reason="不再从事代理业务",
        ),
    ),
]
_NAMES = [
    (
        "电子营业执照",
        Row(name=BIDDERS[0], legal_representative="张敏", source="licence", since=at("2026-07-16 22:40"), until=None),
    ),
    (
        "历史数据",
        Row(
            name="西安云枢软件有限公司",
            legal_representative="",
            source="before",
            since=at("2019-05-06 09:00"),
            until=at("2026-07-16 22:40"),
        ),
    ),
]
_OWN = Row(
    side="bidder",
    done=True,
    may_register=True,
    organisation=_DONE,
    code=_DESCRIBED,
    legal_representative="张敏",
    roles=_ROLES,
    names=_NAMES,
    profile=_PROFILE,
    contacts=[_PERSON],
    documents=[("基本存款账户信息", _DOCUMENT)],
    certificates=[
        Row(view=_CERTIFICATE, title="法定代表人", state=("warn", "4 天后到期")),
        Row(
            view=Row(**{**vars(_CERTIFICATE), "person": "", "valid_until": at("2025-08-02 00:00")}),
            title="单位",
            state=("bad", "已过期"),
        ),
    ],
    seal=Row(
        fingerprint=digest("seal"),
        document=digest("document"),
        uses=3,
        last_used=at("2026-08-05 17:00"),
    ),
    unmaskings=_UNMASKED,
)
_FRESH = Row(**{
    **vars(_OWN),
    "done": False,
    "organisation": _ORGANISATION,
    "roles": _ROLES[:1],
    "names": _NAMES[:1],
    "profile": None,
    "contacts": [],
    "documents": [],
    "certificates": [],
    "seal": None,
    "unmaskings": [],
})  # fmt: skip
_LIST = Row(
    q="",
    role="",
    standing="",
    roles={"procuring_entity": "招标人、采购人", "agency": "招标代理机构", "bidder": "投标人、供应商"},
    states={"complete": "已完成登记", "unfinished": "登记未完成", "merged": "已并入其他登记"},
    hint=("", ""),
    counts={"complete": 128, "unfinished": 17, "merged": 2},
    rows=[
        Row(
            id=_NUMBER,
            uscc=_CODE,
            name=BIDDERS[0],
            legal_representative="张敏",
            roles=["bidder"],
            created_at=at("2026-07-16 22:40"),
            registered_at=at("2026-07-16 23:05"),
            merged=False,
        ),
        Row(
            id=_NUMBER,
            uscc="91610132MA6U8G1J4F",
            name="陕西铭源项目管理有限公司",
            legal_representative="",
            roles=["agency", "bidder"],
            created_at=at("2026-07-01 09:12"),
            registered_at=None,
            merged=False,
        ),
        Row(
            id=_NUMBER,
            uscc="91610100MA6T00001X",
            name="西安旧名软件有限公司",
            legal_representative="",
            roles=[],
            created_at=at("2021-03-02 15:20"),
            registered_at=None,
            merged=True,
        ),
    ],
    next_href="/c/parties?after=1",
    export_href="/c/parties.csv",
    open_merges=1,
)
_NONE = Row(**{
    **vars(_LIST),
    "q": "9161013lMA6U0A0010",
    "hint": ("warn", "第 8 位的字符不能用在统一社会信用代码中，只用数字和大写字母。"),
    "rows": [],
    "next_href": "",
})  # fmt: skip
_FILE = Row(
    organisation=_DONE,
    code=_DESCRIBED,
    merged_into=None,
    roles=_ROLES,
    grantable={"agency": "招标代理机构", "procuring_entity": "招标人、采购人"},
    names=_NAMES,
    profile=_PROFILE,
    contacts=[_PERSON],
    documents=[("基本存款账户信息", _DOCUMENT), ("基本存款账户信息", _OLD)],
    unmaskings=_UNMASKED,
    form=EMPTY_FORM,
    shown=None,
)
_MERGES = Row(
    duplicates=[
        Row(kind="organisation", why="name", first=_NUMBER, first_name="华中（洪湖）建设有限公司", first_code="91421083MA4X000014", second=uuid.UUID(int=8), second_name="华中(洪湖)建设有限责任公司", second_code="91421083MA4X000027"),
        Row(kind="person", why="number", first=_NUMBER, first_name="张敏", first_code="", second=uuid.UUID(int=8), second_name="张 敏", second_code=""),
    ],
    whys={"code": "代码相同，写法不同", "name": "名称相近", "number": "公民身份号码相同"},
    waiting=[
        (Row(id=_NUMBER, kind="organisation", from_name="西安旧名软件有限公司", into_name=BIDDERS[0], reason="登记机关换发代码，附变更通知", asked_by_name="何静", asked_at=at("2026-08-05 15:00")), False),
        (Row(id=uuid.UUID(int=9), kind="person", from_name="李一", into_name="李一", reason="同一身份号码登记两次", asked_by_name="何静", asked_at=at("2026-08-05 15:10")), True),
    ],
    form=EMPTY_FORM,
)  # fmt: skip

SAMPLES = {
    "portal/registration.html": {
        "": {"user": BIDDER, "page": _registration(2)},
        "first": {"user": BIDDER, "page": _registration(1, spelling="名称与登记名称只有全角、半角字符或空格不同，请按登记名称填写：" + BIDDERS[0])},
        "wrong": {"user": BIDDER, "page": _registration(2, form=Row(values=_TYPED, errors=_ERRORS))},
        "third": {"user": BIDDER, "page": _registration(3, documents=_kinds(_DOCUMENT), lacks=_LACKS[3:])},
        "lacking": {"user": BIDDER, "page": _registration(3, form=Row(values={}, errors={"promise": "请阅读并勾选诚信承诺。", "contacts": "第 2 步还有 2 处需要补充，请返回填写。", "bank_proof": "请上传基本存款账户信息。"}))},
    },
    "portal/registration_print.html": {"": {"user": BIDDER, "page": _registration(0, documents=_kinds(_DOCUMENT))}},
    "portal/organisation.html": {
        "": {"user": BIDDER, "page": _OWN},
        "fresh": {"user": BIDDER, "page": _FRESH},
    },
    "portal/my_data.html": {
        "": {"user": BIDDER, "page": Row(side="person", person=_PERSON, unmaskings=_UNMASKED)},
        "nothing": {"user": BIDDER, "page": Row(side="bidder", person=None, unmaskings=[])},
    },
    "portal/party.html": {"": {"page": Row(organisation=_DONE, code=_DESCRIBED, legal_representative="张敏", roles=_ROLES, names=_NAMES)}},
    "portal/parties.html": {"": {"user": _CENTRE, "page": _LIST}, "none": {"user": _CENTRE, "page": _NONE}},
    "portal/party_file.html": {
        "": {"user": _CENTRE, "page": _FILE},
        "shown": {"user": _CENTRE, "page": Row(**{**vars(_FILE), "shown": ("张敏", "联系电话", "13812345678")})},
        "merged": {"user": _CENTRE, "page": Row(**{**vars(_FILE), "merged_into": _DONE, "contacts": [_PERSON, _PERSON], "form": Row(values={}, errors={"reason": "请写明查看原因，至少 4 个字"})})},
    },
    "portal/merges.html": {
        "": {"user": _CENTRE, "page": _MERGES},
        "none": {"user": _CENTRE, "page": Row(**{**vars(_MERGES), "duplicates": [], "waiting": []})},
    },
}  # fmt: skip
