"""The party library: history of names, roles with their time, one registration, encrypted people, merges by two."""

import json
import logging
import uuid

import pytest
from sqlalchemy import text

from kernel.codes import citizen_check_char, uscc_check_char
from kernel.crypto import CryptoError
from kernel.db.transaction import Tx
from kernel.errors import Conflict, InvalidInput, NotFound, NotPermitted
from kernel.files.store import memory_store
from kernel.identity.access import list_access
from kernel.identity.accounts import create_account, ensure_organisation
from kernel.identity.actor import Actor
from kernel.identity.sessions import actor_of
from kernel.papers.issuing import Paper, enter_use
from kernel.parties import library, merging, organisations, persons, registering
from kernel.parties.fields import FieldCipher, masked_id_number, masked_phone
from kernel.parties.registration_form import FIELDS, find_lacks
from kernel.person_numbers import read_id_number, read_phone
from kernel.web.seal import Sealed

CIPHER = FieldCipher(b"k" * 32)
ID_NUMBER = "42108319900307001" + citizen_check_char("42108319900307001")
PHONE = "13812345678"
BANK = "1705020409200012345"
VALUES = {
    "contact_name": "周明远",
    "contact_id_number": ID_NUMBER,
    "contact_phone": PHONE,
    "email": "zhou@example.cn",
    "address": "湖北省荆州市洪湖市文泉大道 1 号",
    "postcode": "433200",
    "bank_name": "示例银行洪湖支行",
    "bank_account": BANK,
    "promise": "yes",
}


def code(number: int) -> str:
    stem = f"91421083MA4{number:06d}"
    return stem + uscc_check_char(stem)


async def somebody(tx: Tx, number: int, name: str = "江南（洪湖）科技有限公司", role: str = "bidder") -> Actor:
    organisation = await ensure_organisation(tx, uscc=code(number), name=name, source="licence")
    account = await create_account(
        tx, login=f"party-{number}-{role}", display_name="周明远", roles=[role], organisation_id=organisation.id
    )
    return await actor_of(tx, account)


async def entries(tx: Tx, kind: str) -> list[dict]:
    rows = await tx.session.execute(text("SELECT detail FROM audit_entry WHERE type = :k ORDER BY id"), {"k": kind})
    return [row.detail["facts"] for row in rows]


async def registered(tx: Tx, actor: Actor) -> None:
    await registering.add_document(tx, actor, memory_store(), "bank_proof", "账户.pdf", b"%PDF-1.7 x")
    await registering.complete_registration(tx, actor, CIPHER, VALUES)


# Names and roles.


async def test_a_new_certified_name_begins_a_new_row_of_the_history(tx):
    actor = await somebody(tx, 1)

    changed = await organisations.note_certified(tx, actor, actor.organisation_id, name="江北（洪湖）科技有限公司")

    names = await organisations.list_names(tx, actor.organisation_id)
    assert changed
    assert [(one.name, one.until is None) for one in names] == [
        ("江北（洪湖）科技有限公司", True),
        ("江南（洪湖）科技有限公司", False),
    ]
    assert (await organisations.get_organisation(tx, actor.organisation_id)).name == "江北（洪湖）科技有限公司"
    (entry,) = await entries(tx, "organisation.renamed")
    assert entry["before"]["name"] == "江南（洪湖）科技有限公司"


async def test_another_legal_representative_begins_a_new_row_and_an_unnamed_one_changes_nothing(tx):
    actor = await somebody(tx, 2)
    name = "江南（洪湖）科技有限公司"

    first = await organisations.note_certified(
        tx, actor, actor.organisation_id, name=name, legal_representative="周明远"
    )
    silent = await organisations.note_certified(tx, actor, actor.organisation_id, name=name)

    assert (first, silent) == (True, False)
    names = await organisations.list_names(tx, actor.organisation_id)
    assert [one.legal_representative for one in names] == ["周明远", ""]


async def test_a_certified_name_that_differs_in_width_only_is_no_other_name(tx):
    actor = await somebody(tx, 3)

    assert not await organisations.note_certified(tx, actor, actor.organisation_id, name="江南(洪湖) 科技有限公司")
    assert len(await organisations.list_names(tx, actor.organisation_id)) == 1


