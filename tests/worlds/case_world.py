"""A whole case of one lot in files: keyset, sealed bids, receipts, close, opening, draws, documents; all genuine."""

import asyncio
import hashlib
import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from bidding.client import released_secret, sign_message
from bidding.envelope import Header, open_share, parse_header, seal
from bidding.keyset import Trustee, keyset_hash, make_keyset, trustee_keys
from bidding.messages import (
    TYPES,
    close_list,
    close_root,
    document,
    release,
    share_batch,
    submission,
    submission_digest,
    withdrawal,
)
from kernel.canonical import b64u_decode, b64u_encode, format_time, jcs
from kernel.crypto import jws
from kernel.crypto.authority import Holder, Licence, create_authority, issue_licence
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from kernel.draw import pool_of
from kernel.timestamps.token import make_request, read_response
from portal.bundle import Part, write_bundle
from portal.timestamps import local_timestamper
from tests.worlds.draw_world import PANEL, DrawWorld, people
from tests.worlds.log_world import SUITE, LogWorld

TENDER, LOT = "C1100000189017141002", "001"
#: Invented credit codes with right check digits.
CODES = ("91420100MA4KTE5T0E", "91420100MA4KTE5T1H", "91420100MA4KTE5T2L", "91420100MA4KTE5T3P", "91350100M000100Y43")


@dataclass
class Bidder:
    """A bidder with licence, key and sealed form."""

    pseudonym: str
    name: str
    key: PrivateKey
    licence: Licence
    bid_key: PrivateKey
    form: dict[str, Any]
    envelope: bytes = b""
    fk: bytes = b""
    digest: bytes = b""
    token: str = ""
    entry: int = 0


