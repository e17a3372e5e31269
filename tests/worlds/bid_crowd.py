"""Many bidders at once: their rows are written directly, their bids are submitted by the real act.

What a submission looks at (head digest, leaf digests, signature) is real; only the chunks behind the digests are not.
"""

import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from bidding import keyset, messages, submission
from bidding.client import sign_message
from bidding.envelope import envelope_id
from bidding.submission import Accepted
from kernel.canonical import b64u_encode
from kernel.crypto.authority import Holder, issue_licence
from kernel.crypto.keys import KeyKind, generate
from kernel.errors import DomainError
from kernel.identity.actor import Actor
from tests.worlds.bidding_world import SUITE, TENDER, BiddingWorld, uscc

_CHUNK_BYTES = {"form": 16400, "file": 1048592}


@dataclass(frozen=True, slots=True)
class Member:
    """One of the crowd, ready to submit."""

    actor: Actor
    pseudonym: str
    token: str
    digest: bytes


async def gather_crowd(bw: BiddingWorld, count: int) -> list[Member]:
    """Register so many bidders, each with uploads that are complete, and sign a submission for each."""
    members = []
    now = await bw.now()
    sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
    ks = keyset.keyset_hash(bw.keyset)
    async with bw.db.begin() as tx:
        for n in range(count):
            holder = Holder(uscc(500_000 + n), f"众多单位{n}")
            licence = issue_licence(bw.authority, holder, sign.public, encrypt.public, now - timedelta(days=30))
            ids: dict[str, Any] = {name: uuid.uuid4() for name in ("org", "account", "interest", "bid")}
            pseudonym = b64u_encode(os.urandom(16))
            await _insert_bidder(tx, bw, holder, ids, pseudonym, now)
            docs = [await _insert_upload(tx, bw, ids["bid"], slot) for slot in ("file", "form")]
            message = messages.submission(
                tender=TENDER, lot="001", bidder=pseudonym, rev=1, prev=None, docs=docs, ks=ks
            )
            actor = Actor(
                ids["account"], holder.uscc, holder.organisation, frozenset({"bidder"}), ids["org"], "", holder.uscc
            )
            token = sign_message(SUITE, message, sign, [licence.sign, bw.authority.issuing])
            members.append(Member(actor, pseudonym, token, messages.submission_digest(SUITE, message)))
    return members


async def submit(bw: BiddingWorld, member: Member) -> Accepted:
    """Submit by the act, in a transaction of its own."""
    services = bw.world.services
    return await bw.db.run(
        lambda tx: submission.submit(
            tx,
            member.actor,
            member.token,
            messages.SUBMISSION,
            platform=services.platform,
            trust=services.plugins["licences"],
        )
    )


async def submit_together(bw: BiddingWorld, members: Sequence[Member]) -> list[Accepted | DomainError]:
    """Submit in one transaction, as the door does for those who wait at the same moment."""
    services = bw.world.services
    intents = [submission.intent_of(member.actor, member.token, messages.SUBMISSION) for member in members]
    return await bw.db.run(
        lambda tx: submission.submit_all(tx, intents, platform=services.platform, trust=services.plugins["licences"])
    )


async def _insert_bidder(
    tx: Any, bw: BiddingWorld, holder: Holder, ids: dict[str, Any], pseudonym: str, now: Any
) -> None:
    for statement, values in (
        (
            "INSERT INTO identity_organisation (id, uscc, name, created_at) VALUES (:org, :uscc, :name, :now)",
            {"uscc": holder.uscc, "name": holder.organisation, "now": now},
        ),
        (
            "INSERT INTO identity_account (id, login, display_name, organisation_id, roles, created_at)"
            " VALUES (:account, :uscc, :name, :org, ARRAY['bidder'], :now)",
            {"uscc": holder.uscc, "name": holder.organisation, "now": now},
        ),
        (
            "INSERT INTO bidding_interest (id, lot_id, organisation_id, account_id, pseudonym)"
            " VALUES (:interest, :lot, :org, :account, :pseudonym)",
            {"lot": bw.lot_id, "pseudonym": pseudonym},
        ),
        (
            "INSERT INTO bidding_bid (id, interest_id, lot_id, state, rev)"
            " VALUES (:bid, :interest, :lot, 'registered', 0)",
            {"lot": bw.lot_id},
        ),
    ):
        wanted = {name: value for name, value in {**ids, **values}.items() if f":{name}" in statement}
        await tx.session.execute(text(statement), wanted)


async def _insert_upload(tx: Any, bw: BiddingWorld, bid_id: uuid.UUID, slot: str) -> dict[str, Any]:
    upload, head, head_digest, leaf = uuid.uuid4(), os.urandom(100), os.urandom(32), os.urandom(32)
    await tx.session.execute(
        text(
            "INSERT INTO bidding_upload (id, bid_id, lot_id, slot, head, head_digest, chunk_bytes, chunks)"
            " VALUES (:id, :bid, :lot, :slot, :head, :digest, :size, 1)"
        ),
        {
            "id": upload,
            "bid": bid_id,
            "lot": bw.lot_id,
            "slot": slot,
            "head": head,
            "digest": head_digest,
            "size": _CHUNK_BYTES[slot],
        },
    )
    await tx.session.execute(
        text("INSERT INTO bidding_chunk (upload_id, j, lot_id, leaf, object_name) VALUES (:u, 0, :lot, :leaf, :name)"),
        {"u": upload, "lot": bw.lot_id, "leaf": leaf, "name": f"sealed/{upload.hex}"},
    )
    eid = envelope_id(SUITE, head_digest, [leaf])
    return messages.document(slot, eid, 1, len(head) + _CHUNK_BYTES[slot])
