"""The receipt by mail: at the bidder's wish, to its own address, with an attachment that verifies offline."""

import asyncio
import email
import email.policy
import ssl
import threading
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kernel.canonical import b64u_encode
from kernel.clock import SystemClock
from kernel.errors import Unavailable
from kernel.mail import MAIL, FolderDesk, Mail, SmtpDesk, masked, written
from portal.plugins import mail_desk
from portal.settings import SettingsError, load_settings
from portal.verify import verify_paths
from tests.world import World
from tests.worlds.bidding_world import REGISTRATION, Bidder, BiddingWorld

PAGE = {"accept": "text/html"}


@pytest.fixture
async def bw(world: World) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.open_for_bids()
    world.services.plugins[MAIL] = FolderDesk(world.folder / "mail", "receipts@sunlit.example")
    return made


async def give_address(bidder: Bidder, address: str) -> None:
    done = await bidder.client.post("/api/v1/registration", json={**REGISTRATION, "email": address})
    assert done.status_code == 200, done.text


def mails(bw: BiddingWorld) -> list[EmailMessage]:
    folder = bw.world.folder / "mail"
    parse = email.message_from_bytes
    return [parse(path.read_bytes(), policy=email.policy.default) for path in folder.glob("*.eml")]  # type: ignore[misc]


async def test_a_receipt_goes_to_the_own_address_when_asked_for_and_verifies(bw: BiddingWorld, tmp_path: Path) -> None:
    one, two = await bw.bidder(1), await bw.bidder(2)
    for bidder in (one, two):
        await bw.submit(bidder)
    await give_address(one, "bids@one.example")
    await bw.world.settle()
    assert mails(bw) == [], "none goes out by itself"
    assert await bw.rows("SELECT 1 FROM kernel_outbox WHERE kind = 'bidding:mail_receipt'") == []

    assert one.head is not None
    path = f"/api/v1/receipts/{b64u_encode(one.head)}/mail"
    ordered = await one.client.post(path, json={})
    again = await one.client.post(path, json={})
    assert (ordered.status_code, ordered.json(), again.status_code) == (202, {"to": "b***@one.example"}, 202)
    await bw.world.settle()

    (mail,) = mails(bw)
    assert mail["To"] == "bids@one.example"
    assert "服务器" not in str(mail["Subject"])
    words = mail.get_body().get_content()  # type: ignore[union-attr]
    assert "服务器采购" in words
    assert two.name not in words
    (attached,) = mail.iter_attachments()
    kept = tmp_path / str(attached.get_filename())
    kept.write_bytes(attached.get_content())
    trust = tmp_path / "trust.json"
    trust.write_bytes((await one.client.get("/api/v1/trust")).content)
    report = verify_paths([kept], trust)
    assert report.ok, report.lines()
    page = (await one.client.get(f"/b/receipts/{b64u_encode(one.head)}", headers=PAGE)).text
    assert "b***@one.example" in page
    assert "bids@one.example" not in page


async def test_nobody_has_anothers_receipt_sent_and_without_an_address_it_is_said(bw: BiddingWorld) -> None:
    one, two = await bw.bidder(1), await bw.bidder(2)
    await bw.submit(one)
    assert one.head is not None
    path = f"/api/v1/receipts/{b64u_encode(one.head)}/mail"

    assert (await two.client.post(path, json={})).status_code == 404
    assert (await (await bw.agency()).post(path, json={})).status_code == 403
    assert (await one.client.post(f"/api/v1/receipts/{b64u_encode(bytes(32))}/mail", json={})).status_code == 404
    unknown = await one.client.post(path, json={})
    assert (unknown.status_code, "电子邮箱" in unknown.text) == (409, True)
    await give_address(one, "bids@one.example")
    del bw.world.services.plugins[MAIL]
    assert (await one.client.post(path, json={})).status_code == 503
    assert "发到登记邮箱" not in (await one.client.get(f"/b/receipts/{b64u_encode(one.head)}", headers=PAGE)).text


