"""Procedures as data: every combination is answered, names what exists, and stays what it was."""

import hashlib
import re
from datetime import date

import pytest
from msgspec.structs import replace

from kernel.db.transaction import Tx
from kernel.errors import InvalidInput
from kernel.parameters.articles import INSTRUMENTS
from portal.law_matrix import read_book
from tests.factories.trading import entries, lot_draft, make_lot, project_draft
from tests.trading.laws import law_of, procedure_of
from trading import criteria, facade
from trading.announcement import NoticeKind
from trading.drafts import Procedure
from trading.procedures import book
from trading.procedures.book import FOLDER, Combination, ProcedureFault, combinations, current, definition_of, of_lot
from trading.procedures.definition import EVENTS, Definition, ProcedureRefused
from trading.slots import CLASSIC, slots_of
from trading.vocabulary import EvaluationMethod, LotKind, Regime, TenderMethod

TODAY = date(2026, 11, 30)
#: The released files. A new rule is a new file: whoever has to change a line here changes running procedures.
RELEASED = {1: "b9374e5147f80ef7", 2: "439346a1df152c53"}
KNOWN = set(NoticeKind)


def defined() -> list[Definition]:
    found = []
    for combination in combinations():
        try:
            found.append(current(combination, TODAY))
        except ProcedureRefused:
            continue
    return found


def test_every_combination_is_complete_or_refused_with_a_reason() -> None:
    refused = []
    for combination in combinations():
        try:
            current(combination, TODAY)
        except ProcedureRefused as error:
            refused.append((combination, error))

    assert all(re.search(r"《.+》第.+条", error.detail) for _, error in refused)
    assert {error.fields[0][0] for _, error in refused} == {"regime", "method"}
    assert len(defined()) == 18
    assert len(refused) == 14
    assert all(
        (item.regime is Regime.GP and item.kind in (LotKind.WORKS, LotKind.DESIGN))
        or (item.method is TenderMethod.INVITED and item.prequalified)
        for item, _ in refused
    )


@pytest.mark.parametrize("procedure", defined(), ids=lambda item: item.code)
def test_a_procedure_names_only_what_exists(procedure: Definition) -> None:
    law, rules = law_of(procedure.regime, TODAY), read_book()

    for limit in procedure.limits():
        assert law.knows(limit), limit
        assert law.row(limit).value > 0
    for rule in (*procedure.dates, *procedure.bonds.returned):
        assert {rule.first, rule.then} <= set(EVENTS)
        assert law.row(rule.limit).is_period, rule.limit
    for variant in procedure.committee.larger:
        assert law.knows(procedure.committee.size, variant)
    for part in ("num", "den"):
        assert law.knows(procedure.committee.experts, part)
    if procedure.threshold:
        assert law.knows("mandatory_contract", procedure.threshold)
    if procedure.price_share:
        assert law.knows("price_share_min", procedure.price_share)
        assert procedure.price_methods
    fields = [field for form in procedure.notices.values() for field in (*form.fields, *form.each)]
    for field in (*fields, *procedure.lot_fields, *procedure.invitation_grounds.values()):
        assert field.rule in rules, field
        assert any(field.basis.startswith(name) for name in INSTRUMENTS), field


@pytest.mark.parametrize("procedure", defined(), ids=lambda item: item.code)
def test_a_procedure_is_complete(procedure: Definition) -> None:
    kinds = {NoticeKind(name) for name in procedure.notices}

    assert kinds >= KNOWN - {NoticeKind.INVITATION, NoticeKind.PREQUALIFICATION, NoticeKind.PREQUALIFICATION_RESULT}
    assert (NoticeKind.INVITATION in kinds) == procedure.is_invited == ("invitees" in procedure.counts)
    assert (NoticeKind.PREQUALIFICATION in kinds) == procedure.prequalified
    assert bool(procedure.invitation_grounds) == procedure.is_invited
    assert all(form.fields and form.title and form.mark for form in procedure.notices.values())
    marks = [form.mark for form in procedure.notices.values()]
    assert len(set(marks)) == len(marks)
    assert set(procedure.evaluation_methods) == set(EvaluationMethod)
    parts = [sorted(part for envelope in way for part in envelope) for way in procedure.envelopes.values()]
    assert parts == [["business", "price", "technical"]] * len(procedure.envelopes)
    assert procedure.opening[0].name == "count"
    assert procedure.date("documents_from", "deadline")
    assert procedure.date("documents_from", "documents_to")
    assert procedure.date("clarified", "deadline")
    if procedure.prequalified:
        assert {rule.first for rule in procedure.dates if rule.then == "prequalification_deadline"}


