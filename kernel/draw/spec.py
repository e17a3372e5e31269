"""The spec of a draw: everything that decides the outcome, frozen and published before anyone can know it.

Source: `docs/spec/draw.md`, "Spec".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse_time
from kernel.crypto import CryptoError, Suite
from kernel.crypto.keys import KeyKind, PublicKey
from kernel.draw.errors import DrawError
from kernel.draw.seed import spec_hash, suite_of

#: Pools that each algorithm draws from; a single one is the member `pool` of the spec, several are `pools`.
POOLS = {
    "order/1": ("pool",),
    "worder/1": ("pool",),
    "strata/1": ("pool",),
    "panel/1": ("pool",),
    "assign/1": ("inspectors", "objects"),
}
_PARAMS = {
    "order/1": {"seats"},
    "worder/1": {"a"},
    "strata/1": {"a", "rates"},
    "panel/1": {"groups", "rules", "cap", "max_attempts"},
    "assign/1": {"slots", "recused"},
}
_MEMBERS = {
    *("v", "type", "id", "suite", "purpose", "algo", "stage", "params", "contributors", "min", "escrow", "beacons"),
    *("commit_by", "reveal_by", "prev"),
}
_STAGE = re.compile(r"[a-z0-9][a-z0-9./_-]{0,99}", re.ASCII)
MAX_CONTRIBUTORS = 64
MAX_SHARES = 16
#: How shares of an escrow are wrapped.
WRAP = "hpke-p256"


@dataclass(frozen=True, slots=True)
class WrapKey:
    """The key to which a contributor's shares of the others' values are wrapped.

    Attributes:
        a: wrapping of the suite, `hpke-p256`.
    """

    a: str
    kid: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class Contributor:
    """A party that adds randomness, with the key it signs with.

    Attributes:
        org: the organisation it acts for; who may contribute with whom is a rule of the procedure.
        wrap: where the draw has an escrow, the key for its shares; otherwise None.
    """

    party: str
    org: str
    alg: str
    kid: str
    key: PublicKey
    wrap: WrapKey | None = None


@dataclass(frozen=True, slots=True)
class Escrow:
    """How each random value is shared among the other contributors, and until when."""

    k: int
    n: int
    by: datetime


@dataclass(frozen=True, slots=True)
class Spec:
    """A well-formed spec.

    Attributes:
        raw: the JSON value that is hashed.
        pools: name → `{root, count}`.
        contributors: by party.
    """

    raw: Mapping[str, Any]
    hash: bytes
    suite: Suite
    algo: str
    stage: str
    params: Mapping[str, Any]
    pools: Mapping[str, Mapping[str, Any]]
    contributors: Mapping[str, Contributor]
    least: int
    escrow: Escrow | None
    beacons: tuple[Mapping[str, Any], ...]
    commit_by: datetime
    reveal_by: datetime
    prev: str | None

    @property
    def ref(self) -> str:
        """The hash as records carry it."""
        return b64u_encode(self.hash)

    @property
    def values_from(self) -> datetime:
        """When values may be told at the earliest, if all is done by then: the last of close, escrow and beacons."""
        final = self.escrow.by if self.escrow else self.commit_by
        return max([final, *(parse_time(beacon["at"]) for beacon in self.beacons)])

    @property
    def beacon_by(self) -> datetime:
        """Until when witnesses may vouch: half the time for values, so that the other half is left for these."""
        return self.values_from + (self.reveal_by - self.values_from) / 2

    @property
    def recover_by(self) -> datetime:
        """Until when holders may put a missing value together: as long again as there was for telling it."""
        return self.reveal_by + (self.reveal_by - self.values_from) if self.escrow else self.reveal_by

    def holders(self, party: str) -> list[str]:
        """Who holds the shares of a party's value, share 1 first: the other contributors in order."""
        return [other for other in self.contributors if other != party]


def read_spec(value: object) -> Spec:
    """Check a spec's form: members, types, times in order. Whether a draw is possible is `rehearse`'s question.

    Raises:
        DrawError: `json-profile`; `beacon` for a beacon that speaks before the contributors are final.
    """
    try:
        if not isinstance(value, dict):
            raise NotCanonical("a spec is an object")
        jcs(value)
        return _read(value)
    except NotCanonical as refusal:
        raise DrawError("json-profile", f"spec: {refusal}") from None


