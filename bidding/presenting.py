"""A licence presented: its answer to a challenge verified, or refused in words and kept in the log.

Source: R-LIC-08, R-LIC-09; docs/spec/licence.md.
"""

from dataclasses import dataclass
from datetime import timedelta

from cryptography import x509

from bidding.diagnosis import cause_of, is_clock_off, uscc_words, words
from bidding.licence import Claims, LoginError, verify_login
from bidding.licence_trust import LicenceTrust
from kernel.canonical import NotCanonical, b64u_decode, parse
from kernel.codes import uscc_valid
from kernel.crypto import equal
from kernel.crypto.certificates import read_x5c
from kernel.db.transaction import Tx
from kernel.errors import DomainError, VerificationFailed
from kernel.identity.actor import system_actor
from kernel.log.writer import record

#: A sign-in may go on for a day with a revocation list that is out of date; acts may not (crypto.md §6.2).
CRL_GRACE = timedelta(hours=24)


class LicenceRefused(VerificationFailed):
    """The answer to a challenge does not sign anybody in.

    `reason` is the code of crypto.md §6.2, `cause` the finer one of `bidding.diagnosis`.
    """

    code = "licence-refused"


class ClerkRefused(LicenceRefused):
    """A clerk's certificate is good, but its organisation has not appointed the clerk.

    Attributes:
        claims: what the verified certificate says.
        certificate: the one that signed.
    """

    def __init__(self, reason: str, claims: Claims, certificate: x509.Certificate) -> None:
        super().__init__(words(reason), reason=reason, cause=reason)
        self.claims = claims
        self.certificate = certificate


@dataclass(frozen=True, slots=True)
class Presented:
    """A licence whose answer to a challenge holds: what it says, and its signing certificate."""

    claims: Claims
    leaf: x509.Certificate

    @property
    def on_grace(self) -> bool:
        """Whether the revocation list was out of date: such a sign-in looks and does nothing."""
        return self.claims.assurance == "certificate-on-grace"


def verify_answer(
    tx: Tx, token: str, *, taken: tuple[str, str] | None, binding: str, audience: str, trust: LicenceTrust
) -> Presented:
    """Verify the answer to a challenge at the instant of the act.

    Args:
        taken: from `take_nonce`.
        binding: what ties the challenge to the browser that waits for it.

    Raises:
        LicenceRefused: with `reason` and `cause`.

    Source:
        R-LIC-08, R-LIC-09
    """
    try:
        claims = verify_login(
            token,
            roots=trust.roots(tx.now),
            intermediates=trust.intermediates(tx.now),
            crl=list(trust.crls(tx.now)),
            audience=audience,
            nonces={taken[0]} if taken else set(),
            binding=binding,
            now=tx.now,
            crl_grace=CRL_GRACE,
        )
        if taken is None or not equal(taken[1].encode(), binding.encode()):
            raise LoginError("binding", "the challenge was made for another session")
        if is_clock_off(token, tx.now):
            raise LoginError("expired", "the holder's clock is off")
    except LoginError as refusal:
        raise refused(refusal.code, cause_of(token, refusal.code, trust, tx.now)) from None
    return Presented(claims, read_x5c(parse(b64u_decode(token.split(".")[0]))["x5c"])[0])


def refused(code: str, cause: str = "") -> LicenceRefused:
    """Return the refusal of a code, in words.

    Args:
        cause: the finer cause, if there is one.
    """
    cause = cause or code
    detail = uscc_words(cause) if cause.startswith("uscc-") else words(cause)
    return LicenceRefused(detail, reason=code, cause=cause)


async def record_refusal(tx: Tx, refusal: DomainError, uscc: str, way: str = "browser") -> None:
    """Keep a refused sign-in in the log.

    Args:
        refusal: with `reason`, and `cause` if there is a finer one.
        uscc: as the token claims; it proves nothing, and is left out when it is no credit code.
        way: `browser` (the key signs there) or `scan`.

    Effects:
        entry `licence.refused`, sealed: it tells who tried to take part.
    """
    reason = str(refusal.extra.get("reason", refusal.code))
    facts = {
        "reason": reason,
        "cause": str(refusal.extra.get("cause", reason)),
        "way": way,
        "claimed_uscc": uscc if uscc_valid(uscc) else "",
    }
    await record(tx, system_actor(), "licence.refused", facts, visibility="sealed")


def claimed_uscc(token: str) -> str:
    """Return the credit code that an unverified token names, or nothing: only for rate limits and the log."""
    try:
        value = parse(b64u_decode(token.split(".")[1]))["uscc"]
    except (NotCanonical, LookupError, TypeError):
        return ""
    return value if isinstance(value, str) else ""
