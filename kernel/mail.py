"""Mail out of the platform: one desk by the name `mail` among the collaborators, by SMTP or into a folder.

Handing over is a job's work, never an act's: a mail server that is away stops nothing. What cannot be handed over is
tried again by the outbox. Errors name neither receiver nor words, because they are kept beside the job.
"""

import asyncio
import email.policy
import os
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit

from kernel.clock import SystemClock
from kernel.errors import Unavailable

#: Name among the collaborators.
MAIL: Final = "mail"
_TIMEOUT_S: Final = 20.0
_PORTS: Final = {"smtps": 465, "smtp": 587}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to one receiver.

    Attributes:
        receiver: an address, as the party library holds it.
    """

    receiver: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...] = ()


class MailDesk(Protocol):
    """The way to the mail network."""

    async def send(self, mail: Mail) -> None:
        """Hand a mail over; it comes back when the next server has taken it.

        Raises:
            Unavailable: it could not be handed over.
        """


class FolderDesk:
    """Writes mails into a folder, one `.eml` each: the stand-in of demonstrations."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    async def send(self, mail: Mail) -> None:
        """Write the mail down."""
        await asyncio.to_thread(self._write, written(mail, self._sender))

    def _write(self, message: EmailMessage) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{os.urandom(12).hex()}.eml"
        path.write_bytes(message.as_bytes(policy=email.policy.SMTP))


class SmtpDesk:
    """Hands mails to a server, always under TLS with a checked certificate.

    Args:
        address: `smtps://user:password@host:465`, or `smtp://…:587`, which begins in clear and turns to TLS at once.
        sender: address that mails come from.
        context: which certificates count; tests bring one of their own.

    Raises:
        ValueError: the address is none of these.
    """

    def __init__(self, address: str, sender: str, context: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("应为 smtps://用户:密码@主机:端口 或 smtp://用户:密码@主机:端口")
        self._implicit, self._host = parts.scheme == "smtps", parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._sender = sender
        self._context = context or ssl.create_default_context()

    async def send(self, mail: Mail) -> None:
        """Hand the mail over."""
        await asyncio.to_thread(self._hand_over, written(mail, self._sender))

    def _hand_over(self, message: EmailMessage) -> None:
        try:
            with self._connected() as server:
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(message)
        except (smtplib.SMTPException, OSError) as fault:
            # The fault's own words may name the receiver.
            raise Unavailable(f"邮件服务器没有接收（{type(fault).__name__}）。") from None

    def _connected(self) -> smtplib.SMTP:
        if self._implicit:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=_TIMEOUT_S, context=self._context)
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_S)
        server.starttls(context=self._context)
        return server


def written(mail: Mail, sender: str) -> EmailMessage:
    """Return a mail as it travels.

    Raises:
        ValueError: a line break in receiver or subject.
    """
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"], message["To"], message["Subject"] = sender, mail.receiver, mail.subject
    message["Date"] = format_datetime(SystemClock().now())
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text, cte="base64")
    for item in mail.attachments:
        kind, _, subtype = item.media_type.partition("/")
        message.add_attachment(item.content, maintype=kind, subtype=subtype, filename=item.name)
    return message


def masked(address: str) -> str:
    """Return an address as a page shows it: z***@example.cn."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}" if domain else ""
