"""Samples of the procedures' own pages, made from the procedures themselves, and of correcting and admitting."""

from datetime import date
from typing import Any

from kernel.parameters.law import Law
from kernel.parameters.seed import seeded_table
from kernel.periods import HolidayTable
from portal.samples.common import AGENCY, AGENT, BIDDER, BIDDERS, NUMBER, TITLE, Row, at, digest
from trading.procedures.book import Combination, combinations, definition_of
from trading.procedures.definition import ProcedureRefused
from trading.procedures.reading import Reading, read
from trading.restrictive import marked_fields
from trading.vocabulary import JURISDICTION, LotKind, Regime, TenderMethod

_DAY = date(2026, 7, 13)


def _reading(*parts: Any) -> Reading:
    definition = definition_of(Combination(*parts), 1)
    law = Law(seeded_table(), HolidayTable.seeded(), definition.regime.value, _DAY, JURISDICTION)
    return read(definition, law)


def _page(*parts: Any) -> Row:
    found = _reading(*parts)
    return Row(
        reading=found,
        versions=[(1, f"/procedures/{found.code}?version=1", True)],
        json_href=f"/api/v1/procedures/{found.code}?version=1",
    )


def _row(item: Combination) -> Row:
    href = f"/procedures/{item.code}"
    try:
        return Row(title=definition_of(item, 1).title, code=item.code, href=href, refused="")
    except ProcedureRefused as refused:
        return Row(title=item.title, code=item.code, href=href, refused=refused.detail)


_ROWS = [_row(item) for item in combinations()]
PROCEDURES = Row(version=1, rows=[r for r in _ROWS if not r.refused], refused=[r for r in _ROWS if r.refused])

SAMPLES: dict[str, dict[str, dict[str, Any]]] = {
    "trading/procedures.html": {"": {"page": PROCEDURES}},
    "trading/procedure.html": {
        "": {"page": _page(Regime.ZTB, LotKind.WORKS, TenderMethod.OPEN, True)},
        "invited": {"page": _page(Regime.GP, LotKind.GOODS, TenderMethod.INVITED)},
    },
}

_LOT = {"base": "/a/lots/7", "title": TITLE, "number": NUMBER, "lot_no": "001"}
_QUALIFICATIONS = "具有独立承担民事责任的能力\n注册资本不低于 5000 万元\n代理商投标的须有制造商授权"
CORRECTION = Row(
    **_LOT,
    form=Row(
        values={
            "summary": "采购服务器与数据库软件",
            "quantity": "1 批",
            "place": "云岭市",
            "term": "合同签订后 60 日内交货",
            "quality": "合格",
            "qualifications": _QUALIFICATIONS,
            "price_cap": "5000000.00",
            "documents_to": "2026-07-23 22:00:00",
            "deadline": "2026-08-06 14:00:00",
            "move_as_needed": "yes",
        },
        errors={},
    ),
    deadline=at("2026-08-06 14:00"),
    latest=[
        Row(
            label="招标文件澄清、修改的最迟时间",
            day=date(2026, 7, 22),
            article="《中华人民共和国招标投标法实施条例》第二十一条",
        )
    ],
    marks=marked_fields({"qualifications": _QUALIFICATIONS}, {"qualifications": "投标人资格要求"}),
    statement=f"我以{AGENCY}的名义确认更正内容，并知悉更正后的公告将取代现行版本，原版本保留",
)
_DATES = Row(
    documents_from=at("2026-07-13 10:00"),
    documents_to=at("2026-07-20 17:00"),
    deadline=at("2026-07-27 10:00"),
    concluded_at=None,
)
_DOCUMENT = Row(id="9", name="资格预审文件.pdf", version=1, issued_at=at("2026-07-13 09:00"))
_APPLICATION = Row(
    id="5",
    organisation_name=BIDDERS[0],
    statement="具有独立承担民事责任的能力，近三年完成同类项目 3 项。",
    files=[{"name": "申请文件.pdf", "file": "5", "sha256": digest("application"), "size": 120_000}],
    submitted_at=at("2026-07-15 10:20"),
    withdrawn_at=None,
    passed=None,
    reason="",
)
_ADMISSION = Row(
    **_LOT,
    mode="prequalified",
    form=Row(values={}, errors={}),
    grounds=[],
    invitation=None,
    open=True,
    documents=[],
    prequalification=None,
    due=False,
    applications=[],
    marks=[],
    statement=f"我以{AGENCY}的名义确认以上内容，发布后不能删除，只能更正",
)
_GROUNDS = [
    ("few_bidders", "技术复杂、有特殊要求或者受自然环境限制，只有少量潜在投标人可供选择", ""),
    ("cost", "采用公开招标方式的费用占项目合同金额的比例过大", ""),
]


def _admission(**changes: Any) -> Row:
    return Row(**vars(_ADMISSION) | changes)


_OWN = Row(
    lot_href="/lots/7",
    here="/lots/7/application",
    api="/api/v1/lots/7",
    title=TITLE,
    number=NUMBER,
    lot_no="001",
    dates=_DATES,
    open=True,
    documents=[_DOCUMENT],
    own=None,
    form=Row(values={}, errors={}),
)

SAMPLES |= {
    "trading/correction.html": {
        "": {"user": AGENT, "page": CORRECTION},
        "faults": {
            "user": AGENT,
            "page": Row(
                **vars(CORRECTION) | {"marks": [], "form": Row(values={}, errors={"reason": "请写明更正的原因。"})}
            ),
        },
    },
    "trading/admission.html": {
        "": {"user": AGENT, "page": _admission(documents=[_DOCUMENT])},
        "open": {"user": AGENT, "page": _admission(mode="open")},
        "invited": {"user": AGENT, "page": _admission(mode="invited", grounds=_GROUNDS, invitation=Row(no=1))},
        "sent": {"user": AGENT, "page": _admission(mode="invited", open=False)},
        "running": {"user": AGENT, "page": _admission(prequalification=_DATES, documents=[_DOCUMENT])},
        "due": {"user": AGENT, "page": _admission(prequalification=_DATES, due=True, applications=[_APPLICATION])},
        "concluded": {
            "user": AGENT,
            "page": _admission(
                prequalification=Row(**vars(_DATES) | {"concluded_at": at("2026-07-27 15:00")}),
                applications=[Row(**vars(_APPLICATION) | {"passed": True})],
            ),
        },
    },
    "trading/application.html": {
        "": {"user": BIDDER, "page": _OWN},
        "handed": {"user": BIDDER, "page": Row(**vars(_OWN) | {"own": _APPLICATION})},
        "closed": {"user": BIDDER, "page": Row(**vars(_OWN) | {"open": False, "documents": []})},
    },
}
