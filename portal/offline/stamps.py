"""Time stamps, offline: a line of their own for each, also where there is none.

Source: docs/spec/log.md, "Time stamps".
"""

from collections.abc import Mapping
from datetime import timedelta

from cryptography import x509

from kernel.canonical import parse_time
from kernel.log import Checkpoint, Trust
from kernel.timestamps.token import Stamp, TimestampError, verify_token
from portal.offline.report import Report
from portal.offline.state import Case

#: How far the log's clock may be ahead of an authority's.
SKEW = timedelta(minutes=5)
NOTE_SUFFIX, TOKEN_SUFFIX = ".note", ".tst"


def stamping_roots(trust: Trust) -> list[x509.Certificate]:
    """The roots that tokens have to lead to."""
    return [x509.load_pem_x509_certificate(root.encode("ascii")) for root in trust.timestamp_roots]


def check_stamp(report: Report, where: str, token: bytes, note: bytes, trust: Trust, what: str) -> Stamp | None:
    """Check a token over a note; one that is there and does not hold is a failure.

    Args:
        what: what the note is, for the report.
    """
    from kernel.web.filters import moment

    try:
        stamp = verify_token(token, note, stamping_roots(trust))
    except TimestampError as refusal:
        if refusal.code == "timestamp-chain" and not trust.timestamp_roots:
            report.unchecked("timestamp-roots", where, f"信任文件没有时间戳机构的根证书，{what}的时间戳未核验")
        else:
            report.failed(refusal.code, where, f"{what}的时间戳不成立", refusal.reason)
        return None
    when = f"{moment(stamp.at)}（北京时间）"
    report.held("timestamp", where, f"时间戳：{what}在 {when}之前已经存在，由 {stamp.authority} 签发")
    if stamp.local:
        report.unchecked("timestamp-demo", where, "时间戳来自演示机构，没有外部机构为这个时间作证")
    return stamp


def no_stamp(report: Report, where: str, what: str) -> None:
    """Say plainly that there is no time stamp."""
    report.unchecked("timestamp-none", where, f"{what}没有外部机构的时间戳，时间只由日志和见证人证明")


def check_loose_stamp(
    report: Report, where: str, token: bytes, notes: Mapping[str, bytes], trust: Trust | None
) -> None:
    """Check a token that was given as a file, against the notes that were given with it."""
    if trust is None:
        report.failed("trust-missing", where, "核对时间戳需要信任文件（--trust）")
        return
    for name, note in notes.items():
        if _is_over(token, note):
            check_stamp(report, where, token, note, trust, f"检查点 {name} ")
            return
    report.failed("timestamp-note", where, "没有给出这个时间戳所盖的检查点原文")


def _is_over(token: bytes, note: bytes) -> bool:
    """Say whether a token claims to be over a note, to pair files."""
    try:
        verify_token(token, note, ())
    except TimestampError as refusal:
        return refusal.code not in ("timestamp-imprint", "timestamp-format")
    return True


def check_case_stamps(case: Case) -> None:
    """Check each token of a case against the note of the same name."""
    notes = {member.name for member in case.bundle.of_kind("checkpoint")}
    for member in case.bundle.of_kind("timestamp"):
        where, note = case.where(member.name), member.name.removesuffix(TOKEN_SUFFIX) + NOTE_SUFFIX
        if note not in notes:
            case.report.failed("timestamp-note", where, "案卷内没有这个时间戳所盖的检查点原文")
            continue
        text = case.bundle.read(note)
        stamp = check_stamp(case.report, where, case.bundle.read(member.name), text, case.trust, "检查点")
        if stamp is not None:
            case.stamps.update({size: stamp for size, head in case.heads.items() if str(head.note).encode() == text})


def check_deadline_stamp(case: Case, where: str, head: Checkpoint, closed_at: str) -> None:
    """Hold the deadline checkpoint's stamp against what the log says of the same hours.

    Args:
        closed_at: when the close list was logged, as its entry says.
    """
    from kernel.web.filters import moment

    stamp = case.stamps.get(head.size)
    if stamp is None:
        no_stamp(case.report, where, "截止检查点")
        return
    opened = [parse_time(row.entry.at) for row in case.logged("bid.opened") if row.entry]
    told = f"截止检查点（长度 {head.size}）在 {moment(stamp.at)} 之前已经存在（{stamp.authority}）"
    if stamp.at + SKEW < parse_time(closed_at):
        reason = f"日志说开标清单在 {moment(parse_time(closed_at))} 才形成"
        if case.bundle.manifest["rehearsal"]:
            case.report.unchecked("deadline-timestamp", where, f"{told}；演练时钟，不与日志时间比较")
        else:
            case.report.failed("deadline-timestamp", where, told, reason)
    elif opened and stamp.at > min(opened):
        case.report.unchecked("deadline-timestamp", where, f"{told}；时间戳取得晚于开标，只证明此后没有改动")
    else:
        case.report.held("deadline-timestamp", where, f"{told}，当时尚未开标")
