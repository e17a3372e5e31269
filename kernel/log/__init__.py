"""The platform's append-only Merkle log: tree, tiles, notes, receipts (pure), and its keepers.

The names below need no database; the sequencer, the signer and the witness are modules of their own.
"""

from kernel.log.checkpoint import Checkpoint, parse_checkpoint
from kernel.log.entry import Entry, detail_digest, entry_of, parse_entry
from kernel.log.errors import LogError
from kernel.log.note import VerifierKey, parse_vkey
from kernel.log.receipt import VerifiedReceipt, bundle_of, verify_receipt
from kernel.log.tree import Log, leaf_hash, mth, verify_consistency, verify_inclusion
from kernel.log.trust import Trust, read_trust

__all__ = [
    "Checkpoint",
    "Entry",
    "Log",
    "LogError",
    "Trust",
    "VerifiedReceipt",
    "VerifierKey",
    "bundle_of",
    "detail_digest",
    "entry_of",
    "leaf_hash",
    "mth",
    "parse_checkpoint",
    "parse_entry",
    "parse_vkey",
    "read_trust",
    "verify_consistency",
    "verify_inclusion",
    "verify_receipt",
]