class CaseWorld:
    """Plays a case once; `parts` are the members of its bundle."""

    def __init__(self, folder: Path) -> None:
        self.draws = DrawWorld()
        self.log: LogWorld = self.draws.log
        self.folder = folder
        self.authority = create_authority(folder / "ca", self.log.now - timedelta(days=30))
        self.parts: dict[str, Part] = {}
        self.heads: set[int] = set()
        self._keyset()
        self.bidders = [self._bidder(n) for n in range(3)]
        self._withdrawal(self._bidder(4))
        self._close()
        self._open()
        self._draw()
        self._documents()
        self._finish()

    # Steps

    def _keyset(self) -> None:
        self.trustee_keys = [generate(KeyKind.P256) for _ in range(3)]
        trustees = [
            Trustee(f"role {n}", "hpke-p256", key.public, f"org {n}") for n, key in enumerate(self.trustee_keys)
        ]
        self.keyset = make_keyset(
            tender=TENDER, lot=LOT, suite_id="intl-1", policy="both", k=2, window_s=1800, trustees=trustees,
            opens_at=self.log.now + timedelta(minutes=30),
        )  # fmt: skip
        self.ks = keyset_hash(self.keyset)
        self.signers = [generate(KeyKind.P256) for _ in trustees]
        for i, key in enumerate(self.signers, 1):
            facts = {"ks": b64u_encode(self.ks), "i": i, "signer": b64u_encode(key.public.spki)}
            self.log.record("keyset.accepted", {"v": 1, "type": "keyset.accepted", "facts": facts})
        self.log.record("keyset.published", self.keyset)
        self.add("lot/keyset.json", "keyset", self.keyset)

    def _bidder(self, n: int) -> Bidder:
        key = generate(KeyKind.P256)
        issued = issue_licence(
            self.authority, Holder(CODES[n], f"company {n}"), key.public, generate(KeyKind.P256).public, self.log.now
        )
        form = {"price": f"{1000 + n}.00", "period_days": 30 + n}
        bidder = Bidder(f"p{n}", f"company {n}", key, issued, generate(KeyKind.P256), form)
        core = {
            "suite": "intl-1", "tender": TENDER, "lot": LOT, "slot": "form", "bidder": bidder.pseudonym,
            "ks": b64u_encode(self.ks), "chunk": 16384,
        }  # fmt: skip
        plain, out = jcs(form), io.BytesIO()
        keys = [("hpke-p256", bidder.bid_key.public)]
        eid, bidder.fk = seal(core, "both", keys, trustee_keys(self.keyset), 2, len(plain), io.BytesIO(plain), out)
        bidder.envelope = out.getvalue()
        told = submission(
            tender=TENDER, lot=LOT, bidder=bidder.pseudonym, rev=1, prev=None, ks=self.ks,
            docs=[document("form", eid, 1, len(bidder.envelope))],
        )  # fmt: skip
        bidder.digest = submission_digest(SUITE, told)
        bidder.token = self.signed(bidder, told)
        accepted = {
            "v": 1, "type": "bid.accepted", "tender": TENDER, "lot": LOT, "bidder": bidder.pseudonym, "rev": 1,
            "submission": b64u_encode(bidder.digest), "received_at": format_time(self.log.now),
        }  # fmt: skip
        bidder.entry = self.log.record("bid.accepted", accepted)
        self.log.fill(1)
        folder = f"bids/{bidder.pseudonym}"
        self.add(f"{folder}/receipt.json", "receipt", self.log.receipt(bidder.entry) | self.head())
        self.add(f"{folder}/submission.jws", "submission", bidder.token)
        self.add(f"{folder}/form.sbe", "envelope", bidder.envelope)
        return bidder

    def _withdrawal(self, bidder: Bidder) -> None:
        told = withdrawal(tender=TENDER, lot=LOT, bidder=bidder.pseudonym, rev=2, prev=bidder.digest)
        digest = b64u_encode(submission_digest(SUITE, told))
        detail = {
            "v": 1, "type": "bid.withdrawn", "tender": TENDER, "lot": LOT, "bidder": bidder.pseudonym, "rev": 2,
            "submission": digest, "received_at": format_time(self.log.now),
        }  # fmt: skip
        entry = self.log.record("bid.withdrawn", detail)
        self.log.fill(1)
        folder = f"bids/{bidder.pseudonym}"
        self.add(f"{folder}/withdrawal.jws", "submission", self.signed(bidder, told))
        self.add(f"{folder}/withdrawal-receipt.json", "receipt", self.log.receipt(entry) | self.head())
        del self.parts[f"{folder}/form.sbe"]

    def _close(self) -> None:
        self.log.tick(1800)
        self.rows = close_list((b.pseudonym, 1, b.digest) for b in self.bidders)
        self.close_entry = self.log.record(
            "bid.close",
            {
                "v": 1,
                "type": "bid.close",
                "tender": TENDER,
                "lot": LOT,
                "root": b64u_encode(close_root(SUITE, self.rows)),
            },
        )
        note = self.head()["checkpoint"]
        self.add("lot/deadline.note", "checkpoint", note)
        self.add("lot/deadline.tst", "timestamp", self.stamp(note.encode(), self.log.now))
        listed = {"v": 1, "type": "bid.close-list", "tender": TENDER, "lot": LOT, "rows": self.rows}
        self.add("lot/close.json", "close", listed)

    def _open(self) -> None:
        headers: list[tuple[bytes, Header]] = []
        for bidder in self.bidders:
            header = parse_header(io.BytesIO(bidder.envelope))
            eid = b64u_decode(self._docs(bidder)[0]["eid"])
            headers.append((eid, header))
            secret = released_secret(header, bidder.bid_key)
            told = release(
                tender=TENDER,
                lot=LOT,
                bidder=bidder.pseudonym,
                submission=bidder.digest,
                secrets=[("form", eid, secret)],
            )
            self.add(f"bids/{bidder.pseudonym}/release.jws", "release", self.signed(bidder, told))
        for i, key in enumerate(self.trustee_keys[:2], 1):
            shares = [(eid, open_share(header, i, key)) for eid, header in headers]
            told = share_batch(tender=TENDER, lot=LOT, ks=self.ks, i=i, shares=shares)
            self.add(f"trustees/{i}.jws", "share", self.shared(i, told))
        self.table = {
            "v": 1, "type": "bid.opening-table", "tender": TENDER, "lot": LOT,
            "rows": [
                {"no": no, "bidder": b.pseudonym, "name": b.name, "outcome": "opened", "form": b.form,
                 "fk": b64u_encode(b.fk)}
                for no, b in enumerate(self.bidders, 1)
            ],
        }  # fmt: skip
        digest = b64u_encode(SUITE.hash(jcs(self.table)))
        told = {"v": 1, "type": "bid.opened", "table": digest, "deadline_size": self.close_entry + 1}
        self.log.record("bid.opened", told)
        self.add("lot/opening.json", "opening", self.table)

    def _draw(self) -> None:
        pool = pool_of(people(40))
        raw = self.draws.spec("panel/1", PANEL, {"pool": pool})
        raw["contributors"][0]["org"] = CODES[3]
        transcript = self.draws.play(raw, {"pool": pool})
        self.heads.add(len(self.log.log))
        self.add("draws/d-1/transcript.json", "transcript", transcript)
        self.add("draws/d-1/pool.json", "pool", pool)
        key = self.draws.parties["agency"]
        issued = issue_licence(
            self.authority, Holder(CODES[3], "agency"), key.public, generate(KeyKind.P256).public,
            self.log.now - timedelta(days=1),
        )  # fmt: skip
        chain = [issued.sign, self.authority.issuing]
        self.add("certificates/agency.pem", "certificate", b"".join(c.public_bytes(Encoding.PEM) for c in chain))

    def _documents(self) -> None:
        pdf = b"%PDF-1.7 opening record"
        self.log.record("document.sealed", {"v": 1, "type": "document.sealed", "sha256": SUITE.hash(pdf).hex()})
        self.add("documents/opening-record.pdf", "document", pdf)
        self.add("readme.txt", "text", "案卷说明".encode())

    def _finish(self) -> None:
        head = self.head()["checkpoint"]
        entries = []
        for index, (entry, detail) in enumerate(self.log.entries):
            item: dict[str, Any] = {"index": index, "path": [b64u_encode(h) for h in self.log.log.inclusion(index)]}
            if entry.kind == "platform.heartbeat":
                item |= {"leaf": b64u_encode(entry.leaf(SUITE))} if index % 2 else {"entry": entry.as_json()}
            else:
                item |= {"entry": entry.as_json(), "detail": detail}
            entries.append(item)
        told = {"v": 1, "type": "bundle.entries", "checkpoint": head, "entries": entries}
        self.add("log/entries.json", "entries", told)
        self.add("log/consistency.json", "consistency", self.consistency())
        self.add("trust.json", "trust", self.trust_json)

    # Means

    def stamp(self, data: bytes, at: datetime) -> bytes:
        """A token of the local time-stamping authority."""
        stamper = local_timestamper(self.folder / "tsa", self.authority)
        request, nonce = make_request(hashlib.sha256(data).digest())
        with ThreadPoolExecutor(1) as apart:
            return read_response(apart.submit(lambda: asyncio.run(stamper.answer(request, at))).result(), nonce)

    @property
    def trust_json(self) -> dict[str, Any]:
        root = self.authority.root.public_bytes(Encoding.PEM).decode()
        return {**self.log.trust_json, "licence_roots": [root]}

    def consistency(self) -> dict[str, Any]:
        sizes = sorted(self.heads)
        proofs = [
            {"old": old, "new": new, "path": [b64u_encode(h) for h in self.log.log.consistency(old, new)]}
            for old, new in pairwise(sizes)
        ]
        return {"v": 1, "type": "bundle.consistency", "proofs": proofs}

    def head(self) -> dict[str, Any]:
        self.heads.add(len(self.log.log))
        return {"checkpoint": self.log.checkpoint(witnesses=1)}

    def signed(self, bidder: Bidder, message: dict[str, Any]) -> str:
        return sign_message(SUITE, message, bidder.key, [bidder.licence.sign, self.authority.issuing])

    def shared(self, i: int, message: dict[str, Any], key: PrivateKey | None = None) -> str:
        key = key or self.signers[i - 1]
        return jws.sign(SUITE, TYPES["bid.share"], message, key, "ES256", {"kid": SUITE.kid(key.public.spki)})

    def _docs(self, bidder: Bidder) -> list[dict[str, Any]]:
        docs: list[dict[str, Any]] = json.loads(b64u_decode(bidder.token.split(".")[1]))["docs"]
        return docs

    def add(self, name: str, kind: str, content: Any) -> None:
        data = content if isinstance(content, bytes) else content.encode() if isinstance(content, str) else jcs(content)
        self.parts[name] = Part(name, kind, data)

    def sign(self, typ: str, payload: dict[str, Any]) -> str:
        return self.log.sign(typ, payload)

    def bundle(self, path: Path, *, rehearsal: bool = False, **changes: Part | None) -> Path:
        """Write the bundle, with members replaced, added or (None) left out, and signed as if the platform had."""
        parts = {**self.parts, **changes}
        with path.open("wb") as out:
            write_bundle(
                out,
                [part for part in parts.values() if part is not None],
                self.sign,
                tender=TENDER,
                lot=LOT,
                made_at=format_time(self.log.now),
                rehearsal=rehearsal,
            )
        return path
