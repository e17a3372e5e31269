"""Find what was issued: the papers of a matter, and their bytes."""

import urllib.parse
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from litestar import Response
from sqlalchemy import select

from kernel.db.transaction import Tx
from kernel.files.store import content_name
from kernel.papers.models import SealUse
from kernel.web.services import Services


@dataclass(frozen=True, slots=True)
class PaperLine:
    """A paper in the list of a matter."""

    digest: bytes
    subject: uuid.UUID
    kind: str
    number: str
    signer: str
    used_at: datetime


async def list_uses(tx: Tx, matter: uuid.UUID, visibilities: Collection[str] = ("public",)) -> list[PaperLine]:
    """Return the papers of a matter whose log entries have one of these visibilities, oldest first."""
    rows = await tx.fetch(
        "SELECT digest, subject, kind, number, signer, used_at FROM kernel_seal_use"
        " WHERE matter = $1 AND visibility = ANY($2::text[]) ORDER BY used_at, name",
        matter,
        list(visibilities),
    )
    return [PaperLine(*row) for row in rows]


async def list_uses_of(tx: Tx, uscc: str, most: int = 100) -> list[SealUse]:
    """Return the newest uses of an organisation's seal; receipts of bids that are not open yet are left out."""
    query = select(SealUse).where(SealUse.uscc == uscc, SealUse.visibility != "sealed")
    return list((await tx.session.execute(query.order_by(SealUse.used_at.desc()).limit(most))).scalars())


async def paper_response(services: Services, use: SealUse) -> Response[bytes]:
    """Return a paper for download under its own name."""
    name = urllib.parse.quote(use.name)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "private, no-store"}
    data = await services.files.get(content_name(use.digest))
    return Response(data, media_type="application/pdf", headers=headers)
