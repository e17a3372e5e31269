"""Sealed envelopes, format SBE1: what a bidder uploads and nobody can read before the opening.

Pure: readers and writers come from outside, nothing here knows a clock, a database or a network. Memory stays flat for
any size. `docs/spec/sealing.md` gives every byte; a browser and an offline verifier read the same files.
"""

from bidding.envelope.format import CHUNK_SIZES, POLICIES, EnvelopeError, Header, Reader, Writer, envelope_id
from bidding.envelope.head import Head, parse_header, read_head
from bidding.envelope.opening import (
    digest_envelope,
    open_bidder,
    open_envelope,
    open_share,
    recover_file_key,
)
from bidding.envelope.sealing import chunk_count, seal

__all__ = [
    "CHUNK_SIZES",
    "POLICIES",
    "EnvelopeError",
    "Head",
    "Header",
    "Reader",
    "Writer",
    "chunk_count",
    "digest_envelope",
    "envelope_id",
    "open_bidder",
    "open_envelope",
    "open_share",
    "parse_header",
    "read_head",
    "recover_file_key",
    "seal",
]
