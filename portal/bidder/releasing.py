"""The bidder's part of the opening: look that the own bid is in the close list, then give the own secrets.

Source: R-ET-06 (20号令 30); crypto.md §3.7 step 2.
"""

import io
from typing import Any

from bidding import envelope, messages
from bidding.client import released_secret, sign_message
from bidding.keyfile import LicenceFile
from bidding.messages import SUBMISSION, submission_digest
from bidding.parts import names_in_step
from bidding.proofs import require_own_place, require_passed
from bidding.sbk import OpeningFile, read_sbk
from kernel.canonical import b64u_decode
from kernel.crypto import CryptoError, suite
from kernel.log import LogError, Trust
from portal.bidder.folder import BidFolder, Terms
from portal.bidder.http import Visitor
from portal.bidder.refusals import BidRefused, NotWhatWasPromised, Refused, words_of
from portal.bidder.submitting import own_message

SUITE = suite("intl-1")


async def find_close_list(visitor: Visitor, lot_id: str) -> dict[str, Any] | None:
    """Return the close list with its proofs; None while the lot is not closed, or for who is not in it."""
    try:
        told: dict[str, Any] = await visitor.get(f"/api/v1/lots/{lot_id}/close-list")
    except Refused as refusal:
        if refusal.status != 404:
            raise
        return None
    return told


async def has_failed(visitor: Visitor, lot_id: str) -> bool:
    """Say whether the lot was not opened because too few had bid (R-FAIL-01)."""
    return bool((await visitor.get(f"/api/v1/lots/{lot_id}/opening"))["stage"] == "failed")


def open_kept(folder: BidFolder, passphrase: str) -> OpeningFile:
    """Open the opening file of the bid that counts.

    Raises:
        BidRefused: there is none, or the passphrase is wrong.
    """
    try:
        return read_sbk(folder.read(f"{folder.latest}.sbk"), passphrase)
    except CryptoError as refusal:
        raise BidRefused(words_of(refusal)) from None


async def release(
    visitor: Visitor,
    folder: BidFolder,
    terms: Terms,
    licence: LicenceFile,
    trust: Trust,
    kept: OpeningFile,
    close: dict[str, Any],
) -> None:
    """Check the close list and the own heads, then sign and give the secrets. The same again is no fault.

    Raises:
        NotWhatWasPromised: the own bid is not in the list, or the platform shows other envelopes than were sealed.
        Refused: too early, too late, or not fitting, in the platform's words.
    """
    own = own_message(folder, folder.latest)
    if own is None or own["type"] != SUBMISSION:
        raise BidRefused("这个文件夹里没有截止时有效的投标文件，不需要解密。")
    digest = submission_digest(SUITE, own)
    try:
        require_own_place(close, digest, trust)
    except (LogError, CryptoError) as refusal:
        raise NotWhatWasPromised(f"请勿继续，并拨打监督电话：{words_of(refusal)}") from None
    told = await visitor.get(f"/api/v1/lots/{terms.lot_id}/headers")
    rows, step = told["headers"], int(told.get("step", 1))
    if {(row["slot"], b64u_decode(row["eid"])) for row in rows} != {(slot.slot, slot.eid) for slot in kept.slots}:
        raise NotWhatWasPromised("请勿继续，并拨打监督电话：平台保存的封装与您递交的不一致。")
    if step > 1:
        try:
            require_passed(told.get("technical"), terms.keyset, terms.bidder, trust)
        except (LogError, CryptoError) as refusal:
            raise NotWhatWasPromised(f"请勿继续，并拨打监督电话：{words_of(refusal)}") from None
    names = names_in_step(terms.keyset, step)  # a key of a later envelope never leaves this machine early
    secrets = [(row["slot"], b64u_decode(row["eid"]), _secret(row, kept)) for row in rows if row["slot"] in names]
    message = messages.release(
        tender=kept.tender, lot=kept.lot, bidder=terms.bidder, submission=digest, secrets=secrets
    )
    token = sign_message(SUITE, message, licence.sign_key, licence.sign)
    await visitor.post("/api/v1/releases", {"jws": token})
    name = f"{folder.latest}-bid.release.jws" if step == 1 else f"{folder.latest}-bid.release-{step}.jws"
    folder.write(name, token.encode())


def _secret(row: dict[str, Any], kept: OpeningFile) -> bytes:
    try:
        return released_secret(envelope.parse_header(io.BytesIO(b64u_decode(row["header"]))), kept.key)
    except CryptoError as refusal:
        raise NotWhatWasPromised(f"请勿继续，并联系平台：{words_of(refusal)}") from None