async def test_a_role_has_a_beginning_an_end_and_somebody_who_granted_it(tx):
    actor = await somebody(tx, 4)
    staff = await somebody(tx, 5, "洪湖市公共资源交易中心", role="centre")

    assert await organisations.grant_role(tx, staff, actor.organisation_id, "agency")
    assert not await organisations.grant_role(tx, staff, actor.organisation_id, "agency")
    await organisations.end_role(tx, staff, actor.organisation_id, "agency", "委托业务终止")

    (role,) = await organisations.list_roles(tx, actor.organisation_id)
    assert (role.role, role.granted_by, role.reason) == ("agency", "洪湖市公共资源交易中心 周明远", "委托业务终止")
    assert role.until is not None
    with pytest.raises(Conflict):
        await organisations.end_role(tx, staff, actor.organisation_id, "agency", "再次")
    assert len(await entries(tx, "organisation.role-ended")) == 1


async def test_a_role_is_not_ended_without_a_reason(tx):
    actor = await somebody(tx, 6)
    await organisations.grant_role(tx, actor, actor.organisation_id, "bidder")

    with pytest.raises(InvalidInput):
        await organisations.end_role(tx, actor, actor.organisation_id, "bidder", " ")


async def test_staff_enter_a_code_as_typed_and_the_name_on_record(tx):
    staff = await somebody(tx, 7, "洪湖市公共资源交易中心", role="centre")
    name = "江南（洪湖）科技有限公司"

    made = await organisations.enter_organisation(tx, staff, uscc=code(8).lower(), name=name, roles=["agency"])

    assert (await organisations.get_organisation(tx, made)).uscc == code(8)
    assert await organisations.enter_organisation(tx, staff, uscc=code(8), name=name, roles=["agency"]) == made
    assert [role.role for role in await organisations.list_roles(tx, made)] == ["agency"]
    for typed, word in (("江南(洪湖)科技有限公司", "全角"), ("江北科技有限公司", "不一致")):
        with pytest.raises(InvalidInput) as refused:
            await organisations.enter_organisation(tx, staff, uscc=code(8), name=typed)
        assert word in refused.value.detail
        assert refused.value.fields[0][0] == "organisation"
    with pytest.raises(InvalidInput) as refused:
        await organisations.enter_organisation(tx, staff, uscc="420000000012345", name=name)
    assert refused.value.extra["reason"] == "old-number"


# Registration.


async def test_an_unfinished_registration_takes_part_in_nothing(tx):
    actor = await somebody(tx, 10)

    with pytest.raises(registering.RegistrationIncomplete) as refused:
        await registering.require_registered(tx, actor.organisation_id)
    assert refused.value.extra["where"] == "/registration"

    await registered(tx, actor)
    await registering.require_registered(tx, actor.organisation_id)


async def test_all_that_is_missing_is_told_at_once(tx):
    actor = await somebody(tx, 11)

    with pytest.raises(InvalidInput) as refused:
        await registering.complete_registration(tx, actor, CIPHER, {"contact_id_number": "123"})

    told = [field for field, _ in refused.value.fields]
    wanted = [name for name, (_, _, optional) in FIELDS.items() if not optional or name == "contact_id_number"]
    assert told == [*wanted, "bank_proof", "promise"]


@pytest.mark.parametrize(
    "field, typed, word",
    [
        ("contact_id_number", "421083900307001", "15 位"),
        ("contact_id_number", "4210831990030700", "18 位"),
        ("contact_id_number", ID_NUMBER[:17] + ("0" if ID_NUMBER[17] != "0" else "1"), "校验码"),
        ("contact_id_number", "42108319901307001" + citizen_check_char("42108319901307001"), "出生日期"),
        ("contact_id_number", "4210831990O307001X", "前 17 位"),
        ("contact_phone", "12345", "手机号码"),
        ("email", "nobody", "电子邮箱"),
        ("postcode", "43320", "6 位"),
        ("bank_account", "62-abc", "账号"),
        ("address", "这里", "地址"),
    ],
)
def test_each_wrong_field_says_what_is_wrong(field, typed, word):
    lacks = find_lacks({**VALUES, field: typed}, {"bank_proof"})

    assert [lack.field for lack in lacks] == [field]
    assert word in lacks[0].message


def test_full_width_numbers_are_read():
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in ID_NUMBER)

    assert read_id_number(wide) == ID_NUMBER
    assert read_id_number("11010519491231002x") == "11010519491231002X"  # GB 11643-1999, annex
    assert read_phone("１３８１２３４５６７８") == PHONE


