"""The order of the scenes, and what the performance leaves behind."""

import importlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from portal.demo.client import close_all
from portal.demo.stage import Stage
from portal.launch import Platform

CASE = Path(__file__).with_name("case.json")
#: Name of the scene, the module of `portal.demo.steps` that plays it, its function.
SCENES = (
    ("preparation", "trading", "play"),
    ("bidding", "bidding", "play"),
    ("opening", "opening", "play"),
    ("draw", "evaluating", "draw"),
    ("evaluation", "evaluating", "evaluate"),
    ("award", "awarding", "play"),
    ("inspection", "supervision", "play"),
)


@dataclass(slots=True)
class Performance:
    """What is left when the curtain falls."""

    tender: str
    client_dir: Path
    bundle: Path | None = None
    logins: dict[str, tuple[str, str]] = field(default_factory=dict)
    canaries: list[str] = field(default_factory=list)
    finished: bool = False


@dataclass(frozen=True, slots=True)
class Venue:
    """Where to play: an installation that runs.

    Attributes:
        home: its data folder: people's own folders lie in it, and the local issuing authority of licences.
        url: where the portal answers.
        operator_password: of its operator, whom the play begins with.
        security_password: of its security administrator, who approves whom the operator asks for.
    """

    home: Path
    url: str
    operator_password: str
    security_password: str


def venue_of(platform: Platform) -> Venue:
    """Return the installation that this process runs."""
    installed = platform.installed
    return Venue(platform.home.path, platform.url, installed.operator_password, installed.security_password)


async def perform(
    venue: Venue,
    console: Console,
    *,
    stop_before: str | None,
    before_scene: Callable[[str, Stage], Awaitable[None]] | None = None,
) -> Performance:
    """Play the case through HTTP.

    Args:
        stop_before: name of the scene before which to stop; None plays everything.
        before_scene: called with each scene's name; tests disturb the platform from here.
    """
    case: dict[str, Any] = json.loads(CASE.read_text(encoding="utf-8"))
    stage = Stage(
        base_url=venue.url,
        case=case,
        folder=venue.home / "clients",
        console=console,
        operator_password=venue.operator_password,
        security_password=venue.security_password,
    )
    stage.found["home"] = str(venue.home)
    performance = Performance(tender=case["facts"]["number"], client_dir=stage.folder)
    try:
        for name, module, function in SCENES:
            if name == stop_before:
                break
            if before_scene is not None:
                await before_scene(name, stage)
            play = getattr(importlib.import_module(f"portal.demo.steps.{module}"), function)
            await play(stage)
        else:
            performance.bundle = await _fetch_bundle(stage, venue.home / "bundles")
            performance.finished = True
    finally:
        performance.logins = dict(stage.logins)
        performance.canaries = list(stage.canaries)
        await close_all(stage.people.values())
    return performance


async def _fetch_bundle(stage: Stage, folder: Path) -> Path:
    """Download the case bundle as any visitor may, with the stand-alone transcripts inside it."""
    stage.scene("案卷")
    visitor = stage.person("visitor", "公众")
    data = await visitor.raw(f"/lots/{stage.found['lot']}/bundle.zip")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / f"{stage.case['facts']['number']}-001.zip"
    file.write_bytes(data)
    await stage.say("公众", f"下载案卷 {len(data) / 1e6:.1f} MB")
    return file
