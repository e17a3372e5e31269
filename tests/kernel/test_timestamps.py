"""Time-stamp tokens: what OpenSSL calls good we call good, and nothing else."""

import asyncio
import hashlib
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from kernel.crypto.authority import Authority, Holder, create_authority, issue_seal
from kernel.crypto.keys import KeyKind, generate
from kernel.errors import Unavailable
from kernel.timestamps.asking import HttpTimestamper, StampService
from kernel.timestamps.local import LocalTimestamper, issue_timestamper
from kernel.timestamps.token import TimestampError, make_request, read_response, verify_token

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 8, 1, 9, 30, tzinfo=UTC)
NOTE = "example/log\n7\nAAAA\n\n— example/log c2ln\n".encode()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return create_authority(tmp_path_factory.mktemp("ca") / "a", BEGAN)


def _stamper(authority: Authority) -> LocalTimestamper:
    key = generate(KeyKind.P256)
    return LocalTimestamper(key, issue_timestamper(authority, "演示时间戳", key.public), authority.issuing)


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    made, stamp = asyncio.run(StampService(_stamper(authority), [authority.root]).stamp(NOTE, NOW))
    assert (stamp.at, stamp.authority, stamp.local) == (NOW, "演示时间戳", True)
    return made


def _code(token: bytes, data: bytes, *roots: x509.Certificate) -> str:
    with pytest.raises(TimestampError) as refused:
        verify_token(token, data, roots)
    return refused.value.code


def test_openssl_accepts_the_token_and_refuses_it_for_other_bytes(
    authority: Authority, token: bytes, tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl not installed")
    files = {"token": token, "note": NOTE, "other": NOTE + b" ", "root": authority.root.public_bytes(Encoding.PEM)}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)

    def says(data: str) -> str:
        words = ["openssl", "ts", "-verify", "-token_in", "-in", "token", "-data", data, "-CAfile", "root"]
        at = ["-attime", str(int(NOW.timestamp()))]
        done = subprocess.run([*words, *at], cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.stdout + done.stderr

    assert "Verification: OK" in says("note")
    assert "imprint mismatch" in says("other")


def test_other_bytes_another_root_and_damage_are_told_apart(authority: Authority, token: bytes, tmp_path: Path) -> None:
    stranger = create_authority(tmp_path / "s", BEGAN)
    at = token.index(NOW.strftime("%Y%m%d%H%M%SZ").encode())
    later = token[:at] + b"20260802" + token[at + 8 :]  # the time moved by a day

    assert _code(token, NOTE + b"x", authority.root) == "timestamp-imprint"
    assert _code(token, NOTE, stranger.root) == "timestamp-chain"
    assert _code(token, NOTE) == "timestamp-chain"
    assert _code(later, NOTE, authority.root) == "timestamp-signature"
    assert _code(token[:-1], NOTE, authority.root) == "timestamp-format"
    assert _code(token + b"\0", NOTE, authority.root) == "timestamp-format"
    assert _code(b"", NOTE, authority.root) == "timestamp-format"


def test_no_changed_byte_of_what_was_said_goes_unnoticed(authority: Authority, token: bytes) -> None:
    told = token.index(bytes.fromhex("060b2a864886f70d0109100104"))
    for at in range(told, told + 150, 11):
        damaged = token[:at] + bytes([token[at] ^ 4]) + token[at + 1 :]
        assert _code(damaged, NOTE, authority.root).startswith("timestamp-")


@pytest.mark.parametrize("purpose", ["seal", "not critical", "also for clients"])
def test_a_certificate_that_is_not_for_time_stamping_alone_stamps_nothing(authority: Authority, purpose: str) -> None:
    key = generate(KeyKind.P256)
    if purpose == "seal":
        holder = Holder(uscc="91350100M000100Y43", organisation="某单位")
        certificate = issue_seal(authority, holder, key.public, BEGAN)
    else:
        good = issue_timestamper(authority, "时间戳", key.public)
        uses = [ExtendedKeyUsageOID.TIME_STAMPING]
        uses += [ExtendedKeyUsageOID.CLIENT_AUTH] if purpose == "also for clients" else []
        builder = (
            x509.CertificateBuilder(good.issuer, good.subject, key.public.native, good.serial_number)
            .not_valid_before(good.not_valid_before_utc)
            .not_valid_after(good.not_valid_after_utc)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=purpose != "not critical")
        )
        certificate = builder.sign(authority.issuing_key.native, hashes.SHA256())  # type: ignore[arg-type]
    assert (
        _code(_answer(LocalTimestamper(key, certificate, authority.issuing), NOW), NOTE, authority.root)
        == "timestamp-chain"
    )


def _answer(stamper: LocalTimestamper, at: datetime) -> bytes:
    request, nonce = make_request(hashlib.sha256(NOTE).digest())
    return read_response(asyncio.run(stamper.answer(request, at)), nonce)


def test_an_expired_certificate_stamps_nothing(authority: Authority) -> None:
    late = _answer(_stamper(authority), BEGAN + timedelta(days=11 * 365))

    assert _code(late, NOTE, authority.root) == "timestamp-chain"


async def _over_http(authority: Authority, how: str) -> StampService:
    stamper = _stamper(authority)
    asked: list[bytes] = []

    async def serve(request: httpx.Request) -> httpx.Response:
        assert request.headers["content-type"] == "application/timestamp-query"
        body = await request.aread()
        asked.append(body)
        if how == "down":
            raise httpx.ConnectError("refused")
        if how == "busy":
            return httpx.Response(503)
        if how == "page":
            return httpx.Response(200, content=b"<html>please log in</html>")
        if how == "long":
            return httpx.Response(200, content=b"0" * (1 << 17))
        if how == "replay":  # the answer to somebody else's question over the same bytes
            body = make_request(hashlib.sha256(NOTE).digest())[0]
        moment = NOW + timedelta(hours=1) if how == "wrong clock" else NOW
        return httpx.Response(200, content=await stamper.answer(body, moment))

    client = httpx.AsyncClient(transport=httpx.MockTransport(serve))
    return StampService(HttpTimestamper("http://tsa.example/", client), [authority.root])


async def test_an_outside_authority_is_asked_over_http(authority: Authority) -> None:
    made, stamp = await (await _over_http(authority, "well")).stamp(NOTE, NOW)

    assert stamp == await asyncio.to_thread(verify_token, made, NOTE, [authority.root])


@pytest.mark.parametrize("how", ["down", "busy", "page", "long", "replay", "wrong clock"])
async def test_what_is_no_good_answer_is_no_time_stamp(authority: Authority, how: str) -> None:
    service = await _over_http(authority, how)

    with pytest.raises(Unavailable):
        await service.stamp(NOTE, NOW)
