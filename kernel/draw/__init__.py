"""Public draws `OTD1`: every outcome is a pure function of a frozen spec, a frozen pool and a seed nobody could choose.

No I/O, no clock, no randomness, no floats. The algorithm's name is in every spec; a change makes a new name and leaves
the old one in place, so that old draws stay verifiable.
"""

from kernel.draw.assign import assign, require_never_stuck
from kernel.draw.build import log_proof, transcript_of
from kernel.draw.compute import compute
from kernel.draw.errors import DrawError
from kernel.draw.escrow import EscrowFault, recover
from kernel.draw.order import first, order, strata, worder
from kernel.draw.panel import matches, panel, replacement
from kernel.draw.pool import leaf_of, pool_of, pool_root, read_pool
from kernel.draw.primitives import Stream, below, stream, ticket
from kernel.draw.rehearsal import Rehearsal, rehearse
from kernel.draw.seed import commit_hash, escrow_context, escrow_share_hash, output_hash, seed_of, spec_hash
from kernel.draw.spec import Spec, read_spec
from kernel.draw.transcript import read_transcript
from kernel.draw.verify import VerifiedDraw, verify_draw

__all__ = [
    "DrawError",
    "EscrowFault",
    "Rehearsal",
    "Spec",
    "Stream",
    "VerifiedDraw",
    "assign",
    "below",
    "commit_hash",
    "compute",
    "escrow_context",
    "escrow_share_hash",
    "first",
    "leaf_of",
    "log_proof",
    "matches",
    "order",
    "output_hash",
    "panel",
    "pool_of",
    "pool_root",
    "read_pool",
    "read_spec",
    "read_transcript",
    "recover",
    "rehearse",
    "replacement",
    "require_never_stuck",
    "seed_of",
    "spec_hash",
    "strata",
    "stream",
    "ticket",
    "transcript_of",
    "verify_draw",
    "worder",
]
