"""执照登录：每秒登录次数，对照仅核验签名与证书链的开销

Starts a real platform in a folder of its own. Rounds: every holder asks for a challenge, signs, and signs in by HTTP,
all at the same moment; in turn the same number of tokens is verified by `verify_login` alone, in this process: chain,
revocation list, signature. Nothing here fails because of time: only a refused login does.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import machine
from bidding.licence import login_token, session_binding, verify_login
from kernel.canonical import b64u_encode
from kernel.codes import uscc_check_char
from kernel.crypto import random_bytes
from kernel.crypto.authority import Authority, Holder, Licence, issue_licence, load_authority, make_crl
from kernel.crypto.keys import KeyKind, PrivateKey, generate
from portal.demo.client import HttpPerson
from portal.launch import Platform, launched
from portal.licences import authority_folder


class Person:
    """One holder with a licence and a browser."""

    def __init__(self, platform: Platform, authority: Authority, now: Any, n: int) -> None:
        body = f"9142{n:013d}"
        self.uscc = body + uscc_check_char(body)
        self.key: PrivateKey = generate(KeyKind.P256)
        self.licence: Licence = issue_licence(
            authority, Holder(self.uscc, f"登录单位{n:03}"), self.key.public, generate(KeyKind.P256).public, now
        )
        self.chain = [self.licence.sign, authority.issuing]
        self.http = HttpPerson(platform.url, self.uscc, platform.home.path / "clients" / self.uscc)

    async def sign_in(self, now: Any) -> None:
        """Challenge, signature, session: as the licence app does."""
        given = await self.http.get("/api/v1/auth/licence/challenge")
        token = login_token(
            self.key,
            self.chain,
            audience=given["aud"],
            nonce=given["nonce"],
            binding=given["bind"],
            uscc=self.uscc,
            now=now(),
        )
        await self.http.post("/api/v1/auth/licence", {"token": token})
        await self.http.get("/api/v1/me")


def main(argv: list[str]) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="sunlit bench login", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--holders", type=int, default=40, metavar="N", help="同时登录的人数，默认 40")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="轮数，默认 7")
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="sunlit-bench-") as folder:
        return asyncio.run(_measure(Path(folder) / "home", arguments))


async def _measure(home: Path, arguments: argparse.Namespace) -> int:
    from kernel.clock import SystemClock

    clock, load = SystemClock(), machine.load()
    async with launched(home, rehearsal=True, say=lambda words: print(f"· {words}", file=sys.stderr)) as platform:
        authority = load_authority(authority_folder(platform.home))
        people = [Person(platform, authority, clock.now() - timedelta(days=2), n) for n in range(arguments.holders)]
        try:
            ours, bare = [], []
            for number in range(arguments.rounds + 1):  # the first registers everybody and does not count
                begun = time.perf_counter()
                await asyncio.gather(*(person.sign_in(clock.now) for person in people))
                ours.append(time.perf_counter() - begun)
                bare.append(_bare(people, authority, clock.now()))
                print(f"· 第 {number} 轮：登录 {ours[-1]:.2f} 秒，仅核验 {bare[-1]:.3f} 秒", file=sys.stderr)
        finally:
            for person in people:
                await person.http.close()
    count = len(people)
    told = {
        "logins_per_s": round(statistics.median(count / taken for taken in ours[1:]), 1),
        "checks_per_s": round(statistics.median(count / taken for taken in bare[1:]), 1),
        "check_ms": round(1000 * statistics.median(taken / count for taken in bare[1:]), 3),
        "holders": count,
        "rounds": arguments.rounds,
        "load_before": round(load, 2),
        "machine": machine.described(),
    }
    print(json.dumps(told, ensure_ascii=False, indent=1))
    return 0


def _bare(people: list[Person], authority: Authority, now: Any) -> float:
    """Seconds to verify one token of each holder, one after the other; signing them is left out."""
    crl, binding = make_crl(authority, now), session_binding("bench")
    nonces = [b64u_encode(random_bytes(32)) for _ in people]
    tokens = [
        login_token(p.key, p.chain, audience="bench", nonce=nonce, binding=binding, uscc=p.uscc, now=now)
        for p, nonce in zip(people, nonces, strict=True)
    ]
    open_nonces = set(nonces)
    begun = time.perf_counter()
    for token in tokens:
        verify_login(
            token,
            roots=[authority.root],
            intermediates=[authority.issuing],
            crl=crl,
            audience="bench",
            nonces=open_nonces,
            binding=binding,
            now=now,
        )
    return time.perf_counter() - begun


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
