"""The `law` command: what it answers, and what it refuses."""

import argparse
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.parameters.seed import SEED
from portal import law


def ask(capsys, *words: str) -> dict[str, str]:
    code = law.main([*words, "--json"])
    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    return json.loads(out)


def refuse(capsys, *words: str) -> str:
    try:
        code = law.main(words)
    except SystemExit as exit_:
        code = int(str(exit_.code))
    out, err = capsys.readouterr()
    assert code in (1, 2)
    assert out == ""
    assert err.count("\n") == 1
    assert err.endswith("。\n")
    assert "Traceback" not in err
    return err


# Source: issue 2 section 4.5; rules.md section 14 (TV-01, TV-04, TV-05, TV-07, TV-27).
@pytest.mark.parametrize(
    ("words", "raw", "date"),
    [
        ("candidate_publicity --from 2025-09-30", "2025-10-03", "2025-10-09"),
        ("candidate_publicity --from 2025-09-26", "2025-09-29", "2025-09-29"),
        ("candidate_publicity --from 2024-02-07", "2024-02-10", "2024-02-18"),
        ("candidate_publicity --from 2026-02-12", "2026-02-15", "2026-02-24"),
        ("contract --from 2026-01-20", "2026-02-19", "2026-02-24"),
        ("contract --from 2026-01-20 --regime GP", "2026-02-19", "2026-02-24"),
        ("bid_prepare --from 2025-09-11", "2025-10-01", "2025-10-09"),
        ("bid_prepare --from 2026-01-28 --regime ZTB", "2026-02-17", "2026-02-24"),
        ("object_doc --before 2025-06-30", "2025-06-20", "2025-06-20"),
        ("object_prequal --before 2026-03-10", "2026-03-08", "2026-03-08"),
        ("clarify_bid --before 2025-06-21", "2025-06-06", "2025-06-06"),
        ("answer_objection --from 2025-04-02", "2025-04-05", "2025-04-07"),
        ("remote_handover --from 2026-09-30", "2026-10-13", "2026-10-13"),
        ("remote_handover --from 2026-09-30 --regime GP", "2026-10-13", "2026-10-13"),
        ("award_meeting --from 2026-02-24", "2026-03-02", "2026-03-02"),
        ("doc_supply --from 2026-02-12", "2026-02-26", "2026-02-26"),
        ("complaint --from 2025-06-02 --regime GP", "2025-06-23", "2025-06-23"),
        (
            "hubei_expert_draw --before 2026-08-06T14:00",
            "2026-08-05T14:00:00+08:00",
            "2026-08-05T14:00:00+08:00",
        ),
        (
            "hubei_expert_draw --before 2026-08-06T06:00:00Z --variant ministry_pool",
            "2026-08-03T14:00:00+08:00",
            "2026-08-03T14:00:00+08:00",
        ),
        ("remote_repair_during --from 2026-08-06T22:30", "2026-08-07T02:30:00+08:00", "2026-08-07T02:30:00+08:00"),
    ],
)
def test_dates_of_the_worked_examples(capsys, words, raw, date):
    answer = ask(capsys, "date", *words.split())

    assert (answer["raw"], answer["date"]) == (raw, date)
    assert answer["basis"]
    assert answer["unit"] in ("cd", "wd", "h")


def test_the_answer_for_people_tells_the_way_and_the_article(capsys):
    assert law.main(["date", "candidate_publicity", "--from", "2025-09-30"]) == 0

    first, *rest = capsys.readouterr().out.splitlines()
    assert first == "2025-10-09（星期四）"
    text = "\n".join(rest)
    assert "2025-10-03（星期五）" in text
    assert "顺延" in text
    assert "《中华人民共和国招标投标法实施条例》第五十四条" in text
    assert "《中华人民共和国民法典》第二百零一条、第二百零三条" in text


