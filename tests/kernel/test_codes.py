import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import grid as stdnum_grid
from stdnum.cn import uscc as stdnum_uscc
from stdnum.iso7064 import mod_37_36 as stdnum_mod_37_36

from kernel.codes import USCC_ALPHABET, mod37_36, mod37_36_valid, org_code_valid, uscc_check_char, uscc_valid

# rules.md TV-23 (R-USC): stems with their check characters, computed by hand from GB 32100-2015.
STEMS = [
    ("91350100M000100Y4", "3"),
    ("91110000802100433", "B"),
    ("91512081MA62K0260", "E"),
    ("91421083MA7ABCDE1", "R"),
    ("11421083MB1234567", "F"),
    ("12421083420000000", "1"),
    ("91421083MA4900006", "0"),
    ("91421083MA4900025", "Y"),
]
VALID = [stem + check for stem, check in STEMS]

digits = st.text("0123456789", min_size=6, max_size=6)
stems = st.builds(
    "{}{}{}".format,
    st.text(USCC_ALPHABET, min_size=2, max_size=2),
    digits,
    st.text(USCC_ALPHABET, min_size=9, max_size=9),
)
alphanumeric = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=30)


@pytest.mark.parametrize("stem, check", STEMS)
def test_the_check_character_is_that_of_the_standard(stem, check):
    """Source: R-USC-03, R-USC-04"""
    assert uscc_check_char(stem) == check
    assert uscc_valid(stem + check)


@given(stems)
def test_the_check_character_is_that_of_an_independent_library(stem):
    assert uscc_check_char(stem) == stdnum_uscc.calc_check_digit(stem)


@given(st.sampled_from(VALID), st.integers(0, 17), st.sampled_from(USCC_ALPHABET))
def test_every_single_wrong_character_is_found(code, position, symbol):
    changed = code[:position] + symbol + code[position + 1 :]

    assert uscc_valid(changed) == (changed == code)


@pytest.mark.parametrize(
    "code",
    [
        "91350100M000100Y4Z",  # rules.md TV-23: the sample of many web pages
        "91350100m000100y43",  # lower case
        "91350100M000100Y4",  # 17 characters
        "91350100M000100Y433",  # 19 characters
        " 91350100M000100Y43",
        "91350100M000100Y43\n",
        "9135010ОM000100Y43",  # Cyrillic letter for a digit
        "91350100М000100Y43",  # Cyrillic М
        "９1350100M000100Y43",  # full-width digit
        "٩1350100M000100Y43",  # Arabic-Indic digit
        "9135A100M000100Y43",  # a letter in the region
        "",
        None,
        913501001000100143,
        b"91350100M000100Y43",
    ],
)
def test_anything_but_the_exact_form_is_refused(code):
    assert not uscc_valid(code)


def test_a_letter_in_the_region_is_refused_even_with_a_fitting_check_character():
    stem = "91A50100M000100Y4"
    weights = [pow(3, i, 31) for i in range(17)]
    total = sum(USCC_ALPHABET.index(c) * w for c, w in zip(stem, weights, strict=True))

    assert not uscc_valid(stem + USCC_ALPHABET[-total % 31])
    with pytest.raises(ValueError, match="digits"):
        uscc_check_char(stem)


@pytest.mark.parametrize("stem", ["", "91350100M000100Y", "91350100M000100Y43", "91350100M000100I4"])
def test_a_malformed_stem_has_no_check_character(stem):
    with pytest.raises(ValueError, match="17 characters"):
        uscc_check_char(stem)


# Organisation codes inside published credit codes: Xiaomi (91110108551385082Q) and the code of TV-23, row 2.
@pytest.mark.parametrize("code", ["551385082", "802100433", "D2143569X"])
def test_an_organisation_code_with_its_check_character_is_valid(code):
    assert org_code_valid(code)


def test_all_eleven_remainders_have_their_check_character():
    # GB 11714: 11 - sum mod 11, where 10 is written X and 11 is written 0. The eighth weight is 2, so the
    # eighth digit alone runs through the remainders.
    expected = {str(d): "0123456789X0"[11 - 2 * d % 11] for d in range(10)}

    for digit, check in expected.items():
        assert org_code_valid(f"0000000{digit}{check}")
    assert org_code_valid("000000000")
    assert org_code_valid("00000006X")


@pytest.mark.parametrize("code", ["551385083", "55138508", "5513850822", "55138508x", "д51385082", "", None, 551385082])
def test_another_organisation_code_is_not_valid(code):
    assert not org_code_valid(code)


def test_the_published_known_answer_of_mod_37_36():
    # GRid standard, section 5: A1-2425G-ABC1234002-M
    assert mod37_36("A12425GABC1234002") == "M"
    assert mod37_36_valid("A12425GABC1234002M")
    assert stdnum_grid.is_valid("A12425GABC1234002M")


@given(alphanumeric)
def test_mod_37_36_agrees_with_an_independent_library(text):
    assert mod37_36(text) == stdnum_mod_37_36.calc_check_digit(text)
    assert mod37_36_valid(text + mod37_36(text))


@given(alphanumeric, st.data())
def test_mod_37_36_finds_every_single_wrong_character(text, data):
    code = text + mod37_36(text)
    position = data.draw(st.integers(0, len(code) - 1))
    symbol = data.draw(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    changed = code[:position] + symbol + code[position + 1 :]

    assert mod37_36_valid(changed) == (changed == code)


@pytest.mark.parametrize("text", ["", "M", "a12425GABC1234002M", "A1-2425G", "Ａ1", None, 12])
def test_malformed_identifiers_are_not_valid(text):
    assert not mod37_36_valid(text)
