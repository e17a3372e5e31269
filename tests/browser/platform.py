"""A platform the size of a test: real pages, real cryptography, one lot, no database. A real browser is its client."""

import functools
import io
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bidding import envelope, messages
from bidding.keyfile import LicenceFile, PersonFile, write_licence_file, write_person_file
from bidding.keyset import Trustee, answer_drill, keyset_hash, make_drill, make_keyset
from bidding.licence import verify_act, verify_login
from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs
from kernel.clock import SystemClock
from kernel.crypto import jws, suite
from kernel.crypto.authority import Holder, create_authority, issue_licence, make_crl
from kernel.crypto.keys import KeyKind, generate
from kernel.crypto.merkle import leaf_hash
from kernel.log import Log
from kernel.web.assets import Assets
from kernel.web.figures import qr
from portal import gallery
from portal.samples.common import SITE, Row
from tests.browser.modules import ROOT, _Handler
from tests.worlds.log_world import LogWorld

INTL = suite("intl-1")
LOT = "0190f000-0000-7000-8000-000000000001"
TENDER, NUMBER, BIDDER, USCC = "C1100000189017141002", "001", "p-4f1c", "91350100M000100Y43"
PASSPHRASE = "sunlit"
ASSETS = Assets(ROOT / "portal" / "static")
FIELDS = [
    Row(name="price", label="投标报价", hint="含税", unit="元", inputmode="decimal", required=True),
    Row(name="period", label="交货期", hint="日历天", unit="天", inputmode="numeric", required=True),
    Row(name="manager", label="项目负责人", hint="", unit="", inputmode="text", required=True),
    Row(name="remark", label="说明", hint="", unit="", inputmode="text", required=False),
]


def clock() -> datetime:
    """The machine's instant: the browser's clock is the real one."""
    return SystemClock().now()


@cache
def made(folder: Path) -> Any:
    """Authority, keys and key files; passphrases are slow on purpose, so they are made once."""
    now = clock()
    authority = create_authority(folder / "authority", now - timedelta(days=1))
    sign, encrypt = generate(KeyKind.P256), generate(KeyKind.P256)
    holder = Holder(USCC, "示例公司")
    issued = issue_licence(authority, holder, sign.public, encrypt.public, now - timedelta(hours=1))
    chain = [authority.issuing]
    content = LicenceFile(USCC, "示例公司", sign, [issued.sign, *chain], encrypt, [issued.encrypt, *chain])
    people = [PersonFile(generate(KeyKind.P256), generate(KeyKind.P256)) for _ in range(3)]
    files = [write_person_file(person, PASSPHRASE) for person in people[:2]]
    return Row(
        authority=authority,
        licence_keys=(sign, encrypt),
        licence=write_licence_file(content, PASSPHRASE),
        people=people,
        files=files,
    )


class Refused(Exception):
    """The platform says no: status and problem."""

    def __init__(self, status: int, code: str, detail: str = "", **extra: Any) -> None:
        super().__init__(code)
        self.status, self.body = status, {"code": code, "detail": detail, **extra}


