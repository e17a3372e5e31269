"""What a bidder fills in before sealing, and what would get the bid refused: the form's fields, checked. Pure.

The page and the offline tool ask for the same fields. A draft is plain JSON that a person edits; a checked one becomes
the canonical form that is sealed. What decides is the law and the committee: only what is certain is called a fault.

Source: 招投法 36; R-PRC-14, R-VETO-05 (price above the cap), R-ET-04; docs/spec/sealing.md, "Form".
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bidding.form import MAX_BYTES, MAX_TEXT, PRICE, check_form, check_letter
from kernel.canonical import jcs
from kernel.money import BadAmount, Money

#: A draft larger than this was not typed by anybody.
MAX_DRAFT = 4 * MAX_BYTES


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form.

    Attributes:
        inputmode: `decimal` for money, `numeric` for whole numbers, `text`.
    """

    name: str
    label: str
    hint: str
    unit: str
    inputmode: str
    required: bool


FIELDS = (
    Field("price", "投标报价", "含税，两位小数", "元", "decimal", True),
    Field("period", "交货期或工期", "自合同签订之日起，例如 30 日", "", "text", True),
    Field("manager", "项目负责人", "姓名与身份证件一致", "", "text", True),
    Field("remark", "说明", "对招标文件的偏离，没有则留空", "", "text", False),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a bid would be refused or rejected.

    Attributes:
        where: name of the field or file.
        words: what to do first, then the cause.
        basis: short form of the article, where law decides; see `kernel.parameters.articles.cite`.
    """

    where: str
    words: str
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a lot asks of a form.

    Attributes:
        cap_fen: maximum price; None without one.
    """

    tender: str
    lot: str
    bidder_name: str
    uscc: str
    cap_fen: int | None


class DraftUnreadable(ValueError):
    """The draft is no JSON object; the text says where, for the person who edits it."""


def template(files: Sequence[str]) -> bytes:
    """Return the draft to fill in: every field empty, and a place for each file's path."""
    draft: dict[str, str] = {field.name: "" for field in FIELDS} | dict.fromkeys(files, "")
    return (json.dumps(draft, ensure_ascii=False, indent=2) + "\n").encode()


def hint(field: Field, cap_fen: int | None) -> str:
    """Return a field's hint, with the lot's maximum price where it has one."""
    if field.name != "price" or not cap_fen:
        return field.hint
    return f"{field.hint}，不得超过最高投标限价 {cap_fen // 100:,}.{cap_fen % 100:02d} 元"


def read_draft(data: bytes) -> dict[str, Any]:
    """Read a draft as a person saved it; a byte order mark is no fault.

    Raises:
        DraftUnreadable: other text than JSON, no object, a field twice.
    """
    if len(data) > MAX_DRAFT:
        raise DraftUnreadable(f"文件过大（超过 {MAX_DRAFT // 1024} KiB），不是投标函表单。")
    try:
        draft = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once, parse_float=str, parse_constant=_none)
    except UnicodeDecodeError:
        raise DraftUnreadable("请另存为 UTF-8 编码：文件不是 UTF-8 文本。") from None
    except json.JSONDecodeError as error:
        words = f"第 {error.lineno} 行第 {error.colno} 列附近不是有效的 JSON；请检查引号、逗号和括号是否成对。"
        raise DraftUnreadable(words) from None
    except RecursionError:
        raise DraftUnreadable("括号嵌套过深，不是投标函表单。") from None
    if not isinstance(draft, dict):
        raise DraftUnreadable("最外层应为一对花括号 { … }。")
    return draft


def check_draft(draft: Mapping[str, Any], ask: Ask, files: Sequence[str]) -> tuple[dict[str, str], list[Fault]]:
    """Check the fields of a draft, not its files.

    Args:
        files: members that hold a file's path.

    Returns:
        (values, faults): what was filled in, tidied; and what is wrong.
    """
    values: dict[str, str] = {}
    faults = [
        Fault(name, f"请删去不认识的栏目“{_short(name)}”。")
        for name in draft
        if name not in {field.name for field in FIELDS} | set(files)
    ]
    for field in FIELDS:
        told = draft.get(field.name, "")
        if type(told) is int and field.inputmode == "decimal":
            told = str(told)
        if not isinstance(told, str):
            faults.append(Fault(field.name, f"请把{field.label}写成带引号的文字。"))
            continue
        text = told.strip()
        fault = _fault(field, text, ask)
        if fault:
            faults.append(fault)
        elif text:
            values[field.name] = _amount(text) if field.inputmode == "decimal" else text
    for name in files:
        if not isinstance(draft.get(name), str) or not str(draft.get(name)).strip():
            faults.append(Fault(name, "请填写投标文件的路径。", "20号令26"))
    return values, faults


def form_of(values: Mapping[str, str], ask: Ask) -> bytes:
    """Return the form that is sealed.

    Raises:
        FormError: what was filled in is no form that could be read out at the opening.
    """
    content = {"v": 1, "type": "bid.form", "tender": ask.tender, "lot": ask.lot, "bidder_name": ask.bidder_name}
    data = jcs(content | {"uscc": ask.uscc} | dict(values))
    check_form(data, tender=ask.tender, lot=ask.lot, uscc=ask.uscc)
    return data


def letter_of(values: Mapping[str, str], ask: Ask) -> bytes:
    """Return the letter of the first envelope: what was filled in without the price.

    Raises:
        FormError: as for a form.
    """
    content = {"v": 1, "type": "bid.letter", "tender": ask.tender, "lot": ask.lot, "bidder_name": ask.bidder_name}
    data = jcs(content | {"uscc": ask.uscc} | {name: value for name, value in values.items() if name != PRICE})
    check_letter(data, tender=ask.tender, lot=ask.lot, uscc=ask.uscc)
    return data


def _fault(field: Field, text: str, ask: Ask) -> Fault | None:
    if not text:
        return Fault(field.name, f"请填写{field.label}。", "招投法36") if field.required else None
    if len(text) > MAX_TEXT:
        return Fault(field.name, f"请缩短{field.label}：最多 {MAX_TEXT} 字。")
    if any((ord(sign) < 32 and sign not in "\n\t") or 0xD800 <= ord(sign) < 0xE000 for sign in text):
        return Fault(field.name, f"请删去{field.label}中的控制字符。")
    return _price_fault(field, text, ask) if field.inputmode == "decimal" else None


def _price_fault(field: Field, text: str, ask: Ask) -> Fault | None:
    try:
        amount = Money.parse(_plain(text))
    except BadAmount:
        amount = Money(0)
    if amount.fen <= 0:
        return Fault(field.name, "请填写大于零的金额（元），最多两位小数，例如 2986400.00。")
    if ask.cap_fen and amount.fen > ask.cap_fen:
        return Fault(field.name, f"请核对报价：{amount} 元超过最高投标限价 {Money(ask.cap_fen)} 元。", "条例51")
    return None


def _plain(text: str) -> str:
    # Commas and spaces between digits are a reader's help; full-width digits are not digits.
    return re.sub(r"[,，\s]", "", text)


def _amount(text: str) -> str:
    return str(Money.parse(_plain(text)))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DraftUnreadable("同一栏目出现了两次，请只保留一个。")
    return members


def _none(_: str) -> None:
    return None


def _short(text: str) -> str:
    return text if len(text) <= 20 else text[:20] + "…"
