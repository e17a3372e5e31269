"""The timeline of a lot: its entries in the public log, in words, each with rule, article and number.

What is sealed stays out until it is unsealed by the log itself; a person's own entries are shown to that person's
organisation. Words are for the kinds of every package, because the log is one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from kernel.canonical import parse_time
from kernel.db.transaction import Tx
from kernel.identity.actor import Actor
from kernel.log.reader import LoggedEntry, list_visible_entries
from kernel.parameters.articles import cite
from kernel.parameters.seed import SEED
from kernel.web.filters import moment
from trading.lot_view import LotView
from trading.vocabulary import Role

#: Kind of entry: colour of its mark, words. What is not listed is shown by its own name.
WORDS: Final[dict[str, tuple[str, str]]] = {
    "project.registered": ("info", "登记项目并委托代理机构"),
    "lot.registered": ("info", "登记标段"),
    "entrustment.accepted": ("ok", "代理机构接受委托"),
    "entrustment.declined": ("warn", "代理机构不接受委托"),
    "entrustment.ended": ("warn", "解除委托"),
    "plan.refused": ("bad", "时间计划被退回"),
    "plan.accepted": ("ok", "时间计划通过"),
    "documents.uploaded": ("info", "上传招标文件"),
    "keyset.proposed": ("info", "提名开标见证人"),
    "keyset.accepted": ("seal", "见证人通过密钥演练"),
    "keyset.published": ("seal", "公布开标密钥"),
    "documents.published": ("ok", "发出招标文件"),
    "notice.published": ("ok", "发布招标公告"),
    "invitation.decided": ("info", "确定邀请招标的情形和受邀单位"),
    "application.submitted": ("info", "递交资格预审申请"),
    "application.withdrawn": ("warn", "撤回资格预审申请"),
    "question.answered": ("info", "答复提问"),
    "question.asked": ("info", "提问"),
    "objection.raised": ("warn", "提出异议"),
    "objection.withdrawn": ("info", "撤回异议"),
    "objection.answered": ("ok", "答复异议"),
    "lot.paused": ("bad", "异议答复前暂停"),
    "lot.resumed": ("ok", "恢复招标投标活动"),
    "interest.refused": ("bad", "不予登记参加"),
    "interest.registered": ("info", "登记参加，获取招标文件"),
    "bond.declared": ("info", "提交投标保证金信息"),
    "consortium.proposed": ("info", "提出联合体约定"),
    "consortium.consented": ("info", "同意联合体约定"),
    "consortium.declined": ("info", "不同意联合体约定"),
    "consortium.ended": ("info", "终止联合体"),
    "bond.returned": ("ok", "退还投标保证金"),
    "bond.kept": ("bad", "不予退还投标保证金"),
    "bid.accepted": ("ok", "投标文件递交成功"),
    "bid.withdrawn": ("warn", "撤回投标文件"),
    "bid.rejected": ("bad", "拒收投标文件"),
    "bid.close": ("seal", "投标截止，公布截止清单"),
    "bid.release": ("seal", "投标人提交解密份额"),
    "bid.window-closed": ("seal", "解密时限届满"),
    "bid.share": ("seal", "见证人提交密钥分片"),
    "bid.share-refused": ("bad", "密钥分片未通过核验"),
    "bid.window-extended": ("warn", "延长解密时限"),
    "bid.emergency-key": ("bad", "启用应急密钥"),
    "bid.first-opened": ("ok", "开启第一信封"),
    "opening.technical-proposed": ("info", "提交技术评审结果"),
    "bid.technical-concluded": ("ok", "公布技术评审结果"),
    "bid.second-opening": ("seal", "开始开启第二信封"),
    "bid.opened": ("ok", "打开投标文件"),
    "bid.fault": ("bad", "投标文件未能打开"),
    "opening.concluded": ("warn", "决定结束解密"),
    "opening.emergency": ("warn", "决定启用应急解密"),
    "opening.objection-raised": ("warn", "对开标提出异议"),
    "opening.objection-answered": ("ok", "答复开标异议"),
    "opening.attended": ("info", "签到"),
    "opening.signed": ("seal", "签署开标记录"),
    "opening.recorded": ("ok", "确认开标记录"),
    "draw.spec": ("info", "公布抽取方案"),
    "draw.commit": ("seal", "提交随机数承诺"),
    "draw.close": ("seal", "抽取承诺截止"),
    "draw.escrow": ("seal", "托管随机数"),
    "draw.escrow-ack": ("seal", "确认托管的随机数"),
    "draw.final": ("seal", "托管完成，确定参与方"),
    "draw.beacon": ("seal", "登记公共随机数"),
    "draw.reveal": ("seal", "公开随机数"),
    "draw.share": ("seal", "交出托管分片"),
    "draw.recovered": ("seal", "由托管分片恢复随机数"),
    "draw.result": ("ok", "公布抽取结果"),
    "draw.avoidance": ("info", "回避剔除入账"),
    "draw.replacement": ("warn", "按候补次序递补"),
    "draw.void": ("bad", "抽取作废"),
    "committee.requested": ("info", "申请抽取评标专家"),
    "committee.completed": ("ok", "评标委员会组建完成"),
    "committee.dissolved": ("bad", "抽取作废，重新申请"),
    "draw.call": ("info", "通知评标专家"),
    "session.opened": ("info", "评标会开始"),
    "session.checked-in": ("info", "评标委员会成员签到"),
    "review.locked": ("seal", "锁定初步评审结果"),
    "scores.locked": ("seal", "锁定评分"),
    "session.chair-elected": ("info", "推选评标委员会组长"),
    "session.recused": ("warn", "评标委员会成员回避"),
    "evaluation.summarised": ("ok", "汇总评分，确定排名"),
    "report.signed": ("seal", "签署评标报告"),
    "evaluation.reported": ("ok", "提交评标报告"),
    "candidates.published": ("ok", "公示中标候选人"),
    "award.decided": ("ok", "确定中标人"),
    "result.published": ("ok", "公告中标结果"),
    "award.notice": ("ok", "发出中标通知书"),
    "contract.concluded": ("ok", "登记所订合同"),
    "seal.used": ("seal", "用印，生成盖章文件"),
    "lot.failed": ("bad", "招标失败"),
    "lot.retendered": ("ok", "重新招标"),
}
#: Kinds whose reason is all that there is to say.
_REASONED: Final = frozenset({"lot.failed", "lot.retendered", "lot.resumed", "opening.emergency", "opening.concluded"})
#: Kinds of notices that are not the tender notice.
NOTICE_WORDS: Final[dict[str, tuple[str, str]]] = {
    "invitation": ("ok", "发出投标邀请书"),
    "prequalification": ("ok", "发布资格预审公告"),
    "prequalification_result": ("ok", "公布资格预审结果"),
    "postponement": ("warn", "发布延期公告"),
    "termination": ("bad", "发布终止公告"),
    "failure": ("bad", "发布招标失败公告"),
    "contract": ("ok", "公示合同"),
}
#: Articles of rules that have no number of their own in the table of parameters.
_BASES: Final = {
    "R-ANN-01": "招投法16",
    "R-ANN-02": "条例37",
    "R-ANN-03": "10号令6",
    "R-ANN-04": "10号令6",
    "R-AWD-08": "条例8",
    "R-THR-10": "招投法17",
    "R-AWD-02": "条例55",
    "R-ET-02": "20号令22",
    "R-ET-04": "20号令26",
    "R-ET-05": "20号令27",
    "R-ET-06": "20号令30",
    "R-ET-07": "20号令31",
    "R-ET-09": "20号令39",
    "R-ET-10": "20号令40",
    "R-FAIL-01": "招投法28",
    "R-FAIL-02": "20号令31",
    "R-FAIL-05": "30号令38",
    "R-FAIL-09": "采购法36",
    "R-TIME-09": "条例44",
    "R-TIME-12": "招投法34",
    "R-TIME-18": "条例55",
    "R-TIME-19": "招投法45",
    "R-TIME-20": "10号令6",
}
BASES: Final = {rule: row.basis for row in reversed(SEED) for rule in row.rules} | _BASES


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a timeline.

    Attributes:
        kind: colour of the mark.
        note: what else the entry says, one phrase.
        index: its number in the public log; None until the sequencer has come by.
    """

    type: str
    kind: str
    what: str
    who: str
    note: str
    rules: tuple[str, ...]
    law: str
    at: datetime
    index: int | None
    facts: dict[str, Any]
    visibility: str


