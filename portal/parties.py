"""Words and small shapes that the pages of the party library share."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kernel.identity.actor import Actor
from kernel.parties import fields
from kernel.parties.fields import FieldCipher
from kernel.web.services import Services

#: Roles that an organisation may have, in words.
ROLES = {
    "procuring_entity": "招标人、采购人",
    "agency": "招标代理机构",
    "bidder": "投标人、供应商",
    "supervisor": "行政监督部门",
    "centre": "公共资源交易中心",
}
#: Where a name of the history comes from.
SOURCES = {"licence": "电子营业执照", "staff": "工作人员登记", "before": "历史数据", "merge": "登记合并"}
#: How a licence certificate names the person who holds it.
TITLES = {"legal_representative": "法定代表人", "clerk": "办事人"}
#: Days before the end on which a certificate is worth a word, and how loud the word is.
WARN_DAYS = ((1, "bad"), (7, "warn"), (30, "info"))


@dataclass(slots=True)
class Form:
    """What was typed, and what has to be corrected: field names to texts."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def cipher_of(services: Services) -> FieldCipher:
    """Return the cipher of personal fields.

    Raises:
        Unavailable: the installation has no key for them.
    """
    return fields.cipher_of(services.plugins)


def validity_of(until: datetime, now: datetime) -> tuple[str, str]:
    """Return colour and words for how long a certificate still holds; warnings at 30, 7 and 1 days."""
    left = until - now
    if left <= timedelta():
        return "bad", "已过期"
    for days, kind in WARN_DAYS:
        if left <= timedelta(days=days):
            return kind, f"{max(left.days, 0)} 天后到期" if left >= timedelta(days=1) else "一天内到期"
    return "ok", "有效"


def side_of(actor: Actor) -> str:
    """Return which rail the actor's pages carry."""
    for role, side in (
        ("bidder", "bidder"),
        ("agency", "agency"),
        ("procuring_entity", "agency"),
        ("centre", "centre"),
    ):
        if actor.has(role):
            return side
    return "supervisor" if actor.has("supervisor") else "person"
