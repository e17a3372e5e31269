"""What the parties of a lot have to do next, until when and by which article. Pure.

Law: every line names its article; the last instants are those of `trading.lot_dates`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from kernel.parameters.articles import cite
from kernel.parameters.law import Law
from kernel.periods import CalendarNotLoaded, end_of_day, legal_date
from trading.announcement import NoticeKind
from trading.lot_dates import Happened, count, dates_of, last_day, opening_article
from trading.lot_view import LotView
from trading.objection_rules import stops_the_procedure, word_of
from trading.plan import latest_dates
from trading.vocabulary import Limit, Regime, Stage

#: Reminders of last days whose work the platform does not see; they end with the day.
_REMINDED: Final = ("bonds_returned", "written_report", "refunded", "contract_filed")


@dataclass(frozen=True, slots=True)
class Due:
    """Something that must be done, with its last instant.

    Attributes:
        href: the room's page where it is done, below the lot's address.
        article: the law that asks for it, written out.
        until: None if it only waits for its turn.
    """

    text: str
    href: str
    sub: str
    until: datetime | None
    article: str

    def urgency(self, now: datetime) -> str:
        """Return `late`, `today`, `soon` (within three days), `later`, or `open` where no limit runs."""
        if self.until is None:
            return "open"
        if now >= self.until:
            return "late"
        if last_day(self.until)[0] == legal_date(now):
            return "today"
        return "soon" if (self.until - now).days < 3 else "later"


def dues_of(lot: LotView, law: Law, happened: Happened, now: datetime) -> list[Due]:
    """Return what is to be done in a lot: answers owed first, then the next act, then reminders."""
    return [*_answers(law, happened), *_next_act(lot, law, happened, now), *_reminders(lot, law, happened, now)]


def _answers(law: Law, happened: Happened) -> Iterator[Due]:
    limit = Limit.OBJECTION_ANSWER if law.knows(Limit.OBJECTION_ANSWER) else Limit.SUPPLIER_ANSWER
    sub = "答复前暂停招标投标活动" if stops_the_procedure(law) else "应当在期限内书面答复"
    for until in happened.answers_owed:
        yield Due(f"答复{word_of(law)}", "/objections", sub, until, law.row(limit).article)


def _next_act(lot: LotView, law: Law, happened: Happened, now: datetime) -> Iterator[Due]:
    match lot.stage:
        case Stage.REGISTERED:
            yield _preparation(lot, law, happened, now)
        case Stage.NOTICE_PUBLISHED:
            yield from _tendering(lot, law, now)
        case Stage.CLOSED:
            yield Due("主持开标", "/hall", "投标截止的同一时间公开进行", None, opening_article(lot.regime))
        case Stage.OPENED:
            article = cite(lot.definition.committee.basis)
            yield Due("组建评标委员会", "/committee", "评标专家随机抽取", None, article)
        case Stage.FAILED if happened.failure_published is None:
            form = lot.definition.notices[NoticeKind.FAILURE]
            yield Due(f"发布{form.title}", "/failure", "说明原因，告知全部投标人", None, cite(form.basis))
        case Stage.FAILED:
            article = cite("招投法28" if lot.regime is Regime.ZTB else "采购法37")
            yield Due("重新招标", "/again", "招标人登记新的标段，沿用原内容并作必要修改", None, article)
        case _:
            yield from _after_report(lot, law, happened, now)


def _preparation(lot: LotView, law: Law, happened: Happened, now: datetime) -> Due:
    definition = lot.definition
    if definition.prequalified and happened.prequalification_concluded is None:
        return _prequalification(lot, law, happened, now)
    if definition.is_invited and not happened.invited:
        article = cite("招投法17" if lot.regime is Regime.ZTB else "采购法34")
        return Due("决定受邀单位", "/admission", "受邀单位在开标前对所有人保密", lot.documents_from, article)
    if lot.deadline is None:
        return Due("提交时间计划", "/plan", "平台核对全部法定期限", None, law.row(Limit.BID_PREPARATION).article)
    if lot.keyset is None:
        article = next((cite(step.basis) for step in definition.opening if step.name == "unseal"), cite("20号令30"))
        words = "全部见证人接受席位后才能发布公告"
        return Due("提名开标见证人，完成密钥演练", "/keyset", words, lot.documents_from, article)
    form = definition.notices[NoticeKind.INVITATION if definition.is_invited else NoticeKind.TENDER]
    words = "最迟在文件开始获取之前"
    return Due(f"上传招标文件，发布{form.title}", "/documents", words, lot.documents_from, cite(form.basis))


def _prequalification(lot: LotView, law: Law, happened: Happened, now: datetime) -> Due:
    last = happened.prequalification_deadline
    if last is None:
        basis = cite(lot.definition.notices[NoticeKind.PREQUALIFICATION].basis)
        return Due("发布资格预审公告", "/admission", "资格预审通过后才能发布招标公告", None, basis)
    if now < last:
        article = law.row(Limit.PREQUALIFICATION_APPLICATION).article
        return Due("等候资格预审申请", "/admission", "截止前任何人看不到申请情况", last, article)
    basis = cite(lot.definition.notices[NoticeKind.PREQUALIFICATION_RESULT].basis)
    return Due("审查申请，公布资格预审结果", "/admission", "逐份作出结论", None, basis)


def _tendering(lot: LotView, law: Law, now: datetime) -> Iterator[Due]:
    if lot.deadline is None:
        return
    try:
        latest = latest_dates(lot.deadline, law, lot.definition)
    except CalendarNotLoaded:
        latest = ()
    first = next((item for item in latest if item.limit == Limit.CLARIFICATION), None)
    if first is not None and now < first.until:
        yield Due("答复提问；影响编制的澄清", "/questions", "晚于此时须顺延投标截止时间", first.until, first.article)
    else:
        words = "确认开标见证人到场；再作影响编制的澄清须顺延截止时间"
        yield Due("投标截止并开标", "/hall", words, lot.deadline, opening_article(lot.regime))


def _after_report(lot: LotView, law: Law, happened: Happened, now: datetime) -> Iterator[Due]:
    is_ztb = lot.regime is Regime.ZTB
    match lot.stage:
        case Stage.REPORT_SIGNED:
            limit = Limit.CANDIDATE_START if law.knows(Limit.CANDIDATE_START) else Limit.WINNER_DETERMINATION
            until = _until(limit, happened.report, law)
            yield Due("公示中标候选人", "/candidates", "自收到评标报告之日起计算", until, law.row(limit).article)
        case Stage.CANDIDATE_PUBLICITY if lot.publicity_until is not None and now < lot.publicity_until:
            known = law.knows(Limit.CANDIDATE_PUBLICITY)
            article = law.row(Limit.CANDIDATE_PUBLICITY).article if known else cite("采购条例43")
            words = "公示期满后定标；收到异议的，答复前暂停"
            yield Due("候选人公示，受理异议", "/objections", words, lot.publicity_until, article)
        case Stage.CANDIDATE_PUBLICITY | Stage.AWARD_MEETING:
            until = _until(Limit.WINNER_DETERMINATION, happened.report, law)
            yield Due("定标", "/award", "公示期已满", until, cite("条例55" if is_ztb else "采购条例43"))
        case Stage.AWARDED | Stage.RESULT_PUBLISHED:
            until = _until(Limit.NOTICE_AND_RESULT, happened.award, law)
            article = cite("招投法45" if is_ztb else "采购条例43")
            yield Due("公告结果，发出中标通知书", "/award", "同时告知未中标的投标人", until, article)
        case Stage.NOTICE_SENT:
            until = _until(Limit.CONTRACT, happened.award_notice or happened.result_published, law)
            article = law.row(Limit.CONTRACT).article
            words = "自中标通知书发出之日起计算；由招标人登记"
            yield Due("订立书面合同", "/contract", words, until, article)
        case _ if happened.signed_on is not None and happened.contract_published is None:
            form = lot.definition.notices[NoticeKind.CONTRACT]
            day = count(Limit.CONTRACT_PUBLICATION, happened.signed_on, law)
            until = None if day is None else end_of_day(day)
            yield Due(f"发布{form.title}", "/contract", "内容取自登记的合同", until, cite(form.basis))


def _reminders(lot: LotView, law: Law, happened: Happened, now: datetime) -> Iterator[Due]:
    for item in dates_of(lot, law, happened):
        if item.key.startswith(_REMINDED) and now < item.until:
            yield Due(item.label, item.href, "当日 24 时前办结", item.until, item.article)


def _until(limit: Limit, start: datetime | None, law: Law) -> datetime | None:
    day = None if start is None else count(limit, legal_date(start), law)
    return None if day is None else end_of_day(day)
