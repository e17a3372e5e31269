"""What a notice must say: kinds of notices and the checks of their contents. Pure.

Law: R-ANN-01 to R-ANN-04 (招投法 16; 10号令 5, 6; 条例 37). The data of a notice is a plain dictionary, because it is
published as JSON and hashed as it stands.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from kernel.parameters.articles import cite
from trading.findings import Finding
from trading.vocabulary import LotKind


class NoticeKind(StrEnum):
    """Kinds of public notices."""

    #: 招标公告. Source: R-ANN-01
    TENDER = "tender"
    #: 中标候选人公示. Source: R-ANN-03
    CANDIDATES = "candidates"
    #: 中标结果公告. Source: R-ANN-04, R-TIME-20
    AWARD = "award"


#: What the tender notice must carry, by member of its data, with the rule's article.
_TENDER: Final = (
    ("procuring_entity", "招标人名称", "招投法16"),
    ("procuring_entity_address", "招标人地址", "招投法16"),
    ("summary", "招标项目的性质和内容", "招投法16"),
    ("quantity", "数量", "招投法16"),
    ("place", "实施地点", "招投法16"),
    ("term", "实施时间", "招投法16"),
    ("documents_how", "获取招标文件的办法", "招投法16"),
    ("funds", "资金来源", "10号令5"),
    ("qualifications", "投标人资格条件", "10号令5"),
    ("consortium", "是否接受联合体投标", "条例37"),
    ("documents_from", "获取招标文件的时间", "10号令5"),
    ("documents_to", "获取招标文件的时间", "10号令5"),
    ("deadline", "递交投标文件的截止时间", "10号令5"),
    ("submission_how", "递交投标文件的方式", "10号令5"),
    ("contacts", "招标人、招标代理机构的联系方式", "10号令5"),
    ("supervising_body", "监督部门", "10号令5"),
)
_CANDIDATE: Final = (
    ("bidder_name", "中标候选人名称"),
    ("price", "投标报价"),
    ("quality", "质量"),
    ("term", "工期（交货期）"),
    ("qualification", "响应资格能力条件的情况"),
)


def check_tender(data: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Tell what a tender notice does not say. Source: R-ANN-01, R-ANN-02."""
    return tuple(
        _missing("R-ANN-02" if field == "consortium" else "R-ANN-01", field, name, cite(basis))
        for field, name, basis in _TENDER
        if not data.get(field)
    )


def check_candidates(data: Mapping[str, Any], kind: LotKind) -> tuple[Finding, ...]:
    """Tell what a candidate publicity does not say. For works it also names the project leader. Source: R-ANN-03."""
    return tuple(_check_candidates(data, kind))


def _check_candidates(data: Mapping[str, Any], kind: LotKind) -> Iterator[Finding]:
    article = cite("10号令6")
    wanted = [*_CANDIDATE]
    if kind is LotKind.WORKS:
        wanted += [("leader", "项目负责人姓名"), ("leader_certificate", "项目负责人相关证书名称和编号")]
    for candidate in data["candidates"]:
        for field, name in wanted:
            if not candidate.get(field):
                yield _missing("R-ANN-03", f"{field}-{candidate['rank']}", f"第{candidate['rank']}名的{name}", article)
    for field, name in (("evaluation", "评标情况"), ("objection_channel", "提出异议的渠道和方式")):
        if not data.get(field):
            yield _missing("R-ANN-03", field, name, article)


def _missing(rule: str, field: str, name: str, article: str) -> Finding:
    return Finding(
        rule=rule,
        article=article,
        field=field,
        message=f"请补充{name}。",
        actual="未载明",
        required="应当载明",
    )