def _read(value: dict[str, Any]) -> Spec:
    algo = value.get("algo")
    _require(isinstance(algo, str) and algo in POOLS, "an algorithm known here")
    names = POOLS[value["algo"]]
    _require(value.keys() == _MEMBERS | {"pool" if names == ("pool",) else "pools"}, "the members of a spec")
    _require(value["type"] == "draw.spec" and _int(value["v"]) and value["v"] == 1, "type draw.spec, version 1")
    _require(all(isinstance(value[name], str) and value[name] for name in ("id", "purpose")), "id and purpose")
    _require(isinstance(value["stage"], str) and bool(_STAGE.fullmatch(value["stage"])), "a plain stage name")
    _require(isinstance(value["params"], dict) and value["params"].keys() == _PARAMS[value["algo"]], "the parameters")
    _require(value["prev"] is None or len(b64u_decode(value["prev"], 32)) == 32, "prev")
    _require(_int(value["min"]) and value["min"] >= 0, "min")
    suite = suite_of(value)
    contributors = _contributors(value["contributors"], suite, wrapped=value["escrow"] is not None)
    _require(value["min"] <= len(contributors) and bool(contributors or value["beacons"]), "enough contributors")
    commit_by, reveal_by = parse_time(value["commit_by"]), parse_time(value["reveal_by"])
    escrow = _escrow(value["escrow"], len(contributors), commit_by)
    final = escrow.by if escrow else commit_by
    _require(final < reveal_by, "reveals after commitments and escrow")
    return Spec(
        raw=value,
        hash=spec_hash(value),
        suite=suite,
        algo=value["algo"],
        stage=value["stage"],
        params=value["params"],
        pools=_pools(value["pool"] if names == ("pool",) else value["pools"], names),
        contributors=contributors,
        least=value["min"],
        escrow=escrow,
        beacons=_beacons(value["beacons"], final),
        commit_by=commit_by,
        reveal_by=reveal_by,
        prev=value["prev"],
    )


def _contributors(items: object, suite: Suite, *, wrapped: bool) -> dict[str, Contributor]:
    contributors: dict[str, Contributor] = {}
    names = {"party", "org", "alg", "kid", "spki"}
    _require(isinstance(items, list) and len(items) <= MAX_CONTRIBUTORS, "a list of contributors")
    for item in items if isinstance(items, list) else []:
        _require(isinstance(item, dict) and item.keys() == names | ({"wrap"} if wrapped else set()), "a contributor")
        _require(all(isinstance(item[name], str) and item[name] for name in names), "a contributor")
        spki = b64u_decode(item["spki"])
        try:
            key = suite.load_public(spki)
        except CryptoError:
            raise NotCanonical("a contributor's key is malformed") from None
        fits = suite.signature_algorithms.get(item["alg"]) is key.kind and suite.kid(spki) == item["kid"]
        _require(fits, "a contributor's key with its algorithm and kid")
        wrap = _wrap_key(item["wrap"], suite) if wrapped else None
        contributors[item["party"]] = Contributor(item["party"], item["org"], item["alg"], item["kid"], key, wrap)
    listed = [item["party"] for item in items] if isinstance(items, list) else []
    if sorted(contributors, key=str.encode) != listed:
        raise NotCanonical("contributors are listed by ascending party, none twice")
    return contributors


def _wrap_key(item: object, suite: Suite) -> WrapKey:
    if not isinstance(item, dict) or item.keys() != {"a", "kid", "spki"}:
        raise NotCanonical("a contributor's wrapping key is {a, kid, spki}")
    spki = b64u_decode(item["spki"])
    try:
        key = suite.load_public(spki)
    except CryptoError:
        raise NotCanonical("a contributor's wrapping key is malformed") from None
    fits = item["a"] == WRAP and key.kind is KeyKind.P256 and suite.kid(spki) == item["kid"]
    _require(fits, "a contributor's wrapping key with its kind and kid")
    return WrapKey(item["a"], item["kid"], key)


def _escrow(value: object, contributors: int, commit_by: datetime) -> Escrow | None:
    if value is None:
        return None
    if not isinstance(value, dict) or value.keys() != {"k", "n", "by"}:
        raise NotCanonical("escrow is {k, n, by}")
    k, n, by = value["k"], value["n"], parse_time(value["by"])
    _require(
        _int(k) and _int(n) and n == contributors - 1 and 2 <= k <= n < 2 * k and n <= MAX_SHARES,
        "a majority of the others",
    )
    _require(by > commit_by, "escrow after the commitments")
    return Escrow(k, n, by)


def _beacons(items: object, final: datetime) -> tuple[Mapping[str, Any], ...]:
    _require(isinstance(items, list), "a list of beacons")
    beacons = tuple(items) if isinstance(items, list) else ()
    for item in beacons:
        _require(isinstance(item, dict) and isinstance(item.get("kind"), str), "a beacon")
        if parse_time(item.get("at")) <= final:
            raise DrawError("beacon", "a beacon speaks before the contributors are final")
    return beacons


def _pools(value: object, names: tuple[str, ...]) -> dict[str, Mapping[str, Any]]:
    pools = {"pool": value} if names == ("pool",) else value
    if not isinstance(pools, dict) or pools.keys() != set(names):
        raise NotCanonical("the pools of the algorithm")
    for frozen in pools.values():
        _require(isinstance(frozen, dict) and frozen.keys() == {"root", "count"} and _int(frozen["count"]), "a pool")
        b64u_decode(frozen["root"], 32)
    return pools


def _int(value: object) -> bool:
    return type(value) is int


def _require(held: bool, what: str) -> None:
    if not held:
        raise NotCanonical(f"expected: {what}")
