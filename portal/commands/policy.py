"""`sunlit policy`: print who may do what, from the one table that the platform itself asks."""

import argparse
import json
import unicodedata

from kernel.identity.policy import Policy
from portal.errors import CommandError
from portal.policy import platform_policy


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--json", action="store_true", help="以 JSON 输出")
    parser.add_argument("--role", default="", metavar="角色", help="只列出这个角色可以办理的事项，如 agency")


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    policy = platform_policy()
    if args.role and args.role not in policy.roles:
        raise CommandError(f"没有角色 {args.role}；可选：{'、'.join(policy.roles)}", code=2)
    if args.json:
        print(json.dumps(as_json(policy, args.role), ensure_ascii=False, indent=1))
    else:
        print(as_text(policy, args.role))
    return 0


def as_json(policy: Policy, role: str = "") -> dict[str, object]:
    """Return the table as plain values."""
    return {
        "roles": dict(policy.roles),
        "acts": [
            {
                "act": rule.act,
                "title": rule.title,
                "roles": [name for name in policy.roles if name in rule.roles],
                "when": rule.when,
                "scope": rule.scope,
                "step_up": rule.step_up,
                "second_person": rule.second_person,
                "article": rule.article,
            }
            for rule in policy.rules.values()
            if not role or role in rule.roles
        ],
        "apart": [
            {"one": sorted(pair.one), "other": sorted(pair.other), "article": pair.article, "message": pair.message}
            for pair in policy.apart
        ],
        "sessions": [
            {
                "roles": sorted(row.roles),
                "since": row.since.isoformat(),
                "idle_min": int(row.limits.idle.total_seconds() // 60),
                "absolute_min": int(row.limits.absolute.total_seconds() // 60),
                "basis": row.basis,
            }
            for row in policy.lifetimes
        ],
    }


def as_text(policy: Policy, role: str = "") -> str:
    """Return the table for a terminal: one act per line, what it needs behind it."""
    shown = [rule for rule in policy.rules.values() if not role or role in rule.roles]
    width = max(len(rule.act) for rule in shown) if shown else 0
    span = max(_columns(rule.title) for rule in shown) if shown else 0
    lines = []
    for rule in shown:
        who = "、".join(title for name, title in policy.roles.items() if name in rule.roles) or "已登录者"
        marks = [
            f"授权：{rule.scope}" if rule.scope else "",
            "须再次确认身份" if rule.step_up else "",
            "双人" if rule.second_person else "",
            rule.when,
            f"［{rule.article}］" if rule.article else "",
        ]
        head = f"{rule.act:<{width}}  {rule.title}{' ' * (span - _columns(rule.title))}  {who}"
        lines.append(head + "".join(f"；{mark}" if mark[0] != "［" else mark for mark in marks if mark))
    lines += ["", "不相容："]
    lines += [f"  {pair.message}［{pair.article}］" for pair in policy.apart]
    lines += ["", "会话时限："]
    for row in policy.lifetimes:
        who = "、".join(policy.roles[name] for name in policy.roles if name in row.roles) or "其余角色"
        idle, absolute = (int(span.total_seconds() // 60) for span in (row.limits.idle, row.limits.absolute))
        lines.append(f"  {who}：{idle} 分钟无操作、最长 {absolute} 分钟，自 {row.since:%Y-%m-%d} 起［{row.basis}］")
    return "\n".join(lines)


def _columns(words: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in words)
