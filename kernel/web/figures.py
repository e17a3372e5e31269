"""Pictures drawn on the server: charts and QR codes as SVG, without script or inline style.

A figure carries its finding in words, its method, the picture and the table behind it, so that it can be read by a
screen reader, printed, and checked. Colours come from the classes of components.css, never from attributes.
"""

import hashlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import segno
from markupsafe import Markup, escape

_LEFT: Final = 52
_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Figure:
    """What `macros/ui.html: figure` shows.

    Attributes:
        caption: the finding as one sentence, not a title.
        method: unit, basis and date.
        svg: the picture.
        head: column names of the table behind it.
        rows: its cells as text, the first of a row being its name.
    """

    caption: str
    method: str
    svg: Markup
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one layer: name, colour class 1–6 (6 is the grey of a comparison, drawn dashed), values."""

    name: str
    colour: int
    values: tuple[float, ...]


def qr(text: str, title: str = "核验二维码") -> Markup:
    """A QR code (error level M) that takes its size from CSS class `qr`."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out,
        kind="svg",
        border=1,
        xmldecl=False,
        svgns=True,
        omitsize=True,
        svgclass="qr",
        lineclass=None,
        dark="#16202c",
        title=title,
    )
    return Markup(out.getvalue().decode())  # noqa: S704 (segno escapes the title; the rest is numbers)


def stacked(
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    width: int = 720,
    height: int = 280,
) -> Markup:
    """Stacked columns; only the last total is written, the others are in the table."""
    totals = [sum(s.values[i] for s in series) for i in range(len(labels))]
    top, step = _scale(max(totals))
    right, upper, lower = width - 8, 18, height - 30
    parts = [_y_axis(right, upper, lower, top, step, "")]
    column = (right - _LEFT) / len(labels)
    for i, label in enumerate(labels):
        x, y = _LEFT + column * (i + 0.22), float(lower)
        for s in series:
            tall = (lower - upper) * s.values[i] / top
            y -= tall
            parts.append(
                Markup('<rect class="f{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}">').format(
                    s.colour, x, y, column * 0.56, max(tall - 0.8, 0)
                )
                + _title(f"{label} {s.name} {_number(s.values[i])}")
                + Markup("</rect>")
            )
        parts.append(_text(x + column * 0.28, lower + 20, label, "ax", "middle"))
    parts.append(_text(x + column * 0.28, y - 6, _number(totals[-1]), "ax ax--b", "middle"))
    return _svg(width, height, title, description, parts)


def bars(
    title: str,
    description: str,
    rows: Sequence[tuple[str, float]],
    *,
    unit: str = "",
    limit: float | None = None,
    limit_label: str = "",
    width: int = 640,
    label_width: int = 120,
    row_height: int = 32,
    colour: int = 1,
) -> Markup:
    """Horizontal bars, longest first by the caller; a limit is a dashed line with its name."""
    height = row_height * len(rows) + (34 if limit is not None else 12)
    right = width - 70
    most = (max([value for _, value in rows] + [limit or 0.0]) or 1.0) * 1.04
    parts: list[Markup] = []
    for i, (label, value) in enumerate(rows):
        y, wide = i * row_height + 6, (right - label_width) * value / most
        parts.append(_text(label_width - 12, y + 15, label, "ax ax--b", "end"))
        parts.append(
            Markup('<rect class="f{}" x="{}" y="{}" width="{:.1f}" height="{}" rx="2">').format(
                colour, label_width, y + 3, wide, row_height - 16
            )
            + _title(f"{label} {_number(value)}{unit}")
            + Markup("</rect>")
        )
        parts.append(_text(label_width + wide + 8, y + 16, f"{_number(value)}{unit}", "ax ax--b"))
    parts.append(_line("base", label_width, 4, label_width, row_height * len(rows) + 2))
    if limit is not None:
        x = label_width + (right - label_width) * limit / most
        parts.append(_line("limit", x, 2, x, row_height * len(rows) + 4))
        parts.append(_text(x, row_height * len(rows) + 20, limit_label, "limit-t", "middle"))
    return _svg(width, height, title, description, parts)


def lines(
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    unit: str = "",
    limit: float | None = None,
    limit_label: str = "",
    width: int = 540,
    height: int = 236,
) -> Markup:
    """Lines named at their end, so that no legend is needed; at least two labels."""
    top, step = _scale(max(max(max(s.values) for s in series), limit or 0.0))
    right, upper, lower = width - 64, 16, height - 30
    parts = [_y_axis(right, upper, lower, top, step, unit)]
    dx = (right - _LEFT) / (len(labels) - 1)

    def at(value: float) -> float:
        return lower - (lower - upper) * value / top

    for i, label in enumerate(labels):
        parts.append(_text(_LEFT + dx * i, lower + 20, label, "ax", "middle"))
    if limit is not None:
        parts.append(_line("limit", _LEFT, at(limit), right, at(limit)))
        parts.append(_text(_LEFT + 4, at(limit) - 6, limit_label, "limit-t"))
    for s in series:
        path = " ".join(f"{_LEFT + dx * i:.1f},{at(v):.1f}" for i, v in enumerate(s.values))
        dash = Markup(' stroke-dasharray="6 4"') if s.colour == 6 else Markup("")
        parts.append(
            Markup('<polyline class="fn st{}" stroke-width="2.5" stroke-linejoin="round"{} points="{}"/>').format(
                s.colour, dash, path
            )
        )
        for i, value in enumerate(s.values):
            parts.append(
                Markup('<circle class="f{}" cx="{:.1f}" cy="{:.1f}" r="3">').format(s.colour, _LEFT + dx * i, at(value))
                + _title(f"{labels[i]} {s.name} {_number(value)}{unit}")
                + Markup("</circle>")
            )
        parts.append(_text(right + 8, at(s.values[-1]) + 4, s.name, "ax ax--b"))
    return _svg(width, height, title, description, parts)


def _scale(most: float, steps: int = 4) -> tuple[float, float]:
    """A round top of the axis and its step."""
    if most <= 0:
        return 1.0, 1.0
    raw = most / steps
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in _STEPS if m * power >= raw * (1 - 1e-9))
    return step * math.ceil(most / step - 1e-9), step


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.1f}"


def _title(text: str) -> Markup:
    return Markup("<title>{}</title>").format(text)


def _text(x: float, y: float, text: str, cls: str, anchor: str = "start") -> Markup:
    return Markup('<text class="{}" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>').format(cls, x, y, anchor, text)


def _line(cls: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    return Markup('<line class="{}" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>').format(cls, x1, y1, x2, y2)


def _y_axis(right: float, upper: float, lower: float, top: float, step: float, unit: str) -> Markup:
    out = Markup("")
    for i in range(round(top / step) + 1):
        y = lower - (lower - upper) * (i * step) / top
        out += _line("gl" if i else "base", _LEFT, y, right, y)
        out += _text(_LEFT - 8, y + 4, f"{_number(i * step)}{unit}", "ax", "end")
    return out


def _svg(width: int, height: int, title: str, description: str, parts: Sequence[Markup]) -> Markup:
    # Ids must be unique on the page and the same on every rendering: pages are cached and compared by ETag.
    mark = hashlib.sha256(f"{title}\0{description}".encode()).hexdigest()[:10]
    return Markup(
        '<svg viewBox="0 0 {w} {h}" role="img" aria-labelledby="t{m} d{m}"><title id="t{m}">{t}</title>'
        '<desc id="d{m}">{d}</desc>{body}</svg>'
    ).format(
        w=width,
        h=height,
        m=mark,
        t=escape(title),
        d=escape(description),
        body=Markup("").join(parts),
    )
