"""How notices read: from their data to the blocks of the page and the PDF. Pure.

A block is `{kind: "p" | "h", text}` or `{kind: "table", label, head, rows}`. Nothing is decided here: every figure
comes from the data, so that JSON, page and PDF say the same.
"""

from collections.abc import Mapping
from typing import Any

from kernel.canonical import parse_time
from kernel.money import Money
from kernel.web.filters import long_moment
from trading.vocabulary import LotKind, Regime, TenderMethod

Block = dict[str, Any]
Data = Mapping[str, Any]

REGIMES = {Regime.ZTB: "招标投标法", Regime.GP: "政府采购法"}
KINDS = {LotKind.WORKS: "工程施工", LotKind.GOODS: "货物", LotKind.DESIGN: "勘察设计", LotKind.SERVICES: "服务"}
METHODS = {TenderMethod.OPEN: "公开招标", TenderMethod.INVITED: "邀请招标"}


def heading(text: str) -> Block:
    """Return a heading block."""
    return {"kind": "h", "text": text}


def paragraph(text: str) -> Block:
    """Return a paragraph block."""
    return {"kind": "p", "text": text}


def table(label: str, head: list[str], rows: list[list[str]]) -> Block:
    """Return a table block."""
    return {"kind": "table", "label": label, "head": head, "rows": rows}


def tender_notice(data: Data) -> list[Block]:
    """Return the body of a tender notice. Source: R-ANN-01."""
    agents = "，接受代理商投标" if data["agents_allowed"] else ""
    blocks = [] if not data.get("ground") else _invitation(data)
    blocks += [
        heading("一、招标条件"),
        paragraph(
            f"{data['project_title']}（项目编号：{data['tender']}）已具备招标条件，招标人为{data['procuring_entity']}，"
            f"资金来源为{data['funds']}，现委托{data['agency']}进行{data['method']}。"
        ),
        heading("二、项目概况与招标范围"),
        paragraph(f"标段 {data['lot']}：{data['title']}。{data['summary']}"),
        paragraph(f"数量：{data['quantity']}；实施地点：{data['place']}；期限：{data['term']}。"),
        heading("三、投标人资格要求"),
        *(paragraph(f"（{at}）{item}") for at, item in enumerate(data["qualifications"], 1)),
        *([paragraph("本标段已经资格预审，只接受通过资格预审的申请人投标。")] if data.get("prequalified") else []),
        paragraph(f"本标段{data['consortium']}{agents}。"),
        heading("四、招标文件的获取"),
        paragraph(
            f"获取时间：{_at(data['documents_from'])}至{_at(data['documents_to'])}（北京时间）。{data['documents_how']}"
        ),
        heading("五、投标文件的递交与开标"),
        paragraph(f"递交截止时间及开标时间：{_at(data['deadline'])}（北京时间）。{data['submission_how']}"),
        paragraph(f"开标地点：{data['opening_place']}。"),
    ]
    if data["price_cap"]:
        blocks += [
            heading("六、最高投标限价"),
            paragraph(f"人民币 {_yuan(data['price_cap'])} 元，高于限价的投标将被否决。"),
        ]
    else:
        blocks += [heading("六、最高投标限价"), paragraph("本标段不设最高投标限价。")]
    blocks += [
        heading("七、评标办法"),
        paragraph(f"{data['evaluation_method']}。评审因素与分值如下："),
        _criteria(data["criteria"]),
        *(paragraph(f"开标时公开抽取{words}。") for words in data.get("parameters", [])),
        heading("八、联系方式"),
        *(paragraph(_contact(item)) for item in data["contacts"]),
        paragraph(f"监督部门：{data['supervising_body']}。"),
    ]
    if data.get("changes"):
        changes = [paragraph(f"（{at}）{text}") for at, text in enumerate(data["changes"], 1)]
        blocks = [heading("更正内容"), *changes, paragraph("其余内容不变，更正后的公告全文如下。"), *blocks]
    return blocks


