"""From the filled-in draft to what is sealed: every fault at once, with its article; nothing typed is lost."""

import stat
from collections.abc import Sequence
from pathlib import Path

from bidding.attachments import check_attachment
from bidding.drafting import Ask, DraftUnreadable, Fault, check_draft, form_of, letter_of, read_draft
from bidding.form import PRICE, FormError
from bidding.parts import steps_of_keyset
from bidding.vocabulary import FORM, LETTER
from kernel.parameters.articles import cite
from portal.bidder.folder import FORM_DRAFT, BidFolder, Terms
from portal.bidder.preparing import file_slots
from portal.bidder.refusals import BidRefused
from portal.bidder.sealing import Content


class DraftRefused(BidRefused):
    """The draft or a file would get the bid refused; `faults` says why, one by one."""

    def __init__(self, file: Path, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        lines = [f"  {fault.where}：{fault.words}{_article(fault)}" for fault in faults]
        super().__init__(f"{file} 有 {len(faults)} 处需要更正，没有密封：\n" + "\n".join(lines))


def _article(fault: Fault) -> str:
    return f"（{cite(fault.basis)}）" if fault.basis else ""


def read_contents(folder: BidFolder, terms: Terms, number: int) -> list[Content]:
    """Check the draft and its files; write the form as it will be sealed.

    Returns:
        What goes into each slot.

    Raises:
        DraftRefused: with every fault that was found.
    """
    file = folder / FORM_DRAFT
    try:
        draft = read_draft(folder.read(FORM_DRAFT))
    except DraftUnreadable as refusal:
        raise DraftRefused(file, [Fault(FORM_DRAFT, str(refusal))]) from None
    ask = Ask(terms.keyset["tender"], terms.keyset["lot"], terms.bidder_name, terms.uscc, terms.cap_fen)
    files = file_slots(terms.keyset)
    values, faults = check_draft(draft, ask, files)
    contents = []
    for slot in files:
        told = draft.get(slot)
        if isinstance(told, str) and told.strip():
            path, found = _attachment(folder, told.strip(), terms.bidder_name)
            faults += found
            contents.append(Content(slot, path))
    if faults:
        raise DraftRefused(file, faults)
    try:
        if len(steps_of_keyset(terms.keyset)) > 1:  # the price stands in the second envelope, all else in the first
            letter = letter_of(values, ask)
            contents.append(Content(LETTER, folder.write(f"{number}-letter.json", letter)))
            values = {PRICE: values[PRICE]}
        form = form_of(values, ask)
    except FormError as refusal:
        raise DraftRefused(file, [Fault(str(refusal), "请更正这一栏：开标时无法宣读。")]) from None
    return [*contents, Content(FORM, folder.write(f"{number}-form.json", form))]


def _attachment(folder: BidFolder, told: str, bidder_name: str) -> tuple[Path, list[Fault]]:
    path = Path(told).expanduser()
    path = path if path.is_absolute() else folder.path / path
    try:
        info = path.stat()
        if not stat.S_ISREG(info.st_mode):
            return path, [Fault(told, "请选择一个文件：这是文件夹或别的东西。")]
        with path.open("rb") as file:
            return path, check_attachment(path.name, info.st_size, file, bidder_name)
    except (OSError, ValueError):
        return path, [Fault(told, "请核对路径：文件不存在或无法读取。")]
