"""Public verification of sealed documents: who sealed it, was it changed, did the platform issue exactly this file.

An upload is spooled to a nameless file, judged in a process of its own, and forgotten; nothing of it is stored or
logged. Whether the platform issued the document is a question to the public log, asked by the file's digest.
"""

import asyncio
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from cryptography import x509
from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from kernel.canonical import NotCanonical, b64u_encode, jcs
from kernel.crypto.authority import is_local_root
from kernel.db.transaction import Tx
from kernel.errors import DomainError, NotFound
from kernel.log.checkpoint import parse_checkpoint
from kernel.log.reader import find_entry, proof_of_entry
from kernel.log.trust import read_trust
from kernel.papers.checking import MAX_SIZE, Bench, digest_of, spool, told
from kernel.papers.issuing import find_use_by_digest
from kernel.papers.models import SealUse
from kernel.papers.verdict import Finding, Verdict, judge
from kernel.web.guards import PUBLIC
from kernel.web.render import render_page
from kernel.web.seal import Seal, SealReport
from kernel.web.services import Services

_BENCH: Final = Bench()


@dataclass(frozen=True, slots=True)
class Issued:
    """What the log says of a document that the platform issued."""

    kind: str
    number: str
    signer: str
    used_at: datetime
    index: int | None
    size: int
    root: str
    path: list[str]
    at: datetime | None
    witnesses: list[str]
    proof_href: str


@dataclass(frozen=True, slots=True)
class PaperPage:
    """The context of `portal/paper_verify.html`."""

    most: int
    problem: str = ""
    name: str = ""
    digest: str = ""
    verdict: Verdict | None = None
    findings: list[Finding] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)
    issued: Issued | None = None
    local: bool = False


@get("/verify/papers", opt=PUBLIC, include_in_schema=False)
async def entrance(request: Request[Any, Any, Any], tx: Tx) -> Response[str]:
    """Show where to put a document."""
    return _show(request, PaperPage(MAX_SIZE), tx.now)


@get("/verify/papers/{digest:str}", opt=PUBLIC, include_in_schema=False)
async def show_issued(request: Request[Any, Any, Any], tx: Tx, services: Services, digest: str) -> Response[str]:
    """Show what the log says of a document, by its SHA-256: nothing needs to be uploaded for that."""
    use = await _use_of(tx, digest)
    page = PaperPage(MAX_SIZE, digest=digest, issued=await _issued(tx, services, use), local=_is_local(services))
    return _show(request, page, tx.now)