#: What a reader calls the members of a notice that may change.
LABELS = {
    "title": "标段名称",
    "summary": "招标内容",
    "quantity": "数量",
    "place": "实施地点",
    "term": "期限",
    "quality": "质量要求",
    "qualifications": "投标人资格条件",
    "consortium": "联合体投标",
    "price_cap": "最高投标限价（元）",
    "bid_bond": "投标保证金（元）",
    "documents_from": "招标文件获取开始",
    "documents_to": "招标文件获取截止",
    "deadline": "投标截止时间",
    "opening_at": "开标时间",
    "opening_place": "开标地点",
    "contacts": "联系方式",
    "supervising_body": "监督部门",
    "criteria": "评审因素",
    "documents": "招标文件",
    "prequalification_to": "资格预审文件获取截止",
    "prequalification_deadline": "资格预审申请截止时间",
    "review_method": "资格审查的标准和方法",
    "reason": "原因",
    "refund": "退还安排",
    "price": "金额（元）",
    "signed_on": "订立日期",
    "contract_no": "合同编号",
}
_MOMENTS = ("documents_from", "documents_to", "deadline", "opening_at", "old_deadline", "prequalification_to")


def prequalification(data: Data) -> list[Block]:
    """Return the body of the announcement of a prequalification. Source: R-ANN-01, R-TIME-02."""
    blocks = [
        heading("一、招标条件"),
        paragraph(
            f"{data['project_title']}（项目编号：{data['tender']}）已具备招标条件，招标人为{data['procuring_entity']}，"
            f"资金来源为{data['funds']}，现委托{data['agency']}进行公开招标，特邀请有兴趣的潜在投标人提出资格预审申请。"
        ),
        heading("二、项目概况与招标范围"),
        paragraph(f"标段 {data['lot']}：{data['title']}。{data['summary']}"),
        paragraph(f"数量：{data['quantity']}；实施地点：{data['place']}；期限：{data['term']}。"),
        heading("三、申请人资格要求"),
        *(paragraph(f"（{no}）{item}") for no, item in enumerate(data["qualifications"], 1)),
        paragraph(f"本次资格预审{data['consortium']}。资格审查的标准和方法：{data['review_method']}。"),
        heading("四、资格预审文件的获取"),
        paragraph(
            f"获取时间：{_at(data['prequalification_from'])}至{_at(data['prequalification_to'])}（北京时间）。"
            "使用电子营业执照登录本平台在线获取，免费。"
        ),
        heading("五、资格预审申请文件的递交"),
        paragraph(
            f"递交截止时间：{_at(data['prequalification_deadline'])}（北京时间），逾期不予受理。{data['application_how']}"
        ),
        heading("六、联系方式"),
        *(paragraph(_contact(item)) for item in data["contacts"]),
        paragraph(f"监督部门：{data['supervising_body']}。"),
    ]
    if data.get("changes"):
        changes = [paragraph(f"（{no}）{text}") for no, text in enumerate(data["changes"], 1)]
        blocks = [heading("更正内容"), *changes, paragraph("其余内容不变，更正后的公告全文如下。"), *blocks]
    return blocks


def prequalification_result(data: Data) -> list[Block]:
    """Return the body of the result of a prequalification; it names nobody (招投法 22). Source: R-THR-10."""
    return [
        paragraph(
            f"{data['title']}（项目编号：{data['tender']}，标段 {data['lot']}）的资格预审工作已经结束，现公告如下。"
        ),
        paragraph(data["outcome"]),
        paragraph(data["next"]),
        paragraph("通过资格预审的申请人名称和数量依法保密，开标后公开。"),
        *(paragraph(_contact(item)) for item in data["contacts"]),
    ]


def postponement(data: Data) -> list[Block]:
    """Return the body of a postponement. Source: R-TIME-04, R-GP-03."""
    return [
        paragraph(f"{data['title']}（项目编号：{data['tender']}，标段 {data['lot']}）的投标截止时间调整如下。"),
        table(
            "延期",
            ["", "投标截止及开标时间（北京时间）"],
            [["原定", _at(data["old_deadline"])], ["顺延至", _at(data["deadline"])]],
        ),
        paragraph(f"原因：{data['reason']}"),
        paragraph("已递交的投标文件继续有效，投标人可以在新的截止时间前修改或者撤回。"),
        *(paragraph(_contact(item)) for item in data["contacts"]),
    ]


