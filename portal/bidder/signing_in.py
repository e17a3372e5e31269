"""Signing in with the e-licence, as its holder's wallet does: answer the platform's challenge, and nothing else.

Source: R-LIC-08; docs/spec/licence.md.
"""

from datetime import UTC, datetime

from bidding.keyfile import LicenceFile
from bidding.licence import LOGIN_ACT, login_token
from portal.bidder.http import Visitor
from portal.bidder.refusals import NotWhatWasPromised, Refused

#: Why a challenge must be asked for anew, and how often that is tried; the platform counts failures as well.
_STALE, _SIGN_INS = frozenset({"nonce", "expired"}), 4


async def sign_in(visitor: Visitor, licence: LicenceFile, audience: str = "") -> None:
    """Sign in; a challenge that was used up without an answer coming back is asked for anew.

    Args:
        audience: origin that the challenge must name; without it, whatever the platform calls itself.

    Raises:
        Refused: the platform does not let the licence in.
        NotWhatWasPromised: the challenge is for another site, or for something else than a sign-in.
    """
    for left in reversed(range(_SIGN_INS)):
        try:
            await _answer_challenge(visitor, licence, audience)
        except Refused as refusal:
            if refusal.problem.get("reason") not in _STALE or not left:
                raise
        else:
            break
    await visitor.get("/api/v1/me")  # sets the token that belongs to the new session


async def _answer_challenge(visitor: Visitor, licence: LicenceFile, audience: str) -> None:
    await visitor.arrive()
    given = await visitor.get("/api/v1/auth/licence/challenge")
    if given.get("act") != LOGIN_ACT or (audience and given.get("aud") != audience):
        raise NotWhatWasPromised(
            f"拒绝签名：您连接的是 {audience}，登录挑战却是给 {given.get('aud')} 的；可能有人转接了连接。"
        )
    token = login_token(
        licence.sign_key,
        licence.sign,
        audience=given["aud"],
        nonce=given["nonce"],
        binding=given["bind"],
        uscc=licence.uscc,
        now=await platform_time(visitor),
    )
    await visitor.post("/api/v1/auth/licence", {"token": token})


async def platform_time(visitor: Visitor) -> datetime:
    """Return the platform's own clock: it decides about deadlines, and about how old a signature is."""
    return datetime.fromtimestamp((await visitor.get("/api/v1/time"))["ms"] / 1000, UTC)
