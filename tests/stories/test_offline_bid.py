"""A bidder without a browser: prepare, seal with no network, submit through cuts, receipt, release.

What was sealed is what is read out.

`./sunlit bid` is a separate client of the public API. Cuts are made in the transport, between it and the platform.

Source: R-ET-04, R-ET-05, R-ET-06; crypto.md §3.5, §8, §15.8; docs/spec/offline.md.
"""

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from bidding.keyfile import LicenceFile, write_licence_file
from kernel.canonical import b64u_encode, jcs, parse
from kernel.identity.actor import system_actor
from portal.bidder import acts
from portal.bidder.folder import BidFolder
from portal.bidder.http import Visitor
from portal.bidder.refusals import BidRefused, NotWhatWasPromised, Unsettled
from portal.cli import main
from portal.demo.papers import make_pdf
from portal.verify import verify_paths
from tests.worlds.bidding_world import Bidder, BiddingWorld
from trading import notices
from trading.announcement import NoticeKind
from trading.models.project import Lot, Project

ROOT = Path(__file__).resolve().parents[2]
SITE, PASSPHRASE = "http://testserver", "开标时再用的口令"
#: Takes every way to the network away, then runs one command.
OFFLINE = (
    "import re, sys\n"
    "touched = []\n"
    "def watch(event, args):\n"
    "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.bind', 'socket.sendto'):\n"
    "        touched.append(event)\n"
    "        raise OSError('there is no network')\n"
    "sys.addaudithook(watch)\n"
    "sys.path.insert(0, sys.argv.pop(1))\n"
    "from portal.cli import main\n"
    "code = main(sys.argv[1:])\n"
    "print('peak', re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1])\n"
    "print('touched', *touched)\n"
    "print('loaded', *sorted(sys.modules))\n"
    "sys.exit(code)\n"
)


class Wire(httpx.ASGITransport):
    """The way to the platform, which can be cut before or after what goes through it."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app, raise_app_exceptions=False)
        self.sent: list[str] = []
        self.cut_before: Callable[[str], bool] = lambda line: False
        self.cut_after: Callable[[str], bool] = lambda line: False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        line = f"{request.method} {request.url.path}"
        if self.cut_before(line):
            raise httpx.ConnectError("cut", request=request)
        self.sent.append(line)
        answer = await super().handle_async_request(request)
        if self.cut_after(line):
            raise httpx.ReadError("cut", request=request)
        return answer

    def count(self, start: str) -> int:
        return sum(line.startswith(start) for line in self.sent)


class Desk:
    """One company at its own machine."""

    def __init__(self, bw: BiddingWorld, company: Bidder, place: Path) -> None:
        self.bw, self.company = bw, company
        self.folder = BidFolder(place / "bid")
        self.wire = Wire(bw.world.app)
        chains = [[half, bw.authority.issuing] for half in (company.licence.sign, company.licence.encrypt)]
        assert company.encrypt_key is not None
        self.licence = LicenceFile(
            company.uscc, company.name, company.sign_key, chains[0], company.encrypt_key, chains[1]
        )
        self.passphrase_file = place / "passphrase.txt"
        self.passphrase_file.write_text(PASSPHRASE + "\n", encoding="utf-8")

    def visitor(self, patience_s: float = 0.0) -> Visitor:
        made = Visitor(SITE, "投标人", transport=self.wire)
        made.patience_s = patience_s
        return made

    async def prepare(self, **changes: Any) -> int:
        told = {"own_trust": None, "passphrase": PASSPHRASE, **changes}
        return await acts.prepare(self.visitor(), SITE, str(self.bw.lot_id), self.folder, self.licence, **told)

    def fill_in(self, size: int = 5_000_000, **changes: str) -> None:
        (self.folder / "投标文件.pdf").write_bytes(make_pdf("投标文件", ["技术规格第 1 条：响应"], size=size))
        told = {"price": "2,986,400", "period": "30 日", "manager": "张敏", "remark": "", "file": "投标文件.pdf"}
        (self.folder / "form.json").write_text(json.dumps(told | changes, ensure_ascii=False), encoding="utf-8")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command in a clean interpreter that has no network."""
        return subprocess.run(
            [sys.executable, "-I", "-c", OFFLINE, str(ROOT), *words], capture_output=True, text=True, check=False
        )

    def seal(self) -> subprocess.CompletedProcess[str]:
        return self.run("bid", "seal", str(self.folder.path), "--passphrase-file", str(self.passphrase_file))

    async def submit(self, patience_s: float = 0.0, *, replaces: bool = False) -> int:
        visitor = self.visitor(patience_s)
        return await acts.submit(visitor, self.folder, self.folder.terms(), self.licence, lambda words: replaces)

    async def withdraw(self, *, sure: bool = True) -> int:
        return await acts.withdraw(self.visitor(), self.folder, self.folder.terms(), self.licence, lambda words: sure)

    async def release(self) -> int:
        return await acts.release(self.visitor(), self.folder, self.folder.terms(), self.licence, PASSPHRASE, 0)

    async def submissions(self) -> list[tuple[int, str]]:
        rows = await self.bw.rows(
            "SELECT s.rev, s.kind FROM bidding_submission s JOIN bidding_bid b ON b.id = s.bid_id"
            " JOIN bidding_interest i ON i.id = b.interest_id WHERE i.pseudonym = :p ORDER BY s.rev",
            p=self.folder.terms().bidder,
        )
        return [tuple(row) for row in rows]