class Platform:
    """State and doors.

    Attributes:
        faults: how many of the next chunk requests are cut off without an answer.
        lies: whether the next leaf that the platform tells is wrong.
        silent: whether the next submission is taken in and its answer never sent.
    """

    def __init__(self, folder: Path) -> None:
        now, kept = clock(), made(folder)
        self.authority, self.licence_keys, self.licence = kept.authority, kept.licence_keys, kept.licence
        self.people, self.files = kept.people, kept.files
        self.deadline = now + timedelta(hours=2)
        self.keyset = make_keyset(
            tender=TENDER,
            lot=NUMBER,
            suite_id="intl-1",
            policy="both",
            k=2,
            opens_at=self.deadline,
            window_s=1800,
            trustees=[
                Trustee(f"role{n}", "hpke-p256", person.unwrap_key.public, f"org{n}")
                for n, person in enumerate(self.people)
            ],
        )
        self.ks = b64u_encode(keyset_hash(self.keyset))
        self.log = LogWorld()
        self.log.now = now
        self.log.fill(3)
        self.keyset_proof: Any = self._proof(self.log.record("keyset.published", self.keyset))
        self.uploads: dict[str, dict[str, Any]] = {}
        self.accepted: dict[str, dict[str, Any]] = {}
        self.received: list[tuple[str, Any]] = []
        self.faults, self.lies, self.silent, self.reject = 0, False, False, False
        self.drill, self.drill_proof = make_drill(self.keyset, 2)
        self.nonces: set[str] = set()
        self.closed: dict[str, Any] = {}
        self.scan: dict[str, Any] = {}
        self.origin = ""
        self.told: dict[str, Any] = {}
        self.foreseen: list[dict[str, str]] = []

    # What is stored

    def stored(self, slot: str) -> bytes:
        """The envelope file as it lies on the platform."""
        upload = next(u for u in self.uploads.values() if u["slot"] == slot)
        return bytes(upload["head"]) + b"".join(upload["chunks"][j] for j in range(upload["n"]))

    def all_bytes(self) -> bytes:
        return b"".join(bytes(u["head"]) + b"".join(u["chunks"].values()) for u in self.uploads.values())

    # Doors

    def answer(self, method: str, path: str, body: bytes) -> Any:
        for pattern, name in _DOORS:
            match = re.fullmatch(pattern, f"{method} {path}")
            if match:
                return getattr(self, name)(body, *match.groups())
        raise Refused(404, "not-found")

    def time(self, _: bytes) -> Any:
        return {"ms": int(clock().timestamp() * 1000)}

    def readiness(self, _: bytes) -> Any:
        return {"opening_at": None, "ready": not self.foreseen, "findings": self.foreseen}

    def read_keyset(self, _: bytes) -> Any:
        return {"keyset": self.keyset, "ks": self.ks, "proof": self.keyset_proof}

    def trust(self, _: bytes) -> Any:
        return self.log.trust_json

    def open_upload(self, body: bytes) -> Any:
        data = json.loads(body)
        head = b64u_decode(data["header"])
        header = envelope.parse_header(io.BytesIO(head))
        core = header["core"]
        assert data["lot"] == LOT
        fits = (core["tender"], core["lot"], core["bidder"], core["ks"]) == (TENDER, NUMBER, BIDDER, self.ks)
        if not fits or core["slot"] != data["slot"]:
            raise Refused(422, "envelope-refused", "封装不属于本标段。")
        key = f"u{len(self.uploads)}"
        self.uploads[key] = {"slot": data["slot"], "head": head, "n": data["chunks"], "chunks": {}, "puts": 0}
        return {"id": key}

    def put_chunk(self, body: bytes, key: str, j: str) -> Any:
        if self.faults:
            self.faults -= 1
            raise ConnectionAbortedError
        upload = self.uploads[key]
        upload["chunks"][int(j)] = body
        upload["puts"] += 1
        leaf = leaf_hash(INTL, body)
        if self.lies:
            self.lies, leaf = False, bytes(32)
        return {"leaf": b64u_encode(leaf)}

    def upload_state(self, _: bytes, key: str) -> Any:
        upload = self.uploads[key]
        kept = {j: b64u_encode(leaf_hash(INTL, data)) for j, data in upload["chunks"].items()}
        return {"chunks": upload["n"], "leaves": [kept.get(j) for j in range(upload["n"])]}

    def list_uploads(self, _: bytes) -> Any:
        rows = self.uploads.items()
        return {
            "uploads": [
                {"id": key, "slot": u["slot"], "chunks": u["n"], "header": b64u_encode(u["head"])} for key, u in rows
            ]
        }

    def submit(self, body: bytes) -> Any:
        return self._take(body, messages.SUBMISSION, "bid.accepted")

    def withdraw(self, body: bytes) -> Any:
        return self._take(body, messages.WITHDRAWAL, "bid.withdrawn")

    def _take(self, body: bytes, kind: str, entry: str) -> Any:
        message = self._signed(body, kind)
        digest = b64u_encode(messages.submission_digest(INTL, message))
        if self.reject:
            rejection = self.log.sign("otp-rejection+jws", {"v": 1, "type": "bid.rejected", "submission": digest})
            raise Refused(409, "bid-late", "投标已截止。", rejection=rejection)
        for doc in message.get("docs", []):
            raw = self.stored(doc["slot"])
            assert b64u_encode(envelope.digest_envelope(io.BytesIO(raw))) == doc["eid"]
            assert (len(raw), doc["chunks"]) == (doc["bytes"], self.upload_of(doc["slot"])["n"])
        detail = {
            "v": 1, "type": entry, "tender": TENDER, "lot": NUMBER, "bidder": BIDDER, "rev": message["rev"],
            "submission": digest, "received_at": self.log.tick(),
        }  # fmt: skip
        index = self.log.record(entry, detail)
        self.accepted[digest] = {"index": index, "message": message}
        if self.silent:
            self.silent = False
            raise ConnectionAbortedError
        return {"ack": "later", "poll": f"/api/v1/receipts/{digest}"}

    def upload_of(self, slot: str) -> dict[str, Any]:
        return next(u for u in self.uploads.values() if u["slot"] == slot)

    def _signed(self, body: bytes, kind: str) -> Any:
        token = json.loads(body)["jws"]
        now = clock()
        act = verify_act(
            token,
            typ=messages.TYPES[kind],
            roots=[self.authority.root],
            intermediates=[],
            crl=make_crl(self.authority, now),
            now=now,
        )
        assert act.claims.uscc == USCC
        return messages.check_message(act.payload, kind)

    def receipt(self, _: bytes, digest: str) -> Any:
        found = self.accepted.get(digest)
        if found is None:
            raise Refused(404, "not-found")
        return self.log.receipt(found["index"])

    def challenge(self, _: bytes) -> Any:
        self.nonces.add("nonce")
        return {"nonce": "nonce", "bind": "bind", "aud": "https://sunlit.example", "act": "login", "display": "42"}

    def begin_scan(self, _: bytes) -> Any:
        self.nonces.add("scanned")
        self.scan = {
            "id": "scan-one-of-a-kind",
            "state": "waiting",
            "display": "47",
            "left_ms": 120_000,
            "url": f"{self.origin}/wallet?c=scan-one-of-a-kind",
            "image": "data:image/svg+xml," + quote(str(qr(f"{self.origin}/wallet?c=scan-one-of-a-kind"))),
        }
        return self.scan

    def look_at_scan(self, _: bytes) -> Any:
        return self.scan

    def open_scan(self, body: bytes) -> Any:
        self.scan |= {"state": "opened", "wallet": json.loads(body)["wallet"]}
        return {
            "site": "阳光交易",
            "aud": self.origin,
            "act": "login",
            "nonce": "scanned",
            "bind": "bind",
            "display": "47",
            "expires": format_time(clock() + timedelta(seconds=120)),
            "offset_s": 0,
        }

    def answer_scan(self, body: bytes) -> Any:
        now, data = clock(), json.loads(body)
        assert data["wallet"] == self.scan["wallet"]
        claims = verify_login(
            data["token"],
            roots=[self.authority.root],
            intermediates=[],
            crl=make_crl(self.authority, now),
            audience=self.origin,
            nonces=self.nonces,
            binding="bind",
            now=now,
        )
        self.received.append(("scan", claims.uscc))
        self.scan["state"] = "signed"
        return {"state": "signed"}

    def decline_scan(self, _: bytes) -> Any:
        self.scan["state"] = "declined"
        return {"state": "declined"}

    def collect_scan(self, _: bytes) -> Any:
        assert self.scan["state"] == "signed"
        return {"next": "/blank"}

    def login(self, body: bytes) -> Any:
        now = clock()
        claims = verify_login(
            json.loads(body)["token"],
            roots=[self.authority.root],
            intermediates=[],
            crl=make_crl(self.authority, now),
            audience="https://sunlit.example",
            nonces=self.nonces,
            binding="bind",
            now=now,
        )
        self.received.append(("login", claims.uscc))
        return {"next": "/blank"}

    def register_key(self, body: bytes) -> Any:
        data = json.loads(body)
        self.received.append((data["purpose"], INTL.load_public(b64u_decode(data["spki"]))))
        return {"kid": INTL.kid(b64u_decode(data["spki"]))}

    def read_drill(self, _: bytes) -> Any:
        return {"keyset": self.keyset, "i": 2, "challenge": self.drill, "accepted": False, "lot": LOT}

    def accept(self, body: bytes) -> Any:
        self.received.append(("accept", self._by_trustee(body, messages.ACCEPT)))
        return {"state": "proposed"}

    def _by_trustee(self, body: bytes, kind: str) -> Any:
        key = self.people[1].sign_key.public
        payload = jws.verify(INTL, json.loads(body)["jws"], messages.TYPES[kind], key, "ES256", frozenset({"kid"}))
        return messages.check_message(payload, kind)

    # Closing

    def close(self) -> None:
        """The deadline comes; with two more bids of others in the list."""
        self.log.now = self.deadline
        digest, found = next(iter(self.accepted.items()))
        rows = messages.close_list(
            [(BIDDER, found["message"]["rev"], b64u_decode(digest)), *((f"p-{n}", 1, bytes([n]) * 32) for n in (1, 2))]
        )
        self.closed = {"rows": rows, "digest": digest}
        self._close_with(messages.close_root(INTL, rows))

    def _close_with(self, root: bytes) -> None:
        detail = {
            "v": 1, "type": "bid.close", "tender": TENDER, "lot": NUMBER, "ks": self.ks, "root": b64u_encode(root),
            "closed_at": format_time(self.deadline),
        }  # fmt: skip
        index = self.log.record("bid.close", detail)
        window = {"v": 1, "type": "bid.window-closed", "tender": TENDER, "lot": NUMBER, "released": [BIDDER]}
        self.closed |= {
            "root": b64u_encode(root),
            "close": {"detail": detail, "proof": self._proof(index)},
            "window": {"detail": window, "proof": self._proof(self.log.record("bid.window-closed", window))},
        }

    def close_alone(self) -> None:
        """The deadline comes, and there is one bid only."""
        self.log.now = self.deadline
        digest, found = next(iter(self.accepted.items()))
        rows = messages.close_list([(BIDDER, found["message"]["rev"], b64u_decode(digest))])
        self.closed = {"rows": rows, "digest": digest}
        self._close_with(messages.close_root(INTL, rows))

    def _proof(self, index: int) -> dict[str, Any]:
        bundle = self.log.receipt(index)
        return {name: bundle[name] for name in ("entry", "index", "size", "path", "checkpoint")}

    def close_list(self, _: bytes) -> Any:

        rows = self.closed["rows"]
        tree = Log(INTL)
        for row in rows:
            tree.append(jcs(row))
        at = [row["bidder"] for row in rows].index(BIDDER)
        path = [b64u_encode(step) for step in tree.inclusion(at, len(rows))]
        mine = {"entry": rows[at], "index": at, "path": path}
        return {"root": self.closed["root"], "size": len(rows), "mine": mine, "close": self.closed["close"]}

    def headers(self, _: bytes) -> Any:
        message = self.accepted[self.closed["digest"]]["message"]
        listed = [
            {
                "bidder": BIDDER,
                "slot": doc["slot"],
                "eid": doc["eid"],
                "header": b64u_encode(self.upload_of(doc["slot"])["head"]),
            }
            for doc in message["docs"]
        ]
        return {
            "close": self.closed["close"],
            "window_closed": self.closed["window"],
            "close_list": self.closed["rows"],
            "submissions": [message],
            "headers": listed,
        }

    def release(self, body: bytes) -> Any:
        self.received.append(("release", self._signed(body, messages.RELEASE)))
        return {"ok": True}

    def shares(self, body: bytes) -> Any:
        self.received.append(("shares", self._by_trustee(body, messages.SHARE)))
        return {"ok": True}

    # Public verification

    def tell(self, _: bytes, name: str) -> Any:
        """Whatever a test put into `told`: a draw, a receipt, published forms, the bytes of an envelope."""
        return self.told[name]

    # Pages

    def page(self, name: str) -> str:
        api = f"/api/v1/lots/{LOT}"
        common = {
            "tender": TENDER,
            "lot": NUMBER,
            "bidder": BIDDER,
            "base": f"/b/lots/{LOT}",
            "deadline": self.deadline,
        }
        if name == "submit":
            change: dict[str, Any] = {
                "keyset_href": f"{api}/keyset", "keyset_digest": self.ks, "prev": "", "rev": 1, "k": 2, "n": 3,
                "fields": FIELDS, "price_cap": 320_000_000, "max_bytes": 50_000_000, "submissions": [],
            }  # fmt: skip
        elif name == "login":
            change = {"audience": "https://sunlit.example"}
        elif name == "wallet":
            change = {"audience": self.origin}
        elif name in ("draw", "receipt_verify", "verify"):
            return self._public(name)
        elif name == "withdraw":
            change = {"digest": next(iter(self.accepted)), "rev": 1, "allowed": True}
        elif name == "release":
            change = {"digest": self.closed["digest"], "headers_href": f"{api}/headers", "state": "open"}
        else:
            return self._trustee(name, api)
        sample = gallery.SAMPLES[f"bidding/{name}.html"][""]["page"]
        return self._render(f"bidding/{name}.html", Row(**{**vars(sample), **common, **change}))

    def _public(self, name: str) -> str:
        change = {
            "draw": {"verify_href": "/api/v1/told/draw"},
            "receipt_verify": {"bundle_href": "/api/v1/told/receipt"},
            "verify": {"lots": [Row(id=LOT, title="标段", number=TENDER, forms_href="/api/v1/told/forms")]},
        }[name]
        variants = gallery.SAMPLES[f"portal/{name}.html"].values()
        sample = max((variant["page"] for variant in variants), key=lambda page: len(vars(page)))
        return self._render(f"portal/{name}.html", Row(**{**vars(sample), **change}))

    def _trustee(self, name: str, api: str) -> str:
        stage = name.removeprefix("trustee-")
        variants = gallery.SAMPLES["bidding/trustee.html"]
        page = next(v["page"] for v in variants.values() if v["page"].tasks and v["page"].key)
        if stage == "new":
            return self._render("bidding/trustee.html", Row(**{**vars(page), "key": None, "tasks": []}))
        change = {
            "id": LOT, "stage": stage, "index": 2, "ks": self.ks, "opens_at": self.deadline,
            "drill_href": "/api/v1/keysets/1/drill", "keyset_href": f"{api}/keyset", "headers_href": f"{api}/headers",
        }  # fmt: skip
        task = Row(**{**vars(page.tasks[0]), **change})
        return self._render("bidding/trustee.html", Row(**{**vars(page), "tasks": [task]}))

    def _render(self, template: str, page: Any) -> str:
        common = {
            "site": SITE, "user": None, "mode": "", "csrf": "t", "nav": "", "page": page,
            "asset": lambda path: f"/static/{path}", "integrity": ASSETS.integrity, "modules": ASSETS.modules,
        }  # fmt: skip
        sample = next(iter(gallery.SAMPLES[template].values()))
        return gallery.environment().get_template(template).render(**{**common, "user": sample.get("user")})


