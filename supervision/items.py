"""The list of items for random inspections in tendering (随机抽查事项清单): reference data with its legal basis.

Source: R-DR-16, built on the articles named in each row; R-DR-10 (发改法规〔2021〕240号) asks for such a list.
A plan keeps a snapshot of the items it chose, so a later edition changes no past inspection.
"""

from dataclasses import dataclass
from typing import Final

from supervision.vocabulary import TargetKind

#: Edition of the list; goes into every plan.
EDITION: Final = "2026-01"


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the list.

    Args:
        kinds: objects that the item can be inspected at; a lot stands for its procuring entity and its winner.
        level: `general` or `key` (R-DR-03).
    """

    code: str
    name: str
    kinds: frozenset[TargetKind]
    basis: str
    level: str
    method: str


def _item(code: str, kinds: tuple[TargetKind, ...], name: str, basis: str, level: str, method: str) -> Item:
    return Item(code, name, frozenset(kinds), basis, level, method)


_BUYER: Final = (TargetKind.PROCURING_ENTITY, TargetKind.LOT)
_WINNER: Final = (TargetKind.WINNER, TargetKind.LOT)

ITEMS: Final = (
    _item(
        "GZ-01",
        (TargetKind.PROCURING_ENTITY,),
        "依法必须招标的项目不招标、化整为零规避招标",
        "招标投标法第四条、第四十九条",
        "key",
        "书面检查、数据比对",
    ),
    _item(
        "GZ-02",
        _BUYER,
        "公告的媒介、内容与各项时限",
        "招标投标法实施条例第十五条至第十七条、第二十一条、第六十三条、第六十四条",
        "general",
        "网络检查",
    ),
    _item(
        "GZ-03",
        _BUYER,
        "以不合理条件限制、排斥潜在投标人",
        "招标投标法第五十一条，实施条例第三十二条",
        "key",
        "书面检查",
    ),
    _item(
        "GZ-04",
        _BUYER,
        "保证金的限额、账户与按时退还",
        "招标投标法实施条例第二十六条、第五十七条、第六十六条",
        "general",
        "书面检查、账户核对",
    ),
    _item(
        "GZ-05",
        _BUYER,
        "评标委员会的组建与专家抽取",
        "招标投标法实施条例第四十六条、第七十条",
        "general",
        "抽取记录复算",
    ),
    _item(
        "GZ-06",
        _BUYER,
        "异议按时答复并依法暂停",
        "招标投标法实施条例第二十二条、第五十四条、第七十七条",
        "general",
        "书面检查",
    ),
    _item(
        "GZ-07",
        (TargetKind.PROCURING_ENTITY, TargetKind.WINNER, TargetKind.LOT),
        "合同与投标文件一致、按期签订、按期报告",
        "招标投标法第四十六条、第四十七条、第五十九条",
        "general",
        "书面检查",
    ),
    _item(
        "GZ-08",
        _WINNER,
        "到场人员与投标一致，无违法分包、转让",
        "招标投标法第四十八条、第五十八条",
        "key",
        "现场检查",
    ),
    _item(
        "GZ-09",
        (TargetKind.AGENCY,),
        "委托合同、收费、保密、人员与档案，不为投标人投标或咨询",
        "招标投标法实施条例第十三条、第十四条、第六十五条，招标投标法第五十条",
        "general",
        "现场检查、书面检查",
    ),
    _item(
        "GZ-10",
        (TargetKind.EXPERT,),
        "评标专家的出勤、回避、按标准评审、报酬与保密",
        "招标投标法实施条例第七十一条、第七十二条",
        "general",
        "书面检查、音像核查",
    ),
    _item(
        "GZ-11",
        (TargetKind.BIDDER,),
        "串通投标迹象、虚假材料、保证金来源",
        "招标投标法实施条例第三十九条至第四十二条",
        "key",
        "数据比对",
    ),
    _item(
        "GZ-12",
        (TargetKind.PLATFORM,),
        "开标前不得接触投标文件，收费、音像留存，不代行监督职权",
        "招标投标法实施条例第五条，电子招标投标办法（发展改革委令第20号）",
        "key",
        "日志核验、现场检查",
    ),
)

BY_CODE: Final = {item.code: item for item in ITEMS}


def items_for(kind: TargetKind) -> tuple[Item, ...]:
    """Return the items that can be inspected at objects of a kind."""
    return tuple(item for item in ITEMS if kind in item.kinds)
