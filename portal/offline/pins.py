"""Trust files that this machine knows because it set the installations up itself.

A stranger gets the trust file from the gazette (`--trust`). Whoever verifies a case of an installation of his own need
not: its trust file lies in its data folder. Folders are never guessed from where the evidence lies, since a forger
could deliver a whole data folder.
"""

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from kernel.log import LogError, read_trust

#: Digest of a trust file → the data folder it lies in.
Pins = Mapping[bytes, str]
_CHECKOUT = Path(__file__).resolve().parents[2]


def register_file() -> Path:
    """Return where the data folders are noted that were set up from this checkout: beside its Python packages."""
    return Path(sys.prefix) / "sunlit" / "homes"


def note_home(home: Path) -> None:
    """Note a data folder that was set up from here and forget those that are gone; if it cannot be written, nothing."""
    kept = [folder for folder in _noted() if (Path(folder) / "trust.json").exists()]
    if str(home) in kept:
        return
    with contextlib.suppress(OSError):
        file = register_file()
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".homes.{os.getpid()}")
        draft.write_text("".join(f"{folder}\n" for folder in [*kept, home]), encoding="utf-8")
        draft.replace(file)


def known_pins() -> Pins:
    """Return the trust files of the default data folder and of those noted."""
    pins: dict[bytes, str] = {}
    for folder in dict.fromkeys([str(_CHECKOUT / "var"), *_noted()]):
        with contextlib.suppress(OSError, LogError):
            pins[read_trust((Path(folder) / "trust.json").read_bytes()).digest] = folder
    return pins


def _noted() -> list[str]:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        return register_file().read_text(encoding="utf-8").splitlines()
    return []