_DOORS = [
    (r"GET /api/v1/time", "time"),
    (r"GET /api/v1/told/(\w+)", "tell"),
    (r"GET /api/v1/trust", "trust"),
    (rf"GET /api/v1/lots/{LOT}/keyset", "read_keyset"),
    (rf"GET /api/v1/lots/{LOT}/readiness", "readiness"),
    (rf"GET /api/v1/lots/{LOT}/uploads", "list_uploads"),
    (rf"GET /api/v1/lots/{LOT}/close-list", "close_list"),
    (rf"GET /api/v1/lots/{LOT}/headers", "headers"),
    (r"POST /api/v1/uploads", "open_upload"),
    (r"PUT /api/v1/uploads/(\w+)/chunks/(\d+)", "put_chunk"),
    (r"GET /api/v1/uploads/(\w+)", "upload_state"),
    (r"POST /api/v1/submissions", "submit"),
    (r"POST /api/v1/withdrawals", "withdraw"),
    (r"GET /api/v1/receipts/([\w-]+)", "receipt"),
    (r"POST /api/v1/releases", "release"),
    (r"POST /api/v1/shares", "shares"),
    (r"GET /api/v1/auth/licence/challenge", "challenge"),
    (r"POST /api/v1/auth/licence", "login"),
    (r"POST /api/v1/auth/licence/scans", "begin_scan"),
    (r"GET /api/v1/auth/licence/scans/[\w-]+", "look_at_scan"),
    (r"POST /api/v1/auth/licence/scans/[\w-]+/session", "collect_scan"),
    (r"POST /api/v1/wallet/scans/[\w-]+/open", "open_scan"),
    (r"POST /api/v1/wallet/scans/[\w-]+/answer", "answer_scan"),
    (r"POST /api/v1/wallet/scans/[\w-]+/decline", "decline_scan"),
    (r"POST /api/v1/me/keys", "register_key"),
    (r"GET /api/v1/keysets/1/drill", "read_drill"),
    (r"POST /api/v1/keysets/1/accept", "accept"),
]
_PAGES = {f"/b/lots/{LOT}/{name}": name for name in ("submit", "withdraw", "release")} | {
    "/bidding/login": "login",
    "/wallet": "wallet",
    "/w": "trustee-new",
    "/w/drill": "trustee-drill",
    "/w/ready": "trustee-ready",
    "/verify": "verify",
    "/verify/draws/1": "draw",
    "/verify/receipts/1": "receipt_verify",
}