def termination(data: Data) -> list[Block]:
    """Return the body of a termination. Source: R-TIME-24 (条例 31)."""
    return [
        paragraph(f"{data['title']}（项目编号：{data['tender']}，标段 {data['lot']}）的招标终止。"),
        paragraph(f"原因：{data['reason']}"),
        heading("费用和保证金的退还"),
        paragraph(data["refund"]),
        paragraph("已递交的投标文件不开启，保持密封。"),
        *(paragraph(_contact(item)) for item in data["contacts"]),
    ]


def failure(data: Data) -> list[Block]:
    """Return the body of the notice that a tender has failed. Source: R-FAIL-01 (招投法 28), R-FAIL-09 (采购法 36)."""
    return [
        paragraph(f"{data['title']}（项目编号：{data['tender']}，标段 {data['lot']}）未能产生中标人。"),
        paragraph(f"原因：{data['reason']}"),
        heading("投标文件和保证金"),
        paragraph(data["bids"]),
        heading("后续安排"),
        paragraph(data["next"]),
        *(paragraph(_contact(item)) for item in data["contacts"]),
    ]


def _criteria(items: list[Data]) -> Block:
    """Return the table of criteria; with a column of evidence where any is asked for."""
    if not any(item.get("evidence") for item in items):
        return table("评审因素", ["因素", "满分"], [[item["name"], item["max"]] for item in items])
    rows = [[item["name"], item["max"], item.get("evidence", "—")] for item in items]
    return table("评审因素", ["因素", "满分", "证明材料"], rows)


def contract(data: Data) -> list[Block]:
    """Return the body of a contract publicity. Source: R-GP-10, R-TIME-22."""
    rows = [
        ["合同编号", data["contract_no"]],
        ["采购内容", data["summary"]],
        ["合同相对方", data["winner"]],
        ["合同金额（元）", _yuan(data["price"])],
        ["履行期限", data["term"]],
        ["订立日期", data["signed_on"]],
    ]
    return [
        paragraph(
            f"{data['title']}（项目编号：{data['tender']}，标段 {data['lot']}）的合同已经订立，主要内容公布如下。"
        ),
        table("合同主要内容", ["项目", "内容"], rows),
        *(paragraph(_contact(item)) for item in data["contacts"]),
    ]


def at(text: str) -> str:
    """Write a moment of the data for a sentence."""
    return _at(text)


def differences(before: Data, after: Data) -> list[list[str]]:
    """Return what two versions of a notice say differently: label, before, after, in the order of `LABELS`."""
    return [
        [label, _said(name, before.get(name)), _said(name, after.get(name))]
        for name, label in LABELS.items()
        if before.get(name) != after.get(name)
    ]


def with_differences(body: list[Block], before: Data, after: Data) -> list[Block]:
    """Put the table of differences into a corrected notice, after the changes it begins with."""
    rows = differences(before, after)
    if not rows:
        return body
    shown = table("更正前后对照", ["项目", "更正前", "更正后"], rows)
    at = next((at for at, block in enumerate(body) if block.get("text", "").startswith("其余内容不变")), 0)
    return [*body[:at], shown, *body[at:]]


def _said(name: str, value: Any) -> str:
    if value is None or value == "" or value == []:
        return "—"
    if name in _MOMENTS or name == "prequalification_deadline":
        return _at(value)
    if name in ("price_cap", "bid_bond", "price"):
        return _yuan(value)
    if name == "contacts":
        return "；".join(_contact(item).removesuffix("。") for item in value)
    if name == "criteria":
        return "；".join(map(_criterion, value))
    if name == "documents":
        return "；".join(f"{item['name']}（第 {item['version']} 版）" for item in value)
    return "；".join(map(str, value)) if isinstance(value, list) else str(value)


def _criterion(item: Data) -> str:
    evidence = f"（证明材料：{item['evidence']}）" if item.get("evidence") else ""
    return f"{item['name']} {item['max']} 分{evidence}"


