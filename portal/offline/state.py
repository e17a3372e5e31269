"""What is known of a case while it is checked.

Source: `docs/spec/bundle.md`, "Checks".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.crypto import suite
from kernel.log import Checkpoint, Entry, Trust
from kernel.timestamps.token import Stamp
from portal.bundle import Bundle
from portal.offline.report import Report

SUITE = suite("intl-1")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of the case, proved to stand in the log.

    Attributes:
        entry, detail: None where they are withheld.
    """

    index: int
    entry: Entry | None
    detail: Mapping[str, Any] | None


@dataclass(slots=True)
class Case:
    """What is known of a case while it is checked.

    Attributes:
        heads: checkpoints by size;  stamps: the time stamps over them that hold.
    """

    bundle: Bundle
    trust: Trust
    report: Report
    rows: list[Row] = field(default_factory=list)
    heads: dict[int, Checkpoint] = field(default_factory=dict)
    stamps: dict[int, Stamp] = field(default_factory=dict)

    def where(self, name: str) -> str:
        """How a member is called in the report."""
        return f"案卷/{name}"

    def head(self, found: Checkpoint | None, name: str) -> None:
        """Take note of a checkpoint; two of one size with different roots prove a forked log."""
        if found is None:
            return
        known = self.heads.setdefault(found.size, found)
        if known.root != found.root:
            self.report.failed("fork", self.where(name), f"同一长度 {found.size} 有两个不同的日志根：日志被分叉")

    def logged(self, kind: str) -> list[Row]:
        """The entries of a kind whose details are given."""
        return [row for row in self.rows if row.entry and row.detail is not None and row.entry.kind == kind]

    def telling(self, kind: str | None, *texts: str) -> Row | None:
        """The first entry, of a kind if one is asked for, whose detail holds one of these texts."""
        for row in self.rows:
            if row.entry and row.detail is not None and kind in (None, row.entry.kind) and _holds(row.detail, texts):
                return row
        return None


def _holds(value: object, texts: tuple[str, ...]) -> bool:
    if isinstance(value, str):
        return value in texts
    if isinstance(value, Mapping):
        return any(_holds(item, texts) for item in value.values())
    return isinstance(value, list) and any(_holds(item, texts) for item in value)
