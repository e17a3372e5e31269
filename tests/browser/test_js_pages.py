"""The pages that sign and seal, used in a real browser as a person uses them, against real cryptography."""

import hashlib
import io
import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bidding import envelope, sbk
from bidding.keyfile import read_person_file
from bidding.keyset import Trustee, keyset_hash, make_keyset
from bidding.messages import check_message
from kernel.canonical import b64u_decode, b64u_encode, jcs, parse
from kernel.crypto.keys import KeyKind, generate
from tests.browser.modules import ARGS, CHROMIUM, ROOT
from tests.browser.platform import BIDDER, LOT, PASSPHRASE, Platform, running
from tests.worlds.draw_world import PANEL, world_of
from tests.worlds.envelope_world import Sealed, with_head
from tests.worlds.log_world import LogWorld, accepted

pytestmark = pytest.mark.browser

CANARY = "绝密报价依据七四一"
PDF = b"%PDF-1.7\n" + CANARY.encode() + b"\n" + bytes(2_500_000) + b"\n%%EOF\n"
SUBMIT = f"/b/lots/{LOT}/submit"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("issuer")


@pytest.fixture
def platform(folder: Path) -> Platform:
    return Platform(folder)


@pytest.fixture
def page(browser: Browser, platform: Platform, tmp_path: Path) -> Iterator[Page]:
    faults: list[str] = []
    (tmp_path / "licence.lic").write_bytes(platform.licence)
    (tmp_path / "bid.pdf").write_bytes(PDF)
    (tmp_path / "mine.key").write_bytes(platform.files[1])
    (tmp_path / "other.key").write_bytes(platform.files[0])
    with running(platform) as origin:
        context = browser.new_context(base_url=origin, locale="zh-CN", timezone_id="America/New_York")
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda m: faults.append(m.text) if "Content Security" in m.text else None)
        yield page
        context.close()
    assert not faults, faults


def fill(page: Page, tmp: Path, price: str = "2,986,400", file: str = "bid.pdf") -> None:
    page.goto(SUBMIT)
    page.fill("#f-price", price)
    page.fill("#f-period", "30")
    page.fill("#f-manager", CANARY)
    page.set_input_files("#files", tmp / file)
    page.set_input_files("#licfile", tmp / "licence.lic")
    page.fill("#licpass", PASSPHRASE)


def keep_opening_file(page: Page, tmp: Path) -> Path:
    with page.expect_download() as download:
        page.click("#savekey")
    path = tmp / download.value.suggested_filename
    download.value.save_as(path)
    page.set_input_files("#sbkagain", path)
    expect(page.locator("#savedkey")).to_contain_text("已核验", timeout=20_000)
    return path


def submit(page: Page, tmp: Path) -> Path:
    fill(page, tmp)
    page.click("#start")
    expect(page.locator("#review")).to_be_visible(timeout=60_000)
    path = keep_opening_file(page, tmp)
    page.check("#agree")
    page.click("#confirm")
    expect(page.locator("#received")).to_be_visible(timeout=20_000)
    return path


def test_a_bid_is_sealed_submitted_and_can_be_opened(page: Page, platform: Platform, tmp_path: Path) -> None:
    path = submit(page, tmp_path)

    expect(page.locator("#received")).to_contain_text("本机已核验平台签名与账本证明")
    assert CANARY.encode() not in platform.all_bytes()
    assert b"2986400" not in platform.all_bytes()
    opened = sbk.read_sbk(path.read_bytes(), PASSPHRASE)
    assert opened.bidder == BIDDER
    for slot in opened.slots:
        raw, out = platform.stored(slot.slot), io.BytesIO()
        assert envelope.open_envelope(io.BytesIO(raw), slot.file_key, out) == slot.eid
        header = envelope.parse_header(io.BytesIO(raw))
        secret = envelope.open_bidder(header, 0, opened.key)
        assert envelope.open_bidder(header, 1, platform.licence_keys[1]) == secret
        shares = [(i, envelope.open_share(header, i, platform.people[i - 1].unwrap_key)) for i in (1, 3)]
        assert envelope.recover_file_key(header, secret, shares) == slot.file_key
        if slot.slot == "file":
            assert out.getvalue() == PDF
        else:
            form = parse(out.getvalue())
            assert (form["type"], form["price"], form["period"]) == ("bid.form", "2986400.00", 30)
            assert (form["manager"], form["bidder_name"]) == (CANARY, "示例公司")
    assert len(platform.accepted) == 1


