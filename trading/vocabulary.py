"""Words of the procedure: regimes, kinds, methods, roles, stages, and the names of legal limits.

English terms follow OCDS and the published translations; each member carries the Chinese term of the law. Values are
stored and never renamed.
"""

from enum import StrEnum
from typing import Final

#: Where the installation stands: Honghu in Jingzhou in Hubei. Rows of these places hold besides the national ones.
JURISDICTION: Final = "CN-42-10-83"


class Regime(StrEnum):
    """Which body of law a project follows. Source: R-META-02."""

    #: 招标投标法及其实施条例: works, and goods or services tied to them, whoever buys.
    ZTB = "ZTB"
    #: 政府采购法及其实施条例: other goods and services of public bodies.
    GP = "GP"


class LotKind(StrEnum):
    """What is bought. Caps and thresholds differ by it. Source: R-THR-04, R-THR-07."""

    #: 工程施工
    WORKS = "works"
    #: 货物 (for ZTB: 与工程建设有关的重要设备、材料)
    GOODS = "goods"
    #: 勘察、设计
    DESIGN = "design"
    #: 监理及其他服务
    SERVICES = "services"


class TenderMethod(StrEnum):
    """How bidders are found. Source: R-AWD-08."""

    #: 公开招标
    OPEN = "open"
    #: 邀请招标
    INVITED = "invited"


class FundSource(StrEnum):
    """Whose money pays. Source: R-THR-01, R-THR-02."""

    #: 预算资金
    BUDGET = "budget"
    #: 国有企业、事业单位资金
    STATE_OWNED = "state_owned"
    #: 国际组织或者外国政府贷款、援助资金
    INTERNATIONAL = "international"
    #: 其他资金
    OTHER = "other"


class EvaluationMethod(StrEnum):
    """How bids are compared. Source: R-EVAL-02, R-EVAL-03."""

    #: 经评审的最低投标价法 (ZTB) / 最低评标价法 (GP)
    LOWEST_EVALUATED_PRICE = "lowest_evaluated_price"
    #: 综合评估法 (ZTB) / 综合评分法 (GP)
    COMPREHENSIVE = "comprehensive"


class AwardMode(StrEnum):
    """Who chooses among the candidates. Source: R-AWD-02, R-SEP-00."""

    #: 按排名定标: rank one wins.
    RANKED = "ranked"
    #: 评定分离: an award meeting chooses among unranked candidates.
    SEPARATED = "separated"


class Role(StrEnum):
    """Who may take a step; accounts carry these words."""

    #: 招标人 / 采购人
    PROCURING_ENTITY = "procuring_entity"
    #: 招标代理机构
    AGENCY = "agency"
    #: 投标人
    BIDDER = "bidder"
    #: 评标专家
    EXPERT = "expert"
    #: 见证人 (holds a key share)
    TRUSTEE = "trustee"
    #: 行政监督部门
    SUPERVISOR = "supervisor"
    #: 检查人员
    INSPECTOR = "inspector"
    #: 交易中心
    CENTRE = "centre"
    #: 平台运维
    OPERATOR = "operator"
    #: 平台自动办理: the clock brings the step about, not a person.
    SYSTEM = "system"


