"""Sample contexts of the administrators' pages, of one's own access and of activation."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace as Row
from typing import Any

from kernel.identity.access import KINDS, AccessLine
from kernel.identity.ceremonies import RelyingParty
from kernel.identity.passkeys import PasskeyView
from kernel.identity.petitions import PetitionView
from portal.doors.timestamps import StampPage, StampRow
from portal.policy import platform_policy
from portal.samples.common import SUPERVISOR, acts_of, at
from portal.staff import CHANGES, GRANTED, StaffRow
from trading.affiliations import AffiliationView, said_of
from trading.independence import TIES, Tie, article_of

ADMIN = Row(name="周敏", role="系统管理员", home="/admin/staff", acts=acts_of("system_admin"), desks=())
SECURITY = Row(name="何岩", role="安全管理员", home="/admin/staff", acts=acts_of("security_admin"), desks=())
AUDIT = Row(name="方静", role="审计管理员", home="/admin/access", acts=acts_of("audit_admin"), desks=())
_AT = datetime(2026, 8, 5, 2, 30, tzinfo=UTC)
_ME, _OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
_TITLES = dict(platform_policy().roles)
_QR = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="


def _account(number: int, login: str, name: str, organisation: str, role: str, state: str = "active") -> StaffRow:
    return StaffRow(uuid.UUID(int=number), login, name, organisation, (role,), state, state == "active", None)


def _petition(act: str, login: str, name: str, roles: list[str], reason: str, **decided: Any) -> PetitionView:
    values = {"decided_by": "", "decided_at": None, "approved": None} | decided
    return PetitionView(
        id=uuid.UUID(int=9), act=act, account_id=uuid.UUID(int=11), login=login, name=name, facts={"roles": roles},
        reason=reason, asked_by="周敏", asker_id=_OTHER, asked_at=_AT, **values,
    )  # fmt: skip


STAFF: dict[str, Any] = {
    "user": ADMIN,
    "staff": [
        _account(11, "lin.centre", "林蔚", "西安市公共资源交易中心", "centre", "pending"),
        _account(12, "wang.ke", "王珂", "云岭项目管理有限公司", "agency", "invited"),
        _account(13, "chen.li", "陈立", "西安市发展和改革委员会", "inspector"),
        _account(14, "audit", "方静", "", "audit_admin"),
    ],
    "waiting": [_petition("create", "lin.centre", "林蔚", ["centre"], "市公管办〔2026〕31 号任职通知")],
    "decided": [
        _petition(
            "create", "chen.li", "陈立", ["inspector"], "检查人员名录", decided_by="何岩", decided_at=_AT, approved=True
        )
    ],
    "titles": _TITLES,
    "granted": [(name, title) for name, title in _TITLES.items() if name in GRANTED],
    "changes": CHANGES,
    "may_ask": True,
    "may_decide": False,
    "me": _OTHER,
    "form": Row(values={}, errors={}),
    "half": ("", "", ""),
    "done": "",
}
_SESSIONS = [
    Row(id=_ME, own=True, device="Windows 电脑 · Edge", origin="10.1.2.3", method="口令和动态口令", since=_AT, seen=_AT, until=_AT),
    Row(id=_OTHER, own=False, device="安卓手机 · Chrome", origin="10.1.2.9", method="通行密钥", since=_AT, seen=_AT, until=_AT),
]  # fmt: skip
PASSKEY_SITE = RelyingParty("ygjy.example.gov.cn", "https://ygjy.example.gov.cn", "阳光交易")
_PASSKEYS = [
    PasskeyView(uuid.UUID(int=21), "办公室电脑", _AT, _AT),
    PasskeyView(uuid.UUID(int=22), "安全密钥（备用，放在保险柜）", _AT, None),
]
_STEP_UP: dict[str, Any] = {
    "user": ADMIN, "next": "/admin/staff", "error": "", "home": "/admin/staff", "has_totp": True, "passkeys": 0,
    "passkey_site": PASSKEY_SITE,
}  # fmt: skip
_SECURITY: dict[str, Any] = {
    "user": ADMIN, "sessions": _SESSIONS, "has_totp": True, "staff": True, "passkeys": [], "passkey_site": PASSKEY_SITE, "passkey_name": "Windows 电脑 · Edge", "fresh": True, "secret": "", "qr": "", "error": "",
}  # fmt: skip
_ACTIVATE: dict[str, Any] = {"user": None, "code": "", "login": "", "secret": "", "qr": "", "error": ""}
_LETTERS = "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"
_LINES = [
    AccessLine(_AT, "decision", "security", "何岩", "周敏", "", "staff.create", "同意：chen.li；检查人员名录"),
    AccessLine(_AT, "refused", "chen.li", "陈立", "", "10.1.2.3", "GET /s", ""),
    AccessLine(_AT, "sign-in-failed", "chen.li", "", "", "10.1.2.3", "", ""),
    AccessLine(_AT, "sign-in", "audit", "方静", "", "10.1.2.7", "password+totp", ""),
]
_ACCESS: dict[str, Any] = {"user": AUDIT, "lines": _LINES, "kinds": KINDS, "kind": "", "login": "", "days": 30}

OPERATOR = Row(name="平台运行人员", role="平台运行人员", home="/rehearsal", acts=acts_of("operator"), desks=())


def _stamp(size: int, reason: str, when: str, **found: Any) -> StampRow:
    values: dict[str, Any] = {
        "state": ("ok", "已取得"), "stamped_at": at(when), "authority": "演示时间戳", "tried": 1, "trouble": "",
        "href": f"/log/timestamp/{size}",
    } | found  # fmt: skip
    return StampRow(size=size, reason=reason, asked_at=at(when), next_at=at("2026-08-06 14:05"), **values)


_DOWN = {"stamped_at": None, "authority": "", "href": "", "trouble": "时间戳机构无法访问（ConnectTimeout）。"}
_STAMPED = [
    _stamp(47_730, "截止检查点", "2026-08-06 09:30:01"),
    _stamp(46_911, "2026-08-05 的每日检查点", "2026-08-06 00:00:01"),
    _stamp(45_020, "截止检查点，也是 2026-08-04 的每日检查点", "2026-08-04 23:58:10"),
]
_STAMP_PAGE = StampPage(service="demo", missing=0, failing=0, rows=_STAMPED, next_href="")
_STAMPS: dict[str, dict[str, Any]] = {
    "": {"user": OPERATOR, "page": _STAMP_PAGE},
    "failing": {"user": OPERATOR, "page": replace(
        _STAMP_PAGE, service="outside", missing=2, failing=1, next_href="#",
        rows=[
            _stamp(48_214, "截止检查点", "2026-08-06 14:00:01", state=("bad", "失败 7 次"), **_DOWN | {"tried": 7}),
            _stamp(48_002, "截止检查点", "2026-08-06 13:59:58", state=("warn", "等待"), **_DOWN | {"trouble": ""}),
            *(replace(row, authority="国家授时中心联合时间戳") for row in _STAMPED),
        ],
    )},
    "none": {"user": OPERATOR, "page": replace(
        _STAMP_PAGE, service="none", missing=1,
        rows=[_stamp(47_730, "截止检查点", "2026-08-06 09:30:01", state=("warn", "等待"), **_DOWN | {"trouble": ""})],
    )},
    "empty": {"user": OPERATOR, "page": replace(_STAMP_PAGE, rows=[])},
}  # fmt: skip
_TIED = [
    AffiliationView(
        _ME,
        Tie.HOLDING,
        "91421083MA49000251",
        "云澜数据运营有限公司",
        "",
        "",
        "",
        "股东名册（2026-03-01），持股 62%",
        date(2026, 3, 1),
        None,
        True,
        _AT,
        "",
        False,
    ),
    AffiliationView(
        _OTHER,
        Tie.ADVISER,
        "91420105MA4K20C97U",
        "江城数据设备有限公司",
        "91610133MA6TX0XJ2R",
        "云岭项目管理有限公司",
        "C1100000189017141002",
        "咨询服务合同 ZX-2026-11",
        date(2026, 5, 6),
        None,
        True,
        _AT,
        "",
        True,
    ),
    AffiliationView(
        uuid.UUID(int=9),
        Tie.MANAGEMENT,
        "91421083MA49000006",
        "云澜会展服务有限公司",
        "",
        "",
        "",
        "公司章程第十二条",
        date(2025, 1, 1),
        date(2026, 6, 30),
        False,
        _AT,
        "股权转让登记（2026-06-30）",
        False,
    ),
]
_TIE_WISH = PetitionView(
    uuid.UUID(int=11),
    "affiliation.declare",
    None,
    "",
    "",
    {
        "kind": "holding",
        "uscc": "91421083MA490000A1",
        "name": "云澜智慧停车有限公司",
        "of_uscc": "",
        "of_name": "",
        "project_id": "",
        "basis": "",
        "since": "2026-07-01",
        "until": "",
    },
    "股东名册（2026-07-01），持股 100%",
    "周敏",
    _ME,
    _AT,
    "",
    None,
    None,
)
_TIES_PAGE = Row(
    rows=[(row, TIES[row.tie], article_of(row.tie, row.of_uscc)) for row in _TIED],
    waiting=[(_TIE_WISH, said_of(_TIE_WISH.facts), False)],
    kinds=[(tie.value, words) for tie, words in TIES.items()],
    may_ask=True,
    may_decide=False,
    me=_ME,
    side="admin",
    form=Row(values={}, errors={}),
)
_TIES = {"user": ADMIN, "page": _TIES_PAGE}


def _ties(**changes: Any) -> dict[str, Any]:
    return {"user": ADMIN, "page": Row(**{**vars(_TIES_PAGE), **changes})}


SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "trading/affiliations.html": {
        "": _TIES,
        "approving": _ties(may_ask=False, may_decide=True, me=_OTHER) | {"user": SECURITY},
        "supervisor": _ties(may_ask=False, side="supervisor") | {"user": SUPERVISOR},
        "empty": _ties(rows=[], waiting=[]),
        "wrong": _ties(
            form=Row(
                values={"kind": "adviser", "to": "operator", "since": "上月", f"until-{_ME}": "昨天"},
                errors={"kind": "投标咨询须写明由哪家代理机构提供。", "since": "请填写起始日，例如 2026-08-06。", f"until-{_ME}": "请填写终止日，例如 2026-08-06。"},
            )
        ),
        "conflict": _ties(form=Row(values={}, errors={"form": "同样的登记正在等待审批。"})),
    },
    "portal/staff.html": {
        "": STAFF,
        "approving": STAFF | {"user": SECURITY, "may_ask": False, "may_decide": True, "me": _ME},
        "approved": STAFF
        | {"user": SECURITY, "may_ask": False, "may_decide": True, "waiting": [], "half": ("后半", "K7QXM2ZPLA", ""), "done": "已同意，立即生效。"},
        "refused": STAFF
        | {
            "form": Row(
                values={"login": "x", "roles": ["system_admin", "audit_admin"]},
                errors={"login": "登录名为 3 至 64 个字符", "roles": "三类管理员必须由三个人分别担任。"},
            )
        },
    },
    "portal/rehearsal.html": {"": {"user": OPERATOR, "error": "", "typed": "", "unstamped": 0}, "failed": {"user": OPERATOR, "error": "演练时钟只能向前调整。", "typed": "2026-08-01 09:00", "unstamped": 2}},
    "portal/timestamps.html": _STAMPS,
    "portal/policy.html": {
        "": {"user": AUDIT, "policy": platform_policy(), "role": ""},
        "one-role": {"user": AUDIT, "policy": platform_policy(), "role": "bidder"},
    },
    "portal/access.html": {"": _ACCESS, "empty": _ACCESS | {"lines": [], "login": "nobody"}},
    "portal/security.html": {
        "": _SECURITY,
        "passkeys": _SECURITY | {"passkeys": _PASSKEYS, "fresh": False},
        "no-passkeys-here": _SECURITY | {"passkey_site": None},
        "first": _SECURITY | {"sessions": _SESSIONS[:1], "has_totp": False},
        "secret": _SECURITY | {"has_totp": False, "secret": _LETTERS, "qr": _QR},
        "wrong": _SECURITY | {"has_totp": False, "error": "动态口令不正确，请核对手机时间后再试。"},
    },
    "portal/step_up.html": {
        "": _STEP_UP,
        "passkeys": _STEP_UP | {"passkeys": 2},
        "only-passkeys": _STEP_UP | {"passkeys": 1, "has_totp": False},
        "wrong": _STEP_UP | {"next": "", "error": "动态口令不正确或已用过，请等待下一个动态口令后再试。"},
    },
    "portal/activate.html": {
        "": _ACTIVATE,
        "authenticator": _ACTIVATE | {"code": "ABCDE", "login": "wang.ke", "secret": _LETTERS, "qr": _QR},
        "wrong": _ACTIVATE | {"code": "ABCDE", "error": "激活码不正确或已失效，请向系统管理员重新申请。"},
    },
}  # fmt: skip
