"""Issue a document: lay it out, have it sealed by the organisation that issues it, keep it, log the use of the seal.

Called by jobs after the act, never by the act itself: a document that cannot be made holds nothing up. The seal
service keeps the keys and gives none out; this module hands it bytes and gets sealed bytes back. Where the policy asks
for a second person, the document waits until one of the organisation whose seal it is has confirmed the use.

Source: docs/spec/seals.md; crypto.md 6.4; R-ET-10.
"""

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime
from typing import Any, Final, Protocol, cast

from sqlalchemy import select

from kernel.canonical import b64u_encode
from kernel.crypto import suite
from kernel.db.transaction import Tx
from kernel.errors import Unavailable
from kernel.files.library import FileView, keep_file
from kernel.identity.actor import system_actor
from kernel.log.writer import record
from kernel.papers.models import SealRequest, SealUse
from kernel.web.pdf import Attachment, print_document
from kernel.web.seal import Sealed, seal_svg
from kernel.web.services import Services, SiteView

#: Names of the collaborators in `Services.plugins`.
SEALS, POLICY = "seals", "seal_policy"
#: What the picture of the seal says while a local authority signs, and otherwise.
DEMO_CAPTION, CAPTION = "演示 CA", "电子签章"


@dataclass(frozen=True, slots=True)
class SealRule:
    """How many people a use of a seal takes.

    Attributes:
        persons: different people who must have acted.
        own: one of them must belong to the organisation whose seal it is.
    """

    persons: int = 1
    own: bool = False


class SealService(Protocol):
    """Keeps the keys of seals; nobody gets one out of it."""

    async def seal(self, uscc: str, pdf: bytes, *, reason: str, now: datetime, name: str = "") -> Sealed:
        """Return the document under an organisation's seal."""


class SealNotConfirmed(Unavailable):
    """The policy asks for a second person, who has not confirmed this use of the seal yet."""

    code = "seal-not-confirmed"

    def __init__(self, signer: str) -> None:
        super().__init__(f"等待{signer}的第二名人员确认用印。")


@dataclass(frozen=True, slots=True)
class Doer:
    """Somebody whose act led to the document."""

    account: str
    organisation: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A document to issue.

    Attributes:
        subject: what it is the paper of: a notice, a record, a draw. With `kind` it names the paper for ever.
        kind: what people call it: 招标公告.
        name: of the file.
        page: what the template's head comment lists.
        signer: name and credit code of the organisation that issues it.
        access: who may read the file, as `kernel.files` takes it.
        matter: the lot or inspection that it belongs to.
        twins: its content as data, attached to the document.
        visibility: of the log's entry; `sealed` for what may not be known before the opening.
        doers: the people whose acts led to it; only policies that ask for several look at them.
        job: kind and payload of the outbox row that makes it, so that a confirmation can start it again.
    """

    subject: uuid.UUID
    kind: str
    number: str
    name: str
    template: str
    page: Any
    signer: tuple[str, str]
    access: str
    matter: uuid.UUID | None
    at: datetime
    twins: tuple[Attachment, ...]
    visibility: str = "public"
    doers: tuple[Doer, ...] = ()
    job: tuple[str, dict[str, Any]] = ("", {})
    extra: Mapping[str, Any] = field(default_factory=dict)


def picture(services: Services, signer: str) -> Any:
    """Return the picture of an organisation's seal, which says 演示 CA while a local authority signs."""
    return seal_svg(signer, caption=DEMO_CAPTION if services.site.demo else CAPTION)


async def print_and_seal(services: Services, paper: Paper) -> Sealed:
    """Lay a document out and have it sealed.

    Raises:
        Unavailable: no Pango, no seal service, or a second person has not confirmed.
    """
    seals = cast(SealService | None, services.plugins.get(SEALS))
    if seals is None:
        raise Unavailable("本安装没有配置电子签章，因此没有盖章 PDF。")
    await _require_people(services, paper)
    site = SiteView(services.site.name, services.site.operator, services.site.rehearsal, services.site.demo, paper.at)
    context = {"site": site, "page": paper.page}
    pdf = await print_document(services.templates, paper.template, context, now=paper.at, attachments=paper.twins)
    name, uscc = paper.signer
    return await seals.seal(uscc, pdf, reason=paper.kind, now=paper.at, name=name)