class Stage(StrEnum):
    """Where a lot stands: what was done, never what merely follows from the clock. Source: R-ET-11."""

    #: 草稿. Next: the procuring entity registers it.
    DRAFT = "draft"
    #: 已登记. Approval, regime and funds are on record. Next: publish the notice. Reached by `register_lot`.
    REGISTERED = "registered"
    #: 已发布招标公告. Documents are out, bids may come in until the deadline. Reached by `publish_notice`.
    NOTICE_PUBLISHED = "notice_published"
    #: 招标文件异议答复中. Tendering stands still until the answer. Reached by `pause_for_document_objection`.
    PAUSED_DOCUMENTS = "paused_documents"
    #: 投标截止. The close list is on record, the opening goes on. Reached by `close_bidding`.
    CLOSED = "closed"
    #: 已开标. The opening record is signed. Next: a committee. Reached by `open_bids`.
    OPENED = "opened"
    #: 评标委员会已组建. Reached by `confirm_committee`.
    COMMITTEE_READY = "committee_ready"
    #: 评标中. Next: all members sign. Reached by `start_evaluation`.
    EVALUATING = "evaluating"
    #: 评标中断. Papers are sealed until the session goes on. Reached by `interrupt_evaluation`.
    INTERRUPTED = "interrupted"
    #: 评标报告已签署. Next: the procuring entity publishes the candidates. Reached by `sign_report`.
    REPORT_SIGNED = "report_signed"
    #: 中标候选人公示. Interested parties may object; next, after the period: award. Reached by `publish_candidates`.
    CANDIDATE_PUBLICITY = "candidate_publicity"
    #: 评标结果异议答复中. Reached by `pause_for_result_objection`.
    PAUSED_RESULT = "paused_result"
    #: 定标会. Only where evaluation and award are separated. Reached by `convene_award_meeting`.
    AWARD_MEETING = "award_meeting"
    #: 已定标. Next: publish the result. Reached by `decide_award`.
    AWARDED = "awarded"
    #: 中标结果已公告. Next: the award notice. Reached by `publish_result`.
    RESULT_PUBLISHED = "result_published"
    #: 中标通知书已发出. Next: the contract. Reached by `send_award_notice`.
    NOTICE_SENT = "notice_sent"
    #: 已签订合同. Next: the written report. Reached by `conclude_contract`.
    CONTRACTED = "contracted"
    #: 已提交书面报告. Next: the bonds. Reached by `report_to_supervisor`.
    REPORTED = "reported"
    #: 已退还保证金. Next: the archive. Reached by `return_bonds`.
    BONDS_RETURNED = "bonds_returned"
    #: 已归档. The end. Reached by `archive`.
    ARCHIVED = "archived"
    #: 监督部门责令暂停. Leads back to where it began. Reached by `suspend`.
    SUSPENDED = "suspended"
    #: 招标失败 (流标). Next: tender again or end. Reached by `declare_failed`.
    FAILED = "failed"
    #: 已重新招标. A new lot goes on; the end of this one. Reached by `tender_again`.
    RETENDERED = "retendered"
    #: 终止招标. The end. Reached by `terminate`.
    TERMINATED = "terminated"


class ObjectionSubject(StrEnum):
    """What an objection is about. Source: R-TIME-07, R-TIME-17, R-GP-12."""

    #: 招标文件
    DOCUMENTS = "documents"
    #: 评标结果 / 采购结果
    RESULT = "result"


class ObjectionOutcome(StrEnum):
    """How the procuring entity answers an objection."""

    #: 成立: what was objected to is corrected.
    UPHELD = "upheld"
    #: 部分成立
    PARTLY = "partly"
    #: 不成立
    DISMISSED = "dismissed"


class Phase(StrEnum):
    """What a lot looks like to a visitor: the stage together with the clock. Derived, never stored."""

    #: 待发布
    IN_PREPARATION = "in_preparation"
    #: 公告中 (documents not yet available)
    ANNOUNCED = "announced"
    #: 招标文件发售中
    SELLING = "selling"
    #: 投标中 (documents no longer handed out, bids still come in)
    BIDDING = "bidding"
    #: 已到投标截止时间
    DEADLINE_REACHED = "deadline_reached"
    #: 开标中
    OPENING = "opening"
    #: 评标中
    EVALUATION = "evaluation"
    #: 公示中
    PUBLICITY = "publicity"
    #: 公示期满
    PUBLICITY_OVER = "publicity_over"
    #: 定标与签约
    AWARD = "award"
    #: 暂停
    STANDSTILL = "standstill"
    #: 已结束
    ENDED = "ended"


