"""A case bundle as a whole: container, signature, log, draws, documents; bids have a module of their own.

Source: `docs/spec/bundle.md`, "Checks".
"""

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography import x509

from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, jcs, parse, parse_time
from kernel.codes import uscc_valid
from kernel.crypto.certificates import require_signing, uscc_of, verify_chain
from kernel.draw.spec import Contributor
from kernel.draw.verify import VerifiedDraw
from kernel.log import (
    LogError,
    Trust,
    parse_checkpoint,
    parse_entry,
    read_trust,
    verify_consistency,
    verify_inclusion,
)
from kernel.log.receipt import hashes_of, platform_message
from portal.bundle import BUNDLE_TYP, KINDS, MANIFEST, SIGNATURE, Bundle, bundle_payload, read_bundle
from portal.offline.bids import check_bids
from portal.offline.papers import check_seal_stamp
from portal.offline.pins import Pins
from portal.offline.records import check_checkpoint, check_draw, check_receipt
from portal.offline.report import Report
from portal.offline.stamps import check_case_stamps, stamping_roots
from portal.offline.state import SUITE, Case, Row


def check_case(report: Report, path: Path, trust: Trust | None, pins: Pins) -> None:
    """Verify a case bundle.

    Args:
        trust: from an independent source; without one the bundle's own trust file serves, and the verdict says so.
        pins: trust files that this machine knows.
    """
    bundle = report.attempt("bundle", path.name, "案卷：结构、清单与每个文件的摘要", lambda: read_bundle(path))
    if bundle is None:
        return
    trusted = _trust(report, bundle, trust, pins)
    if trusted is None:
        return
    case = Case(bundle, trusted, report)
    _signature(case)
    _complete(case)
    _checkpoints(case)
    check_case_stamps(case)
    _entries(case)
    _receipts(case)
    check_bids(case)
    _draws(case)
    _documents(case)
    _consistency(case)


def _trust(report: Report, bundle: Bundle, given: Trust | None, pins: Pins) -> Trust | None:
    own = bundle.of_kind("trust")
    if not own:
        if given is None:
            report.failed("trust-missing", MANIFEST, "案卷内没有信任文件，也未另外提供（--trust）")
        return given
    where = f"案卷/{own[0].name}"
    found = report.attempt("trust", where, "信任文件格式正确", lambda: read_trust(bundle.read(own[0].name)))
    if given is None and found is not None and found.digest in pins:
        report.held("trust-pinned", where, f"信任文件与本机安装 {pins[found.digest]} 的一致")
        return found
    if given is None and found is not None:
        report.own_keys = True
        report.unchecked("trust-source", where, f"信任文件取自案卷本身，请从独立渠道核对摘要 {found.digest.hex()}")
        return found
    if given is not None and found is not None and given.digest != found.digest:
        report.unchecked("trust-source", where, "案卷内的信任文件与所提供的不同，以所提供的为准")
    return given


def _signature(case: Case) -> None:
    def work() -> None:
        try:
            token = case.bundle.signature.decode()
            if platform_message(token, case.trust, BUNDLE_TYP) != bundle_payload(case.bundle.manifest):
                raise LogError("bundle-signature", "the signature is over another manifest")
        except (LogError, UnicodeDecodeError) as refusal:
            raise LogError("bundle-signature", str(refusal)) from None

    case.report.attempt("bundle-signature", case.where(SIGNATURE), "平台对案卷清单的签名", work)


#: What every case has: nobody may hide a step by leaving out the member that shows it.
REQUIRED = ("checkpoint", "entries", "keyset", "close", "opening", "submission", "receipt")


def _complete(case: Case) -> None:
    for kind in REQUIRED:
        if not case.bundle.of_kind(kind):
            case.report.failed(f"{kind}-missing", case.where(MANIFEST), f"案卷缺少必有的内容：{KINDS[kind]}")


def _checkpoints(case: Case) -> None:
    for member in case.bundle.of_kind("checkpoint"):
        where = case.where(member.name)
        case.head(check_checkpoint(case.report, where, case.bundle.read(member.name), case.trust), member.name)