def test_an_unrolled_answer_does_not_speak_of_rolling_over(capsys):
    assert law.main(["date", "candidate_publicity", "--from", "2025-09-26"]) == 0

    assert "第二百零三条" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "amount", "basis"),
    [
        ("bid_bond_cap --amount 12345678.90 --kind works", "246913.57", "条例26"),
        ("bid_bond_cap --amount 12345678.90 --kind goods", "246913.57", "条例26"),
        ("bid_bond_cap --amount 12345678.90 --kind design", "100000.00", "2号令24"),
        ("bid_bond_cap --amount 40000000 --kind works", "800000.00", "条例26"),
        ("bid_bond_cap --amount 40000000.01 --kind works", "800000.00", "30号令37"),
        ("bid_bond_cap --amount 39999999.99 --kind goods", "799999.99", "条例26"),
        ("bid_bond_cap --amount 5000000 --kind design", "100000.00", "条例26"),
        ("bid_bond_cap --amount 0.99 --kind works", "0.01", "条例26"),
        ("bid_bond_cap --amount 123456789012345.67 --regime GP", "2469135780246.91", "采购条例33"),
        ("perf_bond_cap --amount 12345678.90", "1234567.89", "条例58"),
        ("perf_bond_cap --amount 12345678.99", "1234567.89", "条例58"),
        ("perf_bond_cap --amount 12345678.9 --regime GP", "1234567.89", "采购条例48"),
    ],
)
def test_caps_are_truncated_to_the_fen(capsys, words, amount, basis):
    answer = ask(capsys, "cap", *words.split())

    assert answer["amount"] == amount
    assert basis in answer["basis"]


