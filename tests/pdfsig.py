"""Poppler's `pdfsig` as an independent judge of our seals, with a trust store of its own (NSS)."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding


@dataclass(frozen=True, slots=True)
class Judge:
    """A trust store that holds one root."""

    store: Path

    def says(self, pdf: Path) -> str:
        """Return what `pdfsig` prints about a file."""
        words = ["pdfsig", "-nssdir", f"sql:{self.store}", str(pdf)]
        plain = {"LC_ALL": "C", "PATH": "/usr/bin"}
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=plain)
        return done.stdout + done.stderr

    def approves(self, pdf: Path) -> bool:
        """Say whether every part of the judgement is good: signature, certificate, the whole document signed."""
        said = self.says(pdf)
        good = ("Signature is Valid.", "Certificate is Trusted.", "Total document signed", "ETSI.CAdES.detached")
        return all(words in said for words in good)


def judge(folder: Path, root: x509.Certificate) -> Judge:
    """Make a judge who trusts one root; the test is skipped where the tools are missing."""
    missing = [tool for tool in ("pdfsig", "certutil") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{'、'.join(missing)} not installed (Debian: poppler-utils, libnss3-tools)")
    store = folder / "nss"
    store.mkdir(parents=True)
    pem = folder / "root.pem"
    pem.write_bytes(root.public_bytes(Encoding.PEM))
    for words in (
        ["certutil", "-N", "-d", f"sql:{store}", "--empty-password"],
        ["certutil", "-A", "-d", f"sql:{store}", "-n", "root", "-t", "C,C,C", "-i", str(pem)],
    ):
        subprocess.run(words, check=True, capture_output=True)
    return Judge(store)


def changed(pdf: bytes) -> bytes:
    """Return a document with one byte changed that is signed and shown: inside its first stream."""
    at = pdf.index(b"stream\n") + 40
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]
