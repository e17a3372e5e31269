"""Check the whole log against what was signed: every entry re-hashed, every tile and checkpoint rebuilt.

It trusts no stored hash and no row count: the tree is built again from the entries' own bytes and compared with every
checkpoint whose signature holds. A changed, deleted or inserted row is named (crypto.md §5.4, "audit").

A tail that was cut off together with its checkpoints leaves a log that is whole in itself: only the memories of signer
and witnesses, on disks of their own, tell that there was more. The caller asks them and hands their heads over.

Columns that no hash covers are held to what is hashed: time, matter and visibility of an entry to its detail; which
matters are open to oversight, to the entries that opened them.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from kernel.canonical import NotCanonical, format_time, jcs
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.log.checkpoint import parse_checkpoint
from kernel.log.entry import parse_entry
from kernel.log.errors import LogError
from kernel.log.signer import Head
from kernel.log.tiles import TILE_WIDTH, Edge
from kernel.log.tree import leaf_hash
from kernel.log.trust import Trust

#: Rows read at a time, so that memory stays flat.
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it was signed.

    Attributes:
        code: `entry-format`, `entry-digest`, `entry-row` (its time or matter), `visibility`, `leaf`, `gap`,
            `missing-entry`, `unnumbered`, `tile`, `root`, `tail` or `fork` (a signer or witness remembers a longer log,
            or another one), `unsealed`, or a code of a checkpoint (`checkpoint-signature`, `witness` …).
        where: the row, in words: `entry 17 (log number 16)`.
    """

    code: str
    where: str


