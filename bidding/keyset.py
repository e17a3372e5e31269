"""Keysets: which trustees hold the shares of a lot's bids, fixed and logged before the notice is published.

A keyset is a public record; its digest `ks` stands in the header of every envelope, so that a bid sealed for other
trustees is refused. Before it is accepted each trustee proves in a drill that his key opens what is wrapped for it.

Source: docs/spec/sealing.md, "Keyset".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bidding.envelope.format import BIDDER, POLICIES, label
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, format_time, jcs, parse_time
from kernel.crypto import CryptoError, Suite, equal, random_bytes, suite
from kernel.crypto.keys import PrivateKey, PublicKey

MEMBERS = {"v", "type", "tender", "lot", "suite", "policy", "k", "opens_at", "window_s", "trustees"}
#: Only where parts of a bid are opened one step after the other.
STEPS = "steps"
TRUSTEE_MEMBERS = {"i", "role", "a", "kid", "spki"}
MAX_TRUSTEES = 16
MAX_WINDOW_S = 7 * 24 * 3600

Keyset = dict[str, Any]


class KeysetError(CryptoError):
    """A keyset is refused: `version`, `keyset-fields`, `threshold`, `key`, `organisations`, `drill`."""


@dataclass(frozen=True)
class Trustee:
    """A proposed trustee.

    Attributes:
        role: what the person stands for, such as `procuring_entity` or `notary`; public.
        wrapping: `hpke-p256` or `rsa-oaep-256`.
        organisation: anything that tells organisations apart; it is not published.
    """

    role: str
    wrapping: str
    key: PublicKey
    organisation: str


def make_keyset(
    *, tender: str, lot: str, suite_id: str, policy: str, k: int, opens_at: datetime, window_s: int,
    trustees: Sequence[Trustee], steps: Sequence[Sequence[str]] = (),
) -> Keyset:  # fmt: skip
    """Make a keyset and check it.

    Args:
        k: how many trustees act together; 0 under policy `bidder`, which has none.
        opens_at: the opening; trustees release nothing earlier.
        window_s: seconds that bidders have for their release after the opening time.
        steps: names of the parts of a bid by the step that opens them; left out where there is but one step.

    Raises:
        KeysetError: besides the checks of `check_keyset`, `organisations` if one organisation alone holds k seats.
    """
    provider = suite(suite_id)
    keyset: Keyset = {
        "v": 1,
        "type": "bid.keyset",
        "tender": tender,
        "lot": lot,
        "suite": suite_id,
        "policy": policy,
        "k": k,
        "opens_at": format_time(opens_at),
        "window_s": window_s,
        "trustees": [
            {
                "i": i,
                "role": trustee.role,
                "a": trustee.wrapping,
                "kid": provider.kid(trustee.key.spki),
                "spki": b64u_encode(trustee.key.spki),
            }
            for i, trustee in enumerate(trustees, 1)
        ],
    }
    if len(steps) > 1:
        keyset[STEPS] = [sorted(step) for step in steps]
    check_keyset(keyset)
    seats = [trustee.organisation for trustee in trustees]
    if any(seats.count(organisation) >= k for organisation in seats):
        raise KeysetError("organisations", "one organisation alone holds enough seats to open")
    return keyset


def check_keyset(keyset: Any) -> Suite:
    """Check a published keyset and return the provider of its suite.

    Raises:
        KeysetError: `version`, `keyset-fields`, `threshold`, `key` (malformed, of another suite, named wrongly, twice).
    """
    if not isinstance(keyset, dict) or type(keyset.get("v")) is not int or keyset["v"] != 1:
        raise KeysetError("version", "this version is not known")
    if keyset.get("type") != "bid.keyset" or keyset.get("policy") not in POLICIES:
        raise KeysetError("version", "this type or policy is not known")
    try:
        provider = suite(keyset["suite"])
    except (CryptoError, KeyError) as refusal:
        raise KeysetError("version", str(refusal)) from None
    _check_fields(keyset)
    trustees = keyset["trustees"]
    n, k = len(trustees), keyset["k"]
    expected = n == k == 0 if keyset["policy"] == BIDDER else 2 <= k <= n <= MAX_TRUSTEES
    if not expected or [trustee["i"] for trustee in trustees] != list(range(1, n + 1)):
        raise KeysetError("threshold", "2 <= k <= n <= 16 and the indices are 1 to n in order")
    for trustee in trustees:
        _check_key(provider, trustee)
    if len({trustee["kid"] for trustee in trustees}) != n:
        raise KeysetError("key", "two trustees have the same key")
    return provider


def keyset_hash(keyset: Keyset) -> bytes:
    """The digest `ks` that envelopes carry."""
    return suite(keyset["suite"]).hash(label("keyset") + jcs(keyset))


def trustee_keys(keyset: Keyset) -> list[tuple[str, PublicKey]]:
    """The keys in the form `envelope.seal` takes them.

    Raises:
        KeysetError: the keyset does not pass `check_keyset`.
    """
    provider = check_keyset(keyset)
    return [(trustee["a"], provider.load_public(b64u_decode(trustee["spki"]))) for trustee in keyset["trustees"]]


def make_drill(keyset: Keyset, i: int) -> tuple[dict[str, str], bytes]:
    """Wrap a random test share for trustee i.

    Returns:
        (challenge, proof): what the trustee receives, and the digest his acceptance must contain. The share itself is
        forgotten.
    """
    provider, share = check_keyset(keyset), random_bytes(32)
    trustee = keyset["trustees"][i - 1]
    key = provider.load_public(b64u_decode(trustee["spki"]))
    enc, ct = provider.wrap(trustee["a"], key, _drill_context(provider, keyset, i), share)
    return {"enc": b64u_encode(enc), "ct": b64u_encode(ct)}, _drill_proof(provider, keyset, i, share)


def answer_drill(keyset: Keyset, i: int, challenge: dict[str, str], key: PrivateKey) -> bytes:
    """Open the test share with the trustee's key and return the proof.

    Raises:
        KeysetError: `drill` if the key does not open it.
    """
    provider = check_keyset(keyset)
    try:
        share = provider.unwrap(
            keyset["trustees"][i - 1]["a"],
            key,
            _drill_context(provider, keyset, i),
            b64u_decode(challenge["enc"]),
            b64u_decode(challenge["ct"]),
        )
    except (CryptoError, NotCanonical, KeyError):
        raise KeysetError("drill", "the test share does not open with this key") from None
    return _drill_proof(provider, keyset, i, share)


def require_drill_proof(expected: bytes, given: object) -> None:
    """Compare the proof in an acceptance with the expected one.

    Raises:
        KeysetError: `drill`.
    """
    try:
        if equal(expected, b64u_decode(given, 32)):
            return
    except NotCanonical:
        pass
    raise KeysetError("drill", "the test share was not opened")


def _drill_context(provider: Suite, keyset: Keyset, i: int) -> bytes:
    return provider.hash(label("drill") + keyset_hash(keyset) + bytes([i]))


def _drill_proof(provider: Suite, keyset: Keyset, i: int, share: bytes) -> bytes:
    return provider.hash(label("drill-proof") + keyset_hash(keyset) + bytes([i]) + share)


def _check_fields(keyset: Keyset) -> None:
    try:
        parse_time(keyset.get("opens_at"))
    except NotCanonical as refusal:
        raise KeysetError("keyset-fields", str(refusal)) from None
    texts = all(type(keyset.get(name)) is str and keyset[name] for name in ("tender", "lot"))
    window = keyset.get("window_s")
    if (
        keyset.keys() - {STEPS} != MEMBERS
        or (STEPS in keyset and not _are_steps(keyset[STEPS]))
        or not texts
        or type(keyset["k"]) is not int
        or type(window) is not int
        or not 0 <= window <= MAX_WINDOW_S
        or type(keyset["trustees"]) is not list
    ):
        raise KeysetError("keyset-fields", "members are missing, unknown or of another type")
    for trustee in keyset["trustees"]:
        if type(trustee) is not dict or trustee.keys() != TRUSTEE_MEMBERS or type(trustee["i"]) is not int:
            raise KeysetError("keyset-fields", "a trustee has missing, unknown or ill-typed members")
        if not all(type(trustee[name]) is str and trustee[name] for name in ("role", "a", "kid", "spki")):
            raise KeysetError("keyset-fields", "a trustee has missing, unknown or ill-typed members")


def _are_steps(steps: Any) -> bool:
    """Say whether these are two or more steps, each of parts in order, none of which occurs twice."""
    if type(steps) is not list or len(steps) < 2 or not all(type(step) is list and step for step in steps):
        return False
    names = [name for step in steps for name in step]
    known = all(type(name) is str and name for name in names)
    return known and len(set(names)) == len(names) and all(step == sorted(step) for step in steps)


def _check_key(provider: Suite, trustee: dict[str, Any]) -> None:
    try:
        spki = b64u_decode(trustee["spki"])
        key = provider.load_public(spki)
        # A trial wrap refuses a key of the wrong kind without this module having to know which kinds there are.
        provider.wrap(trustee["a"], key, bytes(32), bytes(32))
    except (CryptoError, NotCanonical) as refusal:
        raise KeysetError("key", str(refusal)) from None
    if provider.kid(spki) != trustee["kid"]:
        raise KeysetError("key", "the name of the key is not that of the key")