@post(
    "/verify/papers", opt=PUBLIC, include_in_schema=False, request_max_body_size=MAX_SIZE + (1 << 16), status_code=200
)
async def check_form(
    request: Request[Any, Any, Any],
    tx: Tx,
    services: Services,
    data: Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[str]:
    """Judge an uploaded document and show the verdict."""
    file = data.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _show(request, PaperPage(MAX_SIZE, problem="请选择一个 PDF 文件。"), tx.now, status=422)
    try:
        digest = await asyncio.to_thread(digest_of, file.file)
        report = await _BENCH.check(file.file, _roots(services), None, _stamping(services))
    except DomainError as refusal:
        return _show(request, PaperPage(MAX_SIZE, problem=refusal.detail), tx.now, status=422)
    page = await _page(tx, services, report, digest, file.filename.replace("\\", "/").rpartition("/")[2])
    return _show(request, page, tx.now)


@post(
    "/api/v1/verify/papers",
    opt=PUBLIC,
    tags=["verification"],
    summary="Judge a sealed PDF: send the file itself as the body",
    request_max_body_size=MAX_SIZE + 1,
    status_code=200,
)
async def check_raw(request: Request[Any, Any, Any], tx: Tx, services: Services) -> dict[str, Any]:
    """Judge a document that is sent as the body of the request; it is not kept."""
    with tempfile.TemporaryFile() as file:
        await spool(request.stream(), file)
        digest = await asyncio.to_thread(digest_of, file)
        report = await _BENCH.check(file, _roots(services), None, _stamping(services))
    page = await _page(tx, services, report, digest, "")
    assert page.verdict is not None
    return {
        "verdict": page.verdict.code,
        "words": page.verdict.words,
        "sha256": digest.hex(),
        "report": told(report),
        "issued": None
        if page.issued is None
        else {
            "kind": page.issued.kind,
            "number": page.issued.number,
            "signer": page.issued.signer,
            "proof": page.issued.proof_href,
        },
    }


@get(
    "/api/v1/verify/papers/{digest:str}",
    opt=PUBLIC,
    tags=["verification"],
    summary="Proof that a document with this SHA-256 was issued, for `sunlit verify`",
)
async def proof_file(tx: Tx, digest: str) -> Response[bytes]:
    """Return the log's proof of a use of a seal, by the document's digest."""
    use = await _use_of(tx, digest)
    entry = await find_entry(tx, use.entry_id)
    proof = {"v": 1, "type": "log.inclusion", "detail": entry.detail, **await proof_of_entry(tx, use.entry_id)}
    headers = {
        "Content-Disposition": f'attachment; filename="{digest[:16]}.proof.json"',
        "Cache-Control": "no-store",
    }
    return Response(jcs(proof), media_type="application/json", headers=headers)


def _show(request: Request[Any, Any, Any], page: PaperPage, now: datetime, status: int = 200) -> Response[str]:
    return render_page(request, "portal/paper_verify.html", {"page": page}, nav="verify", now=now, status=status)


async def _use_of(tx: Tx, digest: str) -> SealUse:
    try:
        raw = bytes.fromhex(digest) if len(digest) == 64 else b""
    except ValueError:
        raw = b""
    use = await find_use_by_digest(tx, raw) if raw else None
    if use is None:
        raise NotFound("公开账本中没有这份文件。请核对指纹，或者直接上传文件核验。")
    return use


async def _page(tx: Tx, services: Services, report: SealReport, digest: bytes, name: str) -> PaperPage:
    use = await find_use_by_digest(tx, digest)
    revoked = _revoked(services, report, tx.now if use is None else use.used_at)
    verdict, findings = judge(report, issued=use is not None, revoked=revoked)
    return PaperPage(
        most=MAX_SIZE,
        name=name[:120],
        digest=digest.hex(),
        verdict=verdict,
        findings=findings,
        seals=list(report.seals),
        issued=None if use is None else await _issued(tx, services, use),
        local=_is_local(services),
    )


async def _issued(tx: Tx, services: Services, use: SealUse) -> Issued:
    try:
        proof = await proof_of_entry(tx, use.entry_id)
        head = parse_checkpoint(proof["checkpoint"], read_trust(services.trust))
    except (NotFound, NotCanonical):
        proof, head = None, None
    return Issued(
        kind=use.kind,
        number=use.number,
        signer=use.signer,
        used_at=use.used_at,
        index=proof["index"] if proof else None,
        size=head.size if head else 0,
        root=b64u_encode(head.root) if head else "",
        path=list(proof["path"]) if proof else [],
        at=(await find_entry(tx, use.entry_id)).at,
        witnesses=[cosignature.name for cosignature in head.cosignatures] if head else [],
        proof_href=f"/api/v1/verify/papers/{use.digest.hex()}" if proof else "",
    )


def _roots(services: Services) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(pem.encode("ascii")) for pem in services.trust["licence_roots"]]


def _stamping(services: Services) -> list[x509.Certificate]:
    roots = read_trust(services.trust).timestamp_roots
    return [x509.load_pem_x509_certificate(pem.encode("ascii")) for pem in roots]


def _is_local(services: Services) -> bool:
    return any(is_local_root(root) for root in _roots(services))


def _revoked(services: Services, report: SealReport, at: datetime) -> bool:
    """Whether a certificate was revoked before the document was sealed; a later revocation undoes nothing."""
    licences = services.plugins.get("licences")
    lists = () if licences is None else licences.crls(at)
    for seal in report.seals:
        for crl in lists:
            row = crl.get_revoked_certificate_by_serial_number(seal.serial)
            if row is not None and row.revocation_date_utc <= at:
                return True
    return False


HANDLERS = [entrance, show_issued, check_form, check_raw, proof_file]