def test_nothing_is_signed_without_backup_and_consent(page: Page, platform: Platform, tmp_path: Path) -> None:
    platform.foreseen = [{"code": "certificate", "message": "执照证书早于开标到期。"}]
    fill(page, tmp_path)
    page.click("#start")
    expect(page.locator("#review")).to_be_visible(timeout=60_000)
    expect(page.locator("#phase")).to_contain_text("现在还没有递交")
    page.check("#agree")
    page.click("#confirm")
    expect(page.locator("#confirmwhy")).to_contain_text("解密备份")
    with page.expect_download():
        page.click("#savekey")
    (tmp_path / "wrong.sbk").write_bytes(b"{}")
    page.set_input_files("#sbkagain", tmp_path / "wrong.sbk")
    expect(page.locator("#savedkey")).to_contain_text("这不是解密备份文件")
    keep_opening_file(page, tmp_path)
    page.uncheck("#agree")
    page.click("#confirm")
    expect(page.locator("#confirmwhy")).to_contain_text("勾选")
    page.check("#agree")
    expect(page.locator("#foreseen")).to_contain_text("执照证书早于开标到期")
    page.click("#confirm")
    expect(page.locator("#confirmwhy")).to_contain_text("开标当日")
    assert platform.accepted == {}
    page.check("#known")
    page.click("#confirm")
    expect(page.locator("#received")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize(
    ("price", "file", "word"),
    [
        ("3200000.01", "bid.pdf", "最高投标限价"),
        ("0", "bid.pdf", "大于零"),
        ("12.345", "bid.pdf", "两位小数"),
        ("", "bid.pdf", "填写投标报价"),
        ("100", "empty.pdf", "空文件"),
        ("100", "fake.pdf", "扩展名不符"),
        ("100", "locked.pdf", "打开口令"),
        ("100", "bid.exe", "PDF、XLSX、DOCX 或 ZIP"),
    ],
)
def test_faults_are_found_on_this_machine(
    page: Page, platform: Platform, tmp_path: Path, price: str, file: str, word: str
) -> None:
    (tmp_path / "empty.pdf").write_bytes(b"")
    (tmp_path / "fake.pdf").write_bytes(b"PK\x03\x04 something")
    (tmp_path / "locked.pdf").write_bytes(b"%PDF-1.7\n...\ntrailer << /Encrypt 5 0 R >>\n%%EOF")
    (tmp_path / "bid.exe").write_bytes(b"MZ")
    fill(page, tmp_path, price, file)
    page.click("#start")
    expect(page.locator("#fail")).to_be_visible()
    expect(page.locator("body")).to_contain_text(word)
    assert platform.uploads == {}


def test_a_wrong_passphrase_stops_before_anything_is_sent(page: Page, platform: Platform, tmp_path: Path) -> None:
    fill(page, tmp_path)
    page.fill("#licpass", "wrong")
    page.click("#start")
    expect(page.locator("#fail")).to_contain_text("口令", timeout=20_000)
    assert platform.uploads == {}


def test_another_keyset_than_the_published_one_is_not_sealed_to(page: Page, platform: Platform, tmp_path: Path) -> None:
    fill(page, tmp_path)
    platform.keyset = {**platform.keyset, "k": 3}
    page.click("#start")
    expect(page.locator("#fail")).to_contain_text("密钥集", timeout=20_000)
    assert platform.uploads == {}


def forged_keyset(platform: Platform) -> None:
    """Page, digest and answer agree on trustees of the platform's choice; only the log does not know them."""
    own = [Trustee(f"role{n}", "hpke-p256", generate(KeyKind.P256).public, f"org{n}") for n in range(3)]
    platform.keyset = make_keyset(
        tender=platform.keyset["tender"], lot=platform.keyset["lot"], suite_id="intl-1", policy="both", k=2,
        opens_at=platform.deadline, window_s=1800, trustees=own,
    )  # fmt: skip
    platform.ks = b64u_encode(keyset_hash(platform.keyset))


def other_type(platform: Platform) -> None:
    platform.keyset_proof = platform._proof(platform.log.record("note.published", platform.keyset))


def without_witness(platform: Platform) -> None:
    size = platform.keyset_proof["size"]
    platform.keyset_proof = {**platform.keyset_proof, "checkpoint": platform.log.checkpoint(size, 0)}


def other_place(platform: Platform) -> None:
    platform.keyset_proof = {**platform.keyset_proof, "index": platform.keyset_proof["index"] - 1}


def foreign_log(platform: Platform) -> None:
    other = LogWorld("log.example/other")
    other.fill(3)
    index = other.record("keyset.published", platform.keyset)
    own, platform.log = platform.log, other
    platform.keyset_proof = platform._proof(index)
    platform.log = own


def not_yet(platform: Platform) -> None:
    platform.keyset_proof = None


@pytest.mark.parametrize(
    "tamper,word",
    [
        (forged_keyset, "不在公开账本中"),
        (other_type, "不在公开账本中"),
        (without_witness, "不在公开账本中"),
        (other_place, "不在公开账本中"),
        (foreign_log, "不在公开账本中"),
        (not_yet, "还没有收录"),
    ],
)
def test_nothing_is_sealed_to_trustees_that_the_log_does_not_know(
    page: Page, platform: Platform, tmp_path: Path, tamper: Callable[[Platform], None], word: str
) -> None:
    tamper(platform)
    fill(page, tmp_path)
    page.click("#start")
    expect(page.locator("#fail")).to_contain_text(word, timeout=20_000)
    assert platform.uploads == {}
    assert platform.received == []


def test_a_cut_connection_is_retried(page: Page, platform: Platform, tmp_path: Path) -> None:
    platform.faults = 2
    submit(page, tmp_path)
    assert platform.faults == 0


def test_a_long_outage_pauses_and_goes_on(page: Page, platform: Platform, tmp_path: Path) -> None:
    fill(page, tmp_path)
    platform.faults = 10_000
    page.click("#start")
    expect(page.locator("#pause")).to_contain_text("继续上传", timeout=60_000)
    platform.faults = 0
    page.click("#pause")
    expect(page.locator("#review")).to_be_visible(timeout=60_000)
    assert len(platform.uploads) == 2
    assert all(upload["puts"] == upload["n"] for upload in platform.uploads.values())


def test_altered_ciphertext_stops_the_upload(page: Page, platform: Platform, tmp_path: Path) -> None:
    fill(page, tmp_path)
    platform.lies = True
    page.click("#start")
    expect(page.locator("#fail")).to_contain_text("与本机的不一致", timeout=20_000)
    expect(page.locator("#review")).to_be_hidden()


def test_a_refusal_is_told_with_its_evidence(page: Page, platform: Platform, tmp_path: Path) -> None:
    platform.reject = True
    fill(page, tmp_path)
    page.click("#start")
    expect(page.locator("#review")).to_be_visible(timeout=60_000)
    keep_opening_file(page, tmp_path)
    page.check("#agree")
    page.click("#confirm")
    expect(page.locator("#fail")).to_contain_text("投标已截止", timeout=20_000)
    with page.expect_download() as download:
        page.click("text=保存平台签名的拒收凭证")
    assert download.value.suggested_filename == "rejection.jws"


def test_an_answer_that_got_lost_is_asked_for(page: Page, platform: Platform, tmp_path: Path) -> None:
    platform.silent = True
    submit(page, tmp_path)
    assert len(platform.accepted) == 1


def test_login_signs_the_challenge(page: Page, platform: Platform, tmp_path: Path) -> None:
    page.goto("/bidding/login")
    page.click("#login")
    expect(page.locator("#loginsay-err")).to_contain_text("选择电子营业执照")
    page.set_input_files("#licfile", tmp_path / "licence.lic")
    page.fill("#licpass", PASSPHRASE)
    page.click("#login")
    page.wait_for_url("**/blank", timeout=20_000)
    assert [kind for kind, _ in platform.received] == ["login"]


def wallet_of(page: Page, tmp: Path, address: str) -> Page:
    """A phone that scans: its own page, a phone's width, the licence imported."""
    phone = page.context.new_page()
    phone.set_viewport_size({"width": 390, "height": 844})
    phone.goto(address)
    phone.set_input_files("#impfile", tmp / "licence.lic")
    phone.fill("#imppass", PASSPHRASE)
    phone.click("#imp")
    expect(phone.locator("#list")).to_contain_text("示例公司", timeout=20_000)
    return phone


def picture(page: Page, name: str, width: int, height: int) -> None:
    """With SUNLIT_PICTURES=1 the picture goes to docs/pictures."""
    if os.environ.get("SUNLIT_PICTURES"):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=ROOT / "docs" / "pictures" / f"{name}.png")


