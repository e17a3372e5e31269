"""From spec, pool and seed to the outcome: the one function that platform and verifier share.

Source: `docs/spec/draw.md`, "Parameters and outputs".
"""

from collections.abc import Mapping, Sequence
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode
from kernel.draw.assign import Pair, assign, require_never_stuck
from kernel.draw.errors import DrawError
from kernel.draw.order import MAX_WEIGHT, order, share, strata, worder
from kernel.draw.panel import panel
from kernel.draw.pool import Candidate
from kernel.draw.primitives import LEAF_BYTES
from kernel.draw.spec import Spec

Pools = Mapping[str, Sequence[Candidate]]


def compute(spec: Spec, pools: Pools, seed: bytes) -> dict[str, Any]:
    """The outcome of a draw.

    Raises:
        DrawError: `json-profile`, `weight-range`, `attempts` or `infeasible`.
    """
    return {
        "order/1": _order,
        "worder/1": _worder,
        "strata/1": _strata,
        "panel/1": _panel,
        "assign/1": _assign,
    }[spec.algo](spec, pools, seed)


def require_possible(spec: Spec, pools: Pools) -> None:
    """Check what can be checked without a seed.

    Raises:
        DrawError: `json-profile`, `weight-range` or `infeasible`.
    """
    if spec.algo == "worder/1":
        for _, weight in _weighted(spec, pools):
            if type(weight) is not int or not 1 <= weight <= MAX_WEIGHT:
                raise DrawError("weight-range", f"a weight is a whole number from 1 to {MAX_WEIGHT}")
    elif spec.algo == "strata/1":
        for name, leaves in _classes(spec, pools).items():
            share(_rates(spec).get(name), len(leaves))
    elif spec.algo == "order/1":
        _seats(spec, pools)
    elif spec.algo == "assign/1":
        leaves = [leaf for leaf, _ in pools["objects"]]
        require_never_stuck(leaves, dict(pools["inspectors"]), _rules(spec, "slots"), _recused(spec))


def _order(spec: Spec, pools: Pools, seed: bytes) -> dict[str, Any]:
    leaves = [leaf for leaf, _ in pools["pool"]]
    seats = _seats(spec, pools)
    if seats is None:
        return {"order": _texts(order(spec.suite, seed, spec.stage, leaves))}
    people = order(spec.suite, seed, f"{spec.stage}/people", leaves)
    return {"seats": [[seat, b64u_encode(leaf)] for seat, leaf in zip(seats, people, strict=True)]}


def _worder(spec: Spec, pools: Pools, seed: bytes) -> dict[str, Any]:
    return {"order": _texts(worder(spec.suite, seed, spec.stage, _weighted(spec, pools)))}


def _strata(spec: Spec, pools: Pools, seed: bytes) -> dict[str, Any]:
    drawn = strata(spec.suite, seed, spec.stage, _classes(spec, pools), _rates(spec))
    return {"classes": {name: _texts(leaves) for name, leaves in drawn.items()}}


def _panel(spec: Spec, pools: Pools, seed: bytes) -> dict[str, Any]:
    groups, rules, cap = panel_rules(spec)
    limit = spec.params["max_attempts"]
    attempt, members = panel(spec.suite, seed, spec.stage, pools["pool"], groups, rules, cap, limit)
    return {"attempt": attempt, "groups": [_texts(group) for group in members]}


def _assign(spec: Spec, pools: Pools, seed: bytes) -> dict[str, Any]:
    leaves = [leaf for leaf, _ in pools["objects"]]
    people, slots, recused = dict(pools["inspectors"]), _rules(spec, "slots"), _recused(spec)
    teams = assign(spec.suite, seed, spec.stage, leaves, people, slots, recused)
    return {"teams": [[b64u_encode(thing), _texts(team)] for thing, team in teams]}


def panel_rules(spec: Spec) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]], Mapping[str, Any] | None]:
    """Groups, rules and cap of a panel."""
    cap = spec.params["cap"]
    if cap is not None and not isinstance(cap, dict):
        raise DrawError("json-profile", "a cap is {a, max} or null")
    return _rules(spec, "groups"), _rules(spec, "rules"), cap


def _rules(spec: Spec, name: str) -> list[Mapping[str, Any]]:
    rules = spec.params[name]
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise DrawError("json-profile", f"{name} is a list of objects")
    return rules


def _rates(spec: Spec) -> Mapping[str, Mapping[str, Any]]:
    rates = spec.params["rates"]
    if not isinstance(rates, dict) or not all(isinstance(rate, dict) for rate in rates.values()):
        raise DrawError("json-profile", "rates are objects by class")
    return rates


def _attribute(spec: Spec) -> str:
    name = spec.params["a"]
    if not isinstance(name, str):
        raise DrawError("json-profile", "a names an attribute")
    return name


def _weighted(spec: Spec, pools: Pools) -> list[tuple[bytes, Any]]:
    name = _attribute(spec)
    return [(leaf, pub.get(name)) for leaf, pub in pools["pool"]]


def _classes(spec: Spec, pools: Pools) -> dict[str, list[bytes]]:
    name = _attribute(spec)
    classes: dict[str, list[bytes]] = {}
    for leaf, pub in pools["pool"]:
        held = pub.get(name)
        if not isinstance(held, str) or "\0" in held:
            raise DrawError("infeasible", "a candidate belongs to no class")
        classes.setdefault(held, []).append(leaf)
    return classes


def _seats(spec: Spec, pools: Pools) -> list[str] | None:
    seats = spec.params["seats"]
    if seats is None:
        return None
    if not isinstance(seats, list) or not all(isinstance(seat, str) for seat in seats):
        raise DrawError("json-profile", "seats are a list of codes or null")
    if sorted(set(seats), key=str.encode) != seats or len(seats) != len(pools["pool"]):
        raise DrawError("infeasible", "as many seats as people, by ascending code")
    return seats


def _recused(spec: Spec) -> set[Pair]:
    pairs = spec.params["recused"]
    try:
        if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
            raise NotCanonical("pairs are expected")
        return {(b64u_decode(thing, LEAF_BYTES), b64u_decode(leaf, LEAF_BYTES)) for thing, leaf in pairs}
    except NotCanonical:
        raise DrawError("json-profile", "recused is a list of pairs of leaves") from None


def _texts(leaves: Sequence[bytes]) -> list[str]:
    return [b64u_encode(leaf) for leaf in leaves]
