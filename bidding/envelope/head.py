"""Reading and checking the head of an envelope, before any key is touched.

A server calls this for every upload: what does not pass is not an envelope, and unsealed bids must be refused.

Source: docs/spec/sealing.md, "Header" and "Error codes".
"""

from dataclasses import dataclass
from typing import Any

from bidding.envelope.format import (
    BIDDER,
    CHUNK_SIZES,
    MAGIC,
    MAX_HEADER,
    MIN_HEADER,
    POLICIES,
    PREFIX_LENGTH,
    TAG_LENGTH,
    TRUSTEES,
    EnvelopeError,
    Header,
    Reader,
    read_up_to,
)
from kernel.canonical import NotCanonical, b64u_decode, parse
from kernel.crypto import CryptoError, Suite, suite

NAMES = ("tender", "lot", "slot", "bidder")
DIGESTS = ("ks", "nonce", "kc")
CORE_MEMBERS = {"v", "suite", "policy", "chunk", *NAMES, *DIGESTS}
BIDDER_STANZA = {"a", "kid", "enc", "ct"}
TRUSTEE_STANZA = BIDDER_STANZA | {"i", "sc"}
MAX_BIDDER_STANZAS = 8
MAX_TRUSTEES = 16
#: A ciphertext of varying length is one RSA block: 2048 to 8192 bits.
BLOCK_LENGTHS = range(256, 1025)


@dataclass(frozen=True)
class Head:
    """A checked head.

    Attributes:
        header: the parsed header.
        raw: the first 12 + L bytes of the file.
        suite: the provider the header names.
    """

    header: Header
    raw: bytes
    suite: Suite

    @property
    def digest(self) -> bytes:
        """header_hash: binds every bit of the head to the payload and to the envelope's id."""
        return self.suite.hash(self.raw)

    @property
    def chunk(self) -> int:
        """Plaintext bytes in a chunk."""
        return int(self.header["core"]["chunk"])

    @property
    def sealed_chunk(self) -> int:
        """Bytes of a chunk in the file."""
        return self.chunk + TAG_LENGTH


def parse_header(reader: Reader) -> Header:
    """Read and check the header; the reader is left at the first chunk.

    Raises:
        EnvelopeError: `magic` to `threshold`, in that order.
    """
    return read_head(reader).header


def read_head(reader: Reader) -> Head:
    """Read and check the head, keeping its bytes for the digest.

    Raises:
        EnvelopeError: `magic` to `threshold`, in that order.
    """
    prefix = read_up_to(reader, PREFIX_LENGTH)
    if prefix[: len(MAGIC)] != MAGIC:
        raise EnvelopeError("magic", "this is not a sealed envelope")
    if len(prefix) < PREFIX_LENGTH:
        raise EnvelopeError("truncated", "the file ends inside its head")
    length = int.from_bytes(prefix[len(MAGIC) :], "big")
    if not MIN_HEADER <= length <= MAX_HEADER:
        raise EnvelopeError("header-length", "a header has 2 to 65536 bytes")
    data = read_up_to(reader, length)
    if len(data) < length:
        raise EnvelopeError("truncated", "the file ends inside its header")
    try:
        header = parse(data)
    except NotCanonical as refusal:
        code = "header-json" if refusal.code == "not-json" else "header-not-canonical"
        raise EnvelopeError(code, str(refusal)) from None
    return Head(header, prefix + data, check_header(header))


def check_header(header: Any) -> Suite:
    """Check a header's members and return the provider of its suite.

    Raises:
        EnvelopeError: `version`, `chunk-size`, `header-fields` or `threshold`, in that order.
    """
    core = header.get("core") if isinstance(header, dict) else None
    if not isinstance(core, dict):
        raise EnvelopeError("header-fields", "the header has no core")
    provider = _check_version(core)
    if type(core.get("chunk")) is not int or core["chunk"] not in CHUNK_SIZES:
        raise EnvelopeError("chunk-size", "chunks have 16384 or 1048576 bytes")
    try:
        _check_members(header, core, provider)
    except NotCanonical as refusal:
        raise EnvelopeError("header-fields", str(refusal)) from None
    if core["policy"] != BIDDER:
        _check_threshold(header["k"], [stanza["i"] for stanza in header["tk"]])
    return provider


def _check_version(core: dict[str, Any]) -> Suite:
    if type(core.get("v")) is not int or core["v"] != 1 or core.get("policy") not in POLICIES:
        raise EnvelopeError("version", "this version or policy is not known")
    try:
        return suite(core["suite"])
    except (CryptoError, KeyError) as refusal:
        raise EnvelopeError("version", str(refusal)) from None


def _check_members(header: Header, core: dict[str, Any], provider: Suite) -> None:
    _require(core.keys() == CORE_MEMBERS, "the core has missing or unknown members")
    for name in NAMES:
        _require(type(core[name]) is str and core[name] != "", f"{name} is a text that is not empty")
    for name in DIGESTS:
        b64u_decode(core[name], 32)
    members = {"core"}
    if core["policy"] != TRUSTEES:
        members |= {"sbc", "bk"}
    if core["policy"] != BIDDER:
        members |= {"k", "tk"}
    _require(header.keys() == members, "the header has missing or unknown members")
    if "bk" in members:
        _check_bidder_part(header, provider)
    if "tk" in members:
        _check_trustee_part(header, provider)


def _check_bidder_part(header: Header, provider: Suite) -> None:
    b64u_decode(header["sbc"], 32)
    stanzas = header["bk"]
    _require(type(stanzas) is list and 1 <= len(stanzas) <= MAX_BIDDER_STANZAS, "bk has 1 to 8 stanzas")
    for stanza in stanzas:
        _require(type(stanza) is dict and stanza.keys() == BIDDER_STANZA, "a stanza has missing or unknown members")
        _check_wrap(stanza, provider)


def _check_trustee_part(header: Header, provider: Suite) -> None:
    _require(type(header["k"]) is int, "k is an integer")
    _require(type(header["tk"]) is list, "tk is a list")
    for stanza in header["tk"]:
        _require(type(stanza) is dict and stanza.keys() == TRUSTEE_STANZA, "a stanza has missing or unknown members")
        _require(type(stanza["i"]) is int, "an index is an integer")
        b64u_decode(stanza["sc"], 32)
        _check_wrap(stanza, provider)


def _check_wrap(stanza: dict[str, Any], provider: Suite) -> None:
    alg = stanza["a"]
    _require(type(alg) is str and alg in provider.wrap_algorithms, "this wrapping is not of the suite")
    enc_length, ct_length = provider.wrap_algorithms[alg]
    b64u_decode(stanza["kid"], 16)
    b64u_decode(stanza["enc"], enc_length)
    ct = b64u_decode(stanza["ct"], ct_length)
    _require(ct_length is not None or len(ct) in BLOCK_LENGTHS, "a wrapped secret has another length")


def _check_threshold(k: int, indices: list[int]) -> None:
    n = len(indices)
    if not 2 <= n <= MAX_TRUSTEES or not 2 <= k <= n or indices != list(range(1, n + 1)):
        raise EnvelopeError("threshold", "2 <= k <= n <= 16 and the indices are 1 to n in order")


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise EnvelopeError("header-fields", reason)