def test_a_code_is_scanned_confirmed_and_collected(page: Page, platform: Platform, tmp_path: Path) -> None:
    page.goto("/bidding/login")
    expect(page.locator("#scannumber")).to_have_text("47")
    expect(page.locator("#scanleft")).to_contain_text("剩余")
    picture(page, "sign-in", 1440, 900)
    picture(page, "sign-in-narrow", 390, 844)

    phone = wallet_of(page, tmp_path, page.locator("#scanhere").get_attribute("href") or "")

    expect(phone.locator("#asknumber")).to_have_text("47")
    expect(phone.locator("#asksite")).to_have_text("阳光交易")
    expect(page.locator("#scanveilword")).to_contain_text("请在手机上确认", timeout=10_000)
    picture(phone, "wallet", 390, 844)
    phone.fill("#askpass", "wrong")
    phone.click("#askyes")
    expect(phone.locator("#asksay-err")).to_contain_text("口令", timeout=20_000)
    phone.fill("#askpass", PASSPHRASE)
    phone.click("#askyes")
    expect(phone.locator("#doneword")).to_have_text("已确认登录", timeout=20_000)
    page.wait_for_url("**/blank", timeout=20_000)
    assert [kind for kind, _ in platform.received] == ["scan"]


def test_the_holder_says_no(page: Page, platform: Platform, tmp_path: Path) -> None:
    page.goto("/bidding/login")
    expect(page.locator("#scannumber")).to_have_text("47")
    phone = wallet_of(page, tmp_path, "/wallet?c=scan-one-of-a-kind")

    phone.click("#askno")

    expect(phone.locator("#doneword")).to_have_text("已拒绝")
    expect(page.locator("#scanveilword")).to_contain_text("取消", timeout=10_000)
    expect(page.locator("#scannew")).to_be_visible()
    assert platform.received == []


