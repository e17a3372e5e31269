import hashlib
import uuid

import pytest

from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, TooEarly
from kernel.files.library import read_file
from tests.factories.trading import at, make_actor, make_evaluated_lot, make_lot, make_planned_lot, set_clock
from trading.documents import MAX_SIZE, access_document, list_documents, upload_document
from trading.notices import publish_notice

PDF = b"%PDF-1.7 the documents"


async def test_a_document_is_known_by_its_digest(tx: Tx) -> None:
    world = await make_lot(tx)

    first = await upload_document(tx, world.agency, world.files, world.lot_id, name="招标文件.pdf", data=PDF)
    second = await upload_document(tx, world.agency, world.files, world.lot_id, name="招标文件.pdf", data=PDF + b"2")

    assert (first.version, second.version) == (1, 2)
    assert first.digest == hashlib.sha256(PDF).digest()
    assert [item.issued_at for item in await list_documents(tx, world.lot_id)] == [None, None]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("", PDF),
        ("招标文件", PDF),
        ("招标文件.exe", b"MZ"),
        ("招标文件.pdf", b"PK\x03\x04"),
        ("清单.xlsx", PDF),
        ("招标文件.pdf", b""),
        ("../招标文件.pdf", PDF),
        ("招标\n文件.pdf", PDF),
        (" 招标文件.pdf", PDF),
        ("长" * 120 + ".pdf", PDF),
        ("大.pdf", b"%PDF-" + bytes(MAX_SIZE)),
    ],
    ids=[
        "no name",
        "no ending",
        "program",
        "zip as pdf",
        "pdf as xlsx",
        "empty",
        "path",
        "line",
        "blank",
        "long",
        "big",
    ],
)
async def test_a_file_that_is_not_what_it_says_is_refused(tx: Tx, name: str, data: bytes) -> None:
    world = await make_lot(tx)

    with pytest.raises(InvalidInput):
        await upload_document(tx, world.agency, world.files, world.lot_id, name=name, data=data)


async def test_only_the_own_parties_upload(tx: Tx) -> None:
    world = await make_lot(tx)

    with pytest.raises(NotFound):
        await upload_document(tx, world.other_agency, world.files, world.lot_id, name="a.pdf", data=PDF)


async def test_after_bidding_nothing_is_uploaded(tx: Tx) -> None:
    world = await make_evaluated_lot(tx)

    with pytest.raises(Conflict):
        await upload_document(tx, world.agency, world.files, world.lot_id, name="a.pdf", data=PDF)


async def test_a_draft_is_read_by_the_own_parties_only(tx: Tx) -> None:
    world = await make_planned_lot(tx)
    (draft,) = await list_documents(tx, world.lot_id)
    supervisor = await make_actor(tx, "supervisor", ("11420000MB1234567X", "监督局"))

    file = await access_document(tx, world.agency, world.holders, world.lot_id, draft.id)

    assert await read_file(world.files, file) == PDF
    for stranger in (world.bidders[0], world.other_agency, supervisor):
        with pytest.raises(NotFound):
            await access_document(tx, stranger, world.holders, world.lot_id, draft.id)


@pytest.mark.parametrize(("local", "readable"), [("2026-07-16 21:59:59.999999", False), ("2026-07-16 22:00", True)])
async def test_holders_read_from_the_hour_that_the_notice_names(tx: Tx, local: str, readable: bool) -> None:
    world = await make_planned_lot(tx)
    await publish_notice(tx, world.agency, world.lot_id)
    (document,) = await list_documents(tx, world.lot_id)
    await set_clock(tx, at(local))

    if readable:
        file = await access_document(tx, world.bidders[0], world.holders, world.lot_id, document.id)
        assert file.digest == document.digest
    else:
        with pytest.raises(TooEarly):
            await access_document(tx, world.bidders[0], world.holders, world.lot_id, document.id)


async def test_who_did_not_register_finds_no_document(tx: Tx) -> None:
    world = await make_planned_lot(tx)
    await publish_notice(tx, world.agency, world.lot_id)
    (document,) = await list_documents(tx, world.lot_id)
    stranger = await make_actor(tx, "bidder", ("91420112MA4KNEW33X", "未登记的公司"))
    await set_clock(tx, at("2026-07-17 10:00"))

    with pytest.raises(NotFound) as strange:
        await access_document(tx, stranger, world.holders, world.lot_id, document.id)
    with pytest.raises(NotFound) as absent:
        await access_document(tx, world.bidders[0], world.holders, world.lot_id, uuid.uuid4())

    assert strange.value.detail == absent.value.detail
