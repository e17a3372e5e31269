"""Sample contexts of the administrators' pages, of one's own access and of activation."""

import uuid
from datetime import UTC, datetime
from types import SimpleNamespace as Row
from typing import Any

from kernel.identity.access import KINDS, AccessLine
from kernel.identity.petitions import PetitionView
from portal.policy import platform_policy
from portal.samples.common import acts_of
from portal.staff import CHANGES, GRANTED, StaffRow

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
    Row(id=_OTHER, own=False, device="安卓手机 · Chrome", origin="10.1.2.9", method="口令和动态口令", since=_AT, seen=_AT, until=_AT),
]  # fmt: skip
_SECURITY: dict[str, Any] = {
    "user": ADMIN, "sessions": _SESSIONS, "has_factor": True, "staff": True, "secret": "", "qr": "", "error": "",
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

SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
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
    "portal/policy.html": {"": {"user": AUDIT, "policy": platform_policy()}},
    "portal/access.html": {"": _ACCESS, "empty": _ACCESS | {"lines": [], "login": "nobody"}},
    "portal/security.html": {
        "": _SECURITY,
        "first": _SECURITY | {"sessions": _SESSIONS[:1], "has_factor": False},
        "secret": _SECURITY | {"has_factor": False, "secret": _LETTERS, "qr": _QR},
        "wrong": _SECURITY | {"has_factor": False, "error": "动态口令不正确，请核对手机时间后再试。"},
    },
    "portal/step_up.html": {
        "": {"user": ADMIN, "next": "/admin/staff", "error": ""},
        "wrong": {"user": ADMIN, "next": "", "error": "动态口令不正确或已用过，请等待下一个动态口令后再试。"},
    },
    "portal/activate.html": {
        "": _ACTIVATE,
        "authenticator": _ACTIVATE | {"code": "ABCDE", "login": "wang.ke", "secret": _LETTERS, "qr": _QR},
        "wrong": _ACTIVATE | {"code": "ABCDE", "error": "激活码不正确或已失效，请向系统管理员重新申请。"},
    },
}  # fmt: skip
