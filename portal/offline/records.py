"""Stand-alone files: what each is, and what it proves on its own or with a trust file beside it."""

import io
from collections.abc import Mapping
from typing import Any

from bidding.envelope import digest_envelope, parse_header
from kernel.canonical import NotCanonical, b64u_decode, b64u_encode, parse
from kernel.crypto import suite
from kernel.draw import pool_root, verify_draw
from kernel.draw.seed import suite_of
from kernel.draw.verify import VerifiedDraw
from kernel.log import (
    Checkpoint,
    LogError,
    Trust,
    VerifiedReceipt,
    parse_checkpoint,
    parse_entry,
    read_trust,
    verify_consistency,
    verify_inclusion,
    verify_receipt,
)
from kernel.log.receipt import hashes_of
from kernel.timestamps.token import Stamp, is_token
from portal.offline.report import Refusal, Report
from portal.offline.stamps import check_stamp, no_stamp

ENVELOPE_MAGIC = b"\x89SBE1\r\n\x1a"
ARCHIVE_MAGIC = b"PK\x03\x04"


def kind_of(data: bytes) -> str:
    """What a file is, told by its beginning and, for JSON, by its members; `unknown` for anything else."""
    if data.startswith(ENVELOPE_MAGIC[:5]):
        return "envelope"
    if data.startswith(b"%PDF-"):
        return "pdf"
    if data[:1] in (b"{", b"["):
        return _json_kind(data)
    if is_token(data):
        return "timestamp"
    return "checkpoint" if "\n\n— ".encode() in data else "unknown"


def _json_kind(data: bytes) -> str:
    try:
        value = parse(data)
    except NotCanonical:
        return "json-profile"
    if isinstance(value, list) or (isinstance(value, dict) and value.keys() == {"inspectors", "objects"}):
        return "pool"
    if not isinstance(value, dict):
        return "unknown"
    if "receipt" in value and "entry" in value:
        return "receipt"
    kinds = {"draw.transcript": "transcript", "trust": "trust", "log.inclusion": "inclusion"}
    kinds["log.consistency"] = "consistency"
    kind = value.get("type")
    return kinds.get(kind, "unknown") if isinstance(kind, str) else "unknown"


def check_trust(report: Report, where: str, data: bytes) -> Trust | None:
    """Read a trust file."""
    trust = report.attempt("trust", where, "信任文件格式正确", lambda: read_trust(data))
    if trust:
        digest = trust.digest.hex()
        report.unchecked("trust-source", where, f"请从公报等独立渠道核对信任文件摘要 {digest}")
    return trust


def check_receipt(
    report: Report, where: str, data: bytes, trust: Trust | None
) -> tuple[VerifiedReceipt | None, Stamp | None]:
    """Check a receipt, and the time stamp over its checkpoint; without a trust file there is nothing to hold it to."""
    if trust is None:
        report.failed("trust-missing", where, "核对回执需要信任文件（--trust）")
        return None, None
    found = report.attempt(
        "receipt", where, "回执：签名、日志条目、检查点与收录证明", lambda: verify_receipt(data, trust)
    )
    if found:
        detail = found.detail
        report.held("receipt-content", where, f"受理时间 {detail.get('received_at')}，日志序号 {found.index}")
    return found, _receipt_stamp(report, where, parse(data), trust) if found else None


def _receipt_stamp(report: Report, where: str, bundle: Any, trust: Trust) -> Stamp | None:
    if "timestamp" not in bundle:
        no_stamp(report, where, "回执的检查点")
        return None
    try:
        token = b64u_decode(bundle["timestamp"])
    except NotCanonical:
        report.failed("timestamp-format", where, "回执的检查点的时间戳不成立", "not base64url")
        return None
    return check_stamp(report, where, token, bundle["checkpoint"].encode(), trust, "回执的检查点")


def check_checkpoint(report: Report, where: str, data: bytes, trust: Trust | None) -> Checkpoint | None:
    """Check a checkpoint."""
    text = "日志检查点：格式、签名与见证" if trust else "日志检查点：格式"
    found = report.attempt("checkpoint", where, text, lambda: parse_checkpoint(data, trust))
    if found and trust is None:
        report.unchecked("checkpoint-signature", where, "未提供信任文件，检查点的签名未核验")
    return found


