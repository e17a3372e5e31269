"""`sunlit bench NAME`: one benchmark of the folder `bench/`, beside its limit and its peer.

Each benchmark is a module there with a docstring whose first line says what it measures, and `main(argv) -> int`.
"""

import ast
import importlib
import sys
from pathlib import Path

from portal.embedded.home import CHECKOUT
from portal.errors import CommandError

FOLDER = CHECKOUT / "bench"


def main(argv: list[str]) -> int:
    """Run one benchmark, or list them."""
    known = benchmarks(FOLDER)
    words = [word for word in argv if word not in {"-h", "--help"}]
    if not words or words[0].startswith("-"):
        print("用法：./sunlit bench 名称 [参数…]\n")
        width = max((len(name) for name in known), default=0)
        for name, summary in known.items():
            print(f"  {name:<{width}}  {summary}")
        return 0
    if words[0] not in known:
        raise CommandError(f"没有性能测试 {words[0]!r}；现有：{'、'.join(known) or '无'}", code=2)
    sys.path.insert(0, str(CHECKOUT))
    module = importlib.import_module(f"bench.{words[0]}")
    return int(module.main([word for word in argv if word != words[0]]))


def benchmarks(folder: Path) -> dict[str, str]:
    """Name and first docstring line of each benchmark; the files are read, not run."""
    found = {}
    for file in sorted(folder.glob("[a-z]*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            found[file.stem] = (ast.get_docstring(tree) or "").partition("\n")[0]
    return found
