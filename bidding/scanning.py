"""Acts: sign in by scanning. A browser shows a code, a wallet answers it, the same browser collects the session.

    waiting → opened (by one wallet) → signed → collected
                   └→ declined            └→ refused

A code lives for 120 seconds and serves once: one wallet opens it, one answer uses its nonce up, and the session goes to
the browser that began it and to no other. The number on both screens shows the holder which of two codes was scanned.

Source: R-LIC-08; crypto.md §6.2; docs/spec/licence.md §5.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select

from bidding.licence import session_binding
from bidding.licence_trust import LicenceTrust
from bidding.models.party import LicenceScan, LoginNonce
from bidding.presenting import refused, verify_answer
from bidding.registration import CHALLENGE_LIFE, Challenge, admit, issue_challenge, open_licence_session
from kernel.canonical import b64u_encode
from kernel.crypto import equal, random_bytes
from kernel.db.transaction import Tx
from kernel.errors import Conflict
from kernel.identity.models import Account
from kernel.identity.sessions import OpenedSession

#: A signed code may be collected a little after its end: the browser asks every second or two.
COLLECT = timedelta(seconds=30)
#: How long an ended code still gets an answer of its own.
REMEMBERED = timedelta(minutes=10)


class ScanState(StrEnum):
    """Where a code stands."""

    WAITING = "waiting"
    OPENED = "opened"
    SIGNED = "signed"
    COLLECTED = "collected"
    DECLINED = "declined"
    REFUSED = "refused"
    EXPIRED = "expired"


_WORDS = {
    "unknown": "没有找到这个登录二维码，请刷新电脑上的登录页，重新扫码。",
    "expired": "登录二维码已过期（120 秒），请刷新电脑上的登录页，重新扫码。",
    "taken": "这个二维码已被另一台设备扫描。如果不是您本人操作，请不要继续，并刷新登录页。",
    "answered": "这个二维码已经确认过，只能使用一次；请刷新登录页，重新扫码。",
    "declined": "登录已在执照端取消。",
    "elsewhere": "这个二维码属于另一个浏览器，登录只在显示它的浏览器里生效。",
    "not-signed": "执照端尚未确认登录。",
    "not-opened": "请先扫描二维码，再确认登录。",
}


class ScanRefused(Conflict):
    """The code does not serve; `reason` says why: a key of the words above."""

    code = "scan-refused"


@dataclass(frozen=True, slots=True)
class ScanView:
    """A code as its own browser sees it; `fault` is the reason of a refusal."""

    id: str
    display: str
    state: ScanState
    left_ms: int
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the wallet shows its holder and signs."""

    challenge: Challenge
    expires_at: datetime


async def start_scan(tx: Tx, visitor: str, audience: str) -> ScanView:
    """Make a code for one browser; the browser's earlier ones end.

    Args:
        visitor: the secret of the browser's session, signed in or not.

    Effects:
        rows in `bidding_licence_scan` and `bidding_login_nonce`.
    """
    binding = session_binding(visitor)
    earlier = await tx.session.execute(
        delete(LicenceScan)
        .where((LicenceScan.binding == binding) | (LicenceScan.expires_at < tx.now - REMEMBERED))
        .returning(LicenceScan.nonce)
    )
    await tx.session.execute(delete(LoginNonce).where(LoginNonce.nonce.in_(list(earlier.scalars()))))
    challenge = await issue_challenge(tx, visitor, audience)
    scan = LicenceScan(
        id=b64u_encode(random_bytes(16)),
        nonce=challenge.nonce,
        binding=challenge.binding,
        display=challenge.display,
        state=ScanState.WAITING.value,
        wallet=None,
        account_id=None,
        fault=None,
        created_at=tx.now,
        expires_at=tx.now + CHALLENGE_LIFE,
    )
    tx.session.add(scan)
    return _view(tx, scan)


async def look_at_scan(tx: Tx, scan_id: str, visitor: str) -> ScanView:
    """Return how a code stands, to the browser that began it.

    Raises:
        ScanRefused: `unknown` or `elsewhere`.
    """
    return _view(tx, await _of_browser(tx, scan_id, visitor))


async def open_scan(tx: Tx, scan_id: str, wallet: str, audience: str) -> Prompt:
    """Hand the challenge to the first wallet that asks; the same wallet may ask again.

    Args:
        wallet: a random secret of the wallet for this scan.

    Raises:
        ScanRefused: `unknown`, `expired`, `answered`, `declined` or `taken`.

    Effects:
        the code is this wallet's.
    """
    scan = await _open_to_wallets(tx, scan_id)
    if scan.wallet is not None and not equal(scan.wallet, _wallet_digest(wallet)):
        raise _no("taken")
    scan.wallet, scan.state = _wallet_digest(wallet), ScanState.OPENED.value
    challenge = Challenge(scan.nonce, scan.binding, audience, "login", scan.display)
    return Prompt(challenge, scan.expires_at)


async def require_own_scan(tx: Tx, scan_id: str, wallet: str) -> None:
    """Refuse an answer that did not come from the wallet that opened the code, before the nonce is used up.

    Raises:
        ScanRefused: `unknown`, `expired`, `answered`, `declined`, `taken` or `not-opened`.
    """
    await _of_wallet(tx, scan_id, wallet)