class _Doors(_Handler):
    platform: Platform

    def do_GET(self) -> None:  # noqa: N802
        self.platform.origin = f"http://{self.headers['host']}"
        path = self.path.partition("?")[0]
        if path.startswith("/api/"):
            self._call(b"")
        elif path in _PAGES:
            self._send(200, "text/html; charset=utf-8", self.platform.page(_PAGES[path]).encode())
        else:
            super().do_GET()

    def do_POST(self) -> None:  # noqa: N802
        self._call(self.rfile.read(int(self.headers["content-length"])))

    do_PUT = do_POST  # noqa: N815  (the name is the library's)

    def _call(self, body: bytes) -> None:
        if self.command != "GET":
            assert self.headers["x-csrf-token"] == "t"
        try:
            answer = self.platform.answer(self.command, self.path, body)
        except Refused as refusal:
            return self._send(refusal.status, "application/problem+json", json.dumps(refusal.body).encode())
        except ConnectionAbortedError:
            return self.connection.close()
        if isinstance(answer, bytes):
            return self._send(200, "application/octet-stream", answer)
        return self._send(200, "application/json", json.dumps(answer).encode())

    def _send(self, status: int, media: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Set-Cookie", "csrf=t; Path=/; SameSite=Lax")
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def running(platform: Platform) -> Iterator[str]:
    """Serve the platform on a free port."""
    doors = type("Doors", (_Doors,), {"platform": platform})
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(doors, directory=str(ROOT / "portal" / "static")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


__all__ = ["BIDDER", "LOT", "PASSPHRASE", "Platform", "answer_drill", "running"]
