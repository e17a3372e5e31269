"""Words of the expert pool, of committees and of evaluation sessions. Values are stored and never renamed."""

from enum import StrEnum


class Standing(StrEnum):
    """Where an expert stands in the pool. Source: R-POOL-18."""

    #: 已申请
    APPLIED = "applied"
    #: 已初审
    CITY_SCREENED = "city_screened"
    #: 已培训
    TRAINED = "trained"
    #: 在库
    ACTIVE = "active"
    #: 请假
    LEAVE = "leave"
    #: 抽取间隔期
    COOLDOWN = "cooldown"
    #: 暂停
    SUSPENDED = "suspended"
    #: 出库
    REMOVED = "removed"


class CommitteeState(StrEnum):
    """Where a committee stands."""

    #: 名单已冻结: contributors commit and reveal.
    FROZEN = "frozen"
    #: 已抽取，通知中
    CALLING = "calling"
    #: 组建完成
    COMPLETE = "complete"
    #: 已解散: the draw came to nothing, or evaluation starts afresh.
    DISSOLVED = "dissolved"


class CallState(StrEnum):
    """How a call went."""

    #: 待答复
    OUT = "out"
    #: 已接受
    ACCEPTED = "accepted"
    #: 不接受
    REFUSED = "refused"
    #: 未应答
    NO_ANSWER = "no_answer"
    #: 回避: accepted, then found to have to step aside.
    RECUSED = "recused"


class SessionState(StrEnum):
    """Where an evaluation session stands; each step begins when all members have finished the one before."""

    #: 签到与回避声明
    CHECK_IN = "check_in"
    #: 初步评审
    REVIEW = "review"
    #: 独立评分
    SCORING = "scoring"
    #: 价格分与汇总
    SUMMARY = "summary"
    #: 签署评标报告
    SIGNING = "signing"
    #: 评标结束
    CLOSED = "closed"


class Verdict(StrEnum):
    """What a member thinks of a bid against one item of the preliminary review."""

    #: 符合
    PASS = "pass"  # noqa: S105 - a verdict, no password
    #: 不符合
    FAIL = "fail"


#: Why an expert refuses; the person chooses, the reason is on record and not public.
REFUSALS = {
    "busy": "时间冲突",
    "ill": "身体原因",
    "conflict": "存在利害关系",
    "other": "其他",
}

#: What every member promises by signature at check-in (招投法 44; R-COM-07).
PROMISE = (
    "本人承诺：客观、公正地履行评标专家职责，遵守评标纪律和保密规定；与投标人没有利害关系；"
    "不私下接触投标人，不收受财物或者其他好处；不透露评审和比较、中标候选人推荐以及与评标有关的其他情况；"
    "对本人提出的评审意见承担个人责任。"
)