@given(fen=st.integers(1, 10**15), kind=st.sampled_from(law.KINDS))
def test_a_cap_never_exceeds_the_law_and_misses_it_by_less_than_a_fen(fen, kind):
    answer = law.answer_cap("bid_bond_cap", "ZTB", f"{fen // 100}.{fen % 100:02}", kind).data
    assert isinstance(answer, dict)
    whole, _, part = str(answer["amount"]).partition(".")
    cap = int(whole) * 100 + int(part)
    ceiling = 100_000_00 if kind == "design" else 800_000_00

    assert cap == min(fen * 2 // 100, ceiling)


@pytest.mark.parametrize(
    ("words", "about"),
    [
        ("date nothing --from 2025-01-01", "nothing"),
        ("date min_bidders --from 2025-01-01", "不是期限"),
        ("date max_candidates --from 2025-01-01", "不是期限"),
        ("date bid_bond_cap --from 2025-01-01", "不是期限"),
        ("date keep_files_years --from 2025-01-01", "2040年"),
        ("date contract --from 2027-01-01", "2027年"),
        ("date contract --from 2026-12-15", "2027年"),
        ("date contract --from 2023-12-25", "2023年"),
        ("date object_doc --before 2027-01-03", "2027年"),
        ("date object_doc --before 2024-01-03", "2023年"),
        ("date hubei_expert_draw --before 2027-01-01T10:00", "2027年"),
        ("date contract --from 9999-12-31", "9999年"),
        ("date contract --from 0001-01-01", "0001-01-01"),
        ("date contract --from 2025-02-30", "2025-02-30"),
        ("date contract --from 20250930", "20250930"),
        ("date contract --from 2025-W40-2", "2025-W40-2"),
        ("date contract --from ２０２５-09-30", "有效的日期"),
        ("date contract --from 2025-9-30", "有效的日期"),
        ("date contract --from 2025-09-30T10:00", "只给日期"),
        ("date contract --from 2025-09-30T25:00", "有效的日期"),
        ("date contract", "--from"),
        ("date contract --from 2025-01-02 --before 2025-02-01", "只能给一个"),
        ("date contract --before 2025-02-01", "请用 --from"),
        ("date bid_prepare --before 2025-02-01", "请用 --from"),
        ("date object_doc --from 2025-02-01", "请用 --before"),
        ("date hubei_expert_draw --from 2025-02-01T10:00", "请用 --before"),
        ("date hubei_expert_draw --before 2025-02-01", "时刻"),
        ("date hubei_expert_draw --before 2025-02-01T10:00 --variant nobody", "ministry_pool"),
        ("date contract --from 2025-02-01 --regime XX", "XX"),
        ("date question --from 2025-02-01 --regime ZTB", "只适用于GP"),
        ("date doc_sale --from 2025-02-01 --regime GP", "只适用于ZTB"),
        ("date", "key"),
        ("date contract --form 2025-02-01", "--form"),
        ("date contract --from", "--from"),
        ("cap bid_bond_cap --amount 100", "--kind"),
        ("cap bid_bond_cap --amount 100 --kind services", "services"),
        ("cap bid_bond_cap --kind works", "--amount"),
        ("cap min_bidders --amount 100", "不是金额上限"),
        ("cap nothing --amount 100", "不是金额上限"),
        ("cap perf_bond_cap --amount 0", "大于零"),
        ("cap perf_bond_cap --amount 0.00", "大于零"),
        ("cap perf_bond_cap --amount -5", "-5"),
        ("cap perf_bond_cap --amount -5e3", "--amount"),
        ("cap perf_bond_cap --amount NaN", "NaN"),
        ("cap perf_bond_cap --amount Infinity", "Infinity"),
        ("cap perf_bond_cap --amount 1e6", "1e6"),
        ("cap perf_bond_cap --amount 1.234", "1.234"),
        ("cap perf_bond_cap --amount 1,000.00", "1,000.00"),
        ("cap perf_bond_cap --amount １００", "有效的金额"),
        ("cap perf_bond_cap --amount 1_000", "1_000"),
        ("cap perf_bond_cap --amount 5.", "5."),
        ("cap perf_bond_cap --amount 9999999999999999", "有效的金额"),
        ("cap perf_bond_cap --amount 100 --regime SUPERVISION", "只适用于"),
        ("list --regime YY", "YY"),
        ("guess", "guess"),
        ("", "date"),
    ],
)
def test_what_the_law_does_not_answer_is_refused_in_one_sentence(capsys, words, about):
    assert about in refuse(capsys, *words.split())


def test_the_list_shows_every_row(capsys):
    assert law.main(["list"]) == 0
    text = capsys.readouterr().out
    assert law.main(["list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)

    assert len(text.splitlines()) == len(rows) == len(SEED)
    assert {row["key"] for row in rows} == {row.key for row in SEED}


@pytest.mark.parametrize(
    "row", [row for row in SEED if row.unit.value in ("cd", "wd", "h")], ids=lambda r: f"{r.regime}-{r.key}-{r.variant}"
)
def test_every_period_is_answered_in_its_own_direction_only(capsys, row):
    moment = "2025-06-04T10:00" if row.unit.value == "h" else "2025-06-04"
    right, wrong = ("--before", "--from") if row.direction.is_backward else ("--from", "--before")
    common = ["date", row.key, "--regime", row.regime, "--variant", row.variant]

    answer = ask(capsys, *common, right, moment)

    assert (answer["date"] < moment) == row.direction.is_backward
    assert wrong != right
    assert f"请用 {right}" in refuse(capsys, *common, wrong, moment)


def test_it_fits_into_a_larger_table_of_commands(capsys):
    parser = argparse.ArgumentParser()
    law.register(parser.add_subparsers())

    arguments = parser.parse_args(["law", "date", "contract", "--from", "2026-01-20", "--json"])

    assert arguments.run(arguments) == 0
    assert json.loads(capsys.readouterr().out)["date"] == "2026-02-24"


def test_it_needs_pure_modules_only():
    code = (
        "import sys, portal.law as law; law.main(['date', 'contract', '--from', '2026-01-20']);"
        "ours = {m for m in sys.modules if m.partition('.')[0] in"
        " ('sqlalchemy', 'asyncpg', 'litestar', 'Crypto', 'cryptography', 'kernel', 'trading', 'bidding')};"
        "print(*sorted(ours - {'kernel'}))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1].split() == [
        "kernel.canonical",
        "kernel.clock",
        "kernel.errors",
        "kernel.holidays",
        "kernel.money",
        "kernel.parameters",
        "kernel.parameters.articles",
        "kernel.parameters.law",
        "kernel.parameters.seed",
        "kernel.parameters.table",
        "kernel.periods",
        "trading",
        "trading.findings",
        "trading.procedures",
        "trading.procedures.definition",
        "trading.slots",
        "trading.thresholds",
        "trading.vocabulary",
    ]
