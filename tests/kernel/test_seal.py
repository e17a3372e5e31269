"""Seals: valid when whole; broken after one byte; refused after any later revision; refused under another root."""

import asyncio
import io
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.generic import DictionaryObject, StreamObject, TextStringObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter

from kernel.crypto.authority import Authority, Holder, create_authority, issue_seal
from kernel.crypto.keys import KeyKind, generate
from kernel.web.seal import SealReport, seal_pdf, seal_svg, verify_sealed

NOW = datetime(2026, 8, 14, 1, 30, tzinfo=UTC)
HOLDER = Holder("91350100M000100Y43", "阳光测试有限公司")


def blank_pdf() -> bytes:
    writer = PdfFileWriter()
    contents = writer.add_object(StreamObject(stream_data=b"0 0 m"))
    writer.insert_page(PageObject(contents=contents, media_box=(0, 0, 595, 842)))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


class Office:
    """An authority, one seal, and a document sealed with it."""

    def __init__(self, folder: Path) -> None:
        self.authority: Authority = create_authority(folder, NOW - timedelta(days=1))
        key = generate(KeyKind.P256)
        self.key = key.pkcs8()
        self.certificate = issue_seal(self.authority, HOLDER, key.public, NOW - timedelta(hours=1))
        self.chain = [self.certificate, self.authority.issuing]
        self.plain = blank_pdf()
        self.sealed = self.seal()

    def seal(self) -> bytes:
        return asyncio.run(seal_pdf(self.plain, self.key, self.chain, reason="中标通知书", location="云澜市", now=NOW))

    def verify(self, data: bytes, **more: datetime) -> SealReport:
        return verify_sealed(data, [self.authority.root], **more)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("ca") / "local")


def test_a_sealed_document_is_accepted(office: Office) -> None:
    assert office.sealed.startswith(office.plain)
    report = office.verify(office.sealed)
    assert report.ok
    assert report.problems == ()
    (seal,) = report.seals
    assert (seal.signer, seal.uscc) == (HOLDER.organisation, HOLDER.uscc)
    assert (seal.reason, seal.location) == ("中标通知书", "云澜市")
    assert (seal.claimed_at, seal.stamped_at) == (NOW, None)
    assert seal.intact
    assert seal.trusted
    assert seal.whole


def test_a_document_without_seal_is_not(office: Office) -> None:
    assert office.verify(office.plain).problems == ("no-seal",)
    for data in (b"", b"%PDF-1.7\n", b"not a pdf at all", office.sealed[:200]):
        report = office.verify(data)
        assert not report.ok
        assert report.problems in (("not-pdf",), ("no-seal",))


def test_a_changed_byte_breaks_it(office: Office) -> None:
    at = office.sealed.index(b"0 0 m")
    report = office.verify(office.sealed[:at] + b"1" + office.sealed[at + 1 :])
    assert not report.ok
    assert report.problems == ("broken",)
    assert not report.seals[0].intact


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_no_changed_byte_is_accepted(office: Office, data: st.DataObject) -> None:
    # Hexadecimal padding inside /Contents may change without meaning, and spaces around it are not signed either:
    # PDF signatures sign everything but their own value. Everywhere else one bit is enough.
    start = office.sealed.rindex(b"/Contents <")
    end = office.sealed.index(b">", start)
    position = data.draw(st.integers(0, len(office.sealed) - 1).filter(lambda i: not start <= i <= end))
    flipped = bytearray(office.sealed)
    flipped[position] ^= 1 << data.draw(st.integers(0, 7))
    assert not office.verify(bytes(flipped)).ok


def test_a_later_revision_is_refused(office: Office) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(office.sealed))
    writer.root["/Lang"] = TextStringObject("en")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    report = office.verify(out.getvalue())
    assert not report.ok
    assert report.problems == ("changed-later",)
    assert report.seals[0].intact
    assert not report.seals[0].whole


def test_a_harmless_looking_revision_is_refused_too(office: Office) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(office.sealed))
    writer.set_info(writer.add_object(DictionaryObject({pdf_name("/Title"): TextStringObject("x")})))
    out = io.BytesIO()
    writer.write(out)
    assert "changed-later" in office.verify(out.getvalue()).problems
    assert "changed-later" in office.verify(office.sealed + b"\n% more\n").problems


def test_another_root_is_not_trusted(office: Office, tmp_path: Path) -> None:
    stranger = create_authority(tmp_path / "other", NOW)
    report = verify_sealed(office.sealed, [stranger.root])
    assert report.problems == ("untrusted",)
    assert verify_sealed(office.sealed, []).problems == ("untrusted",)


def test_a_certificate_counts_only_while_it_is_valid(office: Office) -> None:
    assert office.verify(office.sealed, at=NOW + timedelta(days=300)).ok
    assert office.verify(office.sealed, at=NOW + timedelta(days=400)).problems == ("untrusted",)
    assert office.verify(office.sealed, at=NOW - timedelta(days=2)).problems == ("untrusted",)


async def test_pem_and_rsa_keys_seal_as_well(office: Office) -> None:
    native = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "rsa seal")])
    others = "key_encipherment data_encipherment key_agreement key_cert_sign crl_sign encipher_only decipher_only"
    usage = dict.fromkeys(others.split(), False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(office.authority.issuing.subject)
        .public_key(native.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=1))
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(office.authority.issuing_key.native, hashes.SHA256())
    )
    pem = native.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    sealed = await seal_pdf(
        office.plain, pem, [certificate, office.authority.issuing], reason="r", location="l", now=NOW
    )
    report = await asyncio.to_thread(office.verify, sealed)
    assert report.ok
    assert (report.seals[0].signer, report.seals[0].uscc) == ("rsa seal", "")


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="poppler-utils is not installed")
def test_an_independent_reader_agrees(office: Office, tmp_path: Path) -> None:
    def verdict(data: bytes) -> str:
        path = tmp_path / "x.pdf"
        path.write_bytes(data)
        return subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, text=True, check=False).stdout

    good = verdict(office.sealed)
    assert "Signature is Valid" in good
    assert "Total document signed" in good
    assert "ETSI.CAdES.detached" in good
    at = office.sealed.index(b"0 0 m")
    assert "Signature is Valid" not in verdict(office.sealed[:at] + b"1" + office.sealed[at + 1 :])


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=30))
def test_the_picture_carries_every_letter_inside_the_ring(name: str) -> None:
    root = ElementTree.fromstring(str(seal_svg(name, caption="演示 CA")))
    svg = "{http://www.w3.org/2000/svg}"
    ring = [t for t in root.iter(f"{svg}text") if "transform" in t.attrib]
    assert "".join(t.text or "" for t in ring) == name
    for letter in ring:
        x, y = (float(v) for v in letter.attrib["transform"].split("(")[1].split(")")[0].split())
        assert ((x - 70) ** 2 + (y - 70) ** 2) ** 0.5 < 64
    assert "演示 CA" in {t.text for t in root.iter(f"{svg}text")}
    assert "style" not in str(seal_svg(name)).replace("font-style", "")


def test_the_picture_escapes_names() -> None:
    assert "<script" not in seal_svg('<script src="x">', caption="<b>")
