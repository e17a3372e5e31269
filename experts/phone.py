"""Messages to called experts' phones, and the one-time codes in them.

A code lets its holder sit in the expert's seat, so it lies in no table in clear: the call keeps its digest, the message
its ciphertext, under a key outside the database. The worker decrypts it for the gateway, and with the sending, the use
or the end of the call it is gone. The queue carries the message's id only.
"""

import base64
import hashlib
import uuid
from typing import Any, Protocol, cast

from sqlalchemy import select, update

from experts.models.committee import Call, Message
from experts.models.pool import Expert
from kernel.crypto import random_bytes
from kernel.crypto.digest import equal
from kernel.db.transaction import Tx
from kernel.errors import Unavailable
from kernel.outbox.queue import enqueue
from kernel.parties.fields import FieldCipher
from kernel.web.services import Services

#: Name of the job that hands a message to the gateway.
DELIVER = "experts:deliver_message"
_FIELD = "experts_message.sealed"
#: Where the code stands in a message's words.
_PLACE = "{code}"
_GONE = "（已失效）"


class Gateway(Protocol):
    """The way to the telephone network, by the name `phones` among the collaborators."""

    async def send(self, phone: str, text: str) -> None:
        """Hand a message over; it comes back when the network has taken it."""


async def send_code(tx: Tx, cipher: FieldCipher, call: Call, expert: Expert, words: str) -> None:
    """Send a new one-time code with a message; the code before it opens nothing any more.

    Effects:
        `experts_message`; the job that delivers it.
    """
    code = _new_code()
    await forget_codes(tx, call)
    call.code_hash, call.used_by, call.used_at = hash_of(code), None, None
    message = Message(
        id=tx.new_secret_id(),
        call_id=call.id,
        phone=expert.phone,
        body=f"{words}一次性口令 {_PLACE}，请勿转告他人。",
        sealed=None,
        created_at=tx.now,
        sent_at=None,
    )
    message.sealed = cipher.seal(message.id, _FIELD, code)
    tx.session.add(message)
    await enqueue(tx, DELIVER, {"message": str(message.id)}, key=f"{DELIVER}:{message.id}")


async def forget_codes(tx: Tx, call: Call) -> None:
    """Let no code of a call open anything any more, nor be found by anybody."""
    call.code_hash = None
    await tx.session.execute(update(Message).where(Message.call_id == call.id).values(sealed=None))


def is_code_of(call: Call, code: str) -> bool:
    """Say whether a code is the one that was sent last."""
    return call.code_hash is not None and equal(call.code_hash, hash_of(code))


def text_of(cipher: FieldCipher, message: Message) -> str:
    """Return a message as the phone shows it; without the code where it is gone."""
    code = _GONE if message.sealed is None else cipher.open(message.id, _FIELD, message.sealed)
    return message.body.replace(_PLACE, code)


async def deliver_message(services: Services, payload: dict[str, Any]) -> None:
    """Hand a message to the telephone network, then forget its code. In a rehearsal nobody's phone rings.

    Raises:
        Unavailable: no gateway is connected; the job waits for a person.
    """
    message_id = uuid.UUID(payload["message"])
    async with services.db.begin_read_only() as tx:
        message = (await tx.session.execute(select(Message).where(Message.id == message_id))).scalar_one()
        rehearsal = tx.rehearsal
    if message.sent_at is not None or message.sealed is None:
        return
    gateway = services.plugins.get("phones")
    if gateway is None:
        if rehearsal:
            return
        raise Unavailable("尚未接入短信服务。")
    await cast(Gateway, gateway).send(message.phone, text_of(services.plugins["fields"], message))
    async with services.db.begin() as tx:
        done = update(Message).where(Message.id == message_id).values(sealed=None, sent_at=tx.now)
        await tx.session.execute(done)


def hash_of(code: str) -> bytes:
    """Return the digest under which a code is kept, however it was typed."""
    return hashlib.sha256(b"call-code\0" + _plain(code)).digest()


def use_of(code: str, visitor: str) -> bytes:
    """Return the digest by which the browser that used a code is known again."""
    return hashlib.sha256(b"call-code-use\0" + _plain(code) + b"\0" + visitor.encode()).digest()


def _plain(code: str) -> bytes:
    return "".join(mark for mark in code.upper() if mark.isascii() and mark.isalnum()).encode()


def _new_code() -> str:
    """Return twelve symbols, sixty bits: too many to guess, few enough to type from a phone."""
    symbols = base64.b32encode(random_bytes(8)).decode()[:12]
    return "-".join((symbols[:4], symbols[4:8], symbols[8:]))
