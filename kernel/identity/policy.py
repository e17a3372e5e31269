"""Who may do what: the mechanism. The table is one data file; the kernel gives its words no meaning.

Doors carry `kernel.web.guards.permits(act)`, acts say `require(actor, act)`. Both ask the same table, which is loaded
once per process before the first request (`install`) and never changes after. A rule says who may come to an act at
all; what depends on the matter itself (is this lot theirs, is it the time?) the act decides, and the table names it in
words (`when`).
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kernel.errors import NotPermitted
from kernel.identity.actor import SCOPE_WORDS, SCOPES, Actor
from kernel.identity.sessions import Limits


class PolicyFault(Exception):
    """The table contradicts itself, or somebody asks for an act that it does not have: a defect, not a refusal."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: who may do an act.

    Attributes:
        act: dotted name.
        title: the act in words.
        roles: any one of them suffices; empty: whoever is signed in.
        when: what the act itself asks of the matter, in words.
        scope: what a clerk must be authorised to do (`SCOPES`); empty: nothing in particular.
        step_up: the person must have proved anew that it is really them.
        second_person: what this act asks for, somebody else decides.
        article: where it is written.
    """

    act: str
    title: str
    roles: frozenset[str]
    when: str = ""
    scope: str = ""
    step_up: bool = False
    second_person: bool = False
    article: str = ""

    def admits(self, actor: Actor) -> bool:
        """Say whether the actor may come to this act."""
        return self._fits(actor) and (not self.scope or self.scope in actor.scopes)

    def refusal(self, actor: Actor) -> NotPermitted:
        """Return what somebody is told who may not come to this act; a clerk hears what the authorisation lacks."""
        if self._fits(actor) and self.scope:
            words = SCOPE_WORDS[self.scope]
            return NotPermitted(f"您的授权不包括“{words}”。请联系本单位的执照持有人调整授权。")
        return NotPermitted()

    def _fits(self, actor: Actor) -> bool:
        return not self.roles or actor.has(*self.roles)


@dataclass(frozen=True, slots=True)
class Apart:
    """Two groups of roles of which nobody holds one of each; within one group that is alone, nobody holds two."""

    one: frozenset[str]
    other: frozenset[str]
    article: str
    message: str

    def broken_by(self, roles: frozenset[str]) -> bool:
        """Say whether an account with these roles would break it."""
        if self.one == self.other:
            return len(roles & self.one) > 1
        return bool(roles & self.one) and bool(roles & self.other)


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long sessions of some roles live, from a day on."""

    roles: frozenset[str]
    since: date
    limits: Limits
    basis: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The whole table.

    Attributes:
        roles: every role with its name in words, in the order in which tables show them.
    """

    roles: Mapping[str, str]
    rules: Mapping[str, Rule]
    apart: tuple[Apart, ...]
    lifetimes: tuple[Lifetime, ...]

    def rule(self, act: str) -> Rule:
        """Return the row of an act.

        Raises:
            PolicyFault: there is none.
        """
        try:
            return self.rules[act]
        except KeyError:
            raise PolicyFault(f"the policy has no act {act!r}") from None

    def of_role(self, role: str) -> list[Rule]:
        """Return the acts that a role may come to, those of whoever is signed in among them; "" for the whole table."""
        return [rule for rule in self.rules.values() if not role or not rule.roles or role in rule.roles]

    def conflicts(self, roles: Iterable[str]) -> list[Apart]:
        """Return what forbids that one account holds all these roles."""
        held = frozenset(roles)
        return [pair for pair in self.apart if pair.broken_by(held)]

    def limits(self, roles: Iterable[str], on: date) -> Limits:
        """Return how long a session of these roles lives: of several roles, the strictest of each."""
        held = frozenset(roles)
        found: dict[frozenset[str], Lifetime] = {}
        for row in self.lifetimes:  # in the order of their days: the newest that holds wins
            if row.since <= on and (row.roles & held or not row.roles):
                found[row.roles] = row
        if len(found) > 1:
            found.pop(frozenset(), None)
        every = [row.limits for row in found.values()] or [Limits()]
        return Limits(min(one.idle for one in every), min(one.absolute for one in every))


_installed: list[Policy] = []


def install(policy: Policy) -> None:
    """Make a table the one that this process asks; at start, before anybody is served."""
    _installed[:] = [policy]


def current() -> Policy:
    """Return the installed table.

    Raises:
        PolicyFault: none is.
    """
    if not _installed:
        raise PolicyFault("no policy is installed")
    return _installed[0]


def require(actor: Actor, act: str) -> None:
    """Refuse an actor whom the table does not admit to the act.

    Raises:
        NotPermitted: no role, or no authorisation, for it.
    """
    rule = current().rule(act)
    if not rule.admits(actor):
        raise rule.refusal(actor)


def read_policy(file: Path) -> Policy:
    """Read the table.

    Raises:
        PolicyFault: a row is incomplete, double, or uses a word that is not declared.
    """
    raw = tomllib.loads(file.read_text(encoding="utf-8"))
    roles = {str(row["name"]): str(row["title"]) for row in raw.get("role", [])}
    rules: dict[str, Rule] = {}
    for row in raw.get("act", []):
        rule = _rule(row)
        if rule.act in rules:
            raise PolicyFault(f"the act {rule.act!r} stands twice in the policy")
        _require_known(rule.roles, roles, rule.act)
        rules[rule.act] = rule
    apart = tuple(
        Apart(frozenset(row["one"]), frozenset(row["other"]), str(row["article"]), str(row["message"]))
        for row in raw.get("apart", [])
    )
    for pair in apart:
        _require_known(pair.one | pair.other, roles, "apart")
    lifetimes = tuple(sorted((_lifetime(row) for row in raw.get("session", [])), key=lambda row: row.since))
    for lifetime in lifetimes:
        _require_known(lifetime.roles, roles, "session")
    return Policy(MappingProxyType(roles), MappingProxyType(rules), apart, lifetimes)


_MEMBERS = {"name", "title", "roles", "when", "scope", "step_up", "second_person", "article"}


def _rule(row: dict[str, Any]) -> Rule:
    if not row.keys() <= _MEMBERS or not {"name", "title", "roles"} <= row.keys():
        raise PolicyFault(f"a row of the policy has missing or unknown members: {row}")
    scope = str(row.get("scope", ""))
    if scope and scope not in SCOPES:
        raise PolicyFault(f"{row['name']}: unknown scope {scope!r}")
    return Rule(
        act=str(row["name"]),
        title=str(row["title"]),
        roles=frozenset(row["roles"]),
        when=str(row.get("when", "")),
        scope=scope,
        step_up=bool(row.get("step_up", False)),
        second_person=bool(row.get("second_person", False)),
        article=str(row.get("article", "")),
    )


def _lifetime(row: dict[str, Any]) -> Lifetime:
    limits = Limits(timedelta(minutes=int(row["idle_min"])), timedelta(minutes=int(row["absolute_min"])))
    return Lifetime(frozenset(row["roles"]), row["since"], limits, str(row["basis"]))


def _require_known(used: frozenset[str], declared: Mapping[str, str], where: str) -> None:
    if unknown := sorted(used - declared.keys()):
        raise PolicyFault(f"{where}: roles that the policy does not declare: {', '.join(unknown)}")
