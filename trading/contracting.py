"""Act: the procuring entity puts the signed contract on record.

Law: R-TIME-22 (招投法 46, 条例 57), R-GP-10 (采购法 46), R-THR-09. It binds the procuring entity, so no agency does it.
The paper itself is for both parties and supervision; its digest stands in the public log.
"""

import uuid

from sqlalchemy import select

from kernel.canonical import b64u_encode
from kernel.db.transaction import Tx
from kernel.errors import InvalidInput, NotFound
from kernel.files.library import FileView, keep_file
from kernel.files.store import FileStore
from kernel.identity import policy
from kernel.identity.actor import Actor
from kernel.log.writer import record
from kernel.money import Money
from kernel.periods import legal_date
from trading.contract_rules import Terms, check_day, check_signed_in_time, check_substance, read_terms
from trading.documents import MEDIA_TYPES, require_fitting
from trading.drafts import ContractDraft
from trading.findings import require_lawful
from trading.legal import law_of_project
from trading.limits import due
from trading.messages import tell
from trading.models.award import Award, AwardNotice, Contract
from trading.progress import access_lot, advance
from trading.vocabulary import Limit

#: Who may read the file is asked by `contract_reading`.
FILE_ACCESS = "trading.contract"


async def conclude_contract(
    tx: Tx, actor: Actor, store: FileStore, lot_id: uuid.UUID, draft: ContractDraft, *, name: str, data: bytes
) -> None:
    """Put the contract on record that was signed with the winner, with its paper.

    Args:
        name: of the paper, a PDF.

    Raises:
        NotFound: absent, or not a lot of the actor's.
        NotPermitted: the procuring entity itself concludes it, not its agency.
        MoveNotAllowed: no award notice is out, or a contract is on record.
        InvalidInput: something is missing, the day lies before the award notice or ahead, a late signing has no
            reason, or the file is no PDF; all faults together.
        RuleBroken: the amount is not the award's price, or the performance bond is too high.
    Effects:
        the lot's stage; a row in `trading_contract`; a file; entry `contract.concluded`, public; a message to the
        winner; from now on the bid bonds are due back.
    Source:
        R-TIME-22, R-GP-10, R-THR-09, R-THR-13
    """
    policy.require(actor, "contract.conclude")
    lot, project = await access_lot(tx, actor, lot_id, lock=True)
    rules = await advance(tx, actor, lot, project, "conclude_contract")
    award, notice = await _load_award(tx, lot.id)
    law = await law_of_project(tx, project)

    today, notified_on = legal_date(tx.now), legal_date(notice.issued_at)
    terms, faults = read_terms(draft)
    wrong = check_day(draft.signed_on, notified_on, today)
    faults += [("signed_on", wrong)] if wrong else []
    late = None if wrong else check_signed_in_time(draft.signed_on, notified_on, law)
    if late is not None and not draft.late_reason.strip():
        faults.append(("late_reason", f"{late.message}请写明逾期的原因（{late.article}）。"))
    faults += _faults_of_paper(name, data)
    if terms is None or faults:
        raise InvalidInput("请更正标出的内容。", faults)
    require_lawful(check_substance(terms, Money(award.price_fen), law))

    file = await keep_file(
        tx, store, data, name=name, media_type=MEDIA_TYPES["pdf"], access=FILE_ACCESS, subject=lot.id
    )
    due_on = due(Limit.CONTRACT, notified_on, law).date
    row = _row(tx, actor, award, terms, file)
    row.due_on, row.late_reason = due_on, terms.late_reason if late else ""
    row.summary = terms.summary or str(lot.scope["summary"])
    facts = {
        "number": row.number,
        "winner": award.bidder_name,
        "amount": str(terms.amount),
        "signed_on": row.signed_on.isoformat(),
        "due": due_on.isoformat(),
        "late": late is not None,
        "reason": row.late_reason,
        "performance_bond": str(terms.performance_bond),
        "sha256": b64u_encode(file.digest),
        "rules": [*rules.split(), "R-THR-09"],
    }
    recorded = await record(tx, actor, "contract.concluded", facts, subject=lot.id, visibility="public")
    row.entry_id = recorded.entry_id
    tx.session.add(row)
    await tx.session.flush()  # the publicity reads it, in the same transaction too
    said = f"{project.procuring_entity_name}已登记与你方订立的合同（编号 {row.number}，{row.signed_on} 订立）。请核对。"
    await tell(
        tx,
        [award.bidder_id],
        lot.id,
        kind="contract",
        title=f"{lot.title}：合同已登记",
        text=said,
        href=f"/award-notices/{notice.id}",
    )


def _row(tx: Tx, actor: Actor, award: Award, terms: Terms, file: FileView) -> Contract:
    return Contract(
        lot_id=award.lot_id,
        award_id=award.id,
        number=terms.number,
        signed_on=terms.signed_on,
        amount_fen=terms.amount.fen,
        term=terms.term,
        performance_bond_fen=terms.performance_bond.fen,
        file_id=file.id,
        digest=file.digest,
        concluded_by=actor.account_id,
        concluded_at=tx.now,
    )


def _faults_of_paper(name: str, data: bytes) -> list[tuple[str, str]]:
    """Tell what is wrong with the contract's file: a PDF of at most the size of one piece."""
    try:
        ending = require_fitting(name, data)
    except InvalidInput as fault:
        return [("file", fault.detail)]
    return [] if ending == "pdf" else [("file", "请上传合同的 PDF 文件。")]


async def _load_award(tx: Tx, lot_id: uuid.UUID) -> tuple[Award, AwardNotice]:
    query = select(Award, AwardNotice).join(AwardNotice, AwardNotice.award_id == Award.id).where(Award.lot_id == lot_id)
    row = (await tx.session.execute(query)).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]
