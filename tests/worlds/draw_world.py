"""Draws played out for real on a small log: contributors with keys, commitments, close, escrow, beacon, reveals."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kernel.canonical import b64u_encode, format_time
from kernel.crypto import jws, split32
from kernel.crypto.keys import PrivateKey
from kernel.draw import (
    Spec,
    commit_hash,
    compute,
    escrow_share_hash,
    leaf_of,
    log_proof,
    pool_of,
    pool_root,
    read_pool,
    read_spec,
    seed_of,
    transcript_of,
)
from kernel.draw import records as rec
from tests.worlds.log_world import SUITE, LogWorld

#: Order of the group of P-256.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def p256(label: str) -> PrivateKey:
    """The key that a label gives; for tests only, of course."""
    secret = int.from_bytes(SUITE.hash(label.encode()), "big") % (_ORDER - 1) + 1
    native = ec.derive_private_key(secret, ec.SECP256R1())
    return SUITE.load_private(native.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def filler(label: str, n: int = 32) -> bytes:
    """Bytes that a label gives, for salts and values that tests want fixed."""
    return SUITE.hkdf(label.encode(), b"", b"test", n)


def wrap_key(party: str) -> dict[str, str]:
    """A contributor's key for shares, as the spec names it."""
    spki = p256(f"{party} unwraps").public.spki
    return {"a": "hpke-p256", "kid": SUITE.kid(spki), "spki": b64u_encode(spki)}


def people(count: int, label: str = "expert") -> list[tuple[bytes, dict[str, Any]]]:
    """Candidates with a few public attributes."""
    pool = []
    for n in range(count):
        pub = {
            "speciality": ["A08", "A09", "B01"][n % 3],
            "region": ["local", "other"][n % 5 == 0],
            "employer": f"e{n % 11}",
            "tags": ["senior"] if n % 4 == 0 else [],
            "weight": n % 7 + 1,
        }
        pool.append((leaf_of(SUITE, filler(f"{label} salt {n}"), pub, {"name": f"{label} {n}"}), pub))
    return pool


PANEL = {
    "groups": [{"a": "speciality", "v": "A08", "n": 3}, {"a": "speciality", "v": "B01", "n": 2}],
    "rules": [{"a": "tags", "v": "senior", "min": 1, "max": 3}],
    "cap": {"a": "employer", "max": 1},
    "max_attempts": 10_000,
}


