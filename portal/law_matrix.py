"""Which code and which tests stand behind each rule: reads the sources, refuses unknown rule ids, writes the matrix.

Run `python -m portal.law_matrix` to write `docs/law/matrix.md`, with `--check` to only look for unknown ids. The rule
book is `docs/law/rules.md`; a rule is cited by its id (`R-TIME-14`) or a span (`R-CNT-01 to R-CNT-12`).
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from kernel.parameters.seed import SEED

ROOT: Final = Path(__file__).resolve().parent.parent
BOOK: Final = Path("docs/law/rules.md")
MATRIX: Final = Path("docs/law/matrix.md")
PACKAGES: Final = ("kernel", "trading", "bidding", "experts", "supervision", "portal")

#: Rules that wait for a part of the system that there is not yet, or that no program can keep: rule → why.
LATER: Final = {
    "R-CNT-06": "another law or an agreement that counts differently is a new row or a decision of people, not code",
    "R-TIME-28": "notices are not sent to the national and provincial media yet",
    "R-THR-06": "provisional sums of a general contract are not entered as lots of their own yet",
    "R-FAIL-03": "the committee's rejection of all bids waits for the evaluation part",
    "R-FAIL-04": "the committee's judgement of competition waits for the evaluation part",
    "R-FAIL-06": "the withdrawal of an award has its place in the stage table, its act waits for the award part",
    "R-FAIL-07": "unlawful documents are found by a complaint, which waits for the complaint part",
    "R-FAIL-08": "orders of the supervisor wait for the complaint part",
    "R-FAIL-10": "the review of a candidate by the committee waits for the evaluation part",
    "R-ET-08": "where the committee sits and how it is watched is a matter of the place, not of the platform",
}

_ID: Final = re.compile(r"R-[A-Z]+-[0-9]{2}(?![0-9])")
_SPAN: Final = re.compile(r"(R-[A-Z]+-)([0-9]{2}) to \1([0-9]{2})(?![0-9])")
_ROW: Final = re.compile(r"^\| (R-[A-Z]+-[0-9]{2}) \| (.+?) \| ", re.MULTILINE)


@dataclass
class Evidence:
    """Where a rule is cited: places in code, parameters, tests."""

    code: list[str] = field(default_factory=list)
    parameters: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)


def cited(text: str) -> frozenset[str]:
    """Return the rule ids in a text, spans written out."""
    spans = (f"{family}{n:02}" for family, a, b in _SPAN.findall(text) for n in range(int(a), int(b) + 1))
    return frozenset({*_ID.findall(text), *spans})


def read_book(root: Path = ROOT) -> dict[str, str]:
    """Return rule id → rule of the rule book, in its order."""
    return dict(_ROW.findall((root / BOOK).read_text(encoding="utf-8")))


def collect(root: Path = ROOT) -> dict[str, Evidence]:
    """Find every citation in code, parameters and tests."""
    found: dict[str, Evidence] = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            if path == Path(__file__):
                continue  # it names rules, and keeps none
            for place, rule in _citations(path, root):
                found.setdefault(rule, Evidence()).code.append(place)
    for row in SEED:
        for rule in row.rules:
            name = f"{row.regime} {row.key}/{row.variant}" if row.variant else f"{row.regime} {row.key}"
            found.setdefault(rule, Evidence()).parameters.append(name)
    for path in sorted((root / "tests").rglob("test_*.py")):
        for place, rule in _citations(path, root):
            found.setdefault(rule, Evidence()).tests.append(place)
    return found


def unknown(found: dict[str, Evidence], book: Iterable[str]) -> dict[str, Evidence]:
    """Return the citations of rules that the book does not have."""
    known = set(book)
    return {rule: evidence for rule, evidence in found.items() if rule not in known}


def matrix(found: dict[str, Evidence], book: dict[str, str]) -> str:
    """Write the matrix: cited rules with code, parameters and tests; then those without a test, and the uncited."""
    lines = [
        "# From rule to code to test",
        "",
        "Written by `python -m portal.law_matrix` from the sources; do not edit. Rules: [rules.md](rules.md).",
        "",
        "| rule | code | parameters | tests |",
        "|---|---|---|---|",
    ]
    used = [rule for rule in book if rule in found]
    for rule in used:
        evidence = found[rule]
        cells = (evidence.code, evidence.parameters, evidence.tests)
        lines.append(f"| {rule} | {' | '.join(_cell(places) for places in cells)} |")
    untested = [rule for rule in used if not found[rule].tests and rule not in LATER]
    lines += ["", "## Cited, but named by no test", "", ", ".join(untested) or "None."]
    lines += ["", "## Not cited yet", "", ", ".join(rule for rule in book if rule not in found) or "None."]
    lines += ["", "## Not covered, and why", ""]
    lines += [f"- {rule}: {why}" for rule, why in LATER.items() if rule in book]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Write or check; return 1 if a cited rule is not in the book."""
    parser = argparse.ArgumentParser(prog="python -m portal.law_matrix", description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only look for unknown rule ids")
    arguments = parser.parse_args(argv)
    book, found = read_book(), collect()
    strangers = unknown(found, book)
    for rule, evidence in sorted(strangers.items()):
        places = ", ".join([*evidence.code, *evidence.parameters, *evidence.tests])
        print(f"{rule} is not in {BOOK}: {places}", file=sys.stderr)
    if not strangers and not arguments.check:
        (ROOT / MATRIX).write_text(matrix(found, book), encoding="utf-8")
        print(f"{MATRIX}: {len(found)} rules")
    return 1 if strangers else 0


def _citations(path: Path, root: Path) -> Iterator[tuple[str, str]]:
    """Walk the citations of one file, each with the function or class around it or right below it."""
    text = path.read_text(encoding="utf-8")
    if not _ID.search(text):
        return
    file = path.relative_to(root).as_posix()
    lines = text.splitlines()
    owners = _owners(ast.parse(text), lines)
    seen = set()
    for number, line in enumerate(lines, start=1):
        following = lines[number] if number < len(lines) else ""
        rules = cited(line)
        if _SPAN.search(f"{line.rstrip()} {following.strip()}"):
            rules |= cited(f"{line.rstrip()} {following.strip()}")
        for rule in sorted(rules):
            owner = owners.get(number)
            place = f"{file}::{owner}" if owner else file
            if (place, rule) not in seen:
                seen.add((place, rule))
                yield place, rule


def _owners(tree: ast.Module, lines: Sequence[str]) -> dict[int, str]:
    """Return line → the top-level function or class it belongs to, comments and decorators above included."""
    owners: dict[int, str] = {}
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        while first > 1 and lines[first - 2].startswith("#"):
            first -= 1
        owners.update(dict.fromkeys(range(first, (node.end_lineno or first) + 1), node.name))
    return owners


def _cell(places: Iterable[str]) -> str:
    return "<br>".join(f"`{place}`" for place in dict.fromkeys(places)) or "–"


if __name__ == "__main__":
    sys.exit(main())
