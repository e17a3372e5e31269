"""Contrast of the design tokens: text 4.5:1, borders of controls and marks of charts 3:1 (WCAG 1.4.3 and 1.4.11)."""

import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[2] / "portal" / "static" / "css"
SOURCE = (CSS / "tokens.css").read_text()
TOKENS = dict(re.findall(r"(--[\w-]+): (#[0-9a-f]{6})\b", SOURCE[: SOURCE.index("@layer modes")]))
WHITE = "--surface-0"

TEXT = [
    *(
        (ink, surface)
        for ink in ("--ink-900", "--ink-800", "--ink-600", "--ink-500")
        for surface in (WHITE, "--surface-1")
    ),
    ("--ink-500", "--surface-2"),
    *(("--blue-600", surface) for surface in (WHITE, "--surface-1", "--blue-50")),
    *((WHITE, back) for back in ("--blue-600", "--blue-700", "--blue-800", "--blue-900", "--red-700", "--bad-700")),
    *((f"--{kind}-700", f"--{kind}-50") for kind in ("ok", "warn", "bad", "info", "mute", "seal")),
    *((f"--{kind}-700", WHITE) for kind in ("ok", "warn", "bad", "seal")),
]
MARKS = [("--ink-400", WHITE), *((f"--d{n}", WHITE) for n in range(1, 7)), ("--d-limit", WHITE), ("--d-axis", WHITE)]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(one: str, other: str) -> float:
    light, dark = sorted((luminance(TOKENS[one]), luminance(TOKENS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_knows_black_on_white() -> None:
    TOKENS["black"] = "#000000"
    assert ratio("black", WHITE) == pytest.approx(21)


@pytest.mark.parametrize("ink, surface", TEXT)
def test_text_can_be_read(ink: str, surface: str) -> None:
    assert ratio(ink, surface) >= 4.5


@pytest.mark.parametrize("mark, surface", MARKS)
def test_marks_can_be_seen(mark: str, surface: str) -> None:
    assert ratio(mark, surface) >= 3


@pytest.mark.parametrize("sheet", sorted(CSS.glob("*.css")), ids=lambda p: p.name)
def test_no_address_leaves_the_site(sheet: Path) -> None:
    text = sheet.read_text()
    assert "@import" not in text
    assert "url(" not in text
    assert text.count("{") == text.count("}")


def test_every_variable_that_is_used_exists() -> None:
    defined = set(re.findall(r"(--[\w-]+):", SOURCE)) | set(
        re.findall(r"(--[\w-]+):", (CSS / "document.css").read_text())
    )
    for sheet in CSS.glob("*.css"):
        assert set(re.findall(r"var\((--[\w-]+)", sheet.read_text())) <= defined, sheet.name
