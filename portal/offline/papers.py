"""Sealed PDFs, offline: the seals, and with a proof file beside them whether the platform issued them.

Source: docs/spec/seals.md; crypto.md 6.4.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from cryptography import x509

from kernel.canonical import NotCanonical, b64u_decode, parse
from kernel.crypto import suite
from kernel.crypto.authority import is_local_root
from kernel.log import Trust
from portal.offline.report import Report
from portal.offline.stamps import stamping_roots

if TYPE_CHECKING:
    from kernel.web.seal import Seal


def logged_documents(proofs: Iterable[bytes]) -> dict[bytes, str]:
    """Digests of documents that proof files speak of, with the kind of each; the proofs are checked by themselves."""
    found: dict[bytes, str] = {}
    for data in proofs:
        try:
            detail = parse(data)["detail"]
            if detail["type"] == "seal.used":
                found[b64u_decode(detail["facts"]["sha256"], 32)] = str(detail["facts"]["kind"])
        except (NotCanonical, KeyError, TypeError):
            continue
    return found


def check_paper(report: Report, where: str, data: bytes, trust: Trust | None, proofs: Mapping[bytes, str]) -> None:
    """Check the seals of a document, and find it among the proofs that were given."""
    from kernel.papers.verdict import judge  # these bring libraries that only sealed PDFs need
    from kernel.web.filters import moment
    from kernel.web.seal import verify_sealed

    if trust is None:
        report.failed("trust-missing", where, "核对签章需要信任文件（--trust）")
        return
    roots = [x509.load_pem_x509_certificate(root.encode("ascii")) for root in trust.licence_roots]
    found = verify_sealed(data, roots, stamping=stamping_roots(trust))
    digest = suite("intl-1").hash(data)
    verdict, _ = judge(found, issued=digest in proofs)
    if not found.ok:
        report.failed(found.problems[0], where, f"{verdict.title}：{verdict.words}")
        return
    for seal in found.seals:
        when = f"，所称时间 {moment(seal.claimed_at)}" if seal.claimed_at else ""
        report.held("seal", where, f"由{seal.signer}（{seal.uscc or '无信用代码'}）盖章：{seal.reason}{when}")
        check_seal_stamp(report, where, seal)
    report.held("seal-whole", where, "签名覆盖整个文件，盖章之后没有改动")
    if any(is_local_root(root) for root in roots):
        report.unchecked("seal-demo", where, "签章证书来自演示 CA，不产生法律效力")
    if digest in proofs:
        report.held("document", where, f"账本证明记载的正是这份文件：{proofs[digest]}")
    else:
        report.unchecked("document", where, "没有给出账本证明，未核对是不是平台发出的那一份")
    report.unchecked("seal-revocation", where, "离线核验不查询吊销清单")


def check_seal_stamp(report: Report, where: str, seal: "Seal") -> None:
    """Note the time stamp of a seal that holds, or that it has none."""
    from kernel.web.filters import moment

    if seal.stamped_at is None:
        report.unchecked("seal-timestamp-none", where, "签章没有时间戳，所称时间是盖章人自己的说法，以账本时间为准")
        return
    when = f"{moment(seal.stamped_at)}（北京时间）"
    report.held("seal-timestamp", where, f"时间戳：{when}之前已经盖章，由 {seal.stamped_by} 签发")
    if seal.stamp == "demo":
        report.unchecked("timestamp-demo", where, "时间戳来自演示机构，没有外部机构为这个时间作证")
