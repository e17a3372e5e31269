"""How notices read: from their data to the blocks of the page and the PDF. Pure.

A block is `{kind: "p" | "h", text}` or `{kind: "table", label, head, rows}`. Nothing is decided here: every figure
comes from the data, so that JSON, page and PDF say the same.
"""

from collections.abc import Mapping
from typing import Any

from kernel.canonical import parse_time
from kernel.money import Money
from kernel.web.filters import long_moment
from trading.vocabulary import EvaluationMethod, LotKind, Regime, TenderMethod

Block = dict[str, Any]
Data = Mapping[str, Any]

REGIMES = {Regime.ZTB: "招标投标法", Regime.GP: "政府采购法"}
KINDS = {LotKind.WORKS: "工程施工", LotKind.GOODS: "货物", LotKind.DESIGN: "勘察设计", LotKind.SERVICES: "服务"}
METHODS = {TenderMethod.OPEN: "公开招标", TenderMethod.INVITED: "邀请招标"}
EVALUATIONS = {
    EvaluationMethod.COMPREHENSIVE: "综合评估法",
    EvaluationMethod.LOWEST_EVALUATED_PRICE: "经评审的最低投标价法",
}


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
    blocks = [
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
        table("评审因素", ["因素", "满分"], [[item["name"], item["max"]] for item in data["criteria"]]),
        heading("八、联系方式"),
        *(paragraph(_contact(item)) for item in data["contacts"]),
        paragraph(f"监督部门：{data['supervising_body']}。"),
    ]
    if data.get("changes"):
        changes = [paragraph(f"（{at}）{text}") for at, text in enumerate(data["changes"], 1)]
        blocks = [heading("更正内容"), *changes, paragraph("其余内容不变，更正后的公告全文如下。"), *blocks]
    return blocks


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
