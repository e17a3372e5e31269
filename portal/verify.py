"""`sunlit verify`: the stand-alone offline verifier. No database, no network, no trust in the platform.

Takes sealed PDFs, draw transcripts with their pools, receipts, log proofs, checkpoints, envelopes, trust files and
case bundles; says what it checked, what did not hold, and what it could not check. Keys that come with the evidence
prove nothing but its agreement with itself; the verdict then says so and the exit code is not 0.

Source: `docs/spec/bundle.md`, `docs/spec/draw.md`, `docs/spec/log.md`.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from kernel.draw import verify_draw
from kernel.log import Trust
from portal.arguments import Parser
from portal.offline.case import check_case
from portal.offline.papers import check_paper, logged_documents
from portal.offline.pins import Pins, known_pins
from portal.offline.records import (
    ARCHIVE_MAGIC,
    check_checkpoint,
    check_consistency,
    check_draw,
    check_envelope,
    check_inclusion,
    check_receipt,
    check_trust,
    kind_of,
    pool_fits,
)
from portal.offline.report import Check, Report, Standing, Verdict
from portal.offline.stamps import check_loose_stamp

__all__ = ["Check", "Report", "Standing", "Verdict", "main", "verify_draw", "verify_paths"]


def verify_paths(
    paths: Iterable[Path | str], trust: Path | str | None = None, pins: Pins = MappingProxyType({})
) -> Report:
    """Verify files, or all files below a folder.

    Args:
        paths: transcripts and pools are paired by the pool's root; a trust file among them serves for the others.
        trust: a trust file from an independent source.
        pins: trust files that this machine knows from its own installations; one found in the evidence that equals one
            of them is as good as one from elsewhere.
    """
    paths = list(paths)
    report = Report()
    files: dict[str, bytes] = {}
    bundles: list[Path] = []
    for path in _files(report, paths):
        with path.open("rb") as file:
            if file.read(len(ARCHIVE_MAGIC)) == ARCHIVE_MAGIC or path.suffix == ".zip":
                bundles.append(path)
                continue
        files[str(path)] = path.read_bytes()
    kinds = {name: kind_of(data) for name, data in files.items()}
    proofs = logged_documents(data for name, data in files.items() if kinds[name] == "inclusion")
    given = _trust(report, files, kinds, trust, {str(path) for path in paths}, pins)
    if trust is not None and given is None:
        return report
    _draws(report, files, kinds, given)
    notes = {name: data for name, data in files.items() if kinds[name] == "checkpoint"}
    for name, data in files.items():
        if kinds[name] == "timestamp":
            check_loose_stamp(report, name, data, notes, given)
        _single(report, name, data, kinds[name], given, proofs)
    for path in bundles:
        check_case(report, path, given, pins)
    if not report.checks:
        report.failed("nothing", "—", "没有可核验的文件")
    return report


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 if everything that was checked holds against an independent trust file, 1 if anything fails, 3 if the
        evidence agrees with itself only.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = Parser(
        prog="sunlit verify",
        description="离线核验盖章文件、抽取记录、名单、回执、日志证明、时间戳、密封信封、信任文件与案卷",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="文件或文件夹；抽取记录与名单一起给出")
    parser.add_argument(
        "--trust", metavar="FILE", help="从独立渠道取得的信任文件；没有它，案卷只能核对是否与自身一致（退出码 3）"
    )
    parser.add_argument("--json", action="store_true", help="逐项输出 JSON，供程序读取")
    arguments = parser.parse_args(argv)
    report = verify_paths(arguments.files, arguments.trust, known_pins())
    if arguments.json:
        told = {"ok": report.ok, "verdict": report.standing.value, "checks": report.as_json()}
        print(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        print("\n".join(report.lines()))
    return report.standing.exit_code


def _files(report: Report, paths: Iterable[Path | str]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        try:
            below = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
            for item in below:
                item.open("rb").close()
            found += below
        except OSError as refusal:
            report.failed("unreadable", str(path), "文件不能读取", refusal.strerror or "")
    return list(dict.fromkeys(found))


def _trust(
    report: Report,
    files: dict[str, bytes],
    kinds: dict[str, str],
    path: Path | str | None,
    named: set[str],
    pins: Pins,
) -> Trust | None:
    if path is not None:
        try:
            return check_trust(report, str(path), Path(path).read_bytes())
        except OSError as refusal:
            report.failed("unreadable", str(path), "信任文件不能读取", refusal.strerror or "")
            return None
    found = [(name, check_trust(report, name, files[name])) for name, kind in kinds.items() if kind == "trust"]
    if not found:
        return None
    # Naming the file is the caller's choice; one that merely lay in the folder of the evidence is part of it.
    name, own = found[0]
    if own is not None and name not in named and own.digest not in pins:
        report.own_keys = True
    return own


def _draws(report: Report, files: dict[str, bytes], kinds: dict[str, str], trust: Trust | None) -> None:
    transcripts = [name for name, kind in kinds.items() if kind == "transcript"]
    pools = [name for name, kind in kinds.items() if kind == "pool"]
    alone = len(transcripts) == len(pools) == 1
    for name in transcripts:
        pool = next((pool for pool in pools if alone or pool_fits(files[name], files[pool])), None)
        if pool is None:
            report.failed("pool-missing", name, "没有给出本次抽取的名单，无法重算")
            continue
        check_draw(report, name, files[name], files[pool], trust)
        kinds[pool] = "used"
    for name in pools:
        if kinds[name] == "pool":
            report.unchecked("pool", name, "名单没有对应的抽取记录")


def _single(
    report: Report, name: str, data: bytes, kind: str, trust: Trust | None, proofs: Mapping[bytes, str]
) -> None:
    if kind == "pdf":
        check_paper(report, name, data, trust, proofs)
    elif kind == "receipt":
        check_receipt(report, name, data, trust)
    elif kind == "checkpoint":
        check_checkpoint(report, name, data, trust)
    elif kind == "inclusion":
        check_inclusion(report, name, data, trust)
    elif kind == "consistency":
        check_consistency(report, name, data, trust)
    elif kind == "envelope":
        check_envelope(report, name, data)
    elif kind == "json-profile":
        report.failed("json-profile", name, "不是规范形式的 JSON，内容可能被改动")
    elif kind == "unknown":
        report.failed("unknown", name, "不认识的文件，未作任何核验")


if __name__ == "__main__":
    sys.exit(main())
