"""Credit codes as people type them: each fault has its own message; what is put right is said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc as stdnum_uscc

from kernel.codes import USCC_ALPHABET, uscc_check_char, uscc_valid
from kernel.credit_code import CreditCodeRefused, describe_credit_code, read_credit_code
from kernel.names import Spelling, compare_names, name_fault, name_key
from kernel.regions import find_region

# rules.md TV-23 (R-USC), computed by hand from GB 32100-2015.
GOOD = ["91350100M000100Y43", "91110000802100433B", "91512081MA62K0260E", "91421083MA4900006" + "0"]


def coded(stem: str) -> str:
    return stem + uscc_check_char(stem)


@pytest.mark.parametrize("code", GOOD)
def test_a_right_code_is_read_as_it_is(code):
    read = read_credit_code(code)

    assert read.code == code
    assert read.notices == ()
    assert (read.department, read.kind) == ("市场监管", "企业")


@pytest.mark.parametrize(
    "typed, reason",
    [
        ("", "missing"),
        ("　", "missing"),
        ("420000000012345", "old-number"),
        ("91350100M000100Y4", "too-short"),
        ("91350100M000100Y433", "too-long"),
        ("9135010OM000100Y43", "letters"),
        ("91350100M000100Y4Z", "letters"),
        ("91350100I000100Y43", "letters"),
        ("91350100S000100Y43", "letters"),
        ("91350100V000100Y43", "letters"),
        ("91350100Ж000100Y43", "characters"),
        ("91350100M000100Y4?", "characters"),
        ("9135A100M000100Y43", "region-digits"),
        ("91350100M000100Y44", "check-digit"),
        (coded("B1350100M000100Y4"), "department"),
        (coded("97350100M000100Y4"), "class"),
        (coded("91990000M000100Y4"), "region"),
        (coded("91429900M000100Y4"), "region"),
    ],
)
def test_every_fault_has_its_own_reason(typed, reason):
    """Source: R-USC-01, R-USC-02, R-USC-05"""
    with pytest.raises(CreditCodeRefused) as refused:
        read_credit_code(typed, "code")

    assert refused.value.reason == reason
    assert refused.value.fields == [("code", refused.value.detail)]


def test_no_two_faults_share_a_message():
    typed = ["", "420000000012345", "9135", "91350100M000100Y433", "91350100M000100Y4Z", "91350100M000100Y4?"]
    typed += ["9135A100M000100Y43", "91350100M000100Y44", coded("B1350100M000100Y4"), coded("97350100M000100Y4")]
    typed += [coded("91990000M000100Y4")]
    told = set()
    for code in typed:
        with pytest.raises(CreditCodeRefused) as refused:
            read_credit_code(code)
        told.add(refused.value.detail)

    assert len(told) == len(typed)


@pytest.mark.parametrize("letter, hint", [("O", "数字 0"), ("I", "数字 1"), ("Z", "数字 2"), ("S", "数字 5")])
def test_a_letter_that_is_not_used_is_named_with_its_place_and_likely_sign(letter, hint):
    with pytest.raises(CreditCodeRefused) as refused:
        read_credit_code(f"91350100{letter}000100Y43")

    assert f"第 9 位是字母 {letter}" in refused.value.detail
    assert hint in refused.value.detail


@pytest.mark.parametrize(
    "typed, reasons",
    [
        ("91350100m000100y43", ["lower-case"]),
        ("９１３５０１００Ｍ０００１００Ｙ４３", ["full-width"]),
        ("９１３５０１００ｍ０００１００ｙ４３", ["full-width", "lower-case"]),
        ("9135 0100 M000-100Y43", ["blanks"]),
        ("　91350100M000100Y43　", ["full-width"]),
        ("  91350100M000100Y43\n", []),
    ],
)
def test_what_is_put_right_is_said(typed, reasons):
    """Source: R-USC-05"""
    read = read_credit_code(typed)

    assert read.code == "91350100M000100Y43"
    assert [notice.reason for notice in read.notices] == reasons


def test_only_plain_letters_are_raised():
    """`str.upper` makes an S of the long ſ, and I of the dotless ı: such a sign is a fault, not a spelling."""
    with pytest.raises(CreditCodeRefused) as refused:
        read_credit_code("91350100ı000100Y43")

    assert refused.value.reason == "characters"


def test_an_unknown_county_of_a_known_prefecture_is_a_warning():
    read = read_credit_code(coded("91421099MA4900006"))

    assert [warning.reason for warning in read.warnings if warning.reason == "county"] == ["county"]
    assert read.region.words == "湖北省荆州市"


def test_an_old_check_of_the_organisation_part_is_advice_only():
    read = read_credit_code("91350100M000100Y43")

    assert {warning.reason for warning in read.warnings} <= {"organisation-code"}


@pytest.mark.parametrize(
    "code, words, known, county",
    [
        ("421083", "湖北省荆州市洪湖市", True, True),
        ("421000", "湖北省荆州市", True, True),
        ("420000", "湖北省", True, True),
        ("100000", "国家", True, True),
        ("110105", "北京市朝阳区", True, True),
        ("429004", "湖北省仙桃市", True, True),
        ("341400", "安徽省巢湖市", True, True),  # dissolved in 2011; codes of that time stay
        ("421099", "湖北省荆州市", True, False),
        ("429900", "湖北省", False, False),
        ("990000", "", False, False),
    ],
)
def test_regions(code, words, known, county):
    """Source: R-USC-02, R-USC-05"""
    region = find_region(code)

    assert (region.words, region.known, region.county_known) == (words, known, county)


def test_a_code_on_record_is_described_without_refusal():
    described = describe_credit_code(coded("91990000M000100Y4"))

    assert described.region.known is False
    assert described.kind == "企业"


@pytest.mark.parametrize("stem", ["N2421083MA7ABCDE1", "A1110000802100433", "Y1421083MA7ABCDE1"])
def test_departments_with_a_letter_are_read_although_the_library_knows_none(stem):
    assert not stdnum_uscc.is_valid(coded(stem))
    assert read_credit_code(coded(stem)).code == coded(stem)


@given(st.text(max_size=24))
def test_nothing_typed_breaks_the_reader(typed):
    try:
        read = read_credit_code(typed)
    except CreditCodeRefused:
        return  # a refusal of ours is an answer; anything else would be a fault
    assert uscc_valid(read.code)


@given(st.sampled_from(GOOD), st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_every_single_wrong_sign_is_refused(code, place, sign):
    changed = code[:place] + sign + code[place + 1 :]
    if changed == code:
        assert read_credit_code(changed).code == code
        return

    with pytest.raises(CreditCodeRefused) as refused:
        read_credit_code(changed)

    assert refused.value.reason in ("check-digit", "region-digits")


@pytest.mark.parametrize(
    "typed, spelling",
    [
        ("江南（湖北）科技有限公司", Spelling.SAME),
        ("江南(湖北)科技有限公司", Spelling.WIDTH),
        ("江南（湖北） 科技有限公司", Spelling.WIDTH),
        ("江南（湖北）科技有限公司　", Spelling.WIDTH),
        ("江北（湖北）科技有限公司", Spelling.OTHER),
    ],
)
def test_a_name_that_differs_by_full_width_signs_is_told_from_another_name(typed, spelling):
    registered = "江南（湖北）科技有限公司"

    assert compare_names(typed, registered) is spelling
    told = name_fault(typed, registered)
    assert bool(told) == (spelling is not Spelling.SAME)
    assert ("全角" in told) == (spelling is Spelling.WIDTH)
    assert ("不一致" in told) == (spelling is Spelling.OTHER)


def test_similar_names_share_a_key():
    keys = {name_key(name) for name in ("江南（湖北）科技有限公司", "江南(湖北)科技 有限责任公司", "江南湖北科技公司")}

    assert keys == {"江南湖北科技"}
    assert name_key("江北科技有限公司") not in keys
    assert name_key("公司") == "公司"