async def test_a_draft_survives_and_is_gone_when_the_registration_is_complete(tx):
    actor = await somebody(tx, 12)

    await registering.save_draft(tx, actor, CIPHER, {"contact_name": "周明远", "bad": "x", "_csrf": "y"})
    await registering.save_draft(tx, actor, CIPHER, {"contact_phone": "123"})

    draft = await registering.read_draft(tx, CIPHER, actor.organisation_id)
    assert draft == {"contact_name": "周明远", "contact_phone": "123"}
    await registered(tx, actor)
    assert await registering.read_draft(tx, CIPHER, actor.organisation_id) == {}


async def test_a_newer_document_ends_the_one_before_and_both_stay(tx):
    actor, files = await somebody(tx, 13), memory_store()

    await registering.add_document(tx, actor, files, "bank_proof", "旧.pdf", b"%PDF-1.7 old")
    await registering.add_document(tx, actor, files, "bank_proof", "新.pdf", b"%PDF-1.7 new")

    present = await registering.list_documents(tx, actor.organisation_id)
    everything = await registering.list_documents(tx, actor.organisation_id, ended=True)
    assert [one.name for one in present] == ["新.pdf"]
    assert sorted(one.name for one in everything) == ["新.pdf", "旧.pdf"]
    stranger = await somebody(tx, 14)
    with pytest.raises(NotFound):
        await registering.find_document(tx, stranger.organisation_id, present[0].id)


@pytest.mark.parametrize("data", [b"", b"MZ program", b"%PDF-" + b"x" * registering.MAX_DOCUMENT])
async def test_empty_foreign_and_huge_documents_are_refused(tx, data):
    actor = await somebody(tx, 15)

    with pytest.raises(InvalidInput) as refused:
        await registering.add_document(tx, actor, memory_store(), "bank_proof", "x", data)

    assert refused.value.fields[0][0] == "bank_proof"


# People.


def test_masks_keep_little():
    assert masked_id_number(ID_NUMBER) == ID_NUMBER[:3] + "*" * 13 + ID_NUMBER[-2:]
    assert masked_phone(PHONE) == "138****5678"
    assert masked_phone("1234") == "****"


def test_a_ciphertext_opens_in_its_own_row_and_field_only():
    row, other = uuid.uuid4(), uuid.uuid4()
    sealed = CIPHER.seal(row, "person.phone", PHONE)

    assert CIPHER.open(row, "person.phone", sealed) == PHONE
    assert sealed != CIPHER.seal(row, "person.phone", PHONE)
    for where in ((other, "person.phone"), (row, "person.id_number")):
        with pytest.raises(CryptoError):
            CIPHER.open(*where, sealed)
    with pytest.raises(CryptoError):
        FieldCipher(b"l" * 32).open(row, "person.phone", sealed)


async def test_looking_in_clear_needs_a_reason_and_is_on_record_for_the_person_and_the_auditor(tx):
    """Source: R-SEC-14"""
    staff = await somebody(tx, 20, "洪湖市公共资源交易中心", role="centre")
    person = await persons.register_person(tx, CIPHER, name="周明远", id_number=ID_NUMBER, phone=PHONE)

    with pytest.raises(InvalidInput):
        await persons.unmask(tx, staff, CIPHER, person, "id_number", " 看 ")
    assert await persons.list_unmaskings(tx, [person]) == []
    shown = await persons.unmask(tx, staff, CIPHER, person, "id_number", "核对保证金退还的收款人")

    assert shown == ID_NUMBER
    (seen,) = await persons.list_unmaskings(tx, [person])
    assert (seen.reason, seen.by) == ("核对保证金退还的收款人", "洪湖市公共资源交易中心 周明远")
    (entry,) = await entries(tx, "person.unmasked")
    assert entry["person"] == str(person)
    assert ID_NUMBER not in json.dumps(entry)
    await tx.session.flush()
    (line,) = await list_access(tx, kinds=["unmasked"])
    masked = f"周**，公民身份号码 {masked_id_number(ID_NUMBER)}；核对保证金退还的收款人"
    assert (line.login, line.name, line.act, line.reason) == (
        staff.login,
        "周明远",
        "person.unmask id_number",
        masked,
    )
    assert line.at is not None


async def test_an_unmasking_can_be_neither_changed_nor_deleted(tx):
    staff = await somebody(tx, 21, role="centre")
    person = await persons.register_person(tx, CIPHER, name="周明远", id_number=ID_NUMBER)
    await persons.unmask(tx, staff, CIPHER, person, "id_number", "核对身份")
    await tx.session.flush()

    for statement in ("DELETE FROM identity_unmasking", "UPDATE identity_unmasking SET reason = ''"):
        with pytest.raises(Exception, match=r"permission denied|append-only"):
            async with tx.session.begin_nested():
                await tx.session.execute(text(statement))