def check_inclusion(report: Report, where: str, data: bytes, trust: Trust | None) -> None:
    """Check a stand-alone inclusion proof."""

    def work() -> Checkpoint:
        value = _members(data, "v", "type", "entry", "detail", "index", "size", "path", "checkpoint")
        entry, provider = parse_entry(value["entry"]), suite("intl-1")
        if value["detail"] is not None and not entry.holds(provider, value["detail"]):
            raise LogError("entry-digest", "the entry is of another detail")
        head = parse_checkpoint(value["checkpoint"], trust)
        if value["size"] != head.size:
            raise LogError("checkpoint-size", "the proof is for another size")
        leaf, path = entry.leaf(provider), hashes_of(value["path"])
        if not verify_inclusion(provider, leaf, value["index"], head.size, path, head.root):
            raise LogError("inclusion", "the entry is not in the log")
        return head

    _log_proof(report, "inclusion", where, "日志收录证明", work, trust)


def check_consistency(report: Report, where: str, data: bytes, trust: Trust | None) -> None:
    """Check a stand-alone consistency proof."""

    def work() -> Checkpoint:
        value = _members(data, "v", "type", "path", "old", "new")
        old, new = parse_checkpoint(value["old"], trust), parse_checkpoint(value["new"], trust)
        path = hashes_of(value["path"])
        if not verify_consistency(suite("intl-1"), old.size, new.size, path, old.root, new.root):
            raise LogError("consistency", "the newer log does not begin with the older one")
        return new

    _log_proof(report, "consistency", where, "日志一致性证明", work, trust)


def _log_proof(report: Report, code: str, where: str, text: str, work: Any, trust: Trust | None) -> None:
    if report.attempt(code, where, text, work) and trust is None:
        report.unchecked("checkpoint-signature", where, "未提供信任文件，检查点的签名未核验")


def check_envelope(report: Report, where: str, data: bytes) -> None:
    """Check an envelope's form and name it."""
    header = report.attempt("envelope", where, "密封信封格式正确", lambda: parse_header(io.BytesIO(data)))
    if header is not None:
        eid = report.attempt("envelope-id", where, "信封编号可计算", lambda: digest_envelope(io.BytesIO(data)))
        if eid is not None:
            report.unchecked("envelope-key", where, f"信封编号 {b64u_encode(eid)}；内容须有文件密钥才能核对")


def check_draw(report: Report, where: str, transcript: bytes, pool: bytes, trust: Trust | None) -> VerifiedDraw | None:
    """Replay a draw."""
    text = "抽取记录：名单、承诺、种子、算法、结果与递补全部重算"
    found = report.attempt("draw", where, text, lambda: verify_draw(transcript, pool, trust))
    if found is None:
        return None
    spec = found.spec
    report.held("draw-result", where, f"{spec.algo}，参与方 {len(found.parties)} 家，种子 {found.seed.hex()[:16]}…")
    if not found.signed:
        report.unchecked("checkpoint-signature", where, "未提供信任文件，日志检查点的签名未核验")
    return found


def pool_fits(transcript: bytes, pool: bytes) -> bool:
    """Whether a pool file is the one a transcript speaks of, told by its root; used only to pair files."""
    try:
        spec, entries = parse(transcript)["spec"], parse(pool)
        frozen = spec["pools"] if isinstance(entries, dict) else {"pool": spec["pool"]}
        given = entries if isinstance(entries, dict) else {"pool": entries}
        roots = {name: b64u_encode(pool_root(suite_of(spec), part)) for name, part in given.items()}
        return bool(roots == {name: part["root"] for name, part in frozen.items()})
    except (*Refusal, KeyError, TypeError, ValueError, AttributeError):
        return False


def _members(data: bytes, *names: str) -> Mapping[str, Any]:
    value = parse(data)
    if not isinstance(value, dict) or value.keys() != set(names) or type(value["v"]) is not int or value["v"] != 1:
        raise NotCanonical("missing or unknown members")
    return value
