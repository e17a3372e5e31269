"""What is typed when a consortium is formed, and all that can be wrong with it. Pure.

Law: 招投法 31 (an agreement that says who does what; joint and several liability), 条例 37, 政府采购法 24. Whether a
code belongs to a firm that is registered here is told to nobody: it would tell who comes (R-ET-05).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bidding.messages import WHOLE
from kernel.credit_code import CreditCodeRefused, read_credit_code
from kernel.errors import InvalidInput

#: More members than this are no consortium but a mistake; the tender documents say how many are allowed.
MOST_MEMBERS = 10
_MOST_WORK = 500


@dataclass(frozen=True, slots=True)
class TypedMember:
    """A member as the leader types it; `share` is a percentage such as `62.50`."""

    uscc: str
    name: str
    share: str
    work: str

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is typed at all."""
        return not (self.uscc.strip() or self.name.strip() or self.share.strip() or self.work.strip())


@dataclass(frozen=True, slots=True)
class Member:
    """A member as the agreement names it; `share` in hundredths of a percent."""

    uscc: str
    name: str
    share: int
    work: str


def read_members(leader: tuple[str, str], typed: Sequence[TypedMember]) -> list[Member]:
    """Read the members of a consortium, the leader first.

    Args:
        leader: credit code and name of the firm that leads.
        typed: the leader's own share and work first (code and name are not read), then the others; empty rows are left
            out.

    Raises:
        InvalidInput: with all faults together; fields are `uscc_1`, `name_1`, `share_0`, `work_0` …
    Source:
        R-VETO-02
    """
    faults: list[tuple[str, str]] = []
    found: list[Member] = []
    for at, row in enumerate(typed):
        if at and row.is_empty:
            continue
        uscc, name = leader if at == 0 else _firm(faults, at, row)
        if uscc and uscc in {member.uscc for member in found}:
            faults.append((f"uscc_{at}", "同一单位只能填写一次。"))
        work = row.work.strip()
        if not 2 <= len(work) <= _MOST_WORK:
            faults.append((f"work_{at}", f"请写明承担的工作和义务，2 至 {_MOST_WORK} 个字。"))
        found.append(Member(uscc, name, _share(faults, at, row.share), work))
    if len(found) < 2:
        faults.append(("uscc_1", "联合体由两个以上单位组成，请填写至少一个其他成员（招投法第三十一条）。"))
    if len(found) > MOST_MEMBERS:
        faults.append((f"uscc_{MOST_MEMBERS}", f"成员不超过 {MOST_MEMBERS} 个。"))
    if not faults and sum(member.share for member in found) != WHOLE:
        said = Decimal(sum(member.share for member in found)) / 100
        faults.append(("share_0", f"各成员所占份额合计应为 100%，现在是 {said}%。"))
    if faults:
        raise InvalidInput("请更正标出的内容。", faults)
    return found


def _firm(faults: list[tuple[str, str]], at: int, row: TypedMember) -> tuple[str, str]:
    name = row.name.strip()
    if not 2 <= len(name) <= 100:
        faults.append((f"name_{at}", "请填写单位名称，与营业执照一致。"))
    try:
        return read_credit_code(row.uscc).code, name
    except CreditCodeRefused as refusal:
        faults.append((f"uscc_{at}", refusal.detail))
        return "", name


def _share(faults: list[tuple[str, str]], at: int, typed: str) -> int:
    try:
        share = Decimal(typed.strip().rstrip("%％").strip()) * 100
        if share.is_finite() and 0 < share < WHOLE and share == share.to_integral_value():
            return int(share)
    except InvalidOperation:
        pass
    faults.append((f"share_{at}", "请填写所占份额，大于 0、小于 100，最多两位小数，例如 62.5。"))
    return 0


def title_of(members: Sequence[Member]) -> str:
    """Return how a consortium is called where a bidder's name stands."""
    return f"{members[0].name}（牵头人）、" + "、".join(member.name for member in members[1:]) + "联合体"


def percent(share: int) -> str:
    """Return a share as people read it: 62.5%."""
    whole, rest = divmod(share, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
