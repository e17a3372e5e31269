"""Samples of the pages of bid bonds."""

from portal.samples.common import AGENT, BIDDER, BIDDERS, DEADLINE, EMPTY_FORM, NUMBER, TITLE, Row, at


def _bond(bidder: str, **changes: object) -> Row:
    members: dict[str, object] = {
        "bidder": bidder,
        "amount_fen": 6_000_000,
        "payer_name": bidder,
        "payer_account": "**** 2345",
        "from_basic_account": True,
        "issuer": "示例银行西安高新支行",
        "reference": "20260730000017",
        "valid_until": "2026-11-04",
        "declared_at": at("2026-07-30 10:12"),
        "due": None,
        "returned_on": None,
        "interest_fen": 0,
        "kept_because": "",
        "late": False,
    }
    return Row(**members | changes)


BOND = Row(
    base="/b/lots/01J2Q8",
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    required=6_000_000,
    deadline=DEADLINE,
    open=True,
    basic_account="示例银行西安高新支行 **** 2345",
    valid_until="2026-11-04",
    bond=_bond(BIDDERS[0]),
    form_word="转账",
    form=EMPTY_FORM,
)
BONDS = Row(
    role="agency",
    base="/a/lots/01J2Q8",
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    rows=[
        Row(
            id="1",
            view=_bond(BIDDERS[0], due="2026-08-24"),
            form_word="转账",
            settled=("warn", "应于 2026-08-24 前退还"),
        ),
        Row(
            id="2",
            view=_bond(BIDDERS[1], returned_on="2026-08-20"),
            form_word="转账",
            settled=("ok", "已退还 2026-08-20"),
        ),
        Row(
            id="3",
            view=_bond(BIDDERS[2], payer_account="", kept_because="截止后撤销投标（条例第三十五条）"),
            form_word="银行保函",
            settled=("bad", "不予退还"),
        ),
    ],
    alike=["、".join(BIDDERS[:2])],
    total=18_000_000,
    form=EMPTY_FORM,
    today="2026-08-17",
)
SAMPLES = {
    "bidding/bond.html": {
        "": {"user": BIDDER, "page": BOND},
        "first": {"user": BIDDER, "page": Row(**{**vars(BOND), "bond": None})},
        "none": {"user": BIDDER, "page": Row(**{**vars(BOND), "bond": None, "required": None, "open": False})},
        "refused": {
            "user": BIDDER,
            "page": Row(**{**vars(BOND), "bond": None, "form": Row(values={"form": "transfer", "amount": "1000.00"}, errors={"amount": "投标保证金不得少于招标文件要求的60,000.00元，否则投标将被否决。（招标投标法实施条例第二十六条）"})}),
        },
    },
    "bidding/bonds.html": {"": {"user": AGENT, "page": BONDS}, "empty": {"user": AGENT, "page": Row(**{**vars(BONDS), "rows": [], "alike": []})}},
}  # fmt: skip