def test_a_wallet_refuses_codes_of_other_sites(page: Page, platform: Platform, tmp_path: Path) -> None:
    phone = wallet_of(page, tmp_path, "/wallet")

    phone.fill("#paste", "https://attacker.example/wallet?c=scan-one-of-a-kind")
    phone.press("#paste", "Enter")

    expect(phone.locator("#donetext")).to_contain_text("不是本平台")
    assert platform.scan == {}


def test_a_bid_is_withdrawn(page: Page, platform: Platform, tmp_path: Path) -> None:
    submit(page, tmp_path)
    page.goto(f"/b/lots/{LOT}/withdraw")
    page.set_input_files("#licfile", tmp_path / "licence.lic")
    page.fill("#licpass", PASSPHRASE)
    page.click("#withdraw")
    expect(page.locator("#withdrawsay-err")).to_contain_text("勾选")
    page.check("#agree")
    page.click("#withdraw")
    expect(page.locator("#withdrawcard")).to_contain_text("已撤回", timeout=20_000)
    assert [found["message"]["type"] for found in platform.accepted.values()] == ["bid.submission", "bid.withdrawal"]


def release(page: Page, tmp: Path, with_backup: Path | None = None) -> None:
    page.goto(f"/b/lots/{LOT}/release")
    page.set_input_files("#licfile", tmp / "licence.lic")
    page.fill("#licpass", PASSPHRASE)
    if with_backup:
        page.set_input_files("#sbk", with_backup)
    page.click("#release")


def test_release_after_the_checks(page: Page, platform: Platform, tmp_path: Path) -> None:
    path = submit(page, tmp_path)
    platform.close()
    for backup in (None, path):
        release(page, tmp_path, backup)
        expect(page.locator("#releasesay")).to_contain_text("已释放", timeout=20_000)
    (kind, message), again = platform.received
    assert (kind, message) == ("release", again[1])
    assert message["submission"] == platform.closed["digest"]
    opened = sbk.read_sbk(path.read_bytes(), PASSPHRASE)
    for item in message["secrets"]:
        header = envelope.parse_header(io.BytesIO(platform.stored(item["slot"])))
        assert b64u_decode(item["secret"]) == envelope.open_bidder(header, 0, opened.key)


