"""Replace members of a drawn panel down the reserve order, one step at a time (crypto.md §4.3).

Each step is logged with its reason and evidence before the next identity is opened; who comes in is not chosen.
"""

import hashlib
import uuid
from collections.abc import Sequence

from kernel.canonical import b64u_decode, b64u_encode
from kernel.db.transaction import Tx
from kernel.draw.compute import panel_rules
from kernel.draw.panel import replacement
from kernel.draw.pool import read_pool
from kernel.draw.records import REASONS, replacement_detail
from kernel.draw.spec import Spec, read_spec
from kernel.drawbook.models import Draw, Step
from kernel.drawbook.shelf import list_steps, lock_draw
from kernel.errors import Conflict, InvalidInput, NotFound, TooEarly
from kernel.log.writer import record_detail


async def standing_panel(tx: Tx, draw: Draw) -> list[list[bytes]]:
    """Return the members by group as they stand after all replacements.

    Raises:
        TooEarly: nothing is drawn yet.
    """
    return _standing(draw, await list_steps(tx, draw.id))


def _standing(draw: Draw, steps: Sequence[Step]) -> list[list[bytes]]:
    if draw.output is None:
        raise TooEarly("尚未抽取。")
    panel = [[b64u_decode(leaf, 32) for leaf in group] for group in draw.output["groups"]]
    for step in steps:
        if step.act == "replace" and step.group_index is not None:
            members = panel[step.group_index]
            at = members.index(step.out_leaf)
            members[at : at + 1] = [] if step.in_leaf is None else [step.in_leaf]
    return panel


async def replace(tx: Tx, draw_id: uuid.UUID, out: bytes, reason: str, evidence: bytes) -> bytes | None:
    """Put the next of the reserve order in a member's place.

    Args:
        out: the leaf of the member who leaves.
        reason: `refused`, `no-answer`, `avoidance` or `absent`.
        evidence: SHA-256 of what proves it: the callee's signed answer or the call's record.

    Returns:
        The leaf that comes in; None when the reserve is empty.

    Raises:
        NotFound: `out` is not a member.
        InvalidInput: no such reason.
        Conflict: the draw is void.
    """
    draw, spec = await _lock(tx, draw_id, reason)
    steps = await list_steps(tx, draw_id)
    panel = _standing(draw, steps)
    group = next((number for number, members in enumerate(panel) if out in members), None)
    if group is None:
        raise NotFound
    assert draw.seed is not None
    groups, rules, cap = panel_rules(spec)
    candidates = read_pool(spec.suite, draw.pools["pool"], spec.pools["pool"])
    barred = {step.out_leaf for step in steps} | {out}
    taken = replacement(spec.suite, draw.seed, spec.stage, candidates, groups, rules, cap, panel, group, out, barred)
    await _write(
        tx, draw, spec, Step(act="replace", group_index=group, out_leaf=out, in_leaf=taken), steps, reason, evidence
    )
    return taken


async def bar(tx: Tx, draw_id: uuid.UUID, leaf: bytes, reason: str, evidence: bytes) -> None:
    """Keep somebody of the reserve from being called: found, after the freeze, to have to stay out.

    Raises:
        NotFound: not a candidate.
        Conflict: a member, who is replaced and not barred; or barred already.
    """
    draw, spec = await _lock(tx, draw_id, reason)
    steps = await list_steps(tx, draw_id)
    if not any(entry["l"] == b64u_encode(leaf) for entry in draw.pools["pool"]):
        raise NotFound
    if any(leaf in members for members in _standing(draw, steps)) or any(step.out_leaf == leaf for step in steps):
        raise Conflict("该候选人是现任成员或者已经退出。")
    await _write(
        tx, draw, spec, Step(act="bar", group_index=None, out_leaf=leaf, in_leaf=None), steps, reason, evidence
    )


async def _lock(tx: Tx, draw_id: uuid.UUID, reason: str) -> tuple[Draw, Spec]:
    if reason not in REASONS:
        raise InvalidInput("更换理由不正确。", [("reason", "应为拒绝、未应答、回避或缺席")])
    draw = await lock_draw(tx, draw_id)
    if draw.state == "void":
        raise Conflict("本次抽取已作废。")
    if draw.seed is None:
        raise TooEarly("尚未抽取。")
    spec = read_spec(draw.spec)
    if spec.algo != "panel/1":
        raise Conflict("只有评标委员会的抽取可以递补。")
    return draw, spec


async def _write(
    tx: Tx, draw: Draw, spec: Spec, step: Step, steps: Sequence[Step], reason: str, evidence: bytes
) -> None:
    step.draw_id, step.number, step.reason, step.evidence = draw.id, len(steps), reason, b64u_encode(evidence)
    told = {
        "act": step.act,
        "group": step.group_index,
        "out": b64u_encode(step.out_leaf),
        "in": None if step.in_leaf is None else b64u_encode(step.in_leaf),
        "reason": reason,
        "evidence": step.evidence,
    }
    detail = replacement_detail(spec, step.number, told)
    recorded = await record_detail(tx, "draw.replacement", detail, subject=draw.subject, visibility="public")
    step.entry_id = recorded.entry_id
    tx.session.add(step)
    await tx.session.flush()  # the next call sees this step


def evidence_of(record: str) -> bytes:
    """Return the digest of what proves a call's outcome: a signed answer, or the call's record."""
    return hashlib.sha256(record.encode()).digest()
