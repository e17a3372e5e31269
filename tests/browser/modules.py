"""Serves `portal/static` to a real Chromium under the product's content security policy and calls the modules there."""

import base64
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: The policy of every page; a module that needs more than this does not work here either.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types tr-fragment"
)
BLANK = (
    b"<!doctype html><html lang=zh-CN><meta charset=utf-8><title>blank</title>"
    b"<link rel=icon href=/static/icon.svg><body></body></html>"
)

# Bytes cross the debugging protocol as {"$b": base64}; a refusal comes back as {"refused": code}.
_CALL = """async ([module, body, args]) => {
  const bytes = await import('/static/js/bytes.js');
  const { Refusal } = await import('/static/js/errors.js');
  const inward = (v) => {
    if (Array.isArray(v)) return v.map(inward);
    if (v === null || typeof v !== 'object') return v;
    if ('$b' in v) return bytes.fromB64(v.$b);
    return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, inward(x)]));
  };
  const outward = async (v) => {
    if (v instanceof Uint8Array) return { $b: bytes.b64(v) };
    if (v instanceof Blob) return { $b: bytes.b64(new Uint8Array(await v.arrayBuffer())) };
    if (v instanceof Map) return outward([...v]);
    if (Array.isArray(v)) return Promise.all(v.map(outward));
    if (v === null || v === undefined || typeof v !== 'object') return v ?? null;
    return Object.fromEntries(await Promise.all(Object.entries(v).map(async ([k, x]) => [k, await outward(x)])));
  };
  const m = await import(`/static/js/${module}.js`);
  try {
    return { value: await outward(await m[body](...inward(args))) };
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.code };
    throw error;
  }
}"""


class RefusedError(Exception):
    """A module threw its Refusal; `code` is what it said."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _Handler(SimpleHTTPRequestHandler):
    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript"}  # noqa: RUF012

    def translate_path(self, path: str) -> str:
        if path == "/static/js/probe.js":  # strings calls together for these tests; no part of the product
            return str(Path(__file__).with_name("probe.js"))
        return super().translate_path(path.removeprefix("/static"))

    def do_GET(self) -> None:
        if self.path == "/blank":
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(BLANK)))
            self.end_headers()
            self.wfile.write(BLANK)
        else:
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep the test's output clean."""


@contextmanager
def served() -> Iterator[str]:
    """Serve the static tree on a free port of 127.0.0.1, which browsers treat as a secure context."""
    handler = functools.partial(_Handler, directory=str(ROOT / "portal" / "static"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def opened() -> Iterator[Page]:
    """A blank page of the server; any console error or violation of the policy fails the test at the end."""
    faults: list[str] = []
    with served() as origin, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = browser.new_page(locale="zh-CN")
        page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda e: faults.append(str(e)))
        page.goto(f"{origin}/blank")
        yield page
        browser.close()
    assert not faults, faults


class Modules:
    """Calls exported functions of the modules with Python values."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def __call__(self, module: str, function: str, *args: Any) -> Any:
        answer = self.page.evaluate(_CALL, [module, function, _inward(list(args))])
        if "refused" in answer:
            raise RefusedError(answer["refused"])
        return _outward(answer["value"])

    def code(self, module: str, function: str, *args: Any) -> str:
        """The code with which the function refuses, or "" if it does not."""
        try:
            self(module, function, *args)
        except RefusedError as error:
            return error.code
        return ""


def _inward(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$b": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {k: _inward(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_inward(v) for v in value]
    return value


def _outward(value: Any) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["$b"]) if "$b" in value else {k: _outward(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_outward(v) for v in value]
    return value
