"""Limits on sign-ins: leaky buckets in the database, filled before the attempt and given back when it succeeds.

Filling and comparing is one statement on one row, so a hundred attempts at the same moment fill a bucket like a hundred
one after another; nothing is counted afterwards. An attempt fills up to three buckets:

- who and where: the login from this origin, or, where a browser that has signed this login in before comes back, the
  login in this browser. Few tries; whoever fails elsewhere does not fill it, so nobody is locked out from afar;
- the origin, against trying one password on many logins;
- the login, wherever the attempts come from, against guessing from many origins. Browsers and origins that have signed
  this login in before are exempt, so that filling it keeps out strangers only.

Time is the machine's real time: moving a rehearsal's clock opens no door.
"""

import hashlib
import hmac
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import TooManyRequests

#: How many attempts a bucket holds, and how long an emptied one takes from full to empty.
PAIR = (5, timedelta(minutes=15))
ORIGIN = (200, timedelta(minutes=15))
#: One more try every twelve minutes once twenty have failed: a botnet gets through 120 passwords a day.
LOGIN = (20, timedelta(hours=4))
#: An origin from which a login was signed in within this time is the login's own.
OWN_ORIGIN = timedelta(days=30)
#: Browsers that one cookie remembers: people who share a computer.
_MOST_DEVICES = 4


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket: its name, how much it holds, in what time it empties."""

    name: str
    holds: int
    empties_in: timedelta

    @property
    def key(self) -> bytes:
        """What the row is found by; names hold what strangers typed."""
        return hashlib.sha256(b"throttle\0" + self.name.encode()).digest()


def network_of(origin: str) -> str:
    """Return what counts as one origin: an IPv4 address, or the /64 that one customer holds in IPv6."""
    try:
        address = ipaddress.ip_address(origin)
    except ValueError:
        return origin
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))
    return str(address)


async def buckets_of(tx: Tx, login: str, origin: str, device: str | None) -> list[Bucket]:
    """Return the buckets that a sign-in fills.

    Args:
        device: the mark of a browser that has signed this login in before, "" for any other; None where nothing can
            be guessed (signatures, long codes): then the login alone is not counted.
    """
    network = network_of(origin)
    if device:
        return [Bucket(f"device\0{login}\0{device}", *PAIR)]
    found = [Bucket(f"pair\0{login}\0{network}", *PAIR), Bucket(f"origin\0{network}", *ORIGIN)]
    if device is not None and not await _is_own_origin(tx, login, origin):
        found.append(Bucket(f"login\0{login}", *LOGIN))
    return found


async def take(tx: Tx, buckets: Sequence[Bucket]) -> None:
    """Fill all buckets by one; the caller commits before it looks at the password.

    Raises:
        TooManyRequests: one is full; then none is filled, since the transaction ends.
    """
    for bucket in sorted(buckets, key=lambda bucket: bucket.key):  # one order: two attempts never wait for each other
        values = {"key": bucket.key, "holds": bucket.holds, "span": bucket.empties_in.total_seconds()}
        row = (await tx.session.execute(_FILL, values)).one_or_none()
        if row is None:
            wait = (await tx.session.execute(_WAIT, values)).scalar_one()
            seconds = max(1, int(wait) + 1)
            raise TooManyRequests(f"登录失败次数过多，请 {_words(seconds)}后再试。", retry_after_s=seconds)


async def give_back(tx: Tx, buckets: Sequence[Bucket]) -> None:
    """Empty what the signed-in person filled; the origin, which is shared, gets this one attempt back only."""
    for bucket in sorted(buckets, key=lambda bucket: bucket.key):
        shared = bucket.name.startswith("origin\0")
        await tx.session.execute(_GIVE_BACK if shared else _EMPTY, {"key": bucket.key})
    await tx.session.execute(_FORGET)


_LEFT = "greatest(0, t.level - extract(epoch FROM clock_timestamp() - t.at) * cast(:holds AS float8) / :span)"
_FILL = text(
    "INSERT INTO identity_throttle AS t (key, level, at) VALUES (:key, 1, clock_timestamp())"  # noqa: S608
    f" ON CONFLICT (key) DO UPDATE SET level = {_LEFT} + 1, at = clock_timestamp()"
    f" WHERE {_LEFT} + 1 <= :holds RETURNING level"
)
_WAIT = text(f"SELECT ({_LEFT} + 1 - :holds) * :span / :holds FROM identity_throttle t WHERE key = :key")  # noqa: S608
_GIVE_BACK = text("UPDATE identity_throttle SET level = greatest(0, level - 1) WHERE key = :key")
_EMPTY = text("DELETE FROM identity_throttle WHERE key = :key")
_FORGET = text("DELETE FROM identity_throttle WHERE at < clock_timestamp() - interval '1 day'")


async def _is_own_origin(tx: Tx, login: str, origin: str) -> bool:
    query = text(
        "SELECT EXISTS (SELECT 1 FROM identity_login_attempt WHERE login = :login AND origin = :origin AND ok"
        " AND at > clock_timestamp() - cast(:span AS interval))"
    )
    values = {"login": login[:200], "origin": origin[:64], "span": OWN_ORIGIN}
    return bool((await tx.session.execute(query, values)).scalar_one())


def _words(seconds: int) -> str:
    return f"{seconds} 秒" if seconds < 60 else f"{-(-seconds // 60)} 分钟"


# Browsers that have signed somebody in before. A mark opens nothing; it only lets its holder try while strangers wait.


def device_of(key: bytes, login: str, cookie: str) -> str:
    """Return the mark by which the cookie knows this browser for a login; "" for none."""
    for token in cookie.split("~")[:_MOST_DEVICES]:
        mark, _, mac = token.partition(".")
        if mark and hmac.compare_digest(mac.encode(), _mac(key, login, mark).encode()):
            return mark
    return ""


def remember_device(key: bytes, login: str, cookie: str) -> str:
    """Return the cookie that knows this browser for a login, beside the logins that it knew already."""
    if device_of(key, login, cookie):
        return cookie
    mark = b64u_encode(os.urandom(12))
    others = [token for token in cookie.split("~") if token][: _MOST_DEVICES - 1]
    return "~".join([f"{mark}.{_mac(key, login, mark)}", *others])


def _mac(key: bytes, login: str, mark: str) -> str:
    return b64u_encode(hmac.new(key, f"device\0{login}\0{mark}".encode(), hashlib.sha256).digest()[:16])
