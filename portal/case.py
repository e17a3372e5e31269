"""The case bundle of a lot, assembled from the database: everything the public may have, ready to be verified offline.

Bidding, draws and log each say what they have; here it is put under the names of the bundle. Whatever is not public
stays out: envelopes of files, bids that were not opened, and the signed releases and shares, which hold the secrets of
all slots in one message. Supervision, which may read the bids, gets those too.

Source: `docs/spec/bundle.md`.
"""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bidding.facade import CaseBid, CaseFiles, find_case_files
from kernel.canonical import format_time, jcs
from kernel.db.transaction import Tx
from kernel.drawbook.models import Draw
from kernel.drawbook.transcript import pool_file, transcript
from kernel.errors import Conflict, NotFound, TooEarly
from kernel.files.library import list_files_of
from kernel.files.store import FileStore, content_name
from kernel.log import parse_checkpoint
from kernel.log.reader import checkpoint_of_size, receipt_bundle
from kernel.web.services import Services
from portal.bundle import Part, write_bundle
from portal.case_log import consistency_of, entries_of
from portal.case_readme import readme
from supervision.facade import list_draws_of_inspections
from trading import facade as trading
from trading.lot_view import LotView
from trading.stages import DECIDED
from trading.vocabulary import Stage

NOT_YET = "案卷在定标后公布，请届时再来下载。"
#: Inspections that were planned in this time after the registration are those of the lot's time.
ITS_TIME = timedelta(days=365)
SETTLING = "公开账本正在收录本标段的最新记录，请几秒后再试。"


@dataclass(slots=True)
class Case:
    """Members gathered so far, and the sizes of the log that they prove towards."""

    parts: dict[str, Part] = field(default_factory=dict)
    sizes: set[int] = field(default_factory=set)

    def add(self, name: str, kind: str, content: Any) -> None:
        """Add a member: bytes and texts as they are, anything else in canonical JSON."""
        data = content if isinstance(content, bytes) else content.encode() if isinstance(content, str) else jcs(content)
        self.parts[name] = Part(name, kind, data)

    def proves_towards(self, note: str) -> None:
        """Take note of a checkpoint inside a member: the bundle has to prove that all of them are one log."""
        self.sizes.add(parse_checkpoint(note).size)


@dataclass(frozen=True, slots=True)
class Gathered:
    """A case ready to be written."""

    lot: LotView
    parts: tuple[Part, ...]
    made_at: str
    rehearsal: bool


async def require_case(tx: Tx, lot_id: uuid.UUID) -> LotView:
    """Return the lot if its case is public: from the award on.

    Raises:
        NotFound: no such lot, or its notice is not out.
        Conflict: the lot failed; its bids stay sealed and there is no case.
        TooEarly: it is not awarded.
    """
    lot = await trading.get_lot(tx, lot_id)
    if lot.published_at is None:
        raise NotFound
    stage = lot.came_from if lot.stage is Stage.SUSPENDED else lot.stage
    if stage is Stage.FAILED:
        raise Conflict("本标段招标失败，没有案卷。")
    if stage not in DECIDED:
        raise TooEarly(NOT_YET)
    return lot


async def gather(tx: Tx, services: Services, lot: LotView, *, oversight: bool = False) -> Gathered:
    """Gather the members of a lot's case.

    Args:
        lot: its bids are open; whether it is public is the door's question (`require_case`).
        oversight: for supervision: with the signed releases and shares.

    Raises:
        TooEarly: nothing is open yet, or the log has not taken in the newest entries.
    """
    files = await find_case_files(tx, lot.id)
    if files is None:
        raise TooEarly(NOT_YET)
    case = Case()
    try:
        await _add_log(tx, case, lot, files)
        await _add_bids(tx, case, services.files, files)
        await _add_draws(tx, case, lot)
    except NotFound as error:  # a proof that the log cannot give yet
        raise TooEarly(SETTLING) from error
    if oversight:
        _add_secrets(case, files)
    await _add_documents(tx, case, services.files, lot)
    case.add("log/consistency.json", "consistency", await consistency_of(tx, case.sizes))
    case.add("trust.json", "trust", services.trust)
    case.add("readme.txt", "text", readme(lot, sorted(case.parts), made_at=tx.now, rehearsal=tx.rehearsal))
    return Gathered(lot, tuple(case.parts.values()), format_time(tx.now), tx.rehearsal)