def _entries(case: Case) -> None:
    for member in case.bundle.of_kind("entries"):
        text = "日志条目：摘要与收录证明"
        rows = case.report.attempt("entries", case.where(member.name), text, partial(_read_entries, case, member.name))
        case.rows += rows or []


def _read_entries(case: Case, name: str) -> list[Row]:
    value = parse(case.bundle.read(name))
    if not isinstance(value, dict) or value.keys() != {"v", "type", "checkpoint", "entries"} or value["v"] != 1:
        raise NotCanonical("expected v, type, checkpoint, entries")
    head = parse_checkpoint(value["checkpoint"], case.trust)
    case.head(head, name)
    rows = []
    for item in value["entries"] if isinstance(value["entries"], list) else [None]:
        if not isinstance(item, dict) or item.keys() not in _ROWS or type(item["index"]) is not int:
            raise NotCanonical("an entry has index, path, and entry with detail, entry, or leaf")
        row, leaf = _row(item)
        if not verify_inclusion(SUITE, leaf, row.index, head.size, hashes_of(item["path"]), head.root):
            raise LogError("inclusion", f"the entry at {row.index} is not in the log")
        rows.append(row)
    return rows


_ROWS = ({"index", "path", "entry", "detail"}, {"index", "path", "entry"}, {"index", "path", "leaf"})


def _row(item: Mapping[str, Any]) -> tuple[Row, bytes]:
    if "leaf" in item:
        return Row(item["index"], None, None), b64u_decode(item["leaf"], 32)
    entry, detail = parse_entry(item["entry"]), item.get("detail")
    if "detail" in item and (not isinstance(detail, dict) or not entry.holds(SUITE, detail)):
        raise LogError("entry-digest", f"the entry at {item['index']} is of another detail")
    return Row(item["index"], entry, detail), entry.leaf(SUITE)


def _receipts(case: Case) -> None:
    for member in case.bundle.of_kind("receipt"):
        where = case.where(member.name)
        found, stamp = check_receipt(case.report, where, case.bundle.read(member.name), case.trust)
        if found:
            case.head(found.checkpoint, member.name)
            if stamp is not None:
                case.stamps.setdefault(found.checkpoint.size, stamp)
            case.rows.append(Row(found.index, found.entry, found.detail))


def _draws(case: Case) -> None:
    shown: set[str] = set()
    pools = {member.name for member in case.bundle.of_kind("pool")}
    for member in case.bundle.of_kind("transcript"):
        where = case.where(member.name)
        pool = member.name.rpartition("/")[0] + "/pool.json"
        if pool not in pools:
            case.report.failed("pool-missing", where, "缺少本次抽取的名单")
            continue
        pools.discard(pool)
        data, listed = case.bundle.read(member.name), case.bundle.read(pool)
        found = check_draw(case.report, where, data, listed, case.trust)
        if found:
            case.head(found.checkpoint, member.name)
            shown |= {found.spec.ref, *(_ref(record.detail) for record in found.records)}
            _contributors(case, where, found)
    for name in sorted(pools):
        case.report.failed("transcript-missing", case.where(name), "名单没有对应的抽取记录")
    for row in case.logged("draw.result"):
        ref = _ref(row.detail or {})
        if ref not in shown:
            where = case.where(f"日志 {row.index}")
            case.report.failed("draw-missing", where, "日志中有一次抽取结果，案卷没有给出其记录")


def _ref(detail: Mapping[str, Any]) -> str:
    if detail.get("type") == "draw.spec":
        return b64u_encode(SUITE.hash(b"OTD1/spec\0" + jcs(dict(detail))))
    return str(detail.get("spec", ""))


