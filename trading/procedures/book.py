"""The book of procedures: reads the versioned files and puts their layers together.

Files are part of the release, read once per process. A lot keeps the version it began under (R-META-01): `of_lot`
resolves that very version and compares its digest.
"""

import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any, Final

import msgspec

from kernel.parameters.articles import cite
from trading.procedures.definition import Definition, ProcedureRefused, code_of
from trading.vocabulary import LotKind, Regime, TenderMethod

FOLDER: Final = Path(__file__).parent
#: What lots were registered under before definitions were data.
FIRST: Final = 1
_METHODS: Final = {TenderMethod.OPEN: "公开招标", TenderMethod.INVITED: "邀请招标"}
_KINDS: Final = {
    LotKind.WORKS: "工程施工",
    LotKind.GOODS: "货物",
    LotKind.DESIGN: "勘察设计",
    LotKind.SERVICES: "服务",
}


class ProcedureFault(ValueError):
    """A file of procedures is not as it must be, or not as it was: a fault of the release."""


@dataclass(frozen=True, slots=True)
class Combination:
    """What a purchase is, as far as its procedure depends on it."""

    regime: Regime
    kind: LotKind
    method: TenderMethod
    prequalified: bool = False

    @property
    def code(self) -> str:
        """Return its name."""
        return code_of(self.regime, self.kind, self.method, self.prequalified)

    @property
    def title(self) -> str:
        """Return its name for people."""
        words = [_KINDS[self.kind], _METHODS[self.method], *(["资格预审"] if self.prequalified else [])]
        return " · ".join(words)


def combinations() -> Iterator[Combination]:
    """Walk all combinations, also those that the law refuses."""
    for regime, kind, method, prequalified in product(Regime, LotKind, TenderMethod, (False, True)):
        yield Combination(regime, kind, method, prequalified)


def versions() -> tuple[int, ...]:
    """Return the released versions, oldest first."""
    return tuple(sorted(int(path.stem) for path in FOLDER.glob("*.toml")))


def version_on(day: date) -> int:
    """Return the version that a procedure begins under on a day."""
    held = [number for number in versions() if _file(number)["effective_from"] <= day]
    return max(held, default=FIRST)


@functools.lru_cache(maxsize=256)
def definition_of(combination: Combination, version: int) -> Definition:
    """Return the procedure of a combination in a version.

    Raises:
        ProcedureRefused: there is no such procedure; says why, with the article.
        ProcedureFault: the file is incomplete or contradicts itself.
    """
    source = _file(version)
    for refused in source.get("refused", ()):
        if _fits(refused["when"], combination):
            message = f"{refused['message']}（{cite(refused['basis'])}）"
            raise ProcedureRefused(message, [(_field_of(refused["when"]), message)])
    merged: dict[str, Any] = {}
    for layer in source["layer"]:
        if _fits(layer.get("when", {}), combination):
            _lay(merged, {name: value for name, value in layer.items() if name != "when"})
    merged |= {
        "version": version,
        "regime": combination.regime.value,
        "kind": combination.kind.value,
        "method": combination.method.value,
        "prequalified": combination.prequalified,
        "title": f"{merged.get('law', '')} · {combination.title}",
    }
    try:
        return msgspec.convert(merged, Definition)
    except msgspec.ValidationError as error:
        raise ProcedureFault(f"procedures/{version}.toml, {combination.code}: {error}") from error


@functools.lru_cache(maxsize=256)
def _digest_of(combination: Combination, version: int) -> str:
    return definition_of(combination, version).digest


def current(combination: Combination, on: date) -> Definition:
    """Return the procedure that begins on a day.

    Raises:
        ProcedureRefused: there is no such procedure.
    """
    return definition_of(combination, version_on(on))


def reference(definition: Definition) -> dict[str, Any]:
    """Return what a lot keeps of its procedure."""
    return {"code": definition.code, "version": definition.version, "sha256": definition.digest}


def of_lot(combination: Combination, procedure: Mapping[str, Any]) -> Definition:
    """Return the definition that a lot began under.

    Args:
        procedure: what the lot keeps; without `definition` it is from before definitions were data.

    Raises:
        ProcedureFault: the file is not what it was when the lot was registered.
    """
    kept = procedure.get("definition") or {}
    found = definition_of(combination, int(kept.get("version", FIRST)))
    if kept and kept.get("sha256") != _digest_of(combination, found.version):
        raise ProcedureFault(f"procedures/{found.version}.toml was changed after a lot began under {found.code}")
    return found


@functools.cache
def _file(version: int) -> dict[str, Any]:
    path = FOLDER / f"{version}.toml"
    if not path.exists():
        raise ProcedureFault(f"no version {version} of the procedures")
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    if found.get("version") != version:
        raise ProcedureFault(f"procedures/{version}.toml names another version")
    earlier = found.get("continues")
    if earlier is not None:  # its layers go on top of those of the version before
        base = _file(earlier)
        found |= {name: [*base.get(name, ()), *found.get(name, ())] for name in ("refused", "layer")}
    return found


def _fits(when: Mapping[str, Any], combination: Combination) -> bool:
    for name, wanted in when.items():
        has = getattr(combination, name)
        if has not in (wanted if isinstance(wanted, list) else [wanted]):
            return False
    return True


def _field_of(when: Mapping[str, Any]) -> str:
    """The field of the form at which a refusal stands."""
    return "method" if "method" in when else "regime"


def _lay(under: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for name, value in layer.items():
        if name.startswith("+"):
            under[name[1:]] = [*under.get(name[1:], ()), *value]
        elif isinstance(value, dict):
            inner = under.get(name)
            under[name] = dict(inner) if isinstance(inner, dict) else {}
            _lay(under[name], value)
        else:
            under[name] = value