def candidate_publicity(data: Data) -> list[Block]:
    """Return the body of a candidate publicity. Source: R-ANN-03."""
    rows = [
        [str(item["rank"]), item["bidder_name"], _yuan(item["price"]), item["score"], item["quality"], item["term"]]
        for item in data["candidates"]
    ]
    blocks = [
        paragraph(
            f"{data['title']}（项目编号：{data['tender']}，标段 {data['lot']}）的评标工作已经结束，"
            f"评标委员会推荐的中标候选人公示如下，公示期至 {_at(data['until'])}（北京时间）。"
        ),
        table("中标候选人", ["排名", "中标候选人", "投标报价（元）", "综合得分", "质量", "工期（交货期）"], rows),
        heading("资格能力条件响应情况"),
        *(
            paragraph(f"第{c['rank']}名 {c['bidder_name']}：{c['qualification']}。{_leader(c)}")
            for c in data["candidates"]
        ),
        heading("评标情况"),
        paragraph(data["evaluation"]),
    ]
    if data["rejected"]:
        rows = [[item["bidder_name"], item["reason"], item["article"]] for item in data["rejected"]]
        blocks += [heading("被否决的投标"), table("被否决的投标", ["投标人", "原因", "依据"], rows)]
    blocks += [heading("提出异议的渠道和方式"), paragraph(data["objection_channel"])]
    return blocks


def _invitation(data: Data) -> list[Block]:
    return [
        paragraph("你单位："),
        paragraph(
            f"{data['project_title']}（项目编号：{data['tender']}，标段 {data['lot']}）采用邀请招标方式，"
            "现邀请你单位参加投标。"
            "收到本邀请书后，请登录本平台登记投标意向、获取招标文件。受邀单位的名称和数量在开标前不公开。"
        ),
        paragraph(
            f"采用邀请招标的情形：{data['ground']}。理由：{data['ground_reason']}。"
            f"批准（认定）部门：{data['approved_by']}，文号：{data['approval_no']}。"
        ),
    ]


def award_result(data: Data) -> list[Block]:
    """Return the body of an award-result notice. Source: R-ANN-04."""
    return [
        paragraph(
            f"{data['title']}（项目编号：{data['tender']}，标段 {data['lot']}）的中标候选人公示期已满，"
            "招标人已依法确定中标人，现公告如下。"
        ),
        table("中标结果", ["中标人", "中标价（元）"], [[data["winner"], _yuan(data["price"])]]),
        paragraph(f"中标通知书编号：{data['award_notice']}。"),
        *(paragraph(_contact(item)) for item in data["contacts"]),
    ]


def award_notice(data: Data) -> list[Block]:
    """Return the body of the award notice to the winner (中标通知书). Source: R-TIME-19, R-TIME-22."""
    price = Money.parse(data["price"])
    return [
        paragraph(f"{data['winner']}："),
        paragraph(
            f"你方于 {_at(data['deadline'])} 前递交的 {data['title']}（项目编号：{data['tender']}，标段 {data['lot']}）"
            "投标文件已被我方接受，被确定为中标人。"
        ),
        paragraph(f"中标价：{price.grouped} 元（大写：{price.capitals}）。"),
        paragraph(
            f"请你方自本通知书发出之日起 {data['contract_days']} 日内，最迟于 {data['contract_until']}，"
            "与我方按照招标文件和你方的投标文件订立书面合同。"
        ),
        paragraph(
            "中标通知书对招标人和中标人具有法律效力。中标通知书发出后，招标人改变中标结果的，或者中标人放弃中标项目的，"
            "应当依法承担法律责任（《中华人民共和国招标投标法》第四十五条）。"
        ),
    ]


def _leader(candidate: Data) -> str:
    named = [candidate.get("leader"), candidate.get("leader_certificate")]
    return f"项目负责人：{'，'.join(text for text in named if text)}。" if named[0] else ""


def _contact(item: Data) -> str:
    parts = [f"{item['party']}联系人：{item['name']}", f"电话：{item['phone']}"]
    parts += [f"地址：{item['address']}"] if item.get("address") else []
    parts += [f"电子邮箱：{item['email']}"] if item.get("email") else []
    return "；".join(parts) + "。"


def _at(text: str) -> str:
    return long_moment(parse_time(text))


def _yuan(text: str) -> str:
    return Money.parse(text).grouped
