"""What a bidder's or a trustee's own program needs: seal, sign, release, share. Pure; the network comes from outside.

A command-line client, the demo and the tests use this; the browser has the same in JavaScript. Private keys are handed
in and never leave.

Source: docs/spec/sealing.md, "Messages".
"""

from collections.abc import Iterable, Sequence

from cryptography.x509 import Certificate

from bidding.envelope import EnvelopeError, Header, open_bidder, open_share
from bidding.keyset import Keyset, answer_drill, keyset_hash
from bidding.licence import certificate_header
from bidding.messages import (
    TYPES,
    Message,
    close_root,
    document,
    keyset_accept,
    release,
    share_batch,
    submission,
    submission_digest,
    withdrawal,
)
from bidding.parts import names_in_step
from kernel.canonical import b64u_encode
from kernel.crypto import Suite, jws
from kernel.crypto.keys import PrivateKey

__all__ = [
    "accept_keyset",
    "close_root",
    "document",
    "keyset_accept",
    "keyset_hash",
    "release",
    "released_secret",
    "require_in_close_list",
    "share_all",
    "share_batch",
    "sign_message",
    "submission",
    "submission_digest",
    "withdrawal",
]


def sign_message(provider: Suite, message: Message, key: PrivateKey, chain: Sequence[Certificate]) -> str:
    """Sign a message with a certificate's key.

    Args:
        chain: the signing certificate first, then intermediates; it travels in the header (`x5c`).
    """
    alg = provider.person_signature
    return jws.sign(provider, TYPES[message["type"]], message, key, alg, certificate_header(chain))


def released_secret(header: Header, key: PrivateKey) -> bytes:
    """The bidder's secret of an envelope, from whichever stanza this key opens.

    Raises:
        EnvelopeError: `unwrap` if none does, `bidder-secret` if one opens to a value that was not committed to.
    """
    for j in range(len(header.get("bk", ()))):
        try:
            return open_bidder(header, j, key)
        except EnvelopeError as refusal:
            if refusal.code != "unwrap":
                raise
    raise EnvelopeError("unwrap", "no stanza opens with this key")


def require_in_close_list(provider: Suite, rows: Sequence[Message], root: bytes, digest: bytes) -> None:
    """Before releasing anything, a bidder checks that his submission is in the list whose root was logged.

    Raises:
        EnvelopeError: `close-root` if the list has another root, `close-list` if the submission is not in it.
    """
    if close_root(provider, rows) != root:
        raise EnvelopeError("close-root", "the list is not the one whose root was logged")
    if b64u_encode(digest) not in [row["submission"] for row in rows]:
        raise EnvelopeError("close-list", "the submission is not in the list")


def share_all(
    keyset: Keyset, i: int, envelopes: Iterable[tuple[bytes, Header]], key: PrivateKey, step: int = 1
) -> tuple[Message, list[tuple[bytes, str]]]:
    """All shares of trustee i for one step of the opening in one batch.

    Args:
        envelopes: (eid, header), each already found in the close list by the caller.

    Returns:
        (message, faults): the batch of every share that opens, and (eid, code) of those that do not.

    Raises:
        EnvelopeError: `header-fields` if an envelope was sealed for another keyset; `step` if another step opens it.
    """
    ks, shares, faults = keyset_hash(keyset), [], []
    names = names_in_step(keyset, step)
    for eid, header in envelopes:
        if header["core"]["ks"] != b64u_encode(ks):
            raise EnvelopeError("header-fields", "an envelope was sealed for another keyset")
        if header["core"]["slot"] not in names:
            raise EnvelopeError("step", "an envelope is opened in another step")
        try:
            shares.append((eid, open_share(header, i, key)))
        except EnvelopeError as refusal:
            faults.append((eid, refusal.code))
    return share_batch(tender=keyset["tender"], lot=keyset["lot"], ks=ks, i=i, shares=shares), faults


def accept_keyset(keyset: Keyset, i: int, challenge: dict[str, str], key: PrivateKey) -> Message:
    """A trustee's acceptance after opening the test share.

    Raises:
        KeysetError: `drill` if the key does not open it.
    """
    return keyset_accept(
        tender=keyset["tender"],
        lot=keyset["lot"],
        ks=keyset_hash(keyset),
        i=i,
        kid=keyset["trustees"][i - 1]["kid"],
        proof=answer_drill(keyset, i, challenge, key),
    )