async def test_no_clear_number_is_in_any_table_log_entry_or_log_line(tx, caplog):
    """Source: R-SEC-14"""
    caplog.set_level(logging.DEBUG)
    actor = await somebody(tx, 22)
    staff = await somebody(tx, 23, "交易中心", role="centre")
    await registering.save_draft(tx, actor, CIPHER, VALUES)
    await registered(tx, actor)
    await registering.save_draft(tx, actor, CIPHER, VALUES)
    (contact,) = await registering.list_contacts(tx, CIPHER, actor.organisation_id)
    await persons.unmask(tx, staff, CIPHER, contact.id, "phone", "开标前联系供应商")
    await tx.session.flush()

    dump = await exported(tx)

    assert "周明远" in dump, "the export does hold what is not protected"
    assert "organisation.registered" in dump
    for secret in (ID_NUMBER, PHONE, BANK):
        for spelling in (secret, secret.encode().hex()):
            assert spelling not in dump
            assert spelling not in caplog.text
    assert contact.phone == "138****5678"


async def exported(tx: Tx) -> str:
    """Every row of every table that the portal reads, as text; bytes as hex, as pg_dump writes them."""
    names = (
        await tx.session.execute(
            text(
                "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE"
                " n.nspname = 'public' AND c.relkind = 'r' AND has_table_privilege(c.oid, 'SELECT') ORDER BY 1"
            )
        )
    ).scalars()
    lines = []
    for name in list(names):
        rows = await tx.session.execute(text(f'SELECT t::text FROM "{name}" t'))
        lines += [f"{name} {row}" for row in rows.scalars()]
    return "\n".join(lines)


# Merging.


async def test_likely_doubles_are_found_by_name_and_by_number(tx):
    one = await somebody(tx, 30, "华中（洪湖）建设有限公司")
    two = await somebody(tx, 31, "华中(洪湖)建设有限责任公司")
    await somebody(tx, 32, "华东建设有限公司")
    people = [await persons.register_person(tx, CIPHER, name="李一", id_number=ID_NUMBER) for _ in range(2)]
    await tx.session.flush()

    found = await merging.list_duplicates(tx)

    pairs = {(pair.why, frozenset((pair.first, pair.second))) for pair in found}
    assert ("name", frozenset((one.organisation_id, two.organisation_id))) in pairs
    assert ("number", frozenset(people)) in pairs
    assert len(pairs) == 2


async def test_the_same_code_in_another_spelling_is_found(tx):
    one = await somebody(tx, 33, "甲公司")
    other = uuid.uuid4()
    await tx.session.execute(
        text("INSERT INTO identity_organisation (id, uscc, name, created_at) VALUES (:i, :u, '乙公司', :t)"),
        {"i": other, "u": code(33).lower(), "t": tx.now},
    )

    found = await merging.list_duplicates(tx)

    assert [(pair.why, {pair.first, pair.second}) for pair in found] == [("code", {one.organisation_id, other})]


async def test_a_merge_takes_two_people_and_deletes_nothing(tx):
    old, new = await somebody(tx, 34, "老名字有限公司"), await somebody(tx, 35, "新名字有限公司")
    first, second = await somebody(tx, 36, "中心", role="centre"), await somebody(tx, 37, "中心二", role="centre")
    await registered(tx, old)
    await organisations.grant_role(tx, first, old.organisation_id, "agency")
    before = (await tx.session.execute(text("SELECT count(*) FROM identity_organisation"))).scalar_one()

    merge = await merging.ask_merge(
        tx, first, kind="organisation", from_id=old.organisation_id, into_id=new.organisation_id, reason="换发代码"
    )
    with pytest.raises(NotPermitted):
        await merging.decide_merge(tx, first, merge, approved=True)
    await merging.decide_merge(tx, second, merge, approved=True)

    assert (await organisations.get_organisation(tx, old.organisation_id)).merged_into == new.organisation_id
    assert (await tx.session.execute(text("SELECT count(*) FROM identity_organisation"))).scalar_one() == before
    roles = await organisations.list_roles(tx, new.organisation_id)
    assert [(role.role, role.until) for role in roles] == [("agency", None)]
    assert {one.name for one in await organisations.list_names(tx, new.organisation_id)} == {
        "老名字有限公司",
        "新名字有限公司",
    }
    with pytest.raises(registering.RegistrationIncomplete):
        await registering.require_registered(tx, old.organisation_id)
    with pytest.raises(Conflict):
        await merging.decide_merge(tx, second, merge, approved=True)
    assert [entry["reason"] for entry in await entries(tx, "party.merged")] == ["换发代码"]