def _contributors(case: Case, where: str, draw: VerifiedDraw) -> None:
    """Whether the contributors' keys belong to who the spec says; without certificates only the platform says so."""
    chains = {}
    for member in case.bundle.of_kind("certificate"):
        try:
            chain = x509.load_pem_x509_certificates(case.bundle.read(member.name))
            chains[SUITE.kid(require_signing(chain[0]).spki)] = chain
        except ValueError:
            case.report.failed("certificate", case.where(member.name), "证书文件不能读取")
    for party in draw.parties:
        contributor = draw.spec.contributors[party]
        known = contributor.kid in chains and case.trust.licence_roots
        if not known or not uscc_valid(contributor.org):
            case.report.unchecked(
                "contributor", where, f"{party} 的签名密钥属于 {contributor.org}：案卷内没有可核对的证书"
            )
            continue
        at = draw.records[0].entry.at
        case.report.attempt(
            "contributor",
            where,
            f"{party} 的签名密钥属于 {contributor.org}",
            partial(_belongs, case, chains[contributor.kid], contributor, at),
        )


def _belongs(case: Case, chain: list[x509.Certificate], contributor: Contributor, at: str) -> None:
    roots = [x509.load_pem_x509_certificate(root.encode()) for root in case.trust.licence_roots]
    verify_chain(chain[0], chain[1:], roots, parse_time(at))
    if uscc_of(chain[0]) != contributor.org:
        raise LogError("contributor", "the certificate belongs to another organisation")


def _documents(case: Case) -> None:
    """Every sealed document is named by its digest in an entry of the log."""
    for member in case.bundle.of_kind("document"):
        digest = SUITE.hash(case.bundle.read(member.name))
        row = case.telling(None, digest.hex(), b64u_encode(digest))
        where = case.where(member.name)
        if row is None:
            case.report.failed("document-unlogged", where, "日志条目中没有这份文件的摘要")
        else:
            case.report.held("document", where, f"文件摘要与日志第 {row.index} 条一致")
            if member.name.endswith(".pdf"):
                _seal(case, where, case.bundle.read(member.name))


def _seal(case: Case, where: str, data: bytes) -> None:
    from kernel.web.seal import verify_sealed  # brings libraries that only sealed PDFs need

    roots = [x509.load_pem_x509_certificate(root.encode()) for root in case.trust.licence_roots]
    found = verify_sealed(data, roots, stamping=stamping_roots(case.trust))
    if not found.seals:
        case.report.unchecked("document-seal", where, "文件没有电子签章，此处只核对摘要")
        return
    who = "、".join(seal.signer for seal in found.seals)
    if case.report.require(found.ok, "document-seal", where, f"电子签章：{who}", "、".join(found.problems)):
        for seal in found.seals:
            check_seal_stamp(case.report, where, seal)


def _consistency(case: Case) -> None:
    """Each checkpoint found anywhere in the bundle begins the next larger one."""
    proofs = {}
    for member in case.bundle.of_kind("consistency"):
        found = case.report.attempt(
            "consistency-format",
            case.where(member.name),
            "一致性证明格式正确",
            partial(_read_proofs, case.bundle.read(member.name)),
        )
        proofs.update(found or {})
    for old, new in pairwise(sorted(case.heads)):
        where, text = case.where("日志"), f"长度 {old} 的日志是长度 {new} 的开头"
        path = proofs.get((old, new))
        roots = case.heads[old].root, case.heads[new].root
        held = path is not None and verify_consistency(SUITE, old, new, path, *roots)
        case.report.require(held or old == 0, "consistency", where, text, "" if held else "没有成立的一致性证明")


def _read_proofs(data: bytes) -> dict[tuple[int, int], list[bytes]]:
    value = parse(data)
    if not isinstance(value, dict) or value.keys() != {"v", "type", "proofs"} or not isinstance(value["proofs"], list):
        raise NotCanonical("expected v, type, proofs")
    proofs = {}
    for item in value["proofs"]:
        if not isinstance(item, dict) or item.keys() != {"old", "new", "path"}:
            raise NotCanonical("a proof has old, new and path")
        if type(item["old"]) is not int or type(item["new"]) is not int:
            raise NotCanonical("sizes are whole numbers")
        proofs[item["old"], item["new"]] = hashes_of(item["path"])
    return proofs
