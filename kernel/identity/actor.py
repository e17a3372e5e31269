"""The person behind a request, as acts see them."""

import uuid
from dataclasses import dataclass
from typing import Any

#: What an organisation's licence holder may authorise a clerk to do for it.
SCOPE_WORDS = {"read": "查看", "prepare": "编制", "sign": "签名", "submit": "递交", "open": "开标解密"}
SCOPES = frozenset(SCOPE_WORDS)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does the act.

    Attributes:
        roles: plain words such as those of `trading.vocabulary.Role`; the kernel gives them no meaning.
        scopes: what an organisation has authorised this person to do (`SCOPES`); staff and licence holders: all of it.
        lots: the lots that the authorisation covers; None: every lot.
        is_clerk: acts under an appointment, not as the organisation's licence holder.
        stepped_up: whether the person proved anew, within the last minutes, that it is really them.
        is_reading: signed in on a revocation list that was out of date: may look and do nothing (crypto.md §6.2).
        session_id: the session behind the request, as its owner sees it in the list; None outside a request.
    """

    account_id: uuid.UUID
    login: str
    name: str
    roles: frozenset[str]
    organisation_id: uuid.UUID | None = None
    organisation_name: str = ""
    uscc: str = ""
    scopes: frozenset[str] = SCOPES
    lots: frozenset[uuid.UUID] | None = None
    is_clerk: bool = False
    stepped_up: bool = False
    is_reading: bool = False
    session_id: uuid.UUID | None = None

    def has(self, *roles: str) -> bool:
        """Say whether the actor holds one of the roles."""
        return bool(self.roles.intersection(roles))

    def covers(self, lot_id: uuid.UUID) -> bool:
        """Say whether the actor's authorisation covers a lot."""
        return self.lots is None or lot_id in self.lots

    def described(self) -> dict[str, Any]:
        """Return what the log keeps of the actor."""
        return {"account": str(self.account_id), "name": self.name, "organisation": self.organisation_name}


def system_actor(name: str = "平台") -> Actor:
    """Return the actor of acts that the clock, not a person, brings about."""
    return Actor(account_id=uuid.UUID(int=0), login="system", name=name, roles=frozenset({"system"}))