async def enter_use(tx: Tx, paper: Paper, sealed: Sealed) -> SealUse:
    """Note a use of a seal, in the transaction that keeps the document.

    Effects:
        a row in `kernel_seal_use`; entry `seal.used` with the document's digest, whose seal, and for which act.
    """
    digest = suite("intl-1").hash(sealed.pdf)
    facts = {
        "kind": paper.kind,
        "number": paper.number,
        "name": paper.name,
        "sha256": b64u_encode(digest),
        "seal": paper.signer[0],
        "uscc": paper.signer[1],
        "certificate": b64u_encode(sealed.certificate),
        "stamped": sealed.stamped,
        "people": [doer.account for doer in paper.doers],
        "rules": ["R-ET-10"],
        **paper.extra,
    }
    recorded = await record(tx, system_actor(), "seal.used", facts, subject=paper.matter, visibility=paper.visibility)
    use = SealUse(
        digest=digest,
        subject=paper.subject,
        kind=paper.kind,
        number=paper.number,
        name=paper.name,
        size=len(sealed.pdf),
        matter=paper.matter,
        signer=paper.signer[0],
        uscc=paper.signer[1],
        certificate=sealed.certificate,
        visibility=paper.visibility,
        entry_id=recorded.entry_id,
        used_at=tx.now,
    )
    tx.session.add(use)
    await tx.session.flush()  # a second use for the same paper is refused here
    return use


async def keep_paper(tx: Tx, services: Services, paper: Paper, sealed: Sealed) -> FileView:
    """Keep a sealed document and note the use of the seal.

    Effects:
        a file; what `enter_use` does.
    """
    file = await keep_file(
        tx,
        services.files,
        sealed.pdf,
        name=paper.name,
        media_type="application/pdf",
        access=paper.access,
        subject=paper.matter,
    )
    await enter_use(tx, paper, sealed)
    return file


async def keep_apart(tx: Tx, services: Services, paper: Paper, sealed: Sealed) -> None:
    """Keep a sealed document without a row in the file library, which oversight reads and might count.

    Effects:
        the stored bytes, found by their digest; what `enter_use` does.
    """
    await services.files.put_content(sealed.pdf)
    await enter_use(tx, paper, sealed)


async def _require_people(services: Services, paper: Paper) -> None:
    """Refuse a use that too few people stand for, and ask for the second one."""
    policy: Mapping[str, SealRule] = services.plugins.get(POLICY, {})
    rule = policy.get(paper.kind, _ALONE)
    if stands(rule, paper.signer[0], paper.doers):
        return
    async with services.db.begin() as tx:
        row = await tx.session.get(SealRequest, (paper.subject, paper.kind))
        if row is not None and row.confirmed_at is not None:
            return
        if row is None:
            tx.session.add(_request(tx, paper))
    raise SealNotConfirmed(paper.signer[0])


_ALONE: Final = SealRule()


def stands(rule: SealRule, signer: str, doers: tuple[Doer, ...]) -> bool:
    """Say whether the people who acted are enough for a rule."""
    if rule.persons <= 1 and not rule.own:
        return True
    people = {doer.account for doer in doers}
    return len(people) >= rule.persons and (not rule.own or any(doer.organisation == signer for doer in doers))


def _request(tx: Tx, paper: Paper) -> SealRequest:
    job, payload = paper.job
    page = asdict(paper.page) if is_dataclass(paper.page) and not isinstance(paper.page, type) else paper.page
    return SealRequest(
        subject=paper.subject,
        kind=paper.kind,
        number=paper.number,
        title="".join(page["title"]),
        matter=paper.matter,
        signer=paper.signer[0],
        uscc=paper.signer[1],
        asked_by=[doer.account for doer in paper.doers],
        job=job,
        payload=payload,
        asked_at=tx.now,
        confirmed_by=None,
        confirmed_at=None,
    )


async def find_use(tx: Tx, subject: uuid.UUID, kind: str) -> SealUse | None:
    """Return the use of a seal for a paper; None as long as it is not made."""
    query = select(SealUse).where(SealUse.subject == subject, SealUse.kind == kind)
    return (await tx.session.execute(query)).scalar_one_or_none()


async def find_use_by_digest(tx: Tx, digest: bytes) -> SealUse | None:
    """Return the use of a seal for exactly these bytes."""
    return await tx.session.get(SealUse, digest)
