"""What an audit of the log has to know of the entries whose details have a fixed form (`docs/spec`).

Entries of `kernel.log.writer.record` name their matter and visibility themselves. Those of fixed form are byte-exact
contracts with no room for it; here stands under which matter they belong and who may read them.
"""

from collections.abc import Mapping
from typing import Any, Final

from kernel.log.audit import AuditRules

VISIBILITY: Final = {
    "bid.accepted": "sealed",
    "bid.withdrawn": "sealed",
    "bid.rejected": "sealed",
    "bid.release": "sealed",
    "bid.window-closed": "sealed",
    "bid.close": "public",
    "bid.first-opened": "public",
    "bid.technical-concluded": "public",
    "bid.second-opening": "public",
    "bid.opened": "public",
    "bid.fault": "public",
    "keyset.published": "public",
    "cover": "sealed",
    "draw.spec": "public",
    "draw.commit": "public",
    "draw.close": "public",
    "draw.escrow": "public",
    "draw.escrow-ack": "public",
    "draw.final": "public",
    "draw.beacon": "public",
    "draw.result": "public",
    "draw.replacement": "public",
    "draw.void": "public",
}

#: With these the bids that were read out are known to everybody.
_READ_OUT: Final = ("bid.first-opened", "bid.opened")


def _introduces(kind: str, detail: Mapping[str, Any]) -> object:
    facts = detail.get("facts", {})
    if kind == "lot.registered":
        return facts.get("tender"), facts.get("lot")
    return facts.get("uscc") if kind == "bidder.registered" else None


def _unseals(kind: str, detail: Mapping[str, Any]) -> list[object] | None:
    """With the opening of a lot the firms that were read out open to oversight as well, all members of a consortium."""
    if kind not in _READ_OUT:
        return None
    bids = detail.get("bids", [])
    members = [one.get("uscc") for bid in bids for one in bid.get("consortium", {}).get("members", [])]
    return [bid.get("uscc") for bid in bids] + members


def _names(kind: str, detail: Mapping[str, Any]) -> object:
    """Bids and keysets name their lot by tender and number; draws are of any matter."""
    return (detail.get("tender"), detail.get("lot")) if kind.partition(".")[0] in ("bid", "keyset") else None


RULES: Final = AuditRules(visibility=VISIBILITY, unseals=_unseals, introduces=_introduces, names=_names)
