"""`sunlit docs`: rewrites the documents that follow from the code."""

import argparse
from collections.abc import Callable
from pathlib import Path

from portal.embedded.home import CHECKOUT
from portal.settings import VARIABLES

SETTINGS_HEAD = """# Settings

Every setting is an environment variable, read once at start by `portal/settings.py`; all faults are reported together.
A name that begins with `SUNLIT_` and is not in this table is refused, so that a slip of the pen does not go unnoticed.
Services whose address is not set are the embedded ones: `./sunlit serve` starts them in the data folder and keeps
their passwords there (`keys/`, readable by the owner only). Whoever sets the address of one database login sets all
four.

| variable | meaning |
| --- | --- |
"""


def settings_document() -> str:
    """The table of settings."""
    return SETTINGS_HEAD + "".join(f"| `{row.name}` | {row.meaning} |\n" for row in VARIABLES)


#: Document → the function that writes it. Tests compare both, so a stale document fails the build.
DOCUMENTS: dict[str, Callable[[], str]] = {"docs/settings.md": settings_document}


def register(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--check", action="store_true", help="只检查是否过期，不改写")


def run(args: argparse.Namespace) -> int:
    """Rewrite what differs; with `--check`, 1 if something does."""
    stale = 0
    for name, write in DOCUMENTS.items():
        file, text = Path(CHECKOUT, name), write()
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        print(f"{'过期' if args.check else '已更新'}：{name}")
        if not args.check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    return 1 if args.check and stale else 0
