import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.search import like_of, normalise, pieces_of, terms_of, tsquery_of

TEXT = st.text(alphabet="服务器数据库集群软件招标公告ABCabc 019-（）、%_\\'&|!:*ｃ１", max_size=30)


def test_chinese_is_cut_into_pairs() -> None:
    assert pieces_of("数据库集群") == ["库集", "据库", "数据", "集群"]


def test_pairs_do_not_cross_what_separates_words() -> None:
    assert pieces_of("服务器、数据库") == ["务器", "据库", "数据", "服务"]


@pytest.mark.parametrize(("text", "same"), [("ＡＢ１２", "ab12"), ("  a \t b\n", "a b"), ("㈱", "(株)")])
def test_compatibility_forms_and_blanks_are_folded(text: str, same: str) -> None:
    assert normalise(text) == same


def test_one_character_has_no_pair_and_asks_the_index_nothing() -> None:
    assert (pieces_of("库"), tsquery_of(["库"])) == ([], "")


def test_wildcards_of_the_reader_mean_themselves() -> None:
    assert like_of("100%_\\") == "%100\\%\\_\\\\%"


def test_a_query_has_at_most_five_terms() -> None:
    assert len(terms_of(" ".join("abcdefgh"))) == 5


@given(TEXT, TEXT, TEXT)
def test_whatever_contains_a_term_has_all_its_pieces(before: str, term: str, after: str) -> None:
    """The index never loses a hit: pieces of a part are pieces of the whole."""
    for piece in terms_of(term):
        assert set(pieces_of(piece)) <= set(pieces_of(before + normalise(term) + after))


@given(TEXT)
def test_the_query_text_holds_nothing_but_quoted_pieces(term: str) -> None:
    query = tsquery_of(terms_of(term))

    for part in query.split(" & ") if query else ():
        assert len(part) == 4
        assert part[0] == part[3] == "'"
        assert part[1:3].isalnum() or "_" in part[1:3]
