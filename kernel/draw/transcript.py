"""Reading a transcript: the form first, so that what follows may rely on it.

Source: `docs/spec/draw.md`, "Transcript".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kernel.canonical import NotCanonical, b64u_decode, jcs, parse, parse_time
from kernel.crypto import Suite
from kernel.crypto.keys import PublicKey
from kernel.draw.errors import DrawError
from kernel.draw.spec import Spec, read_spec
from kernel.log import Entry, LogError, parse_entry

_MEMBERS = {
    *("v", "type", "spec", "freeze", "attempts", "commits", "close", "escrow", "beacons", "reveals", "seed", "output"),
    *("final", "result", "replacements", "checkpoint"),
}


@dataclass(frozen=True, slots=True)
class Logged:
    """A record with its proof that the log holds it.

    Attributes:
        detail: what the entry has to be the entry of.
        path: proof towards the transcript's checkpoint, as text.
    """

    detail: Mapping[str, Any]
    entry: Entry
    index: int
    path: object

    @property
    def at(self) -> datetime:
        """The instant of the act, as the entry tells it."""
        return parse_time(self.entry.at)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed message, its signature not yet looked at."""

    payload: Mapping[str, Any]
    header: Mapping[str, Any]
    signed: bytes
    signature: bytes
    log: Logged

    def holds(self, suite: Suite, key: PublicKey, alg: str, kid: str, typ: str) -> bool:
        """Whether it is a message of this kind, signed with this key."""
        names = self.header.get("kid", kid) == kid and self.header.keys() <= {"alg", "typ", "kid", "x5c"}
        kind = self.header.get("typ") == typ and self.header.get("alg") == alg
        return names and kind and suite.verify(key, self.signed, self.signature)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A contributor's escrow: the shares it handed out and the holders' acknowledgements."""

    token: Signed
    acks: tuple[Signed, ...]


@dataclass(frozen=True, slots=True)
class Reveal:
    """A random value, told by its owner or put together from shares of the escrow."""

    party: str
    value: bytes
    shares: tuple[tuple[int, bytes], ...] | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """An earlier attempt that came to nothing."""

    spec: Spec
    log: Logged
    void: Logged


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the replacement log: somebody replaced, or barred before being called."""

    raw: Mapping[str, Any]
    log: Logged


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript of good form. Nothing in it is proved yet."""

    spec: Spec
    freeze: Logged
    attempts: tuple[Attempt, ...]
    commits: tuple[Signed, ...]
    close: Logged
    escrow: tuple[Delivery, ...]
    final: Logged | None
    beacons: tuple[tuple[bytes, tuple[str, ...]], ...]
    reveals: tuple[Reveal, ...]
    seed: bytes
    output: Mapping[str, Any]
    result: Logged
    replacements: tuple[Step, ...]
    checkpoint: str


def read_transcript(value: object) -> Transcript:
    """Check a transcript's form.

    Args:
        value: the transcript's JSON value or its canonical bytes.
    Raises:
        DrawError: `json-profile`, or `beacon` for a spec whose beacon comes too early.
    """
    try:
        raw = parse(value) if isinstance(value, bytes) else value
        jcs(raw)
        return _read(raw)
    except NotCanonical as refusal:
        raise DrawError("json-profile", f"transcript: {refusal}") from None


def take_apart(token: object) -> tuple[Mapping[str, Any], Mapping[str, Any], bytes, bytes]:
    """Header, payload, signed bytes and signature of a compact JWS; nothing is verified.

    Raises:
        NotCanonical: it is none, or the payload is not a canonical object.
    """
    if not isinstance(token, str) or token.count(".") != 2:
        raise NotCanonical("a token has three parts")
    first, second, third = token.split(".")
    try:
        header = json.loads(b64u_decode(first))
        jcs(header)
    except (ValueError, RecursionError):
        raise NotCanonical("a token's header is not JSON") from None
    payload = parse(b64u_decode(second))
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise NotCanonical("header and payload of a token are objects")
    return header, payload, f"{first}.{second}".encode(), b64u_decode(third)


def members(value: object, *names: str) -> dict[str, Any]:
    """The object with exactly these members.

    Raises:
        NotCanonical: it is another.
    """
    if not isinstance(value, dict) or value.keys() != set(names):
        raise NotCanonical(f"expected an object of {', '.join(names)}")
    return value


def items(value: object) -> list[Any]:
    """The list.

    Raises:
        NotCanonical: it is none.
    """
    if not isinstance(value, list):
        raise NotCanonical("expected a list")
    return value


def _read(value: object) -> Transcript:
    raw = members(value, *_MEMBERS)
    if raw["type"] != "draw.transcript" or type(raw["v"]) is not int or raw["v"] != 1:
        raise NotCanonical("expected type draw.transcript, version 1")
    if not isinstance(raw["output"], dict) or not isinstance(raw["checkpoint"], str):
        raise NotCanonical("expected an output and a checkpoint")
    spec = read_spec(raw["spec"])
    return Transcript(
        spec=spec,
        freeze=_logged(spec.raw, raw["freeze"]),
        attempts=tuple(_attempt(item) for item in items(raw["attempts"])),
        commits=tuple(_signed(item, "draw.commit", "spec", "party", "c") for item in items(raw["commits"])),
        close=_detailed(raw["close"]),
        escrow=tuple(_delivery(item) for item in items(raw["escrow"])),
        final=None if raw["final"] is None else _detailed(raw["final"]),
        beacons=tuple(_beacon(item) for item in items(raw["beacons"])),
        reveals=tuple(_reveal(item) for item in items(raw["reveals"])),
        seed=b64u_decode(raw["seed"], 32),
        output=raw["output"],
        result=_detailed(raw["result"]),
        replacements=tuple(_step(item, number, spec) for number, item in enumerate(items(raw["replacements"]))),
        checkpoint=raw["checkpoint"],
    )


def _logged(detail: Mapping[str, Any], value: object) -> Logged:
    proof = members(value, "entry", "index", "path")
    if type(proof["index"]) is not int:
        raise NotCanonical("an index is a whole number")
    try:
        return Logged(detail, parse_entry(proof["entry"]), proof["index"], proof["path"])
    except LogError as refusal:
        raise NotCanonical(refusal.reason) from None


def _detailed(value: object) -> Logged:
    record = members(value, "detail", "log")
    if not isinstance(record["detail"], dict):
        raise NotCanonical("a detail is an object")
    return _logged(record["detail"], record["log"])


def _signed(value: object, kind: str, *names: str) -> Signed:
    record = members(value, "token", "log")
    header, payload, signed, signature = take_apart(record["token"])
    if payload.get("type") != kind or payload.get("v") != 1:
        raise NotCanonical(f"expected a message of type {kind}")
    members(payload, "v", "type", *names)
    if not isinstance(payload["party"], str):
        raise NotCanonical("a party is a text")
    detail = {"v": 1, "type": kind, "token": record["token"]}
    return Signed(payload, header, signed, signature, _logged(detail, record["log"]))


def _delivery(value: object) -> Delivery:
    record = members(value, "token", "log", "acks")
    token = _signed({"token": record["token"], "log": record["log"]}, "draw.escrow", "spec", "party", "shares")
    for share in items(token.payload["shares"]):
        texts = members(share, "i", "holder", "a", "kid", "enc", "ct", "sc")
        b64u_decode(texts["sc"], 32)
    acks = (_signed(ack, "draw.escrow-ack", "spec", "party", "holder", "i", "sc") for ack in items(record["acks"]))
    return Delivery(token, tuple(acks))


def _beacon(value: object) -> tuple[bytes, tuple[str, ...]]:
    beacon = members(value, "value", "statements")
    statements = items(beacon["statements"])
    if not all(isinstance(statement, str) for statement in statements):
        raise NotCanonical("statements are tokens")
    return b64u_decode(beacon["value"]), tuple(statements)


def _reveal(value: object) -> Reveal:
    reveal = members(value, "party", "r", "shares")
    if not isinstance(reveal["party"], str):
        raise NotCanonical("a party is a text")
    shares = None
    if reveal["shares"] is not None:
        listed = [members(share, "i", "share") for share in items(reveal["shares"])]
        shares = tuple((share["i"], b64u_decode(share["share"], 32)) for share in listed)
    return Reveal(reveal["party"], b64u_decode(reveal["r"], 32), shares)


def _attempt(value: object) -> Attempt:
    attempt = members(value, "spec", "log", "void")
    spec = read_spec(attempt["spec"])
    return Attempt(spec, _logged(spec.raw, attempt["log"]), _detailed(attempt["void"]))


def _step(value: object, number: int, spec: Spec) -> Step:
    step = members(value, "act", "group", "out", "in", "reason", "evidence", "log")
    told = {name: held for name, held in step.items() if name != "log"}
    if not isinstance(step["act"], str) or not isinstance(step["reason"], str):
        raise NotCanonical("act and reason of a step are texts")
    detail = {"v": 1, "type": "draw.replacement", "spec": spec.ref, "n": number, **told}
    b64u_decode(step["evidence"], 32)
    return Step(told, _logged(detail, step["log"]))