class DrawWorld:
    """Plays one draw after another on a log.

    Attributes:
        parties: contributor → key.
        secrets: contributor → random value.
    """

    def __init__(self, parties: Sequence[str] = ("agency", "owner"), **log: Any) -> None:
        self.log = LogWorld(**log)
        self.log.fill(3)
        self.parties = {party: p256(party) for party in sorted(parties)}
        self.secrets = {party: filler(f"r of {party}") for party in self.parties}

    def contributor(self, party: str, *, wrapped: bool = False) -> dict[str, Any]:
        spki = self.parties[party].public.spki
        kid = SUITE.kid(spki)
        told = {"party": party, "org": f"org of {party}", "alg": "ES256", "kid": kid, "spki": b64u_encode(spki)}
        return {**told, "wrap": wrap_key(party)} if wrapped else told

    def spec(self, algo: str, params: Mapping[str, Any], pools: Mapping[str, Any], **other: Any) -> dict[str, Any]:
        """A spec whose times start now."""
        frozen = {
            name: {"root": b64u_encode(pool_root(SUITE, pool)), "count": len(pool)} for name, pool in pools.items()
        }
        start = self.log.now
        return {
            "v": 1,
            "type": "draw.spec",
            "id": "D-1",
            "suite": "intl-1",
            "purpose": "test",
            "algo": algo,
            "stage": "test/1",
            "params": dict(params),
            **(frozen if "pool" in frozen else {"pools": frozen}),
            "contributors": [
                self.contributor(party, wrapped=other.get("escrow") is not None) for party in self.parties
            ],
            "min": 2,
            "escrow": None,
            "beacons": [],
            "commit_by": format_time(start + timedelta(minutes=10)),
            "reveal_by": format_time(start + timedelta(minutes=60)),
            "prev": None,
            **other,
        }

    def token(self, party: str, typ: str, payload: Any, **extra: Any) -> str:
        key = self.parties[party]
        return jws.sign(SUITE, typ, payload, key, "ES256", {"kid": SUITE.kid(key.public.spki), **extra})

    def record(self, detail: Mapping[str, Any], at: str | None = None) -> int:
        return self.log.record(detail["type"], dict(detail), at)

    def proof(self, index: int) -> dict[str, Any]:
        return log_proof(self.log.entries[index][0], index, self.log.log.inclusion(index))

    def play(
        self,
        raw: Mapping[str, Any],
        pools: Mapping[str, Any],
        *,
        silent: Sequence[str] = (),
        lazy: Sequence[str] = (),
        steps: Sequence[Mapping[str, Any]] = (),
        attempts: Sequence[tuple[Spec, int, int, str]] = (),
        beacons: Sequence[str] = (),
        output: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Play a draw from freeze to transcript.

        Args:
            silent: contributors who never reveal; escrow brings their value.
            lazy: contributors who do not deliver their escrow.
            steps: of the replacement log.
            attempts: earlier attempts: spec, index of its entry, index of the void entry, reason.
            beacons: key strings of public numbers.
            output: told instead of what the rule gives, for draws that nobody could compute.
        """
        spec = read_spec(dict(raw))
        freeze = self.record(spec.raw)
        commitments = {party: commit_hash(spec.raw, party, value) for party, value in self.secrets.items()}
        commits = []
        for party, c in commitments.items():
            token = self.token(party, rec.COMMIT_TYP, rec.commit_payload(spec, party, c))
            commits.append((token, self.record(rec.token_detail(token, "draw.commit"))))
        self.log.tick(600)
        close_detail = rec.close_detail(spec, commitments)
        close = self.record(close_detail)
        escrow, shares = self._escrow(spec, lazy) if spec.escrow else ([], {})
        final = [party for party in self.parties if party not in lazy or not spec.escrow]
        if spec.escrow:
            self.log.tick(max(0, (spec.escrow.by - self.log.now).total_seconds()))
        final_detail = rec.final_detail(spec, final)
        finality = self.record(final_detail) if spec.escrow else 0
        reveals = {party: self.secrets[party] for party in final}
        told = []
        for number, value in enumerate(beacons):
            payload = rec.beacon_payload(spec, number, value)
            statements = [self._witness(n, payload) for n in (1, 2)]
            told.append({"value": b64u_encode(value.encode()), "statements": statements})
        seed = seed_of(spec.raw, reveals, [value.encode() for value in beacons])
        if output is None:
            read = {name: read_pool(SUITE, pool, spec.pools[name]) for name, pool in pools.items()}
            output = compute(spec, read, seed)
        result_detail = rec.result_detail(spec, seed, output)
        result = self.record(result_detail)
        logged = []
        for number, step in enumerate(steps):
            logged.append((step, self.record(rec.replacement_detail(spec, number, step))))
        self.log.fill(2)
        return transcript_of(
            spec,
            freeze=self.proof(freeze),
            attempts=[self._attempt(*attempt) for attempt in attempts],
            commits=[{"token": token, "log": self.proof(index)} for token, index in commits],
            close={"detail": close_detail, "log": self.proof(close)},
            escrow=[
                {"token": t, "log": self.proof(i), "acks": [{"token": a, "log": self.proof(j)} for a, j in acks]}
                for t, i, acks in escrow
            ],
            final={"detail": final_detail, "log": self.proof(finality)} if spec.escrow else None,
            beacons=told,
            reveals=reveals,
            recovered={party: shares[party][: spec.escrow.k] for party in silent} if spec.escrow else None,
            seed=seed,
            output=output,
            result={"detail": result_detail, "log": self.proof(result)},
            replacements=[{**step, "log": self.proof(index)} for step, index in logged],
            checkpoint=self.log.checkpoint(witnesses=1),
        )

    def witness(self, n: int) -> dict[str, str]:
        spki = p256(f"numbers witness {n}").public.spki
        return {"kid": SUITE.kid(spki), "spki": b64u_encode(spki)}

    def _witness(self, n: int, payload: Any) -> str:
        key = p256(f"numbers witness {n}")
        return jws.sign(SUITE, rec.BEACON_TYP, payload, key, "ES256", {"kid": SUITE.kid(key.public.spki)})

    def _escrow(self, spec: Spec, lazy: Sequence[str]) -> tuple[list[Any], dict[str, list[tuple[int, bytes]]]]:
        assert spec.escrow
        delivered, shares = [], {}
        for party in self.parties:
            if party in lazy:
                continue
            shares[party] = split32(self.secrets[party], spec.escrow.k, spec.escrow.n)
            hashes = {i: escrow_share_hash(spec.raw, party, i, share) for i, share in shares[party]}
            told = {"a": "hpke-p256", "enc": "-", "ct": "-"}
            listed = [
                {"i": i, "holder": holder, "kid": wrap_key(holder)["kid"], "sc": b64u_encode(sc), **told}
                for (i, sc), holder in zip(hashes.items(), spec.holders(party), strict=True)
            ]
            token = self.token(party, rec.ESCROW_TYP, rec.escrow_payload(spec, party, listed))
            index = self.record(rec.token_detail(token, "draw.escrow"))
            acks = []
            for i, holder in enumerate(spec.holders(party), 1):
                ack = self.token(holder, rec.ACK_TYP, rec.ack_payload(spec, party, holder, i, hashes[i]))
                acks.append((ack, self.record(rec.token_detail(ack, "draw.escrow-ack"))))
            delivered.append((token, index, acks))
        return delivered, shares

    def void(self, raw: Mapping[str, Any], reason: str = "too-few") -> tuple[Spec, int, int, str]:
        """An attempt that comes to nothing."""
        spec = read_spec(dict(raw))
        frozen = self.record(spec.raw)
        return spec, frozen, self.record(rec.void_detail(spec.ref, reason, None)), reason

    def _attempt(self, spec: Spec, frozen: int, voided: int, reason: str) -> dict[str, Any]:
        void = {"detail": rec.void_detail(spec.ref, reason, None), "log": self.proof(voided)}
        return {"spec": dict(spec.raw), "log": self.proof(frozen), "void": void}


def step(act: str, group: int | None, out: bytes, into: bytes | None, reason: str = "refused") -> dict[str, Any]:
    """A step of the replacement log."""
    return {
        "act": act,
        "group": group,
        "out": b64u_encode(out),
        "in": None if into is None else b64u_encode(into),
        "reason": reason,
        "evidence": b64u_encode(filler("call record")),
    }


def world_of(algo: str, params: Mapping[str, Any], size: int = 60, **world: Any) -> tuple[DrawWorld, Any, Any]:
    """A world, a pool, and the transcript of a draw from it."""
    made = DrawWorld(**world)
    pool = pool_of(people(size))
    return made, pool, made.play(made.spec(algo, params, {"pool": pool}), {"pool": pool})