def spoil(platform: Platform, fault: str) -> None:
    """The platform errs or lies after the deadline."""
    if fault == "early":  # the close list was logged, and seen by the witness, before the deadline
        platform.deadline, late = platform.log.now, platform.deadline
        platform.close()
        platform.deadline = late
        return
    platform.close()
    if fault == "list":
        for row in platform.closed["rows"]:
            row["submission"] = "B" * 42 + "A" if row["bidder"] == BIDDER else row["submission"]
    elif fault == "root":
        platform.closed["root"] = "A" * 43
    elif fault == "entry":
        platform.closed["close"]["detail"]["closed_at"] = "2026-08-06T06:00:01.000Z"
    elif fault == "swap":
        form, file = platform.upload_of("form"), platform.upload_of("file")
        header = envelope.parse_header(io.BytesIO(form["head"]))
        header["bk"] = envelope.parse_header(io.BytesIO(file["head"]))["bk"]
        form["head"] = with_head(header, b"")


def test_nothing_is_released_when_something_is_wrong(page: Page, platform: Platform, tmp_path: Path) -> None:
    submit(page, tmp_path)
    faults = {"early": "见证", "list": "清单", "root": "清单", "entry": "账本条目", "swap": "打不开"}
    for fault, word in faults.items():
        spoil(platform, fault)
        release(page, tmp_path)
        expect(page.locator("#releasesay-err")).to_contain_text(word, timeout=20_000)
        assert platform.received == [], fault


def test_a_trustee_makes_keys(page: Page, platform: Platform, tmp_path: Path) -> None:
    page.goto("/w")
    page.fill("#newpass", "short")
    page.click("#makekey")
    expect(page.locator("#makesay-err")).to_contain_text("12")
    page.fill("#newpass", "a long passphrase")
    page.fill("#newpass2", "a long passphrase")
    with page.expect_download(timeout=30_000) as download:
        page.click("#makekey")
    path = tmp_path / "made.key"
    download.value.save_as(path)
    expect(page.locator("#makesay")).to_contain_text("已登记", timeout=20_000)
    keys = read_person_file(path.read_bytes(), "a long passphrase")
    assert dict(platform.received) == {"sign": keys.sign_key.public, "unwrap": keys.unwrap_key.public}


def open_keys(page: Page, path: Path) -> None:
    page.set_input_files("#keyfile", path)
    page.fill("#keypass", PASSPHRASE)


def test_a_trustee_passes_the_drill(page: Page, platform: Platform, tmp_path: Path) -> None:
    page.goto("/w/drill")
    open_keys(page, tmp_path / "other.key")
    page.click("[data-act=drill]")
    expect(page.locator(f"#say-{LOT}-err")).to_contain_text("登记一致", timeout=20_000)
    open_keys(page, tmp_path / "mine.key")
    page.click("[data-act=drill]")
    expect(page.locator(f"#say-{LOT}")).to_contain_text("演练通过", timeout=20_000)
    ((kind, message),) = platform.received
    assert (kind, message["i"], b64u_decode(message["proof"])) == ("accept", 2, platform.drill_proof)


def test_a_trustee_posts_all_shares(page: Page, platform: Platform, tmp_path: Path) -> None:
    submit(page, tmp_path)
    platform.close_alone()
    page.goto("/w/ready")
    open_keys(page, tmp_path / "mine.key")
    page.click("[data-act=release]")
    expect(page.locator(f"#say-{LOT}")).to_contain_text("已释放 2 份", timeout=20_000)
    kind, message = platform.received[-1]
    assert kind == "shares"
    check_message(message, "bid.share")
    for item in message["shares"]:
        slot = next(
            d["slot"] for d in next(iter(platform.accepted.values()))["message"]["docs"] if d["eid"] == item["eid"]
        )
        header = envelope.parse_header(io.BytesIO(platform.stored(slot)))
        assert b64u_decode(item["share"]) == envelope.open_share(header, 2, platform.people[1].unwrap_key)


def test_no_share_for_a_bid_outside_the_list(page: Page, platform: Platform, tmp_path: Path) -> None:
    submit(page, tmp_path)
    platform.close()  # two bids stand in the list whose submissions the platform does not show
    page.goto("/w/ready")
    open_keys(page, tmp_path / "mine.key")
    page.click("[data-act=release]")
    expect(page.locator(f"#say-{LOT}-err")).to_contain_text("清单", timeout=20_000)
    assert platform.received == []