class Limit(StrEnum):
    """Names of legal limits in the parameter table. Both regimes have those without a remark."""

    #: 资格预审文件或招标文件发售期 (ZTB). Source: R-TIME-01 (条例 16). A minimum: never rolled backwards (R-CNT-08).
    DOCUMENT_SALE = "doc_sale"
    #: 采购文件提供期限 (GP). Source: R-GP-01 (采购条例 31). A minimum in working days.
    DOCUMENT_SUPPLY = "doc_supply"
    #: 招标公告的公告期限 (GP). Source: R-GP-04 (87号令 16)
    NOTICE_PERIOD = "notice_period"
    #: 编制投标文件的时间. Source: R-TIME-03 (招投法 24), R-GP-02 (采购法 35). A minimum.
    BID_PREPARATION = "bid_prepare"
    #: 招标文件澄清、修改的最迟时间. Source: R-TIME-04 (条例 21), R-GP-03 (采购条例 31). Backward.
    CLARIFICATION = "clarify_bid"
    #: 提交资格预审申请文件的时间. Source: R-TIME-02 (条例 17), R-GP-20 (采购条例 21). A minimum.
    PREQUALIFICATION_APPLICATION = "prequal_submit"
    #: 资格预审文件澄清、修改的最迟时间. Source: R-TIME-05 (条例 21), R-GP-20 (87号令 27). Backward.
    PREQUALIFICATION_CLARIFICATION = "clarify_prequal"
    #: 对资格预审文件提出异议的最迟时间 (ZTB). Source: R-TIME-06 (条例 22). Backward.
    PREQUALIFICATION_OBJECTION = "object_prequal"
    #: 公告政府采购合同的期限 (GP). Source: R-GP-10 (采购条例 50)
    CONTRACT_PUBLICATION = "contract_publish"
    #: 对招标文件提出异议的最迟时间 (ZTB). Source: R-TIME-07 (条例 22). Backward.
    DOCUMENT_OBJECTION = "object_doc"
    #: 答复异议的期限 (ZTB). Source: R-TIME-08, R-TIME-17 (条例 22, 54)
    OBJECTION_ANSWER = "answer_objection"
    #: 供应商提出质疑的期限 (GP). Source: R-GP-12 (采购法 52)
    SUPPLIER_QUESTION = "question"
    #: 答复质疑的期限 (GP). Source: R-GP-13 (采购法 53)
    SUPPLIER_ANSWER = "answer_question"
    #: 中标结果的公告期限 (GP). Source: R-GP-08 (87号令 69)
    RESULT_PERIOD = "result_period"
    #: 开始公示中标候选人的期限 (ZTB). Source: R-TIME-14 (条例 54)
    CANDIDATE_START = "candidate_start"
    #: 中标候选人公示期 (ZTB). Source: R-TIME-15 (条例 54). A minimum whose last day is a working day.
    CANDIDATE_PUBLICITY = "candidate_publicity"
    #: 公示期满后召开定标会的期限 (ZTB, 评定分离). Source: R-SEP-07
    AWARD_MEETING = "award_meeting"
    #: 采购人确定中标人的期限 (GP). Source: R-GP-06 (采购条例 43)
    WINNER_DETERMINATION = "determine_winner"
    #: 发出中标通知书并公告结果的期限 (GP). Source: R-GP-07 (采购条例 43)
    NOTICE_AND_RESULT = "notice_and_result"
    #: 订立书面合同的期限. Source: R-TIME-22 (招投法 46), R-GP-10 (采购法 46)
    CONTRACT = "contract"
    #: 提交招标投标情况书面报告的期限 (ZTB). Source: R-TIME-21 (招投法 47)
    WRITTEN_REPORT = "report_supervisor"
    #: 签订合同后退还投标保证金的期限 (ZTB). Source: R-TIME-23 (条例 57)
    BOND_RETURN = "bond_return_contract"
    #: 撤回投标后退还投标保证金的期限 (ZTB). Source: R-TIME-10 (条例 35)
    BOND_RETURN_WITHDRAWN = "bond_return_withdraw"
    #: 退还投标保证金的期限 (GP). Source: R-GP-09 (采购条例 33)
    BOND_RETURN_GP = "bond_return"
    #: 终止招标后退款的期限 (ZTB). Source: R-TIME-24 (条例 31)
    TERMINATION_REFUND = "terminate_refund"
    #: 评标前抽取专家的最早时间 (Hubei). Source: R-DRAW-01. Hours before the evaluation.
    EXPERT_DRAW = "hubei_expert_draw"
    #: 投标保证金上限. Source: R-THR-07, R-THR-13. A percentage, and for ZTB a sum by kind.
    BID_BOND_CAP = "bid_bond_cap"
    #: 履约保证金上限. Source: R-THR-09, R-THR-13
    PERFORMANCE_BOND_CAP = "perf_bond_cap"
    #: 最少投标人数. Source: R-THR-10
    MIN_BIDDERS = "min_bidders"
    #: 邀请招标最少受邀人数 (ZTB). Source: R-THR-10
    MIN_INVITEES = "min_invitees"
    #: 中标候选人最多人数. Source: R-THR-11
    MAX_CANDIDATES = "max_candidates"
    #: 评审因素满分合计 (综合评估法、综合评分法). Source: R-EVAL-05 (12号令 35), R-PRC-05 (87号令 55)
    SCORE_TOTAL = "score_total"
    #: 价格分的最低比重 (GP, by kind). Source: R-PRC-05 (87号令 55)
    PRICE_SHARE_MIN = "price_share_min"
    #: 必须招标的单项合同估算价 (ZTB, by kind). Source: R-THR-04
    MANDATORY_CONTRACT = "mandatory_contract"
    #: 必须招标的预算资金 (ZTB). Source: R-THR-01
    MANDATORY_PUBLIC_MONEY = "mandatory_public_money"
    #: 必须招标的预算资金占比 (ZTB). Source: R-THR-01
    MANDATORY_PUBLIC_SHARE = "mandatory_public_share"