async def answer_scan(
    tx: Tx,
    scan_id: str,
    wallet: str,
    token: str,
    *,
    taken: tuple[str, str] | None,
    audience: str,
    trust: LicenceTrust,
) -> None:
    """Verify the wallet's answer; the browser may then collect its session.

    Args:
        taken: from `registration.take_nonce`, in a transaction before this one.

    Raises:
        ScanRefused: the code does not serve.
        LicenceRefused: the licence does not.

    Effects:
        the first time organisation, account and entry `bidder.registered`.
    Source:
        R-LIC-08
    """
    scan = await _of_wallet(tx, scan_id, wallet)
    if taken is not None and taken[0] != scan.nonce:
        raise refused("nonce")
    presented = verify_answer(tx, token, taken=taken, binding=scan.binding, audience=audience, trust=trust)
    account, _ = await admit(tx, presented)
    scan.account_id, scan.state, scan.on_grace = account.id, ScanState.SIGNED.value, presented.on_grace


async def note_refusal(tx: Tx, scan_id: str, cause: str) -> None:
    """Let the waiting browser know that its code was used up by a licence that was refused."""
    scan = await _find(tx, scan_id)
    if scan is not None and scan.state in (ScanState.WAITING, ScanState.OPENED):
        scan.state, scan.fault = ScanState.REFUSED.value, cause


async def decline_scan(tx: Tx, scan_id: str, wallet: str) -> None:
    """Say no in the wallet: the code serves nobody any more.

    Raises:
        ScanRefused: see `require_own_scan`.
    """
    scan = await _of_wallet(tx, scan_id, wallet)
    scan.state = ScanState.DECLINED.value
    await tx.session.execute(delete(LoginNonce).where(LoginNonce.nonce == scan.nonce))


async def collect_scan(tx: Tx, scan_id: str, visitor: str, *, origin: str = "", device: str = "") -> OpenedSession:
    """Open the session that a wallet confirmed, in the browser that began the code, once.

    Args:
        origin, device: where the browser's request came from, for the holder's own list of sessions.

    Raises:
        ScanRefused: `unknown`, `elsewhere`, `expired`, `answered`, `declined` or `not-signed`.
        LicenceRefused: the licence was refused, or the account was disabled in between.

    Effects:
        a session.
    """
    scan = await _of_browser(tx, scan_id, visitor)
    if scan.state == ScanState.REFUSED:
        raise refused(scan.fault or "")
    if scan.state == ScanState.DECLINED:
        raise _no("declined")
    if scan.state == ScanState.COLLECTED:
        raise _no("answered")
    if scan.expires_at + COLLECT < tx.now:
        raise _no("expired")
    if scan.state != ScanState.SIGNED:
        raise _no("expired" if scan.expires_at <= tx.now else "not-signed")
    account = await tx.session.get(Account, scan.account_id)
    if account is None or account.disabled_at is not None:
        raise refused("disabled")
    scan.state = ScanState.COLLECTED.value
    return await open_licence_session(tx, account, on_grace=scan.on_grace, origin=origin, device=device)


def _view(tx: Tx, scan: LicenceScan) -> ScanView:
    left = max(0, int((scan.expires_at - tx.now).total_seconds() * 1000))
    state = ScanState(scan.state)
    if left == 0 and state in (ScanState.WAITING, ScanState.OPENED):
        state = ScanState.EXPIRED
    return ScanView(scan.id, scan.display, state, left, scan.fault or "")


async def _find(tx: Tx, scan_id: str) -> LicenceScan | None:
    if not 1 <= len(scan_id) <= 64:
        return None
    query = select(LicenceScan).where(LicenceScan.id == scan_id)
    return (await tx.session.execute(query if tx.read_only else query.with_for_update())).scalar_one_or_none()


async def _of_browser(tx: Tx, scan_id: str, visitor: str) -> LicenceScan:
    scan = await _find(tx, scan_id)
    if scan is None:
        raise _no("unknown")
    if not equal(scan.binding.encode(), session_binding(visitor).encode()):
        raise _no("elsewhere")
    return scan


async def _open_to_wallets(tx: Tx, scan_id: str) -> LicenceScan:
    scan = await _find(tx, scan_id)
    if scan is None:
        raise _no("unknown")
    if scan.state == ScanState.DECLINED:
        raise _no("declined")
    if scan.state not in (ScanState.WAITING, ScanState.OPENED):
        raise _no("answered")
    if scan.expires_at <= tx.now:
        raise _no("expired")
    return scan


async def _of_wallet(tx: Tx, scan_id: str, wallet: str) -> LicenceScan:
    scan = await _open_to_wallets(tx, scan_id)
    if scan.wallet is None:
        raise _no("not-opened")
    if not equal(scan.wallet, _wallet_digest(wallet)):
        raise _no("taken")
    return scan


def _wallet_digest(wallet: str) -> bytes:
    return hashlib.sha256(b"wallet\0" + wallet.encode()).digest()


def _no(reason: str) -> ScanRefused:
    return ScanRefused(_WORDS[reason], reason=reason)