def write_case(gathered: Gathered, services: Services, path: Path) -> None:
    """Write and sign the bundle; for a thread, since it hashes everything twice."""
    with path.open("wb") as out:
        write_bundle(
            out,
            gathered.parts,
            services.platform.sign,
            tender=gathered.lot.tender,
            lot=gathered.lot.number,
            made_at=gathered.made_at,
            rehearsal=gathered.rehearsal,
        )


async def _add_log(tx: Tx, case: Case, lot: LotView, files: CaseFiles) -> None:
    entries = await entries_of(tx, (lot.project_id, lot.id))
    case.add("log/entries.json", "entries", entries)
    case.proves_towards(entries["checkpoint"])
    deadline = await checkpoint_of_size(tx, files.deadline_size)
    case.add(f"log/{deadline.size}.note", "checkpoint", deadline.note)
    if deadline.tst is not None:
        case.add(f"log/{deadline.size}.tst", "timestamp", deadline.tst)
    case.proves_towards(deadline.note)


async def _add_bids(tx: Tx, case: Case, store: FileStore, files: CaseFiles) -> None:
    (tender, number) = (files.keyset["tender"], files.keyset["lot"])
    close = {"v": 1, "type": "bid.close-list", "tender": tender, "lot": number, "rows": files.close}
    case.add("lot/keyset.json", "keyset", files.keyset)
    case.add("lot/close.json", "close", close)
    case.add("lot/opening.json", "opening", files.table)
    for bid in files.bids:
        receipt = await receipt_bundle(tx, bid.entry_id, bid.receipt)
        case.add(f"bids/{bid.no}/receipt.json", "receipt", receipt)
        case.proves_towards(receipt["checkpoint"])
        case.add(f"bids/{bid.no}/submission.jws", "submission", bid.submission)
        for at, token in enumerate(bid.consents, 1):
            case.add(f"bids/{bid.no}/consent-{at}.jws", "consent", token)
        if bid.form is not None:
            case.add(f"bids/{bid.no}/form.sbe", "envelope", await _envelope(store, bid))


async def _envelope(store: FileStore, bid: CaseBid) -> bytes:
    assert bid.form is not None
    return bid.form.raw_head + b"".join([await store.get(name) for name in bid.form.objects])


def _add_secrets(case: Case, files: CaseFiles) -> None:
    for bid in files.bids:
        for at, token in enumerate(bid.releases, 1):
            case.add(f"bids/{bid.no}/release{'' if at == 1 else f'-{at}'}.jws", "release", token)
    for i, token in files.shares:
        case.add(f"trustees/{i}.jws", "share", token)


async def _add_draws(tx: Tx, case: Case, lot: LotView) -> None:
    """Add the draws of the lot, and those of the inspections of its time: objects and inspectors by the same rule."""
    query = select(Draw.id).where(Draw.subject == lot.id, Draw.state == "drawn").order_by(Draw.spec_entry)
    own = list((await tx.session.execute(query)).scalars())
    until = lot.registered_at + ITS_TIME
    for draw_id in [*own, *await list_draws_of_inspections(tx, since=lot.registered_at, until=until)]:
        played = await transcript(tx, draw_id)
        case.proves_towards(played["checkpoint"])
        case.add(f"draws/{draw_id}/transcript.json", "transcript", played)
        case.add(f"draws/{draw_id}/pool.json", "pool", await pool_file(tx, draw_id))


async def _add_documents(tx: Tx, case: Case, store: FileStore, lot: LotView) -> None:
    """Add the official papers of the lot: whatever PDF anybody may read."""
    found = [
        file
        for file in await list_files_of(tx, lot.id)
        if file.access in ("public", "trading.notice") and file.media_type == "application/pdf"
    ]
    for number, file in enumerate(found, 1):
        case.add(f"documents/{number:02}.pdf", "document", await store.get(content_name(file.digest)))
