"""`sunlit verify`: the stand-alone offline verifier. No database, no network, no trust in the platform.

Takes draw transcripts with their pools, receipts, log proofs, checkpoints, envelopes, trust files and case bundles;
says what it checked, what did not hold, and what it could not check.

Source: `docs/spec/bundle.md`, `docs/spec/draw.md`, `docs/spec/log.md`.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from kernel.draw import verify_draw
from kernel.log import Trust
from portal.offline.case import check_case
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
from portal.offline.report import Check, Report, Verdict

__all__ = ["Check", "Report", "Verdict", "main", "verify_draw", "verify_paths"]


def verify_paths(paths: Iterable[Path | str], trust: Path | str | None = None) -> Report:
    """Verify files, or all files below a folder.

    Args:
        paths: transcripts and pools are paired by the pool's root; a trust file among them serves for the others.
        trust: a trust file from an independent source.
    """
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
    given = _trust(report, files, kinds, trust)
    if trust is not None and given is None:
        return report
    _draws(report, files, kinds, given)
    for name, data in files.items():
        _single(report, name, data, kinds[name], given)
    for path in bundles:
        check_case(report, path, given)
    if not report.checks:
        report.failed("nothing", "—", "没有可核验的文件")
    return report


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 if everything that was checked holds, 1 otherwise.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    parser = argparse.ArgumentParser(
        prog="sunlit verify", description="离线核验抽取记录、名单、回执、日志证明、密封信封、信任文件与案卷"
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="文件或文件夹；抽取记录与名单一起给出")
    parser.add_argument("--trust", metavar="FILE", help="从独立渠道取得的信任文件")
    parser.add_argument("--json", action="store_true", help="逐项输出 JSON，供程序读取")
    arguments = parser.parse_args(argv)
    report = verify_paths(arguments.files, arguments.trust)
    if arguments.json:
        print(json.dumps({"ok": report.ok, "checks": report.as_json()}, ensure_ascii=False, indent=1))
    else:
        print("\n".join(report.lines()))
    return 0 if report.ok else 1


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


def _trust(report: Report, files: dict[str, bytes], kinds: dict[str, str], path: Path | str | None) -> Trust | None:
    if path is not None:
        try:
            return check_trust(report, str(path), Path(path).read_bytes())
        except OSError as refusal:
            report.failed("unreadable", str(path), "信任文件不能读取", refusal.strerror or "")
            return None
    found = [check_trust(report, name, files[name]) for name, kind in kinds.items() if kind == "trust"]
    return found[0] if found else None


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


def _single(report: Report, name: str, data: bytes, kind: str, trust: Trust | None) -> None:
    if kind == "receipt":
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
