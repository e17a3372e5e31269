"""Revocation lists from outside: a real server over TLS, and everything that may come instead of a list."""

import datetime as dt
import http.server
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bidding.presenting import CRL_GRACE
from kernel.clock import SystemClock
from kernel.crypto import CryptoError
from kernel.crypto.authority import Authority, Holder, create_authority, issue_licence, make_crl, revoke
from kernel.crypto.certificates import check_revocation
from kernel.crypto.keys import KeyKind, generate
from portal import revocation
from portal.revocation import CrlFolder

NOW = SystemClock().now().replace(microsecond=0)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
#: What the server does with a request.
Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


class Issuer:
    """An issuer's server of lists; `answer` is what it does now."""

    def __init__(self, folder: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
        certificate = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), NOW - DAY, NOW + DAY)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, SHA256())
        )
        file = folder / "tls.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                issuer.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self.asked = 0
        self.answer: Answer = gives(b"")
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.source = f"https://127.0.0.1:{self._server.server_port}/issuing.crl"
        self.verify = ssl.create_default_context(cafile=str(file))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def gives(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def falls_asleep(handler: http.server.BaseHTTPRequestHandler) -> None:
    time.sleep(1.5)
    handler.close_connection = True


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    made = Issuer(tmp_path)
    yield made
    made.close()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return create_authority(tmp_path / "ca", NOW - 40 * DAY)


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CrlFolder:
    monkeypatch.setattr(revocation, "EVERY", timedelta())  # ask at every call
    return CrlFolder(tmp_path / "crl")


async def fetch(lists: CrlFolder, issuer: Issuer, authority: Authority) -> None:
    async with httpx.AsyncClient(verify=issuer.verify, timeout=0.7, follow_redirects=False, trust_env=False) as client:
        await lists.fetch({issuer.source: (authority.root, authority.issuing)}, client)


def der(authority: Authority, at: dt.datetime) -> bytes:
    return make_crl(authority, at).public_bytes(Encoding.DER)


async def test_a_list_is_fetched_and_kept_and_asked_for_no_sooner_than_it_is_due(
    issuer: Issuer, authority: Authority, lists: CrlFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Source: R-LIC-09"""
    assert (lists.newest(issuer.source), lists.has_failed(issuer.source)) == ((), True)
    issuer.answer = gives(der(authority, NOW - HOUR))
    await fetch(lists, issuer, authority)
    newer = make_crl(authority, NOW)
    issuer.answer = gives(b"".join([newer.public_bytes(Encoding.PEM)]))
    await fetch(lists, issuer, authority)
    monkeypatch.setattr(revocation, "EVERY", timedelta(minutes=10))
    await fetch(lists, issuer, authority)

    assert issuer.asked == 2
    assert (lists.newest(issuer.source), lists.has_failed(issuer.source)) == ((newer,), False)
    assert CrlFolder(lists.folder).newest(issuer.source) == (newer,), "another process reads the same"


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("nonsense", "no revocation list"),
        ("empty", "no revocation list"),
        ("html", "no revocation list"),
        ("another", "a list of another issuer"),
        ("older", "older than the list at hand"),
        ("missing", "status 404"),
        ("broken", "status 500"),
        ("redirect", "status 302"),
        ("asleep", "ReadTimeout"),
        ("large", "too large"),
    ],
)
async def test_what_is_no_newer_list_of_the_issuer_leaves_the_one_at_hand(
    issuer: Issuer,
    authority: Authority,
    lists: CrlFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    what: str,
    fault: str,
) -> None:
    """Source: R-LIC-09"""
    stranger = create_authority(tmp_path / "stranger", NOW - 40 * DAY)
    good = make_crl(authority, NOW - HOUR)
    issuer.answer = gives(good.public_bytes(Encoding.DER))
    await fetch(lists, issuer, authority)
    answers: dict[str, Answer] = {
        "nonsense": gives(b"\x30\x03\x02\x01\x01"),
        "empty": gives(b""),
        "html": gives(b"<html>login</html>"),
        "another": gives(der(stranger, NOW)),
        "older": gives(der(authority, NOW - 2 * HOUR)),
        "missing": gives(b"", 404),
        "broken": gives(der(authority, NOW), 500),
        "redirect": gives(b"", 302, Location=issuer.source + "?again"),
        "asleep": falls_asleep,
        "large": gives(der(authority, NOW) + b"\0" * 9000),
    }
    if what == "large":
        monkeypatch.setattr(revocation, "LARGEST", 8000)
    issuer.answer, issuer.asked = answers[what], 0
    await fetch(lists, issuer, authority)

    assert issuer.asked == 1, "no redirect is followed, nothing is asked twice"
    assert lists.newest(issuer.source) == (good,)
    assert lists.has_failed(issuer.source)
    assert fault in caplog.text


async def test_a_server_whose_certificate_nobody_vouches_for_is_not_believed(
    issuer: Issuer, authority: Authority, lists: CrlFolder
) -> None:
    """Source: R-LIC-09"""
    issuer.answer = gives(der(authority, NOW))

    await lists.fetch({issuer.source: (authority.issuing,)})  # the worker's own client

    assert (issuer.asked, lists.newest(issuer.source)) == (0, ())


async def test_without_encryption_nothing_is_fetched(issuer: Issuer, authority: Authority, lists: CrlFolder) -> None:
    plain = issuer.source.replace("https", "http")

    await lists.fetch({plain: (authority.issuing,)})

    assert (issuer.asked, lists.newest(plain), lists.has_failed(plain)) == (0, (), True)


async def test_the_list_at_hand_serves_until_its_end_and_a_day_longer_for_looking_only(
    issuer: Issuer, authority: Authority, lists: CrlFolder
) -> None:
    """Source: R-LIC-09"""
    sign, encrypt, lost, other = (generate(KeyKind.P256) for _ in range(4))
    holder = Holder("91350100M000100Y43", "示例公司")
    licence = issue_licence(authority, holder, sign.public, encrypt.public, NOW - DAY)
    gone = issue_licence(authority, Holder("91110000802100433B", "吊销公司"), lost.public, other.public, NOW - DAY)
    revoke(authority, gone.sign, NOW - HOUR)
    issuer.answer = gives(der(authority, NOW))
    await fetch(lists, issuer, authority)
    issuer.close()  # the issuer is away from now on
    await fetch(lists, issuer, authority)
    found = lists.newest(issuer.source)
    end = found[0].next_update_utc
    assert end is not None
    path, revoked = [licence.sign, authority.issuing, authority.root], [gone.sign, authority.issuing, authority.root]
    moment = timedelta(microseconds=1)

    assert lists.has_failed(issuer.source)
    assert check_revocation(path, found, end - timedelta(seconds=1))
    for instant, grace in ((end + DAY + CRL_GRACE, CRL_GRACE), (end + HOUR, timedelta())):
        with pytest.raises(CryptoError) as refusal:
            check_revocation(path, found, instant, grace)
        assert refusal.value.code == "crl-stale"
    assert not check_revocation(path, found, end + CRL_GRACE - moment, CRL_GRACE), "let in, and said so"
    with pytest.raises(CryptoError) as refusal:
        check_revocation(revoked, found, end + HOUR, CRL_GRACE)
    assert refusal.value.code == "revoked", "grace is for the list's age, not for whom it names"