def test_released_files_never_change() -> None:
    found = {int(path.stem): hashlib.sha256(path.read_bytes()).hexdigest()[:16] for path in FOLDER.glob("*.toml")}

    assert found == RELEASED


async def test_a_lot_keeps_the_version_it_began_under(tx: Tx) -> None:
    world = await make_lot(tx, lot=lot_draft(procedure=Procedure(prequalified=True)))

    lot = await facade.get_lot(tx, world.lot_id)
    (entry,) = await entries(tx, "lot.registered")

    kept = {"code": "ZTB-goods-open-prequalified", "version": 2, "sha256": lot.definition.digest}
    assert lot.procedure["definition"] == entry["facts"]["procedure"]["definition"] == kept
    assert lot.definition is definition_of(Combination(lot.regime, lot.kind, lot.method, True), 2)


def test_a_later_version_only_adds_the_parts_of_a_bid() -> None:
    one, two = (definition_of(Combination(Regime.ZTB, LotKind.WORKS, TenderMethod.OPEN), number) for number in (1, 2))

    assert one.slots == {}
    assert "slots" not in one.described()
    assert two.slots["one"] == tuple(
        replace(slot, hint=shown.hint) for slot, shown in zip(CLASSIC, two.slots["one"], strict=True)
    )
    assert [(slot.name, slot.step) for slot in two.slots["two"]] == [
        ("letter", 1),
        ("business", 1),
        ("technical", 1),
        ("form", 2),
        ("commercial", 2),
    ]
    assert one.described() == {name: value for name, value in two.described().items() if name != "slots"} | {
        "version": 1
    }


async def test_two_envelopes_are_refused_until_they_can_be_carried_through(tx: Tx) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await make_lot(tx, lot=lot_draft(procedure=Procedure(envelopes="two")))

    assert [field for field, _ in refusal.value.fields] == ["envelopes"]


async def test_a_lot_keeps_its_parts_and_whether_the_technical_one_is_blind(
    tx: Tx, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(criteria, "CARRIED_THROUGH", ("one", "two"))
    procedure = Procedure(envelopes="two", blind_technical=True)
    lot = await facade.get_lot(tx, (await make_lot(tx, lot=lot_draft(procedure=procedure))).lot_id)

    assert [slot.name for slot in lot.slots if slot.blind] == ["technical"]
    assert "blind_technical" not in lot.procedure
    assert slots_of({}) == CLASSIC  # what began before parts were data


async def test_a_blind_part_has_to_be_a_part_of_its_own(tx: Tx) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await make_lot(tx, lot=lot_draft(procedure=Procedure(blind_technical=True)))

    assert [field for field, _ in refusal.value.fields] == ["blind_technical"]


def test_a_changed_file_is_a_fault_and_not_a_new_rule() -> None:
    plain = Combination(Regime.ZTB, LotKind.GOODS, TenderMethod.OPEN)
    kept = book.reference(procedure_of())

    assert of_lot(plain, {"definition": kept}) == of_lot(plain, {})
    with pytest.raises(ProcedureFault):
        of_lot(plain, {"definition": kept | {"sha256": "A" * 43}})
    with pytest.raises(ProcedureFault):
        of_lot(plain, {"definition": kept | {"version": 99}})


def test_a_file_with_a_member_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    source = book._file(1)
    monkeypatch.setattr(book, "_file", lambda version: source | {"layer": [*source["layer"], {"no_such_member": 1}]})

    with pytest.raises(ProcedureFault, match="no_such_member"):
        definition_of.__wrapped__(Combination(Regime.ZTB, LotKind.GOODS, TenderMethod.OPEN), 1)


async def test_works_under_the_procurement_law_are_refused_with_the_article(tx: Tx) -> None:
    """R-META-02."""
    with pytest.raises(InvalidInput, match="政府采购法》第四条"):
        await make_lot(tx, project=project_draft(regime=Regime.GP, kind=LotKind.WORKS))


async def test_what_a_regime_does_not_know_is_refused_beside_its_field(tx: Tx) -> None:
    procedure = Procedure(envelopes="three")
    with pytest.raises(InvalidInput) as refusal:
        await make_lot(
            tx,
            project=project_draft(regime=Regime.GP),
            lot=lot_draft(procedure=procedure, price_cap=None, price_method={"method": "P-LOW"}),
        )

    assert {field for field, _ in refusal.value.fields} == {"price_cap", "envelopes"}
