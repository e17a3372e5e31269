"""Submitting and withdrawing: sign once, send until it is known what became of it, verify and keep the receipt.

The signed message is kept before it is sent. An answer that is lost is neither taken for done nor done twice: the
receipt is asked for by the message's digest, and only where the platform knows nothing of it the same message goes
out again, which the platform answers like the first time.

Source: R-ET-05 (20号令 27); crypto.md §3.5 step 5, §3.6.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from bidding import messages
from bidding.client import sign_message
from bidding.keyfile import LicenceFile
from bidding.messages import SUBMISSION, WITHDRAWAL, submission_digest
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, parse
from kernel.crypto import suite
from kernel.log import LogError, Trust, VerifiedReceipt, verify_receipt
from portal.bidder.folder import BidFolder, Terms
from portal.bidder.http import Visitor
from portal.bidder.refusals import BidRefused, NotWhatWasPromised, Refused, Unsettled, words_of
from portal.bidder.sealing import sealed_documents

SUITE = suite("intl-1")
_PATHS = {SUBMISSION: "/api/v1/submissions", WITHDRAWAL: "/api/v1/withdrawals"}
#: Seconds between two questions after a receipt that the log has not numbered yet, and how often they are asked.
_POLL_S, _POLLS = 0.3, 300


@dataclass(frozen=True, slots=True)
class Standing:
    """The own bid as the platform tells it: what the next revision has to follow."""

    bidder: str
    state: str
    rev: int
    head: bytes | None


async def ask_standing(visitor: Visitor, folder: BidFolder, terms: Terms) -> Standing:
    """Ask where the own bid stands, and compare with the receipts in the folder.

    Raises:
        NotWhatWasPromised: the platform denies what it has receipted, or calls the company by another pseudonym.
    """
    told = await visitor.get(f"/api/v1/lots/{terms.lot_id}/bid")
    standing = Standing(told["bidder"], told["state"], told["rev"], told["head"] and b64u_decode(told["head"]))
    if standing.bidder != terms.bidder:
        raise NotWhatWasPromised("平台给出的投标代号与准备时不同：请用 bid prepare 重新准备。")
    own = own_message(folder, folder.latest)
    if own is not None and (own["rev"] > standing.rev or (own["rev"] == standing.rev) != _is(own, standing.head)):
        raise NotWhatWasPromised(f"平台否认已签发回执的第 {own['rev']} 次递交：请保存回执，并拨打监督电话。")
    return standing


def _is(message: dict[str, Any], head: bytes | None) -> bool:
    return submission_digest(SUITE, message) == head


def own_message(folder: BidFolder, number: int) -> dict[str, Any] | None:
    """Return the payload of an own signed message.

    Raises:
        BidRefused: the file was changed.
    """
    found = folder.message(number)
    if found is None:
        return None
    try:
        payload = parse(b64u_decode(found[1].split(".")[1]))
    except (NotCanonical, LookupError):
        payload = None
    if not isinstance(payload, dict):
        raise BidRefused(f"{folder.path} 中第 {number} 号递交书已被改动，无法读取。")
    return payload


def follows_elsewhere(folder: BidFolder, standing: Standing) -> bool:
    """Say whether the platform holds a revision that was not made in this folder."""
    own = own_message(folder, folder.latest)
    return standing.rev > (0 if own is None else own["rev"])


async def submit(
    visitor: Visitor, folder: BidFolder, terms: Terms, licence: LicenceFile, trust: Trust, standing: Standing
) -> VerifiedReceipt:
    """Sign the sealed revision and have it taken; its envelopes have been uploaded.

    Raises:
        Refused: late, or another reason; a signed rejection is kept. Unsettled: nobody knows yet.
        NotWhatWasPromised: the receipt does not hold.
    """
    number = folder.latest + 1
    folder.set_aside(number)
    message = messages.submission(
        tender=terms.keyset["tender"],
        lot=terms.keyset["lot"],
        bidder=terms.bidder,
        rev=standing.rev + 1,
        prev=standing.head,
        docs=sealed_documents(folder, number, terms),
        ks=terms.ks,
    )
    return await _deliver(visitor, folder, number, message, licence, trust)


async def withdraw(
    visitor: Visitor, folder: BidFolder, terms: Terms, licence: LicenceFile, trust: Trust, standing: Standing
) -> VerifiedReceipt:
    """Sign a withdrawal and have it taken; raises as `submit`."""
    if standing.head is None or standing.state != "sealed":
        raise BidRefused("没有可以撤回的投标文件。")
    number = folder.latest + 1
    folder.set_aside(number)
    message = messages.withdrawal(
        tender=terms.keyset["tender"],
        lot=terms.keyset["lot"],
        bidder=terms.bidder,
        rev=standing.rev + 1,
        prev=standing.head,
    )
    return await _deliver(visitor, folder, number, message, licence, trust)


async def _deliver(
    visitor: Visitor, folder: BidFolder, number: int, message: dict[str, Any], licence: LicenceFile, trust: Trust
) -> VerifiedReceipt:
    token = sign_message(SUITE, message, licence.sign_key, licence.sign)
    folder.write(f"{number}-{message['type']}.jws", token.encode())
    return await _send(visitor, folder, number, trust)


async def settle(visitor: Visitor, folder: BidFolder, trust: Trust) -> VerifiedReceipt | None:
    """Find out what became of a message whose answer was lost; send it again only where the platform knows nothing.

    Returns:
        The receipt; None if nothing was waiting for an answer.

    Raises:
        As `submit`.
    """
    number = folder.latest + 1
    if not folder.is_pending(number):
        return None
    digest = _digest(folder, number)
    try:
        answer = await visitor.get(f"/api/v1/receipts/{digest}")
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return await _send(visitor, folder, number, trust, is_absent=True)
    except httpx.TransportError:
        raise _unsettled(folder) from None
    return await _receipt(visitor, folder, number, answer, trust)


async def _send(
    visitor: Visitor, folder: BidFolder, number: int, trust: Trust, *, is_absent: bool = False
) -> VerifiedReceipt:
    """Send the kept message.

    Args:
        is_absent: the platform has just said that it knows nothing of it; a refusal then ends the matter. Without that
            an earlier attempt may have been taken, and the message goes on waiting.
    """
    found = folder.message(number)
    assert found is not None
    kind, token = found
    try:
        answer = await visitor.post(_PATHS[kind], {"jws": token})
    except httpx.TransportError:
        raise _unsettled(folder) from None
    except Refused as refusal:
        if refusal.status >= 500:
            raise _unsettled(folder) from None
        if isinstance(refusal.problem.get("rejection"), str):
            folder.write(f"{number}-rejection.jws", refusal.problem["rejection"].encode())
        elif is_absent:
            folder.set_aside(number)
        raise
    return await _receipt(visitor, folder, number, answer, trust)


async def _receipt(visitor: Visitor, folder: BidFolder, number: int, answer: Any, trust: Trust) -> VerifiedReceipt:
    digest = _digest(folder, number)
    for _ in range(_POLLS):
        if isinstance(answer, dict) and "receipt" in answer:
            return _kept(folder, number, digest, answer, trust)
        await asyncio.sleep(_POLL_S)
        try:
            answer = await visitor.get(f"/api/v1/receipts/{digest}")
        except (Refused, httpx.TransportError):
            raise _unsettled(folder) from None
    raise _unsettled(folder)


def _kept(folder: BidFolder, number: int, digest: str, bundle: dict[str, Any], trust: Trust) -> VerifiedReceipt:
    try:
        verified = verify_receipt(bundle, trust)
        if verified.detail.get("submission") != digest:
            raise LogError("entry-digest", "the receipt is for something else")
    except LogError as refusal:
        place = folder.write(f"{number}-unsound.json", bundle)
        raise NotWhatWasPromised(
            f"平台给出的回执核验不通过：{words_of(refusal)}\n已存为 {place}，请保存并联系监督部门。"
        ) from None
    folder.write(f"{number}-receipt.json", bundle)
    return verified


def _digest(folder: BidFolder, number: int) -> str:
    message = own_message(folder, number)
    assert message is not None
    return b64u_encode(submission_digest(SUITE, message))


def _unsettled(folder: BidFolder) -> Unsettled:
    return Unsettled(
        "网络中断，尚不确定平台是否收到签名的递交，不要当作已递交。"
        f"请恢复网络后再次运行：./sunlit bid submit {folder.path}（先查询结果，不会重复递交）"
    )