def test_a_draw_is_recomputed_by_its_reader(page: Page, platform: Platform) -> None:
    world, pool, transcript = world_of("panel/1", PANEL)
    platform.log = world.log
    platform.told["draw"] = {"transcript": transcript, "pool": pool}
    page.goto("/verify/draws/1")
    page.click("#verify")
    expect(page.locator("#vres")).to_contain_text("全部一致", timeout=20_000)
    expect(page.locator("#vtext")).to_contain_text("次 SHA-256")
    for step in ("pool", "seed", "outcome"):
        expect(page.locator(f'[data-v="{step}"]')).to_have_class(re.compile(r"\bv\b"))
    transcript["output"]["groups"][0].reverse()
    page.click("#verify")
    expect(page.locator("#vres")).to_contain_text("不一致", timeout=20_000)
    expect(page.locator("#vtext")).to_contain_text("重新计算")


def test_a_receipt_is_checked_by_its_reader(page: Page, platform: Platform, tmp_path: Path) -> None:
    detail = accepted()
    index = platform.log.record(detail["type"], detail)
    bundle = platform.log.receipt(index)
    platform.told["receipt"] = bundle
    page.goto("/verify/receipts/1")
    page.click("#verify")
    expect(page.locator("#vres")).to_contain_text("全部一致", timeout=20_000)
    (tmp_path / "receipt.json").write_text(json.dumps(bundle, indent=1))
    (tmp_path / "forged.json").write_text(json.dumps({**bundle, "index": index - 1}))
    (tmp_path / "none.json").write_text("{")
    page.goto("/verify")
    for name, word in (("receipt", "全部一致"), ("forged", "包含证明不成立"), ("none", "不是 JSON")):
        page.set_input_files("#receiptfile", tmp_path / f"{name}.json")
        expect(page.locator("#receiptout")).to_contain_text(word, timeout=20_000)
    page.set_input_files("#hashfile", tmp_path / "none.json")
    expect(page.locator("#hashout")).to_contain_text(hashlib.sha256(b"{").hexdigest())


def test_prices_are_read_out_of_the_sealed_forms(page: Page, platform: Platform) -> None:
    sealed = Sealed("both", jcs({"type": "bid.form", "price": "2986400.00"}), bidder="p-1")
    item = {
        "bidder": "p-1", "name": "示例公司", "envelope": "/api/v1/told/raw", "fk": b64u_encode(sealed.fk),
        "price": "2986400.00",
    }  # fmt: skip
    platform.told |= {"raw": sealed.raw, "forms": [item]}
    page.goto("/verify")
    page.click("#verifyforms")
    expect(page.locator("#formsout")).to_contain_text("1 / 1 份一致", timeout=20_000)
    expect(page.locator("#formsout")).to_contain_text("2986400.00")
    for change in ({"price": "2986300.00"}, {"fk": b64u_encode(bytes(32))}, {"bidder": "p-2"}):
        platform.told["forms"] = [item, {**item, **change}]
        page.click("#verifyforms")
        expect(page.locator("#formsout")).to_contain_text("1 / 2 份一致", timeout=20_000)


IMPORT = re.compile(r"^import\s+(?:[^;]*?from\s+)?'\./([a-z]+)\.js';", re.MULTILINE | re.DOTALL)


def closure(*entries: str) -> set[str]:
    """Modules that a page loads with these."""
    found, open_ = set(), list(entries)
    while open_:
        name = open_.pop()
        if name in found:
            continue
        found.add(name)
        open_ += IMPORT.findall((ROOT / "portal" / "static" / "js" / f"{name}.js").read_text())
    return found


def test_the_sealing_page_loads_what_the_specification_says() -> None:
    text = (ROOT / "docs" / "spec" / "browser.md").read_text()
    paragraph = re.search(r"The sealing page loads(.*?)It does not\s+load", text, re.DOTALL)
    assert paragraph
    listed = set(re.findall(r"`([a-z]+)(?:\.js)?`", paragraph.group(1)))
    assert closure("app", "seal") == listed
    assert not {"live", "verify", "drawcheck"} & listed


def test_no_module_builds_markup_or_code_from_text() -> None:
    for path in (ROOT / "portal" / "static" / "js").glob("*.js"):
        text = path.read_text()
        assert text.startswith("// @ts-check\n"), path.name
        assert not re.search(
            r"\beval\(|new Function|insertAdjacentHTML|document\.write|localStorage|sessionStorage|Math\.random", text
        ), path.name
        if path.name != "live.js":
            assert "innerHTML" not in text, path.name
        if path.name != "api.js":
            assert "fetch(" not in text or path.name == "live.js", path.name
        assert "http://" not in text.replace("http://www.w3.org/2000/svg", ""), path.name
        assert "https://" not in text, path.name
