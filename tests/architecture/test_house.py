"""The architecture is a test: doors guarded, errors mapped, keys pointing down, rooms of a size, no forgotten work."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from kernel import errors
from kernel.web.problems import TABLE
from portal.metadata import METADATA
from portal.routes import ROUTES

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kernel", "trading", "bidding", "experts", "supervision", "portal")
RUNGS = {name: rung for rung, name in enumerate(PACKAGES)}
#: Prefix of a table → the package that owns it.
OWNERS = {
    "kernel": "kernel",
    "audit": "kernel",
    "log": "kernel",
    "identity": "kernel",
    "draw": "kernel",
    "trading": "trading",
    "bidding": "bidding",
    "experts": "experts",
    "supervision": "supervision",
}


def _sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


def _families(cls: type[errors.DomainError]) -> Iterator[type[errors.DomainError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from _families(child)


@pytest.fixture(scope="module")
def app() -> Litestar:
    return Litestar(route_handlers=list(ROUTES), openapi_config=None)


def test_every_door_has_a_guard_or_says_that_it_is_public(app: Litestar) -> None:
    open_doors = [
        f"{sorted(handler.http_methods)} {route.path}"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.http_methods != {"OPTIONS"} and not handler.guards and not handler.opt.get("public")
    ]

    assert open_doors == []


def test_no_public_door_changes_anything_but_signing_in(app: Litestar) -> None:
    writes = {
        route.path
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler in route.route_handlers
        if handler.opt.get("public") and handler.http_methods - {"GET", "HEAD", "OPTIONS"}
    }

    assert writes <= {
        "/login",
        "/logout",
        "/mode",
        "/api/v1/auth/password",
        "/api/v1/auth/passkey",
        "/api/v1/auth/passkey/challenge",
        "/api/v1/auth/licence",
        "/api/v1/auth/licence/scans",
        "/api/v1/auth/licence/scans/{scan_id:str}/session",
        "/api/v1/wallet/scans/{scan_id:str}/open",
        "/api/v1/wallet/scans/{scan_id:str}/answer",
        "/api/v1/wallet/scans/{scan_id:str}/decline",
        "/api/v1/auth/call",
        "/api/v1/auth/activate",
        "/api/v1/auth/activate/confirm",
        "/activate",
        "/activate/confirm",
        "/e/login",
        "/verify/papers",  # judges an upload, keeps nothing
        "/api/v1/verify/papers",
    }


def test_every_error_of_the_family_has_a_row_and_a_status() -> None:
    direct = {cls for cls in _families(errors.DomainError) if cls.__module__ == "kernel.errors"}

    assert direct == set(TABLE)
    assert all(400 <= row.status < 600 for row in TABLE.values())
    assert len({row.slug for row in TABLE.values()}) == len(TABLE)


def test_foreign_keys_point_down() -> None:
    wrong = []
    for table in METADATA.tables.values():
        owner = OWNERS[table.name.split("_")[0]]
        for key in table.foreign_keys:
            target = OWNERS[key.column.table.name.split("_")[0]]
            if RUNGS[owner] < RUNGS[target]:
                wrong.append(f"{table.name} -> {key.column.table.name}")

    assert wrong == []


def test_every_models_module_is_known_to_the_metadata() -> None:
    from portal.metadata import MODELS

    defining = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in _sources()
        if re.search(r"^\s+__tablename__ = ", path.read_text(encoding="utf-8"), re.M)
    }

    assert defining == set(MODELS)


def test_no_room_is_larger_than_a_reader_can_hold() -> None:
    large = {
        str(path.relative_to(ROOT)): count
        for path in _sources()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
        and "samples" not in path.parts  # data for the gallery, not rooms
    }

    assert large == {}


def test_packages_are_entered_through_their_doors_only() -> None:
    """Models are nobody's business outside their package; `portal.metadata` lists their modules."""
    wrong = []
    for path in _sources():
        package = path.relative_to(ROOT).parts[0]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and re.match(r"\w+\.models\b", node.module):
                owner = node.module.split(".")[0]
                if owner != package and owner != "kernel":
                    wrong.append(f"{path.relative_to(ROOT)} imports {node.module}")

    assert wrong == []


def test_the_banned_word_for_a_party_is_nowhere() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in _sources()
        if re.search(r"tenderer", path.read_text(encoding="utf-8"), re.I) and "exchange" not in path.parts
    ]

    assert found == []


def test_every_job_is_listed_and_named_by_its_package() -> None:
    from portal.jobs import DUE, JOBS

    defined = {
        name
        for path in _sources()
        if path.name == "jobs.py" or path.parent.name == "jobs"
        for name in re.findall(r'"([a-z]+:[a-z_]+)":', path.read_text(encoding="utf-8"))
    }

    assert defined <= set(JOBS)
    assert all(kind.split(":")[0] in PACKAGES for kind in JOBS)
    assert len(set(DUE)) == len(DUE)


def test_nothing_says_where_it_was_made() -> None:
    """No registry address, no path of a machine, no lock file that holds addresses."""
    assert "://" not in (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not (ROOT / "uv.lock").exists()
    assert not list(ROOT.glob("pylock*.toml"))
