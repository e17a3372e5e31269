"""Contract of the templates: every one renders from its samples, with no undefined name, fit for the strict policy."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from portal.gallery import ROOT, environment, render
from portal.samples import SAMPLES
from portal.samples.documents import DOCUMENTS

CASES = [(name, variant) for name, variants in SAMPLES.items() for variant in variants]
TEMPLATES = sorted(p.relative_to(ROOT / "templates").as_posix() for p in (ROOT / "templates").rglob("*.html"))
SHELLS = {"base.html", "workspace.html"}
VOID = {"meta", "link", "input", "br", "hr", "img"}


class Page(HTMLParser):
    """What the checks need to know of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> is out of order"


@pytest.mark.parametrize("name, variant", CASES)
def test_page_is_sound(name: str, variant: str) -> None:
    html = render(name, variant)
    page = Page(html)
    assert page.open == []
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids)), [i for i in ids if ids.count(i) > 1]
    assert sum(tag == "h1" for tag, _ in page.tags) == 1
    assert sum(tag == "main" for tag, _ in page.tags) == 1
    for tag, attrs in page.tags:
        assert "style" not in attrs, "the Content-Security-Policy forbids inline style"
        assert not [a for a in attrs if a.startswith("on")], "the Content-Security-Policy forbids inline handlers"
        if tag == "script":
            assert attrs.get("src"), "the Content-Security-Policy forbids inline script"
        for key in ("aria-labelledby", "aria-describedby", "for", "data-say"):
            for ref in (attrs.get(key) or "").split():
                assert ref in ids, f"{key}={ref} points nowhere"
        if tag == "form" and attrs.get("method") == "post":
            assert 'name="_csrf"' in html
    assert "<style" not in html


@pytest.mark.parametrize("name, variant", CASES)
def test_full_width_punctuation_between_chinese(name: str, variant: str) -> None:
    text = re.sub(r"<[^>]*>", "\n", render(name, variant))
    han = r"[\u4e00-\u9fff]"
    assert re.findall(rf"{han}[,;:?!]{han}", text) == []


def test_every_template_has_a_sample() -> None:
    pages = {t for t in TEMPLATES if not t.startswith(("macros/", "print/"))} - SHELLS
    assert pages - set(SAMPLES) == set()
    assert set(SAMPLES) - set(TEMPLATES) == set()


@pytest.mark.parametrize("name", [t for t in TEMPLATES if not t.startswith("macros/")])
def test_every_template_says_what_it_needs(name: str) -> None:
    source = Path(ROOT / "templates" / name).read_text()
    assert source.startswith("{#-"), "the context is described in a comment at the top"
    environment().parse(source)


def test_rehearsal_and_demo_marks_are_on_every_page() -> None:
    for name in SAMPLES:
        html = render(name)
        assert "演练模式" in html
        assert "2026-08-06 13:21:38" in html
        assert "演示数据" in html


def test_display_mode_is_set_by_the_server() -> None:
    assert '<html lang="zh-CN" data-mode="elder">' in render("portal/home.html", mode="elder")


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_document_is_sound(name: str) -> None:
    html = environment().get_template(name).render(DOCUMENTS[name])
    page = Page(html)
    assert page.open == []
    assert sum(tag == "h1" for tag, _ in page.tags) == 1
    assert "演示 CA" in html
    for _, attrs in page.tags:
        for key in ("href", "src"):
            assert (attrs.get(key) or "static:").startswith("static:"), "documents load nothing from elsewhere"


def test_every_document_template_has_a_sample() -> None:
    assert set(DOCUMENTS) == {t for t in TEMPLATES if t.startswith("print/")} - {"print/base.html"}


def test_every_class_has_a_style() -> None:
    """Hooks of scripts are `data-…` and ids; a class without a rule is a page that nobody has looked at."""
    sheets = "".join(path.read_text() for path in (ROOT / "portal" / "static" / "css").glob("*.css"))
    styled = set(re.findall(r"\.(-?[A-Za-z_][\w-]*)", re.sub(r"/\*.*?\*/", "", sheets, flags=re.S)))
    bare = {
        f"{name}: {word}"
        for name, variant in CASES
        for _, attrs in Page(render(name, variant)).tags
        for word in (attrs.get("class") or "").split()
        if word not in styled
    }

    assert bare == set()
