"""What is typed when an affiliation is declared, and all that can be wrong with it.

Organisations need not be registered here: an affiliation holds against a firm from the day on which it first comes.
"""

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from kernel.credit_code import CreditCodeRefused, read_credit_code
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput
from trading.independence import Tie
from trading.models.project import Project

_TEXT = (4, 300)


@dataclass(frozen=True, slots=True)
class AffiliationDraft:
    """What is typed: codes, names and days as text.

    Attributes:
        to: `operator` or `party`, an agency or procuring entity that `of_uscc` names.
        project: number of the project that advice was for; empty for other ties.
        until: empty while it goes on.
    """

    kind: str
    uscc: str
    name: str
    to: str
    basis: str
    since: str
    of_uscc: str = ""
    of_name: str = ""
    project: str = ""
    until: str = ""


def read_day(faults: list[tuple[str, str]], field: str, label: str, typed: str) -> date | None:
    """Read a day; a fault is added to the others."""
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        faults.append((field, f"请填写{label}，例如 2026-08-06。"))
        return None


def require_text(faults: list[tuple[str, str]], field: str, label: str, typed: str) -> None:
    """Add a fault if the evidence for something is not said."""
    if not _TEXT[0] <= len(typed.strip()) <= _TEXT[1]:
        faults.append((field, f"请写明{label}和材料名称，{_TEXT[0]} 至 {_TEXT[1]} 个字。"))


async def check_declaration(tx: Tx, draft: AffiliationDraft) -> dict[str, Any]:
    """Return a declaration in its standard form, as petition, row and log entry keep it.

    Raises:
        InvalidInput: with all faults together.
    """
    faults: list[tuple[str, str]] = []
    if draft.kind not in set(Tie):
        faults.append(("kind", "请选择关系。"))
    if draft.to not in ("operator", "party"):
        faults.append(("to", "请选择与谁存在关系。"))
    to_operator = draft.to != "party"
    uscc, name = _organisation(faults, "uscc", "name", draft.uscc, draft.name)
    of_uscc, of_name = "", ""
    if not to_operator:
        of_uscc, of_name = _organisation(faults, "of_uscc", "of_name", draft.of_uscc, draft.of_name)
    if draft.kind == Tie.ITSELF and not to_operator:
        faults.append(("kind", "“平台运营机构”只用于平台自身的运营机构。"))
    if draft.kind == Tie.ADVISER and to_operator:
        faults.append(("kind", "投标咨询须写明由哪家代理机构提供。"))
    if uscc and uscc == of_uscc:
        faults.append(("of_uscc", "两个单位不能相同。"))
    project = await _project(tx, faults, draft) if draft.kind == Tie.ADVISER else None
    since = read_day(faults, "since", "起始日", draft.since)
    until = read_day(faults, "until", "终止日", draft.until) if draft.until.strip() else None
    if since and until and until < since:
        faults.append(("until", "终止日不能早于起始日。"))
    require_text(faults, "basis", "依据", draft.basis)
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    return {
        "kind": draft.kind,
        "uscc": uscc,
        "name": name,
        "of_uscc": of_uscc,
        "of_name": of_name,
        "project_id": str(project) if project else "",
        "basis": draft.basis.strip(),
        "since": str(since),
        "until": str(until) if until else "",
    }


def _organisation(
    faults: list[tuple[str, str]], code_field: str, name_field: str, typed: str, name: str
) -> tuple[str, str]:
    """Return code and name as typed: whether a firm is registered here is not told to whoever tries codes (R-ET-05)."""
    if not 2 <= len(name.strip()) <= 100:
        faults.append((name_field, "请填写单位名称。"))
    try:
        return read_credit_code(typed).code, name.strip()
    except CreditCodeRefused as refusal:
        faults.append((code_field, refusal.detail))
        return "", name.strip()


async def _project(tx: Tx, faults: list[tuple[str, str]], draft: AffiliationDraft) -> uuid.UUID | None:
    query = select(Project.id).where(Project.number == draft.project.strip())
    found = (await tx.session.execute(query)).scalar_one_or_none()
    if found is None:
        faults.append(("project", "没有这个编号的项目，请核对项目编号。"))
    return found
