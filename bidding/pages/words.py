"""Words and rows that several pages of bidding share."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bidding.opening_view import OpeningView
from bidding.queries import OwnBidView, ReceiptView
from bidding.vocabulary import BidState, OpeningStage, SubmissionKind
from kernel.canonical import b64u_encode

State = tuple[str, str]

#: What a bidder sees of the own bid.
MINE: dict[BidState, State] = {
    BidState.REGISTERED: ("mute", "未递交"),
    BidState.SEALED: ("seal", "已密封"),
    BidState.WITHDRAWN: ("mute", "已撤回"),
    BidState.CLOSED: ("seal", "已截止，待解密"),
    BidState.RELEASED: ("ok", "已提交解密密钥"),
    BidState.FIRST_OPENED: ("ok", "第一信封已开启"),
    BidState.NOT_PASSED: ("mute", "未通过技术评审，第二信封不开启"),
    BidState.OPENED: ("ok", "已开标"),
    BidState.UNRELEASED: ("bad", "未解密，视为撤销"),
    BidState.FAULT_BIDDER: ("bad", "解密失败，视为撤销"),
    BidState.FAULT_PLATFORM: ("bad", "解密失败（非投标人原因）"),
}
#: What everybody sees of an opening.
STAGES: dict[OpeningStage, State] = {
    OpeningStage.CLOSED: ("warn", "投标截止"),
    OpeningStage.RELEASING: ("seal", "投标人解密"),
    OpeningStage.COMBINING: ("seal", "见证人解密"),
    OpeningStage.FIRST_OPENED: ("info", "技术评审"),
    OpeningStage.OPENED: ("ok", "已唱标"),
    OpeningStage.RECORDED: ("ok", "开标结束"),
    OpeningStage.FAILED: ("bad", "流标"),
}
SLOT_NAMES = {
    "form": "投标函（报价、交货期、负责人）",
    "file": "投标文件",
    "letter": "投标函（第一信封，不含报价）",
    "business": "商务文件",
    "technical": "技术文件",
    "commercial": "报价文件",
}


def offline_steps(site: str, lot_id: uuid.UUID) -> list[tuple[str, str]]:
    """Return what to type to bid without a browser: (what it does, command), in order."""
    folder = f"bid-{str(lot_id)[:8]}"
    return [
        ("准备（联网）", f"./sunlit bid prepare {site}/lots/{lot_id}"),
        ("填写表单后密封（断网）", f"./sunlit bid seal {folder}"),
        ("上传、签名、取得回执（联网）", f"./sunlit bid submit {folder}"),
        ("开标解密（联网）", f"./sunlit bid release {folder}"),
    ]


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A revision in the bidder's own list."""

    rev: int
    at: datetime
    digest: str
    receipt_no: str
    receipt_href: str
    state: State
    current: bool


def receipt_no(view: ReceiptView) -> str:
    """Return the short name of a receipt: its revision and the beginning of its digest."""
    return f"{view.rev}-{b64u_encode(view.digest)[:10]}"


def receipt_state(view: ReceiptView, own: BidState | None = None) -> State:
    """Return what a receipt is worth now."""
    if not view.is_current:
        return ("mute", "已被替换")
    return ("mute", "撤回通知") if view.kind is SubmissionKind.WITHDRAWAL else ("ok", "当前有效")


def submission_row(view: ReceiptView) -> SubmissionRow:
    """Return a revision as a row."""
    digest = b64u_encode(view.digest)
    current = view.is_current and view.kind is SubmissionKind.SUBMISSION
    return SubmissionRow(
        view.rev, view.received_at, digest, receipt_no(view), f"/b/receipts/{digest}", receipt_state(view), current
    )


def base_of(lot_id: uuid.UUID) -> str:
    """Return the address of a bidder's room."""
    return f"/b/lots/{lot_id}"


def may_submit(own: OwnBidView | None) -> bool:
    """Say whether the bidder has a place in the lot."""
    return own is not None


def see_other(address: str) -> dict[str, Any]:
    """Return the headers of an answer that leads to another page."""
    return {"Location": address}


def state_of_keys(own: OwnBidView, opening: OpeningView | None, given: datetime | None) -> str:
    """Say what there is to do: `undecided`, `open`, `done` or `none`."""
    if opening is None or opening.emergency_reason is None:
        return "undecided"
    if given is not None:
        return "done"
    return "open" if own.state in (BidState.RELEASED, BidState.OPENED) else "none"