async def list_timeline(tx: Tx, actor: Actor | None, lot: LotView) -> list[Event]:
    """Return the lot's events that this reader may see, oldest first."""
    account = None if actor is None else actor.account_id
    entries = await list_visible_entries(tx, (lot.project_id, lot.id), _visible(actor, lot), account)
    return [event_of(entry) for entry in entries]


def event_of(entry: LoggedEntry) -> Event:
    """Put an entry into words."""
    detail = entry.detail
    facts = detail.get("facts", detail)  # details of fixed form (keysets, draws) are their own facts
    kind, what = WORDS.get(entry.type, ("info", entry.type))
    if entry.type == "notice.published" and facts.get("kind") in NOTICE_WORDS:
        kind, what = NOTICE_WORDS[facts["kind"]]
    rules = tuple(facts.get("rules", ()))
    return Event(
        type=entry.type,
        kind=kind,
        what=what,
        who=_who(detail.get("actor", {})),
        note=_note(entry.type, facts),
        rules=rules,
        law=article_of(rules),
        at=entry.at,
        index=entry.index,
        facts=facts,
        visibility=entry.visibility,
    )


def article_of(rules: tuple[str, ...]) -> str:
    """Return the article of the first rule that rests on one; empty if none does."""
    basis = next((BASES[rule] for rule in rules if rule in BASES), "")
    return cite(basis) if basis else ""


