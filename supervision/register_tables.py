"""The two registers as tables that a supervisor fills in: their columns, and a line as a draft. Pure."""

from datetime import date
from typing import Final

from kernel.csv_table import Column, Line, plain_code, split_list
from supervision.drafts import Conflict, InspectorDraft, TargetDraft
from supervision.vocabulary import Credit

TARGETS: Final = (
    Column("unit", "代码", "单位填统一社会信用代码；标段、专家填编号", "91420100MA4KX1Y2X3"),
    Column("name", "名称", "不超过 200 字", "云澜招标代理有限公司"),
    Column("credit", "信用等级", "A、B、C 或 D", "B"),
    Column("responsible", "责任单位信用代码", "只有标段、专家填写", "", required=False),
    Column("last_inspected", "上次检查日期", "在别处检查的，例如 2025-09-01", "", required=False),
)
INSPECTORS: Final = (
    Column("login", "登录名", "检查人员的账户", "zf01"),
    Column("certificate", "执法证件号", "不得重复", "ZF-001"),
    Column("may_lead", "持执法证", "是或否，不填为否", "是", required=False),
    Column(
        "conflicts",
        "回避单位",
        "单位信用代码/理由，多条用分号隔开；不公开",
        "91420100MA4KX1Y2X3/曾任职",
        required=False,
    ),
)


def target_of(line: Line) -> tuple[TargetDraft | None, tuple[str, ...]]:
    """Return a line as an object, and what stands against its form."""
    cells, faults = line.cells, list(line.faults)
    credit = plain_code(cells["credit"]).removesuffix("级")
    if cells["credit"] and credit not in set(Credit):
        faults.append("信用等级应为 A、B、C 或 D。")
    last = None
    if cells["last_inspected"]:
        try:
            last = date.fromisoformat(cells["last_inspected"].replace("/", "-"))
        except ValueError:
            faults.append("上次检查日期应写成 2025-09-01 的形式。")
    if faults:
        return None, tuple(faults)
    return TargetDraft(
        unit=plain_code(cells["unit"]),
        name=cells["name"],
        credit=Credit(credit),
        responsible=plain_code(cells["responsible"]),
        last_inspected=last,
    ), ()


def inspector_of(line: Line) -> tuple[InspectorDraft | None, tuple[str, ...]]:
    """Return a line as an inspector, and what stands against its form."""
    cells, faults = line.cells, list(line.faults)
    if cells["may_lead"] not in ("", "是", "否"):
        faults.append("持执法证应填是或否。")
    conflicts = []
    for part in split_list(cells["conflicts"]):
        unit, mark, reason = part.partition("/")
        if not mark or not reason.strip():
            faults.append("回避单位应写成：单位信用代码/理由。")
        conflicts.append(Conflict(unit=plain_code(unit), reason=reason.strip()))
    if faults:
        return None, tuple(dict.fromkeys(faults))
    return InspectorDraft(
        login=cells["login"],
        certificate=cells["certificate"],
        may_lead=cells["may_lead"] == "是",
        conflicts=tuple(conflicts),
    ), ()
