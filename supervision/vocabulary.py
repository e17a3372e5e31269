"""Words of double-random inspections: kinds of objects, credit classes, result codes, stages.

English terms follow the glossary; each member carries the Chinese term. Values are stored and never renamed.
"""

from enum import StrEnum
from typing import Final

#: Regime whose rows inspections read; the rows that bear on them hold under every regime.
REGIME: Final = "ZTB"


class Role(StrEnum):
    """Roles that take part in an inspection."""

    #: 行政监督部门
    SUPERVISOR = "supervisor"
    #: 执法检查人员
    INSPECTOR = "inspector"
    #: 招标代理机构
    AGENCY = "agency"
    #: 公共资源交易中心
    CENTRE = "centre"


class TargetKind(StrEnum):
    """What a plan inspects. Source: R-DR-16."""

    #: 招标人
    PROCURING_ENTITY = "procuring_entity"
    #: 招标代理机构
    AGENCY = "agency"
    #: 标段
    LOT = "lot"
    #: 中标人
    WINNER = "winner"
    #: 投标人
    BIDDER = "bidder"
    #: 评标专家
    EXPERT = "expert"
    #: 交易平台、交易中心
    PLATFORM = "platform"


class Credit(StrEnum):
    """Credit risk class, from good to bad. Source: R-DR-06."""

    #: 信用风险低
    A = "A"
    #: 信用风险一般
    B = "B"
    #: 信用风险较高
    C = "C"
    #: 信用风险高
    D = "D"


class ResultCode(StrEnum):
    """Outcome of one object's inspection; codes of the publicity system. Source: R-DR-09."""

    #: 未发现问题
    NO_PROBLEM = "1"
    #: 未按规定公示应当公示的信息
    NOT_PUBLISHED = "2"
    #: 公示信息隐瞒真实情况、弄虚作假
    FALSE_INFORMATION = "3"
    #: 通过登记的住所（经营场所）无法联系
    NOT_REACHED = "4"
    #: 发现问题已责令改正
    CORRECTION_ORDERED = "5"
    #: 不配合检查情节严重
    REFUSED = "6"
    #: 未发现开展本次抽查涉及的经营活动
    NO_SUCH_BUSINESS = "7"
    #: 发现问题待后续处理
    FURTHER_HANDLING = "8"


#: Result codes in the words that are published. Source: R-DR-09.
RESULT_WORDS: Final = {
    ResultCode.NO_PROBLEM: "未发现问题",
    ResultCode.NOT_PUBLISHED: "未按规定公示应当公示的信息",
    ResultCode.FALSE_INFORMATION: "公示信息隐瞒真实情况、弄虚作假",
    ResultCode.NOT_REACHED: "通过登记的住所（经营场所）无法联系",
    ResultCode.CORRECTION_ORDERED: "发现问题已责令改正",
    ResultCode.REFUSED: "不配合检查情节严重",
    ResultCode.NO_SUCH_BUSINESS: "未发现开展本次抽查涉及的经营活动",
    ResultCode.FURTHER_HANDLING: "发现问题待后续处理",
}

#: Results that say that something is wrong, and so name the article.
WRONG: Final = frozenset(ResultCode) - {ResultCode.NO_PROBLEM, ResultCode.NOT_REACHED, ResultCode.NO_SUCH_BUSINESS}


class Outcome(StrEnum):
    """How an ordered correction was found when it was checked."""

    #: 已整改
    CORRECTED = "corrected"
    #: 未整改到位
    NOT_CORRECTED = "not_corrected"


OUTCOME_WORDS: Final = {Outcome.CORRECTED: ("ok", "已整改"), Outcome.NOT_CORRECTED: ("bad", "未整改到位")}

KIND_WORDS: Final = {
    TargetKind.PROCURING_ENTITY: "招标人",
    TargetKind.AGENCY: "招标代理机构",
    TargetKind.LOT: "标段",
    TargetKind.WINNER: "中标人",
    TargetKind.BIDDER: "投标人",
    TargetKind.EXPERT: "评标专家",
    TargetKind.PLATFORM: "交易平台",
}


class Stage(StrEnum):
    """Where an inspection stands. What merely follows from a draw's own state is not repeated here."""

    #: 计划已定. Next: the supervisor freezes both registers. Reached by `plan`.
    DRAFT = "draft"
    #: 名录已冻结. Contributors commit. Reached by `freeze_targets`.
    FROZEN = "frozen"
    #: 承诺已截止. Contributors reveal. Reached by `close_targets`.
    COMMITTED = "committed"
    #: 对象已抽取. The supervisor freezes the assignment; contributors commit and reveal again. Reached by the draw.
    DRAWN = "drawn"
    #: 人员已选派. Inspectors inspect and record. Reached by the draw.
    ASSIGNED = "assigned"
    #: 检查已完成. The result must be published in time. Reached by the last record's last signature.
    RECORDED = "recorded"
    #: 结果已公开. Reached by `publish`.
    PUBLISHED = "published"
    #: 已终止: given up before anything could be known of its outcome; the reason is public. Reached by `terminate`.
    TERMINATED = "terminated"


STAGE_WORDS: Final = {
    Stage.DRAFT: ("mute", "计划已定"),
    Stage.FROZEN: ("seal", "名录已冻结"),
    Stage.COMMITTED: ("seal", "承诺已截止"),
    Stage.DRAWN: ("info", "对象已抽取"),
    Stage.ASSIGNED: ("info", "检查中"),
    Stage.RECORDED: ("warn", "待公开"),
    Stage.PUBLISHED: ("ok", "已公开"),
    Stage.TERMINATED: ("bad", "已终止"),
}