def _visible(actor: Actor | None, lot: LotView) -> tuple[str, ...]:
    """Return the visibilities that a reader may see; what is sealed is not even looked through."""
    insider = actor is not None and (lot.is_run_by(actor.organisation_id) or actor.has(Role.SUPERVISOR))
    return ("public", "parties") if insider or lot.is_public else ("public",)


def _who(actor: dict[str, Any]) -> str:
    return str(actor.get("organisation") or actor.get("name") or "平台")


def _note(kind: str, facts: dict[str, Any]) -> str:
    if kind == "plan.refused":
        return "；".join(item["message"] for item in facts["findings"] if item["severity"] == "breach")
    if kind == "plan.accepted":
        return f"第 {facts['no']} 次提交"
    if kind == "documents.uploaded":
        return f"{facts['name']}，第 {facts['version']} 版"
    if kind == "documents.published":
        return f"{len(facts['files'])} 份"
    if kind == "seal.used":
        return str(facts["kind"])
    if kind in ("question.answered", "objection.answered"):
        return f"第 {facts['no']} 号" + ("，晚于期限" if facts.get("late") else "")
    if kind == "opening.objection-raised":
        return f"第 {facts['no']} 项，{facts['name']}"
    if kind == "opening.objection-answered":
        return f"第 {facts['no']} 项"
    if kind == "opening.attended":
        return f"{facts['role']}，{facts['name']}"
    if kind == "opening.signed":
        return f"{facts['role']}，{facts['name']}，{facts['words']}"
    if kind == "lot.paused":
        return f"最迟 {moment(parse_time(facts['answer_by']))} 答复"
    if kind == "candidates.published":
        return f"公示期最后一日 {facts['last_day']}" if facts["last_day"] else ""
    if kind in ("award.decided", "result.published", "award.notice"):
        winner = facts["winner"]
        return str(winner["bidder_name"] if isinstance(winner, dict) else winner)
    if kind == "contract.concluded":
        late = f"，晚于期限（{facts['due']}）：{facts['reason']}" if facts["late"] else ""
        return f"{facts['winner']}，{facts['signed_on']} 订立{late}"
    if kind == "notice.published" and facts.get("late"):
        return str(facts["late"])
    if kind == "notice.published" and facts.get("changes"):
        return str(facts["changes"][0])
    if kind == "bid.window-extended":
        return f"至 {moment(parse_time(facts['until']))}，{facts['reason']}"
    return str(facts.get("reason", "")) if kind in _REASONED else ""
