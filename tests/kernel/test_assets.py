import base64
import hashlib
from pathlib import Path

import pytest

from kernel.errors import NotFound
from kernel.web.assets import Assets

ROOT = Path(__file__).resolve().parents[2] / "portal" / "static"


def tree(folder: Path) -> Assets:
    (folder / "js").mkdir()
    (folder / "js" / "a.js").write_text("// x\nimport { b } from './b.js';\nimport './c.js';\n")
    (folder / "js" / "b.js").write_text("import {\n  c,\n  d,\n} from './c.js';\nexport { c } from './d.js';\n")
    (folder / "js" / "c.js").write_text("// import './e.js';\nexport const c = 1;\n")
    (folder / "js" / "d.js").write_text("import './a.js';\n")
    (folder / "js" / "e.js").write_text("")
    (folder / "note.txt").write_text("not served")
    return Assets(folder)


def test_imports_are_followed_to_the_end(tmp_path):
    assets = tree(tmp_path)

    assert assets.modules("js/a.js") == ["js/b.js", "js/c.js", "js/d.js"]
    assert assets.modules("js/c.js") == []


def test_integrity_is_that_of_the_bytes(tmp_path):
    assets = tree(tmp_path)

    digest = hashlib.sha384((tmp_path / "js" / "a.js").read_bytes()).digest()
    assert assets.integrity("js/a.js") == "sha384-" + base64.b64encode(digest).decode()
    assert set(assets.manifest()) == {f"js/{name}.js" for name in "abcde"}


def test_one_version_for_the_whole_tree(tmp_path):
    assets = tree(tmp_path)
    before = assets.version
    (tmp_path / "js" / "e.js").write_text("1")

    assert Assets(tmp_path).version != before
    assert assets.url("js/a.js") == f"/static/~{before}/js/a.js"
    with pytest.raises(NotFound):
        assets.read("note.txt")


def test_every_import_of_our_modules_is_seen():
    assets = Assets(ROOT)
    for name in assets.manifest():
        text = (ROOT / name).read_text()
        assert text.count("from './") + text.count("\nimport './") == len(
            [line for line in text.splitlines() if line.endswith(".js';")]
        ), name
        for module in assets.modules(name):
            assert (ROOT / module).is_file(), (name, module)
