"""WebAuthn ceremonies: what is asked of a browser, and whether what came back holds. No database, no account.

The library does the cryptography and most of the checks; here stands what it leaves to the site: who the site is, that
the challenge names itself, that nobody else's page framed the ceremony, and that the person was verified (PIN or
biometrics), which is what makes a passkey two factors in one.
"""

import ipaddress
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers import bytes_to_base64url, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kernel.canonical import NotCanonical, b64u_decode
from kernel.errors import VerificationFailed

#: How long the browser lets the person take; the server's own limit is as long (`passkeys.CHALLENGE_LIFE`).
TIMEOUT_MS = 120_000
#: WebAuthn allows ids of 1023 bytes; a longer answer than this is none of a browser.
_MAX_ANSWER = 32_768


class PasskeyRefused(VerificationFailed):
    """What the browser brought does not hold; the answer to the person is one, whatever it was.

    Attributes:
        cause: in a few words, for the audit of access; never for the person, who may be a stranger.
    """

    code = "passkey-refused"

    def __init__(self, cause: str) -> None:
        super().__init__("通行密钥没有通过核验，请重试；也可以改用动态口令。")
        self.cause = cause


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The site as authenticators know it.

    Attributes:
        id: the domain that a passkey is bound to.
        origin: scheme, host and port of the pages that may use it.
    """

    id: str
    origin: str
    name: str


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A passkey that has just been made: its id, its COSE public key, its counter."""

    id: bytes
    public_key: bytes
    counter: int


def relying_party(base_url: str, name: str) -> RelyingParty | None:
    """Return the site of a base address; None where browsers make no passkeys.

    They want a domain and a secure context: https, or this very machine. An address of the loopback network stands for
    `localhost`, so that a demonstration has passkeys when it is opened under that name.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        known = parts.scheme == "https" or host == "localhost" or host.endswith(".localhost")
        return RelyingParty(host, f"{parts.scheme}://{parts.netloc}", name) if known and host else None
    if not loopback:
        return None
    port = f":{parts.port}" if parts.port else ""
    return RelyingParty("localhost", f"{parts.scheme}://localhost{port}", name)


def creation_options(
    site: RelyingParty, challenge: bytes, *, account_id: uuid.UUID, login: str, name: str, held: Sequence[bytes]
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` is given: discoverable, person verified, no attestation.

    Args:
        held: ids of passkeys the account has already; their authenticators refuse to make another.
    """
    made = webauthn.generate_registration_options(
        rp_id=site.id,
        rp_name=site.name,
        user_id=account_id.bytes,
        user_name=login,
        user_display_name=name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in held],
    )
    return dict(json.loads(webauthn.options_to_json(made)))


def request_options(site: RelyingParty, challenge: bytes, *, held: Sequence[bytes] = ()) -> dict[str, Any]:
    """Return what `navigator.credentials.get` is given.

    Args:
        held: ids of the person's passkeys; none at the sign-in, where they would tell who has one.
    """
    made = webauthn.generate_authentication_options(
        rp_id=site.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in held],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(json.loads(webauthn.options_to_json(made)))


def challenge_in(answer: dict[str, Any]) -> bytes:
    """Return the challenge that an answer says it is for.

    Raises:
        PasskeyRefused: it is no answer of a browser, or another site's page asked for it.
    """
    try:
        if len(json.dumps(answer)) > _MAX_ANSWER:
            raise PasskeyRefused("too large")
        data = parse_client_data_json(b64u_decode(answer["response"]["clientDataJSON"]))
    except PasskeyRefused:
        raise
    except Exception as error:  # whatever a stranger sends is refused, never a fault of ours
        raise PasskeyRefused("malformed") from error
    if data.cross_origin:
        raise PasskeyRefused("cross-origin")
    return data.challenge


def credential_in(answer: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the passkey's id and the user handle that an answer names; the handle may be empty.

    Raises:
        PasskeyRefused: there is none to read.
    """
    try:
        handle = answer["response"].get("userHandle") or ""
        return b64u_decode(answer["id"]), b64u_decode(handle)
    except (NotCanonical, LookupError, TypeError, AttributeError) as error:
        raise PasskeyRefused("malformed") from error


def check_creation(site: RelyingParty, challenge: bytes, answer: dict[str, Any]) -> NewCredential:
    """Return the passkey that was made.

    Raises:
        PasskeyRefused: another origin, another challenge, a person not verified, or anything else amiss.
    """
    try:
        made = webauthn.verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except Exception as error:  # the library's own family, and whatever a malformed answer provokes in a parser
        raise PasskeyRefused(str(error)[:120] or "malformed") from error
    return NewCredential(made.credential_id, made.credential_public_key, made.sign_count)


def check_assertion(
    site: RelyingParty, challenge: bytes, answer: dict[str, Any], *, public_key: bytes, counter: int
) -> int:
    """Return the passkey's new counter.

    Raises:
        PasskeyRefused: another origin or challenge, a counter that did not grow (a copied authenticator), a person not
            verified, a signature of another key.
    """
    try:
        done = webauthn.verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=counter,
            require_user_verification=True,
        )
    except Exception as error:  # as above
        raise PasskeyRefused(str(error)[:120] or "malformed") from error
    return int(done.new_sign_count)


def readable(credential: bytes) -> str:
    """Return a passkey's id in letters, shortened; it names a bucket and a line, and opens nothing."""
    return str(bytes_to_base64url(credential))[:40]
