"""Where each role's work begins after signing in."""

from kernel.identity.actor import Actor
from kernel.identity.policy import current
from kernel.web.services import UserView

#: Role, its name in the shell, where its work begins; the first that fits decides.
HOMES = (
    ("bidder", "投标人", "/b"),
    ("agency", "招标代理机构", "/a"),
    ("procuring_entity", "招标人", "/a"),
    ("expert", "评标专家", "/e"),
    ("supervisor", "行政监督部门", "/s"),
    ("inspector", "检查人员", "/s/tasks"),
    ("trustee", "开标见证人", "/w"),
    ("centre", "交易中心", "/c/parties"),
    ("system_admin", "系统管理员", "/admin/staff"),
    ("security_admin", "安全管理员", "/admin/staff"),
    ("audit_admin", "审计管理员", "/admin/access"),
    ("operator", "平台运行人员", "/rehearsal"),
)


def home_of(actor: Actor) -> str:
    """Return the address of the actor's workbench."""
    return describe_user(actor).home


#: Above every page of somebody whose licence could not be checked against a fresh revocation list (crypto.md §6.2).
READING = "签发机构的吊销名单已经过期，本次登录只能查看，不能办理；名单更新后请重新登录。"


def describe_user(actor: Actor) -> UserView:
    """Return what the shell shows of the actor."""
    mine = [(label, address) for role, label, address in HOMES if role in actor.roles]
    label, home = mine[0] if mine else ("用户", "/inbox")
    acts = frozenset(act for act, rule in current().rules.items() if rule.admits(actor))
    desks = tuple({address: (word, address) for word, address in mine}.values())
    return UserView(actor.name, label, home, acts, desks, READING if actor.is_reading else "")
