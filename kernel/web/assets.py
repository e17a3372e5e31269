"""Static files under a content hash, computed at start; no bundler.

`/static/~<hash>/js/app.js`: the hash covers the whole static tree, so that relative imports between modules stay within
one version, and the answer may be cached for ever.
"""

import base64
import hashlib
import re
from pathlib import Path

from kernel.errors import NotFound

#: A static import; our modules write each as one statement at the beginning of a line.
IMPORT = re.compile(r"^(?:import|export)\s(?:[^;]*?\sfrom\s)?\s*'\./([a-z]+\.js)';", re.MULTILINE)
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
}


class Assets:
    """The static tree, read once into memory.

    Args:
        root: folder of the static files.
    """

    def __init__(self, root: Path) -> None:
        self._files: dict[str, bytes] = {}
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix in TYPES:
                self._files[path.relative_to(root).as_posix()] = path.read_bytes()
        whole = hashlib.sha256()
        for name, data in self._files.items():
            whole.update(name.encode() + b"\0" + hashlib.sha256(data).digest())
        self.version = whole.hexdigest()[:16]

    def url(self, path: str) -> str:
        """Return the address of a file.

        Raises:
            KeyError: a template names a file that does not exist.
        """
        if path not in self._files:
            raise KeyError(path)
        return f"/static/~{self.version}/{path}"

    def read(self, path: str) -> tuple[bytes, str]:
        """Return a file's bytes and media type.

        Raises:
            NotFound: there is no such file.
        """
        data = self._files.get(path)
        if data is None:
            raise NotFound
        return data, TYPES[Path(path).suffix]

    def integrity(self, path: str) -> str:
        """Return the SHA-384 of a file in the form of Subresource Integrity."""
        digest = hashlib.sha384(self._files[path]).digest()
        return "sha384-" + base64.b64encode(digest).decode()

    def modules(self, entry: str) -> list[str]:
        """Return the modules that a script imports, directly or not, by name; the script itself is not among them.

        A page preloads them with their digests, because a browser checks `integrity` of an import only there.
        """
        found: set[str] = set()
        waiting = [entry]
        while waiting:
            folder = Path(waiting[-1]).parent
            for name in IMPORT.findall(self._files[waiting.pop()].decode()):
                path = (folder / name).as_posix()
                if path not in found and path != entry:
                    found.add(path)
                    waiting.append(path)
        return sorted(found)

    def manifest(self) -> dict[str, str]:
        """Return every script with its SHA-384: what an auditor compares."""
        return {name: self.integrity(name) for name in self._files if name.endswith(".js")}