def _nothing(*_: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class AuditRules:
    """What the packages above the log know of their entries; those of `writer.record` say all of it themselves.

    Attributes:
        visibility: of entries whose detail has a fixed form, by kind.
        unseals: the names of the matters that an entry opens to oversight; None if it opens none, not even its own.
        introduces: the name under which an entry makes its matter known, if it does.
        names: the name of the matter that a detail of fixed form belongs to, if it has one.
    """

    visibility: Mapping[str, str] = field(default_factory=dict)
    unseals: Callable[[str, Mapping[str, Any]], Iterable[object] | None] = _nothing
    introduces: Callable[[str, Mapping[str, Any]], object] = _nothing
    names: Callable[[str, Mapping[str, Any]], object] = _nothing


@dataclass(slots=True)
class _Matters:
    """What the entries have told of their matters so far."""

    rules: AuditRules
    known: dict[object, uuid.UUID | None] = field(default_factory=dict)
    opened: dict[uuid.UUID, datetime] = field(default_factory=dict)


@dataclass(slots=True)
class Audit:
    """What was checked, and what is wrong."""

    entries: int = 0
    checkpoints: int = 0
    size: int = 0
    faults: list[Fault] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


async def audit_log(
    tx: Tx, trust: Trust, rules: AuditRules | None = None, remembered: Mapping[str, Head] | None = None
) -> Audit:
    """Re-hash every entry, rebuild the tree, compare tiles and all signed checkpoints.

    Args:
        trust: whose signatures count.
        rules: what the packages above know of their entries.
        remembered: the largest head that each signer and witness has signed, by the name to call them.
    """
    found, matters = Audit(), _Matters(rules or AuditRules())
    memories = remembered or {}
    heads = await _heads(tx, trust, found)
    edge = Edge(suite("intl-1"))
    tiles: dict[tuple[int, int], bytes] = {}
    expected = 0
    while True:
        rows = (
            await tx.session.execute(
                text(
                    "SELECT l.idx, l.entry_id, l.leaf, e.data, e.detail, e.type, e.at, e.subject,"
                    " e.visibility FROM log_leaf l"
                    " LEFT JOIN audit_entry e ON e.id = l.entry_id WHERE l.idx >= :from ORDER BY l.idx LIMIT :most"
                ),
                {"from": expected, "most": _BATCH},
            )
        ).all()
        if not rows:
            break
        for row in rows:
            if row.idx != expected:
                found.faults.append(Fault("gap", f"日志编号 {expected} 至 {row.idx - 1} 缺失"))
                return found
            leaf = _leaf(row, found, matters)
            for tile, data in edge.append([leaf]):
                tiles[tile.level, tile.index] = data
            expected += 1
            head = heads.get(expected)
            if head is not None and edge.root() != head:
                found.faults.append(Fault("root", f"检查点 {expected} 的根与条目重算结果不一致"))
            for name, memory in memories.items():
                if memory.size == expected and memory.root != edge.root():
                    found.faults.append(Fault("fork", f"{name}签过的长度 {expected} 的日志是另一份"))
        found.entries = expected
    found.size = max(heads, default=0)
    if found.size > expected:
        found.faults.append(Fault("gap", f"已签名 {found.size} 条，数据库只有 {expected} 条"))
    for name, memory in memories.items():
        if memory.size > expected:
            found.faults.append(Fault("tail", f"{name}已签到 {memory.size} 条，数据库只有 {expected} 条：末尾被截去"))
    await _compare_tiles(tx, tiles, found)
    await _compare_unsealed(tx, matters, found)
    await _unnumbered(tx, found)
    return found


def _leaf(row: Any, found: Audit, matters: _Matters) -> bytes:
    """Return the leaf that the stored data gives; note whatever does not fit it."""
    where = f"条目 {row.entry_id}（日志编号 {row.idx}）"
    if row.data is None:
        found.faults.append(Fault("missing-entry", where))
        return bytes(row.leaf)
    data = bytes(row.data)
    leaf = leaf_hash(suite("intl-1"), data)
    if leaf != bytes(row.leaf):
        found.faults.append(Fault("leaf", where))
    try:
        entry = parse_entry(data)
        jcs(row.detail)
        if entry.kind != row.type or not entry.holds(suite("intl-1"), row.detail):
            found.faults.append(Fault("entry-digest", where))
        elif _is_placed(row, entry.at, matters):
            _learn(row, matters)
        else:
            found.faults.append(Fault("entry-row", where))
        if row.visibility != _visibility(row, matters.rules):
            found.faults.append(Fault("visibility", f"{where}：可见范围 {row.visibility} 与记录时不同"))
    except (LogError, NotCanonical):
        found.faults.append(Fault("entry-format", where))
    return leaf


def _is_placed(row: Any, at: str, matters: _Matters) -> bool:
    """Say whether the row stands at the time and under the matter that what is hashed names."""
    if at != format_time(row.at):
        return False
    if "actor" in row.detail:
        return bool(row.detail.get("subject") == (None if row.subject is None else str(row.subject)))
    name = matters.rules.names(row.type, row.detail)
    return name is None or matters.known.get(name, row.subject) == row.subject


def _learn(row: Any, matters: _Matters) -> None:
    name = matters.rules.introduces(row.type, row.detail)
    if name is not None:
        matters.known.setdefault(name, row.subject)
    opened = matters.rules.unseals(row.type, row.detail)
    if opened is not None:
        for subject in (row.subject, *map(matters.known.get, opened)):
            if subject is not None:
                matters.opened.setdefault(subject, row.at)


def _visibility(row: Any, rules: AuditRules) -> str:
    """Return the visibility that an entry was recorded with."""
    told = row.detail.get("visibility") if "actor" in row.detail else rules.visibility.get(row.type)
    return str(row.visibility if told is None else told)


async def _heads(tx: Tx, trust: Trust, found: Audit) -> dict[int, bytes]:
    rows = await tx.session.execute(text("SELECT size, root, note FROM log_checkpoint ORDER BY size"))
    heads: dict[int, bytes] = {}
    for row in rows:
        if row.note is None:
            continue
        try:
            head = parse_checkpoint(row.note, trust)
        except LogError as refusal:
            found.faults.append(Fault(refusal.code, f"检查点 {row.size}"))
            continue
        if head.size != row.size or head.root != bytes(row.root):
            found.faults.append(Fault("root", f"检查点 {row.size} 的行与其签名不一致"))
        heads[head.size] = head.root
        found.checkpoints += 1
    return heads


async def _compare_tiles(tx: Tx, tiles: dict[tuple[int, int], bytes], found: Audit) -> None:
    rows = await tx.session.execute(text("SELECT level, idx, data FROM log_tile"))
    stored = {(row.level, row.idx): bytes(row.data) for row in rows}
    for place in sorted(stored.keys() | tiles.keys()):
        if stored.get(place) != tiles.get(place):
            level, index = place
            found.faults.append(Fault("tile", f"瓦片 {level}/{index}（叶 {index * TILE_WIDTH ** (level + 1)} 起）"))


async def _unnumbered(tx: Tx, found: Audit) -> None:
    """An entry that is neither numbered nor queued was slipped in, or taken out of the queue."""
    rows = await tx.session.execute(
        text(
            "SELECT e.id FROM audit_entry e LEFT JOIN log_leaf l ON l.entry_id = e.id"
            " LEFT JOIN audit_queue q ON q.entry_id = e.id WHERE l.idx IS NULL AND q.entry_id IS NULL LIMIT 20"
        )
    )
    found.faults.extend(Fault("unnumbered", f"条目 {row.id} 未编号，也不在队列中") for row in rows)


async def _compare_unsealed(tx: Tx, matters: _Matters, found: Audit) -> None:
    """Oversight reads what is sealed from the entry on that opened the matter: not before, and not never."""
    if matters.rules.unseals is _nothing:
        return
    rows = await tx.session.execute(text("SELECT subject, at FROM kernel_unsealed"))
    stored = {row.subject: row.at for row in rows}
    for subject in sorted(stored.keys() | matters.opened.keys()):
        if stored.get(subject) != matters.opened.get(subject):
            fault = (
                "没有开启的记录，却已解除封存"
                if subject not in matters.opened
                else "解除封存的时间与记录不符，或没有解除"
            )
            found.faults.append(Fault("unsealed", f"事项 {subject}：{fault}"))