async def test_a_refused_merge_changes_nothing(tx):
    old, new = await somebody(tx, 38), await somebody(tx, 39)
    first, second = await somebody(tx, 40, "中心", role="centre"), await somebody(tx, 41, "中心二", role="centre")
    merge = await merging.ask_merge(
        tx, first, kind="organisation", from_id=old.organisation_id, into_id=new.organisation_id, reason="名称相近"
    )

    await merging.decide_merge(tx, second, merge, approved=False)

    assert (await organisations.get_organisation(tx, old.organisation_id)).merged_into is None
    assert len(await entries(tx, "party.merge-refused")) == 1


@pytest.mark.parametrize("reason", ["", " 同 "])
async def test_a_merge_needs_a_reason(tx, reason):
    old, new = await somebody(tx, 42), await somebody(tx, 43)

    with pytest.raises(InvalidInput):
        await merging.ask_merge(
            tx, old, kind="organisation", from_id=old.organisation_id, into_id=new.organisation_id, reason=reason
        )


async def test_a_claim_that_differs_from_the_certified_name_is_refused(tx):
    certified = await ensure_organisation(tx, uscc=code(61), name="江南（洪湖）科技有限公司", source="licence")

    for claim in ("江南(洪湖)科技有限公司", " 江南（洪湖）科技有限公司"):  # widths and blanks are no other name
        assert (await ensure_organisation(tx, uscc=code(61), name=claim)).id == certified.id
    with pytest.raises(InvalidInput) as refusal:
        await ensure_organisation(tx, uscc=code(61), name="江北（洪湖）科技有限公司")
    assert [field for field, _ in refusal.value.fields] == ["name"]
    assert certified.name == "江南（洪湖）科技有限公司"


async def test_what_staff_wrote_gives_way_to_the_licence_and_is_certified_by_it(tx):
    claimed = await ensure_organisation(tx, uscc=code(62), name="随手写的名称")
    assert (await ensure_organisation(tx, uscc=code(62), name="另一个随手写的名称")).id == claimed.id
    staff = await somebody(tx, 63, "洪湖市公共资源交易中心", role="centre")

    assert await organisations.note_certified(tx, staff, claimed.id, name="江南（洪湖）科技有限公司")
    assert claimed.name == "江南（洪湖）科技有限公司"
    with pytest.raises(InvalidInput):
        await ensure_organisation(tx, uscc=code(62), name="随手写的名称")

    # The licence says what staff wrote: nothing changes but that it is certified now.
    right = await ensure_organisation(tx, uscc=code(64), name="江西（洪湖）科技有限公司")
    assert not await organisations.note_certified(tx, staff, right.id, name="江西（洪湖）科技有限公司")
    with pytest.raises(InvalidInput):
        await ensure_organisation(tx, uscc=code(64), name="江北（洪湖）科技有限公司")


async def test_a_seal_is_shown_as_it_was_used_and_closed_uses_are_not_counted(tx: Tx):
    actor = await somebody(tx, 71, role="centre")
    matter = uuid.uuid4()

    async def use(name: str, visibility: str) -> bytes:
        paper = Paper(
            subject=uuid.uuid4(),
            kind="回执",
            number="",
            name=name,
            template="",
            page=None,
            signer=("江南（洪湖）科技有限公司", code(71)),
            access="public",
            matter=matter,
            at=tx.now,
            twins=(),
            visibility=visibility,
        )
        return (await enter_use(tx, paper, Sealed(name.encode(), b"c" * 32, stamped=False))).digest

    assert actor.organisation_id is not None
    assert await library.find_seal(tx, code(71)) is None
    await use("回执.pdf", "sealed")
    assert await library.find_seal(tx, code(71)) is None
    public = await use("公告.pdf", "public")
    before = await library.find_seal(tx, code(71))
    await tx.session.execute(text("INSERT INTO kernel_unsealed VALUES (:m, :at)"), {"m": matter, "at": tx.now})
    after = await library.find_seal(tx, code(71))

    assert before is not None
    assert (before.fingerprint, before.document, before.uses) == ((b"c" * 32).hex(), public.hex(), 1)
    assert after is not None
    assert after.uses == 2