async def test_a_mail_server_that_is_away_stops_nothing_and_is_tried_again(bw: BiddingWorld) -> None:
    class Away:
        async def send(self, mail: Mail) -> None:
            raise Unavailable("邮件服务器没有接收。")

    bidder = await bw.bidder(1)
    await bw.submit(bidder)
    await give_address(bidder, "bids@one.example")
    assert bidder.head is not None
    desk = bw.world.services.plugins[MAIL]
    bw.world.services.plugins[MAIL] = Away()
    await bidder.client.post(f"/api/v1/receipts/{b64u_encode(bidder.head)}/mail", json={})
    await bw.world.settle()
    (job,) = await bw.rows(
        "SELECT done_at, attempts, last_error, payload FROM kernel_outbox WHERE kind = 'bidding:mail_receipt'"
    )
    assert (job.done_at, job.attempts) == (None, 1)
    assert "one.example" not in f"{job.last_error} {job.payload}"

    bw.world.services.plugins[MAIL] = desk
    for _ in range(40):
        await bw.world.rounds.run()
        if mails(bw):
            break
        await asyncio.sleep(0.1)
    assert len(mails(bw)) == 1


class Server(threading.Thread):
    """A mail server of a few words, over TLS from the first byte; keeps what it is told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
        now = SystemClock().now()
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = made.public_bytes(serialization.Encoding.PEM)
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (folder / "server.pem").write_bytes(pem + secret)
        self.trusted = ssl.create_default_context(cadata=pem.decode())
        self.told: list[str] = []
        self.port = 0
        self._ready = threading.Event()
        self._folder = folder

    def run(self) -> None:
        asyncio.run(self._serve())

    def listening(self) -> "Server":
        self.start()
        assert self._ready.wait(10)
        return self

    async def _serve(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "server.pem")
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        async with server:
            await server.serve_forever()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = {
            "EHLO": "250-here\r\n250 AUTH PLAIN",
            "AUTH": "235 ok",
            "DATA": "354 go",
            "QUIT": "221 bye",
        }
        writer.write(b"220 here\r\n")
        body = False
        while line := (await reader.readline()).decode():
            self.told.append(line.rstrip("\r\n"))
            if body and line != ".\r\n":
                continue
            body = line.upper().startswith("DATA")
            refused = line.upper().startswith("RCPT") and "nobody" in line
            word = "550 nobody@one.example is not here" if refused else answers.get(line[:4].upper(), "250 ok")
            writer.write(f"{word}\r\n".encode())
        writer.close()


async def test_a_mail_is_handed_over_under_tls_with_the_password(tmp_path: Path) -> None:
    server = Server(tmp_path).listening()
    desk = SmtpDesk(f"smtps://user:p%40ss@localhost:{server.port}", "receipts@sunlit.example", server.trusted)

    await desk.send(Mail("bids@one.example", "回执", "平台已收到。"))
    with pytest.raises(Unavailable) as refused:
        await desk.send(Mail("nobody@one.example", "回执", "平台已收到。"))
    with pytest.raises(Unavailable, match="SSLCertVerificationError"):
        await SmtpDesk(f"smtps://localhost:{server.port}", "a@b.example").send(Mail("c@d.example", "s", "t"))

    assert any(line.startswith("AUTH PLAIN") for line in server.told)
    assert any("rcpt TO:<bids@one.example>" in line for line in server.told)
    assert "one.example" not in str(refused.value)


def test_an_address_hides_most_of_itself_and_a_header_takes_no_second_line() -> None:
    assert (masked("zhangmin@example.cn"), masked("nonsense")) == ("z***@example.cn", "")
    with pytest.raises(ValueError, match=r"linefeed|newline|Header"):
        written(Mail("a@b.example", "回执\nBcc: c@d.example", "x"), "s@t.example")


def test_settings_of_mail_are_checked_together(tmp_path: Path) -> None:
    assert mail_desk(load_settings(tmp_path, {})) is None
    assert isinstance(mail_desk(load_settings(tmp_path, {"SUNLIT_REHEARSAL": "1"})), FolderDesk)
    outside = {"SUNLIT_SMTP": "smtps://u:p@mail.example", "SUNLIT_MAIL_FROM": "receipts@sunlit.example"}
    assert isinstance(mail_desk(load_settings(tmp_path, outside)), SmtpDesk)
    with pytest.raises(SettingsError, match="SUNLIT_MAIL_FROM"):
        load_settings(tmp_path, {"SUNLIT_SMTP": "smtps://u:p@mail.example"})
    with pytest.raises(SettingsError, match="SUNLIT_SMTP ") as refused:
        load_settings(tmp_path, outside | {"SUNLIT_SMTP": "http://u:geheim@mail.example"})
    assert "geheim" not in str(refused.value)