@pytest.fixture
async def bw(world: Any) -> BiddingWorld:
    made = BiddingWorld(world)
    await made.open_for_bids()
    async with made.db.begin() as tx:
        lot = (await tx.session.execute(select(Lot).where(Lot.id == made.lot_id))).scalar_one()
        project = (await tx.session.execute(select(Project).where(Project.id == lot.project_id))).scalar_one()
        title = ["服务器采购招标公告"]
        await notices.post(tx, system_actor(), lot, project, NoticeKind.TENDER, title, {}, [], {})
    await made.world.settle()
    return made


async def desk_of(bw: BiddingWorld, n: int, place: Path) -> Desk:
    company = await bw.company(n)
    assert (await bw.sign_in(company)).status_code == 200  # the firm's own registration is complete
    place.mkdir(parents=True, exist_ok=True)
    return Desk(bw, company, place)


async def test_a_bid_is_made_offline_and_opens_to_what_was_sealed(
    bw: BiddingWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = await desk_of(bw, 1, tmp_path)
    others = [await bw.bidder(n) for n in (2, 3)]
    for other in others:
        await bw.submit(other)

    # Prepared: everything proved before anything is written.
    assert await desk.prepare() == 0
    leaflet = (desk.folder / "必读.txt").read_text(encoding="utf-8")
    for words in (
        "电子营业执照文件",
        "□ 报价超过最高投标限价 3200000.00 元（《中华人民共和国招标投标法实施条例》第五十一条）",
        "□ 合同关键页（同类业绩，60 分）",
        "五、步骤",
    ):
        assert words in leaflet
    assert "投标报价，40 分" not in leaflet
    evidence = verify_paths([desk.folder / "evidence"], desk.folder / "evidence/trust.json")
    assert evidence.ok, evidence.lines()

    # Sealed: no network, and only pure modules.
    desk.fill_in()
    sealed = desk.seal()
    assert sealed.returncode == 0, sealed.stderr
    assert "第 1 号投标文件已在本机密封" in sealed.stdout
    assert "MiB/秒" in sealed.stderr or "完成" in sealed.stderr
    assert "touched\n" in sealed.stdout
    loaded = set(sealed.stdout.rpartition("loaded ")[2].split())
    assert not loaded & {"sqlalchemy", "asyncpg", "litestar", "arq", "jinja2", "uvicorn", "alembic"}
    above = {name for name in loaded if name.startswith(("trading", "experts", "supervision"))}
    assert above <= {"trading", "trading.slots"}, "of what is above, only the pure words for the parts of a bid"
    raw = b"".join(file.read_bytes() for file in desk.folder.path.glob("1*.s*"))
    assert "张敏".encode() not in raw
    assert b"2986400" not in raw

    # Submitted: cut in the middle of the upload, then the answer to the signature is lost, then settled.
    desk.wire.cut_before = lambda line: "/chunks/" in line and desk.wire.count("PUT") >= 3
    with pytest.raises(httpx.ConnectError):
        await desk.submit()
    arrived = desk.wire.count("PUT")
    assert await desk.submissions() == []
    desk.wire.cut_before = lambda line: line.startswith("GET /api/v1/receipts")
    desk.wire.cut_after = lambda line: line == "POST /api/v1/submissions"
    with pytest.raises(Unsettled, match="尚不确定"):
        await desk.submit()
    chunks = sum(doc["chunks"] for doc in parse(desk.folder.read("1-sealed.json"))["docs"])
    assert desk.wire.count("PUT") <= chunks + 2  # what had arrived did not go out again
    assert arrived >= 3
    assert not desk.folder.has("1-receipt.json")
    assert "不能重新密封" in desk.seal().stderr
    desk.wire.cut_before = desk.wire.cut_after = lambda line: False
    assert await desk.submit() == 0
    assert desk.wire.count("POST /api/v1/submissions") == 1  # asked by digest, not done twice
    assert await desk.submissions() == [(1, "submission")]

    # The receipt holds without the platform.
    assert verify_paths([desk.folder / "1-receipt.json"], desk.folder / "evidence/trust.json").ok
    shown = desk.run("bid", "receipt", str(desk.folder.path))
    assert shown.returncode == 0, shown.stderr
    assert "投标文件递交成功：第 1 次" in shown.stdout
    verified = desk.run(
        "verify", str(desk.folder / "1-receipt.json"), "--trust", str(desk.folder / "evidence/trust.json")
    )
    assert verified.returncode == 0, verified.stdout

    # Opened: the own place in the close list is checked, the secrets are given, the form is the one that was sealed.
    with pytest.raises(BidRefused, match="还没有封存清单"):
        await desk.release()
    await bw.close()
    assert await desk.release() == 0
    assert await desk.release() == 0  # the same again is no fault
    for other in others:
        assert (await bw.release(other)).status_code == 200
    await bw.end_window()
    for trustee in bw.trustees[:3]:
        assert (await bw.share(trustee)).status_code == 200
    await bw.world.settle()
    table = await bw.opening()
    row = next(row for row in table["bids"] if row["bidder"] == desk.folder.terms().bidder)
    assert jcs(row["form"]) == desk.folder.read("1-form.json")
    assert (row["state"], row["price"], row["uscc"]) == ("opened", "2986400.00", desk.company.uscc)
    paper = (desk.folder / "投标文件.pdf").read_bytes()
    assert row["files"]["file"] == b64u_encode(hashlib.sha256(paper).digest())
    assert "Traceback" not in capsys.readouterr().out


async def test_a_bid_is_replaced_and_withdrawn_and_a_late_one_is_refused_with_a_signature(
    bw: BiddingWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = await desk_of(bw, 1, tmp_path)
    await desk.prepare()
    desk.fill_in(20_000)
    assert desk.seal().returncode == 0
    desk.wire.cut_after = lambda line: line == "POST /api/v1/submissions" and desk.wire.count(line) == 1
    assert await desk.submit(patience_s=5) == 0  # a patient program repeats, and the platform answers as the first time
    assert await desk.submissions() == [(1, "submission")]

    desk.fill_in(20_000, price="2900000")
    assert desk.seal().returncode == 0
    assert await desk.submit() == 0
    assert await desk.withdraw(sure=False) == 1
    assert await desk.withdraw() == 0
    with pytest.raises(BidRefused, match="没有可以撤回"):
        await desk.withdraw()
    assert await desk.submissions() == [(1, "submission"), (2, "submission"), (3, "withdrawal")]
    assert "撤回通知已受理：第 3 次" in capsys.readouterr().out

    # What was submitted elsewhere is replaced only if the person says so.
    assert desk.seal().returncode == 0
    twin = Desk(bw, desk.company, tmp_path / "twin") if (tmp_path / "twin").mkdir() is None else desk
    await twin.prepare()
    twin.fill_in(20_000)
    assert twin.seal().returncode == 0
    assert await twin.submit() == 1
    assert await twin.submit(replaces=True) == 0
    assert await desk.submit() == 1
    assert await desk.submissions() == [(1, "submission"), (2, "submission"), (3, "withdrawal"), (4, "submission")]

    await bw.world.clock_to(bw.deadline - timedelta(seconds=2))
    visitor = desk.visitor()
    real = visitor.post

    async def too_late(path: str, body: Any = None, **more: Any) -> Any:
        if path == "/api/v1/submissions":
            await bw.world.clock_to(bw.deadline)
        return await real(path, body, **more)

    visitor.post = too_late  # type: ignore[method-assign]  # the clock strikes while the signature is on its way
    with pytest.raises(BidRefused, match=r"投标已截止[\s\S]*拒收凭证[\s\S]*签名已核验"):
        await acts.submit(visitor, desk.folder, desk.folder.terms(), desk.licence, lambda words: True)
    assert desk.folder.has(f"{desk.folder.latest + 1}-rejection.jws")
    assert len(await desk.submissions()) == 4

    # Fewer than three: nothing is opened, and no secret is asked for.
    await bw.close()
    with pytest.raises(BidRefused, match="未能开标"):
        await twin.release()


async def test_nothing_is_written_where_something_does_not_hold(bw: BiddingWorld, tmp_path: Path) -> None:
    desk = await desk_of(bw, 1, tmp_path)
    honest = parse((await bw.world.client().get("/api/v1/trust")).content)

    with pytest.raises(NotWhatWasPromised, match="与您另行取得的不一致"):
        await desk.prepare(own_trust=jcs(honest | {"origin": "another.example/log"}))
    assert not desk.folder.path.exists()

    for path, change, words in (
        ("/keyset", lambda told: told["keyset"].update(k=2), "密钥集与它的指纹不一致"),
        ("/keyset", lambda told: told.update(proof=None), "还没有收录"),
        ("/keyset", lambda told: told["proof"].update(index=0), "收录证明不成立"),
        ("/keyset", lambda told: told["proof"].update(checkpoint=_unwitnessed(told)), "见证签名"),
        ("/proof", lambda told: told["detail"]["facts"].update(sha256="x"), "账本条目与内容不一致"),
        (f"/lots/{bw.lot_id}", lambda told: told.update(keyset=b64u_encode(bytes(32))), "指纹与密钥集不一致"),
        ("/challenge", lambda told: told.update(aud="https://elsewhere.example"), "拒绝签名"),
    ):
        visitor = desk.visitor()
        _lie(visitor, path, change)
        with pytest.raises(NotWhatWasPromised, match=words):
            await acts.prepare(
                visitor, SITE, str(bw.lot_id), desk.folder, desk.licence, own_trust=jcs(honest), passphrase="x"
            )
        assert not desk.folder.path.exists()
    assert await bw.rows("SELECT 1 FROM bidding_interest") == []


def _unwitnessed(told: dict[str, Any]) -> str:
    text, _, signatures = told["proof"]["checkpoint"].partition("\n\n")
    return f"{text}\n\n{signatures.splitlines()[0]}\n"


def _lie(visitor: Visitor, end: str, change: Callable[[Any], Any]) -> None:
    """A platform that says something else at one address."""
    real = visitor.get

    async def get(path: str, **query: Any) -> Any:
        told = await real(path, **query)
        if path.endswith(end):
            change(told)
        return told

    visitor.get = get  # type: ignore[method-assign]


async def test_sealing_keeps_memory_flat_and_faults_are_sentences(
    bw: BiddingWorld, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = await desk_of(bw, 1, tmp_path)
    await desk.prepare()
    desk.fill_in()
    with (desk.folder / "投标文件.pdf").open("r+b") as paper:
        paper.seek(200 << 20)
        paper.write(b"%%EOF\n")
    sealed = desk.seal()
    assert sealed.returncode == 0, sealed.stderr
    assert (desk.folder / "1-file.sbe").stat().st_size > 200 << 20
    assert int(sealed.stdout.rpartition("peak ")[2].split()[0]) < 130 << 10  # KiB, Python and its libraries included

    wallet = tmp_path / "wallet"
    wallet.mkdir()
    (wallet / "own.lic").write_bytes(write_licence_file(desk.licence, PASSPHRASE))
    options = ["--wallet", str(wallet), "--licence-passphrase-file", str(desk.passphrase_file)]
    (tmp_path / "wrong.txt").write_text("不是这个口令")
    for words, code, told in (
        (["prepare", "nowhere"], 2, "请给出标段网址"),
        (["seal", str(tmp_path)], 1, "bid prepare"),
        (["seal", str(desk.folder.path), "--passphrase-file", str(tmp_path / "wrong.txt")], 1, "口令不正确"),
        (["submit", str(desk.folder.path), *options, "--patience", "0"], 3, "无法连接平台"),
        (["submit", str(desk.folder.path), "--wallet", str(tmp_path / "none")], 2, "没有执照"),
        (["receipt", str(desk.folder.path)], 1, "没有回执"),
        (["receipt", str(desk.folder / "form.json")], 1, "不是回执文件"),
    ):
        assert await asyncio.to_thread(main, ["bid", *words]) == code
        assert told in capsys.readouterr().err
